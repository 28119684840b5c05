#include "kafka/wire/metadata.h"

namespace replicator::kafka {
namespace {

constexpr int16_t kVersionLeaderEpoch = 7;
constexpr int16_t kVersionAuthorizedOperations = 8;
constexpr int16_t kVersionLeaderEpochIsCurrent = 9;
constexpr int16_t kVersionTopicId = 10;

// The least bytes that one element takes in any version that we speak.
constexpr size_t kBrokerBytesMin = 4 + 1 + 4 + 1;
constexpr size_t kTopicBytesMin = 2 + 1 + 1 + 1;
constexpr size_t kPartitionBytesMin = 2 + 4 + 4 + 1 + 1 + 1;

std::vector<int32_t> ReadNodes(Reader& reader) {
  std::vector<int32_t> nodes(reader.ReadArrayLength(sizeof(int32_t)));
  for (int32_t& node : nodes) node = reader.ReadInt32();
  return nodes;
}

MetadataResponse::Broker ReadBroker(Reader& reader) {
  MetadataResponse::Broker broker;
  broker.node_id = reader.ReadInt32();
  broker.host = std::string(reader.ReadString());
  broker.port = reader.ReadInt32();
  broker.rack = OwnedString(reader.ReadNullableString());
  reader.SkipTaggedFields();
  return broker;
}

MetadataResponse::Partition ReadPartition(Reader& reader, int16_t version) {
  MetadataResponse::Partition partition;
  partition.error_code = reader.ReadInt16();
  partition.partition = reader.ReadInt32();
  partition.leader_id = reader.ReadInt32();
  if (version >= kVersionLeaderEpoch) partition.leader_epoch = reader.ReadInt32();
  partition.replicas = ReadNodes(reader);
  partition.in_sync_replicas = ReadNodes(reader);
  partition.offline_replicas = ReadNodes(reader);
  reader.SkipTaggedFields();
  return partition;
}

MetadataResponse::Topic ReadTopic(Reader& reader, int16_t version) {
  MetadataResponse::Topic topic;
  topic.error_code = reader.ReadInt16();
  topic.name = std::string(reader.ReadString());
  if (version >= kVersionTopicId) topic.id = reader.ReadUuid();
  topic.is_internal = reader.ReadBool();
  const size_t partition_count = reader.ReadArrayLength(kPartitionBytesMin);
  topic.partitions.reserve(partition_count);
  for (size_t i = 0; i < partition_count && reader.ok(); ++i)
    topic.partitions.push_back(ReadPartition(reader, version));
  if (version >= kVersionAuthorizedOperations) reader.ReadInt32();
  reader.SkipTaggedFields();
  return topic;
}

}  // namespace

void MetadataRequest::Write(Writer& writer, int16_t version) const {
  if (topics.has_value()) {
    writer.WriteArrayLength(topics->size());
    for (const std::string& name : *topics) {
      // MetadataRequest.json: asking by id does not work before v12, so the id stays zero.
      if (version >= kVersionTopicId) writer.WriteUuid(kNoUuid);
      writer.WriteString(name);
      writer.WriteNoTaggedFields();
    }
  } else {
    writer.WriteNullArray();
  }
  writer.WriteBool(false);  // allow_auto_topic_creation
  if (version >= kVersionAuthorizedOperations) {
    writer.WriteBool(false);  // include_cluster_authorized_operations
    writer.WriteBool(false);  // include_topic_authorized_operations
  }
  writer.WriteNoTaggedFields();
}

absl::StatusOr<MetadataResponse> MetadataResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = MetadataRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  MetadataResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  const size_t broker_count = reader.ReadArrayLength(kBrokerBytesMin);
  response.brokers.reserve(broker_count);
  for (size_t i = 0; i < broker_count && reader.ok(); ++i) response.brokers.push_back(ReadBroker(reader));
  response.cluster_id = OwnedString(reader.ReadNullableString());
  response.controller_id = reader.ReadInt32();
  response.leader_epochs_are_current = version >= kVersionLeaderEpochIsCurrent;
  const size_t topic_count = reader.ReadArrayLength(kTopicBytesMin);
  response.topics.reserve(topic_count);
  for (size_t i = 0; i < topic_count && reader.ok(); ++i) response.topics.push_back(ReadTopic(reader, version));
  if (version >= kVersionAuthorizedOperations) reader.ReadInt32();
  reader.SkipTaggedFields();
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
