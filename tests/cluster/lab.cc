// A laboratory for people, scripts and benchmarks: real clusters, load and verification from the command line.
//
//   lab up --source=3.1.2:1 --target=4.3.1:3 [--dir=DIR]    starts the clusters, prints their addresses, runs until
//   SIGTERM,
//                                                           SIGINT or the end of stdin
//   lab load --bootstrap=HOST:PORT --topic=T --records=N    fills a topic, creating it if it is missing
//   lab verify --source=HOST:PORT --target=HOST:PORT --topics=a,b [--wait_s=60]
//
// Exit codes: 0 done or equal, 1 different, 2 an error.
#include <gflags/gflags.h>
#include <glog/logging.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/load.h"
#include "tests/cluster/verifier.h"

DEFINE_string(source, "", "up: VERSION:BROKERS of the source cluster; verify: its bootstrap servers");
DEFINE_string(target, "", "up: VERSION:BROKERS of the target cluster; verify: its bootstrap servers");
DEFINE_string(dir, "", "up: folder for data and logs, kept; empty: a scratch folder that is removed");
DEFINE_bool(default_timings, false, "up: Kafka's default group, session and replication settings");
DEFINE_bool(full_jit, false, "up: brokers compile fully (benchmarks)");
DEFINE_bool(until_stdin_closes, true, "up: end when stdin closes");

DEFINE_string(bootstrap, "", "load: bootstrap servers");
DEFINE_string(topic, "load", "load: topic");
DEFINE_int32(partitions, 1, "load: partitions");
DEFINE_int32(replication_factor, 1, "load: replication factor of a topic that is created");
DEFINE_int64(records, 100000, "load: records; 0: until SIGTERM");
DEFINE_double(rate, 0, "load: records per second; 0: no limit");
DEFINE_int64(first_sequence, 0, "load: number of the first record, to go on where an earlier run ended");
DEFINE_string(codec, "none", "load: none, gzip, snappy, lz4 or zstd");
DEFINE_int32(value_bytes, 1000, "load: bytes of a value");
DEFINE_bool(random, false, "load: random bytes in place of JSON");
DEFINE_int64(keys, -1, "load: different keys per partition; 0: null keys, -1: all different");
DEFINE_int32(headers, 0, "load: headers per record");
DEFINE_int32(batch_bytes, 131072, "load: producer batch size");
DEFINE_int32(linger_ms, 5, "load: producer linger");
DEFINE_int32(transaction_records, 0, "load: records per transaction; 0: none");
DEFINE_double(abort_share, 0, "load: share of transactions that is aborted");

DEFINE_string(topics, "", "verify: comma-separated topics");
DEFINE_double(wait_s, 0, "verify: seconds to wait for a target that is behind; 0: compare what is there");
DEFINE_bool(offsets, false, "verify: offsets must be equal too");

namespace replicator::tests {
namespace {

constexpr int kOk = 0;
constexpr int kDifferent = 1;
constexpr int kError = 2;

int Fail(const absl::Status& status) {
  std::cerr << "lab: " << status.ToString() << std::endl;
  return kError;
}

// A descriptor that becomes readable on SIGTERM and SIGINT.
int BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  PCHECK(sigprocmask(SIG_BLOCK, &signals, nullptr) == 0);
  const int fd = signalfd(-1, &signals, SFD_CLOEXEC);
  PCHECK(fd >= 0);
  return fd;
}

absl::StatusOr<std::unique_ptr<KafkaCluster>> StartOne(const std::string& name, const std::string& spec) {
  const std::vector<std::string> parts = absl::StrSplit(spec, ':');
  KafkaClusterOptions options;
  options.version = parts[0];
  if (parts.size() > 2 || (parts.size() == 2 && !absl::SimpleAtoi(parts[1], &options.brokers))) {
    return absl::InvalidArgumentError(absl::StrCat("--", name, " wants VERSION:BROKERS, not ", spec));
  }
  options.default_timings = FLAGS_default_timings;
  options.full_jit = FLAGS_full_jit;
  if (!FLAGS_dir.empty()) options.dir = absl::StrCat(FLAGS_dir, "/", name);
  absl::StatusOr<std::unique_ptr<KafkaCluster>> cluster = KafkaCluster::Create(options);
  if (!cluster.ok()) return cluster.status();
  absl::Status status = (*cluster)->StartAll();
  if (!status.ok()) return status;
  return cluster;
}

int Up(int signal_fd) {
  std::vector<std::pair<std::string, std::unique_ptr<KafkaCluster>>> clusters;
  for (const auto& [name, spec] :
       {std::pair<std::string, std::string>("source", FLAGS_source), {"target", FLAGS_target}}) {
    if (spec.empty()) continue;
    absl::StatusOr<std::unique_ptr<KafkaCluster>> cluster = StartOne(name, spec);
    if (!cluster.ok()) return Fail(cluster.status());
    clusters.emplace_back(name, *std::move(cluster));
  }
  if (clusters.empty()) return Fail(absl::InvalidArgumentError("up needs --source=VERSION:BROKERS or --target=..."));
  for (auto& [name, cluster] : clusters) {
    absl::Status status = cluster->WaitReady();
    if (!status.ok()) return Fail(status);
    std::cout << name << "=" << cluster->bootstrap_servers() << std::endl;
    for (int id : cluster->broker_ids()) {
      std::cout << name << "-broker-" << id << "-pid=" << cluster->broker_pid(id) << std::endl;
    }
  }
  std::cout << "ready" << std::endl;
  pollfd waits[] = {{.fd = signal_fd, .events = POLLIN, .revents = 0}, {.fd = 0, .events = POLLIN, .revents = 0}};
  while (poll(waits, FLAGS_until_stdin_closes ? 2 : 1, -1) >= 0) {
    if (waits[0].revents != 0) break;
    char ignored[256];
    if (FLAGS_until_stdin_closes && waits[1].revents != 0 && read(0, ignored, sizeof(ignored)) <= 0) break;
  }
  return kOk;
}

int Load(int signal_fd) {
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin = ClusterAdmin::Create(FLAGS_bootstrap);
  if (!admin.ok()) return Fail(admin.status());
  absl::Status created = (*admin)->CreateTopic(
      {.name = FLAGS_topic, .partitions = FLAGS_partitions, .replication_factor = FLAGS_replication_factor});
  if (!created.ok() && !absl::IsAlreadyExists(created)) return Fail(created);
  const absl::Time begin = absl::Now();
  absl::StatusOr<std::unique_ptr<LoadGenerator>> load =
      LoadGenerator::Start({.bootstrap_servers = FLAGS_bootstrap,
                            .topic = FLAGS_topic,
                            .partitions = FLAGS_partitions,
                            .records_total = FLAGS_records,
                            .records_per_second = FLAGS_rate,
                            .first_sequence = FLAGS_first_sequence,
                            .shape = FLAGS_random ? RecordShape::kRandom : RecordShape::kJson,
                            .value_bytes = FLAGS_value_bytes,
                            .codec = FLAGS_codec,
                            .keys = FLAGS_keys,
                            .headers = FLAGS_headers,
                            .batch_bytes_max = FLAGS_batch_bytes,
                            .linger_ms = FLAGS_linger_ms,
                            .records_per_transaction = FLAGS_transaction_records,
                            .abort_share = FLAGS_abort_share});
  if (!load.ok()) return Fail(load.status());
  absl::StatusOr<LoadCounts> counts = absl::DeadlineExceededError("");
  pollfd wait = {.fd = signal_fd, .events = POLLIN, .revents = 0};
  while (absl::IsDeadlineExceeded(counts.status())) {
    counts = poll(&wait, 1, 0) == 1 ? (*load)->Stop() : (*load)->Wait(absl::Milliseconds(100));
  }
  if (!counts.ok()) return Fail(counts.status());
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  std::cout << absl::StrFormat(
      "%d records, %.1f MB in %.1f s (%.0f records/s, %.1f MB/s), %d aborted, next sequence %d\n", counts->records,
      static_cast<double>(counts->bytes) / 1e6, seconds, static_cast<double>(counts->records) / seconds,
      static_cast<double>(counts->bytes) / 1e6 / seconds, counts->records_aborted, counts->next_sequence);
  return kOk;
}

int Verify() {
  Verifier verifier({.source_bootstrap_servers = FLAGS_source,
                     .target_bootstrap_servers = FLAGS_target,
                     .topics = absl::StrSplit(FLAGS_topics, ',', absl::SkipEmpty()),
                     .compare_offsets = FLAGS_offsets});
  absl::StatusOr<VerifyResult> result =
      FLAGS_wait_s > 0 ? verifier.WaitUntilEqual(absl::Seconds(FLAGS_wait_s)) : verifier.Verify();
  if (!result.ok()) return Fail(result.status());
  std::cout << result->Summary() << std::endl;
  for (const PartitionVerdict& verdict : result->partitions) {
    if (!verdict.equal) std::cout << "  " << verdict.first_difference << std::endl;
  }
  return result->equal ? kOk : kDifferent;
}

int Main(int argc, char** argv) {
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  gflags::SetUsageMessage("lab up|load|verify --FLAG=VALUE ...");
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  const std::string command = argc == 2 ? argv[1] : "";
  // Before any thread starts: threads inherit the mask, and the descriptor gets the signal.
  const int signal_fd = BlockSignals();
  if (command == "up") return Up(signal_fd);
  if (command == "load") return Load(signal_fd);
  if (command == "verify") return Verify();
  std::cerr << "usage: lab up|load|verify --FLAG=VALUE ...  (lab --help lists the flags)" << std::endl;
  return kError;
}

}  // namespace
}  // namespace replicator::tests

int main(int argc, char** argv) { return replicator::tests::Main(argc, argv); }
