#include "kafka/wire/offset_fetch.h"

#include <glog/logging.h>

namespace replicator::kafka {
namespace {

constexpr int16_t kVersionLeaderEpoch = 5;

// The least bytes that one element takes in any version that we speak.
constexpr size_t kGroupBytesMin = 1 + 1 + 2 + 1;
constexpr size_t kTopicBytesMin = 1 + 1;
constexpr size_t kPartitionBytesMin = 4 + 8 + 1 + 2;

OffsetFetchResponse::Partition ReadPartition(Reader& reader, int16_t version) {
  OffsetFetchResponse::Partition partition;
  partition.partition = reader.ReadInt32();
  partition.offset = reader.ReadInt64();
  if (version >= kVersionLeaderEpoch) partition.leader_epoch = reader.ReadInt32();
  partition.metadata = OwnedString(reader.ReadNullableString());
  partition.error_code = reader.ReadInt16();
  reader.SkipTaggedFields();
  return partition;
}

std::vector<OffsetFetchResponse::Topic> ReadTopics(Reader& reader, int16_t version) {
  std::vector<OffsetFetchResponse::Topic> topics;
  const size_t topic_count = reader.ReadArrayLength(kTopicBytesMin);
  topics.reserve(topic_count);
  for (size_t t = 0; t < topic_count && reader.ok(); ++t) {
    OffsetFetchResponse::Topic& topic = topics.emplace_back();
    topic.name = std::string(reader.ReadString());
    const size_t partition_count = reader.ReadArrayLength(kPartitionBytesMin);
    topic.partitions.reserve(partition_count);
    for (size_t p = 0; p < partition_count && reader.ok(); ++p) {
      topic.partitions.push_back(ReadPartition(reader, version));
    }
    reader.SkipTaggedFields();
  }
  return topics;
}

}  // namespace

void OffsetFetchRequest::Write(Writer& writer, int16_t version) const {
  if (version >= kOffsetFetchMany) {
    writer.WriteArrayLength(group_ids.size());
    for (const std::string& group_id : group_ids) {
      writer.WriteString(group_id);
      writer.WriteNullArray();  // all topics
      writer.WriteNoTaggedFields();
    }
  } else {
    CHECK_EQ(group_ids.size(), 1u) << "OffsetFetch takes one group below v" << kOffsetFetchMany;
    writer.WriteString(group_ids.front());
    writer.WriteNullArray();
  }
  if (version >= kOffsetFetchStable) writer.WriteBool(require_stable);
  writer.WriteNoTaggedFields();
}

absl::StatusOr<OffsetFetchResponse> OffsetFetchResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = OffsetFetchRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  OffsetFetchResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  if (version >= kOffsetFetchMany) {
    const size_t group_count = reader.ReadArrayLength(kGroupBytesMin);
    response.groups.reserve(group_count);
    for (size_t g = 0; g < group_count && reader.ok(); ++g) {
      Group& group = response.groups.emplace_back();
      group.group_id = std::string(reader.ReadString());
      group.topics = ReadTopics(reader, version);
      group.error_code = reader.ReadInt16();
      reader.SkipTaggedFields();
    }
  } else {
    Group& group = response.groups.emplace_back();
    group.topics = ReadTopics(reader, version);
    group.error_code = reader.ReadInt16();
  }
  reader.SkipTaggedFields();
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
