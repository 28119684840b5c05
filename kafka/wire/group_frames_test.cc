// The frames of groups and of transactions, byte for byte against what Kafka's own classes write and read.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "kafka/wire/add_partitions_to_txn.h"
#include "kafka/wire/consumer_group_describe.h"
#include "kafka/wire/describe_groups.h"
#include "kafka/wire/end_txn.h"
#include "kafka/wire/find_coordinator.h"
#include "kafka/wire/frame_testing.h"
#include "kafka/wire/heartbeat.h"
#include "kafka/wire/init_producer_id.h"
#include "kafka/wire/join_group.h"
#include "kafka/wire/leave_group.h"
#include "kafka/wire/list_groups.h"
#include "kafka/wire/offset_commit.h"
#include "kafka/wire/offset_fetch.h"
#include "kafka/wire/produce.h"
#include "kafka/wire/sync_group.h"
#include "kafka/wire/testdata/golden_frames.h"

namespace replicator::kafka {
namespace {

using Frames = std::vector<std::pair<int16_t, std::string_view>>;

template <typename Request>
void ExpectAsKafkaWritesIt(const Request& request, const Frames& frames) {
  for (const auto& [version, hex] : frames) EXPECT_EQ(Hex(request, version), hex) << "v" << version;
}

// Reads each frame, and has `check` look at it.
template <typename Request, typename Check>
void ExpectRead(const Frames& frames, Check check) {
  for (const auto& [version, hex] : frames) {
    SCOPED_TRACE(version);
    const std::string frame = absl::HexStringToBytes(hex);
    const auto response = ReadGolden<typename Request::Response>(Request::kApi, version, frame);
    EXPECT_EQ(response.throttle_time_ms, 7);
    check(response, version);
  }
}

TEST(GroupFramesTest, FindCoordinatorIsAsKafkaWritesIt) {
  const FindCoordinatorRequest one{.type = CoordinatorType::kGroup, .keys = {"group"}};
  ExpectAsKafkaWritesIt(one, {{1, golden::kFindCoordinatorRequestV1}, {2, golden::kFindCoordinatorRequestV2}});
  const FindCoordinatorRequest many{.type = CoordinatorType::kTransaction, .keys = {"one", "two"}};
  ExpectAsKafkaWritesIt(many, {{4, golden::kFindCoordinatorRequestV4}});
}

TEST(GroupFramesTest, FindCoordinatorIsRead) {
  ExpectRead<FindCoordinatorRequest>({{1, golden::kFindCoordinatorResponseV1}, {2, golden::kFindCoordinatorResponseV2}},
                                     [](const FindCoordinatorResponse& response, int16_t) {
                                       ASSERT_EQ(response.coordinators.size(), 1u);
                                       const FindCoordinatorResponse::Coordinator& only = response.coordinators[0];
                                       EXPECT_EQ(only.key, "");
                                       EXPECT_EQ(only.error_code, 15);
                                       EXPECT_EQ(only.error_message, "not yet");
                                       EXPECT_EQ(only.node_id, 2);
                                       EXPECT_EQ(only.host, "two.example");
                                       EXPECT_EQ(only.port, 9093);
                                     });
  ExpectRead<FindCoordinatorRequest>({{4, golden::kFindCoordinatorResponseV4}},
                                     [](const FindCoordinatorResponse& response, int16_t) {
                                       ASSERT_EQ(response.coordinators.size(), 2u);
                                       EXPECT_EQ(response.coordinators[0].key, "one");
                                       EXPECT_EQ(response.coordinators[0].error_code, 15);
                                       EXPECT_EQ(response.coordinators[0].error_message, "not yet");
                                       EXPECT_EQ(response.coordinators[0].node_id, -1);
                                       EXPECT_EQ(response.coordinators[1].key, "two");
                                       EXPECT_EQ(response.coordinators[1].error_code, 0);
                                       EXPECT_EQ(response.coordinators[1].error_message, std::nullopt);
                                       EXPECT_EQ(response.coordinators[1].node_id, 2);
                                       EXPECT_EQ(response.coordinators[1].host, "two.example");
                                       EXPECT_EQ(response.coordinators[1].port, 9093);
                                     });
}

TEST(GroupFramesTest, JoinGroupIsAsKafkaWritesIt) {
  JoinGroupRequest request;
  request.group_id = "group";
  request.session_timeout_ms = 10000;
  request.rebalance_timeout_ms = 5000;
  request.member_id = "member";
  request.group_instance_id = "instance";
  request.protocol_type = "type";
  request.protocols = {{"protocol", "metadata"}};
  ExpectAsKafkaWritesIt(
      request, {{2, golden::kJoinGroupRequestV2}, {3, golden::kJoinGroupRequestV3}, {5, golden::kJoinGroupRequestV5}});
}

TEST(GroupFramesTest, ADynamicMemberHasNoInstanceId) {
  JoinGroupRequest request;
  request.group_id = request.member_id = request.protocol_type = "x";
  EXPECT_TRUE(absl::StrContains(Hex(request, 5), "000178ffff000178")) << "member id, null, protocol type";
}

const Frames kJoinGroupResponses = {
    {2, golden::kJoinGroupResponseV2}, {3, golden::kJoinGroupResponseV3}, {5, golden::kJoinGroupResponseV5}};

TEST(GroupFramesTest, JoinGroupIsRead) {
  ExpectRead<JoinGroupRequest>(kJoinGroupResponses, [](const JoinGroupResponse& response, int16_t version) {
    EXPECT_EQ(response.error_code, 0);
    EXPECT_EQ(response.generation_id, 9);
    EXPECT_EQ(response.protocol_name, "protocol");
    EXPECT_EQ(response.leader, "other");
    EXPECT_EQ(response.member_id, "member");
    ASSERT_EQ(response.members.size(), 2u);
    EXPECT_EQ(response.members[0].member_id, "member");
    EXPECT_EQ(response.members[0].group_instance_id, version < 5 ? std::nullopt : std::make_optional("instance"));
    EXPECT_EQ(response.members[0].metadata, "metadata");
    EXPECT_EQ(response.members[1].member_id, "other");
    EXPECT_EQ(response.members[1].group_instance_id, std::nullopt);
    EXPECT_EQ(response.members[1].metadata, "");
  });
}

TEST(GroupFramesTest, SyncGroupIsAsKafkaWritesIt) {
  SyncGroupRequest request;
  request.group_id = "group";
  request.generation_id = 7;
  request.member_id = "member";
  request.group_instance_id = "instance";
  request.assignments = {{"member", "mine"}, {"other", "yours"}};
  ExpectAsKafkaWritesIt(
      request, {{1, golden::kSyncGroupRequestV1}, {2, golden::kSyncGroupRequestV2}, {3, golden::kSyncGroupRequestV3}});
}

const Frames kSyncGroupResponses = {
    {1, golden::kSyncGroupResponseV1}, {2, golden::kSyncGroupResponseV2}, {3, golden::kSyncGroupResponseV3}};

TEST(GroupFramesTest, SyncGroupIsRead) {
  ExpectRead<SyncGroupRequest>(kSyncGroupResponses, [](const SyncGroupResponse& response, int16_t) {
    EXPECT_EQ(response.error_code, 27);
    EXPECT_EQ(response.assignment, "mine");
  });
}

TEST(GroupFramesTest, HeartbeatIsAsKafkaWritesIt) {
  HeartbeatRequest request;
  request.group_id = "group";
  request.generation_id = 7;
  request.member_id = "member";
  request.group_instance_id = "instance";
  ExpectAsKafkaWritesIt(
      request, {{1, golden::kHeartbeatRequestV1}, {2, golden::kHeartbeatRequestV2}, {3, golden::kHeartbeatRequestV3}});
}

const Frames kHeartbeatResponses = {
    {1, golden::kHeartbeatResponseV1}, {2, golden::kHeartbeatResponseV2}, {3, golden::kHeartbeatResponseV3}};

TEST(GroupFramesTest, HeartbeatIsRead) {
  ExpectRead<HeartbeatRequest>(kHeartbeatResponses,
                               [](const HeartbeatResponse& response, int16_t) { EXPECT_EQ(response.error_code, 82); });
}

TEST(GroupFramesTest, LeaveGroupIsAsKafkaWritesIt) {
  const LeaveGroupRequest one{.group_id = "group", .members = {{.member_id = "member"}}};
  ExpectAsKafkaWritesIt(one, {{1, golden::kLeaveGroupRequestV1}, {2, golden::kLeaveGroupRequestV2}});
  const LeaveGroupRequest many{.group_id = "group",
                               .members = {{.member_id = "member"}, {.group_instance_id = "instance"}}};
  ExpectAsKafkaWritesIt(many, {{3, golden::kLeaveGroupRequestV3}});
}

TEST(GroupFramesTest, LeaveGroupIsRead) {
  ExpectRead<LeaveGroupRequest>({{1, golden::kLeaveGroupResponseV1}, {2, golden::kLeaveGroupResponseV2}},
                                [](const LeaveGroupResponse& response, int16_t) {
                                  EXPECT_EQ(response.FirstError(), 25);
                                  EXPECT_TRUE(response.members.empty());
                                });
  ExpectRead<LeaveGroupRequest>({{3, golden::kLeaveGroupResponseV3}}, [](const LeaveGroupResponse& response, int16_t) {
    EXPECT_EQ(response.error_code, 0);
    EXPECT_EQ(response.FirstError(), 25);
    ASSERT_EQ(response.members.size(), 2u);
    EXPECT_EQ(response.members[0].member_id, "member");
    EXPECT_EQ(response.members[0].group_instance_id, std::nullopt);
    EXPECT_EQ(response.members[0].error_code, 0);
    EXPECT_EQ(response.members[1].group_instance_id, "instance");
    EXPECT_EQ(response.members[1].error_code, 25);
  });
}

TEST(GroupFramesTest, DescribeGroupsIsAsKafkaWritesIt) {
  const DescribeGroupsRequest request{.group_ids = {"group", "other"}};
  ExpectAsKafkaWritesIt(request, {{1, golden::kDescribeGroupsRequestV1},
                                  {2, golden::kDescribeGroupsRequestV2},
                                  {4, golden::kDescribeGroupsRequestV4}});
}

const Frames kDescribeGroupsResponses = {{1, golden::kDescribeGroupsResponseV1},
                                         {2, golden::kDescribeGroupsResponseV2},
                                         {4, golden::kDescribeGroupsResponseV4}};

TEST(GroupFramesTest, DescribeGroupsIsRead) {
  ExpectRead<DescribeGroupsRequest>(
      kDescribeGroupsResponses, [](const DescribeGroupsResponse& response, int16_t version) {
        ASSERT_EQ(response.groups.size(), 2u);
        const DescribeGroupsResponse::Group& group = response.groups[0];
        EXPECT_EQ(group.error_code, 0);
        EXPECT_EQ(group.group_id, "group");
        EXPECT_EQ(group.state, "Stable");
        EXPECT_EQ(group.protocol_type, "type");
        ASSERT_EQ(group.members.size(), 1u);
        EXPECT_EQ(group.members[0].member_id, "member");
        EXPECT_EQ(group.members[0].group_instance_id, version < 4 ? std::nullopt : std::make_optional("instance"));
        EXPECT_EQ(group.members[0].client_id, "client");
        EXPECT_EQ(group.members[0].client_host, "/10.0.0.1");
        EXPECT_EQ(group.members[0].metadata, "metadata");
        EXPECT_EQ(group.members[0].assignment, "mine");
        EXPECT_EQ(response.groups[1].error_code, 30);
        EXPECT_TRUE(response.groups[1].members.empty());
      });
}

TEST(GroupFramesTest, ListGroupsIsAsKafkaWritesIt) {
  ExpectAsKafkaWritesIt(
      ListGroupsRequest(),
      {{1, golden::kListGroupsRequestV1}, {4, golden::kListGroupsRequestV4}, {5, golden::kListGroupsRequestV5}});
}

const Frames kListGroupsResponses = {
    {1, golden::kListGroupsResponseV1}, {4, golden::kListGroupsResponseV4}, {5, golden::kListGroupsResponseV5}};

TEST(GroupFramesTest, ListGroupsIsRead) {
  ExpectRead<ListGroupsRequest>(kListGroupsResponses, [](const ListGroupsResponse& response, int16_t version) {
    EXPECT_EQ(response.error_code, 14);
    ASSERT_EQ(response.groups.size(), 2u);
    EXPECT_EQ(response.groups[0].group_id, "group");
    EXPECT_EQ(response.groups[0].protocol_type, "consumer");
    EXPECT_EQ(response.groups[0].state, version < 4 ? "" : "Stable");
    EXPECT_EQ(response.groups[0].type, version < 5 ? "" : "consumer");
    EXPECT_EQ(response.groups[1].group_id, "other");
    EXPECT_EQ(response.groups[1].protocol_type, "");
    EXPECT_EQ(response.groups[1].state, version < 4 ? "" : "Empty");
    EXPECT_EQ(response.groups[1].type, version < 5 ? "" : "classic");
  });
}

TEST(GroupFramesTest, ConsumerGroupDescribeIsAsKafkaWritesIt) {
  const ConsumerGroupDescribeRequest request{.group_ids = {"group", "other"}};
  ExpectAsKafkaWritesIt(request, {{0, golden::kConsumerGroupDescribeRequestV0}});
}

TEST(GroupFramesTest, ConsumerGroupDescribeIsRead) {
  ExpectRead<ConsumerGroupDescribeRequest>(
      {{0, golden::kConsumerGroupDescribeResponseV0}}, [](const ConsumerGroupDescribeResponse& response, int16_t) {
        ASSERT_EQ(response.groups.size(), 2u);
        const ConsumerGroupDescribeResponse::Group& group = response.groups[0];
        EXPECT_EQ(group.error_code, 0);
        EXPECT_EQ(group.group_id, "group");
        EXPECT_EQ(group.state, "Reconciling");
        ASSERT_EQ(group.members.size(), 2u);
        EXPECT_EQ(group.members[0].member_id, "member");
        EXPECT_EQ(group.members[0].instance_id, "instance");
        EXPECT_EQ(group.members[0].client_id, "client");
        EXPECT_EQ(group.members[0].client_host, "/10.0.0.1");
        EXPECT_EQ(group.members[0].subscribed_topics, (std::vector<std::string>{"orders", "payments"}));
        EXPECT_EQ(group.members[0].subscribed_regex, "");
        EXPECT_EQ(group.members[1].member_id, "second");
        EXPECT_EQ(group.members[1].instance_id, std::nullopt);
        EXPECT_EQ(group.members[1].client_host, "/10.0.0.2");
        EXPECT_TRUE(group.members[1].subscribed_topics.empty());
        EXPECT_EQ(group.members[1].subscribed_regex, "o.*");
        EXPECT_EQ(response.groups[1].error_code, 69);
        EXPECT_EQ(response.groups[1].error_message, "not a consumer group");
      });
}

TEST(GroupFramesTest, OffsetFetchIsAsKafkaWritesIt) {
  const OffsetFetchRequest one{.group_ids = {"group"}, .require_stable = true};
  ExpectAsKafkaWritesIt(one, {{3, golden::kOffsetFetchRequestV3}, {7, golden::kOffsetFetchRequestV7}});
  const OffsetFetchRequest many{.group_ids = {"group", "other"}, .require_stable = true};
  ExpectAsKafkaWritesIt(many, {{8, golden::kOffsetFetchRequestV8}});
}

void CheckFetched(const OffsetFetchResponse::Group& group, int16_t version) {
  ASSERT_EQ(group.topics.size(), 1u);
  EXPECT_EQ(group.topics[0].name, "orders");
  ASSERT_EQ(group.topics[0].partitions.size(), 2u);
  const OffsetFetchResponse::Partition& committed = group.topics[0].partitions[0];
  EXPECT_EQ(committed.partition, 2);
  EXPECT_EQ(committed.offset, 0) << "0 is a position";
  EXPECT_EQ(committed.leader_epoch, version < 5 ? -1 : 9);
  EXPECT_EQ(committed.metadata, "note");
  EXPECT_EQ(committed.error_code, 0);
  const OffsetFetchResponse::Partition& unstable = group.topics[0].partitions[1];
  EXPECT_EQ(unstable.partition, 3);
  EXPECT_EQ(unstable.offset, -1);
  EXPECT_EQ(unstable.metadata, std::nullopt);
  EXPECT_EQ(unstable.error_code, 88);
}

TEST(GroupFramesTest, OffsetFetchIsRead) {
  ExpectRead<OffsetFetchRequest>({{3, golden::kOffsetFetchResponseV3}, {7, golden::kOffsetFetchResponseV7}},
                                 [](const OffsetFetchResponse& response, int16_t version) {
                                   ASSERT_EQ(response.groups.size(), 1u);
                                   EXPECT_EQ(response.groups[0].group_id, "");
                                   EXPECT_EQ(response.groups[0].error_code, 16);
                                   CheckFetched(response.groups[0], version);
                                 });
  ExpectRead<OffsetFetchRequest>({{8, golden::kOffsetFetchResponseV8}},
                                 [](const OffsetFetchResponse& response, int16_t version) {
                                   ASSERT_EQ(response.groups.size(), 2u);
                                   EXPECT_EQ(response.groups[0].group_id, "group");
                                   EXPECT_EQ(response.groups[0].error_code, 0);
                                   CheckFetched(response.groups[0], version);
                                   EXPECT_EQ(response.groups[1].group_id, "other");
                                   EXPECT_EQ(response.groups[1].error_code, 30);
                                   EXPECT_TRUE(response.groups[1].topics.empty());
                                 });
}

TEST(GroupFramesTest, OffsetCommitIsAsKafkaWritesIt) {
  const OffsetCommitRequest request{
      .group_id = "group",
      .topics = {{.name = "orders",
                  .partitions = {{.partition = 2, .offset = 0, .metadata = "note"}, {.partition = 3, .offset = 41}}}}};
  ExpectAsKafkaWritesIt(request, {{3, golden::kOffsetCommitRequestV3}, {6, golden::kOffsetCommitRequestV6}});
}

const Frames kOffsetCommitResponses = {{3, golden::kOffsetCommitResponseV3}, {6, golden::kOffsetCommitResponseV6}};

TEST(GroupFramesTest, OffsetCommitIsRead) {
  ExpectRead<OffsetCommitRequest>(kOffsetCommitResponses, [](const OffsetCommitResponse& response, int16_t) {
    ASSERT_EQ(response.topics.size(), 1u);
    EXPECT_EQ(response.topics[0].name, "orders");
    ASSERT_EQ(response.topics[0].partitions.size(), 2u);
    EXPECT_EQ(response.topics[0].partitions[0].partition, 2);
    EXPECT_EQ(response.topics[0].partitions[0].error_code, 0);
    EXPECT_EQ(response.topics[0].partitions[1].partition, 3);
    EXPECT_EQ(response.topics[0].partitions[1].error_code, 25);
  });
}

TEST(GroupFramesTest, TransactionalInitProducerIdIsAsKafkaWritesIt) {
  const InitProducerIdRequest request{.transactional_id = "txn", .transaction_timeout_ms = 10000};
  EXPECT_EQ(Hex(request, 1), golden::kInitProducerIdRequestV1Transactional);
}

TEST(GroupFramesTest, AddPartitionsToTxnIsAsKafkaWritesIt) {
  const AddPartitionsToTxnRequest request{.transactional_id = "txn",
                                          .producer_id = 77,
                                          .producer_epoch = 3,
                                          .topics = {{"orders", {2, 3}}, {"payments", {0}}}};
  EXPECT_EQ(Hex(request, 1), golden::kAddPartitionsToTxnRequestV1);
}

TEST(GroupFramesTest, AddPartitionsToTxnIsRead) {
  ExpectRead<AddPartitionsToTxnRequest>({{1, golden::kAddPartitionsToTxnResponseV1}},
                                        [](const AddPartitionsToTxnResponse& response, int16_t) {
                                          ASSERT_EQ(response.topics.size(), 1u);
                                          EXPECT_EQ(response.topics[0].name, "orders");
                                          ASSERT_EQ(response.topics[0].partitions.size(), 2u);
                                          EXPECT_EQ(response.topics[0].partitions[0].partition, 2);
                                          EXPECT_EQ(response.topics[0].partitions[0].error_code, 55);
                                          EXPECT_EQ(response.topics[0].partitions[1].partition, 3);
                                          EXPECT_EQ(response.topics[0].partitions[1].error_code, 47);
                                        });
}

TEST(GroupFramesTest, EndTxnIsAsKafkaWritesIt) {
  const EndTxnRequest request{.transactional_id = "txn", .producer_id = 77, .producer_epoch = 3, .commit = true};
  EXPECT_EQ(Hex(request, 1), golden::kEndTxnRequestV1);
}

TEST(GroupFramesTest, EndTxnIsRead) {
  ExpectRead<EndTxnRequest>({{1, golden::kEndTxnResponseV1}},
                            [](const EndTxnResponse& response, int16_t) { EXPECT_EQ(response.error_code, 51); });
}

TEST(GroupFramesTest, ATransactionalProduceRequestIsAsKafkaWritesIt) {
  const std::string batch = absl::HexStringToBytes(golden::kBatchTransactionalNone);
  ProduceRequestBuilder builder;
  builder.Begin(8, kGoldenCorrelationId, kGoldenClientId, kAcksAll, 30000, "txn");
  ASSERT_TRUE(builder.AddPartition("orders", 2, batch));
  std::string frame;
  for (const iovec& piece : builder.Finish()) frame.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  EXPECT_EQ(absl::BytesToHexString(frame), golden::kProduceRequestV8Transactional);
}

template <typename Request>
void AddCases(const Frames& frames, std::vector<DamageCase>& cases) {
  for (const auto& [version, hex] : frames)
    cases.push_back(Damage<typename Request::Response>(Request::kApi, version, hex));
}

std::vector<DamageCase> AllResponses() {
  std::vector<DamageCase> cases;
  AddCases<FindCoordinatorRequest>({{1, golden::kFindCoordinatorResponseV1},
                                    {2, golden::kFindCoordinatorResponseV2},
                                    {4, golden::kFindCoordinatorResponseV4}},
                                   cases);
  AddCases<JoinGroupRequest>(kJoinGroupResponses, cases);
  AddCases<SyncGroupRequest>(kSyncGroupResponses, cases);
  AddCases<HeartbeatRequest>(kHeartbeatResponses, cases);
  AddCases<LeaveGroupRequest>(
      {{1, golden::kLeaveGroupResponseV1}, {2, golden::kLeaveGroupResponseV2}, {3, golden::kLeaveGroupResponseV3}},
      cases);
  AddCases<DescribeGroupsRequest>(kDescribeGroupsResponses, cases);
  AddCases<ListGroupsRequest>(kListGroupsResponses, cases);
  AddCases<ConsumerGroupDescribeRequest>({{0, golden::kConsumerGroupDescribeResponseV0}}, cases);
  AddCases<OffsetFetchRequest>(
      {{3, golden::kOffsetFetchResponseV3}, {7, golden::kOffsetFetchResponseV7}, {8, golden::kOffsetFetchResponseV8}},
      cases);
  AddCases<OffsetCommitRequest>(kOffsetCommitResponses, cases);
  AddCases<AddPartitionsToTxnRequest>({{1, golden::kAddPartitionsToTxnResponseV1}}, cases);
  AddCases<EndTxnRequest>({{1, golden::kEndTxnResponseV1}}, cases);
  return cases;
}

TEST(GroupFramesTest, EveryTruncationAndEveryLeftOverByteIsAnError) { ExpectEveryTruncationIsAnError(AllResponses()); }

TEST(GroupFramesTest, RandomBytesNeverCrash) { ExpectRandomBytesNeverCrash(AllResponses()); }

}  // namespace
}  // namespace replicator::kafka
