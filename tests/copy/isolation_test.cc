// One partition of a hundred whose target leader hangs: all others are copied meanwhile, and memory keeps its bound.
//
// The same data is copied again and again, in turn with and without the hang, so that what else the machine does meets
// both kinds alike. The pace of both is written down.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/figures.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

// 99 partitions lie on brokers 1 and 2, the hundredth alone on broker 3.
constexpr int kPartitions = 99;
constexpr int kLonelyBroker = 3;
constexpr const char* kTopic = "isolation-bulk";
constexpr const char* kLonelyTopic = "isolation-lonely";
constexpr int64_t kRecords = 900'000;
constexpr int64_t kLonelyRecords = 40'000;

constexpr int64_t kBufferBytes = int64_t{64} << 20;
// What the program may take beside its buffers: code, stacks, metadata, librdkafka, allocator.
constexpr int64_t kFixedOverheadBytes = int64_t{64} << 20;

constexpr int kPairs = 3;

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Bytes of the topic's first segments, which hold all of it here: a raw copy has as many as its source. Asking the
// brokers would take their time.
int64_t BytesOf(const KafkaCluster& cluster, const std::string& topic, int partitions) {
  int64_t bytes = 0;
  for (int id : cluster.broker_ids()) {
    for (int partition = 0; partition < partitions; ++partition) {
      std::error_code error;
      const auto size = std::filesystem::file_size(
          absl::StrCat(cluster.LogDir(id), "/", topic, "-", partition, "/00000000000000000000.log"), error);
      if (!error) bytes += static_cast<int64_t>(size);
    }
  }
  return bytes;
}

class IsolationTest : public SceneTest<DefaultTimings> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(SceneTest::SetUp());
    ASSERT_NO_FATAL_FAILURE(Fill(kTopic, kPartitions, kRecords));
    ASSERT_NO_FATAL_FAILURE(Fill(kLonelyTopic, 1, kLonelyRecords));
    source_bytes_ = BytesOf(scene_->source(), kTopic, kPartitions);
  }

  void Fill(const std::string& topic, int partitions, int64_t records) {
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topic, partitions));
    LoadOptions load = scene_->Load(topic, partitions);
    load.codec = "lz4";
    load.records_total = records;
    load.batch_bytes_max = 16 << 10;  // of several thousand batches a second a copy takes long enough to be timed
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  void CreateTargetTopics() {
    TopicSpec bulk{.name = kTopic};
    for (int partition = 0; partition < kPartitions; ++partition) bulk.replicas.push_back({1 + partition % 2});
    ASSERT_OK(scene_->target_admin().CreateTopic(bulk));
    ASSERT_OK(scene_->target_admin().CreateTopic({.name = kLonelyTopic, .replicas = {{kLonelyBroker}}}));
  }

  testing::AssertionResult WaitForBytes(double share) {
    const auto wanted = static_cast<int64_t>(share * static_cast<double>(source_bytes_));
    return Eventually("so much is copied", [&] { return BytesOf(scene_->target(), kTopic, kPartitions) >= wanted; });
  }

  // Copies everything once; `bytes_per_second` is the pace of the 99 partitions.
  void Copy(bool hang, double* bytes_per_second) {
    ASSERT_NO_FATAL_FAILURE(CreateTargetTopics());
    ReplicatorOptions options = scene_->Replicator("isolation-.*");
    options.flags = {absl::StrCat("--buffer-bytes=", kBufferBytes)};
    const std::unique_ptr<ReplicatorProcess> replicator = Run(options);
    ASSERT_NE(replicator, nullptr);
    ASSERT_TRUE(WaitForBytes(0.02)) << replicator->LogTail();
    if (hang) ASSERT_OK(scene_->target().Stop(kLonelyBroker));
    const int64_t bytes_before = BytesOf(scene_->target(), kTopic, kPartitions);
    const absl::Time before = absl::Now();
    ASSERT_TRUE(WaitForBytes(0.98)) << replicator->LogTail();
    const int64_t bytes_after = BytesOf(scene_->target(), kTopic, kPartitions);
    *bytes_per_second = static_cast<double>(bytes_after - bytes_before) / absl::ToDoubleSeconds(absl::Now() - before);
    if (hang) {
      EXPECT_LT(BytesOf(scene_->target(), kLonelyTopic, 1), BytesOf(scene_->source(), kLonelyTopic, 1))
          << "nothing was stuck";
      ASSERT_OK(scene_->target().Continue(kLonelyBroker));
    }
    EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords)) << replicator->LogTail();
    EXPECT_TRUE(scene_->WaitForTargetRecords(kLonelyTopic, kLonelyRecords)) << replicator->LogTail();
    absl::StatusOr<ProcessUsage> usage = replicator->Usage();
    ASSERT_TRUE(usage.ok()) << usage.status();
    EXPECT_LE(usage->rss_bytes_peak, kBufferBytes + kFixedOverheadBytes);
    peak_bytes_ = std::max(peak_bytes_, usage->rss_bytes_peak);
    EXPECT_TRUE(StopsHealthy(*replicator));
  }

  void DeleteTargetTopics() {
    ASSERT_OK(scene_->target_admin().DeleteTopic(kTopic));
    ASSERT_OK(scene_->target_admin().DeleteTopic(kLonelyTopic));
  }

  int64_t source_bytes_ = 0;
  int64_t peak_bytes_ = 0;  // resident memory of the program, over all runs
};

TEST_F(IsolationTest, OneHangingPartitionOfAHundredLeavesTheOthersCopying) {
  std::vector<double> free;
  std::vector<double> hanging;
  double warm_up = 0;  // the brokers' just-in-time compilers are still at work
  ASSERT_NO_FATAL_FAILURE(Copy(/*hang=*/true, &warm_up));
  EXPECT_TRUE(scene_->Equal({kTopic, kLonelyTopic}));
  ASSERT_NO_FATAL_FAILURE(DeleteTargetTopics());
  for (int pair = 0; pair < kPairs; ++pair) {
    for (const bool hang : {pair % 2 == 0, pair % 2 != 0}) {
      double bytes_per_second = 0;
      ASSERT_NO_FATAL_FAILURE(Copy(hang, &bytes_per_second));
      (hang ? hanging : free).push_back(bytes_per_second);
      Figure(hang ? "isolation/with-a-hanging-partition" : "isolation/free", bytes_per_second / 1e6, "MB/s");
      ASSERT_NO_FATAL_FAILURE(DeleteTargetTopics());
    }
  }
  Figure("isolation/pace-of-the-others", Median(hanging) / Median(free) * 100, "%");
  Figure("isolation/peak-memory", static_cast<double>(peak_bytes_) / (1 << 20), "MiB");
}

}  // namespace
}  // namespace replicator::tests
