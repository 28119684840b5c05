#include "tests/cluster/reassignment.h"

#include <algorithm>
#include <fstream>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/process.h"

namespace replicator::tests {
namespace {

// Its jar of brokers holds the tool (later versions have it in a jar of its own), and its admin client speaks to 2.4
// ... 4.x.
constexpr const char* kToolVersion = "3.1.2";

std::string PlanJson(const std::string& topic, const std::vector<std::vector<int>>& replicas) {
  std::vector<std::string> partitions;
  for (size_t i = 0; i < replicas.size(); ++i) {
    partitions.push_back(absl::StrCat(R"({"topic":")", topic, R"(","partition":)", i, R"(,"replicas":[)",
                                      absl::StrJoin(replicas[i], ","), "]}"));
  }
  return absl::StrCat(R"({"version":1,"partitions":[)", absl::StrJoin(partitions, ","), "]}");
}

// The tool only hands the plan to the controller.
absl::Status RunTool(const KafkaCluster& cluster, const std::string& topic,
                     const std::vector<std::vector<int>>& replicas, absl::Duration timeout) {
  absl::StatusOr<std::string> jars = JarFolder(kToolVersion);
  if (!jars.ok()) return jars.status();
  TempDir dir("reassignment");
  const std::string plan = dir.path() + "/plan.json";
  std::ofstream(plan) << PlanJson(topic, replicas);
  absl::StatusOr<std::unique_ptr<ChildProcess>> tool =
      ChildProcess::Start({.argv = {"java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
                                    *jars + "/*", "kafka.admin.ReassignPartitionsCommand", "--bootstrap-server",
                                    cluster.direct_bootstrap_servers(), "--reassignment-json-file", plan, "--execute"},
                           .log_path = dir.path() + "/tool.log"});
  if (!tool.ok()) return tool.status();
  absl::StatusOr<ExitStatus> exit = (*tool)->Wait(timeout);
  if (!exit.ok()) return exit.status();
  if (exit->ok()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("ReassignPartitionsCommand: ", exit->ToString(), "\n", (*tool)->LogTail()));
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

absl::Status ReassignPartitions(const KafkaCluster& cluster, const std::string& topic,
                                const std::vector<std::vector<int>>& replicas, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  absl::Status handed_over = RunTool(cluster, topic, replicas, timeout);
  if (!handed_over.ok()) return handed_over;
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin = ClusterAdmin::Create(cluster.direct_bootstrap_servers());
  if (!admin.ok()) return admin.status();
  const auto assigned = [&] {
    absl::StatusOr<TopicState> state = (*admin)->DescribeTopic(topic);
    return state.ok() && IsAssigned(*state, replicas);
  };
  if (WaitFor(assigned, deadline - absl::Now())) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("the reassignment of ", topic, " has not ended"));
}

}  // namespace replicator::tests
