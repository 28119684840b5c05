#include "kafka/wire/create_topics.h"

namespace replicator::kafka {

void CreateTopicsRequest::Write(Writer& writer, int16_t) const {
  writer.WriteArrayLength(topics.size());
  for (const Topic& topic : topics) {
    writer.WriteString(topic.name);
    writer.WriteInt32(topic.partition_count);
    writer.WriteInt16(topic.replication_factor);
    writer.WriteArrayLength(topic.assignments.size());
    for (const Assignment& assignment : topic.assignments) {
      writer.WriteInt32(assignment.partition);
      writer.WriteArrayLength(assignment.broker_ids.size());
      for (int32_t broker_id : assignment.broker_ids) writer.WriteInt32(broker_id);
    }
    writer.WriteArrayLength(topic.configs.size());
    for (const Config& config : topic.configs) {
      writer.WriteString(config.name);
      writer.WriteNullableString(config.value);
    }
  }
  writer.WriteInt32(timeout_ms);
  writer.WriteBool(validate_only);
}

absl::StatusOr<CreateTopicsResponse> CreateTopicsResponse::Read(std::string_view body, int16_t version) {
  constexpr size_t kTopicBytesMin = 2 + 2 + 2;
  const ApiSpec& api = CreateTopicsRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  CreateTopicsResponse response;
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
