#include "kafka/wire/versions.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"

namespace replicator::kafka {
namespace {

// As a broker of Kafka 1.1 answers (its ApiKeys, read).
ApiVersionsResponse Broker11() {
  ApiVersionsResponse response;
  response.apis = {{0, 0, 5},  {1, 0, 7},  {2, 0, 2},  {3, 0, 5},  {18, 0, 1}, {19, 0, 2}, {22, 0, 0},
                   {23, 0, 0}, {32, 0, 1}, {37, 0, 0}, {10, 0, 1}, {11, 0, 2}, {12, 0, 1}, {13, 0, 1},
                   {14, 0, 1}, {15, 0, 1}, {8, 0, 3},  {9, 0, 3},  {16, 0, 1}, {24, 0, 0}, {26, 0, 0}};
  return response;
}

// As a broker of Kafka 2.1 answers (its ApiKeys, read).
ApiVersionsResponse Broker21() {
  ApiVersionsResponse response;
  response.apis = {{0, 0, 7},  {1, 0, 10}, {2, 0, 4},  {3, 0, 7},  {18, 0, 2}, {19, 0, 3}, {22, 0, 1},
                   {23, 0, 2}, {32, 0, 2}, {37, 0, 1}, {10, 0, 2}, {11, 0, 3}, {12, 0, 2}, {13, 0, 2},
                   {14, 0, 2}, {15, 0, 2}, {8, 0, 6},  {9, 0, 5},  {16, 0, 2}, {24, 0, 1}, {26, 0, 1}};
  return response;
}

// As a broker of Kafka 4.3 answers.
ApiVersionsResponse Broker43() {
  ApiVersionsResponse response;
  response.apis = {{0, 0, 13}, {1, 4, 18}, {2, 1, 11}, {3, 0, 13}, {18, 0, 4}, {19, 2, 7}, {22, 0, 6}, {23, 2, 4},
                   {32, 1, 4}, {37, 0, 3}, {92, 0, 0}, {10, 0, 6}, {11, 0, 9}, {12, 0, 4}, {13, 0, 5}, {14, 0, 5},
                   {15, 0, 6}, {8, 2, 10}, {9, 1, 10}, {16, 0, 5}, {24, 0, 5}, {26, 0, 5}, {69, 0, 1}};
  return response;
}

TEST(NegotiatedVersionsTest, AnOldBrokerGetsTheLowVersions) {
  const auto versions = NegotiatedVersions::Choose(Broker21(), BrokerUse::kProduce);
  ASSERT_TRUE(versions.ok()) << versions.status();
  EXPECT_EQ(versions->For(ApiKey::kProduce), 7);
  EXPECT_EQ(versions->For(ApiKey::kFetch), 10);
  EXPECT_EQ(versions->For(ApiKey::kListOffsets), 4);
  EXPECT_EQ(versions->For(ApiKey::kMetadata), 7);
  EXPECT_EQ(versions->For(ApiKey::kApiVersions), 0);
  EXPECT_EQ(versions->For(ApiKey::kCreateTopics), 2);
  EXPECT_EQ(versions->Fetch(/*by_topic_id=*/false), 10);
  EXPECT_EQ(versions->For(ApiKey::kJoinGroup), 3) << "no static members before 2.3";
  EXPECT_EQ(versions->For(ApiKey::kHeartbeat), 2);
  EXPECT_EQ(versions->For(ApiKey::kOffsetFetch), 3) << "which cannot wait for open transactions";
  EXPECT_EQ(versions->For(ApiKey::kOffsetCommit), 6);
  EXPECT_FALSE(versions->Serves(ApiKey::kConsumerGroupDescribe));
}

TEST(NegotiatedVersionsTest, ANewBrokerGetsTheHighVersions) {
  const auto versions = NegotiatedVersions::Choose(Broker43(), BrokerUse::kProduce);
  ASSERT_TRUE(versions.ok()) << versions.status();
  EXPECT_EQ(versions->For(ApiKey::kProduce), 8);
  EXPECT_EQ(versions->For(ApiKey::kFetch), 13);
  EXPECT_EQ(versions->For(ApiKey::kMetadata), 10);
  EXPECT_EQ(versions->For(ApiKey::kCreateTopics), 4);
  EXPECT_EQ(versions->For(ApiKey::kOffsetForLeaderEpoch), 2);
  EXPECT_EQ(versions->For(ApiKey::kDescribeConfigs), 1);
  EXPECT_EQ(versions->For(ApiKey::kFindCoordinator), 4);
  EXPECT_EQ(versions->For(ApiKey::kJoinGroup), 5);
  EXPECT_EQ(versions->For(ApiKey::kListGroups), 5);
  EXPECT_EQ(versions->For(ApiKey::kConsumerGroupDescribe), 0);
  EXPECT_EQ(versions->For(ApiKey::kOffsetFetch), 8);
  EXPECT_EQ(versions->For(ApiKey::kOffsetCommit), 6);
  EXPECT_EQ(versions->For(ApiKey::kAddPartitionsToTxn), 1);
  EXPECT_EQ(versions->For(ApiKey::kEndTxn), 1);
  EXPECT_EQ(versions->For(ApiKey::kDescribeGroups), 4);
  EXPECT_EQ(versions->Fetch(/*by_topic_id=*/true), 13);
  EXPECT_EQ(versions->Fetch(/*by_topic_id=*/false), 10);
}

TEST(NegotiatedVersionsTest, ABrokerBetweenGetsTheLowOneOfAGap) {
  ApiVersionsResponse response = Broker21();
  response.apis[1].version_max = 12;  // Fetch of Kafka 2.7 to 3.0.
  const auto versions = NegotiatedVersions::Choose(response, BrokerUse::kProduce);
  ASSERT_TRUE(versions.ok()) << versions.status();
  EXPECT_EQ(versions->For(ApiKey::kFetch), 10);
}

TEST(NegotiatedVersionsTest, EachApiWithoutACommonVersionIsNamedWithBothRanges) {
  ApiVersionsResponse response = Broker43();
  response.apis[1] = {1, 14, 20};
  response.apis[3] = {3, 0, 4};
  response.apis.erase(response.apis.begin() + 6);
  const absl::Status status = NegotiatedVersions::Choose(response, BrokerUse::kProduce).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status.message(), "Fetch (broker: v14 to v20; needed: v7 or v10 or v13)")) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "Metadata (broker: v0 to v4; needed: v5 or v7 or v9 or v10)"))
      << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "InitProducerId (broker: not served; needed: v1)")) << status;
  EXPECT_FALSE(absl::StrContains(status.message(), "Produce (")) << status;
}

TEST(NegotiatedVersionsTest, AnErrorAnswerIsAnError) {
  ApiVersionsResponse response = Broker43();
  response.error_code = 35;
  EXPECT_FALSE(NegotiatedVersions::Choose(response, BrokerUse::kProduce).ok());
}

TEST(NegotiatedVersionsTest, ABrokerOf11CanBeASourceOnly) {
  const auto versions = NegotiatedVersions::Choose(Broker11(), BrokerUse::kConsume);
  ASSERT_TRUE(versions.ok()) << versions.status();
  EXPECT_EQ(versions->Fetch(/*by_topic_id=*/false), 7);
  EXPECT_EQ(versions->For(ApiKey::kListOffsets), 2);
  EXPECT_EQ(versions->For(ApiKey::kMetadata), 5);
  EXPECT_FALSE(versions->Serves(ApiKey::kOffsetForLeaderEpoch));
  EXPECT_FALSE(versions->Serves(ApiKey::kProduce));
  EXPECT_EQ(versions->For(ApiKey::kJoinGroup), 2) << "a group of a source can be held";
  EXPECT_EQ(versions->For(ApiKey::kFindCoordinator), 1);
  EXPECT_EQ(versions->For(ApiKey::kOffsetFetch), 3);
  EXPECT_EQ(versions->For(ApiKey::kOffsetCommit), 3);
  EXPECT_FALSE(versions->Serves(ApiKey::kEndTxn));
  const absl::Status status = NegotiatedVersions::Choose(Broker11(), BrokerUse::kProduce).status();
  EXPECT_TRUE(absl::StrContains(status.message(), "Produce (broker: v0 to v5; needed: v7 or v8)")) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "Kafka 2.1 or newer")) << status;
}

TEST(NegotiatedVersionsTest, ASourceWithoutGroupsCanBeCopied) {
  ApiVersionsResponse response = Broker11();
  std::erase_if(response.apis, [](const auto& api) { return api.api_key >= 8 && api.api_key <= 16; });
  const auto versions = NegotiatedVersions::Choose(response, BrokerUse::kConsume);
  ASSERT_TRUE(versions.ok()) << versions.status();
  EXPECT_FALSE(versions->Serves(ApiKey::kListGroups));
  EXPECT_FALSE(versions->Serves(ApiKey::kOffsetFetch));
}

TEST(NegotiatedVersionsTest, NoApiHasTwoEntries) {
  for (const ApiSpec& api : kAllApis) {
    int entries = 0;
    for (const ApiSpec& other : kAllApis) entries += other.key == api.key ? 1 : 0;
    EXPECT_EQ(entries, 1) << api.name;
  }
}

}  // namespace
}  // namespace replicator::kafka
