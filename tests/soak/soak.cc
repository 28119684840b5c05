#include "tests/soak/soak.h"

#include <signal.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "tests/scene/copy_scene.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 4;
constexpr int kSourceBrokers = 2;
constexpr int kTargetBrokers = 3;
const std::vector<std::string> kTopics = {"plain", "keyed", "transactions"};
// A fault that a broker or connection has to recover from is followed by no other one before it has.
constexpr absl::Duration kRecovery = absl::Seconds(60);
constexpr absl::Duration kStart = absl::Seconds(2);
// What the program ends with when it cannot reach a cluster while it starts.
constexpr int kUnreachable = 20;
// What it logs when it begins to copy.
constexpr char kCopies[] = "new to this process";

class Soak {
 public:
  explicit Soak(const SoakOptions& options) : options_(options), random_(options.seed) {}

  absl::StatusOr<SoakResult> Run();

 private:
  struct Fault {
    const char* name;
    int weight;
    std::function<absl::Status()> strike;
  };

  absl::Status Start();
  absl::Status MakeTopics();
  absl::Status StartProducers();
  absl::Status StartReplicator();
  bool StartedInVain(const ExitStatus& ended) const {
    return ended.code == kUnreachable && !replicator_->LogHas(kCopies);
  }
  absl::Status Revive();
  absl::Status KillReplicator();
  absl::Status RestartReplicator();
  absl::Status HangReplicator();
  absl::Status KillBroker(KafkaCluster& cluster);
  absl::Status RestartBroker(KafkaCluster& cluster);
  absl::Status StopBroker(KafkaCluster& cluster);
  absl::Status CutConnections();
  absl::Status MoveLeaders();
  absl::Status StrikeOnce();
  absl::Status AwaitRecovery(KafkaCluster& cluster, int broker);
  absl::StatusOr<SoakResult> Judge();

  int Below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }
  void SleepUpTo(int ms) { absl::SleepFor(absl::Milliseconds(Below(ms))); }
  KafkaCluster& OneOf() { return Below(3) == 0 ? scene_->source() : scene_->target(); }
  int BrokerOf(const KafkaCluster& cluster) { return 1 + Below(static_cast<int>(cluster.broker_ids().size())); }

  const SoakOptions options_;
  std::mt19937_64 random_;
  std::unique_ptr<CopyScene> scene_;
  std::vector<std::unique_ptr<LoadGenerator>> producers_;
  ReplicatorOptions replicator_options_;
  std::unique_ptr<ReplicatorProcess> replicator_;
  std::vector<Fault> faults_;
  SoakResult result_;
};

absl::Status Soak::Start() {
  SceneOptions scene;
  scene.source = {.version = options_.source_version, .brokers = kSourceBrokers};
  scene.target = {.version = options_.target_version, .brokers = kTargetBrokers};
  scene.proxies = true;
  absl::StatusOr<std::unique_ptr<CopyScene>> started = CopyScene::Start(scene);
  if (!started.ok()) return started.status();
  scene_ = *std::move(started);
  absl::Status made = MakeTopics();
  if (!made.ok()) return made;
  replicator_options_ = scene_->Replicator(absl::StrJoin(kTopics, "|"));
  if (!options_.target_compression.empty())
    replicator_options_.flags.push_back(absl::StrCat("--accept-target-settings=", absl::StrJoin(kTopics, "|")));
  faults_ = {
      {"kill -9 of the replicator", 12, [this] { return KillReplicator(); }},
      {"stop and start of the replicator", 2, [this] { return RestartReplicator(); }},
      {"SIGSTOP of the replicator", 1, [this] { return HangReplicator(); }},
      {"kill -9 of a broker", 2, [this] { return KillBroker(OneOf()); }},
      {"clean restart of a broker", 2, [this] { return RestartBroker(OneOf()); }},
      {"SIGSTOP of a broker", 2, [this] { return StopBroker(OneOf()); }},
      {"cut connections", 3, [this] { return CutConnections(); }},
      {"moved leaders", 1, [this] { return MoveLeaders(); }},
  };
  absl::Status begun = StartProducers();
  if (begun.ok()) begun = StartReplicator();
  if (!begun.ok()) return begun;
  // The topics are made while every broker is there: with fewer they would be left out for good reason.
  for (const std::string& topic : kTopics) {
    if (!scene_->WaitForTargetRecords(topic, 1)) return absl::DeadlineExceededError(replicator_->LogTail());
  }
  return absl::OkStatus();
}

absl::Status Soak::MakeTopics() {
  for (const std::string& topic : kTopics) {
    TopicSpec spec = {.name = topic,
                      .partitions = kPartitions,
                      .replication_factor = kSourceBrokers,
                      .configs = {{"retention.ms", "-1"}}};
    absl::Status created = scene_->source_admin().CreateTopic(spec);
    if (created.ok() && !options_.target_compression.empty()) {
      spec.replication_factor = kTargetBrokers;
      spec.configs["compression.type"] = options_.target_compression;
      created = scene_->target_admin().CreateTopic(spec);
    }
    if (!created.ok()) return created;
  }
  return absl::OkStatus();
}

absl::Status Soak::StartProducers() {
  for (const std::string& topic : kTopics) {
    LoadOptions load = scene_->Load(topic, kPartitions);
    load.records_per_second = options_.records_per_second;
    load.codec = topic == "plain" ? "lz4" : topic == "keyed" ? "zstd" : "none";
    load.keys = topic == "keyed" ? 100 : -1;
    load.linger_ms = topic == "plain" ? 5 : 50;
    load.value_bytes = 300;
    load.headers = topic == "keyed" ? 2 : 0;
    if (topic == "transactions") {
      load.records_per_transaction = 50;
      load.abort_share = 1.0 / 3;
    }
    if (options_.record_age > absl::ZeroDuration())
      load.timestamp_base_ms = absl::ToUnixMillis(absl::Now() - options_.record_age);
    // A transaction must outlive a broker that is away for a while.
    load.client_properties["transaction.timeout.ms"] = "300000";
    load.client_properties["message.timeout.ms"] = "300000";
    load.client_properties["topic.metadata.refresh.interval.ms"] = "5000";
    absl::StatusOr<std::unique_ptr<LoadGenerator>> producer = LoadGenerator::Start(load);
    if (!producer.ok()) return producer.status();
    producers_.push_back(*std::move(producer));
  }
  return absl::OkStatus();
}

absl::Status Soak::StartReplicator() {
  absl::StatusOr<std::unique_ptr<ReplicatorProcess>> started = ReplicatorProcess::Start(replicator_options_);
  if (!started.ok()) return started.status();
  replicator_ = *std::move(started);
  return absl::OkStatus();
}

// One that could not reach a broker while it started has ended, to be started again.
absl::Status Soak::Revive() {
  if (replicator_->Running()) return absl::OkStatus();
  const absl::StatusOr<ExitStatus> ended = replicator_->Stop(kRecovery);
  if (!ended.ok()) return ended.status();
  if (!StartedInVain(*ended)) return absl::DataLossError(absl::StrCat(ended->ToString(), "\n", replicator_->LogTail()));
  ++result_.faults["start in vain"];
  return StartReplicator();
}

absl::Status Soak::KillReplicator() {
  absl::Status killed = Revive();
  if (killed.ok()) killed = replicator_->Kill9();
  if (!killed.ok()) return killed;
  if (const testing::AssertionResult healthy = IsHealthy(*replicator_); !healthy)
    return absl::DataLossError(healthy.message());
  SleepUpTo(500);
  return StartReplicator();
}

absl::Status Soak::RestartReplicator() {
  replicator_->WaitForLog(kCopies, kStart);  // a signal before it listens would just end it
  absl::Status revived = Revive();
  if (!revived.ok()) return revived;
  absl::StatusOr<ExitStatus> ended = replicator_->Stop(kRecovery);
  if (!ended.ok()) return ended.status();
  if (!ended->ok() && !StartedInVain(*ended))
    return absl::DataLossError(absl::StrCat(ended->ToString(), "\n", replicator_->LogTail()));
  return StartReplicator();
}

absl::Status Soak::HangReplicator() {
  if (kill(replicator_->pid(), SIGSTOP) != 0) return absl::InternalError("SIGSTOP of the replicator failed");
  SleepUpTo(3'000);
  if (kill(replicator_->pid(), SIGCONT) != 0) return absl::InternalError("SIGCONT of the replicator failed");
  return absl::OkStatus();
}

// Half of the time the replicator dies while the broker is away.
absl::Status Soak::KillBroker(KafkaCluster& cluster) {
  const int broker = BrokerOf(cluster);
  absl::Status killed = cluster.Kill9(broker);
  if (killed.ok() && Below(2) == 0) {
    ++result_.faults["kill -9 of the replicator"];
    killed = KillReplicator();
  }
  if (!killed.ok()) return killed;
  SleepUpTo(3'000);
  absl::Status started = cluster.Start(broker);
  return started.ok() ? AwaitRecovery(cluster, broker) : started;
}

absl::Status Soak::RestartBroker(KafkaCluster& cluster) {
  const int broker = BrokerOf(cluster);
  absl::Status ended = cluster.Terminate(broker);
  if (!ended.ok()) return ended;
  absl::Status started = cluster.Start(broker);
  return started.ok() ? AwaitRecovery(cluster, broker) : started;
}

absl::Status Soak::StopBroker(KafkaCluster& cluster) {
  const int broker = BrokerOf(cluster);
  absl::Status stopped = cluster.Stop(broker);
  SleepUpTo(2'000);
  if (stopped.ok() && Below(2) == 0) {
    ++result_.faults["kill -9 of the replicator"];
    stopped = KillReplicator();
  }
  SleepUpTo(4'000);
  absl::Status goes_on = cluster.Continue(broker);
  if (!stopped.ok()) return stopped;
  return goes_on.ok() ? AwaitRecovery(cluster, broker) : goes_on;
}

absl::Status Soak::CutConnections() {
  if (Below(2) == 0) {
    scene_->source_proxy(1 + Below(kSourceBrokers)).CutAll();
  } else {
    scene_->target_proxy(1 + Below(kTargetBrokers)).CutAll();
  }
  return absl::OkStatus();
}

// Leaders that a fault has moved go back to where they belong.
absl::Status Soak::MoveLeaders() {
  ClusterAdmin& admin = Below(2) == 0 ? scene_->source_admin() : scene_->target_admin();
  admin.ElectPreferredLeaders(kTopics[Below(static_cast<int>(kTopics.size()))])
      .IgnoreError();  // some are there already
  return absl::OkStatus();
}

absl::Status Soak::AwaitRecovery(KafkaCluster& cluster, int broker) {
  absl::Status ready = cluster.WaitReady(kRecovery * 2);
  if (!ready.ok()) return absl::Status(ready.code(), absl::StrCat("broker ", broker, ": ", ready.message()));
  ClusterAdmin& admin = &cluster == &scene_->source() ? scene_->source_admin() : scene_->target_admin();
  for (const std::string& topic : kTopics) {
    admin.WaitForFullIsr(topic, kRecovery).IgnoreError();  // on the target the topic may not be made yet
  }
  return absl::OkStatus();
}

absl::Status Soak::StrikeOnce() {
  absl::Status revived = Revive();
  if (!revived.ok()) return revived;
  int total = 0;
  for (const Fault& fault : faults_) total += fault.weight;
  int chosen = Below(total);
  for (const Fault& fault : faults_) {
    chosen -= fault.weight;
    if (chosen >= 0) continue;
    ++result_.faults[fault.name];
    std::printf("%s %s\n", absl::FormatTime("%H:%M:%S", absl::Now(), absl::LocalTimeZone()).c_str(), fault.name);
    std::fflush(stdout);
    return fault.strike();
  }
  return absl::OkStatus();
}

absl::StatusOr<SoakResult> Soak::Judge() {
  absl::Status revived = Revive();
  if (!revived.ok()) return revived;
  for (const std::unique_ptr<LoadGenerator>& producer : producers_) {
    absl::StatusOr<LoadCounts> written = producer->Stop();
    if (!written.ok()) return written.status();
  }
  Verifier verifier({.source_bootstrap_servers = scene_->source().direct_bootstrap_servers(),
                     .target_bootstrap_servers = scene_->target().direct_bootstrap_servers(),
                     .topics = kTopics});
  absl::StatusOr<VerifyResult> verdict = verifier.VerifyOnceEqual(kPatience * 2);
  if (!verdict.ok()) return verdict.status();
  result_.equal = verdict->equal;
  result_.verdict = verdict->Summary();
  result_.records = verdict->records;
  result_.missing = verdict->missing;
  result_.duplicated = verdict->duplicated;
  result_.reordered = verdict->reordered;
  result_.changed = verdict->changed;
  if (const testing::AssertionResult stopped = StopsHealthy(*replicator_, kRecovery); !stopped) {
    result_.equal = false;
    absl::StrAppend(&result_.verdict, "; ", stopped.message());
  }
  return result_;
}

absl::StatusOr<SoakResult> Soak::Run() {
  absl::Status started = Start();
  if (!started.ok()) return started;
  const absl::Time end = absl::Now() + options_.duration;
  while (absl::Now() < end || result_.faults["kill -9 of the replicator"] < options_.kills_min) {
    SleepUpTo(4'000);
    absl::Status struck = StrikeOnce();
    if (absl::IsDataLoss(struck)) {
      result_.verdict = std::string(struck.message());
      return result_;
    }
    if (!struck.ok()) return struck;
  }
  return Judge();
}

}  // namespace

absl::StatusOr<SoakResult> RunSoak(const SoakOptions& options) { return Soak(options).Run(); }

}  // namespace replicator::tests
