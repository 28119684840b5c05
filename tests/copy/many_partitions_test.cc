// Ten thousand partitions that exist on both sides: all of them are caught up, and the one topic with records is equal.
// Written down: the time from the start to the first record, and what the program costs when nothing happens.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/figures.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kTopics = 2'000;
constexpr int kPartitionsPerTopic = 5;
constexpr int kPartitions = kTopics * kPartitionsPerTopic;
constexpr absl::Duration kCreateTimeout = absl::Minutes(6);
constexpr int64_t kRecords = 500;
// The measured time: long enough for each of the program's timers to come round.
constexpr absl::Duration kIdleTime = absl::Minutes(1);

std::string TopicName(int number) { return absl::StrFormat("many-%04d", number); }

KafkaClusterOptions SmallBroker(const std::string& version) {
  return {.version = version,
          .brokers = 1,
          // Two index files per partition are mapped and preallocated.
          .properties = {{"log.index.size.max.bytes", "4096"}},
          .heap_mib_max = 768};
}

struct RoomForMany {
  static constexpr char kName[] = "3.1.2 x 1 to 4.3.1 x 1, for many partitions";
  static SceneOptions Options() { return {.source = SmallBroker("3.1.2"), .target = SmallBroker("4.3.1")}; }
};

class ManyPartitionsTest : public SceneTest<RoomForMany> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(SceneTest::SetUp());
    std::vector<TopicSpec> topics;
    for (int i = 0; i < kTopics; ++i) topics.push_back({.name = TopicName(i), .partitions = kPartitionsPerTopic});
    ASSERT_OK(scene_->source_admin().CreateTopics(topics, kCreateTimeout));
    ASSERT_OK(scene_->target_admin().CreateTopics(topics, kCreateTimeout));
    LoadOptions load = scene_->Load(BusyTopic(), kPartitionsPerTopic);
    load.records_total = kRecords;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  // Neither the first nor the last one.
  std::string BusyTopic() const { return TopicName(kTopics / 2); }

  // Starts the program for the topics of a pattern and waits until all of them are caught up.
  std::unique_ptr<ReplicatorProcess> StartAndSettle(const std::string& pattern, int partitions) {
    ReplicatorOptions options = scene_->Replicator(pattern);
    options.properties["refresh.topics.interval.seconds"] = "600";  // the default
    absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(options);
    EXPECT_TRUE(replicator.ok()) << replicator.status();
    if (!replicator.ok()) return nullptr;
    if (scene_->WaitForTargetRecords(BusyTopic(), 1)) to_first_record_ = absl::Now() - (*replicator)->started();
    EXPECT_TRUE(
        (*replicator)->WaitForLog(absl::StrCat(partitions, " partitions, ", partitions, " caught up"), kPatience))
        << (*replicator)->LogTail();
    return *std::move(replicator);
  }

  absl::Duration to_first_record_ = absl::InfiniteDuration();
};

TEST_F(ManyPartitionsTest, AllAreCaughtUpAndStayIdle) {
  std::unique_ptr<ReplicatorProcess> many = StartAndSettle("many-.*", kPartitions);
  ASSERT_NE(many, nullptr);
  const absl::Duration to_first_record = to_first_record_;
  absl::StatusOr<ProcessUsage> before = many->Usage();
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_FALSE(WaitFor([&] { return !many->Running(); }, kIdleTime)) << many->LogTail();
  absl::StatusOr<ProcessUsage> after = many->Usage();
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_TRUE(scene_->Equal({BusyTopic()})) << many->LogTail();
  EXPECT_TRUE(StopsHealthy(*many));

  // What the program needs for itself.
  std::unique_ptr<ReplicatorProcess> one = StartAndSettle(BusyTopic(), kPartitionsPerTopic);
  ASSERT_NE(one, nullptr);
  absl::StatusOr<ProcessUsage> alone = one->Usage();
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_TRUE(StopsHealthy(*one));

  const double cpu_per_minute = absl::FDivDuration(after->cpu() - before->cpu(), absl::Seconds(1)) /
                                absl::FDivDuration(kIdleTime, absl::Minutes(1));
  const double bytes_per_partition = static_cast<double>(after->rss_bytes - alone->rss_bytes) / kPartitions;
  Figure("many-partitions/start-to-first-record", to_first_record);
  Figure("many-partitions/cpu-until-caught-up", before->cpu());
  Figure("many-partitions/idle-cpu-per-minute", cpu_per_minute, "s");
  Figure("many-partitions/resident-per-partition", bytes_per_partition / 1024, "KiB");
  Figure("many-partitions/resident", static_cast<double>(after->rss_bytes) / (1 << 20), "MiB");
  Figure("many-partitions/resident-with-one-topic", static_cast<double>(alone->rss_bytes) / (1 << 20), "MiB");
}

}  // namespace
}  // namespace replicator::tests
