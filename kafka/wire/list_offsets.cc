#include "kafka/wire/list_offsets.h"

namespace replicator::kafka {
namespace {

constexpr int16_t kVersionLeaderEpoch = 4;

// The least bytes that one element takes in any version that we speak.
constexpr size_t kTopicBytesMin = 2 + 4;
constexpr size_t kPartitionBytesMin = 4 + 2 + 8 + 8;

}  // namespace

void ListOffsetsRequest::Write(Writer& writer, int16_t version) const {
  writer.WriteInt32(replica_id);
  writer.WriteInt8(static_cast<int8_t>(isolation_level));
  writer.WriteArrayLength(topics.size());
  for (const Topic& topic : topics) {
    writer.WriteString(topic.name);
    writer.WriteArrayLength(topic.partitions.size());
    for (const Partition& partition : topic.partitions) {
      writer.WriteInt32(partition.partition);
      if (version >= kVersionLeaderEpoch) writer.WriteInt32(partition.current_leader_epoch);
      writer.WriteInt64(partition.timestamp);
    }
  }
}

absl::StatusOr<ListOffsetsResponse> ListOffsetsResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = ListOffsetsRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  ListOffsetsResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  const size_t topic_count = reader.ReadArrayLength(kTopicBytesMin);
  response.topics.reserve(topic_count);
  for (size_t t = 0; t < topic_count && reader.ok(); ++t) {
    Topic& topic = response.topics.emplace_back();
    topic.name = std::string(reader.ReadString());
    topic.partitions.resize(reader.ReadArrayLength(kPartitionBytesMin));
    for (Partition& partition : topic.partitions) {
      partition.partition = reader.ReadInt32();
      partition.error_code = reader.ReadInt16();
      partition.timestamp = reader.ReadInt64();
      partition.offset = reader.ReadInt64();
      if (version >= kVersionLeaderEpoch) partition.leader_epoch = reader.ReadInt32();
    }
  }
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
