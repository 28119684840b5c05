// `./dev demo`: two real Kafka clusters, a copy between them while a producer writes and the replicator is killed half
// way, and an independent verifier that compares both sides.
//
//   demo --replicator=PATH [--scale=1]
//
// Exit codes: 0 everything is equal and the program kept its promises, 1 it is not or did not, 2 an error, 130
// interrupted.
#include <gflags/gflags.h>
#include <glog/logging.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/load.h"
#include "tests/cluster/process.h"
#include "tests/demo/demo_topics.h"
#include "tests/demo/interrupt.h"
#include "tests/demo/text_table.h"
#include "tests/scene/replicator_process.h"

DEFINE_string(replicator, "bazel-bin/replicator/replicator", "path of the replicator");
DEFINE_double(scale, 1, "multiplies the records");

namespace replicator::tests {
namespace {

constexpr int kExitDifferent = 1;
constexpr int kExitError = 2;
constexpr int kExitInterrupted = 130;

constexpr char kSourceVersion[] = "3.1.2";
constexpr char kTargetVersion[] = "4.3.1";
constexpr int kTargetBrokers = 3;
// The replicator is killed when the target has this share of what was loaded.
constexpr double kKillAtShare = 0.35;
constexpr absl::Duration kCopyTimeout = absl::Minutes(10);
// How long the producer goes on once the copy has caught up.
constexpr absl::Duration kSteadyTime = absl::Seconds(4);
// "Caught up" leaves out what the running producer wrote in about the last second.
constexpr int64_t kLagRecordsMax = 2000;

class Demo {
 public:
  Demo() : begin_(absl::Now()), scratch_("demo"), topics_(DemoTopics(FLAGS_scale)) {}

  absl::Status Run();
  // True if all was as it should be.
  bool passed() const { return failures_ == 0; }

 private:
  absl::Status StartClusters();
  absl::Status LoadSource();
  absl::Status StartReplicator(const std::string& what);
  absl::Status CopyAndKill();
  absl::Status CatchUp();
  absl::Status Steady();
  absl::Status StopProducer();
  absl::Status StopReplicator();
  absl::Status Verify();
  void PrintCost();
  void PrintVerdict();

  // Prints a line with the time since the start.
  void Say(const std::string& line) const;
  // A promise, kept or not.
  void Promise(bool kept, const std::string& text);
  int64_t TargetRecords();
  int64_t ExpectedRecords() const { return loaded_records_ + live_->counts().records; }
  absl::Status WaitForTarget(int64_t records, const std::string& what);
  // REQUIRES: the replicator runs: what the kernel tells afterwards has the memory of the forking process in it.
  void NotePeakRss();
  // REQUIRES: it has ended.
  absl::Status AddCpu();

  const absl::Time begin_;
  const TempDir scratch_;
  const std::vector<DemoTopic> topics_;
  std::unique_ptr<KafkaCluster> source_;
  std::unique_ptr<KafkaCluster> target_;
  std::unique_ptr<ClusterAdmin> source_admin_;
  std::unique_ptr<ClusterAdmin> target_admin_;
  int64_t loaded_records_ = 0;  // committed ones
  std::unique_ptr<LoadGenerator> live_;
  ReplicatorOptions replicator_options_;
  std::unique_ptr<ReplicatorProcess> replicator_;
  absl::Duration copying_;  // the time that a replicator was at work on the backlog
  int64_t caught_up_records_ = 0;
  absl::Duration cpu_;
  int64_t rss_bytes_peak_ = 0;
  int64_t log_bytes_ = 0;
  int failures_ = 0;
};

void Demo::Say(const std::string& line) const {
  std::printf("[%6.1f s] %s\n", absl::ToDoubleSeconds(absl::Now() - begin_), line.c_str());
  std::fflush(stdout);
}

void Demo::Promise(bool kept, const std::string& text) {
  if (!kept) ++failures_;
  std::printf("  %s  %s\n", kept ? "yes" : "NO ", text.c_str());
}

std::string Seconds(absl::Duration duration) { return absl::StrFormat("%.2f s", absl::ToDoubleSeconds(duration)); }

// Over all topics; what cannot be asked at this moment counts as 0.
int64_t Demo::TargetRecords() {
  int64_t records = 0;
  for (const DemoTopic& topic : topics_) {
    const absl::StatusOr<std::vector<OffsetRange>> offsets = target_admin_->Offsets(topic.name);
    if (!offsets.ok()) continue;
    for (const OffsetRange& range : *offsets) records += range.end;
  }
  return records;
}

absl::Status Demo::WaitForTarget(int64_t records, const std::string& what) {
  absl::Status running;
  absl::Status waited = WaitUntil(
      [&] {
        running = replicator_->CheckRunning();
        return !running.ok() || TargetRecords() >= records;
      },
      kCopyTimeout, what);
  return running.ok() ? waited : running;
}

absl::Status Demo::StartClusters() {
  Say(absl::StrCat("starting two real clusters: Kafka ", kSourceVersion, " (ZooKeeper, 1 broker) and Kafka ",
                   kTargetVersion, " (KRaft, ", kTargetBrokers, " brokers)"));
  absl::StatusOr<std::unique_ptr<KafkaCluster>> source = KafkaCluster::Create({.version = kSourceVersion});
  if (!source.ok()) return source.status();
  source_ = *std::move(source);
  absl::StatusOr<std::unique_ptr<KafkaCluster>> target =
      KafkaCluster::Create({.version = kTargetVersion, .brokers = kTargetBrokers});
  if (!target.ok()) return target.status();
  target_ = *std::move(target);
  for (KafkaCluster* cluster : {source_.get(), target_.get()}) {
    absl::Status status = cluster->StartAll();
    if (!status.ok()) return status;
  }
  for (KafkaCluster* cluster : {source_.get(), target_.get()}) {
    absl::Status status = WaitReadyUnlessInterrupted(*cluster);
    if (!status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> source_admin = ClusterAdmin::Create(source_->bootstrap_servers());
  if (!source_admin.ok()) return source_admin.status();
  source_admin_ = *std::move(source_admin);
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> target_admin = ClusterAdmin::Create(target_->bootstrap_servers());
  if (!target_admin.ok()) return target_admin.status();
  target_admin_ = *std::move(target_admin);
  Say("both are up");
  return absl::OkStatus();
}

absl::Status Demo::LoadSource() {
  absl::Status status = CreateTopics(topics_, *source_admin_);
  if (!status.ok()) return status;
  const absl::StatusOr<std::map<std::string, int64_t>> records = FillTopics(topics_, source_->bootstrap_servers());
  if (!records.ok()) return records.status();
  for (const auto& [name, count] : *records) loaded_records_ += count;
  Say(absl::StrCat("the source has ", records->size(), " topics with ", WithCommas(loaded_records_),
                   " committed records of about 1,000 bytes"));
  absl::StatusOr<std::unique_ptr<LoadGenerator>> live =
      LoadGenerator::Start(LoadFor(topics_.back(), source_->bootstrap_servers()));
  if (!live.ok()) return live.status();
  live_ = *std::move(live);
  Say(absl::StrCat("a producer begins to write topic ", kLiveTopic, " and goes on through all that follows"));
  return absl::OkStatus();
}

absl::Status Demo::StartReplicator(const std::string& what) {
  absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(replicator_options_);
  if (!replicator.ok()) return replicator.status();
  replicator_ = *std::move(replicator);
  const int64_t before = TargetRecords();
  absl::Status status = WaitForTarget(before + 1, "the first record on the target");
  if (!status.ok()) return status;
  Say(absl::StrFormat("%s (pid %d): first new record on the target %s after its start", what, replicator_->pid(),
                      Seconds(absl::Now() - replicator_->started())));
  return absl::OkStatus();
}

absl::Status Demo::CopyAndKill() {
  std::vector<std::string> names;
  for (const DemoTopic& topic : topics_) names.push_back(topic.name);
  replicator_options_ = {.program = FLAGS_replicator,
                         .source_bootstrap_servers = source_->bootstrap_servers(),
                         .target_bootstrap_servers = target_->bootstrap_servers(),
                         .topics = absl::StrJoin(names, ", "),
                         .replication_factor = kTargetBrokers,
                         .tasks_max = 2,
                         .dir = scratch_.path(),
                         .state_dir = scratch_.path() + "/state"};
  std::printf("\n  mm2.properties:\n    %s\n",
              absl::StrReplaceAll(PropertiesText(replicator_options_), {{"\n", "\n    "}}).c_str());
  Say("`replicator run --config=mm2.properties --state-dir=state`; no topic is on the target yet");
  absl::Status status = StartReplicator("the replicator runs");
  if (!status.ok()) return status;
  const int64_t kill_at = static_cast<int64_t>(kKillAtShare * static_cast<double>(loaded_records_));
  status = WaitForTarget(kill_at, "a third of the records on the target");
  NotePeakRss();
  if (status.ok()) status = replicator_->Kill9();
  if (!status.ok()) return status;
  copying_ += absl::Now() - replicator_->started();
  status = AddCpu();
  if (!status.ok()) return status;
  const int64_t left = ExpectedRecords() - TargetRecords();
  Say(absl::StrCat("kill -9 in the middle of the copy: ", WithCommas(left), " records are still to come"));
  if (left <= 0) return absl::FailedPreconditionError("the copy was over before the kill; use a larger --scale");
  // What the dead process had sent may still land.
  int64_t last = -1;
  return WaitUntil([&] { return std::exchange(last, TargetRecords()) == last; }, kCopyTimeout, "the target is quiet");
}

absl::Status Demo::CatchUp() {
  absl::Status status = StartReplicator("started again on the same state folder");
  if (!status.ok()) return status;
  absl::Status running;
  status = WaitUntil(
      [&] {
        running = replicator_->CheckRunning();
        caught_up_records_ = TargetRecords();
        return !running.ok() || caught_up_records_ + kLagRecordsMax >= ExpectedRecords();
      },
      kCopyTimeout, "the target has caught up with the source");
  if (!running.ok()) return running;
  if (!status.ok()) return status;
  copying_ += absl::Now() - replicator_->started();
  Say(absl::StrFormat(
      "caught up with the running producer: %s records in %s of copying (%s records/s, both starts included)",
      WithCommas(caught_up_records_), Seconds(copying_),
      WithCommas(static_cast<int64_t>(static_cast<double>(caught_up_records_) / absl::ToDoubleSeconds(copying_)))));
  return absl::OkStatus();
}

// The producer and the copy side by side for a while.
absl::Status Demo::Steady() {
  const absl::Time end = absl::Now() + kSteadyTime;
  const int64_t written_before = live_->counts().records;
  int64_t lag_max = 0;
  absl::Status status = WaitUntil(
      [&] {
        const int64_t copied = TargetRecords();  // First, so that the lag is never shown too small.
        lag_max = std::max(lag_max, ExpectedRecords() - copied);
        return absl::Now() > end;
      },
      kCopyTimeout, "steady state");
  if (!status.ok()) return status;
  Say(absl::StrFormat("%s s side by side: the producer wrote %s records, the copy was at most %s records behind",
                      absl::StrCat(absl::ToInt64Seconds(kSteadyTime)),
                      WithCommas(live_->counts().records - written_before), WithCommas(std::max<int64_t>(lag_max, 0))));
  return absl::OkStatus();
}

absl::Status Demo::StopProducer() {
  const absl::StatusOr<LoadCounts> counts = live_->Stop();
  if (!counts.ok()) return counts.status();
  const absl::Time stopped = absl::Now();
  absl::Status status = WaitForTarget(loaded_records_ + counts->records, "the last record on the target");
  if (!status.ok()) return status;
  Say(absl::StrFormat("the producer has stopped after %s records; the last one was on the target %s later",
                      WithCommas(counts->records), Seconds(absl::Now() - stopped)));
  return absl::OkStatus();
}

absl::Status Demo::StopReplicator() {
  const absl::Time begin = absl::Now();
  NotePeakRss();
  absl::Status status = replicator_->StopCleanly();
  if (!status.ok()) return status;
  Say(absl::StrFormat("SIGTERM: the replicator ended cleanly in %s", Seconds(absl::Now() - begin)));
  return AddCpu();
}

void Demo::NotePeakRss() {
  const absl::StatusOr<ProcessUsage> usage = replicator_->Usage();
  if (usage.ok()) rss_bytes_peak_ = std::max(rss_bytes_peak_, usage->rss_bytes_peak);
}

absl::Status Demo::AddCpu() {
  const absl::StatusOr<ProcessUsage> usage = replicator_->Usage();
  if (!usage.ok()) return usage.status();
  cpu_ += usage->cpu();
  return absl::OkStatus();
}

absl::Status Demo::Verify() {
  Say("an independent verifier (librdkafka, no code of the replicator) reads both sides, record by record");
  TextTable table({"topic", "kind", ">partitions", "codec", ">records", ">bytes", ">in the log", "records and order",
                   "offsets", "settings"});
  TopicVerdict total = {.equal = true, .same_settings = true};
  std::vector<std::string> differences;
  for (const DemoTopic& topic : topics_) {
    const absl::StatusOr<TopicVerdict> judged = Judge(topic, *source_, *target_, *source_admin_, *target_admin_);
    if (!judged.ok()) return judged.status();
    if (Interrupted()) return absl::CancelledError("interrupted");
    table.AddRow({topic.name, topic.about, absl::StrCat(topic.partitions), topic.codec, WithCommas(judged->records),
                  Megabytes(judged->bytes), Megabytes(judged->log_bytes), judged->equal ? "equal" : "DIFFERENT",
                  topic.has_gaps() ? "without gaps"
                  : judged->equal  ? "equal"
                                   : "DIFFERENT",
                  judged->same_settings ? "equal" : "DIFFERENT"});
    total.records += judged->records;
    total.bytes += judged->bytes;
    log_bytes_ += judged->log_bytes;
    total.equal = total.equal && judged->equal;
    total.same_settings = total.same_settings && judged->same_settings;
    if (!judged->difference.empty()) differences.push_back(absl::StrCat(topic.name, ": ", judged->difference));
  }
  table.AddRule();
  table.AddRow(
      {"all", "", "", "", WithCommas(total.records), Megabytes(total.bytes), Megabytes(log_bytes_), "", "", ""});
  Say("done");
  std::printf("\n%s", table.ToString("  ").c_str());
  for (const std::string& difference : differences) std::printf("  %s\n", difference.c_str());
  std::printf(
      "\n  equal: key, value, headers, timestamp and order of every committed record, in each partition. A copy leaves "
      "out\n"
      "  transaction markers and aborted records, so the offsets of transfers close up. customers was not cleaned yet: "
      "what\n"
      "  its cleaner leaves is a matter of its own.\n\n");
  Promise(total.equal, "nothing lost, nothing twice, nothing changed, through a kill -9 in the middle");
  Promise(total.same_settings, "the target's topics have the source's partitions and settings");
  return absl::OkStatus();
}

void Demo::PrintCost() {
  const double gigabytes = static_cast<double>(log_bytes_) / 1e9;
  const absl::StatusOr<int64_t> copied = replicator_->PayloadBytesCopied();
  Promise(copied.ok() && *copied == 0, absl::StrCat("no byte of a batch copied in user space (the replicator counts ",
                                                    copied.ok() ? absl::StrCat(*copied) : "nothing", ")"));
  std::printf("\n  The replicator used %s of CPU (%s per GB of log, both processes) and at most %s of memory.\n",
              Seconds(cpu_).c_str(), Seconds(cpu_ / gigabytes).c_str(), Mebibytes(rss_bytes_peak_).c_str());
}

void Demo::PrintVerdict() {
  std::printf("\n%s, %s in all\n", passed() ? "PASSED" : "FAILED", Seconds(absl::Now() - begin_).c_str());
  std::fflush(stdout);
}

absl::Status Demo::Run() {
  std::printf("replicator demo: a copy between two real Kafka clusters, judged by an independent verifier\n\n");
  for (const auto step : {&Demo::StartClusters, &Demo::LoadSource, &Demo::CopyAndKill, &Demo::CatchUp, &Demo::Steady,
                          &Demo::StopProducer, &Demo::StopReplicator, &Demo::Verify}) {
    absl::Status status = (this->*step)();
    if (!status.ok()) return status;
  }
  PrintCost();
  PrintVerdict();
  return absl::OkStatus();
}

int Main() {
  Demo demo;
  const absl::Status status = demo.Run();
  if (absl::IsCancelled(status)) {
    std::fprintf(stderr, "demo: interrupted; everything that it started has ended\n");
    return kExitInterrupted;
  }
  if (!status.ok()) {
    std::fprintf(stderr, "demo: %s\n", std::string(status.message()).c_str());
    return kExitError;
  }
  return demo.passed() ? 0 : kExitDifferent;
}

}  // namespace
}  // namespace replicator::tests

int main(int argc, char** argv) {
  replicator::tests::CatchInterrupts();
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  gflags::SetUsageMessage(
      "--replicator=PATH: a copy between two real Kafka clusters, judged by an independent verifier");
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  return replicator::tests::Main();
}
