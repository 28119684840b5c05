#include "policy/topic_config.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator::policy {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr TargetTraits kOld = {.is_4_or_newer = false};
constexpr TargetTraits kNew = {.is_4_or_newer = true};

SourceTopicConfig Override(std::string name, std::string value) {
  return {std::move(name), std::move(value), ConfigSource::kTopicOverride};
}

TopicConfigPlan Plan(std::vector<SourceTopicConfig> source, TargetTraits target) {
  return PlanTopicConfigs(source, target);
}

TEST(TopicConfigTest, CopiesEveryOverride) {
  const TopicConfigPlan plan =
      Plan({Override("retention.ms", "-1"), Override("cleanup.policy", "compact"), Override("min.insync.replicas", "2"),
            Override("message.timestamp.type", "CreateTime"), Override("compression.type", "zstd"),
            Override("segment.bytes", "1048576")},
           kNew);
  EXPECT_THAT(plan.configs, ElementsAre(Pair("cleanup.policy", "compact"), Pair("compression.type", "zstd"),
                                        Pair("message.timestamp.type", "CreateTime"), Pair("min.insync.replicas", "2"),
                                        Pair("retention.ms", "-1"), Pair("segment.bytes", "1048576")));
  EXPECT_THAT(plan.notes, IsEmpty());
}

TEST(TopicConfigTest, FollowsTheSourcesBrokersInWhatDecidesWhichRecordsStay) {
  const TopicConfigPlan plan = Plan({{"retention.ms", "-1", ConfigSource::kStaticBroker},
                                     {"retention.bytes", "-1", ConfigSource::kDefault},
                                     {"cleanup.policy", "compact", ConfigSource::kDynamicDefaultBroker},
                                     {"max.message.bytes", "5000000", ConfigSource::kDynamicBroker},
                                     {"segment.bytes", "1000", ConfigSource::kStaticBroker},
                                     {"min.insync.replicas", "2", ConfigSource::kStaticBroker},
                                     {"flush.ms", "9", ConfigSource::kUnknown}},
                                    kNew);
  EXPECT_THAT(plan.configs, ElementsAre(Pair("cleanup.policy", "compact"), Pair("max.message.bytes", "5000000"),
                                        Pair("retention.ms", "-1")));
  EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("retention.ms=-1"), HasSubstr("cleanup.policy=compact"),
                                      HasSubstr("max.message.bytes=5000000")));
}

TEST(TopicConfigTest, LeavesOutWhatNamesBrokersOrBelongsToACluster) {
  for (const char* name :
       {"leader.replication.throttled.replicas", "follower.replication.throttled.replicas", "message.format.version",
        "remote.storage.enable", "remote.log.copy.disable", "local.retention.ms", "confluent.placement.constraints"}) {
    for (const TargetTraits target : {kOld, kNew}) {
      const TopicConfigPlan plan = Plan({Override(name, "1")}, target);
      EXPECT_THAT(plan.configs, IsEmpty()) << name;
      EXPECT_THAT(plan.notes, ElementsAre(HasSubstr(name)));
    }
  }
}

TEST(TopicConfigTest, LeavesOutWhatKafka4RemovedOnlyForSuchATarget) {
  EXPECT_THAT(Plan({Override("message.downconversion.enable", "false")}, kNew).configs, IsEmpty());
  EXPECT_THAT(Plan({Override("message.downconversion.enable", "false")}, kOld).configs,
              ElementsAre(Pair("message.downconversion.enable", "false")));
}

TEST(TopicConfigTest, TranslatesTheTimestampDifferenceForKafka4) {
  const SourceTopicConfig difference = Override("message.timestamp.difference.max.ms", "5000");
  EXPECT_THAT(Plan({difference}, kOld).configs, ElementsAre(Pair("message.timestamp.difference.max.ms", "5000")));
  const TopicConfigPlan plan = Plan({difference}, kNew);
  EXPECT_THAT(plan.configs, ElementsAre(Pair("message.timestamp.after.max.ms", "5000"),
                                        Pair("message.timestamp.before.max.ms", "5000")));
  EXPECT_THAT(plan.notes, ElementsAre(AllOf(HasSubstr("before.max.ms"), HasSubstr("after.max.ms"))));
}

TEST(TopicConfigTest, AnOverrideOfASuccessorWinsOverTheTimestampDifferenceInAnyOrder) {
  const SourceTopicConfig difference = Override("message.timestamp.difference.max.ms", "5000");
  const SourceTopicConfig before = Override("message.timestamp.before.max.ms", "7");
  const SourceTopicConfig after = Override("message.timestamp.after.max.ms", "8");
  const auto expected =
      ElementsAre(Pair("message.timestamp.after.max.ms", "5000"), Pair("message.timestamp.before.max.ms", "7"));
  EXPECT_THAT(Plan({difference, before}, kNew).configs, expected);
  EXPECT_THAT(Plan({before, difference}, kNew).configs, expected);
  const TopicConfigPlan both = Plan({difference, before, after}, kNew);
  EXPECT_THAT(both.configs,
              ElementsAre(Pair("message.timestamp.after.max.ms", "8"), Pair("message.timestamp.before.max.ms", "7")));
  EXPECT_THAT(both.notes, ElementsAre(HasSubstr("not copied")));
}

TEST(TopicConfigTest, RaisesSegmentsThatKafka4WouldRefuse) {
  EXPECT_THAT(Plan({Override("segment.bytes", "1048575")}, kOld).configs,
              ElementsAre(Pair("segment.bytes", "1048575")));
  const TopicConfigPlan plan = Plan({Override("segment.bytes", "1048575")}, kNew);
  EXPECT_THAT(plan.configs, ElementsAre(Pair("segment.bytes", "1048576")));
  EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("raised from 1048575 to 1048576")));
}

TEST(TopicConfigTest, PassesOverValuesThatTheSourceDoesNotShow) {
  EXPECT_THAT(Plan({{"retention.ms", std::nullopt, ConfigSource::kTopicOverride}}, kNew).configs, IsEmpty());
}

}  // namespace
}  // namespace replicator::policy
