#include "kafka/client/cluster_metadata.h"

#include <gtest/gtest.h>

#include <string>

namespace replicator::kafka {
namespace {

constexpr Uuid kId = {1};
constexpr Uuid kOtherId = {2};

ClusterMetadata Told(Uuid id, int32_t leader, int32_t epoch) {
  ClusterMetadata metadata;
  metadata.topics["t"] = {.id = id, .partitions = {{.leader_id = leader, .leader_epoch = epoch}}};
  return metadata;
}

// One broker after another tells; what counts after each.
class LeaderMemoryTest : public ::testing::Test {
 protected:
  int32_t Leader(ClusterMetadata told, const std::string& from) {
    memory_.KeepLaterLeaders(known_, from, now_, told);
    known_ = std::move(told);
    return known_.FindPartition("t", 0)->leader_id;
  }

  LeaderMemory memory_;
  ClusterMetadata known_;
  Clock::time_point now_ = Clock::time_point() + std::chrono::hours(1);
};

TEST_F(LeaderMemoryTest, ALaterLeaderIsNeverUndoneWhileTheTopicKeepsItsId) {
  EXPECT_EQ(Leader(Told(kId, 1, 4), "a"), 1);
  EXPECT_EQ(Leader(Told(kId, 2, 5), "b"), 2);
  for (int i = 0; i < 3; ++i) {
    now_ += LeaderMemory::kOneBrokerDoubted;
    EXPECT_EQ(Leader(Told(kId, 1, 4), "a"), 2);
    EXPECT_EQ(Leader(Told(kId, 1, 4), "c"), 2);
  }
  EXPECT_EQ(known_.FindPartition("t", 0)->leader_epoch, 5);
  EXPECT_EQ(Leader(Told(kId, 3, 6), "a"), 3);
}

TEST_F(LeaderMemoryTest, ARecreatedTopicBeginsWithItsFirstLeader) {
  EXPECT_EQ(Leader(Told(kId, 1, 4), "a"), 1);
  EXPECT_EQ(Leader(Told(kOtherId, 2, 0), "a"), 2);
}

TEST_F(LeaderMemoryTest, WithoutIdsOneBrokerAloneUndoesNothing) {
  EXPECT_EQ(Leader(Told(kNoUuid, 2, 5), "b"), 2);
  for (int i = 0; i < 3; ++i) {  // the others contradict it
    now_ += LeaderMemory::kOneBrokerDoubted;
    EXPECT_EQ(Leader(Told(kNoUuid, 1, 4), "a"), 2);
    EXPECT_EQ(Leader(Told(kNoUuid, 2, 5), "b"), 2);
  }
}

TEST_F(LeaderMemoryTest, WithoutIdsTwoBrokersAreBelieved) {
  EXPECT_EQ(Leader(Told(kNoUuid, 2, 5), "b"), 2);
  EXPECT_EQ(Leader(Told(kNoUuid, 1, 0), "a"), 2);
  EXPECT_EQ(Leader(Told(kNoUuid, 1, 0), "b"), 1);
  EXPECT_EQ(known_.FindPartition("t", 0)->leader_epoch, 0);
}

TEST_F(LeaderMemoryTest, WithoutIdsTheOnlyBrokerThatAnswersIsBelievedInTheEnd) {
  EXPECT_EQ(Leader(Told(kNoUuid, 2, 5), "b"), 2);
  EXPECT_EQ(Leader(Told(kNoUuid, 1, 0), "a"), 2);
  now_ += LeaderMemory::kOneBrokerDoubted / 2;
  EXPECT_EQ(Leader(Told(kNoUuid, 1, 0), "a"), 2);
  now_ += LeaderMemory::kOneBrokerDoubted / 2;
  EXPECT_EQ(Leader(Told(kNoUuid, 1, 0), "a"), 1);
}

// Brokers up to 2.3 tell an epoch that is over while a partition is reassigned (KAFKA-9212); up to 2.0, none.
TEST_F(LeaderMemoryTest, AnEpochAloneMovesNoLeader) {
  EXPECT_EQ(Leader(Told(kNoUuid, 2, 5), "b"), 2);
  EXPECT_EQ(Leader(Told(kNoUuid, 2, 4), "a"), 2);
  EXPECT_EQ(known_.FindPartition("t", 0)->leader_epoch, 4);
  EXPECT_EQ(Leader(Told(kNoUuid, 1, -1), "a"), 1);
}

}  // namespace
}  // namespace replicator::kafka
