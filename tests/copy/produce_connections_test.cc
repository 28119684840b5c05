// A target whose answers take long, as if its replicas were far apart: one produce connection carries so many requests
// at a time and no more, and the program opens others by itself. And one whose answers do not come for a while.
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/api_key.h"
#include "tests/scene/figures.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr const char* kTopic = "far";
constexpr int kPartitions = 40;
constexpr int64_t kRecords = 150'000;  // of 1,000 bytes, uncompressed
// So long that a busy machine takes less for its own work: the waiting alone decides how fast one connection is. The
// answers to five requests wait one behind the other, and after a second the target would count as one that hangs.
constexpr absl::Duration kAnswerDelay = absl::Milliseconds(100);

class ProduceConnectionsTest : public SceneTest<OneToOne> {
 protected:
  // The first test writes the topic, all of them copy it.
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(SceneTest::SetUp());
    if (scene_->source_admin().DescribeTopic(kTopic).ok()) return;
    ASSERT_NO_FATAL_FAILURE(CreateTopic(kTopic, kPartitions));
    LoadOptions load = scene_->Load(kTopic, kPartitions);
    load.records_total = kRecords;
    load.batch_bytes_max = 450'000;  // 40 of them are many more than five requests carry
    load.linger_ms = 1000;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  void TearDown() override {
    for (const RuleId rule : rules_) scene_->target_proxy(1).Remove(rule);
    const absl::Status deleted = scene_->target_admin().DeleteTopic(kTopic);
    EXPECT_TRUE(deleted.ok() || absl::IsNotFound(deleted)) << deleted;
    SceneTest::TearDown();
  }

  void DelayEveryAnswer() {
    rules_.push_back(scene_->target_proxy(1).Arm({.api_key = kProduce,
                                                  .client_id_prefix = "replicator",
                                                  .times = std::numeric_limits<int64_t>::max(),
                                                  .fault = Fault::DelayResponse(kAnswerDelay)}));
  }

  std::unique_ptr<ReplicatorProcess> Start(const std::vector<std::string>& flags) {
    ReplicatorOptions options = scene_->Replicator(kTopic);
    options.flags = flags;
    options.flags.push_back("--shards=1");
    return Run(options);
  }

  struct Copied {
    double records_per_second = 0;
    size_t connections = 0;
  };

  // Copies everything and takes it off the target again.
  Copied Copy(const std::vector<std::string>& flags) {
    std::unique_ptr<ReplicatorProcess> replicator = Start(flags);
    if (replicator == nullptr) return {};
    EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords)) << replicator->LogTail();
    const double seconds = absl::ToDoubleSeconds(absl::Now() - replicator->started());
    EXPECT_TRUE(scene_->Equal({kTopic}));
    EXPECT_TRUE(StopsHealthy(*replicator));
    const absl::Status deleted = scene_->target_admin().DeleteTopic(kTopic);
    EXPECT_TRUE(deleted.ok()) << deleted;
    return {.records_per_second = kRecords / seconds,
            .connections = 1 + replicator->LogLines("opens produce connection").size()};
  }

  std::vector<RuleId> rules_;
};

TEST_F(ProduceConnectionsTest, MoreAreOpenedWhereOneIsNotEnough) {
  DelayEveryAnswer();
  const Copied one = Copy({"--produce-connections=1"});
  const Copied chosen = Copy({});
  Figure("produce-connections/one", one.records_per_second, "records/s");
  Figure("produce-connections/chosen", chosen.records_per_second, "records/s");
  Figure("produce-connections/chosen-connections", static_cast<double>(chosen.connections), "connections");
  EXPECT_EQ(one.connections, 1);
  EXPECT_GE(chosen.connections, 2);
  EXPECT_LE(chosen.connections, 4);
}

TEST_F(ProduceConnectionsTest, NothingIsLostWhenAllOfThemBreak) {
  DelayEveryAnswer();
  std::unique_ptr<ReplicatorProcess> replicator = Start({});
  ASSERT_NE(replicator, nullptr);
  ASSERT_TRUE(replicator->WaitForLog("opens produce connection 2", kPatience)) << replicator->LogTail();
  scene_->target_proxy(1).CutAll();
  EXPECT_TRUE(replicator->WaitForLog("settling", kPatience)) << replicator->LogTail();
  EXPECT_TRUE(scene_->Equal({kTopic}));
  EXPECT_TRUE(StopsHealthy(*replicator));
}

TEST_F(ProduceConnectionsTest, ATargetThatDoesNotAnswerIsLoggedAndSoIsItsReturn) {
  std::unique_ptr<ReplicatorProcess> replicator = Start({"--target-bytes-per-second=20000000"});  // not done too soon
  ASSERT_NE(replicator, nullptr);
  ASSERT_TRUE(scene_->WaitForTargetRecords(kTopic, 1)) << replicator->LogTail();
  // On a busy machine it may have been silent before.
  const auto silences = [&] {
    return replicator->LogLines("target broker 1 does not answer: its partitions wait").size();
  };
  const auto returns = [&] { return replicator->LogLines("target broker 1 answers again").size(); };
  const size_t before = silences();
  scene_->target_proxy(1).Hold();
  EXPECT_TRUE(Eventually("the silence is logged", [&] { return silences() > before; })) << replicator->LogTail();
  EXPECT_LT(returns(), silences()) << replicator->Log();
  scene_->target_proxy(1).Release();
  EXPECT_TRUE(Eventually("the return is logged", [&] { return returns() == silences(); })) << replicator->LogTail();
  EXPECT_TRUE(scene_->Equal({kTopic}));
  EXPECT_TRUE(StopsHealthy(*replicator));
}

// Long enough for its partitions to be paused, as happens now and then under load.
TEST_F(ProduceConnectionsTest, AnAnswerThatTakesTwoSecondsCostsNoRecord) {
  FaultProxy& proxy = scene_->target_proxy(1);
  const RuleId late = proxy.Arm({.api_key = kProduce,
                                 .client_id_prefix = "replicator",
                                 .skip = 3,
                                 .fault = Fault::DelayResponse(absl::Seconds(2))});
  std::unique_ptr<ReplicatorProcess> replicator = Start({});
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->Equal({kTopic})) << replicator->LogTail();
  EXPECT_EQ(proxy.Hits(late), 1);
  EXPECT_TRUE(StopsHealthy(*replicator));
}

}  // namespace
}  // namespace replicator::tests
