#include "policy/replication_factor.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator::policy {
namespace {

using ::testing::HasSubstr;

TEST(ReplicationFactorTest, AcceptsWhatTheTargetCanHold) {
  EXPECT_TRUE(CheckReplicationFactor(3, 3, 2).ok());
  EXPECT_TRUE(CheckReplicationFactor(1, 3, 1).ok());
  EXPECT_TRUE(CheckReplicationFactor(3, 3, 3).ok());
}

TEST(ReplicationFactorTest, TellsHowManyBrokersAreMissingInsteadOfLoweringIt) {
  const absl::Status status = CheckReplicationFactor(3, 1, 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("only 1 broker: start 2 more, write replication.factor=1"));
}

TEST(ReplicationFactorTest, RefusesATopicThatCouldNeverBeWrittenTo) {
  const absl::Status status = CheckReplicationFactor(2, 3, 3);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("write replication.factor=3"));
}

TEST(ReplicationFactorTest, AsksForTheTargetsOwnOnlyWhereThatIsPossible) {
  EXPECT_TRUE(CheckTargetsOwnFactor(true).ok());
  const absl::Status status = CheckTargetsOwnFactor(false);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("before Kafka 2.4 cannot be asked for it: write"));
}

}  // namespace
}  // namespace replicator::policy
