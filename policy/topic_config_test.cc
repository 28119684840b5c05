#include "policy/topic_config.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator::policy {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

constexpr TargetTraits kOld = {.is_4_or_newer = false};
constexpr TargetTraits kNew = {.is_4_or_newer = true};

SettingValues Overrides(std::vector<std::pair<std::string, std::string>> pairs) {
  SettingValues values;
  for (auto& [name, value] : pairs) values[name] = {value, true};
  return values;
}

std::map<std::string, std::string> Configs(const TopicConfigPlan& plan) {
  std::map<std::string, std::string> configs;
  for (const PlannedSetting& setting : plan.configs) configs[setting.name] = setting.value;
  return configs;
}

TopicConfigPlan Plan(const SettingValues& source, TargetTraits target, IsExcluded is_excluded = nullptr) {
  return PlanTopicConfigs(source, target, is_excluded);
}

TEST(TopicConfigTest, EveryTopicTakesRecordsAsTheyAre) {
  EXPECT_THAT(Configs(Plan({}, kOld)),
              ElementsAre(Pair("compression.type", "producer"), Pair("max.compaction.lag.ms", "9223372036854775807"),
                          Pair("message.timestamp.after.max.ms", "9223372036854775807"),
                          Pair("message.timestamp.before.max.ms", "9223372036854775807"),
                          Pair("message.timestamp.difference.max.ms", "9223372036854775807"),
                          Pair("message.timestamp.type", "CreateTime")));
  EXPECT_THAT(Configs(Plan({}, kNew)), Not(Contains(Key("message.timestamp.difference.max.ms"))));
}

TEST(TopicConfigTest, TheSourcesOwnWayToStoreRecordsIsNamedAndWaits) {
  const TopicConfigPlan plan = Plan(Overrides({{"compression.type", "zstd"},
                                               {"message.timestamp.type", "CreateTime"},
                                               {"message.timestamp.before.max.ms", "5"}}),
                                    kNew);
  EXPECT_THAT(Configs(plan), IsSupersetOf({Pair("compression.type", "producer"),
                                           Pair("message.timestamp.before.max.ms", "9223372036854775807")}));
  EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("compression.type is producer while the link copies, and not zstd"),
                                      HasSubstr("message.timestamp.before.max.ms")));
}

TEST(TopicConfigTest, WhatDecidesWhichRecordsStayIsSetWhoeverSaysItAtTheSource) {
  const SettingValues source = {{"cleanup.policy", {"delete", false}},
                                {"retention.ms", {"31536000000", false}},
                                {"retention.bytes", {"-1", false}},
                                {"max.message.bytes", {"5000000", true}},
                                {"segment.bytes", {"1073741824", false}},
                                {"min.insync.replicas", {"2", false}},
                                {"flush.ms", {"9", false}}};
  const TopicConfigPlan plan = Plan(source, kNew);
  const std::map<std::string, std::string> configs = Configs(plan);
  EXPECT_THAT(configs, IsSupersetOf({Pair("cleanup.policy", "delete"), Pair("retention.ms", "31536000000"),
                                     Pair("retention.bytes", "-1"), Pair("max.message.bytes", "5000000"),
                                     Pair("segment.bytes", "1073741824")}));
  EXPECT_THAT(configs, Not(Contains(Key("min.insync.replicas"))));
  EXPECT_THAT(configs, Not(Contains(Key("flush.ms"))));
  EXPECT_THAT(plan.notes, IsEmpty());
  EXPECT_THAT(plan.configs, Contains(PlannedSetting{"max.message.bytes", "5000000", true}));
  EXPECT_THAT(plan.configs, Contains(PlannedSetting{"retention.ms", "31536000000", false}));
}

TEST(TopicConfigTest, CopiesOtherOverrides) {
  const TopicConfigPlan plan = Plan(Overrides({{"min.insync.replicas", "2"},
                                               {"compression.zstd.level", "9"},
                                               {"setting.of.a.later.kafka", "x"},
                                               {"message.downconversion.enable", "false"}}),
                                    kOld);
  EXPECT_THAT(Configs(plan),
              IsSupersetOf({Pair("min.insync.replicas", "2"), Pair("compression.zstd.level", "9"),
                            Pair("setting.of.a.later.kafka", "x"), Pair("message.downconversion.enable", "false")}));
  EXPECT_THAT(plan.notes, IsEmpty());
}

TEST(TopicConfigTest, LeavesOutWhatNamesBrokersOrBelongsToACluster) {
  for (const char* name :
       {"leader.replication.throttled.replicas", "follower.replication.throttled.replicas", "message.format.version",
        "remote.storage.enable", "remote.log.copy.disable", "local.retention.ms", "confluent.placement.constraints"}) {
    for (const TargetTraits target : {kOld, kNew}) {
      const TopicConfigPlan plan = Plan(Overrides({{name, "1"}}), target);
      EXPECT_THAT(Configs(plan), Not(Contains(Key(name))));
      EXPECT_THAT(plan.notes, ElementsAre(HasSubstr(name)));
    }
  }
}

TEST(TopicConfigTest, LeavesOutWhatKafka4RemovedOnlyForSuchATarget) {
  const TopicConfigPlan plan = Plan(Overrides({{"message.downconversion.enable", "false"}}), kNew);
  EXPECT_THAT(Configs(plan), Not(Contains(Key("message.downconversion.enable"))));
  EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("Kafka 4.0 removed it")));
}

TEST(TopicConfigTest, RaisesSegmentsThatKafka4WouldRefuse) {
  const SettingValues source = Overrides({{"segment.bytes", "1048575"}});
  EXPECT_THAT(Configs(Plan(source, kOld)), Contains(Pair("segment.bytes", "1048575")));
  const TopicConfigPlan plan = Plan(source, kNew);
  EXPECT_THAT(Configs(plan), Contains(Pair("segment.bytes", "1048576")));
  EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("raised from 1048575 to 1048576")));
}

TEST(TopicConfigTest, WhatTheFileExcludesIsLeftToTheTarget) {
  const IsExcluded excluded = [](absl::string_view name) {
    return name == "retention.ms" || name == "min.insync.replicas" || name == "message.timestamp.type";
  };
  SettingValues source = Overrides({{"min.insync.replicas", "2"}});
  source["retention.ms"] = {"5", false};
  const TopicConfigPlan plan = Plan(source, kNew, excluded);
  EXPECT_THAT(Configs(plan), Not(Contains(Key("retention.ms"))));
  EXPECT_THAT(Configs(plan), Not(Contains(Key("min.insync.replicas"))));
  // It is not the source's value that is set.
  EXPECT_THAT(Configs(plan), Contains(Pair("message.timestamp.type", "CreateTime")));
  EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("min.insync.replicas is not copied: config.properties.exclude")));
}

TEST(TopicConfigTest, ReadsWhichSettingABrokerDoesNotKnow) {
  EXPECT_EQ(UnknownSetting("Unknown topic config name: message.timestamp.after.max.ms"),
            "message.timestamp.after.max.ms");
  EXPECT_EQ(UnknownSetting("Unknown topic config name: a.b, and more"), "a.b");
  EXPECT_EQ(UnknownSetting("Unknown topic config name: a.b."), "a.b");
  EXPECT_EQ(UnknownSetting("Invalid value 3 for configuration segment.bytes"), "");
  EXPECT_EQ(UnknownSetting(""), "");
}

}  // namespace
}  // namespace replicator::policy
