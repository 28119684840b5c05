// D, F: kill -9 in the middle of a copy, also while brokers die, and while what was sent is still on its way: every
// record once, in order, at its own offset.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/figures.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 6;
// At least.
constexpr int64_t kRecords = 120'000;
constexpr double kRecordsPerSecond = 6'000;
// Beside brokers that die: what the producer writes while they come back has to be copied in the end.
constexpr double kRecordsPerSecondSlowly = 1'500;

class ExactlyOnceTest : public SceneTest<OneToThree> {
 protected:
  // A producer that writes until ExpectAllOnce, so that every kill meets a copy that is under way.
  void Begin(const std::string& topic, double records_per_second = kRecordsPerSecond) {
    topic_ = topic;
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topic, kPartitions));
    LoadOptions load = scene_->Load(topic_, kPartitions);
    load.codec = "lz4";
    load.linger_ms = 5;
    load.records_per_second = records_per_second;
    ASSERT_NO_FATAL_FAILURE(StartProducer(load));
    options_ = scene_->Replicator(topic);
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
  }

  void ExpectAllOnce() {
    ASSERT_TRUE(Eventually("enough is written", [&] { return producer_->counts().records >= kRecords; }));
    ASSERT_NO_FATAL_FAILURE(StopProducer());
    EXPECT_TRUE(scene_->Equal({topic_})) << replicator_->LogTail();
    EXPECT_TRUE(StopsHealthy(*replicator_));
  }
};

TEST_F(ExactlyOnceTest, ThreeKillsInAHundredThousandRecordsLeaveEachOnce) {
  ASSERT_NO_FATAL_FAILURE(Begin("killed"));
  for (int kill = 1; kill <= 3; ++kill) {
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, kill * kRecords / 5)) << replicator_->LogTail();
    ASSERT_NO_FATAL_FAILURE(KillReplicator());
    const int64_t before = RecordsOrFail(scene_->TargetRecords(topic_));
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    Figure(absl::StrCat("exactly-once/kill-", kill, "-start-to-copying"), TimeToCopyAgain(before));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectAllOnce());
}

// The process dies while the broker that leads some of its partitions is gone, and again while that broker comes back.
TEST_F(ExactlyOnceTest, KillsOfTargetBrokersBesideThemLeaveEachOnce) {
  ASSERT_NO_FATAL_FAILURE(Begin("killed-with-brokers", kRecordsPerSecondSlowly));
  for (int kill = 1; kill <= 3; ++kill) {
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, kill * kRecords / 5)) << replicator_->LogTail();
    absl::StatusOr<int> leader = scene_->target_admin().Leader(topic_, kill);
    ASSERT_TRUE(leader.ok()) << leader.status();
    ASSERT_OK(scene_->target().Kill9(*leader));
    ASSERT_NO_FATAL_FAILURE(KillReplicator());
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    ASSERT_OK(scene_->target_admin().WaitForLeader(topic_, kill, *leader, kPatience).status());
    TimeToCopyAgain(RecordsOrFail(scene_->TargetRecords(topic_)));
    ASSERT_OK(scene_->target().Start(*leader));
    ASSERT_NO_FATAL_FAILURE(KillReplicator());
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    ASSERT_OK(scene_->target().WaitReady());
    ASSERT_OK(scene_->target_admin().WaitForFullIsr(topic_, kPatience));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectAllOnce());
}

}  // namespace
}  // namespace replicator::tests
