// Each response as Kafka's own classes write it: every field is found, every truncation is an error, and
// damaged bytes give an error or a value, never a crash.
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "kafka/wire/api_versions.h"
#include "kafka/wire/create_partitions.h"
#include "kafka/wire/create_topics.h"
#include "kafka/wire/describe_configs.h"
#include "kafka/wire/describe_groups.h"
#include "kafka/wire/describe_producers.h"
#include "kafka/wire/fetch.h"
#include "kafka/wire/find_coordinator.h"
#include "kafka/wire/heartbeat.h"
#include "kafka/wire/init_producer_id.h"
#include "kafka/wire/join_group.h"
#include "kafka/wire/leave_group.h"
#include "kafka/wire/list_offsets.h"
#include "kafka/wire/metadata.h"
#include "kafka/wire/offset_for_leader_epoch.h"
#include "kafka/wire/produce.h"
#include "kafka/wire/sync_group.h"
#include "kafka/wire/testdata/golden_frames.h"

namespace replicator::kafka {
namespace {

constexpr int32_t kCorrelationId = 0x01020304;
constexpr Uuid kTopicId = {0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
                           0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28};

template <typename Response>
absl::StatusOr<Response> ReadFrame(const ApiSpec& api, int16_t version, std::string_view frame) {
  const absl::StatusOr<int32_t> correlation_id = ReadCorrelationId(frame);
  if (!correlation_id.ok()) return correlation_id.status();
  const absl::StatusOr<std::string_view> body = ResponseBody(api, version, frame);
  if (!body.ok()) return body.status();
  return Response::Read(*body, version);
}

// The golden frame must outlive what is read from it.
template <typename Response>
Response ReadGolden(const ApiSpec& api, int16_t version, const std::string& frame) {
  EXPECT_EQ(ReadCorrelationId(frame).value_or(0), kCorrelationId);
  absl::StatusOr<Response> response = ReadFrame<Response>(api, version, frame);
  EXPECT_TRUE(response.ok()) << response.status();
  return std::move(response).value_or(Response());
}

TEST(ResponsesTest, ApiVersionsIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kApiVersionsResponseV0);
  const auto response = ReadGolden<ApiVersionsResponse>(ApiVersionsRequest::kApi, 0, frame);
  ASSERT_EQ(response.apis.size(), 2u);
  EXPECT_EQ(response.apis[0].api_key, 1);
  EXPECT_EQ(response.apis[0].version_min, 4);
  EXPECT_EQ(response.apis[0].version_max, 18);
  EXPECT_EQ(response.apis[1].api_key, 18);
}

void CheckMetadata(std::string_view hex, int16_t version, const Uuid& topic_id) {
  const std::string frame = absl::HexStringToBytes(hex);
  const auto response = ReadGolden<MetadataResponse>(MetadataRequest::kApi, version, frame);
  EXPECT_EQ(response.throttle_time_ms, 7);
  EXPECT_EQ(response.cluster_id, "cluster-id");
  EXPECT_EQ(response.controller_id, 2);
  EXPECT_EQ(response.leader_epochs_are_current, version >= 9);
  ASSERT_EQ(response.brokers.size(), 2u);
  EXPECT_EQ(response.brokers[0].rack, "r1");
  EXPECT_EQ(response.brokers[1].node_id, 2);
  EXPECT_EQ(response.brokers[1].host, "two.example");
  EXPECT_EQ(response.brokers[1].port, 9093);
  EXPECT_EQ(response.brokers[1].rack, std::nullopt);
  ASSERT_EQ(response.topics.size(), 2u);
  const MetadataResponse::Topic& orders = response.topics[0];
  EXPECT_EQ(orders.name, "orders");
  EXPECT_EQ(orders.id, topic_id);
  EXPECT_FALSE(orders.is_internal);
  ASSERT_EQ(orders.partitions.size(), 2u);
  EXPECT_EQ(orders.partitions[0].leader_id, 1);
  EXPECT_EQ(orders.partitions[0].leader_epoch, version >= 7 ? 5 : -1);
  EXPECT_EQ(orders.partitions[0].replicas, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(orders.partitions[0].in_sync_replicas, (std::vector<int32_t>{1}));
  EXPECT_EQ(orders.partitions[0].offline_replicas, (std::vector<int32_t>{2}));
  EXPECT_EQ(orders.partitions[1].error_code, 5);
  EXPECT_EQ(orders.partitions[1].partition, 1);
  EXPECT_EQ(orders.partitions[1].leader_id, -1);
  EXPECT_EQ(response.topics[1].error_code, 3);
  EXPECT_TRUE(response.topics[1].is_internal);
}

TEST(ResponsesTest, MetadataIsRead) {
  CheckMetadata(golden::kMetadataResponseV5, 5, kNoUuid);
  CheckMetadata(golden::kMetadataResponseV7, 7, kNoUuid);
  CheckMetadata(golden::kMetadataResponseV9, 9, kNoUuid);
  CheckMetadata(golden::kMetadataResponseV10, 10, kTopicId);
}

void CheckFetchCommon(const FetchResponse& response, std::string_view body) {
  EXPECT_EQ(response.throttle_time_ms, 7);
  EXPECT_EQ(response.error_code, 0);
  EXPECT_EQ(response.session_id, 99);
  ASSERT_EQ(response.topics.size(), 1u);
  ASSERT_EQ(response.partitions.size(), 2u);
  const FetchResponse::Partition& full = response.partitions[0];
  EXPECT_EQ(full.topic_index, 0u);
  EXPECT_EQ(full.partition, 2);
  EXPECT_EQ(full.high_watermark, 1010);
  EXPECT_EQ(full.last_stable_offset, 1006);
  EXPECT_EQ(full.log_start_offset, 10);
  EXPECT_EQ(full.diverging_epoch, -1);
  EXPECT_EQ(response.aborted_transactions.size(), 2u) << "nothing may be left of the response before";
  ASSERT_EQ(response.AbortedOf(full).size(), 2u);
  EXPECT_EQ(response.AbortedOf(full)[1].producer_id, 78);
  EXPECT_EQ(response.AbortedOf(full)[1].first_offset, 1003);
  EXPECT_EQ(absl::BytesToHexString(full.records), golden::kBatchTransactional);
  EXPECT_EQ(full.records.data(), body.data() + full.records_offset) << "payload must not be copied";
  const FetchResponse::Partition& failed = response.partitions[1];
  EXPECT_EQ(failed.partition, 3);
  EXPECT_EQ(failed.error_code, 74);
  EXPECT_TRUE(failed.records.empty());
  EXPECT_TRUE(response.AbortedOf(failed).empty());
}

TEST(ResponsesTest, FetchIsReadInPlaceAndItsMemoryReused) {
  FetchResponse response;
  for (int round = 0; round < 2; ++round) {
    const std::string v7 = absl::HexStringToBytes(golden::kFetchResponseV7);
    const std::string_view body7 = *ResponseBody(FetchRequest::kApi, 7, v7);
    ASSERT_EQ(response.Parse(body7, 7), absl::OkStatus());
    CheckFetchCommon(response, body7);

    const std::string v10 = absl::HexStringToBytes(golden::kFetchResponseV10);
    const std::string_view body10 = *ResponseBody(FetchRequest::kApi, 10, v10);
    ASSERT_EQ(response.Parse(body10, 10), absl::OkStatus());
    CheckFetchCommon(response, body10);
    EXPECT_EQ(response.topics[0].name, "orders");
    EXPECT_EQ(response.partitions[0].preferred_read_replica, -1);

    const std::string v13 = absl::HexStringToBytes(golden::kFetchResponseV13);
    const std::string_view body13 = *ResponseBody(FetchRequest::kApi, 13, v13);
    ASSERT_EQ(response.Parse(body13, 13), absl::OkStatus());
    CheckFetchCommon(response, body13);
    EXPECT_EQ(response.topics[0].id, kTopicId);
    EXPECT_EQ(response.partitions[0].preferred_read_replica, 4);
    EXPECT_EQ(response.partitions[1].diverging_epoch, 7);
    EXPECT_EQ(response.partitions[1].diverging_end_offset, 900);
    EXPECT_EQ(response.partitions[1].current_leader_id, 2);
    EXPECT_EQ(response.partitions[1].current_leader_epoch, 11);
  }
}

TEST(ResponsesTest, ProduceIsRead) {
  for (int16_t version : {int16_t{7}, int16_t{8}}) {
    const std::string frame =
        absl::HexStringToBytes(version == 7 ? golden::kProduceResponseV7 : golden::kProduceResponseV8);
    const auto response = ReadGolden<ProduceResponse>(kProduceApi, version, frame);
    EXPECT_EQ(response.throttle_time_ms, 7);
    ASSERT_EQ(response.topics.size(), 1u);
    EXPECT_EQ(response.topics[0].name, "orders");
    ASSERT_EQ(response.topics[0].partitions.size(), 2u);
    const ProduceResponse::Partition& appended = response.topics[0].partitions[0];
    EXPECT_EQ(appended.partition, 2);
    EXPECT_EQ(appended.error_code, 0);
    EXPECT_EQ(appended.base_offset, 4000);
    EXPECT_EQ(appended.log_append_time_ms, -1);
    EXPECT_EQ(appended.log_start_offset, 17);
    const ProduceResponse::Partition& refused = response.topics[0].partitions[1];
    EXPECT_EQ(refused.error_code, 87);
    EXPECT_EQ(refused.base_offset, -1);
    if (version < 8) continue;
    ASSERT_EQ(refused.record_errors.size(), 1u);
    EXPECT_EQ(refused.record_errors[0].record_index, 3);
    EXPECT_EQ(refused.record_errors[0].message, "no key");
    EXPECT_EQ(refused.error_message, "one record is invalid");
  }
}

TEST(ResponsesTest, InitProducerIdIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kInitProducerIdResponseV1);
  const auto response = ReadGolden<InitProducerIdResponse>(InitProducerIdRequest::kApi, 1, frame);
  EXPECT_EQ(response.error_code, 0);
  EXPECT_EQ(response.producer_id, 77);
  EXPECT_EQ(response.producer_epoch, 3);
}

TEST(ResponsesTest, ListOffsetsIsRead) {
  for (int16_t version : {int16_t{2}, int16_t{4}}) {
    const std::string frame =
        absl::HexStringToBytes(version == 2 ? golden::kListOffsetsResponseV2 : golden::kListOffsetsResponseV4);
    const auto response = ReadGolden<ListOffsetsResponse>(ListOffsetsRequest::kApi, version, frame);
    ASSERT_EQ(response.topics.size(), 1u);
    ASSERT_EQ(response.topics[0].partitions.size(), 1u);
    const ListOffsetsResponse::Partition& partition = response.topics[0].partitions[0];
    EXPECT_EQ(partition.partition, 2);
    EXPECT_EQ(partition.timestamp, -1);
    EXPECT_EQ(partition.offset, 1010);
    EXPECT_EQ(partition.leader_epoch, version == 2 ? -1 : 9);
  }
}

TEST(ResponsesTest, OffsetForLeaderEpochIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kOffsetForLeaderEpochResponseV2);
  const auto response = ReadGolden<OffsetForLeaderEpochResponse>(OffsetForLeaderEpochRequest::kApi, 2, frame);
  ASSERT_EQ(response.topics.size(), 1u);
  ASSERT_EQ(response.topics[0].partitions.size(), 1u);
  EXPECT_EQ(response.topics[0].partitions[0].partition, 2);
  EXPECT_EQ(response.topics[0].partitions[0].leader_epoch, 8);
  EXPECT_EQ(response.topics[0].partitions[0].end_offset, 950);
}

TEST(ResponsesTest, CreatePartitionsIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kCreatePartitionsResponseV1);
  const auto response = ReadGolden<CreatePartitionsResponse>(CreatePartitionsRequest::kApi, 1, frame);
  ASSERT_EQ(response.topics.size(), 2u);
  EXPECT_EQ(response.topics[0].name, "orders");
  EXPECT_EQ(response.topics[0].error_code, 0);
  EXPECT_EQ(response.topics[1].error_code, 37);
  EXPECT_EQ(response.topics[1].error_message, "has more already");
}

TEST(ResponsesTest, CreateTopicsIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kCreateTopicsResponseV2);
  const auto response = ReadGolden<CreateTopicsResponse>(CreateTopicsRequest::kApi, 2, frame);
  ASSERT_EQ(response.topics.size(), 2u);
  EXPECT_EQ(response.topics[0].name, "orders");
  EXPECT_EQ(response.topics[0].error_message, std::nullopt);
  EXPECT_EQ(response.topics[1].error_code, 38);
  EXPECT_EQ(response.topics[1].error_message, "too few brokers");
}

TEST(ResponsesTest, DescribeConfigsIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kDescribeConfigsResponseV1);
  const auto response = ReadGolden<DescribeConfigsResponse>(DescribeConfigsRequest::kApi, 1, frame);
  ASSERT_EQ(response.resources.size(), 2u);
  const DescribeConfigsResponse::Resource& orders = response.resources[0];
  EXPECT_EQ(orders.type, ConfigResourceType::kTopic);
  EXPECT_EQ(orders.name, "orders");
  ASSERT_EQ(orders.configs.size(), 2u);
  EXPECT_EQ(orders.configs[0].name, "cleanup.policy");
  EXPECT_EQ(orders.configs[0].value, "compact");
  EXPECT_EQ(orders.configs[0].source, ConfigSource::kTopic);
  EXPECT_EQ(orders.configs[1].value, std::nullopt);
  EXPECT_TRUE(orders.configs[1].read_only);
  EXPECT_TRUE(orders.configs[1].is_sensitive);
  EXPECT_EQ(orders.configs[1].source, ConfigSource::kStaticBroker);
  EXPECT_EQ(response.resources[1].error_code, 29);
  EXPECT_EQ(response.resources[1].error_message, "denied");
  EXPECT_EQ(response.resources[1].type, ConfigResourceType::kBroker);
}

TEST(ResponsesTest, FindCoordinatorIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kFindCoordinatorResponseV2);
  const auto response = ReadGolden<FindCoordinatorResponse>(FindCoordinatorRequest::kApi, 2, frame);
  EXPECT_EQ(response.throttle_time_ms, 7);
  EXPECT_EQ(response.error_code, 15);
  EXPECT_EQ(response.error_message, "not yet");
  EXPECT_EQ(response.node_id, 2);
  EXPECT_EQ(response.host, "two.example");
  EXPECT_EQ(response.port, 9093);
}

TEST(ResponsesTest, JoinGroupIsRead) {
  for (int16_t version : {int16_t{3}, int16_t{5}}) {
    const std::string frame =
        absl::HexStringToBytes(version == 3 ? golden::kJoinGroupResponseV3 : golden::kJoinGroupResponseV5);
    const auto response = ReadGolden<JoinGroupResponse>(JoinGroupRequest::kApi, version, frame);
    EXPECT_EQ(response.throttle_time_ms, 7);
    EXPECT_EQ(response.error_code, 0);
    EXPECT_EQ(response.generation_id, 9);
    EXPECT_EQ(response.protocol_name, "protocol");
    EXPECT_EQ(response.leader, "other");
    EXPECT_EQ(response.member_id, "member");
    ASSERT_EQ(response.members.size(), 2u);
    EXPECT_EQ(response.members[0].member_id, "member");
    EXPECT_EQ(response.members[0].group_instance_id, version == 3 ? std::nullopt : std::make_optional("instance"));
    EXPECT_EQ(response.members[0].metadata, "metadata");
    EXPECT_EQ(response.members[1].member_id, "other");
    EXPECT_EQ(response.members[1].group_instance_id, std::nullopt);
    EXPECT_EQ(response.members[1].metadata, "");
  }
}

TEST(ResponsesTest, SyncGroupIsRead) {
  for (int16_t version : {int16_t{2}, int16_t{3}}) {
    const std::string frame =
        absl::HexStringToBytes(version == 2 ? golden::kSyncGroupResponseV2 : golden::kSyncGroupResponseV3);
    const auto response = ReadGolden<SyncGroupResponse>(SyncGroupRequest::kApi, version, frame);
    EXPECT_EQ(response.throttle_time_ms, 7);
    EXPECT_EQ(response.error_code, 27);
    EXPECT_EQ(response.assignment, "mine");
  }
}

TEST(ResponsesTest, HeartbeatIsRead) {
  for (int16_t version : {int16_t{2}, int16_t{3}}) {
    const std::string frame =
        absl::HexStringToBytes(version == 2 ? golden::kHeartbeatResponseV2 : golden::kHeartbeatResponseV3);
    const auto response = ReadGolden<HeartbeatResponse>(HeartbeatRequest::kApi, version, frame);
    EXPECT_EQ(response.throttle_time_ms, 7);
    EXPECT_EQ(response.error_code, 82);
  }
}

TEST(ResponsesTest, LeaveGroupIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kLeaveGroupResponseV2);
  const auto response = ReadGolden<LeaveGroupResponse>(LeaveGroupRequest::kApi, 2, frame);
  EXPECT_EQ(response.throttle_time_ms, 7);
  EXPECT_EQ(response.error_code, 25);
}

TEST(ResponsesTest, DescribeGroupsIsRead) {
  for (int16_t version : {int16_t{2}, int16_t{4}}) {
    const std::string frame =
        absl::HexStringToBytes(version == 2 ? golden::kDescribeGroupsResponseV2 : golden::kDescribeGroupsResponseV4);
    const auto response = ReadGolden<DescribeGroupsResponse>(DescribeGroupsRequest::kApi, version, frame);
    EXPECT_EQ(response.throttle_time_ms, 7);
    ASSERT_EQ(response.groups.size(), 2u);
    const DescribeGroupsResponse::Group& group = response.groups[0];
    EXPECT_EQ(group.error_code, 0);
    EXPECT_EQ(group.group_id, "group");
    EXPECT_EQ(group.state, "Stable");
    EXPECT_EQ(group.protocol_type, "type");
    ASSERT_EQ(group.members.size(), 1u);
    EXPECT_EQ(group.members[0].member_id, "member");
    EXPECT_EQ(group.members[0].group_instance_id, version == 2 ? std::nullopt : std::make_optional("instance"));
    EXPECT_EQ(group.members[0].client_id, "client");
    EXPECT_EQ(group.members[0].client_host, "/10.0.0.1");
    EXPECT_EQ(group.members[0].metadata, "metadata");
    EXPECT_EQ(group.members[0].assignment, "mine");
    EXPECT_EQ(response.groups[1].error_code, 30);
    EXPECT_TRUE(response.groups[1].members.empty());
  }
}

TEST(ResponsesTest, DescribeProducersIsRead) {
  const auto response = ReadGolden<DescribeProducersResponse>(
      DescribeProducersRequest::kApi, 0, absl::HexStringToBytes(golden::kDescribeProducersResponseV0));
  EXPECT_EQ(response.throttle_time_ms, 7);
  ASSERT_EQ(response.partitions.size(), 2u);
  const DescribeProducersResponse::Partition& orders = response.partitions[0];
  EXPECT_EQ(orders.topic, "orders");
  EXPECT_EQ(orders.partition, 3);
  EXPECT_EQ(orders.error_code, 0);
  ASSERT_EQ(orders.producers.size(), 2u);
  EXPECT_EQ(orders.producers[0].id, 4711);
  EXPECT_EQ(orders.producers[0].epoch, 2);
  EXPECT_EQ(orders.producers[0].last_timestamp_ms, 1700000000000);
  EXPECT_EQ(orders.producers[0].transaction_start, 1234);
  EXPECT_EQ(orders.producers[1].transaction_start, -1);
  EXPECT_EQ(response.partitions[1].topic, "payments");
  EXPECT_EQ(response.partitions[1].error_code, 29);
  EXPECT_TRUE(response.partitions[1].producers.empty());
}

struct DamageCase {
  std::string_view hex;
  std::function<absl::Status(std::string_view frame)> read;
};

template <typename Response>
DamageCase Case(const ApiSpec& api, int16_t version, std::string_view hex) {
  return {hex, [api, version](std::string_view frame) { return ReadFrame<Response>(api, version, frame).status(); }};
}

std::vector<DamageCase> AllResponses() {
  return {
      Case<ApiVersionsResponse>(ApiVersionsRequest::kApi, 0, golden::kApiVersionsResponseV0),
      Case<MetadataResponse>(MetadataRequest::kApi, 5, golden::kMetadataResponseV5),
      Case<MetadataResponse>(MetadataRequest::kApi, 7, golden::kMetadataResponseV7),
      Case<MetadataResponse>(MetadataRequest::kApi, 9, golden::kMetadataResponseV9),
      Case<MetadataResponse>(MetadataRequest::kApi, 10, golden::kMetadataResponseV10),
      Case<FetchResponse>(FetchRequest::kApi, 7, golden::kFetchResponseV7),
      Case<FetchResponse>(FetchRequest::kApi, 10, golden::kFetchResponseV10),
      Case<FetchResponse>(FetchRequest::kApi, 13, golden::kFetchResponseV13),
      Case<ProduceResponse>(kProduceApi, 7, golden::kProduceResponseV7),
      Case<ProduceResponse>(kProduceApi, 8, golden::kProduceResponseV8),
      Case<InitProducerIdResponse>(InitProducerIdRequest::kApi, 1, golden::kInitProducerIdResponseV1),
      Case<ListOffsetsResponse>(ListOffsetsRequest::kApi, 2, golden::kListOffsetsResponseV2),
      Case<ListOffsetsResponse>(ListOffsetsRequest::kApi, 4, golden::kListOffsetsResponseV4),
      Case<OffsetForLeaderEpochResponse>(OffsetForLeaderEpochRequest::kApi, 2, golden::kOffsetForLeaderEpochResponseV2),
      Case<CreatePartitionsResponse>(CreatePartitionsRequest::kApi, 1, golden::kCreatePartitionsResponseV1),
      Case<CreateTopicsResponse>(CreateTopicsRequest::kApi, 2, golden::kCreateTopicsResponseV2),
      Case<CreateTopicsResponse>(CreateTopicsRequest::kApi, 4, golden::kCreateTopicsResponseV4),
      Case<DescribeConfigsResponse>(DescribeConfigsRequest::kApi, 1, golden::kDescribeConfigsResponseV1),
      Case<FindCoordinatorResponse>(FindCoordinatorRequest::kApi, 2, golden::kFindCoordinatorResponseV2),
      Case<JoinGroupResponse>(JoinGroupRequest::kApi, 3, golden::kJoinGroupResponseV3),
      Case<JoinGroupResponse>(JoinGroupRequest::kApi, 5, golden::kJoinGroupResponseV5),
      Case<SyncGroupResponse>(SyncGroupRequest::kApi, 2, golden::kSyncGroupResponseV2),
      Case<SyncGroupResponse>(SyncGroupRequest::kApi, 3, golden::kSyncGroupResponseV3),
      Case<HeartbeatResponse>(HeartbeatRequest::kApi, 2, golden::kHeartbeatResponseV2),
      Case<HeartbeatResponse>(HeartbeatRequest::kApi, 3, golden::kHeartbeatResponseV3),
      Case<LeaveGroupResponse>(LeaveGroupRequest::kApi, 2, golden::kLeaveGroupResponseV2),
      Case<DescribeGroupsResponse>(DescribeGroupsRequest::kApi, 2, golden::kDescribeGroupsResponseV2),
      Case<DescribeGroupsResponse>(DescribeGroupsRequest::kApi, 4, golden::kDescribeGroupsResponseV4),
      Case<DescribeProducersResponse>(DescribeProducersRequest::kApi, 0, golden::kDescribeProducersResponseV0),
  };
}

TEST(ResponsesTest, EveryTruncationAndEveryLeftOverByteIsAnError) {
  for (const DamageCase& damage : AllResponses()) {
    const std::string frame = absl::HexStringToBytes(damage.hex);
    EXPECT_TRUE(damage.read(frame).ok());
    for (size_t size = 0; size < frame.size(); ++size) {
      const std::string cut(frame, 0, size);  // A copy of its own, so that sanitizers see its end.
      EXPECT_EQ(damage.read(cut).code(), absl::StatusCode::kInvalidArgument) << damage.hex << " cut to " << size;
    }
    EXPECT_EQ(damage.read(frame + '\0').code(), absl::StatusCode::kInvalidArgument) << damage.hex;
  }
}

TEST(ResponsesTest, RandomBytesNeverCrash) {
  std::mt19937_64 random(2);
  const std::vector<DamageCase> cases = AllResponses();
  for (int round = 0; round < 20000; ++round) {
    std::string garbage(random() % 200, '\0');
    // Small values more often than large ones, so that counts and lengths look plausible.
    for (char& byte : garbage) byte = static_cast<char>(random() % 4 == 0 ? random() : random() % 3);
    const absl::Status status = cases[random() % cases.size()].read(garbage);
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kInvalidArgument) << status;
  }
}

}  // namespace
}  // namespace replicator::kafka
