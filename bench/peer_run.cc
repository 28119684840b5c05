#include "bench/peer_run.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/process.h"

namespace replicator::bench {
namespace {

using tests::ChildProcess;

// MirrorMaker 2 commits its offsets and closes its clients before it goes.
constexpr absl::Duration kStopTimeout = absl::Seconds(60);
// Its task threads, each with a consumer and a producer of its own. On 2 cores 1, 2 and 4 took the same CPU, 12 a
// quarter more.
constexpr int kMirrorMakerTasksMax = 4;
constexpr int kMirrorMakerHeapMib = 1024;
constexpr char kMirrorMakerJar[] = "connect-mirror-";

// Runs a peer's process over the topic. `must_exit_0`: a JVM ends with 143 after SIGTERM.
absl::StatusOr<CopierRun> RunPeer(const std::string& name, const tests::ProcessOptions& process, bool must_exit_0,
                                  const PeerRunOptions& options, tests::ClusterAdmin& target) {
  std::error_code ignored;
  std::filesystem::remove(process.log_path, ignored);
  const absl::Time started = absl::Now();
  absl::StatusOr<std::unique_ptr<ChildProcess>> child = ChildProcess::Start(process);
  if (!child.ok()) return child.status();
  const auto check_running = [&]() -> absl::Status {
    if ((*child)->Running()) return absl::OkStatus();
    return absl::InternalError(absl::StrCat(name, " has ended by itself. Its log ends with:\n", (*child)->LogTail()));
  };
  CopierRun run;
  absl::Status status = AwaitCopy(
      {.topic = options.topic, .records = options.records, .started = started, .check_running = check_running}, target,
      run);
  if (!status.ok()) {
    return absl::Status(status.code(),
                        absl::StrCat(name, ": ", status.message(), "; its log ends with:\n", (*child)->LogTail()));
  }
  NotePeakRss((*child)->Usage(), run);
  const absl::StatusOr<tests::ExitStatus> ended = (*child)->Terminate(kStopTimeout);
  if (!ended.ok()) return ended.status();
  if (must_exit_0 && !ended->ok()) {
    return absl::InternalError(
        absl::StrCat(name, " ended with ", ended->ToString(), ". Its log ends with:\n", (*child)->LogTail()));
  }
  status = SetCpu((*child)->Usage(), run);
  if (!status.ok()) return status;
  return run;
}

// Like connect-mirror-maker.properties, with every service off that replicator does not offer here either. The clients
// are tuned as its users do for throughput: large fetches, the source's codec, full batches.
std::map<std::string, std::string> MirrorMakerProperties(const PeerRunOptions& options) {
  return {
      {"clusters", "old, new"},
      {"old.bootstrap.servers", options.source_bootstrap_servers},
      {"new.bootstrap.servers", options.target_bootstrap_servers},
      {"old->new.enabled", "true"},
      {"new->old.enabled", "false"},
      {"old->new.topics", options.topic},
      {"replication.policy.class", "org.apache.kafka.connect.mirror.IdentityReplicationPolicy"},
      {"tasks.max", absl::StrCat(kMirrorMakerTasksMax)},
      {"emit.heartbeats.enabled", "false"},
      {"emit.checkpoints.enabled", "false"},
      {"emit.offset-syncs.enabled", "false"},
      {"sync.topic.configs.enabled", "false"},
      {"sync.topic.acls.enabled", "false"},
      {"sync.group.offsets.enabled", "false"},
      // Internal topics, on a cluster of one broker.
      {"replication.factor", "1"},
      {"offset.storage.replication.factor", "1"},
      {"status.storage.replication.factor", "1"},
      {"config.storage.replication.factor", "1"},
      {"offset.storage.partitions", "1"},
      {"status.storage.partitions", "1"},
      {"old.consumer.max.poll.records", "5000"},
      {"old.consumer.fetch.max.bytes", "52428800"},
      {"old.consumer.max.partition.fetch.bytes", "4194304"},
      {"old.consumer.check.crcs", "false"},
      {"new.producer.compression.type", options.codec},
      {"new.producer.batch.size", "524288"},
      {"new.producer.linger.ms", "50"},
      {"new.producer.buffer.memory", "67108864"},
  };
}

absl::Status WriteProperties(const std::string& path, const std::map<std::string, std::string>& properties) {
  std::ofstream out(path);
  for (const auto& [name, value] : properties) out << name << " = " << value << "\n";
  out.close();
  return out ? absl::OkStatus() : absl::InternalError(absl::StrCat("cannot write ", path));
}

// They hold the offsets that it has read up to: a next run would find nothing to do.
absl::Status DeleteInternalTopics(tests::ClusterAdmin& target) {
  const absl::StatusOr<std::vector<tests::TopicState>> topics = target.ListTopics();
  if (!topics.ok()) return topics.status();
  absl::Status status;
  for (const tests::TopicState& topic : *topics) {
    if (absl::StartsWith(topic.name, "mm2-")) status.Update(target.DeleteTopic(topic.name));
  }
  return status;
}

}  // namespace

absl::StatusOr<CopierRun> RunLibrdkafka(const std::string& program, const PeerRunOptions& options,
                                        tests::ClusterAdmin& target) {
  const tests::ProcessOptions process = {
      .argv = {program, "--source=" + options.source_bootstrap_servers, "--target=" + options.target_bootstrap_servers,
               "--topic=" + options.topic, absl::StrCat("--partitions=", options.partitions),
               "--codec=" + options.codec},
      .log_path = options.dir + "/librdkafka.log",
  };
  return RunPeer("librdkafka_pipeline", process, /*must_exit_0=*/true, options, target);
}

absl::StatusOr<CopierRun> RunMirrorMaker2(const std::string& jar_folder, const PeerRunOptions& options,
                                          tests::ClusterAdmin& target) {
  const std::string properties = options.dir + "/mm2.properties";
  absl::Status status = WriteProperties(properties, MirrorMakerProperties(options));
  if (!status.ok()) return status;
  // The flags of connect-mirror-maker.sh; the heap is fixed, so that it is not grown within the run.
  const tests::ProcessOptions process = {
      .argv = {"java", absl::StrCat("-Xms", kMirrorMakerHeapMib, "m"), absl::StrCat("-Xmx", kMirrorMakerHeapMib, "m"),
               "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
               "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true",
               "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", jar_folder + "/*",
               "org.apache.kafka.connect.mirror.MirrorMaker", properties},
      .log_path = options.dir + "/mm2.log",
  };
  absl::StatusOr<CopierRun> run = RunPeer("MirrorMaker 2", process, /*must_exit_0=*/false, options, target);
  if (!run.ok()) return run.status();
  status = DeleteInternalTopics(target);
  if (!status.ok()) return status;
  return run;
}

absl::StatusOr<std::string> MirrorMaker2Version(const std::string& jar_folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(jar_folder, error)) {
    const std::string name = entry.path().stem().string();
    absl::string_view version = name;
    // Not connect-mirror-client-...
    if (absl::ConsumePrefix(&version, kMirrorMakerJar) && !version.empty() && version[0] >= '0' && version[0] <= '9') {
      return std::string(version);
    }
  }
  return absl::NotFoundError(absl::StrCat("no MirrorMaker 2: '", jar_folder,
                                          "' holds no connect-mirror jar. `./dev bench` downloads it; --peers= without "
                                          "mirrormaker2 leaves it out."));
}

}  // namespace replicator::bench
