// Partitions that are given to other brokers and leaders that move, on both sides, in the middle of a copy and with a
// producer that writes all the while: both sides end equal, at equal offsets, and nothing is quarantined.
#include "tests/cluster/reassignment.h"

#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/copy_scene.h"

namespace replicator::tests {
namespace {

constexpr const char* kTopic = "moving";
constexpr int kBrokers = 3;
constexpr int kPartitions = 12;
constexpr int64_t kBulkRecords = 100'000;
constexpr double kRecordsPerSecond = 500;
// Slow enough for the past to be under way still when the first partitions move.
constexpr int64_t kCap = 3'000'000;

// Two replicas for each partition. With each turn every replica goes to the next broker: all leaders change, and a
// third of the data moves.
std::vector<std::vector<int>> Placement(int turn) {
  std::vector<std::vector<int>> replicas;
  for (int partition = 0; partition < kPartitions; ++partition) {
    replicas.push_back({1 + (partition + turn) % kBrokers, 1 + (partition + turn + 1) % kBrokers});
  }
  return replicas;
}

class ReassignmentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SceneOptions options;
    options.source.brokers = options.target.brokers = kBrokers;
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start(std::move(options));
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = *std::move(scene);
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = kTopic, .replicas = Placement(0)}));
    LoadOptions load = scene_->Load(kTopic, kPartitions);
    load.records_total = kBulkRecords;
    absl::StatusOr<LoadCounts> past = WriteLoad(load, kPatience);
    ASSERT_TRUE(past.ok()) << past.status();
    load.records_total = 0;
    load.records_per_second = kRecordsPerSecond;
    load.first_sequence = past->next_sequence;
    past_records_ = past->records;
    absl::StatusOr<std::unique_ptr<LoadGenerator>> producer = LoadGenerator::Start(load);
    ASSERT_TRUE(producer.ok()) << producer.status();
    producer_ = *std::move(producer);
    ReplicatorOptions replicator = scene_->Replicator(kTopic);
    replicator.replication_factor = 2;
    replicator.flags = {absl::StrCat("--target-bytes-per-second=", kCap)};
    absl::StatusOr<std::unique_ptr<ReplicatorProcess>> started = ReplicatorProcess::Start(replicator);
    ASSERT_TRUE(started.ok()) << started.status();
    replicator_ = *std::move(started);
    ASSERT_TRUE(scene_->WaitForTargetRecords(kTopic, 1)) << replicator_->LogTail();
  }

  void Move(KafkaCluster& cluster, ClusterAdmin& admin, int turn) {
    ASSERT_OK(ReassignPartitions(cluster, kTopic, Placement(turn), kPatience));
    ASSERT_OK(admin.ElectPreferredLeaders(kTopic));
    std::cout << cluster.version() << " moved all leaders; the target has " << TargetRecords() << " of "
              << SourceRecords() << " records" << std::endl;
  }

  void MoveSource(int turn) { Move(scene_->source(), scene_->source_admin(), turn); }
  void MoveTarget(int turn) { Move(scene_->target(), scene_->target_admin(), turn); }

  // It cannot be said for a moment after leaders have changed.
  int64_t TargetRecords() {
    int64_t records = 0;
    EXPECT_TRUE(WaitFor([&] { return (records = scene_->TargetRecords(kTopic).value_or(0)) > 0; }, kPatience));
    return records;
  }
  int64_t SourceRecords() {
    int64_t records = 0;
    EXPECT_TRUE(WaitFor([&] { return (records = scene_->SourceRecords(kTopic).value_or(0)) > 0; }, kPatience));
    return records;
  }

  // What the source has now arrives.
  void ExpectCatchesUp() {
    const int64_t records = SourceRecords();
    ASSERT_GE(records, kBulkRecords);
    EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, records)) << replicator_->LogTail();
  }

  std::unique_ptr<CopyScene> scene_;
  int64_t past_records_ = 0;
  std::unique_ptr<LoadGenerator> producer_;
  std::unique_ptr<ReplicatorProcess> replicator_;
};

TEST_F(ReassignmentTest, CopyFollowsPartitionsAndLeadersOfBothSides) {
  ASSERT_NO_FATAL_FAILURE(MoveTarget(0));
  EXPECT_LT(TargetRecords(), kBulkRecords) << "the past was copied before the source's partitions moved";
  ASSERT_NO_FATAL_FAILURE(MoveSource(1));
  ASSERT_NO_FATAL_FAILURE(MoveTarget(1));
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  for (int turn = 2; turn <= kBrokers; ++turn) {
    ASSERT_NO_FATAL_FAILURE(MoveSource(turn));
    ASSERT_NO_FATAL_FAILURE(MoveTarget(turn));
    ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  }
  absl::StatusOr<LoadCounts> counts = producer_->Stop();
  ASSERT_TRUE(counts.ok()) << counts.status();
  // More, if the producer of the test wrote some twice: then the target has them twice, too.
  EXPECT_GE(SourceRecords(), past_records_ + counts->records);
  EXPECT_TRUE(scene_->Equal({kTopic})) << replicator_->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator_));
}

// Until a reassignment ends, brokers before 2.4 tell a leader epoch that is over (KAFKA-9212), and the leader refuses
// whoever begins to ask with it. A replica that cannot catch up makes it last.
TEST(OldReassignmentTest, SourceIsReadWhileItLasts) {
  SceneOptions options;
  options.source = {.version = "2.1.1", .brokers = kBrokers, .properties = {{"zookeeper.session.timeout.ms", "20000"}}};
  options.target.brokers = 1;
  absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start(std::move(options));
  ASSERT_TRUE(scene.ok()) << scene.status();
  absl::StatusOr<int> controller = (*scene)->source_admin().ControllerId();
  ASSERT_TRUE(controller.ok()) << controller.status();
  const int other = 1 + *controller % kBrokers;
  const int added = 1 + other % kBrokers;
  ASSERT_OK((*scene)->source_admin().CreateTopic({.name = kTopic, .replicas = {{*controller, other}}}));
  LoadOptions load = (*scene)->Load(kTopic, 1);
  load.records_per_second = kRecordsPerSecond;
  absl::StatusOr<std::unique_ptr<LoadGenerator>> producer = LoadGenerator::Start(load);
  ASSERT_TRUE(producer.ok()) << producer.status();
  ReplicatorOptions program = (*scene)->Replicator(kTopic);
  program.replication_factor = 1;
  absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(program);
  ASSERT_TRUE(replicator.ok()) << replicator.status();
  ASSERT_TRUE((*scene)->WaitForTargetRecords(kTopic, 1)) << (*replicator)->LogTail();

  const std::vector<std::vector<int>> replicas = {{*controller, other, added}};
  ASSERT_OK((*scene)->source().Stop(added));
  ASSERT_OK(BeginReassignment((*scene)->source(), kTopic, replicas, kPatience));
  const auto goes_on = [&] {
    absl::SleepFor(absl::Seconds(2));
    const int64_t written = (*producer)->counts().records;
    return (*scene)->WaitForTargetRecords(kTopic, written, absl::Seconds(10) * kSlowness);
  };
  EXPECT_TRUE(goes_on()) << (*replicator)->LogTail();
  ASSERT_OK((*replicator)->Kill9());
  replicator = ReplicatorProcess::Start(program);
  ASSERT_TRUE(replicator.ok()) << replicator.status();
  EXPECT_TRUE(goes_on()) << (*replicator)->LogTail();
  EXPECT_FALSE(AwaitReassignment((*scene)->source(), kTopic, replicas, absl::ZeroDuration()).ok());
  ASSERT_OK((*scene)->source().Continue(added));
  ASSERT_OK(AwaitReassignment((*scene)->source(), kTopic, replicas, kPatience));

  absl::StatusOr<LoadCounts> counts = (*producer)->Stop();
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_TRUE((*scene)->Equal({kTopic})) << (*replicator)->LogTail();
  EXPECT_TRUE(StopsHealthy(**replicator));
}

}  // namespace
}  // namespace replicator::tests
