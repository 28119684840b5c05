// Brokers up to 2.4 that forget a producer id (its last records are old, and the broker restarts cleanly) take no
// sequence of it but 0: UNKNOWN_PRODUCER_ID. The partition then gets a new id, and nothing is lost or doubled.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/copy_scene.h"

namespace replicator::tests {
namespace {

constexpr const char* kTopic = "old-records";
constexpr int kPartitions = 3;
constexpr int64_t kRecords = 3'000;
constexpr int kRestarts = 2;

class ForgottenProducerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SceneOptions options;
    options.target.version = "2.1.1";
    options.target.brokers = 1;
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start(std::move(options));
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = *std::move(scene);
    ASSERT_OK(scene_->source_admin().CreateTopic(
        {.name = kTopic, .partitions = kPartitions, .configs = {{"retention.ms", "-1"}}}));
  }

  void WriteYearOldRecords() {
    LoadOptions load = scene_->Load(kTopic, kPartitions);
    load.records_total = kRecords;
    load.first_sequence = next_sequence_;
    load.codec = "lz4";
    load.timestamp_base_ms = absl::ToUnixMillis(absl::Now() - absl::Hours(365 * 24));
    absl::StatusOr<LoadCounts> written = WriteLoad(load, kPatience);
    ASSERT_TRUE(written.ok()) << written.status();
    next_sequence_ = written->next_sequence;
  }

  std::unique_ptr<CopyScene> scene_;
  int64_t next_sequence_ = 0;
};

TEST_F(ForgottenProducerTest, GetsANewIdAndLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(WriteYearOldRecords());
  ReplicatorOptions options = scene_->Replicator(kTopic);
  options.replication_factor = 1;
  absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(options);
  ASSERT_TRUE(replicator.ok()) << replicator.status();
  EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords)) << (*replicator)->LogTail();
  for (int restart = 1; restart <= kRestarts; ++restart) {
    ASSERT_OK(scene_->target().Restart(1));
    ASSERT_NO_FATAL_FAILURE(WriteYearOldRecords());
    EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords * (restart + 1))) << (*replicator)->LogTail();
    EXPECT_GE((*replicator)->LogLines("the target forgot producer id").size(), static_cast<size_t>(restart))
        << (*replicator)->Log();
  }
  EXPECT_TRUE(scene_->Equal({kTopic})) << (*replicator)->LogTail();
  EXPECT_TRUE(StopsHealthy(**replicator));

  // The next life goes on with the producer that the target's last batch names.
  replicator = ReplicatorProcess::Start(options);
  ASSERT_TRUE(replicator.ok()) << replicator.status();
  ASSERT_NO_FATAL_FAILURE(WriteYearOldRecords());
  EXPECT_TRUE(scene_->Equal({kTopic})) << (*replicator)->LogTail();
  EXPECT_TRUE(StopsHealthy(**replicator));
}

}  // namespace
}  // namespace replicator::tests
