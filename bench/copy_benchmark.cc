// What a copy costs: replicator beside a plain TCP relay of the same bytes, then beside the copiers that one would use
// in its place, then one against several batches in flight, then with its store and without.
//
//   copy_benchmark --replicator=PATH --relay=PATH --librdkafka=PATH --mirrormaker2=FOLDER
//                  [--quick] [--codecs=none,lz4,zstd] [--records=N] [--runs=N] [--peers=librdkafka,mirrormaker2]
//
// Part 1: a real Kafka 3.1.2 and a real 4.3.1 of one broker each. Per codec a topic of 12 partitions is loaded once;
// then, in turn, a relay sends the very segment files of that topic through one process, and the replicator copies the
// topic into a new one. Once with the segments in the page cache, once without. Part 2: the same topics, warm, and
// every copier in turn, each into a new topic; the peers' first copy is compared with the source record by record. Part
// 3: a target of three brokers, replication factor 1 and 3, windows of 1 and 5. Part 4: replicator with its store and
// without at the same time, each with a topic of its own, of as many bytes for each codec; they change topics after
// each pair. Numbers mean something only on a machine that does nothing else.
//
// Exit codes: 0 done and every criterion met, 1 a criterion missed (not judged with --quick), 2 an error, 130
// interrupted.
#include <gflags/gflags.h>
#include <glog/logging.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/copier_run.h"
#include "bench/peer_run.h"
#include "bench/results.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/load.h"
#include "tests/cluster/process.h"
#include "tests/cluster/verifier.h"
#include "tests/demo/interrupt.h"
#include "tests/demo/log_segments.h"

DEFINE_string(replicator, "", "path of the replicator");
DEFINE_string(relay, "", "path of tcp_relay");
DEFINE_int64(records, 2'000'000, "records of 1,000 bytes per codec");
DEFINE_string(codecs, "none,lz4,zstd", "codecs to measure");
DEFINE_int32(runs, 5, "runs of each case; the tables show medians");
DEFINE_int32(partitions, 12, "partitions of each topic");
DEFINE_int32(batch_bytes, 131072, "size of a producer's batch on the wire, roughly");
DEFINE_int64(buffer_bytes, int64_t{64} << 20, "replicator's --buffer-bytes");
DEFINE_int32(shards, 1, "replicator's --shards");
DEFINE_bool(relays, true, "measure beside a relay (part 1)");
DEFINE_string(peers, "librdkafka,mirrormaker2", "peers to measure beside (part 2); with --quick none unless named");
DEFINE_bool(store, true, "measure replicator with its store beside one without (part 4)");
DEFINE_int64(store_bytes, 2'000'000'000, "bytes in the log that each copy of part 4 moves");
DEFINE_int32(store_pairs, 7, "pairs of runs in part 4; the table shows the middle ones");
DEFINE_int32(peer_runs, 3, "runs of each copier in part 2");
DEFINE_string(librdkafka, "", "path of librdkafka_pipeline");
DEFINE_string(mirrormaker2, "", "folder with the jars of MirrorMaker 2");
DEFINE_bool(windows, true, "measure windows too (part 3)");
DEFINE_bool(quick, false, "small data and one run, to see that everything works; judges nothing");

namespace replicator::bench {
namespace {

using tests::ClusterAdmin;
using tests::KafkaCluster;

constexpr int kExitMissed = 1;
constexpr int kExitError = 2;
constexpr int kExitInterrupted = 130;

constexpr int64_t kQuickRecords = 60'000;
constexpr int64_t kQuickStoreBytes = 20'000'000;
constexpr char kSourceVersion[] = "3.1.2";
constexpr char kTargetVersion[] = "4.3.1";
constexpr int kValueBytes = 1000;
constexpr int kHeapMib = 640;
constexpr absl::Duration kLoadTimeout = absl::Minutes(5);
constexpr absl::Duration kTopicTimeout = absl::Seconds(60);
constexpr absl::Duration kPagesReported = absl::Seconds(40);
constexpr int kWindows[] = {1, 5};
constexpr int kReplicationFactors[] = {1, 3};

void Say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

// How many times smaller a codec makes the load's JSON. A Java producer counts its batches compressed, librdkafka does
// not: with this factor both make batches of the same size on the wire.
double Shrinkage(const std::string& codec) { return codec == "lz4" ? 2.3 : codec == "zstd" ? 3.9 : 1; }

class CopyBenchmark {
 public:
  CopyBenchmark() : scratch_("bench"), relay_comparison_(FLAGS_buffer_bytes) {}

  absl::Status Run();
  // Prints what was measured, and the criteria at the end. Returns the exit code.
  int Report() const;

 private:
  absl::StatusOr<std::unique_ptr<KafkaCluster>> StartCluster(const std::string& version, int brokers);
  absl::Status StartTarget(int brokers);
  absl::StatusOr<Workload> Load(const std::string& codec, const std::string& topic, int64_t records);
  absl::Status CompareWithRelay(const Workload& workload, bool is_cold);
  absl::Status ParsePeers();
  absl::Status ComparePeers(const Workload& workload);
  absl::StatusOr<CopierRun> CopyWarm(const Workload& workload, Copier copier, bool is_verified);
  absl::StatusOr<CopierRun> CopyByPeer(const Workload& workload, Copier peer, bool is_verified);
  absl::Status Verify(const Workload& workload, Copier copier);
  absl::Status CompareCopiers();
  absl::Status CompareWindows();
  void ReportTables() const;
  absl::Status SetCache(const Workload& workload, bool is_cold);
  absl::StatusOr<CopierRun> Relay(const Workload& workload, bool is_cold);
  absl::Status CreateTargetTopic(ClusterAdmin& admin, const std::string& topic, int replication_factor);
  absl::StatusOr<CopierRun> OnFreshTopic(const Workload& workload, int replication_factor, bool is_cold,
                                         absl::FunctionRef<absl::StatusOr<CopierRun>(ClusterAdmin&)> copy);
  ReplicatorRunOptions RunOptionsOf(const Workload& workload, int replication_factor, int window) const;
  absl::StatusOr<CopierRun> Copy(const Workload& workload, int replication_factor, int window, bool is_cold);
  absl::Status CompareStore(const Workload& workload);
  absl::Status CopyBoth(const Workload& with_store, const Workload& without_store);

  const tests::TempDir scratch_;
  std::unique_ptr<KafkaCluster> source_;
  std::unique_ptr<KafkaCluster> target_;
  std::unique_ptr<ClusterAdmin> source_admin_;
  std::vector<Workload> workloads_;
  std::vector<Copier> peers_;
  std::string mirrormaker2_version_;
  RelayComparison relay_comparison_;
  PeerComparison peer_comparison_;
  WindowComparison window_comparison_;
  StoreComparison store_comparison_;
  std::string window_codec_;
};

absl::StatusOr<std::unique_ptr<KafkaCluster>> CopyBenchmark::StartCluster(const std::string& version, int brokers) {
  Say(absl::StrCat("starting Kafka ", version, ", ", brokers, brokers == 1 ? " broker" : " brokers"));
  tests::KafkaClusterOptions options;
  options.version = version;
  options.brokers = brokers;
  options.heap_mib_max = kHeapMib;
  options.full_jit = true;
  // Each run's topic is deleted after it; its files need not wait the usual minute.
  options.properties = {{"log.segment.delete.delay.ms", "1000"}};
  absl::StatusOr<std::unique_ptr<KafkaCluster>> cluster = KafkaCluster::Create(options);
  if (!cluster.ok()) return cluster.status();
  absl::Status status = (*cluster)->StartAll();
  if (status.ok()) status = tests::WaitReadyUnlessInterrupted(**cluster);
  if (!status.ok()) return status;
  return cluster;
}

absl::Status CopyBenchmark::StartTarget(int brokers) {
  target_.reset();
  absl::StatusOr<std::unique_ptr<KafkaCluster>> target = StartCluster(kTargetVersion, brokers);
  if (!target.ok()) return target.status();
  target_ = *std::move(target);
  return absl::OkStatus();
}

absl::StatusOr<Workload> CopyBenchmark::Load(const std::string& codec, const std::string& topic, int64_t records) {
  Workload workload = {.codec = codec, .topic = topic, .records = records, .segments = {}};
  absl::Status status = source_admin_->CreateTopic({.name = workload.topic, .partitions = FLAGS_partitions});
  if (!status.ok()) return status;
  tests::LoadOptions options;
  options.bootstrap_servers = source_->bootstrap_servers();
  options.topic = workload.topic;
  options.partitions = FLAGS_partitions;
  options.records_total = records;
  options.value_bytes = kValueBytes;
  options.codec = codec;
  options.batch_bytes_max = static_cast<int>(FLAGS_batch_bytes * Shrinkage(codec));
  options.linger_ms = 1000;  // only full batches
  absl::StatusOr<std::unique_ptr<tests::LoadGenerator>> load = tests::LoadGenerator::Start(options);
  if (!load.ok()) return load.status();
  const absl::StatusOr<tests::LoadCounts> counts = tests::WaitForLoad(**load, kLoadTimeout);
  if (!counts.ok()) return counts.status();
  absl::StatusOr<tests::LogSegments> segments =
      tests::FindLogSegments(source_->LogDir(1), workload.topic, FLAGS_partitions);
  if (!segments.ok()) return segments.status();
  workload.segments = *std::move(segments);
  Say(absl::StrFormat("loaded %s: %d records, %.1f MB in the log, batches of %d bytes", workload.topic, counts->records,
                      static_cast<double>(workload.segments.bytes) / 1e6, workload.segments.bytes_per_batch()));
  return workload;
}

// To be called right before a run. A virtual machine may give freed pages back to its host (free page reporting): a
// part of those that are free every two seconds. Who touches such a page next pays for it: the copier, which copies
// what the source's broker sends by sendfile. So cold means that all that was evicted has gone back, for both copiers
// alike.
absl::Status CopyBenchmark::SetCache(const Workload& workload, bool is_cold) {
  sync();  // What an earlier run has written must not be written during the next.
  if (!is_cold) {
    absl::Status warmed = WarmPageCache(workload.segments);
    return warmed.ok() ? BackFreeMemory() : warmed;
  }
  absl::Status evicted = EvictFromPageCache(FLAGS_relay, workload.segments, scratch_.path());
  if (evicted.ok()) absl::SleepFor(kPagesReported);
  return evicted;
}

// A topic of this name may have been deleted a moment ago: returns once the new one answers.
absl::Status CopyBenchmark::CreateTargetTopic(ClusterAdmin& admin, const std::string& topic, int replication_factor) {
  absl::Status status =
      admin.CreateTopic({.name = topic, .partitions = FLAGS_partitions, .replication_factor = replication_factor});
  if (!status.ok()) return status;
  return tests::WaitUntil([&] { return admin.Offsets(topic).ok(); }, kTopicTimeout,
                          absl::StrCat("topic ", topic, " answers"));
}

// Into a topic that is created before, and deleted after the run. A client of its own, since a client that has seen the
// old topic of the same name keeps its leader epochs and takes the new one's answers for old.
absl::StatusOr<CopierRun> CopyBenchmark::OnFreshTopic(
    const Workload& workload, int replication_factor, bool is_cold,
    absl::FunctionRef<absl::StatusOr<CopierRun>(ClusterAdmin&)> copy) {
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin = ClusterAdmin::Create(target_->bootstrap_servers());
  if (!admin.ok()) return admin.status();
  absl::Status status = CreateTargetTopic(**admin, workload.topic, replication_factor);
  if (status.ok()) status = SetCache(workload, is_cold);
  if (!status.ok()) return status;
  absl::StatusOr<CopierRun> run = copy(**admin);
  if (!run.ok()) return run.status();
  status = (*admin)->DeleteTopic(workload.topic);
  if (!status.ok()) return status;
  return run;
}

ReplicatorRunOptions CopyBenchmark::RunOptionsOf(const Workload& workload, int replication_factor, int window) const {
  ReplicatorRunOptions options;
  options.replicator = {
      .program = FLAGS_replicator,
      .source_bootstrap_servers = source_->bootstrap_servers(),
      .target_bootstrap_servers = target_->bootstrap_servers(),
      .topics = workload.topic,
      .replication_factor = replication_factor,
      .tasks_max = FLAGS_shards,
      .flags = {absl::StrCat("--shards=", FLAGS_shards), absl::StrCat("--buffer-bytes=", FLAGS_buffer_bytes),
                absl::StrCat("--in-flight-max=", window)},
      .dir = scratch_.path(),
  };
  options.topic = workload.topic;
  options.records = workload.records;
  return options;
}

absl::StatusOr<CopierRun> CopyBenchmark::Copy(const Workload& workload, int replication_factor, int window,
                                              bool is_cold) {
  const ReplicatorRunOptions options = RunOptionsOf(workload, replication_factor, window);
  return OnFreshTopic(workload, replication_factor, is_cold,
                      [&](ClusterAdmin& admin) { return RunReplicator(options, admin); });
}

absl::StatusOr<CopierRun> CopyBenchmark::Relay(const Workload& workload, bool is_cold) {
  absl::Status status = SetCache(workload, is_cold);
  if (!status.ok()) return status;
  return RunRelay(FLAGS_relay, workload.segments, scratch_.path());
}

absl::Status CopyBenchmark::CompareWithRelay(const Workload& workload, bool is_cold) {
  RelayComparison::Pair& pair = relay_comparison_.At(workload, is_cold);
  for (int i = 1; i <= FLAGS_runs; ++i) {
    const bool relay_first = i % 2 == 1;  // in turn: what the first one leaves behind is the second one's start
    const absl::StatusOr<CopierRun> first = relay_first ? Relay(workload, is_cold) : Copy(workload, 1, 1, is_cold);
    if (!first.ok()) return first.status();
    const absl::StatusOr<CopierRun> second = relay_first ? Copy(workload, 1, 1, is_cold) : Relay(workload, is_cold);
    if (!second.ok()) return second.status();
    const CopierRun& relay = relay_first ? *first : *second;
    const CopierRun& copy = relay_first ? *second : *first;
    pair.relay.Add(relay);
    pair.replicator.Add(copy);
    Say(absl::StrFormat("%-4s %s run %d: relay %.2f s, %.3f CPU-s; replicator %.2f s, %.3f CPU-s (%.3f user)",
                        workload.codec, is_cold ? "cold" : "warm", i, relay.wall_s, relay.cpu_s(), copy.wall_s,
                        copy.cpu_s(), copy.user_s));
  }
  return absl::OkStatus();
}

absl::Status CopyBenchmark::ParsePeers() {
  for (const absl::string_view name : absl::StrSplit(FLAGS_peers, ',', absl::SkipEmpty())) {
    if (name == "librdkafka") {
      if (FLAGS_librdkafka.empty()) return absl::InvalidArgumentError("--librdkafka must name the program");
      peers_.push_back(Copier::kLibrdkafka);
    } else if (name == "mirrormaker2") {
      const absl::StatusOr<std::string> version = MirrorMaker2Version(FLAGS_mirrormaker2);
      if (!version.ok()) return version.status();
      mirrormaker2_version_ = *version;
      peers_.push_back(Copier::kMirrorMaker2);
    } else {
      return absl::InvalidArgumentError(absl::StrCat("--peers: '", name, "' is neither librdkafka nor mirrormaker2"));
    }
  }
  return absl::OkStatus();
}

// What a peer has written must be the source's records: a quick copy that loses something is none.
absl::Status CopyBenchmark::Verify(const Workload& workload, Copier copier) {
  tests::VerifierOptions options;
  options.source_bootstrap_servers = source_->bootstrap_servers();
  options.target_bootstrap_servers = target_->bootstrap_servers();
  options.topics = {workload.topic};
  const absl::StatusOr<tests::VerifyResult> result = tests::Verifier(options).Verify();
  if (!result.ok()) return result.status();
  if (result->equal) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("not what was to be copied, by ", CopierName(copier), ": ", result->Summary()));
}

absl::StatusOr<CopierRun> CopyBenchmark::CopyByPeer(const Workload& workload, Copier peer, bool is_verified) {
  const PeerRunOptions options = {
      .source_bootstrap_servers = source_->bootstrap_servers(),
      .target_bootstrap_servers = target_->bootstrap_servers(),
      .topic = workload.topic,
      .partitions = FLAGS_partitions,
      .records = workload.records,
      .codec = workload.codec,
      .dir = scratch_.path(),
  };
  return OnFreshTopic(workload, /*replication_factor=*/1, /*is_cold=*/false,
                      [&](ClusterAdmin& admin) -> absl::StatusOr<CopierRun> {
                        absl::StatusOr<CopierRun> run = peer == Copier::kLibrdkafka
                                                            ? RunLibrdkafka(FLAGS_librdkafka, options, admin)
                                                            : RunMirrorMaker2(FLAGS_mirrormaker2, options, admin);
                        if (!run.ok() || !is_verified) return run;
                        absl::Status verified = Verify(workload, peer);
                        if (!verified.ok()) return verified;
                        return run;
                      });
}

absl::StatusOr<CopierRun> CopyBenchmark::CopyWarm(const Workload& workload, Copier copier, bool is_verified) {
  switch (copier) {
    case Copier::kRelay:
      return Relay(workload, /*is_cold=*/false);
    case Copier::kReplicator:
      return Copy(workload, 1, 1, /*is_cold=*/false);
    case Copier::kLibrdkafka:
    case Copier::kMirrorMaker2:
      return CopyByPeer(workload, copier, is_verified);
  }
}

absl::Status CopyBenchmark::ComparePeers(const Workload& workload) {
  std::vector<Copier> copiers = {Copier::kRelay, Copier::kReplicator};
  copiers.insert(copiers.end(), peers_.begin(), peers_.end());
  for (int i = 1; i <= FLAGS_peer_runs; ++i) {
    for (size_t turn = 0; turn < copiers.size(); ++turn) {
      // Another one begins in each round: what one leaves behind is the next one's start.
      const Copier copier = copiers[(turn + static_cast<size_t>(i) - 1) % copiers.size()];
      const absl::StatusOr<CopierRun> run = CopyWarm(workload, copier, /*is_verified=*/i == 1);
      if (!run.ok()) return run.status();
      peer_comparison_.At(workload, copier).Add(*run);
      Say(absl::StrFormat("%-4s run %d: %s %.2f s, %.3f CPU-s (%.3f user)", workload.codec, i, CopierName(copier),
                          run->wall_s, run->cpu_s(), run->user_s));
    }
  }
  return absl::OkStatus();
}

absl::Status CopyBenchmark::CompareWindows() {
  const Workload* workload = &workloads_.front();
  for (const Workload& candidate : workloads_) {
    if (candidate.codec == "lz4") workload = &candidate;
  }
  window_codec_ = workload->codec;
  absl::Status status = StartTarget(3);
  for (int i = 0; i <= FLAGS_runs && status.ok(); ++i) {
    for (int factor : kReplicationFactors) {
      for (int window : kWindows) {
        const absl::StatusOr<CopierRun> copy = Copy(*workload, factor, window, /*is_cold=*/false);
        if (!copy.ok()) return copy.status();
        // The first round lets the brokers compile.
        if (i > 0 || FLAGS_quick) window_comparison_.At(factor, window).Add(*copy);
        Say(absl::StrFormat("replication factor %d, window %d, run %d: %.2f s, %.3f CPU-s", factor, window, i,
                            copy->wall_s, copy->cpu_s()));
      }
    }
    if (FLAGS_quick) break;
  }
  return status;
}

// Both start at the same moment.
absl::Status CopyBenchmark::CopyBoth(const Workload& with_store, const Workload& without_store) {
  struct Side {
    const Workload* workload;
    std::unique_ptr<ClusterAdmin> admin;
    ReplicatorRunOptions options;
    absl::StatusOr<CopierRun> run;
  };
  Side sides[2];
  sides[0].workload = &with_store;
  sides[1].workload = &without_store;
  for (Side& side : sides) {
    absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin = ClusterAdmin::Create(target_->bootstrap_servers());
    if (!admin.ok()) return admin.status();
    side.admin = *std::move(admin);
    absl::Status ready = CreateTargetTopic(*side.admin, side.workload->topic, 1);
    if (ready.ok()) ready = SetCache(*side.workload, /*is_cold=*/false);
    if (!ready.ok()) return ready;
    side.options = RunOptionsOf(*side.workload, 1, 1);
  }
  sides[1].options.replicator.flags.push_back("--without-store");
  const auto copy = [](Side& side) { side.run = RunReplicator(side.options, *side.admin); };
  std::thread other(copy, std::ref(sides[1]));
  copy(sides[0]);
  other.join();
  for (Side& side : sides) {
    if (!side.run.ok()) return side.run.status();
    absl::Status deleted = side.admin->DeleteTopic(side.workload->topic);
    if (!deleted.ok()) return deleted;
  }
  StoreComparison::Pair& pair = store_comparison_.At(with_store);
  pair.with_store.Add(*sides[0].run);
  pair.without_store.Add(*sides[1].run);
  Say(absl::StrFormat("%-4s both: with its store %.2f s, %.3f CPU-s; without %.2f s, %.3f CPU-s", with_store.codec,
                      sides[0].run->wall_s, sides[0].run->cpu_s(), sides[1].run->wall_s, sides[1].run->cpu_s()));
  return absl::OkStatus();
}

// Start and end of the store take the same time whatever is copied: with as many bytes they weigh the same for all
// codecs.
absl::Status CopyBenchmark::CompareStore(const Workload& workload) {
  const double bytes_per_record = static_cast<double>(workload.segments.bytes) / static_cast<double>(workload.records);
  const auto records = static_cast<int64_t>(static_cast<double>(FLAGS_store_bytes) / bytes_per_record);
  Workload twins[2];
  for (int i = 0; i < 2; ++i) {
    absl::StatusOr<Workload> twin = Load(workload.codec, absl::StrCat(workload.topic, "-store-", i), records);
    if (!twin.ok()) return twin.status();
    twins[i] = *std::move(twin);
  }
  absl::Status status;
  for (int i = 0; i < FLAGS_store_pairs && status.ok(); ++i) status = CopyBoth(twins[i % 2], twins[1 - i % 2]);
  for (int i = 0; i < 2 && status.ok(); ++i) status = source_admin_->DeleteTopic(twins[i].topic);
  return status;
}

absl::Status CopyBenchmark::CompareCopiers() {
  absl::Status status = StartTarget(1);
  if (!status.ok()) return status;
  // Not counted: lets the brokers compile.
  const absl::StatusOr<CopierRun> warm_up = Copy(workloads_.back(), 1, 1, /*is_cold=*/false);
  if (!warm_up.ok()) return warm_up.status();
  for (const Workload& workload : workloads_) {
    for (bool is_cold : {false, true}) {
      if (status.ok() && FLAGS_relays) status = CompareWithRelay(workload, is_cold);
    }
    if (status.ok() && !peers_.empty()) status = ComparePeers(workload);
    if (status.ok() && FLAGS_store) status = CompareStore(workload);
  }
  return status;
}

absl::Status CopyBenchmark::Run() {
  absl::Status status = ParsePeers();
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<KafkaCluster>> source = StartCluster(kSourceVersion, 1);
  if (!source.ok()) return source.status();
  source_ = *std::move(source);
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin = ClusterAdmin::Create(source_->bootstrap_servers());
  if (!admin.ok()) return admin.status();
  source_admin_ = *std::move(admin);
  for (const absl::string_view codec : absl::StrSplit(FLAGS_codecs, ',', absl::SkipEmpty())) {
    absl::StatusOr<Workload> workload = Load(std::string(codec), absl::StrCat("bench-", codec), FLAGS_records);
    if (!workload.ok()) return workload.status();
    workloads_.push_back(*std::move(workload));
  }
  if (workloads_.empty()) return absl::InvalidArgumentError("--codecs names none");
  if (FLAGS_relays || FLAGS_store || !peers_.empty()) status = CompareCopiers();
  if (status.ok() && FLAGS_windows) status = CompareWindows();
  return status;
}

void CopyBenchmark::ReportTables() const {
  const std::string machine = absl::StrCat(kSourceVersion, " -> ", kTargetVersion, ", one broker each, ",
                                           std::thread::hardware_concurrency(), " cores for all");
  const std::string clusters = absl::StrCat(machine, ", ", workloads_.front().records, " records per codec");
  if (FLAGS_relays) {
    Say(absl::StrCat("\nThe same bytes through a plain TCP relay and through replicator (", clusters, "):\n"));
    Say(relay_comparison_.Table());
    Say("CPU is user and system time of the copier's process from its start to its end; 'beyond budget' is its peak "
        "RSS\n"
        "less --buffer-bytes, the most that it may hold in flight.\n");
  }
  if (!peers_.empty()) {
    Say(absl::StrCat("\nAll copiers over a warm page cache (", clusters, "):\n"));
    Say(peer_comparison_.Table());
    Say("Wall time is from the start of the copier's process until the target has all records.\n");
  }
  if (!peers_.empty()) {
    Say(absl::StrCat("Peers: ",
                     absl::StrJoin(peers_, ", ",
                                   [this](std::string* out, Copier peer) {
                                     absl::StrAppend(out, CopierName(peer),
                                                     peer == Copier::kMirrorMaker2 ? " " + mirrormaker2_version_ : "");
                                   }),
                     ";\ntheir first copy of each codec was compared with the source record by record: equal.\n"));
  }
  if (FLAGS_store) {
    Say(absl::StrCat("\nWith its store and without, both at once (", machine, "):\n"));
    Say(store_comparison_.Table());
    Say("'pairs' is the middle one of the ratios within the pairs.\n");
  }
  if (FLAGS_windows) {
    const Workload* shown = &workloads_.front();
    for (const Workload& workload : workloads_) {
      if (workload.codec == window_codec_) shown = &workload;
    }
    Say(absl::StrCat("Batches in flight per partition, ", window_codec_, ", target of 3 brokers:\n"));
    Say(window_comparison_.Table(*shown));
  }
}

int CopyBenchmark::Report() const {
  ReportTables();
  int failures = 0;
  std::string criteria;
  if (FLAGS_relays) criteria += relay_comparison_.Criteria(&failures);
  if (!peers_.empty()) criteria += peer_comparison_.Criteria(&failures);
  if (FLAGS_store) criteria += store_comparison_.Criteria(&failures);
  if (!criteria.empty()) {
    Say(FLAGS_quick ? "Criteria (with --quick they are shown, not judged: start and end outweigh the copy):"
                    : "Criteria:");
    Say(criteria);
  }
  return failures > 0 && !FLAGS_quick ? kExitMissed : 0;
}

int Main() {
  if (FLAGS_replicator.empty() || FLAGS_relay.empty()) {
    std::fprintf(stderr, "copy_benchmark: --replicator and --relay must name the two programs\n");
    return kExitError;
  }
  if (FLAGS_quick) {
    if (gflags::GetCommandLineFlagInfoOrDie("records").is_default) FLAGS_records = kQuickRecords;
    if (gflags::GetCommandLineFlagInfoOrDie("store_bytes").is_default) FLAGS_store_bytes = kQuickStoreBytes;
    FLAGS_runs = 1;
    FLAGS_peer_runs = 1;
    FLAGS_store_pairs = 1;
    if (gflags::GetCommandLineFlagInfoOrDie("peers").is_default) FLAGS_peers = "";
    if (gflags::GetCommandLineFlagInfoOrDie("store").is_default) FLAGS_store = !FLAGS_peers.empty();
  }
  const absl::Time begin = absl::Now();
  CopyBenchmark benchmark;
  const absl::Status status = benchmark.Run();
  if (absl::IsCancelled(status)) {
    std::fprintf(stderr, "copy_benchmark: interrupted\n");
    return kExitInterrupted;
  }
  if (!status.ok()) {
    std::fprintf(stderr, "copy_benchmark: %s\n", std::string(status.message()).c_str());
    return kExitError;
  }
  const int code = benchmark.Report();
  Say(absl::StrCat("done in ", absl::FormatDuration(absl::Trunc(absl::Now() - begin, absl::Seconds(1)))));
  return code;
}

}  // namespace
}  // namespace replicator::bench

int main(int argc, char** argv) {
  replicator::tests::CatchInterrupts();
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  gflags::SetUsageMessage("--replicator=PATH --relay=PATH [--quick]: what a copy costs beside a TCP relay and peers");
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  return replicator::bench::Main();
}
