#include "kafka/wire/produce.h"

#include <glog/logging.h>

#include <algorithm>

#include "kafka/wire/big_endian.h"

namespace replicator::kafka {
namespace {

constexpr int16_t kVersionRecordErrors = 8;

// The least bytes that one element takes in any version that we speak.
constexpr size_t kTopicBytesMin = 2 + 4;
constexpr size_t kPartitionBytesMin = 4 + 2 + 8 + 8 + 8;
constexpr size_t kRecordErrorBytesMin = 4 + 2;

// Bytes of framing that one more batch can take: topic name, two counts, partition and batch length.
constexpr size_t kFramingBytes = 2 + 4 + 4 + 4;

ProduceResponse::Partition ReadPartition(Reader& reader, int16_t version) {
  ProduceResponse::Partition partition;
  partition.partition = reader.ReadInt32();
  partition.error_code = reader.ReadInt16();
  partition.base_offset = reader.ReadInt64();
  partition.log_append_time_ms = reader.ReadInt64();
  partition.log_start_offset = reader.ReadInt64();
  if (version >= kVersionRecordErrors) {
    partition.record_errors.resize(reader.ReadArrayLength(kRecordErrorBytesMin));
    for (ProduceResponse::RecordError& error : partition.record_errors) {
      error.record_index = reader.ReadInt32();
      error.message = OwnedString(reader.ReadNullableString());
    }
    partition.error_message = OwnedString(reader.ReadNullableString());
  }
  return partition;
}

iovec Piece(const char* bytes, size_t size) { return {.iov_base = const_cast<char*>(bytes), .iov_len = size}; }

}  // namespace

absl::StatusOr<ProduceResponse> ProduceResponse::Read(std::string_view body, int16_t version) {
  Reader reader(body, kProduceApi.BodyEncoding(version));
  ProduceResponse response;
  const size_t topic_count = reader.ReadArrayLength(kTopicBytesMin);
  response.topics.reserve(topic_count);
  for (size_t t = 0; t < topic_count && reader.ok(); ++t) {
    Topic& topic = response.topics.emplace_back();
    topic.name = std::string(reader.ReadString());
    const size_t partition_count = reader.ReadArrayLength(kPartitionBytesMin);
    topic.partitions.reserve(partition_count);
    for (size_t p = 0; p < partition_count && reader.ok(); ++p) {
      topic.partitions.push_back(ReadPartition(reader, version));
    }
  }
  response.throttle_time_ms = reader.ReadInt32();
  absl::Status read = reader.Finish(kProduceApi.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

void ProduceRequestBuilder::Begin(int16_t version, int32_t correlation_id, std::string_view client_id, int16_t acks,
                                  int32_t timeout_ms, const std::optional<std::string>& transactional_id) {
  frame_.clear();
  batches_.clear();
  pieces_.clear();
  topics_.clear();
  topic_partitions_.clear();
  batch_bytes_ = 0;
  WriteRequestHeader(kProduceApi, version, correlation_id, client_id, &frame_);
  Writer writer(&frame_, kProduceApi.BodyEncoding(version));
  writer.WriteNullableString(transactional_id);
  writer.WriteInt16(acks);
  writer.WriteInt32(timeout_ms);
  topic_count_at_ = frame_.size();
  writer.WriteArrayLength(0);
}

void ProduceRequestBuilder::BeginTopic(std::string_view topic) {
  Writer writer(&frame_, Encoding::kClassic);
  writer.WriteString(topic);
  CHECK(writer.ok()) << "topic name of " << topic.size() << " bytes";
  partition_count_at_ = frame_.size();
  writer.WriteArrayLength(0);
  topics_.emplace_back(topic);
  topic_partitions_.clear();
  StoreInt32(frame_.data() + topic_count_at_, static_cast<int32_t>(topics_.size()));
}

void ProduceRequestBuilder::CheckNotYetAdded(std::string_view topic, int32_t partition) const {
  if (!topics_.empty() && topics_.back() == topic) {
    CHECK(std::find(topic_partitions_.begin(), topic_partitions_.end(), partition) == topic_partitions_.end())
        << topic << "-" << partition << " twice in one Produce request: the broker would drop one batch silently";
  } else {
    CHECK(std::find(topics_.begin(), topics_.end(), topic) == topics_.end())
        << "the partitions of " << topic << " were not added one after the other";
  }
}

bool ProduceRequestBuilder::AddPartition(std::string_view topic, int32_t partition, absl::Span<const char> batch) {
  const bool first = batches_.empty();
  const size_t bytes_after = request_bytes() + kFramingBytes + topic.size() + batch.size();
  if (batches_.size() == kPartitionsMax || (!first && bytes_after > kRequestBytesMax)) return false;
  CheckNotYetAdded(topic, partition);
  if (topics_.empty() || topics_.back() != topic) BeginTopic(topic);
  topic_partitions_.push_back(partition);
  StoreInt32(frame_.data() + partition_count_at_, static_cast<int32_t>(topic_partitions_.size()));
  Writer writer(&frame_, Encoding::kClassic);
  writer.WriteInt32(partition);
  writer.WriteInt32(static_cast<int32_t>(batch.size()));
  batches_.push_back({frame_.size(), batch});
  batch_bytes_ += batch.size();
  return true;
}

const std::vector<iovec>& ProduceRequestBuilder::Finish() {
  CHECK(!batches_.empty());
  StoreInt32(frame_.data(), static_cast<int32_t>(request_bytes() - kFrameSizeBytes));
  // Only now: frame_ moves while it grows.
  size_t frame_begin = 0;
  for (const Batch& batch : batches_) {
    pieces_.push_back(Piece(frame_.data() + frame_begin, batch.frame_end - frame_begin));
    pieces_.push_back(Piece(batch.bytes.data(), batch.bytes.size()));
    frame_begin = batch.frame_end;
  }
  CHECK_EQ(frame_begin, frame_.size());
  return pieces_;
}

}  // namespace replicator::kafka
