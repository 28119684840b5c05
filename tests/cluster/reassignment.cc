#include "tests/cluster/reassignment.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/kafka_setup.h"
#include "tests/cluster/process.h"
#include "tests/cluster/verdict.h"

namespace replicator::tests {
namespace {

// Its jar of brokers holds the tool (later versions have it in a jar of its own), and its admin client speaks to 2.4
// ... 4.x. Older brokers take theirs.
constexpr const char* kToolVersion = "3.1.2";

struct Tool {
  std::string version;
  std::vector<std::string> where;  // arguments
};

Tool ToolFor(const KafkaCluster& cluster) {
  if (IsBefore(cluster.version(), 2, 4)) return {cluster.version(), {"--zookeeper", cluster.zookeeper()}};
  return {kToolVersion, {"--bootstrap-server", cluster.direct_bootstrap_servers()}};
}

std::string PlanJson(const std::string& topic, const std::vector<std::vector<int>>& replicas) {
  std::vector<std::string> partitions;
  for (size_t i = 0; i < replicas.size(); ++i) {
    partitions.push_back(absl::StrCat(R"({"topic":")", topic, R"(","partition":)", i, R"(,"replicas":[)",
                                      absl::StrJoin(replicas[i], ","), "]}"));
  }
  return absl::StrCat(R"({"version":1,"partitions":[)", absl::StrJoin(partitions, ","), "]}");
}

bool IsAssigned(const TopicState& state, const std::vector<std::vector<int>>& replicas) {
  if (state.partitions.size() != replicas.size()) return false;
  for (const PartitionState& partition : state.partitions) {
    std::vector<int> wanted = replicas[static_cast<size_t>(partition.partition)];
    if (partition.replicas != wanted || partition.leader < 0) return false;
    std::vector<int> isr = partition.isr;
    std::sort(wanted.begin(), wanted.end());
    std::sort(isr.begin(), isr.end());
    if (isr != wanted) return false;
  }
  return true;
}

}  // namespace

absl::Status BeginReassignment(const KafkaCluster& cluster, const std::string& topic,
                               const std::vector<std::vector<int>>& replicas, absl::Duration timeout) {
  const Tool tool = ToolFor(cluster);
  absl::StatusOr<std::string> jars = JarFolder(tool.version);
  if (!jars.ok()) return jars.status();
  TempDir dir("reassignment");
  const std::string plan = dir.path() + "/plan.json";
  std::ofstream(plan) << PlanJson(topic, replicas);
  std::vector<std::string> command = {"java",
                                      "-Xmx128m",
                                      "-XX:+UseSerialGC",
                                      "-XX:TieredStopAtLevel=1",
                                      "-cp",
                                      *jars + "/*",
                                      "kafka.admin.ReassignPartitionsCommand",
                                      "--reassignment-json-file",
                                      plan,
                                      "--execute"};
  command.insert(command.end(), tool.where.begin(), tool.where.end());
  absl::StatusOr<std::unique_ptr<ChildProcess>> process =
      ChildProcess::Start({.argv = std::move(command), .log_path = dir.path() + "/tool.log"});
  if (!process.ok()) return AsHarness(process.status());
  absl::StatusOr<ExitStatus> exit = (*process)->Wait(timeout);
  if (!exit.ok()) return AsHarness(exit.status());
  if (exit->ok()) return absl::OkStatus();
  return AsHarness(
      absl::InternalError(absl::StrCat("ReassignPartitionsCommand: ", exit->ToString(), "\n", (*process)->LogTail())));
}

absl::Status AwaitReassignment(const KafkaCluster& cluster, const std::string& topic,
                               const std::vector<std::vector<int>>& replicas, absl::Duration timeout) {
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin = ClusterAdmin::Create(cluster.direct_bootstrap_servers());
  if (!admin.ok()) return admin.status();
  const auto assigned = [&] {
    absl::StatusOr<TopicState> state = (*admin)->DescribeTopic(topic);
    return state.ok() && IsAssigned(*state, replicas);
  };
  if (WaitFor(assigned, timeout)) return absl::OkStatus();
  return AsHarness(absl::DeadlineExceededError(absl::StrCat("the reassignment of ", topic, " has not ended")));
}

absl::Status ReassignPartitions(const KafkaCluster& cluster, const std::string& topic,
                                const std::vector<std::vector<int>>& replicas, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  const absl::Status begun = BeginReassignment(cluster, topic, replicas, timeout);
  return begun.ok() ? AwaitReassignment(cluster, topic, replicas, deadline - absl::Now()) : begun;
}

}  // namespace replicator::tests
