// The offset map in the state folder: a run for each stretch without gaps, and none left of what neither side's log
// holds any more.
#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "offsets/store.h"
#include "tests/scene/copy_scene.h"

namespace replicator::tests {
namespace {

constexpr char kTopic[] = "transactions";
constexpr int64_t kRecords = 2'000;
constexpr int kRecordsPerTransaction = 10;  // a marker behind each: a gap
constexpr size_t kRunsMax = 1'000'000;
// A running process looks for what can be forgotten every five seconds.
constexpr absl::Duration kLooks = absl::Seconds(6);

class PruningTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start({.target = {.version = "4.3.1", .brokers = 1}});
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = *std::move(scene);
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = kTopic, .partitions = 1}));
    options_ = scene_->Replicator(kTopic);
    options_.replication_factor = 1;
  }

  void Write(int64_t records) {
    LoadOptions load = scene_->Load(kTopic, 1);
    load.records_total = records;
    load.records_per_transaction = kRecordsPerTransaction;
    absl::StatusOr<LoadCounts> counts = WriteLoad(load, kPatience);
    ASSERT_TRUE(counts.ok()) << counts.status();
  }

  void Start() {
    absl::StatusOr<std::unique_ptr<ReplicatorProcess>> process = ReplicatorProcess::Start(options_);
    ASSERT_TRUE(process.ok()) << process.status();
    process_ = *std::move(process);
  }

  int64_t EndOf(ClusterAdmin& admin) {
    absl::StatusOr<std::vector<OffsetRange>> ranges = admin.Offsets(kTopic);
    return ranges.ok() ? ranges->front().end : -1;
  }

  // Stops the process, and counts what it has left in its folder.
  size_t RunsStored() {
    EXPECT_TRUE(StopsHealthy(*process_));
    absl::StatusOr<std::unique_ptr<offsets::Store>> store =
        offsets::Store::Open({.folder = options_.state_dir, .read_only = true});
    EXPECT_TRUE(store.ok()) << store.status();
    if (!store.ok()) return 0;
    auto partitions = (*store)->LoadPartitions(kRunsMax);
    EXPECT_TRUE(partitions.ok() && partitions->size() == 1) << partitions.status();
    return partitions.ok() && partitions->size() == 1 ? partitions->begin()->second.runs.closed.size() : 0;
  }

  std::unique_ptr<CopyScene> scene_;
  ReplicatorOptions options_;
  std::unique_ptr<ReplicatorProcess> process_;
};

TEST_F(PruningTest, RunsOfWhatBothLogsHaveDeletedAreForgotten) {
  ASSERT_NO_FATAL_FAILURE(Write(kRecords));
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_TRUE(scene_->Equal({kTopic}, /*gaps=*/true)) << process_->LogTail();
  const size_t runs = RunsStored();
  std::cout << runs << " closed runs of " << kRecords << " records" << std::endl;
  EXPECT_GE(runs, kRecords / kRecordsPerTransaction - 1);

  // One side alone changes nothing: what the target still has may be asked for.
  ASSERT_OK(scene_->source_admin().DeleteRecords(kTopic, 0, EndOf(scene_->source_admin())));
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(Write(kRecordsPerTransaction));
  ASSERT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords + kRecordsPerTransaction)) << process_->LogTail();
  absl::SleepFor(kLooks);
  EXPECT_GE(RunsStored(), runs);

  ASSERT_OK(scene_->target_admin().DeleteRecords(kTopic, 0, EndOf(scene_->target_admin())));
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(Write(kRecordsPerTransaction));
  EXPECT_TRUE(WaitFor(
      [&] {
        absl::SleepFor(kLooks);
        const size_t left = RunsStored();
        std::cout << left << " closed runs are left" << std::endl;
        Start();
        Write(kRecordsPerTransaction);
        return left < 10;
      },
      kPatience));
  EXPECT_TRUE(StopsHealthy(*process_));
}

}  // namespace
}  // namespace replicator::tests
