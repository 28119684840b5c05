#include "kafka/wire/add_partitions_to_txn.h"

namespace replicator::kafka {
namespace {

// The least bytes that one element takes.
constexpr size_t kTopicBytesMin = 2 + 4;
constexpr size_t kPartitionBytesMin = 4 + 2;

}  // namespace

void AddPartitionsToTxnRequest::Write(Writer& writer, int16_t) const {
  writer.WriteString(transactional_id);
  writer.WriteInt64(producer_id);
  writer.WriteInt16(producer_epoch);
  writer.WriteArrayLength(topics.size());
  for (const Topic& topic : topics) {
    writer.WriteString(topic.name);
    writer.WriteArrayLength(topic.partitions.size());
    for (int32_t partition : topic.partitions) writer.WriteInt32(partition);
  }
}

absl::StatusOr<AddPartitionsToTxnResponse> AddPartitionsToTxnResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = AddPartitionsToTxnRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  AddPartitionsToTxnResponse response;
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
