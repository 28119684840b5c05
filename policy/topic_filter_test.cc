#include "policy/topic_filter.h"

#include <string>
#include <utility>
#include <vector>

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

TEST(TopicFilterTest, NoPatternIncludesInternalNamesWhateverIsExcluded) {
  const TopicFilter filter = Make({.topics = {".*", ".*heartbeats"},
                                   .topics_exclude = {"foo"},
                                   .excludes_by_default = false,
                                   .cluster_aliases = {"A", "B"}});
  for (const char* topic :
       {"__CruiseControlMetrics", "__debezium-heartbeat.x", ".hidden", "app.internal", "app-internal", "heartbeats",
        "A.heartbeats", "x.checkpoints.internal", "mm2-offset-syncs.B.internal", "mm2-configs.A.internal"}) {
    EXPECT_EQ(filter.Decide(topic), TopicDecision::kInternal) << topic;
    EXPECT_TRUE(filter.IsLeftOutByRule(topic)) << topic;
  }
  for (const char* topic : {"sensor.heartbeats", "_schemas", "mm2-internals", "internal", "a.b"}) {
    EXPECT_EQ(filter.Decide(topic), TopicDecision::kCopy) << topic;
    EXPECT_FALSE(filter.IsLeftOutByRule(topic)) << topic;
  }
  EXPECT_EQ(filter.Decide("foo"), TopicDecision::kExcluded);
  EXPECT_FALSE(filter.IsLeftOutByRule("foo"));
}

TEST(TopicFilterTest, AFullNameIncludesAnInternalTopic) {
  const std::vector<std::string> topics = {".*", "heartbeats", R"(x\.checkpoints\.internal)", "__metrics", "a.replica"};
  for (const bool excludes_by_default : {true, false}) {
    TopicFilterOptions options = {.topics = topics, .excludes_by_default = excludes_by_default};
    if (!excludes_by_default) options.topics_exclude = {"__metrics"};
    const TopicFilter filter = Make(options);
    EXPECT_EQ(filter.Decide("heartbeats"), TopicDecision::kCopy);
    EXPECT_EQ(filter.Decide("x.checkpoints.internal"), TopicDecision::kCopy);
    EXPECT_EQ(filter.Decide("a.replica"), TopicDecision::kCopy);
    EXPECT_EQ(filter.Decide("other.internal"),
              excludes_by_default ? TopicDecision::kExcluded : TopicDecision::kInternal);
    EXPECT_TRUE(filter.IsLeftOutByRule("other.internal"));
    // What the file excludes stays excluded.
    EXPECT_EQ(filter.Decide("__metrics"), excludes_by_default ? TopicDecision::kCopy : TopicDecision::kExcluded);
  }
}

TEST(TopicFilterTest, NeverCopiesTopicsOfTheBrokersOrOfLinksEvenByTheirNames) {
  const std::vector<std::string> never = {"__consumer_offsets",    "__transaction_state",
                                          "__share_group_state",   "__cluster_metadata",
                                          "__remote_log_metadata", "replicator-link.A-to-B.internal"};
  const TopicFilter filter = Make({.topics = never, .topics_exclude = {}, .excludes_by_default = false});
  for (const std::string& topic : never) {
    EXPECT_EQ(filter.Decide(topic), TopicDecision::kNever) << topic;
    EXPECT_FALSE(filter.IsLeftOutByRule(topic)) << topic;
  }
}

TEST(TopicFilterTest, TellsWhichPatternsMatchNothing) {
  const TopicFilter filter = Make({.topics = {"orders", "paymnts", "log-.*", ".*d+.*"}});
  EXPECT_EQ(filter.PatternsWithout({"orders", "payments", "dog"}), (std::vector<std::string>{"paymnts", "log-.*"}));
}

TEST(TopicFilterTest, RecognisesMirrorMakerTopicsWithAnotherSeparator) {
  const TopicFilter filter =
      Make({.topics_exclude = {}, .excludes_by_default = false, .cluster_aliases = {"A"}, .separator = "_"});
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
