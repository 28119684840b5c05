// A broker that is cut off from its controller goes on answering, with the leaders that it knew last.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/api_key.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kCutOff = 1;
constexpr int kLeaves = 2;
constexpr int kStays = 3;
constexpr int64_t kRecords = 1'000;

struct ControllersOfTheirOwn {
  static constexpr char kName[] = "3.9.1 x 3 to 3.9.1 x 3, controllers of their own";
  static SceneOptions Options() {
    return {.source = {.version = "3.9.1", .brokers = 3, .controller = Properties{}},
            .target = {.version = "3.9.1", .brokers = 3, .controller = Properties{}},
            .proxies = true};
  }
};

class StaleMetadataTest : public SceneTest<ControllersOfTheirOwn> {
 protected:
  // By a broker that stays in touch.
  static std::string Reliable(const KafkaCluster& cluster) {
    return absl::StrCat("127.0.0.1:", cluster.internal_port(kStays));
  }

  // One partition that its leader leaves while the other broker is cut off, one that the broker leads that is cut off.
  static std::vector<std::vector<int>> Replicas() { return {{kLeaves, kStays}, {kCutOff, kStays}}; }

  void Write(const std::string& topic) {
    LoadOptions load = scene_->Load(topic, 2);
    load.bootstrap_servers = Reliable(scene_->source());
    load.records_total = kRecords;
    WriteAll(load);
  }

  // Cuts the broker off and moves all leaders to the one that stays.
  void MoveLeaders(KafkaCluster& cluster, FaultProxy& controller, const std::string& topic) {
    absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin = ClusterAdmin::Create(Reliable(cluster));
    ASSERT_TRUE(admin.ok()) << admin.status();
    controller.Hold();
    for (const auto& [partition, leader] : {std::pair(1, kCutOff), std::pair(0, kLeaves)}) {
      if (leader == kLeaves) ASSERT_OK(cluster.Terminate(kLeaves));
      absl::StatusOr<int> now = (*admin)->WaitForLeader(topic, partition, leader, kPatience);
      ASSERT_TRUE(now.ok()) << now.status();
      ASSERT_EQ(*now, kStays);
    }
    ASSERT_OK(cluster.Start(kLeaves));
  }

  void Heal(KafkaCluster& cluster, FaultProxy& controller) {
    controller.Release();
    ASSERT_OK(cluster.WaitReady());
  }

  // Metadata requests on each side.
  struct Asked {
    int64_t source = 0;
    int64_t target = 0;
  };
  Asked AskedSoFar() {
    Asked asked;
    for (int id : {kCutOff, kLeaves, kStays}) {
      asked.source += scene_->source_proxy(id).RequestsForwarded(kMetadata);
      asked.target += scene_->target_proxy(id).RequestsForwarded(kMetadata);
    }
    return asked;
  }

  void StartAt(const std::string& topic, int source_broker, int target_broker) {
    options_ = scene_->Replicator(topic);
    options_.replication_factor = 2;
    // A look for topics reads metadata, too: here it must not be what finds the leaders.
    options_.properties["refresh.topics.interval.seconds"] = "3600";
    const auto at = [](FaultProxy& proxy) { return absl::StrCat("127.0.0.1:", proxy.port()); };
    options_.source_bootstrap_servers = at(scene_->source_proxy(source_broker));
    options_.target_bootstrap_servers = at(scene_->target_proxy(target_broker));
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic, kRecords)) << replicator_->LogTail();
  }
};

TEST_F(StaleMetadataTest, LeadersOfTheSourceAreFoundAtAnotherBroker) {
  ASSERT_OK(scene_->source_admin().CreateTopic({.name = "from", .replicas = Replicas()}));
  ASSERT_NO_FATAL_FAILURE(Write("from"));
  ASSERT_NO_FATAL_FAILURE(StartAt("from", kCutOff, kStays));
  FaultProxy& controller = scene_->source_controller_proxy(kCutOff);
  ASSERT_NO_FATAL_FAILURE(MoveLeaders(scene_->source(), controller, "from"));
  ASSERT_NO_FATAL_FAILURE(Write("from"));
  EXPECT_TRUE(scene_->WaitForTargetRecords("from", 2 * kRecords)) << replicator_->LogTail();
  ASSERT_NO_FATAL_FAILURE(Heal(scene_->source(), controller));
  EXPECT_TRUE(scene_->Equal({"from"})) << replicator_->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator_));
}

TEST_F(StaleMetadataTest, LeadersOfTheTargetAreFoundAtAnotherBroker) {
  ASSERT_OK(scene_->source_admin().CreateTopic({.name = "to", .partitions = 2}));
  ASSERT_OK(scene_->target_admin().CreateTopic({.name = "to", .replicas = Replicas()}));
  ASSERT_NO_FATAL_FAILURE(Write("to"));
  ASSERT_NO_FATAL_FAILURE(StartAt("to", kStays, kCutOff));
  FaultProxy& controller = scene_->target_controller_proxy(kCutOff);
  ASSERT_NO_FATAL_FAILURE(MoveLeaders(scene_->target(), controller, "to"));
  ASSERT_NO_FATAL_FAILURE(Write("to"));
  EXPECT_TRUE(scene_->WaitForTargetRecords("to", 2 * kRecords)) << replicator_->LogTail();
  ASSERT_NO_FATAL_FAILURE(Heal(scene_->target(), controller));
  EXPECT_TRUE(scene_->Equal({"to"})) << replicator_->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator_));
}

// As one of a lone replica whose disk is gone does for months.
TEST_F(StaleMetadataTest, APartitionWithoutALeaderAsksItsOwnSideAndSeldom) {
  ASSERT_OK(scene_->source_admin().CreateTopic({.name = "lone", .replicas = {{kLeaves}, {kStays}}}));
  ASSERT_NO_FATAL_FAILURE(Write("lone"));
  ASSERT_NO_FATAL_FAILURE(StartAt("lone", kStays, kStays));
  ASSERT_OK(scene_->source().Kill9(kLeaves));
  const auto has_no_leader = [&] {
    absl::StatusOr<int> leader = scene_->source_admin().Leader("lone", 0);
    return leader.ok() && *leader < 0;
  };
  ASSERT_TRUE(WaitFor(has_no_leader, kPatience));
  absl::SleepFor(absl::Seconds(8));  // it may be looked for more often at first
  const Asked before = AskedSoFar();
  absl::SleepFor(absl::Seconds(10));
  const Asked after = AskedSoFar();
  EXPECT_GE(after.source - before.source, 1);
  EXPECT_LE(after.source - before.source, 12);
  EXPECT_LE(after.target - before.target, 6);
  ASSERT_OK(scene_->source().Start(kLeaves));
  ASSERT_OK(scene_->source().WaitReady());
  EXPECT_TRUE(scene_->Equal({"lone"})) << replicator_->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator_));
}

}  // namespace
}  // namespace replicator::tests
