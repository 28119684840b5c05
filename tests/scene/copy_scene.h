// The stage of every real-broker test: a source cluster, a target cluster, if wanted a FaultProxy before each broker,
// and the questions that all of these tests ask at their end. What fails here has a verdict (cluster/verdict.h).
//
// The program under test uses bootstrap_servers() of the clusters, that is the proxies where there are any; the admins,
// the load and the verifier never meet a proxy. One thread uses a scene.
#ifndef REPLICATOR_TESTS_SCENE_COPY_SCENE_H_
#define REPLICATOR_TESTS_SCENE_COPY_SCENE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/eventually.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/load.h"
#include "tests/cluster/patience.h"
#include "tests/cluster/process.h"
#include "tests/cluster/proxy.h"
#include "tests/cluster/verifier.h"
#include "tests/scene/replicator_process.h"

#define ASSERT_OK(expression)                    \
  do {                                           \
    const absl::Status assert_ok = (expression); \
    ASSERT_TRUE(assert_ok.ok()) << assert_ok;    \
  } while (false)

namespace replicator::tests {

struct SceneOptions {
  KafkaClusterOptions source = {.version = "3.1.2", .brokers = 1};
  KafkaClusterOptions target = {.version = "4.3.1", .brokers = 3};
  bool proxies = false;
};

class CopyScene {
 public:
  // Both clusters are ready when it returns. A start that fails is made again, up to KafkaCluster::kStartsMax times in
  // all, with new ports and folders.
  static absl::StatusOr<std::unique_ptr<CopyScene>> Start(SceneOptions options);

  KafkaCluster& source() { return *source_; }
  KafkaCluster& target() { return *target_; }
  ClusterAdmin& source_admin() { return *source_admin_; }
  ClusterAdmin& target_admin() { return *target_admin_; }
  // By broker id. REQUIRES: SceneOptions::proxies.
  FaultProxy& source_proxy(int id) { return *source_proxies_.at(id); }
  FaultProxy& target_proxy(int id) { return *target_proxies_.at(id); }
  // By the id of the broker that meets the controller through it. REQUIRES: proxies, and a controller of its own.
  FaultProxy& source_controller_proxy(int id) { return *source_controller_proxies_.at(id); }
  FaultProxy& target_controller_proxy(int id) { return *target_controller_proxies_.at(id); }

  // Options for a program that copies the topics that match `pattern`, with a new state folder, as a link that never
  // ran, and with as many replicas as the target has brokers, at most three.
  ReplicatorOptions Replicator(const std::string& pattern);

  // Load for a topic of the source; the rest is the caller's.
  LoadOptions Load(const std::string& topic, int partitions) const;

  // Records that the target (the source) has of a topic, over all partitions. The clusters' ends count markers too.
  // While it cannot be said, or the topic is not there (NotFound), it is asked again for `patience`.
  // For an assertion there is RecordsOrFail; a predicate that is asked again takes no patience and a failure for false.
  absl::StatusOr<int64_t> TargetRecords(const std::string& topic, absl::Duration patience = ClusterAdmin::kPatience);
  absl::StatusOr<int64_t> SourceRecords(const std::string& topic, absl::Duration patience = ClusterAdmin::kPatience);
  // It is said, and there are at least so many.
  bool TargetHas(const std::string& topic, int64_t records);
  bool SourceHas(const std::string& topic, int64_t records);
  // False, with a verdict, when nothing more has come for `timeout`.
  bool WaitForTargetRecords(const std::string& topic, int64_t records, absl::Duration timeout = kPatience);

  // Waits until the target has as much as the source has now, then compares both sides to their ends: equal and, unless
  // `gaps`, at the same offsets.
  testing::AssertionResult Equal(const std::vector<std::string>& topics, bool gaps = false);

 private:
  CopyScene() = default;
  static absl::StatusOr<std::unique_ptr<CopyScene>> StartOnce(SceneOptions options);

  TempDir dir_{"scene"};
  int replicators_ = 0;
  std::map<int, std::unique_ptr<FaultProxy>> source_proxies_;
  std::map<int, std::unique_ptr<FaultProxy>> target_proxies_;
  std::map<int, std::unique_ptr<FaultProxy>> source_controller_proxies_;
  std::map<int, std::unique_ptr<FaultProxy>> target_controller_proxies_;
  std::unique_ptr<KafkaCluster> source_;
  std::unique_ptr<KafkaCluster> target_;
  std::unique_ptr<ClusterAdmin> source_admin_;
  std::unique_ptr<ClusterAdmin> target_admin_;
};

// The number, for an assertion. If it is an error, the case fails with it and the number is -1.
int64_t RecordsOrFail(const absl::StatusOr<int64_t>& records);

// How long a stop may take on a machine that does other things too. The program's own promise is ten seconds.
inline constexpr absl::Duration kStopPatience = absl::Seconds(30 * kSlowness);

// The process ends by SIGTERM with exit code 0. Nothing was ever quarantined, left out or lost on its way, and no
// payload was copied in user space. Else it is WRONG.
testing::AssertionResult StopsHealthy(ReplicatorProcess& replicator, absl::Duration timeout = kStopPatience);
// The same of what it has logged so far, without stopping it.
testing::AssertionResult IsHealthy(ReplicatorProcess& replicator);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_SCENE_COPY_SCENE_H_
