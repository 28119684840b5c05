// E, B: what a dead process has sent lies somewhere on the way to the target. The next one, of the same state folder,
// copies the same batches again, and only then the old ones arrive.
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/api_key.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 6;

class LateBytesTest : public SceneTest<OneToOne> {
 protected:
  // Copies, loses the process with all that it sends from a moment on, and goes on with the next one. True if what was
  // lost arrived after the next process had copied on. What `delay` holds back arrives before this returns.
  bool LateBytesArriveBehindTheNextProcess(absl::Duration delay) {
    const int64_t before = replicator_ == nullptr ? 0 : RecordsOrFail(scene_->TargetRecords(topic_));
    StartReplicator();  // the first one creates the topic
    TimeToCopyAgain(before);
    FaultProxy& proxy = scene_->target_proxy(1);
    const RuleId rule = proxy.Arm({.api_key = kProduce,
                                   .client_id_prefix = "replicator",
                                   .times = std::numeric_limits<int64_t>::max(),
                                   .fault = Fault::CutThenForwardLate(delay)});
    EXPECT_TRUE(replicator_->WaitForLog("; settling ", kPatience)) << replicator_->LogTail();
    KillReplicator();
    const absl::Time last_sent = absl::Now();
    proxy.Remove(rule);
    StartReplicator();
    TimeToCopyAgain(RecordsOrFail(scene_->TargetRecords(topic_)));
    const bool in_time = proxy.Hits(rule) == 0;
    EXPECT_TRUE(proxy.WaitForHits(rule, 1, absl::Now() + kPatience)) << "nothing was on its way";
    absl::SleepFor(last_sent + delay + absl::Seconds(1) - absl::Now());  // the last of them
    KillReplicator();
    return in_time;
  }
};

TEST_F(LateBytesTest, LateBytesOfADeadProcessLandOnce) {
  constexpr int kRounds = 5;
  // On a busy machine the next process may need longer: then so does what is late.
  constexpr absl::Duration kDelayMax = absl::Seconds(60);
  absl::Duration delay = absl::Seconds(5);
  topic_ = "late";
  ASSERT_NO_FATAL_FAILURE(CreateTopic(topic_, kPartitions));
  options_ = scene_->Replicator(topic_);
  LoadOptions load = scene_->Load(topic_, kPartitions);
  load.codec = "lz4";
  load.linger_ms = 5;
  load.records_per_second = 2'000;
  ASSERT_NO_FATAL_FAILURE(StartProducer(load));
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
  ASSERT_OK(producer_->Stop().status());
  EXPECT_TRUE(scene_->Equal({topic_})) << replicator_->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator_));
}

}  // namespace
}  // namespace replicator::tests
