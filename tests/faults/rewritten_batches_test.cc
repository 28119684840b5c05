// E, F: topics of the target that change a batch's bytes, which the operator has accepted: they compress it anew, or
// put their own times in. Producer, sequence and records stay, and by these the program knows its own batches.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 2;
constexpr int kKills = 6;
const std::string kCompressed = "rewritten-codec";
const std::string kTimed = "rewritten-times";

class RewrittenBatchesTest : public SceneTest<OneToOne> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(SceneTest::SetUp());
    ASSERT_NO_FATAL_FAILURE(MakeOnBothSides(kCompressed, {{"compression.type", "gzip"}}));
    ASSERT_NO_FATAL_FAILURE(MakeOnBothSides(kTimed, {{"message.timestamp.type", "LogAppendTime"}}));
  }

  void MakeOnBothSides(const std::string& topic, std::map<std::string, std::string> at_target) {
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topic, kPartitions));
    ASSERT_OK(scene_->target_admin().CreateTopic(
        {.name = topic, .partitions = kPartitions, .configs = std::move(at_target)}));
  }

  LoadOptions LoadOf(const std::string& topic) {
    LoadOptions load = scene_->Load(topic, kPartitions);
    load.codec = "lz4";
    load.records_per_second = 1'000;
    load.value_bytes = 300;
    load.first_sequence = written_;
    return load;
  }

  void StartProducers() {
    for (const std::string& topic : {kCompressed, kTimed}) {
      absl::StatusOr<std::unique_ptr<LoadGenerator>> producer = LoadGenerator::Start(LoadOf(topic));
      ASSERT_OK(producer.status());
      producers_.push_back(*std::move(producer));
    }
  }

  void StopProducers() {
    for (const std::unique_ptr<LoadGenerator>& producer : producers_) {
      const absl::StatusOr<LoadCounts> counts = producer->Stop();
      ASSERT_OK(counts.status());
      written_ = std::max(written_, counts->next_sequence);
    }
    producers_.clear();
  }

  // More of both topics than there is now.
  void ExpectGoesOn(WatchedLink& link) {
    for (const std::string& topic : {kCompressed, kTimed}) {
      const int64_t before = RecordsOrFail(scene_->TargetRecords(topic));
      ASSERT_TRUE(scene_->WaitForTargetRecords(topic, before + 100)) << link.process().LogTail();
    }
  }

  void ExpectExact(WatchedLink& link) {
    EXPECT_TRUE(scene_->Equal({kCompressed})) << link.process().LogTail();
    const int64_t records = RecordsOrFail(scene_->SourceRecords(kTimed));
    ASSERT_TRUE(scene_->WaitForTargetRecords(kTimed, records)) << link.process().LogTail();
    Verifier verifier({.source_bootstrap_servers = scene_->source().direct_bootstrap_servers(),
                       .target_bootstrap_servers = scene_->target().direct_bootstrap_servers(),
                       .topics = {kTimed},
                       .compare_offsets = true,
                       .compare_timestamps = false});
    const absl::StatusOr<VerifyResult> result = verifier.Verify(kPatience);
    ASSERT_OK(result.status());
    EXPECT_TRUE(result->equal && result->records == records) << result->Summary();
    EXPECT_TRUE(link.NothingIsQuarantined());
  }

  std::mt19937_64 random_{14};
  std::vector<std::unique_ptr<LoadGenerator>> producers_;
  int64_t written_ = 0;
};

TEST_F(RewrittenBatchesTest, KillsAndLostConnectionsAndALostFolderLeaveEveryRecordOnce) {
  ReplicatorOptions options = scene_->Replicator("rewritten-.*");
  options.flags = {"--accept-target-settings=rewritten-.*"};
  WatchedLink link(options);
  ASSERT_OK(link.Start());
  ASSERT_NO_FATAL_FAILURE(StartProducers());
  for (int i = 0; i < kKills; ++i) {
    ASSERT_NO_FATAL_FAILURE(ExpectGoesOn(link));
    absl::SleepFor(absl::Milliseconds(random_() % 300));
    scene_->target_proxy(1).CutAll();
    ASSERT_NO_FATAL_FAILURE(ExpectGoesOn(link));
    absl::SleepFor(absl::Milliseconds(random_() % 300));
    EXPECT_TRUE(IsHealthy(link.process()));
    ASSERT_OK(link.Kill9());
    ASSERT_OK(link.Start());
  }
  ASSERT_NO_FATAL_FAILURE(StopProducers());
  ASSERT_NO_FATAL_FAILURE(ExpectExact(link));
  EXPECT_TRUE(StopsHealthy(link.process()));

  link.options().state_dir = absl::StrCat(link.options().dir, "/empty");
  ASSERT_OK(link.Start());
  ASSERT_NO_FATAL_FAILURE(StartProducers());
  ASSERT_NO_FATAL_FAILURE(ExpectGoesOn(link));
  ASSERT_NO_FATAL_FAILURE(StopProducers());
  ASSERT_NO_FATAL_FAILURE(ExpectExact(link));
  EXPECT_TRUE(StopsHealthy(link.process()));
}

}  // namespace
}  // namespace replicator::tests
