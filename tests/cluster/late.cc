#include "tests/cluster/late.h"

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/test_deadline.h"
#include "tests/cluster/verdict.h"

namespace replicator::tests {
namespace {

constexpr absl::Duration kProbeTimeout = absl::Seconds(20);
// A cluster of thousands of topics is judged by some of them.
constexpr size_t kProbedTopicsMax = 100;

absl::Status ProbeTopic(ClusterAdmin& admin, const TopicState& topic) {
  for (const PartitionState& partition : topic.partitions) {
    if (partition.leader < 0) {
      return absl::UnavailableError(absl::StrCat(topic.name, "-", partition.partition, " has no leader"));
    }
  }
  return admin.Offsets(topic.name).status();
}

absl::Status ProbeCluster(const ClusterAddress& cluster, absl::Time deadline) {
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin = ClusterAdmin::Create(cluster.direct_bootstrap_servers);
  if (!admin.ok()) return admin.status();
  (*admin)->set_patience(deadline - absl::Now());
  absl::StatusOr<std::vector<int>> brokers = (*admin)->Brokers(deadline - absl::Now());
  if (!brokers.ok()) return brokers.status();
  if (brokers->size() < cluster.brokers) {
    return absl::UnavailableError(absl::StrCat(brokers->size(), " of ", cluster.brokers, " brokers are there"));
  }
  absl::StatusOr<std::vector<TopicState>> topics = (*admin)->ListTopics();
  if (!topics.ok()) return topics.status();
  if (topics->size() > kProbedTopicsMax) topics->resize(kProbedTopicsMax);
  for (const TopicState& topic : *topics) {
    if (absl::Now() > deadline) return absl::DeadlineExceededError("its topics are not probed in time");
    (*admin)->set_patience(deadline - absl::Now());
    absl::Status status = ProbeTopic(**admin, topic);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ProbeClusters(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  for (const ClusterAddress& cluster : PresentClusters()) {
    absl::Status status = ProbeCluster(cluster, deadline);
    if (!status.ok()) return absl::Status(status.code(), absl::StrCat(cluster.name, ": ", status.message()));
  }
  return absl::OkStatus();
}

std::string NoteLate(absl::string_view what) {
  if (absl::Now() >= TestDeadline()) {
    const std::string text = absl::StrCat("did not come before the test's time was over: ", what);
    Stalled(text);
    return text;
  }
  const absl::Status health = ProbeClusters(kProbeTimeout);
  if (health.ok()) {
    const std::string text = absl::StrCat("did not come in time, though all clusters are healthy: ", what);
    Wrong(text);
    return text;
  }
  const std::string text = absl::StrCat("did not come in time: ", what, "\nthe clusters: ", health.ToString());
  Stalled(text);
  return text;
}

}  // namespace replicator::tests
