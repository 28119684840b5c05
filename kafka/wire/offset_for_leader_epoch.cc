#include "kafka/wire/offset_for_leader_epoch.h"

namespace replicator::kafka {
namespace {

constexpr size_t kTopicBytesMin = 2 + 4;
constexpr size_t kPartitionBytes = 2 + 4 + 4 + 8;

}  // namespace

void OffsetForLeaderEpochRequest::Write(Writer& writer, int16_t) const {
  writer.WriteArrayLength(topics.size());
  for (const Topic& topic : topics) {
    writer.WriteString(topic.name);
    writer.WriteArrayLength(topic.partitions.size());
    for (const Partition& partition : topic.partitions) {
      writer.WriteInt32(partition.partition);
      writer.WriteInt32(partition.current_leader_epoch);
      writer.WriteInt32(partition.leader_epoch);
    }
  }
}

absl::StatusOr<OffsetForLeaderEpochResponse> OffsetForLeaderEpochResponse::Read(std::string_view body,
                                                                                int16_t version) {
  const ApiSpec& api = OffsetForLeaderEpochRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  OffsetForLeaderEpochResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  const size_t topic_count = reader.ReadArrayLength(kTopicBytesMin);
  response.topics.reserve(topic_count);
  for (size_t t = 0; t < topic_count && reader.ok(); ++t) {
    Topic& topic = response.topics.emplace_back();
    topic.name = std::string(reader.ReadString());
    topic.partitions.resize(reader.ReadArrayLength(kPartitionBytes));
    for (Partition& partition : topic.partitions) {
      partition.error_code = reader.ReadInt16();
      partition.partition = reader.ReadInt32();
      partition.leader_epoch = reader.ReadInt32();
      partition.end_offset = reader.ReadInt64();
    }
  }
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
