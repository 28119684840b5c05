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
// With its store, of what it takes without. The wall time of some seconds is known to kRecordsPoll (copier_run.cc): 2 %
// are the least that shows.
inline constexpr double kCpuOfNoStoreMax = 1.03;
inline constexpr double kCopyingOfNoStoreMax = 1.02;

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
  // How many times as much as in the run of `other` that was measured beside it: the middle one of these ratios.
  double MedianOfPairs(const CaseRuns& other, const Field& field) const;
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

enum class Copier { kRelay, kReplicator, kLibrdkafka, kMirrorMaker2 };
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

// The replicator with its store and without, for each codec. Two that run at the same time are a pair: they share what
// a busy machine or its host does to them, which is more than the store costs.
class StoreComparison {
 public:
  struct Pair {
    CaseRuns with_store;
    CaseRuns without_store;
    double CpuRatio() const { return with_store.MedianOfPairs(without_store, &CopierRun::cpu_s); }
    double WallRatio() const;
    // From the first record to the last: without the start.
    double CopyingRatio() const;
  };

  Pair& At(const Workload& workload);

  std::string Table() const;
  // One line per criterion, "PASS ..." or "FAIL ..."; `failures` counts the latter.
  std::string Criteria(int* failures) const;

 private:
  std::map<std::string, std::pair<Workload, Pair>> pairs_;  // by codec
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
