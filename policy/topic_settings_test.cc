#include "policy/topic_settings.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator::policy {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// What LogConfig of Kafka 3.9.1 and 4.3.1 knows, by its own code.
constexpr const char* kNamesOfKafka[] = {"cleanup.policy",
                                         "compression.gzip.level",
                                         "compression.lz4.level",
                                         "compression.type",
                                         "compression.zstd.level",
                                         "delete.retention.ms",
                                         "file.delete.delay.ms",
                                         "flush.messages",
                                         "flush.ms",
                                         "follower.replication.throttled.replicas",
                                         "index.interval.bytes",
                                         "internal.segment.bytes",  // 4.3.1 alone
                                         "leader.replication.throttled.replicas",
                                         "local.retention.bytes",
                                         "local.retention.ms",
                                         "max.compaction.lag.ms",
                                         "max.message.bytes",
                                         "message.downconversion.enable",        // 3.9.1 alone
                                         "message.format.version",               // 3.9.1 alone
                                         "message.timestamp.after.max.ms",       // both
                                         "message.timestamp.before.max.ms",      // both
                                         "message.timestamp.difference.max.ms",  // 3.9.1 alone
                                         "message.timestamp.type",
                                         "min.cleanable.dirty.ratio",
                                         "min.compaction.lag.ms",
                                         "min.insync.replicas",
                                         "preallocate",
                                         "remote.log.copy.disable",
                                         "remote.log.delete.on.disable",
                                         "remote.storage.enable",
                                         "retention.bytes",
                                         "retention.ms",
                                         "segment.bytes",
                                         "segment.index.bytes",
                                         "segment.jitter.ms",
                                         "segment.ms",
                                         "unclean.leader.election.enable"};

SettingValues Values(std::vector<std::pair<std::string, std::string>> pairs) {
  SettingValues values;
  for (auto& [name, value] : pairs) values[name] = {value, true};
  return values;
}

// Kafka's defaults up to 3.9, of what is compared.
SettingValues Usual(std::vector<std::pair<std::string, std::string>> pairs = {}) {
  SettingValues values = Values({{"cleanup.policy", "delete"},
                                 {"compression.type", "producer"},
                                 {"delete.retention.ms", "86400000"},
                                 {"max.compaction.lag.ms", "9223372036854775807"},
                                 {"max.message.bytes", "1048588"},
                                 {"message.timestamp.difference.max.ms", "9223372036854775807"},
                                 {"message.timestamp.type", "CreateTime"},
                                 {"min.compaction.lag.ms", "0"},
                                 {"retention.bytes", "-1"},
                                 {"retention.ms", "604800000"}});
  for (auto& [name, value] : pairs) values[name] = {value, true};
  return values;
}

std::vector<SettingDifference> Compare(const SettingValues& source, const SettingValues& target) {
  return CompareSettings(source, target, nullptr);
}

auto Is(std::string name, Harm harm) {
  return AllOf(Field(&SettingDifference::name, name), Field(&SettingDifference::harm, harm));
}

TEST(TopicSettingsTest, TheTableHasEverySettingOfKafka) {
  std::set<std::string> names;
  for (const TopicSetting& setting : AllTopicSettings()) names.emplace(setting.name);
  EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(kNamesOfKafka));
  for (const char* name : kNamesOfKafka) {
    ASSERT_NE(FindTopicSetting(name), nullptr) << name;
    EXPECT_EQ(FindTopicSetting(name)->name, name);
  }
  EXPECT_EQ(FindTopicSetting("confluent.placement.constraints"), nullptr);
  EXPECT_EQ(FindTopicSetting(""), nullptr);
}

// What decides which records stay or how they look is never left to the target's defaults; unless it belongs to the
// cluster, or to how fast it recompresses what is not recompressed.
TEST(TopicSettingsTest, WhatDecidesIsPinned) {
  std::set<std::string> not_pinned;
  for (const TopicSetting& setting : AllTopicSettings()) {
    const bool is_pinned =
        setting.at_creation == AtCreation::kSourceValue || setting.at_creation == AtCreation::kWhileCopying;
    if (setting.effect == SettingEffect::kNone) {
      EXPECT_FALSE(is_pinned) << setting.name;
      EXPECT_EQ(setting.on_existing, OnExisting::kPassed) << setting.name;
    } else if (!is_pinned) {
      not_pinned.emplace(setting.name);
    }
    EXPECT_EQ(setting.at_creation == AtCreation::kWhileCopying, !setting.while_copying.empty()) << setting.name;
    EXPECT_EQ(setting.at_creation == AtCreation::kLeftOut, !setting.why_left_out.empty()) << setting.name;
  }
  EXPECT_THAT(not_pinned,
              UnorderedElementsAre("compression.gzip.level", "compression.lz4.level", "compression.zstd.level",
                                   "message.format.version", "unclean.leader.election.enable"));
}

TEST(TopicSettingsTest, EqualSidesDoNotDiffer) { EXPECT_THAT(Compare(Usual(), Usual()), IsEmpty()); }

TEST(TopicSettingsTest, ShorterRetentionDeletes) {
  const auto found = Compare(Usual({{"retention.ms", "-1"}}), Usual({{"retention.ms", "60000"}}));
  ASSERT_THAT(found, ElementsAre(Is("retention.ms", Harm::kDeletes)));
  EXPECT_THAT(found[0].text, HasSubstr("retention.ms is 60000 on the target and -1 at the source"));
  EXPECT_EQ(found[0].remedy, "retention.ms=-1");
  EXPECT_THAT(Compare(Usual({{"retention.bytes", "1000"}}), Usual({{"retention.bytes", "999"}})),
              ElementsAre(Is("retention.bytes", Harm::kDeletes)));
  EXPECT_THAT(Compare(Usual({{"retention.ms", "60000"}}), Usual({{"retention.ms", "-1"}})), IsEmpty());
}

TEST(TopicSettingsTest, RetentionCountsOnlyWhereThePolicyDeletes) {
  const SettingValues compacted = Usual({{"cleanup.policy", "compact"}, {"retention.ms", "1"}});
  EXPECT_THAT(Compare(Usual({{"cleanup.policy", "compact"}}), compacted), IsEmpty());
  EXPECT_THAT(Compare(compacted, Usual({{"cleanup.policy", "compact,delete"}})),
              ElementsAre(Is("retention.ms", Harm::kDeletes)));
  const auto found = Compare(compacted, Usual());
  ASSERT_THAT(found, ElementsAre(Is("retention.ms", Harm::kDeletes)));
  EXPECT_EQ(found[0].remedy, "cleanup.policy=compact");
  EXPECT_THAT(Compare(compacted, Usual({{"retention.ms", "-1"}})), IsEmpty());
}

TEST(TopicSettingsTest, CompactionThatTheSourceHasNotDeletes) {
  EXPECT_THAT(Compare(Usual(), Usual({{"cleanup.policy", "compact"}})),
              ElementsAre(Is("cleanup.policy", Harm::kCompacts)));
  EXPECT_THAT(Compare(Usual(), Usual({{"cleanup.policy", "delete,compact"}})),
              ElementsAre(Is("cleanup.policy", Harm::kCompacts)));
  EXPECT_EQ(Compare(Usual({{"cleanup.policy", ""}}), Usual({{"cleanup.policy", "compact"}})).at(0).remedy,
            "cleanup.policy=");
}

TEST(TopicSettingsTest, SoonerCompactionIsFoundWhereBothCompact) {
  const SettingValues slow =
      Usual({{"cleanup.policy", "compact"}, {"min.compaction.lag.ms", "5"}, {"delete.retention.ms", "86400001"}});
  EXPECT_THAT(Compare(slow, Usual({{"cleanup.policy", "compact"}})),
              ElementsAre(Is("delete.retention.ms", Harm::kRefuses), Is("min.compaction.lag.ms", Harm::kRefuses)));
  EXPECT_THAT(Compare(Usual({{"min.compaction.lag.ms", "5"}}), Usual()), IsEmpty());
}

TEST(TopicSettingsTest, RecordsThatWouldLookOtherwiseAreFoundWhateverTheSourceHas) {
  const SettingValues gzip_and_append =
      Usual({{"compression.type", "gzip"}, {"message.timestamp.type", "LogAppendTime"}});
  const auto expected =
      ElementsAre(Is("compression.type", Harm::kRecompresses), Is("message.timestamp.type", Harm::kReplacesTimes));
  EXPECT_THAT(Compare(Usual(), gzip_and_append), expected);
  EXPECT_THAT(Compare(gzip_and_append, gzip_and_append), expected);
  EXPECT_THAT(Compare({}, gzip_and_append), expected);
}

TEST(TopicSettingsTest, LimitsOfTimeAndSizeAreFound) {
  EXPECT_THAT(Compare(Usual(), Usual({{"message.timestamp.after.max.ms", "3600000"},
                                      {"message.timestamp.before.max.ms", "1"},
                                      {"max.message.bytes", "1000"}})),
              UnorderedElementsAre(Is("message.timestamp.after.max.ms", Harm::kRefuses),
                                   Is("message.timestamp.before.max.ms", Harm::kRefuses),
                                   Is("max.message.bytes", Harm::kRefuses)));
}

TEST(TopicSettingsTest, WhatTheFileLeavesToTheTargetIsNotCompared) {
  const IsExcluded retention = [](absl::string_view name) { return name == "retention.ms"; };
  EXPECT_THAT(CompareSettings(Usual(), Usual({{"retention.ms", "1"}, {"retention.bytes", "1"}}), retention),
              ElementsAre(Is("retention.bytes", Harm::kDeletes)));
}

TEST(TopicSettingsTest, OfTwoBrokersTheSourcesLongestAndTheTargetsShortestCounts) {
  EXPECT_EQ(Choose("retention.ms", "5", "-1", Keeping::kMore), "-1");
  EXPECT_EQ(Choose("retention.ms", "5", "-1", Keeping::kLess), "5");
  EXPECT_EQ(Choose("max.message.bytes", "5", "7", Keeping::kMore), "7");
  EXPECT_EQ(Choose("cleanup.policy", "compact,delete", "delete", Keeping::kMore), "delete");
  EXPECT_EQ(Choose("cleanup.policy", "compact", "delete", Keeping::kMore), "");
  EXPECT_EQ(Choose("cleanup.policy", "compact", "delete", Keeping::kLess), "compact,delete");
  EXPECT_EQ(Choose("message.timestamp.type", "CreateTime", "LogAppendTime", Keeping::kLess), "LogAppendTime");
  EXPECT_EQ(Choose("compression.type", "gzip", "producer", Keeping::kMore), "producer");
  EXPECT_EQ(Choose("min.cleanable.dirty.ratio", "0.5", "0.1", Keeping::kMore), std::nullopt);
}

}  // namespace
}  // namespace replicator::policy
