// What the copy benchmark has measured: medians over the runs of a case, the tables, and the criteria with their
// verdicts.
#ifndef REPLICATOR_BENCH_RESULTS_H_
#define REPLICATOR_BENCH_RESULTS_H_

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bench/copier_run.h"
#include "tests/demo/log_segments.h"
#include "tests/demo/text_table.h"

namespace replicator::bench {

// What a replicator may cost.
inline constexpr double kCpuOfRelayMax = 1.5;
inline constexpr int64_t kRssBytesBeyondBudgetMax = int64_t{64} << 20;
inline constexpr double kFirstRecordSecondsMax = 1.5;

// The largest share that replicator's CPU may be of a peer's.
struct PeerShares {
  double librdkafka = 0;
  double mirrormaker2 = 0;
};
// Where the peers have to unpack and pack batches, and where they only copy them.
inline constexpr PeerShares kCpuShareMaxCompressed = {.librdkafka = 1.0 / 8, .mirrormaker2 = 1.0 / 50};
inline constexpr PeerShares kCpuShareMaxUncompressed = {.librdkafka = 1.0 / 4, .mirrormaker2 = 1.0 / 20};

// The bytes that every run of a case moves.
struct Workload {
  std::string codec;
  std::string topic;
  int64_t records = 0;
  tests::LogSegments segments;
};

// The runs of one case.
class CaseRuns {
 public:
  void Add(const CopierRun& run) { runs_.push_back(run); }
  bool empty() const { return runs_.empty(); }

  using Field = std::function<double(const CopierRun&)>;
  // The middle one, or the middle between two; 0 of none.
  double Median(const Field& field) const;
  double Max(const Field& field) const;
  double cpu_s() const { return Median(&CopierRun::cpu_s); }
  // "0.41 (0.39-0.44)": median and range.
  std::string CpuText() const;

 private:
  std::vector<double> Values(const Field& field) const;  // sorted

  std::vector<CopierRun> runs_;
};

// Relay and replicator beside each other, for each codec over a warm and a cold page cache.
class RelayComparison {
 public:
  struct Pair {
    CaseRuns relay;
    CaseRuns replicator;
    double CpuRatio() const { return replicator.cpu_s() / relay.cpu_s(); }
  };

  // `buffer_bytes`: the replicator's --buffer-bytes, the most that it has in flight.
  explicit RelayComparison(int64_t buffer_bytes) : buffer_bytes_(buffer_bytes) {}

  Pair& At(const Workload& workload, bool is_cold);

  std::string Table() const;
  // One line per criterion, "PASS ..." or "FAIL ..."; `failures` counts the latter.
  std::string Criteria(int* failures) const;

 private:
  struct Key {
    std::string codec;
    bool is_cold = false;
    auto operator<=>(const Key&) const = default;
  };
  double MaxOverAll(const CaseRuns::Field& field) const;

  const int64_t buffer_bytes_;
  std::map<Key, Pair> pairs_;
  std::map<std::string, Workload> workloads_;
};

// kNoStore: replicator with --without-store, which shows what the store costs.
enum class Copier { kRelay, kReplicator, kNoStore, kLibrdkafka, kMirrorMaker2 };
std::string CopierName(Copier copier);

// All copiers beside each other over a warm page cache, for each codec.
class PeerComparison {
 public:
  CaseRuns& At(const Workload& workload, Copier copier);

  std::string Table() const;
  // One line per criterion, "PASS ..." or "FAIL ..."; `failures` counts the latter.
  std::string Criteria(int* failures) const;

 private:
  struct Case {
    Workload workload;
    std::map<Copier, CaseRuns> runs;
  };
  std::map<std::string, Case> cases_;  // by codec
};

// The replicator with one and with several batches in flight per partition.
class WindowComparison {
 public:
  CaseRuns& At(int replication_factor, int window) { return cases_[{replication_factor, window}]; }
  std::string Table(const Workload& workload) const;

 private:
  std::map<std::pair<int, int>, CaseRuns> cases_;
};

}  // namespace replicator::bench

#endif  // REPLICATOR_BENCH_RESULTS_H_
