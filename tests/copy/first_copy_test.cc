// The first copy between two real clusters: 3.1.2 on ZooKeeper (one broker) to 4.3.1 on KRaft (three brokers), Kafka's
// default timings. What is copied, and how a restart goes on.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/figures.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

// Sanitizer builds copy less.
constexpr int64_t kBulkRecords = 40'000 / kSlowness;

class FirstCopyTest : public SceneTest<DefaultTimings> {
 protected:
  // A log of `kBulkRecords` per partition, and a producer that goes on writing.
  std::unique_ptr<LoadGenerator> FillAndKeepWriting(LoadOptions options) {
    options.records_total = kBulkRecords * options.partitions;
    absl::StatusOr<LoadCounts> written = WriteLoad(options, kPatience);
    EXPECT_TRUE(written.ok()) << written.status();
    if (!written.ok()) return nullptr;
    options.records_total = 0;
    options.records_per_second = 2'000.0 / kSlowness;
    options.first_sequence = written->next_sequence;
    absl::StatusOr<std::unique_ptr<LoadGenerator>> load = LoadGenerator::Start(options);
    EXPECT_TRUE(load.ok()) << load.status();
    return load.ok() ? *std::move(load) : nullptr;
  }
};

TEST_F(FirstCopyTest, EveryCodecArrivesEqualWhileProducersWrite) {
  const std::vector<std::string> codecs = {"none", "lz4", "zstd", "gzip", "snappy"};
  std::vector<std::string> topics;
  std::vector<std::unique_ptr<LoadGenerator>> producers;
  for (const std::string& codec : codecs) {
    topics.push_back("codec-" + codec);
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topics.back(), 3));
    LoadOptions load = scene_->Load(topics.back(), 3);
    load.codec = codec;
    load.records_total = kBulkRecords / 2;
    load.value_bytes = 500;
    load.keys = 100;
    load.tombstone_every = 7;
    load.headers = 3;
    LoadCounts written;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load, &written));
    load.records_total = 0;
    load.records_per_second = 500;
    load.first_sequence = written.next_sequence;
    absl::StatusOr<std::unique_ptr<LoadGenerator>> producer = LoadGenerator::Start(load);
    ASSERT_TRUE(producer.ok()) << producer.status();
    producers.push_back(*std::move(producer));
  }
  std::unique_ptr<ReplicatorProcess> replicator = Run(scene_->Replicator("codec-.*"));
  ASSERT_NE(replicator, nullptr);
  for (const std::string& topic : topics) {
    EXPECT_TRUE(scene_->WaitForTargetRecords(topic, kBulkRecords / 2 + 500)) << topic << "\n" << replicator->LogTail();
  }
  for (const std::unique_ptr<LoadGenerator>& producer : producers) {
    absl::StatusOr<LoadCounts> counts = producer->Stop();
    ASSERT_TRUE(counts.ok()) << counts.status();
  }
  EXPECT_TRUE(scene_->Equal(topics)) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
  EXPECT_TRUE(replicator->PayloadBytesCopied().ok()) << "StopsHealthy does not see how many: " << replicator->LogTail();
}

TEST_F(FirstCopyTest, TopicsArriveWithTheirOverrides) {
  ASSERT_NO_FATAL_FAILURE(CreateTopic("own-compacted", 2, {{"cleanup.policy", "compact"}}));
  ASSERT_NO_FATAL_FAILURE(CreateTopic(
      "own-settings", 1, {{"retention.ms", "-1"}, {"max.message.bytes", "2000000"}, {"compression.type", "lz4"}}));
  ASSERT_NO_FATAL_FAILURE(CreateTopic("own-nothing", 5));
  for (const std::string topic : {"own-compacted", "own-settings", "own-nothing"}) {
    LoadOptions load = scene_->Load(topic, 1);
    load.records_total = 2'000;
    load.codec = "lz4";
    // Three years old: the broker's own retention would delete them.
    if (topic == "own-settings") load.timestamp_base_ms = absl::ToUnixMillis(absl::Now() - absl::Hours(3 * 365 * 24));
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }
  std::unique_ptr<ReplicatorProcess> replicator = Run(scene_->Replicator("own-.*"));
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->WaitForTargetRecords("own-settings", 2'000)) << replicator->LogTail();
  EXPECT_TRUE(scene_->Equal({"own-compacted", "own-settings", "own-nothing"})) << replicator->LogTail();
  for (const std::string topic : {"own-compacted", "own-settings", "own-nothing"}) {
    auto overrides = scene_->target_admin().TopicOverrides(topic);
    ASSERT_TRUE(overrides.ok()) << overrides.status();
    EXPECT_EQ((*overrides)["compression.type"], "producer") << topic;
    const auto own = scene_->source_admin().TopicOverrides(topic);
    ASSERT_TRUE(own.ok()) << own.status();
    for (const auto& [name, value] : *own) {
      if (name != "compression.type") EXPECT_EQ((*overrides)[name], value) << topic << " " << name;
    }
    absl::StatusOr<TopicState> source = scene_->source_admin().DescribeTopic(topic);
    absl::StatusOr<TopicState> target = scene_->target_admin().DescribeTopic(topic);
    ASSERT_TRUE(source.ok()) << source.status();
    ASSERT_TRUE(target.ok()) << target.status();
    EXPECT_EQ(target->partitions.size(), source->partitions.size()) << topic;
    for (const PartitionState& partition : target->partitions) EXPECT_EQ(partition.replicas.size(), 3) << topic;
  }
  EXPECT_TRUE(StopsHealthy(*replicator));
}

TEST_F(FirstCopyTest, AbortedTransactionsStayBehind) {
  ASSERT_NO_FATAL_FAILURE(CreateTopic("transactions", 2));
  LoadOptions load = scene_->Load("transactions", 2);
  load.codec = "lz4";
  load.records_total = kBulkRecords / 4;
  load.records_per_transaction = 200;
  load.abort_share = 0.3;
  LoadCounts written;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load, &written));
  ASSERT_GT(written.records_aborted, 0);
  const ReplicatorOptions options = scene_->Replicator("transactions");
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->WaitForTargetRecords("transactions", written.records)) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
  // The next life has to find its place behind markers and aborted records.
  load.first_sequence = written.next_sequence;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load, &written));
  replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->Equal({"transactions"}, /*gaps=*/true)) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
}

// One life after another, each ended in the middle of the copy while a producer writes.
TEST_F(FirstCopyTest, LivesThatEndInMidCopyLeaveNothingTwice) {
  constexpr int kPartitions = 4;
  ASSERT_NO_FATAL_FAILURE(CreateTopic("lives", kPartitions));
  LoadOptions load = scene_->Load("lives", kPartitions);
  load.codec = "lz4";
  std::unique_ptr<LoadGenerator> producer = FillAndKeepWriting(load);
  ASSERT_NE(producer, nullptr);
  ReplicatorOptions options = scene_->Replicator("lives");
  enum class End { kTerminate, kForgetState, kKill };
  for (const End end : {End::kTerminate, End::kKill, End::kForgetState, End::kKill, End::kTerminate, End::kKill}) {
    std::unique_ptr<ReplicatorProcess> replicator = Run(options);
    ASSERT_NE(replicator, nullptr);
    // This life copies. (What its predecessor had under way may still have landed after that one's end.)
    ASSERT_TRUE(replicator->WaitForLog("new to this process", kPatience)) << replicator->LogTail();
    const int64_t records = RecordsOrFail(scene_->TargetRecords("lives"));
    ASSERT_TRUE(scene_->WaitForTargetRecords("lives", records + 100)) << replicator->LogTail();
    if (end == End::kKill) {
      ASSERT_OK(replicator->Kill9());
      EXPECT_TRUE(IsHealthy(*replicator));
    } else {
      EXPECT_TRUE(StopsHealthy(*replicator));
    }
    if (end == End::kForgetState) options.state_dir = options.dir + "/state-of-a-new-machine";
  }
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  absl::StatusOr<LoadCounts> counts = producer->Stop();
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_TRUE(scene_->Equal({"lives"})) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
}

TEST_F(FirstCopyTest, AShortCopyBeginsAndEndsEqual) {
  ASSERT_NO_FATAL_FAILURE(CreateTopic("quick", 6));
  ASSERT_OK(scene_->target_admin().CreateTopic({.name = "quick", .partitions = 6, .replication_factor = 3}));
  LoadOptions load = scene_->Load("quick", 6);
  load.records_total = 600;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  std::unique_ptr<ReplicatorProcess> replicator = Run(scene_->Replicator("quick"));
  ASSERT_NE(replicator, nullptr);
  const auto arrived = [&] {
    const absl::StatusOr<std::vector<OffsetRange>> ranges = scene_->target_admin().Offsets("quick");
    return ranges.ok() &&
           std::any_of(ranges->begin(), ranges->end(), [](const OffsetRange& range) { return range.end > 0; });
  };
  EXPECT_TRUE(Eventually("the first record arrives", arrived)) << replicator->LogTail();
  const absl::Duration to_first_record = absl::Now() - replicator->started();
  Figure("first-copy/start-to-first-record", to_first_record);
  EXPECT_TRUE(scene_->Equal({"quick"})) << replicator->LogTail();
  const absl::Time stopping = absl::Now();
  EXPECT_TRUE(StopsHealthy(*replicator));
  const absl::Duration to_stop = absl::Now() - stopping;
  Figure("first-copy/sigterm-to-end-idle", to_stop);
}

}  // namespace
}  // namespace replicator::tests
