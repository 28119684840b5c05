#include "policy/topic_filter.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace replicator::policy {
namespace {

TopicFilter Make(TopicFilterOptions options) {
  absl::StatusOr<TopicFilter> filter = TopicFilter::Create(std::move(options));
  EXPECT_TRUE(filter.ok()) << filter.status();
  return filter.ok() ? *std::move(filter) : TopicFilter();
}

TEST(TopicFilterTest, CopiesEverythingButInternalTopicsByDefault) {
  const TopicFilter filter = Make({});
  for (const char* topic : {"orders", "_schemas", "connect-offsets", "a.b.c", "internal", "mm2-orders"}) {
    EXPECT_EQ(filter.Decide(topic), TopicDecision::kCopy) << topic;
  }
  for (const char* topic : {"app-internal", "app.internal", "x.replica", "__debezium-heartbeat.x"}) {
    EXPECT_EQ(filter.Decide(topic), TopicDecision::kExcluded) << topic;
  }
}

TEST(TopicFilterTest, ExcludesWinOverIncludes) {
  const TopicFilter filter = Make({.topics = {"orders.*", "users"}, .topics_exclude = {"orders-test"}});
  EXPECT_EQ(filter.Decide("orders-live"), TopicDecision::kCopy);
  EXPECT_EQ(filter.Decide("users"), TopicDecision::kCopy);
  EXPECT_EQ(filter.Decide("orders-test"), TopicDecision::kExcluded);
  EXPECT_EQ(filter.Decide("payments"), TopicDecision::kNotIncluded);
}

TEST(TopicFilterTest, NeverCopiesTopicsOfTheBrokersOrOfMirrorMakerEvenWhenAskedTo) {
  const TopicFilter filter = Make({.topics = {".*"}, .topics_exclude = {}, .cluster_aliases = {"A", "B"}});
  for (const char* topic : {"__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata",
                            "__remote_log_metadata", "mm2-offset-syncs.B.internal", "mm2-configs.A.internal",
                            "heartbeats", "A.heartbeats", "A.checkpoints.internal"}) {
    EXPECT_EQ(filter.Decide(topic), TopicDecision::kInternal) << topic;
  }
  for (const char* topic : {"sensor.heartbeats", "__debezium-heartbeat.x", "app.internal", "mm2-internals"}) {
    EXPECT_EQ(filter.Decide(topic), TopicDecision::kCopy) << topic;
  }
}

TEST(TopicFilterTest, RecognisesMirrorMakerTopicsWithAnotherSeparator) {
  const TopicFilter filter = Make({.topics_exclude = {}, .cluster_aliases = {"A"}, .separator = "_"});
  for (const char* topic : {"mm2-offset-syncs_B_internal", "A_checkpoints_internal", "A_heartbeats",
                            "mm2-configs.A.internal", "A.checkpoints.internal"}) {
    EXPECT_EQ(filter.Decide(topic), TopicDecision::kInternal) << topic;
  }
}

TEST(TopicFilterTest, RefusesABadPatternOnEitherSide) {
  EXPECT_FALSE(TopicFilter::Create({.topics = {"("}}).ok());
  EXPECT_FALSE(TopicFilter::Create({.topics_exclude = {"("}}).ok());
}

TEST(TopicFilterTest, CopiesNothingUntilConfigured) {
  EXPECT_EQ(TopicFilter().Decide("orders"), TopicDecision::kNotIncluded);
}

}  // namespace
}  // namespace replicator::policy
