#include "kafka/wire/describe_producers.h"

#include <utility>

namespace replicator::kafka {
namespace {

// The least bytes that one element takes.
constexpr size_t kTopicBytesMin = 1 + 1 + 1;
constexpr size_t kPartitionBytesMin = 4 + 2 + 1 + 1 + 1;
constexpr size_t kProducerBytesMin = 8 + 4 + 4 + 8 + 4 + 8 + 1;

DescribeProducersResponse::Producer ReadProducer(Reader& reader) {
  DescribeProducersResponse::Producer producer;
  producer.id = reader.ReadInt64();
  producer.epoch = reader.ReadInt32();
  reader.ReadInt32();  // last sequence
  producer.last_timestamp_ms = reader.ReadInt64();
  reader.ReadInt32();  // coordinator epoch
  producer.transaction_start = reader.ReadInt64();
  reader.SkipTaggedFields();
  return producer;
}

DescribeProducersResponse::Partition ReadPartition(Reader& reader) {
  DescribeProducersResponse::Partition partition;
  partition.partition = reader.ReadInt32();
  partition.error_code = reader.ReadInt16();
  reader.ReadNullableString();  // the error in the broker's words
  const size_t producer_count = reader.ReadArrayLength(kProducerBytesMin);
  partition.producers.reserve(producer_count);
  for (size_t i = 0; i < producer_count && reader.ok(); ++i) partition.producers.push_back(ReadProducer(reader));
  reader.SkipTaggedFields();
  return partition;
}

}  // namespace

void DescribeProducersRequest::Write(Writer& writer, int16_t) const {
  writer.WriteArrayLength(topics.size());
  for (const Topic& topic : topics) {
    writer.WriteString(topic.name);
    writer.WriteArrayLength(topic.partitions.size());
    for (int32_t partition : topic.partitions) writer.WriteInt32(partition);
    writer.WriteNoTaggedFields();
  }
  writer.WriteNoTaggedFields();
}

absl::StatusOr<DescribeProducersResponse> DescribeProducersResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = DescribeProducersRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  DescribeProducersResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  const size_t topic_count = reader.ReadArrayLength(kTopicBytesMin);
  for (size_t t = 0; t < topic_count && reader.ok(); ++t) {
    const std::string topic(reader.ReadString());
    const size_t partition_count = reader.ReadArrayLength(kPartitionBytesMin);
    for (size_t i = 0; i < partition_count && reader.ok(); ++i) {
      response.partitions.push_back(ReadPartition(reader));
      response.partitions.back().topic = topic;
    }
    reader.SkipTaggedFields();
  }
  reader.SkipTaggedFields();
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
