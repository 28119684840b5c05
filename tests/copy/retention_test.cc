// Old records on the target: brokers there delete by their own default what a topic does not keep by a setting of its
// own, from the moment on when the first batch lands. Compacted and unlimited topics have to come through.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 2;
constexpr int64_t kRecords = 4'000;
constexpr absl::Duration kAge = absl::Hours(24 * 365);
// A check takes one log after the other: the fourth that has a victim begins after three have ended.
constexpr int kVictims = 4;

class RetentionTest : public SceneTest<OneToOne> {
 protected:
  // A topic of the source that is a year old.
  void WriteOldTopic(const std::string& topic, std::map<std::string, std::string> configs) {
    ASSERT_OK(
        scene_->source_admin().CreateTopic({.name = topic, .partitions = kPartitions, .configs = std::move(configs)}));
    ASSERT_NO_FATAL_FAILURE(WriteOld(scene_->source().direct_bootstrap_servers(), topic, kPartitions));
    topics_.push_back(topic);
  }

  // Every record has a key of its own, so that compaction keeps all of them.
  void WriteOld(const std::string& bootstrap_servers, const std::string& topic, int partitions) {
    LoadOptions load = scene_->Load(topic, partitions);
    load.bootstrap_servers = bootstrap_servers;
    load.codec = "lz4";
    load.records_total = kRecords;
    load.timestamp_base_ms = absl::ToUnixMillis(absl::Now() - kAge);
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  // As old records in a topic of the target that has no settings of its own: gone is what a check has met.
  void WaitForRetentionChecks() {
    ASSERT_OK(scene_->target_admin().CreateTopic({.name = "victim"}));
    for (int i = 0; i < kVictims; ++i) {
      ASSERT_NO_FATAL_FAILURE(WriteOld(scene_->target().direct_bootstrap_servers(), "victim", 1));
      const auto gone = [&] {
        const absl::StatusOr<std::vector<OffsetRange>> ranges = scene_->target_admin().Offsets("victim");
        return ranges.ok() && ranges->at(0).start == ranges->at(0).end;
      };
      ASSERT_TRUE(Eventually("retention deletes the victim", gone)) << "no retention check " << i;
    }
    const absl::StatusOr<std::vector<OffsetRange>> ranges = scene_->target_admin().Offsets("victim");
    ASSERT_TRUE(ranges.ok()) << ranges.status();
    ASSERT_EQ(ranges->at(0).end, kVictims * kRecords);
  }

  std::vector<std::string> topics_;
};

TEST_F(RetentionTest, CompactedAndUnlimitedTopicsOutliveThreeChecks) {
  ASSERT_NO_FATAL_FAILURE(WriteOldTopic("old-compacted", {{"cleanup.policy", "compact"}}));
  ASSERT_NO_FATAL_FAILURE(WriteOldTopic("old-unlimited", {{"retention.ms", "-1"}}));
  ASSERT_NO_FATAL_FAILURE(WriteOldTopic("old-both", {{"cleanup.policy", "compact,delete"}, {"retention.ms", "-1"}}));
  const std::unique_ptr<ReplicatorProcess> replicator = Run(scene_->Replicator("old-.*"));
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->Equal(topics_)) << replicator->LogTail();
  ASSERT_NO_FATAL_FAILURE(WaitForRetentionChecks());
  EXPECT_TRUE(scene_->Equal(topics_)) << replicator->LogTail();
  for (const std::string& topic : topics_) {
    EXPECT_EQ(RecordsOrFail(scene_->TargetRecords(topic)), kRecords) << topic;
    const absl::StatusOr<std::vector<OffsetRange>> ranges = scene_->target_admin().Offsets(topic);
    ASSERT_TRUE(ranges.ok()) << ranges.status();
    for (const OffsetRange& range : *ranges) EXPECT_EQ(range.start, 0) << topic;
  }
  EXPECT_TRUE(StopsHealthy(*replicator));
}

}  // namespace
}  // namespace replicator::tests
