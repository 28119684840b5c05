// SIGTERM and SIGINT end the program soon, also while brokers hang: what is under way to them is given up, and the next
// life settles it.
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/figures.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 4;
constexpr double kRecordsPerSecond = 1'000;
// The program promises ten seconds. It waits for 30 s for an answer of a broker: an end that waited for one would take
// longer than this, and a busy machine takes less.
constexpr absl::Duration kEndMax = absl::Seconds(25 * kSlowness);

class EndingTest : public SceneTest<OneToOne> {
 protected:
  // A copy that goes on for as long as the test.
  void Copy(const std::string& topic) {
    topic_ = topic;
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topic, kPartitions));
    LoadOptions load = scene_->Load(topic, kPartitions);
    load.linger_ms = 5;
    load.records_per_second = kRecordsPerSecond;
    ASSERT_NO_FATAL_FAILURE(StartProducer(load));
    options_ = scene_->Replicator(topic);
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic, 1)) << replicator_->LogTail();
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

  // The next life. A broker that hung has lost its session: it knows no cluster before it has a new one, and a start
  // would end for that.
  void ExpectGoesOn() {
    ASSERT_OK(scene_->source().WaitReady());
    ASSERT_OK(scene_->target().WaitReady());
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    ASSERT_OK(producer_->Stop().status());
    EXPECT_TRUE(scene_->Equal({topic_})) << replicator_->LogTail();
    EXPECT_TRUE(StopsHealthy(*replicator_));
  }
};

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
