// SIGTERM and SIGINT end the program soon, also while brokers hang: what is under way to them is given up, and the next
// life settles it.
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/copy_scene.h"
#include "tests/scene/figures.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 4;
constexpr double kRecordsPerSecond = 1'000;
// The program promises ten seconds. It waits for 30 s for an answer of a broker: an end that waited for one would take
// longer than this, and a busy machine takes less.
constexpr absl::Duration kEndMax = absl::Seconds(25 * kSlowness);

class EndingTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start({.target = {.version = "4.3.1", .brokers = 1}});
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = scene->release();
  }
  static void TearDownTestSuite() {
    delete scene_;
    scene_ = nullptr;
  }

  // A copy that goes on for as long as the test.
  void Copy(const std::string& topic) {
    topic_ = topic;
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = topic, .partitions = kPartitions}));
    LoadOptions load = scene_->Load(topic, kPartitions);
    load.linger_ms = 5;
    load.records_per_second = kRecordsPerSecond;
    absl::StatusOr<std::unique_ptr<LoadGenerator>> producer = LoadGenerator::Start(load);
    ASSERT_TRUE(producer.ok()) << producer.status();
    producer_ = *std::move(producer);
    options_ = scene_->Replicator(topic);
    options_.replication_factor = 1;
    ASSERT_NO_FATAL_FAILURE(Run());
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic, 1)) << replicator_->LogTail();
  }

  void Run() {
    absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(options_);
    ASSERT_TRUE(replicator.ok()) << replicator.status();
    replicator_ = *std::move(replicator);
  }

  void ExpectEndsBy(int signal) {
    const absl::Time sent = absl::Now();
    ASSERT_EQ(kill(replicator_->pid(), signal), 0);
    const absl::StatusOr<ExitStatus> ended = replicator_->Wait(kEndMax);
    ASSERT_TRUE(ended.ok()) << ended.status();
    Figure("ending/" + topic_, absl::Now() - sent);
    EXPECT_EQ(ended->code, 0) << ended->ToString() << "\n" << replicator_->LogTail();
    EXPECT_TRUE(replicator_->LogHas(signal == SIGINT ? "SIGINT: stopping" : "SIGTERM: stopping"));
    EXPECT_TRUE(IsHealthy(*replicator_));
  }

  // The next life.
  void ExpectGoesOn() {
    ASSERT_NO_FATAL_FAILURE(Run());
    ASSERT_TRUE(producer_->Stop().ok());
    EXPECT_TRUE(scene_->Equal({topic_})) << replicator_->LogTail();
    EXPECT_TRUE(StopsHealthy(*replicator_));
  }

  static CopyScene* scene_;
  std::string topic_;
  ReplicatorOptions options_;
  std::unique_ptr<LoadGenerator> producer_;
  std::unique_ptr<ReplicatorProcess> replicator_;
};

CopyScene* EndingTest::scene_ = nullptr;

TEST_F(EndingTest, BySigint) {
  ASSERT_NO_FATAL_FAILURE(Copy("interrupted"));
  ASSERT_NO_FATAL_FAILURE(ExpectEndsBy(SIGINT));
  ASSERT_NO_FATAL_FAILURE(ExpectGoesOn());
}

TEST_F(EndingTest, WhileTheTargetHangs) {
  ASSERT_NO_FATAL_FAILURE(Copy("target-hangs"));
  ASSERT_OK(scene_->target().Stop(1));
  // Batches are under way to it.
  EXPECT_TRUE(replicator_->WaitForLog("target broker 1 does not answer", kPatience)) << replicator_->LogTail();
  ExpectEndsBy(SIGTERM);
  ASSERT_OK(scene_->target().Continue(1));
  ASSERT_NO_FATAL_FAILURE(ExpectGoesOn());
}

TEST_F(EndingTest, WhileTheSourceHangs) {
  ASSERT_NO_FATAL_FAILURE(Copy("source-hangs"));
  ASSERT_OK(scene_->source().Stop(1));
  ExpectEndsBy(SIGTERM);
  ASSERT_OK(scene_->source().Continue(1));
  ASSERT_NO_FATAL_FAILURE(ExpectGoesOn());
}

TEST_F(EndingTest, BySigintWhileBothHang) {
  ASSERT_NO_FATAL_FAILURE(Copy("both-hang"));
  ASSERT_OK(scene_->target().Stop(1));
  EXPECT_TRUE(replicator_->WaitForLog("target broker 1 does not answer", kPatience)) << replicator_->LogTail();
  ASSERT_OK(scene_->source().Stop(1));
  ExpectEndsBy(SIGINT);
  ASSERT_OK(scene_->source().Continue(1));
  ASSERT_OK(scene_->target().Continue(1));
  ASSERT_NO_FATAL_FAILURE(ExpectGoesOn());
}

}  // namespace
}  // namespace replicator::tests
