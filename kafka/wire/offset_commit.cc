#include "kafka/wire/offset_commit.h"

namespace replicator::kafka {
namespace {

constexpr int16_t kVersionNoRetention = 5;
constexpr int16_t kVersionLeaderEpoch = 6;

// The least bytes that one element takes in any version that we speak.
constexpr size_t kTopicBytesMin = 2 + 4;
constexpr size_t kPartitionBytesMin = 4 + 2;

}  // namespace

void OffsetCommitRequest::Write(Writer& writer, int16_t version) const {
  constexpr int64_t kBrokersRetention = -1;
  constexpr int32_t kNoLeaderEpoch = -1;
  writer.WriteString(group_id);
  writer.WriteInt32(generation_id);
  writer.WriteString(member_id);
  if (version < kVersionNoRetention) writer.WriteInt64(kBrokersRetention);
  writer.WriteArrayLength(topics.size());
  for (const Topic& topic : topics) {
    writer.WriteString(topic.name);
    writer.WriteArrayLength(topic.partitions.size());
    for (const Partition& partition : topic.partitions) {
      writer.WriteInt32(partition.partition);
      writer.WriteInt64(partition.offset);
      if (version >= kVersionLeaderEpoch) writer.WriteInt32(kNoLeaderEpoch);
      writer.WriteNullableString(partition.metadata);
    }
  }
}

absl::StatusOr<OffsetCommitResponse> OffsetCommitResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = OffsetCommitRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  OffsetCommitResponse response;
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
    }
  }
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
