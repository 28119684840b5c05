#include "policy/broker_values.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(BrokerValuesTest, TheSourcesLongestRetentionCountsForTopicsThatSetNone) {
  BrokerValues values(Keeping::kMore);
  values.Add(1, "retention.ms", "604800000");
  values.Add(2, "retention.ms", "31536000000");
  values.Add(1, "segment.ms", "5");
  values.Add(2, "segment.ms", "5");
  SettingValues follows = {{"retention.ms", {"604800000", false}}, {"segment.ms", {"5", false}}};
  SettingValues own = {{"retention.ms", {"1", true}}};
  values.ApplyTo(follows);
  values.ApplyTo(own);
  EXPECT_EQ(*ValueOf(follows, "retention.ms"), "31536000000");
  EXPECT_EQ(*ValueOf(own, "retention.ms"), "1");
  EXPECT_THAT(values.Disagreements(), ElementsAre("retention.ms"));
  EXPECT_THAT(values.Notes(),
              ElementsAre(HasSubstr("(broker 1: 604800000, broker 2: 31536000000); 31536000000 counts")));
}

TEST(BrokerValuesTest, TheTargetsShortestCounts) {
  BrokerValues values(Keeping::kLess);
  values.Add(3, "retention.ms", "-1");
  values.Add(1, "retention.ms", "3600000");
  SettingValues topic = {{"retention.ms", {"-1", false}}};
  values.ApplyTo(topic);
  EXPECT_EQ(*ValueOf(topic, "retention.ms"), "3600000");
}

TEST(BrokerValuesTest, BrokersThatAgreeAreNotNamed) {
  BrokerValues values(Keeping::kMore);
  values.Add(1, "cleanup.policy", "delete");
  values.Add(2, "cleanup.policy", "delete");
  EXPECT_THAT(values.Notes(), IsEmpty());
  EXPECT_THAT(values.Disagreements(), IsEmpty());
}

TEST(BrokerValuesTest, OfValuesThatCannotBeComparedTheFirstBrokersCounts) {
  BrokerValues values(Keeping::kMore);
  values.Add(1, "min.cleanable.dirty.ratio", "0.5");
  values.Add(2, "min.cleanable.dirty.ratio", "0.1");
  SettingValues topic = {{"min.cleanable.dirty.ratio", {"0.1", false}}};
  values.ApplyTo(topic);
  EXPECT_EQ(*ValueOf(topic, "min.cleanable.dirty.ratio"), "0.5");
}

}  // namespace
}  // namespace replicator::policy
