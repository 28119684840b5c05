// Topics that say nothing themselves, between clusters whose brokers have other ideas: what decides at the source which
// records stay and how they look holds on the target, whatever the brokers there do by default.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int64_t kRecords = 4'000;
constexpr int64_t kKeys = 50;

struct Case {
  std::string name;
  Properties source;
  Properties target;
  absl::Duration age;                                   // of the records
  std::string retention_ms = "604800000";               // as it holds at the source: Kafka's default
  std::optional<Properties> controller = std::nullopt;  // of the target, in a process of its own
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

SceneOptions SceneOf(const Case& one) {
  SceneOptions options;
  options.source.properties = one.source;
  options.target = {.version = "3.9.1", .brokers = 1};
  options.target.properties = {{"log.retention.check.interval.ms", "1000"},
                               {"log.initial.task.delay.ms", "500"},
                               {"log.cleaner.backoff.ms", "500"}};
  for (const auto& [name, value] : one.target) options.target.properties[name] = value;
  options.target.controller = one.controller;
  return options;
}

class TargetDefaultsTest : public SceneFixture, public ::testing::WithParamInterface<Case> {
 protected:
  TargetDefaultsTest() : SceneFixture(GetParam().name, SceneOf(GetParam())) {}

  void Write(const std::string& topic, int64_t keys) {
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = topic, .partitions = 2}));
    LoadOptions load = scene_->Load(topic, 2);
    load.codec = "lz4";
    load.keys = keys;
    load.records_total = kRecords;
    load.timestamp_base_ms = absl::ToUnixMillis(absl::Now() - GetParam().age);
    WriteAll(load);
  }

  // A topic that keeps records for an hour and whose records are gone has met a retention check that came after the
  // copy. Another one whose records are gone has met one that began after that.
  void WaitForRetentionChecks() {
    for (const char* topic : {"victim-1", "victim-2"}) {
      ASSERT_OK(scene_->target_admin().CreateTopic(
          {.name = topic, .configs = {{"cleanup.policy", "delete"}, {"retention.ms", "3600000"}}}));
      LoadOptions load = scene_->Load(topic, 1);
      load.bootstrap_servers = scene_->target().direct_bootstrap_servers();
      load.records_total = 100;
      load.timestamp_base_ms = absl::ToUnixMillis(absl::Now() - GetParam().age);
      ASSERT_NO_FATAL_FAILURE(WriteAll(load));
      const auto gone = [&] {
        const absl::StatusOr<std::vector<OffsetRange>> ranges = scene_->target_admin().Offsets(topic);
        return ranges.ok() && ranges->at(0).start == ranges->at(0).end;
      };
      ASSERT_TRUE(WaitFor(gone, kPatience)) << "no retention check for " << topic;
    }
  }
};

TEST_P(TargetDefaultsTest, DoNotTouchACopy) {
  ASSERT_NO_FATAL_FAILURE(Write("keyed", kKeys));
  ASSERT_NO_FATAL_FAILURE(Write("keyless", 0));
  ReplicatorOptions options = scene_->Replicator("key.*");
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->Equal({"keyed", "keyless"})) << replicator->LogTail();
  if (GetParam().age > absl::ZeroDuration()) {
    ASSERT_NO_FATAL_FAILURE(WaitForRetentionChecks());
    EXPECT_TRUE(scene_->Equal({"keyed", "keyless"})) << replicator->LogTail();
    EXPECT_EQ(RecordsOrFail(scene_->TargetRecords("keyed")), kRecords);
  }
  absl::StatusOr<std::map<std::string, std::string>> set = scene_->target_admin().TopicOverrides("keyless");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->at("cleanup.policy"), "delete");
  EXPECT_EQ(set->at("retention.ms"), GetParam().retention_ms);
  EXPECT_EQ(set->at("compression.type"), "producer");
  EXPECT_EQ(set->at("message.timestamp.type"), "CreateTime");
  EXPECT_TRUE(StopsHealthy(*replicator));
}

// Brokers show a retention that is set in hours, or not at all, as a default and not as a setting. A controller answers
// to CreateTopics with its own defaults, and the brokers' are what holds.
INSTANTIATE_TEST_SUITE_P(
    All, TargetDefaultsTest,
    ::testing::Values(Case{"SourceKeepsForAYear",
                           {{"log.retention.hours", "8760"}},
                           {},
                           absl::Hours(24 * 30),
                           /*retention_ms=*/"31536000000"},
                      Case{"TargetKeepsForAnHour", {}, {{"log.retention.ms", "3600000"}}, absl::Hours(48)},
                      Case{.name = "TheTargetsControllerKeepsForAnHour",
                           .age = absl::Hours(48),
                           .controller = Properties{{"log.retention.ms", "3600000"}}},
                      Case{.name = "TheTargetsControllerKeepsForever",
                           .target = {{"log.retention.ms", "3600000"}},
                           .age = absl::Hours(48),
                           .controller = Properties{{"log.retention.ms", "-1"}}},
                      Case{"TargetCompacts",
                           {},
                           {{"log.cleanup.policy", "compact"},
                            {"log.segment.bytes", "200000"},
                            {"log.cleaner.min.cleanable.ratio", "0.01"}},
                           absl::ZeroDuration()},
                      Case{"TargetReplacesTimesAndRecompresses",
                           {},
                           {{"log.message.timestamp.type", "LogAppendTime"}, {"compression.type", "gzip"}},
                           absl::ZeroDuration()}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace replicator::tests
