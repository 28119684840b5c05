// D, F: kill -9 in the middle of a copy, with and without the state folder, and with brokers that hang meanwhile: every
// record once, in order, at its own offset, and copying again within two seconds.
#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/copy_scene.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 6;
constexpr int64_t kRecords = 500'000;
constexpr double kRecordsPerSecond = 6'000;

class ExactlyOnceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start({});
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = scene->release();
  }
  static void TearDownTestSuite() {
    delete scene_;
    scene_ = nullptr;
  }

  void CreateTopic(const std::string& topic) {
    topic_ = topic;
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = topic, .partitions = kPartitions}));
    options_ = scene_->Replicator(topic);
  }

  void StartProducer(double records_per_second, int64_t records_total = 0) {
    LoadOptions load = scene_->Load(topic_, kPartitions);
    load.codec = "lz4";
    load.linger_ms = 5;
    load.records_per_second = records_per_second;
    load.records_total = records_total;
    absl::StatusOr<std::unique_ptr<LoadGenerator>> producer = LoadGenerator::Start(load);
    ASSERT_TRUE(producer.ok()) << producer.status();
    producer_ = *std::move(producer);
  }

  void StartReplicator() {
    absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(options_);
    ASSERT_TRUE(replicator.ok()) << replicator.status();
    replicator_ = *std::move(replicator);
  }

  // From the start of the process until the target has more records than `before`.
  absl::Duration TimeToCopyAgain(int64_t before) {
    const auto copies = [&] { return scene_->TargetRecords(topic_) > before; };
    EXPECT_TRUE(WaitFor(copies, kPatience)) << replicator_->LogTail();
    return absl::Now() - replicator_->started();
  }

  void Kill() {
    ASSERT_OK(replicator_->Kill9());
    EXPECT_TRUE(IsHealthy(*replicator_));
  }

  void ExpectAllOnce() {
    absl::StatusOr<LoadCounts> written = producer_->Wait(kPatience);
    ASSERT_TRUE(written.ok()) << written.status();
    EXPECT_EQ(written->records, kRecords);
    EXPECT_TRUE(scene_->Equal({topic_})) << replicator_->LogTail();
    EXPECT_TRUE(StopsHealthy(*replicator_));
  }

  static CopyScene* scene_;
  std::string topic_;
  ReplicatorOptions options_;
  std::unique_ptr<LoadGenerator> producer_;
  std::unique_ptr<ReplicatorProcess> replicator_;
};

CopyScene* ExactlyOnceTest::scene_ = nullptr;

TEST_F(ExactlyOnceTest, ThreeKillsInHalfAMillionRecordsLeaveEachOnce) {
  ASSERT_NO_FATAL_FAILURE(CreateTopic("killed"));
  ASSERT_NO_FATAL_FAILURE(StartProducer(kRecordsPerSecond, kRecords));
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  for (int kill = 1; kill <= 3; ++kill) {
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, kill * kRecords / 5)) << replicator_->LogTail();
    ASSERT_NO_FATAL_FAILURE(Kill());
    const int64_t before = scene_->TargetRecords(topic_);
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    const absl::Duration back = TimeToCopyAgain(before);
    std::cout << "kill " << kill << ": copying again " << back << " after the start" << std::endl;
    EXPECT_LT(back, absl::Seconds(2) * kSlowness);
  }
  ASSERT_NO_FATAL_FAILURE(ExpectAllOnce());
}

// The process dies while the broker that leads some of its partitions is gone, and again while that broker comes back.
TEST_F(ExactlyOnceTest, KillsOfTargetBrokersBesideThemLeaveEachOnce) {
  ASSERT_NO_FATAL_FAILURE(CreateTopic("killed-with-brokers"));
  ASSERT_NO_FATAL_FAILURE(StartProducer(kRecordsPerSecond, kRecords));
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  for (int kill = 1; kill <= 3; ++kill) {
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, kill * kRecords / 5)) << replicator_->LogTail();
    absl::StatusOr<int> leader = scene_->target_admin().Leader(topic_, kill);
    ASSERT_TRUE(leader.ok()) << leader.status();
    ASSERT_OK(scene_->target().Kill9(*leader));
    ASSERT_NO_FATAL_FAILURE(Kill());
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    ASSERT_TRUE(scene_->target_admin().WaitForLeader(topic_, kill, *leader, kPatience).ok());
    TimeToCopyAgain(scene_->TargetRecords(topic_));
    ASSERT_OK(scene_->target().Start(*leader));
    ASSERT_NO_FATAL_FAILURE(Kill());
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    ASSERT_OK(scene_->target().WaitReady());
    ASSERT_OK(scene_->target_admin().WaitForFullIsr(topic_, kPatience));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectAllOnce());
}

// E: a broker that hangs reads what closed connections left in its sockets once it goes on, behind what the next life
// has sent. That one has no state folder and, harder than it can be, does not wait for the link's lock either.
TEST_F(ExactlyOnceTest, LateBytesOfADeadProcessLandOnce) {
  constexpr int kRounds = 50;
  ASSERT_NO_FATAL_FAILURE(CreateTopic("late"));
  ASSERT_NO_FATAL_FAILURE(StartProducer(2'000));
  options_.flags = {"--without-store", "--without-lock"};
  for (int round = 1; round <= kRounds; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const int64_t before = scene_->TargetRecords(topic_);
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    TimeToCopyAgain(before);
    absl::StatusOr<int> leader = scene_->target_admin().Leader(topic_, round % kPartitions);
    ASSERT_TRUE(leader.ok()) << leader.status();
    ASSERT_OK(scene_->target().Stop(*leader));
    absl::SleepFor(absl::Milliseconds(100));  // requests go out, no answers come
    ASSERT_NO_FATAL_FAILURE(Kill());
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    absl::SleepFor(absl::Milliseconds(10 * (round % 30)));
    ASSERT_OK(scene_->target().Continue(*leader));
    TimeToCopyAgain(scene_->TargetRecords(topic_));
    ASSERT_NO_FATAL_FAILURE(Kill());
  }
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  ASSERT_TRUE(producer_->Stop().ok());
  EXPECT_TRUE(scene_->Equal({topic_})) << replicator_->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator_));
}

}  // namespace
}  // namespace replicator::tests
