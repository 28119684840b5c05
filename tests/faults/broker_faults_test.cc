// Brokers that leave, die, hang and come back in the middle of a copy, with a producer that writes all the while. Each
// ends with both sides equal, at equal offsets, and nothing quarantined.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 6;
constexpr int64_t kBulkRecords = 60'000;
constexpr double kRecordsPerSecond = 2'000;

class BrokerFaultsTest : public SceneTest<OneToThree> {
 protected:
  // A topic with a past, a producer that goes on, and a program that is in the middle of the copy.
  void Begin(const std::string& topic) {
    topic_ = topic;
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topic, kPartitions));
    LoadOptions load = scene_->Load(topic, kPartitions);
    load.codec = "lz4";
    load.records_total = kBulkRecords;
    LoadCounts written;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load, &written));
    next_sequence_ = written.next_sequence;
    written_ = written.records;
    ASSERT_NO_FATAL_FAILURE(ResumeProducer());
    options_ = scene_->Replicator(topic);
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic, kBulkRecords / 10)) << replicator_->LogTail();
  }

  void ResumeProducer() {
    LoadOptions load = scene_->Load(topic_, kPartitions);
    load.codec = "lz4";
    load.records_per_second = kRecordsPerSecond;
    load.first_sequence = next_sequence_;
    ASSERT_NO_FATAL_FAILURE(StartProducer(load));
  }

  void PauseProducer() {
    LoadCounts counts;
    ASSERT_NO_FATAL_FAILURE(StopProducer(&counts));
    next_sequence_ = counts.next_sequence;
    written_ += counts.records;
  }

  // A broker that leads partitions of the topic on the target and is not the admin's only way in.
  int TargetLeader() {
    absl::StatusOr<int> leader = scene_->target_admin().Leader(topic_, 0);
    EXPECT_TRUE(leader.ok()) << leader.status();
    return leader.value_or(1);
  }

  void End() {
    ASSERT_NO_FATAL_FAILURE(PauseProducer());
    // More, if the producer of the test wrote some twice: then the target has them twice, too.
    EXPECT_GE(RecordsOrFail(scene_->SourceRecords(topic_)), written_);
    EXPECT_TRUE(scene_->Equal({topic_})) << replicator_->LogTail();
    EXPECT_TRUE(StopsHealthy(*replicator_));
  }

  int64_t next_sequence_ = 0;
  int64_t written_ = 0;  // acknowledged to the producers of the test
};

TEST_F(BrokerFaultsTest, LeaderThatShutsDownHandsOver) {
  ASSERT_NO_FATAL_FAILURE(Begin("failover"));
  const int leader = TargetLeader();
  ASSERT_OK(scene_->target().Terminate(leader));
  ASSERT_OK(scene_->target_admin().WaitForLeader(topic_, 0, leader, kPatience).status());
  ExpectCatchesUp();  // without that broker
  ASSERT_OK(scene_->target().Start(leader));
  ASSERT_OK(scene_->target().WaitReady());
  ASSERT_OK(scene_->target_admin().WaitForFullIsr(topic_, kPatience));
  ASSERT_OK(scene_->target_admin().ElectPreferredLeaders(topic_));
  ExpectCatchesUp();
  End();
}

TEST_F(BrokerFaultsTest, LeaderThatDiesComesBack) {
  ASSERT_NO_FATAL_FAILURE(Begin("kill"));
  const int leader = TargetLeader();
  ASSERT_OK(scene_->target().Kill9(leader));
  ASSERT_OK(scene_->target().Start(leader));
  ASSERT_OK(scene_->target().WaitReady());
  ASSERT_OK(scene_->target_admin().WaitForFullIsr(topic_, kPatience));
  ExpectCatchesUp();
  End();
}

// It dies while nothing is under way, so that what comes next finds it unreachable; then it leads nothing for a while.
// Once it leads again it has to be tried again.
TEST_F(BrokerFaultsTest, LeaderThatCouldNotBeReachedLeadsAgain) {
  ASSERT_NO_FATAL_FAILURE(Begin("leads-again"));
  ASSERT_NO_FATAL_FAILURE(PauseProducer());
  ExpectCatchesUp();
  const int leader = TargetLeader();
  ASSERT_OK(scene_->target().Kill9(leader));
  ASSERT_NO_FATAL_FAILURE(ResumeProducer());
  ASSERT_OK(scene_->target_admin().WaitForLeader(topic_, 0, leader, kPatience).status());
  ExpectCatchesUp();
  ASSERT_OK(scene_->target().Start(leader));
  ASSERT_OK(scene_->target().WaitReady());
  ASSERT_OK(scene_->target_admin().WaitForFullIsr(topic_, kPatience));
  ASSERT_OK(scene_->target_admin().ElectPreferredLeaders(topic_));
  ExpectCatchesUp();
  End();
}

TEST_F(BrokerFaultsTest, LeaderThatHangsFor20SecondsGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin("hang"));
  const int leader = TargetLeader();
  ASSERT_OK(scene_->target().Stop(leader));
  const absl::Time stopped = absl::Now();
  // The time of the hang is the matter of this test; meanwhile the copy goes on with the leaders that the cluster
  // elects.
  ExpectCatchesUp();
  EXPECT_FALSE(WaitFor([&] { return !replicator_->Running(); }, stopped + absl::Seconds(20) - absl::Now()));
  ASSERT_OK(scene_->target().Continue(leader));
  ASSERT_OK(scene_->target_admin().WaitForFullIsr(topic_, kPatience));
  ExpectCatchesUp();
  End();
}

// The producer writes right up to the end of the broker and again from its return. (In between it could not, and
// librdkafka gives up when a lone broker that starts does not know its topics yet.)
TEST_F(BrokerFaultsTest, SourceThatRestartsIsReadOn) {
  ASSERT_NO_FATAL_FAILURE(Begin("source-restart"));
  for (const bool kill : {false, true}) {
    ASSERT_NO_FATAL_FAILURE(PauseProducer());
    if (kill) {
      ASSERT_OK(scene_->source().Kill9(1));
      ASSERT_OK(scene_->source().Start(1));
      ASSERT_OK(scene_->source().WaitReady());
    } else {
      ASSERT_OK(scene_->source().Restart(1));
    }
    ASSERT_NO_FATAL_FAILURE(ResumeProducer());
    ExpectCatchesUp();
  }
  End();
}

TEST_F(BrokerFaultsTest, WholeTargetThatIsAwayIsWaitedFor) {
  ASSERT_NO_FATAL_FAILURE(Begin("blackout"));
  for (int id : scene_->target().broker_ids()) ASSERT_OK(scene_->target().Kill9(id));
  ASSERT_OK(scene_->target().StartAll());
  ASSERT_OK(scene_->target().WaitReady());
  ExpectCatchesUp();
  End();
}

}  // namespace
}  // namespace replicator::tests
