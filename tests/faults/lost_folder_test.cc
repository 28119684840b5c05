// B: a process without the state folder of the one before goes on with its producer, also where the target has nothing
// yet.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/api_key.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 4;
// Longer than the lock's session and a start.
constexpr absl::Duration kOnTheWay = absl::Seconds(30);

class LostFolderTest : public SceneTest<OneToOne> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(SceneTest::SetUp());
    ASSERT_NO_FATAL_FAILURE(CreateTopic("first", kPartitions));
    options_ = scene_->Replicator("first");
  }

  std::unique_ptr<ReplicatorProcess> RunWith(const std::string& state_dir) {
    options_.state_dir = options_.dir + "/" + state_dir;
    return Run(options_);
  }

  void Load() {
    LoadOptions load = scene_->Load("first", kPartitions);
    load.records_per_second = 1'000;
    load.linger_ms = 5;
    ASSERT_NO_FATAL_FAILURE(StartProducer(load));
  }
};

// The first batches of a process that died lie somewhere between it and the target, which is empty as yet. The next
// process copies them again, and only then they arrive.
TEST_F(LostFolderTest, FirstBatchesThatArriveAfterTheNextProcessHasSentThemAreDuplicates) {
  std::unique_ptr<ReplicatorProcess> a = RunWith("a");
  ASSERT_NE(a, nullptr);
  ASSERT_TRUE(a->WaitForLog("new to this process", kPatience)) << a->Log();
  FaultProxy& proxy = scene_->target_proxy(1);
  const RuleId rule = proxy.Arm({.api_key = kProduce,
                                 .client_id_prefix = "replicator",
                                 .times = 1'000,
                                 .fault = Fault::CutThenForwardLate(kOnTheWay)});
  ASSERT_NO_FATAL_FAILURE(Load());
  ASSERT_TRUE(a->WaitForLog("; settling ", kPatience)) << a->LogTail();
  ASSERT_OK(a->Kill9());
  const absl::Time last_sent = absl::Now();
  proxy.Remove(rule);
  ASSERT_EQ(RecordsOrFail(scene_->TargetRecords("first")), 0);

  std::unique_ptr<ReplicatorProcess> b = RunWith("b");
  ASSERT_NE(b, nullptr);
  ASSERT_TRUE(b->WaitForLog("this link has run before", kPatience)) << b->Log();
  ASSERT_TRUE(scene_->WaitForTargetRecords("first", 1'000)) << b->LogTail();
  ASSERT_EQ(proxy.Hits(rule), 0) << "the late bytes were not late";
  ASSERT_TRUE(proxy.WaitForHits(rule, 1, absl::Now() + kOnTheWay));
  absl::SleepFor(last_sent + kOnTheWay + absl::Seconds(1) - absl::Now());
  ASSERT_OK(producer_->Stop().status());
  EXPECT_TRUE(scene_->Equal({"first"})) << b->LogTail();
  EXPECT_TRUE(StopsHealthy(*b));
}

}  // namespace
}  // namespace replicator::tests
