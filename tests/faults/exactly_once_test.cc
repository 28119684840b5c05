// D, F: kill -9 in the middle of a copy, also while brokers die, and while what was sent is still on its way: every
// record once, in order, at its own offset.
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/copy_scene.h"
#include "tests/scene/figures.h"

namespace replicator::tests {
namespace {

constexpr int16_t kProduce = 0;
constexpr int kPartitions = 6;
constexpr int64_t kRecords = 500'000;
constexpr double kRecordsPerSecond = 6'000;

class ExactlyOnceTest : public ::testing::Test {
 protected:
  static void StartScene(SceneOptions options) {
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start(std::move(options));
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = scene->release();
  }
  static void SetUpTestSuite() { StartScene({}); }
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
    const auto copies = [&] { return scene_->TargetHas(topic_, before + 1); };
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
    const int64_t before = RecordsOrFail(scene_->TargetRecords(topic_));
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    Figure(absl::StrCat("exactly-once/kill-", kill, "-start-to-copying"), TimeToCopyAgain(before));
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
    TimeToCopyAgain(RecordsOrFail(scene_->TargetRecords(topic_)));
    ASSERT_OK(scene_->target().Start(*leader));
    ASSERT_NO_FATAL_FAILURE(Kill());
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    ASSERT_OK(scene_->target().WaitReady());
    ASSERT_OK(scene_->target_admin().WaitForFullIsr(topic_, kPatience));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectAllOnce());
}

// E, B: what a dead process has sent lies somewhere on the way to the target. The next one, of the same state folder,
// copies the same batches again, and only then the old ones arrive.
class LateBytesTest : public ExactlyOnceTest {
 protected:
  static void SetUpTestSuite() { StartScene({.target = {.version = "4.3.1", .brokers = 1}, .proxies = true}); }

  // Copies, loses the process with all that it sends from a moment on, and goes on with the next one. True if what was
  // lost arrived after the next process had copied on. What `delay` holds back arrives before this returns.
  bool LateBytesArriveBehindTheNextProcess(absl::Duration delay) {
    const absl::StatusOr<int64_t> records = scene_->TargetRecords(topic_);
    const int64_t before = absl::IsNotFound(records.status()) ? 0 : RecordsOrFail(records);  // the first creates it
    StartReplicator();
    TimeToCopyAgain(before);
    FaultProxy& proxy = scene_->target_proxy(1);
    const RuleId rule = proxy.Arm({.api_key = kProduce,
                                   .client_id_prefix = "replicator",
                                   .times = std::numeric_limits<int64_t>::max(),
                                   .fault = Fault::CutThenForwardLate(delay)});
    EXPECT_TRUE(replicator_->WaitForLog("; settling ", kPatience)) << replicator_->LogTail();
    Kill();
    const absl::Time last_sent = absl::Now();
    proxy.Remove(rule);
    StartReplicator();
    TimeToCopyAgain(RecordsOrFail(scene_->TargetRecords(topic_)));
    const bool in_time = proxy.Hits(rule) == 0;
    EXPECT_TRUE(proxy.WaitForHits(rule, 1, absl::Now() + kPatience)) << "nothing was on its way";
    absl::SleepFor(last_sent + delay + absl::Seconds(1) - absl::Now());  // the last of them
    Kill();
    return in_time;
  }
};

TEST_F(LateBytesTest, LateBytesOfADeadProcessLandOnce) {
  constexpr int kRounds = 5;
  // On a busy machine the next process may need longer: then so does what is late.
  constexpr absl::Duration kDelayMax = absl::Seconds(60);
  absl::Duration delay = absl::Seconds(5);
  ASSERT_NO_FATAL_FAILURE(CreateTopic("late"));
  options_.replication_factor = 1;
  ASSERT_NO_FATAL_FAILURE(StartProducer(2'000));
  for (int rounds = 0; rounds < kRounds;) {
    const bool in_time = LateBytesArriveBehindTheNextProcess(delay);
    ASSERT_FALSE(HasFailure());
    if (in_time) {
      ++rounds;
    } else {
      ASSERT_LT(delay, kDelayMax) << "a process does not copy again in time";
      delay *= 2;
    }
  }
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  ASSERT_TRUE(producer_->Stop().ok());
  EXPECT_TRUE(scene_->Equal({topic_})) << replicator_->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator_));
}

}  // namespace
}  // namespace replicator::tests
