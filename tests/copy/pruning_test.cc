// The offset map in the state folder: a run for each stretch without gaps, in chunks, of which none is left of what
// neither side's log holds any more. One process writes it all the while; the test looks into its folder.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "offsets/store.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr char kTopic[] = "pruned";
constexpr int64_t kRecords = 6'000;
constexpr int kRecordsPerTransaction = 10;  // a marker behind each: a gap
constexpr size_t kChunksMax = 1'000'000;
// A running process looks for what can be forgotten every five seconds.
constexpr absl::Duration kLooks = absl::Seconds(6);
constexpr absl::Duration kReadInterval = absl::Milliseconds(100);

class PruningTest : public SceneTest<OneToOne> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(SceneTest::SetUp());
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = kTopic, .partitions = 1}));
    options_ = scene_->Replicator(kTopic);
  }

  void Write(int64_t records) {
    LoadOptions load = scene_->Load(kTopic, 1);
    load.records_total = records;
    load.records_per_transaction = kRecordsPerTransaction;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  int64_t EndOf(ClusterAdmin& admin) {
    absl::StatusOr<std::vector<OffsetRange>> ranges = admin.Offsets(kTopic);
    return ranges.ok() ? ranges->front().end : -1;
  }

  absl::StatusOr<size_t> ReadRuns() {
    absl::StatusOr<std::unique_ptr<offsets::Store>> store =
        offsets::Store::Open({.folder = options_.state_dir, .read_only = true});
    if (!store.ok()) return store.status();
    auto partitions = (*store)->LoadPartitions(kChunksMax);
    if (!partitions.ok()) return partitions.status();
    if (partitions->size() != 1) return absl::NotFoundError(absl::StrCat(partitions->size(), " partitions"));
    size_t runs = 0;
    for (const offsets::KnownRange& chunk : partitions->begin()->second.map.chunks) runs += chunk.runs.size();
    return runs;
  }

  // What the running process has in its folder. It may take a file away while that is read: then it is read again.
  size_t RunsStored() {
    absl::StatusOr<size_t> runs = absl::UnknownError("not read");
    const auto is_read = [&] {
      runs = ReadRuns();
      if (!runs.ok()) absl::SleepFor(kReadInterval);
      return runs.ok();
    };
    EXPECT_TRUE(Eventually("the store is read", is_read)) << runs.status();
    return runs.value_or(0);
  }
};

TEST_F(PruningTest, RunsOfWhatBothLogsHaveDeletedAreForgotten) {
  ASSERT_NO_FATAL_FAILURE(Write(kRecords));
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  ASSERT_TRUE(scene_->Equal({kTopic}, /*gaps=*/true)) << replicator_->LogTail();
  constexpr size_t kRuns = kRecords / kRecordsPerTransaction - 1;
  EXPECT_TRUE(Eventually("the runs are stored", [&] { return RunsStored() >= kRuns; })) << replicator_->LogTail();

  // One side alone changes nothing: what the target still has may be asked for.
  ASSERT_OK(scene_->source_admin().DeleteRecords(kTopic, 0, EndOf(scene_->source_admin())));
  ASSERT_NO_FATAL_FAILURE(Write(kRecordsPerTransaction));
  ASSERT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords + kRecordsPerTransaction)) << replicator_->LogTail();
  absl::SleepFor(kLooks);
  EXPECT_GE(RunsStored(), kRuns);

  ASSERT_OK(scene_->target_admin().DeleteRecords(kTopic, 0, EndOf(scene_->target_admin())));
  ASSERT_NO_FATAL_FAILURE(Write(kRecordsPerTransaction));
  EXPECT_TRUE(Eventually("the runs are forgotten", [&] { return RunsStored() <= offsets::OffsetMap::kChunkRunsMax; }))
      << RunsStored() << " closed runs are left, of which the chunk that grows has a part";
  EXPECT_TRUE(StopsHealthy(*replicator_));
}

}  // namespace
}  // namespace replicator::tests
