#include "kafka/wire/fetch.h"

namespace replicator::kafka {
namespace {

constexpr int16_t kVersionLeaderEpoch = 9;
constexpr int16_t kVersionRack = 11;
constexpr int16_t kVersionLastFetchedEpoch = 12;
constexpr int16_t kVersionTopicId = 13;

// The least bytes that one element takes in any version that we speak.
constexpr size_t kTopicBytesMin = 1 + 1;
constexpr size_t kPartitionBytesMin = 4 + 2 + 8 + 8 + 8 + 1 + 1;
constexpr size_t kAbortedBytesMin = 8 + 8;

enum PartitionTag : uint32_t { kTagDivergingEpoch = 0, kTagCurrentLeader = 1 };

void WriteTopicKey(Writer& writer, int16_t version, std::string_view name, const Uuid& id) {
  if (version >= kVersionTopicId) {
    writer.WriteUuid(id);
  } else {
    writer.WriteString(name);
  }
}

void ReadPartitionTag(uint32_t tag, Reader& value, FetchResponse::Partition& partition) {
  if (tag == kTagDivergingEpoch) {
    partition.diverging_epoch = value.ReadInt32();
    partition.diverging_end_offset = value.ReadInt64();
  } else if (tag == kTagCurrentLeader) {
    partition.current_leader_id = value.ReadInt32();
    partition.current_leader_epoch = value.ReadInt32();
  }
}

void ReadPartition(Reader& reader, int16_t version, std::string_view body, FetchResponse& response,
                   FetchResponse::Partition& partition) {
  partition.partition = reader.ReadInt32();
  partition.error_code = reader.ReadInt16();
  partition.high_watermark = reader.ReadInt64();
  partition.last_stable_offset = reader.ReadInt64();
  partition.log_start_offset = reader.ReadInt64();
  partition.aborted_begin = response.aborted_transactions.size();
  partition.aborted_count = reader.ReadNullableArrayLength(kAbortedBytesMin).value_or(0);
  for (size_t i = 0; i < partition.aborted_count && reader.ok(); ++i) {
    FetchResponse::AbortedTransaction& aborted = response.aborted_transactions.emplace_back();
    aborted.producer_id = reader.ReadInt64();
    aborted.first_offset = reader.ReadInt64();
    reader.SkipTaggedFields();
  }
  if (version >= kVersionRack) partition.preferred_read_replica = reader.ReadInt32();
  partition.records = reader.ReadNullableBytes().value_or(std::string_view());
  if (!partition.records.empty()) {
    partition.records_offset = static_cast<size_t>(partition.records.data() - body.data());
  }
  reader.ReadTaggedFields([&partition](uint32_t tag, Reader& value) { ReadPartitionTag(tag, value, partition); });
}

}  // namespace

void FetchRequest::Write(Writer& writer, int16_t version) const {
  constexpr int32_t kReplicaId = -1;               // We are a consumer.
  constexpr int64_t kConsumerLogStartOffset = -1;  // Only followers tell theirs.
  writer.WriteInt32(kReplicaId);
  writer.WriteInt32(max_wait_ms);
  writer.WriteInt32(bytes_min);
  writer.WriteInt32(bytes_max);
  writer.WriteInt8(static_cast<int8_t>(isolation_level));
  writer.WriteInt32(session_id);
  writer.WriteInt32(session_epoch);
  writer.WriteArrayLength(topics.size());
  for (const Topic& topic : topics) {
    WriteTopicKey(writer, version, topic.name, topic.id);
    writer.WriteArrayLength(topic.partitions.size());
    for (const Partition& partition : topic.partitions) {
      writer.WriteInt32(partition.partition);
      if (version >= kVersionLeaderEpoch) writer.WriteInt32(partition.current_leader_epoch);
      writer.WriteInt64(partition.fetch_offset);
      if (version >= kVersionLastFetchedEpoch) writer.WriteInt32(partition.last_fetched_epoch);
      writer.WriteInt64(kConsumerLogStartOffset);
      writer.WriteInt32(partition.partition_bytes_max);
      writer.WriteNoTaggedFields();
    }
    writer.WriteNoTaggedFields();
  }
  writer.WriteArrayLength(forgotten_topics.size());
  for (const ForgottenTopic& topic : forgotten_topics) {
    WriteTopicKey(writer, version, topic.name, topic.id);
    writer.WriteArrayLength(topic.partitions.size());
    for (int32_t partition : topic.partitions) writer.WriteInt32(partition);
    writer.WriteNoTaggedFields();
  }
  if (version >= kVersionRack) writer.WriteString(rack_id);
  writer.WriteNoTaggedFields();
}

absl::Status FetchResponse::Parse(std::string_view body, int16_t version) {
  const ApiSpec& api = FetchRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  topics.clear();
  partitions.clear();
  aborted_transactions.clear();
  throttle_time_ms = reader.ReadInt32();
  error_code = reader.ReadInt16();
  session_id = reader.ReadInt32();
  const size_t topic_count = reader.ReadArrayLength(kTopicBytesMin);
  for (size_t t = 0; t < topic_count && reader.ok(); ++t) {
    Topic& topic = topics.emplace_back();
    if (version >= kVersionTopicId) {
      topic.id = reader.ReadUuid();
    } else {
      topic.name = reader.ReadString();
    }
    const size_t partition_count = reader.ReadArrayLength(kPartitionBytesMin);
    for (size_t p = 0; p < partition_count && reader.ok(); ++p) {
      Partition& partition = partitions.emplace_back();
      partition.topic_index = t;
      ReadPartition(reader, version, body, *this, partition);
    }
    reader.SkipTaggedFields();
  }
  reader.SkipTaggedFields();
  return reader.ok() && reader.remaining() == 0 ? absl::OkStatus() : reader.Finish(api.ResponseName(version));
}

absl::StatusOr<FetchResponse> FetchResponse::Read(std::string_view body, int16_t version) {
  FetchResponse response;
  absl::Status parsed = response.Parse(body, version);
  if (!parsed.ok()) return parsed;
  return response;
}

}  // namespace replicator::kafka
