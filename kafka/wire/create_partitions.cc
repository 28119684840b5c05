#include "kafka/wire/create_partitions.h"

namespace replicator::kafka {

void CreatePartitionsRequest::Write(Writer& writer, int16_t) const {
  writer.WriteArrayLength(topics.size());
  for (const Topic& topic : topics) {
    writer.WriteString(topic.name);
    writer.WriteInt32(topic.partition_count);
    writer.WriteNullArray();  // assignments
  }
  writer.WriteInt32(timeout_ms);
  writer.WriteBool(validate_only);
}

absl::StatusOr<CreatePartitionsResponse> CreatePartitionsResponse::Read(std::string_view body, int16_t version) {
  constexpr size_t kTopicBytesMin = 2 + 2 + 2;
  const ApiSpec& api = CreatePartitionsRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  CreatePartitionsResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  response.topics.resize(reader.ReadArrayLength(kTopicBytesMin));
  for (Topic& topic : response.topics) {
    topic.name = std::string(reader.ReadString());
    topic.error_code = reader.ReadInt16();
    topic.error_message = OwnedString(reader.ReadNullableString());
  }
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
