// Batches that are larger than the memory that is reserved for a response: they pass, one at a time, and memory keeps
// its bound, with several shards, too.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/scene/figures.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

// One batch of each partition alone would be far above the bound.
constexpr int kPartitions = 24;
constexpr int kShards = 2;
// Four records are a batch. There is no codec, so that sizes are what they seem.
constexpr int kRecordBytes = 1'500'000;
constexpr int64_t kRecords = 4 * kPartitions;
constexpr int kBatchBytesMax = 7'000'000;
// The least that may be given: half of it for each shard, which is less than a batch.
constexpr int64_t kBufferBytes = int64_t{8} << 20;
// What the program may take beside its buffers: code, stacks, metadata, allocator.
constexpr int64_t kFixedOverheadBytes = int64_t{64} << 20;
// Slower than the source: what could be fetched ahead would be all of it.
constexpr int64_t kTargetBytesPerSecond = 12'000'000;

class LargeBatchesTest : public SceneTest<OneToOne> {
 protected:
  // Of the first batch in a partition of the source; 0 if its log cannot be read.
  int64_t FirstBatchBytes(const std::string& topic, int partition) {
    std::ifstream log(absl::StrCat(scene_->source().LogDir(1), "/", topic, "-", partition, "/00000000000000000000.log"),
                      std::ios::binary);
    char header[12] = {};  // base offset, and the length of what follows
    if (!log.read(header, sizeof(header))) return 0;
    int64_t length = 0;
    for (int i = 8; i < 12; ++i) length = length << 8 | static_cast<unsigned char>(header[i]);
    return static_cast<int64_t>(sizeof(header)) + length;
  }
};

TEST_F(LargeBatchesTest, PassThoughTheyAreLargerThanTheBuffers) {
  const std::string bytes_max = absl::StrCat(2 * kBatchBytesMax);
  ASSERT_OK(scene_->source_admin().CreateTopic(
      {.name = "large", .partitions = kPartitions, .configs = {{"max.message.bytes", bytes_max}}}));
  LoadOptions load = scene_->Load("large", kPartitions);
  load.shape = RecordShape::kRandom;
  load.value_bytes = kRecordBytes;
  load.records_total = kRecords;
  load.batch_bytes_max = kBatchBytesMax;
  load.linger_ms = 60'000;  // a batch is sent when the load is flushed, however long the records take to be queued
  load.client_properties["message.max.bytes"] = bytes_max;
  load.client_properties["queue.buffering.max.kbytes"] = absl::StrCat(2 * kRecords * kRecordBytes / 1024);  // all of it
  ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  for (int partition = 0; partition < kPartitions; ++partition)
    ASSERT_GT(FirstBatchBytes("large", partition), kBufferBytes / kShards);

  ReplicatorOptions options = scene_->Replicator("large");
  options.tasks_max = kShards;
  options.flags = {absl::StrCat("--shards=", kShards), absl::StrCat("--buffer-bytes=", kBufferBytes),
                   absl::StrCat("--target-bytes-per-second=", kTargetBytesPerSecond)};
  const std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->Equal({"large"})) << replicator->LogTail();
  absl::StatusOr<ProcessUsage> usage = replicator->Usage();
  ASSERT_TRUE(usage.ok()) << usage.status();
  Figure("large-batches/peak-memory", static_cast<double>(usage->rss_bytes_peak) / (1 << 20), "MiB");
  // Each shard may hold its part of the buffers, or one response that is larger.
  EXPECT_LE(usage->rss_bytes_peak, kFixedOverheadBytes + kBufferBytes + kShards * kBatchBytesMax);
  EXPECT_TRUE(StopsHealthy(*replicator));
}

}  // namespace
}  // namespace replicator::tests
