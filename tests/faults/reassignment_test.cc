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
#include "tests/cluster/verdict.h"
#include "tests/scene/scene_test.h"

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

struct ThreeToThree {
  static constexpr char kName[] = "3.1.2 x 3 to 4.3.1 x 3";
  static SceneOptions Options() {
    return {.source = {.version = "3.1.2", .brokers = kBrokers}, .target = {.version = "4.3.1", .brokers = kBrokers}};
  }
};

class ReassignmentTest : public SceneTest<ThreeToThree> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(SceneTest::SetUp());
    topic_ = kTopic;
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = kTopic, .replicas = Placement(0)}));
    LoadOptions load = scene_->Load(kTopic, kPartitions);
    load.records_total = kBulkRecords;
    LoadCounts past;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load, &past));
    load.records_total = 0;
    load.records_per_second = kRecordsPerSecond;
    load.first_sequence = past.next_sequence;
    past_records_ = past.records;
    ASSERT_NO_FATAL_FAILURE(StartProducer(load));
    options_ = scene_->Replicator(kTopic);
    options_.replication_factor = 2;
    options_.flags = {absl::StrCat("--target-bytes-per-second=", kCap)};
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
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

  int64_t TargetRecords() { return RecordsOrFail(scene_->TargetRecords(kTopic)); }
  int64_t SourceRecords() { return RecordsOrFail(scene_->SourceRecords(kTopic)); }

  int64_t past_records_ = 0;
};

TEST_F(ReassignmentTest, CopyFollowsPartitionsAndLeadersOfBothSides) {
  ASSERT_NO_FATAL_FAILURE(MoveTarget(0));
  if (TargetRecords() >= kBulkRecords) Harness("the past was copied before the source's partitions moved");
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
class OldReassignmentTest : public SceneTest<OldSource> {};

TEST_F(OldReassignmentTest, SourceIsReadWhileItLasts) {
  absl::StatusOr<int> controller = scene_->source_admin().ControllerId();
  ASSERT_TRUE(controller.ok()) << controller.status();
  const int other = 1 + *controller % kBrokers;
  const int added = 1 + other % kBrokers;
  ASSERT_OK(scene_->source_admin().CreateTopic({.name = kTopic, .replicas = {{*controller, other}}}));
  LoadOptions load = scene_->Load(kTopic, 1);
  load.records_per_second = kRecordsPerSecond;
  ASSERT_NO_FATAL_FAILURE(StartProducer(load));
  options_ = scene_->Replicator(kTopic);
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  ASSERT_TRUE(scene_->WaitForTargetRecords(kTopic, 1)) << replicator_->LogTail();

  const std::vector<std::vector<int>> replicas = {{*controller, other, added}};
  ASSERT_OK(scene_->source().Stop(added));
  ASSERT_OK(BeginReassignment(scene_->source(), kTopic, replicas, kPatience));
  const auto goes_on = [&] {
    absl::SleepFor(absl::Seconds(2));
    const int64_t written = producer_->counts().records;
    return scene_->WaitForTargetRecords(kTopic, written);
  };
  EXPECT_TRUE(goes_on()) << replicator_->LogTail();
  ASSERT_OK(replicator_->Kill9());
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  EXPECT_TRUE(goes_on()) << replicator_->LogTail();
  EXPECT_FALSE(AwaitReassignment(scene_->source(), kTopic, replicas, absl::ZeroDuration()).ok());
  ASSERT_OK(scene_->source().Continue(added));
  ASSERT_OK(AwaitReassignment(scene_->source(), kTopic, replicas, kPatience));

  absl::StatusOr<LoadCounts> counts = producer_->Stop();
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_TRUE(scene_->Equal({kTopic})) << replicator_->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator_));
}

}  // namespace
}  // namespace replicator::tests
