#include "tests/fuzz/entry.h"

#include <glog/logging.h>

#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/types/span.h"
#include "kafka/batch/record_batch.h"
#include "kafka/batch/records.h"
#include "kafka/wire/add_partitions_to_txn.h"
#include "kafka/wire/api_versions.h"
#include "kafka/wire/consumer_group_describe.h"
#include "kafka/wire/create_partitions.h"
#include "kafka/wire/create_topics.h"
#include "kafka/wire/describe_configs.h"
#include "kafka/wire/describe_groups.h"
#include "kafka/wire/describe_producers.h"
#include "kafka/wire/end_txn.h"
#include "kafka/wire/fetch.h"
#include "kafka/wire/find_coordinator.h"
#include "kafka/wire/heartbeat.h"
#include "kafka/wire/init_producer_id.h"
#include "kafka/wire/join_group.h"
#include "kafka/wire/leave_group.h"
#include "kafka/wire/list_groups.h"
#include "kafka/wire/list_offsets.h"
#include "kafka/wire/metadata.h"
#include "kafka/wire/offset_commit.h"
#include "kafka/wire/offset_fetch.h"
#include "kafka/wire/offset_for_leader_epoch.h"
#include "kafka/wire/produce.h"
#include "kafka/wire/sync_group.h"
#include "kafka/wire/versions.h"
#include "replicator/config/config.h"
#include "replicator/config/properties.h"

namespace replicator::tests {
namespace {

struct Parser {
  kafka::ApiSpec api;
  int16_t version;
  absl::Status (*read)(std::string_view body, int16_t version);
};

template <typename Response>
absl::Status ReadBody(std::string_view body, int16_t version) {
  return Response::Read(body, version).status();
}

absl::Status ReadApiVersions(std::string_view body, int16_t version) {
  const auto response = kafka::ApiVersionsResponse::Read(body, version);
  if (response.ok()) kafka::NegotiatedVersions::Choose(*response, kafka::BrokerUse::kProduce).status().IgnoreError();
  return response.status();
}

absl::Status ReadFetch(std::string_view body, int16_t version) {
  // Kept, so that leftovers of the response before would show.
  static kafka::FetchResponse response;
  absl::Status parsed = response.Parse(body, version);
  if (!parsed.ok()) return parsed;
  for (const kafka::FetchResponse::Partition& partition : response.partitions) {
    CHECK_LT(partition.topic_index, response.topics.size());
    CHECK_EQ(response.AbortedOf(partition).size(), partition.aborted_count);
    CHECK(body.substr(partition.records_offset, partition.records.size()) == partition.records);
    FuzzRecordBatches(partition.records);
  }
  return absl::OkStatus();
}

const Parser kParsers[] = {
    {kafka::ApiVersionsRequest::kApi, 0, ReadApiVersions},
    {kafka::MetadataRequest::kApi, 5, ReadBody<kafka::MetadataResponse>},
    {kafka::MetadataRequest::kApi, 7, ReadBody<kafka::MetadataResponse>},
    {kafka::MetadataRequest::kApi, 9, ReadBody<kafka::MetadataResponse>},
    {kafka::MetadataRequest::kApi, 10, ReadBody<kafka::MetadataResponse>},
    {kafka::FetchRequest::kApi, 7, ReadFetch},
    {kafka::FetchRequest::kApi, 10, ReadFetch},
    {kafka::FetchRequest::kApi, 13, ReadFetch},
    {kafka::kProduceApi, 7, ReadBody<kafka::ProduceResponse>},
    {kafka::kProduceApi, 8, ReadBody<kafka::ProduceResponse>},
    {kafka::InitProducerIdRequest::kApi, 1, ReadBody<kafka::InitProducerIdResponse>},
    {kafka::ListOffsetsRequest::kApi, 2, ReadBody<kafka::ListOffsetsResponse>},
    {kafka::ListOffsetsRequest::kApi, 4, ReadBody<kafka::ListOffsetsResponse>},
    {kafka::OffsetForLeaderEpochRequest::kApi, 2, ReadBody<kafka::OffsetForLeaderEpochResponse>},
    {kafka::CreatePartitionsRequest::kApi, 1, ReadBody<kafka::CreatePartitionsResponse>},
    {kafka::CreateTopicsRequest::kApi, 2, ReadBody<kafka::CreateTopicsResponse>},
    {kafka::DescribeConfigsRequest::kApi, 1, ReadBody<kafka::DescribeConfigsResponse>},
    {kafka::FindCoordinatorRequest::kApi, 2, ReadBody<kafka::FindCoordinatorResponse>},
    {kafka::JoinGroupRequest::kApi, 3, ReadBody<kafka::JoinGroupResponse>},
    {kafka::JoinGroupRequest::kApi, 5, ReadBody<kafka::JoinGroupResponse>},
    {kafka::SyncGroupRequest::kApi, 2, ReadBody<kafka::SyncGroupResponse>},
    {kafka::SyncGroupRequest::kApi, 3, ReadBody<kafka::SyncGroupResponse>},
    {kafka::HeartbeatRequest::kApi, 2, ReadBody<kafka::HeartbeatResponse>},
    {kafka::HeartbeatRequest::kApi, 3, ReadBody<kafka::HeartbeatResponse>},
    {kafka::LeaveGroupRequest::kApi, 2, ReadBody<kafka::LeaveGroupResponse>},
    {kafka::DescribeGroupsRequest::kApi, 2, ReadBody<kafka::DescribeGroupsResponse>},
    {kafka::DescribeGroupsRequest::kApi, 4, ReadBody<kafka::DescribeGroupsResponse>},
    {kafka::DescribeProducersRequest::kApi, 0, ReadBody<kafka::DescribeProducersResponse>},
    {kafka::FindCoordinatorRequest::kApi, 1, ReadBody<kafka::FindCoordinatorResponse>},
    {kafka::FindCoordinatorRequest::kApi, 4, ReadBody<kafka::FindCoordinatorResponse>},
    {kafka::JoinGroupRequest::kApi, 2, ReadBody<kafka::JoinGroupResponse>},
    {kafka::SyncGroupRequest::kApi, 1, ReadBody<kafka::SyncGroupResponse>},
    {kafka::HeartbeatRequest::kApi, 1, ReadBody<kafka::HeartbeatResponse>},
    {kafka::LeaveGroupRequest::kApi, 1, ReadBody<kafka::LeaveGroupResponse>},
    {kafka::LeaveGroupRequest::kApi, 3, ReadBody<kafka::LeaveGroupResponse>},
    {kafka::DescribeGroupsRequest::kApi, 1, ReadBody<kafka::DescribeGroupsResponse>},
    {kafka::ListGroupsRequest::kApi, 1, ReadBody<kafka::ListGroupsResponse>},
    {kafka::ListGroupsRequest::kApi, 4, ReadBody<kafka::ListGroupsResponse>},
    {kafka::ListGroupsRequest::kApi, 5, ReadBody<kafka::ListGroupsResponse>},
    {kafka::ConsumerGroupDescribeRequest::kApi, 0, ReadBody<kafka::ConsumerGroupDescribeResponse>},
    {kafka::OffsetFetchRequest::kApi, 3, ReadBody<kafka::OffsetFetchResponse>},
    {kafka::OffsetFetchRequest::kApi, 7, ReadBody<kafka::OffsetFetchResponse>},
    {kafka::OffsetFetchRequest::kApi, 8, ReadBody<kafka::OffsetFetchResponse>},
    {kafka::OffsetCommitRequest::kApi, 3, ReadBody<kafka::OffsetCommitResponse>},
    {kafka::OffsetCommitRequest::kApi, 6, ReadBody<kafka::OffsetCommitResponse>},
    {kafka::AddPartitionsToTxnRequest::kApi, 1, ReadBody<kafka::AddPartitionsToTxnResponse>},
    {kafka::EndTxnRequest::kApi, 1, ReadBody<kafka::EndTxnResponse>},
};

void CheckBatch(kafka::RecordBatchView batch) {
  if (!batch.Validate().ok()) return;
  CHECK_GE(batch.next_offset(), batch.base_offset());
  CHECK_STRNE(kafka::CodecName(batch.codec()), "unknown");
  if (batch.is_control()) {
    kafka::ReadControlMarker(batch).status().IgnoreError();
    return;
  }
  const bool matched = batch.CrcMatches();
  batch.PatchForProduce(/*producer_id=*/4711, /*producer_epoch=*/1, /*base_sequence=*/12);
  CHECK_EQ(batch.CrcMatches(), matched) << "a patch must neither break nor mend a checksum";
  CHECK_EQ(batch.base_offset(), 0);
  CHECK(!batch.is_transactional());
}

}  // namespace

const size_t kResponseParserCount = std::size(kParsers);

void FuzzResponse(std::string_view input) {
  if (input.empty()) return;
  const Parser& parser = kParsers[static_cast<uint8_t>(input[0]) % kResponseParserCount];
  const std::string_view frame = input.substr(1);
  if (!kafka::ReadCorrelationId(frame).ok()) return;
  const absl::StatusOr<std::string_view> body = kafka::ResponseBody(parser.api, parser.version, frame);
  if (!body.ok()) return;
  const absl::Status status = parser.read(*body, parser.version);
  CHECK(status.ok() || absl::IsInvalidArgument(status)) << status;
}

void FuzzRecordBatches(std::string_view input) {
  std::string buffer(input);
  absl::Span<char> rest = absl::MakeSpan(buffer);
  for (;;) {
    const kafka::NextBatchResult next = kafka::NextBatch(rest);
    if (next.kind == kafka::BatchKind::kBatch) CheckBatch(kafka::RecordBatchView(next.bytes));
    if (next.kind != kafka::BatchKind::kBatch && next.kind != kafka::BatchKind::kOldMagic) return;
    CHECK(!next.bytes.empty());
    rest.remove_prefix(next.bytes.size());
  }
}

void FuzzRecords(std::string_view input) {
  std::string buffer(input);
  const kafka::NextBatchResult next = kafka::NextBatch(absl::MakeSpan(buffer));
  if (next.kind != kafka::BatchKind::kBatch) return;
  const kafka::RecordBatchView batch(next.bytes);
  if (!batch.Validate().ok()) return;
  int32_t records = 0;
  int64_t last_offset = batch.base_offset() - 1;
  const absl::Status read = kafka::VisitRecords(batch, [&](const kafka::Record& record) {
    ++records;
    CHECK_GT(record.offset, last_offset);
    CHECK_LE(record.offset, batch.last_offset());
    last_offset = record.offset;
  });
  CHECK(read.ok() || absl::IsInvalidArgument(read) || absl::IsResourceExhausted(read)) << read;
  CHECK(!read.ok() || records == batch.record_count());
}

void FuzzProperties(std::string_view input) {
  for (const Encoding encoding : {Encoding::kLatin1, Encoding::kUtf8}) {
    const absl::StatusOr<Properties> properties = Properties::Parse(std::string(input), "f", encoding);
    if (!properties.ok()) {
      CHECK(absl::IsInvalidArgument(properties.status())) << properties.status();
      continue;
    }
    for (const Property& property : properties->entries()) {
      CHECK(properties->Find(property.key) == &property);
      CHECK_GE(property.line, 1);
    }
    // A reference could name any file of this machine.
    if (absl::StrContains(std::string(input), "${")) continue;
    const absl::StatusOr<LinkConfig> config = ReadLinkConfig(*properties);
    CHECK(config.ok() || absl::IsInvalidArgument(config.status())) << config.status();
    if (!config.ok()) continue;
    CHECK(!config->source.bootstrap_servers.empty() && !config->target.bootstrap_servers.empty());
    CHECK_NE(config->source.alias, config->target.alias);
    CHECK_LE(config->warnings.size(), properties->warnings().size() + properties->entries().size() + 2);
    CHECK_LE(config->infos.size(), properties->entries().size() + 2);
  }
}

}  // namespace replicator::tests
