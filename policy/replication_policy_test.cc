#include "policy/replication_policy.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator::policy {
namespace {

using ::testing::HasSubstr;

ReplicationPolicy Prefix(std::string separator = ".") {
  absl::StatusOr<ReplicationPolicy> policy = ReplicationPolicy::Prefix("A", "B", std::move(separator));
  EXPECT_TRUE(policy.ok()) << policy.status();
  return policy.ok() ? *policy : ReplicationPolicy();
}

TEST(ReplicationPolicyTest, NamesTopicsOnTheTarget) {
  EXPECT_EQ(*ReplicationPolicy::Identity().TargetTopic("orders"), "orders");
  EXPECT_EQ(*Prefix().TargetTopic("orders"), "A.orders");
  EXPECT_EQ(*Prefix("__").TargetTopic("orders"), "A__orders");
}

TEST(ReplicationPolicyTest, RefusesATargetNameThatKafkaWouldRefuse) {
  EXPECT_TRUE(Prefix().TargetTopic(std::string(247, 'x')).ok());
  const absl::StatusOr<std::string> name = Prefix().TargetTopic(std::string(248, 'x'));
  ASSERT_FALSE(name.ok());
  EXPECT_THAT(std::string(name.status().message()), HasSubstr("249"));
  EXPECT_TRUE(ReplicationPolicy::Identity().TargetTopic(std::string(249, 'x')).ok());
}

TEST(ReplicationPolicyTest, SeesACycleAtAnyHop) {
  const ReplicationPolicy policy = Prefix();
  EXPECT_TRUE(policy.IsCycle("B.orders"));
  EXPECT_TRUE(policy.IsCycle("C.B.orders"));
  EXPECT_FALSE(policy.IsCycle("orders"));
  EXPECT_FALSE(policy.IsCycle("C.orders"));
  EXPECT_FALSE(policy.IsCycle("orders.B"));
  EXPECT_FALSE(policy.IsCycle("BB.orders"));
  EXPECT_FALSE(policy.IsCycle("B."));
  EXPECT_FALSE(policy.IsCycle("B.."));
  EXPECT_FALSE(policy.IsCycle("B"));
  EXPECT_TRUE(Prefix("--").IsCycle("B--orders"));
  EXPECT_FALSE(Prefix("--").IsCycle("B.orders"));
}

TEST(ReplicationPolicyTest, SeesACycleWhenTheAliasHoldsTheSeparator) {
  const absl::StatusOr<ReplicationPolicy> policy = ReplicationPolicy::Prefix("us.east", "us.west", ".");
  ASSERT_TRUE(policy.ok());
  EXPECT_TRUE(policy->IsCycle("us.west.orders"));
  EXPECT_FALSE(policy->IsCycle("us.orders"));
}

TEST(ReplicationPolicyTest, IdentityNamesNeverTellACycle) {
  EXPECT_FALSE(ReplicationPolicy::Identity().IsCycle("B.orders"));
}

TEST(ReplicationPolicyTest, RefusesAliasesAndSeparatorsThatNoTopicNameMayHold) {
  EXPECT_FALSE(ReplicationPolicy::Prefix("A", "B", "").ok());
  EXPECT_FALSE(ReplicationPolicy::Prefix("A", "B", "/").ok());
  EXPECT_FALSE(ReplicationPolicy::Prefix("A B", "B", ".").ok());
  EXPECT_FALSE(ReplicationPolicy::Prefix("A", "", ".").ok());
}

}  // namespace
}  // namespace replicator::policy
