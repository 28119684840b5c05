#include "bench/results.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace replicator::bench {
namespace {

double WallSeconds(const CopierRun& run) { return run.wall_s; }
double UserSeconds(const CopierRun& run) { return run.user_s; }
double FirstRecordSeconds(const CopierRun& run) { return run.first_record_s; }
double FirstToLastRecordSeconds(const CopierRun& run) { return run.wall_s - run.first_record_s; }
double PeakRss(const CopierRun& run) { return static_cast<double>(run.rss_bytes_peak); }
double CopiedBytes(const CopierRun& run) { return static_cast<double>(run.payload_bytes_copied); }

std::string Seconds(double seconds) { return absl::StrFormat("%.2f", seconds); }

std::string CpuPerGigabyte(const CaseRuns& runs, const Workload& workload) {
  return Seconds(runs.cpu_s() * 1e9 / static_cast<double>(workload.segments.bytes));
}

std::string RecordsPerSecond(const CaseRuns& runs, const Workload& workload) {
  return tests::WithCommas(static_cast<int64_t>(static_cast<double>(workload.records) / runs.Median(WallSeconds)));
}

std::string CacheName(bool is_cold) { return is_cold ? "cold" : "warm"; }

// 0 of none.
double MiddleOf(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

// One criterion's line.
std::string Verdict(bool passed, const std::string& text, int* failures) {
  if (!passed) ++*failures;
  return absl::StrCat(passed ? "PASS  " : "FAIL  ", text, "\n");
}

// "1/14" of a peer, which shows better than 0.07.
std::string Share(double share) { return absl::StrFormat("1/%.3g", 1 / share); }

// How many times as much as replicator a copier takes.
std::string Times(double value, double replicator) {
  return replicator > 0 ? absl::StrFormat("%.2f", value / replicator) : "-";
}

}  // namespace

std::vector<double> CaseRuns::Values(const Field& field) const {
  std::vector<double> values;
  for (const CopierRun& run : runs_) values.push_back(field(run));
  std::sort(values.begin(), values.end());
  return values;
}

double CaseRuns::Median(const Field& field) const { return MiddleOf(Values(field)); }

double CaseRuns::MedianOfPairs(const CaseRuns& other, const Field& field) const {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(runs_.size(), other.runs_.size()); ++i)
    ratios.push_back(field(runs_[i]) / field(other.runs_[i]));
  return MiddleOf(std::move(ratios));
}

double CaseRuns::Max(const Field& field) const { return runs_.empty() ? 0 : Values(field).back(); }

std::string CaseRuns::CpuText() const {
  const std::vector<double> values = Values(&CopierRun::cpu_s);
  if (values.empty()) return "-";
  return absl::StrFormat("%.2f (%.2f-%.2f)", cpu_s(), values.front(), values.back());
}

RelayComparison::Pair& RelayComparison::At(const Workload& workload, bool is_cold) {
  workloads_[workload.codec] = workload;
  return pairs_[{workload.codec, is_cold}];
}

std::string RelayComparison::Table() const {
  tests::TextTable table({"codec", "cache", "copier", ">wall s", ">CPU s: median (range)", ">of it user",
                          ">CPU of relay's", ">CPU-s/GB", ">records/s", ">first record s", ">peak RSS",
                          ">beyond budget"});
  for (const auto& [key, pair] : pairs_) {
    const Workload& workload = workloads_.at(key.codec);
    const CaseRuns& relay = pair.relay;
    const CaseRuns& copy = pair.replicator;
    table.AddRow({key.codec, CacheName(key.is_cold), "TCP relay", Seconds(relay.Median(WallSeconds)), relay.CpuText(),
                  Seconds(relay.Median(UserSeconds)), "1.00", CpuPerGigabyte(relay, workload), "", "",
                  tests::Mebibytes(static_cast<int64_t>(relay.Max(PeakRss))), ""});
    const int64_t rss = static_cast<int64_t>(copy.Max(PeakRss));
    table.AddRow({key.codec, CacheName(key.is_cold), "replicator", Seconds(copy.Median(WallSeconds)), copy.CpuText(),
                  Seconds(copy.Median(UserSeconds)), Seconds(pair.CpuRatio()), CpuPerGigabyte(copy, workload),
                  RecordsPerSecond(copy, workload), Seconds(copy.Median(FirstRecordSeconds)), tests::Mebibytes(rss),
                  tests::Mebibytes(rss - buffer_bytes_)});
  }
  return table.ToString("  ");
}

double RelayComparison::MaxOverAll(const CaseRuns::Field& field) const {
  double max = 0;
  for (const auto& [key, pair] : pairs_) max = std::max(max, pair.replicator.Max(field));
  return max;
}

std::string RelayComparison::Criteria(int* failures) const {
  std::string text;
  for (const auto& [key, pair] : pairs_) {
    if (key.codec != "lz4" && key.codec != "zstd") continue;
    const double ratio = pair.CpuRatio();
    text += Verdict(ratio <= kCpuOfRelayMax,
                    absl::StrFormat("CPU of %s, %s page cache: %.2f times the relay's, at most %.2f", key.codec,
                                    CacheName(key.is_cold), ratio, kCpuOfRelayMax),
                    failures);
  }
  const int64_t beyond = static_cast<int64_t>(MaxOverAll(PeakRss)) - buffer_bytes_;
  text += Verdict(beyond <= kRssBytesBeyondBudgetMax,
                  absl::StrCat("peak RSS beyond the ", tests::Mebibytes(buffer_bytes_),
                               " of batches that may be in flight: ", tests::Mebibytes(beyond), ", at most ",
                               tests::Mebibytes(kRssBytesBeyondBudgetMax)),
                  failures);
  const double copied = MaxOverAll(CopiedBytes);
  text +=
      Verdict(copied == 0, absl::StrFormat("payload bytes copied in user space: %.0f, must be 0", copied), failures);
  const double first = MaxOverAll(FirstRecordSeconds);
  text += Verdict(first <= kFirstRecordSecondsMax,
                  absl::StrFormat("from start to the first record on the target, slowest run: %.2f s, at most %.2f s",
                                  first, kFirstRecordSecondsMax),
                  failures);
  return text;
}

std::string CopierName(Copier copier) {
  switch (copier) {
    case Copier::kRelay:
      return "TCP relay";
    case Copier::kReplicator:
      return "replicator";
    case Copier::kLibrdkafka:
      return "librdkafka pipeline";
    case Copier::kMirrorMaker2:
      return "MirrorMaker 2";
  }
}

CaseRuns& PeerComparison::At(const Workload& workload, Copier copier) {
  Case& measured = cases_[workload.codec];
  measured.workload = workload;
  return measured.runs[copier];
}

std::string PeerComparison::Table() const {
  tests::TextTable table({"codec", "copier", ">wall s", ">of replicator's", ">CPU s: median (range)",
                          ">of replicator's", ">CPU-s/GB", ">records/s", ">first record s", ">peak RSS"});
  bool is_first = true;
  for (const auto& [codec, measured] : cases_) {
    if (!is_first) table.AddRule();
    is_first = false;
    const auto own = measured.runs.find(Copier::kReplicator);
    const double own_wall_s = own == measured.runs.end() ? 0 : own->second.Median(WallSeconds);
    const double own_cpu_s = own == measured.runs.end() ? 0 : own->second.cpu_s();
    for (const auto& [copier, runs] : measured.runs) {
      const double wall_s = runs.Median(WallSeconds);
      const double first_record_s = runs.Median(FirstRecordSeconds);
      table.AddRow({codec, CopierName(copier), Seconds(wall_s), Times(wall_s, own_wall_s), runs.CpuText(),
                    Times(runs.cpu_s(), own_cpu_s), CpuPerGigabyte(runs, measured.workload),
                    RecordsPerSecond(runs, measured.workload), first_record_s > 0 ? Seconds(first_record_s) : "",
                    tests::Mebibytes(static_cast<int64_t>(runs.Max(PeakRss)))});
    }
  }
  return table.ToString("  ");
}

std::string PeerComparison::Criteria(int* failures) const {
  std::string text;
  for (const auto& [codec, measured] : cases_) {
    const PeerShares& shares_max = codec == "none" ? kCpuShareMaxUncompressed : kCpuShareMaxCompressed;
    const CaseRuns& own = measured.runs.at(Copier::kReplicator);
    double quickest_s = 0;
    std::string quickest;
    for (const auto& [copier, runs] : measured.runs) {
      if (copier != Copier::kLibrdkafka && copier != Copier::kMirrorMaker2) continue;
      const double share_max = copier == Copier::kLibrdkafka ? shares_max.librdkafka : shares_max.mirrormaker2;
      const double share = own.cpu_s() / runs.cpu_s();
      text += Verdict(share <= share_max,
                      absl::StrFormat("CPU of %s beside %s: %s, at most %s", codec, CopierName(copier), Share(share),
                                      Share(share_max)),
                      failures);
      const double wall_s = runs.Median(WallSeconds);
      if (!quickest.empty() && wall_s >= quickest_s) continue;
      quickest_s = wall_s;
      quickest = CopierName(copier);
    }
    if (quickest.empty()) continue;
    const double wall_s = own.Median(WallSeconds);
    text += Verdict(wall_s <= quickest_s,
                    absl::StrFormat("wall of %s: %.2f s, at most the quickest peer's %.2f s (%s)", codec, wall_s,
                                    quickest_s, quickest),
                    failures);
  }
  return text;
}

double StoreComparison::Pair::WallRatio() const { return with_store.MedianOfPairs(without_store, WallSeconds); }

double StoreComparison::Pair::CopyingRatio() const {
  return with_store.MedianOfPairs(without_store, FirstToLastRecordSeconds);
}

StoreComparison::Pair& StoreComparison::At(const Workload& workload) {
  auto& [measured, pair] = pairs_[workload.codec];
  measured = workload;
  return pair;
}

std::string StoreComparison::Table() const {
  tests::TextTable table({"codec", ">records", ">MB in the log", "replicator", ">wall s", ">CPU s: median (range)",
                          ">CPU-s/GB", ">peak RSS", ">first record s", ">CPU, pairs", ">wall, pairs",
                          ">first to last record, pairs"});
  for (const auto& [codec, measured] : pairs_) {
    const auto& [workload, pair] = measured;
    for (const bool has_store : {false, true}) {
      const CaseRuns& runs = has_store ? pair.with_store : pair.without_store;
      table.AddRow({codec, tests::WithCommas(workload.records), tests::WithCommas(workload.segments.bytes / 1'000'000),
                    has_store ? "with its store" : "without", Seconds(runs.Median(WallSeconds)), runs.CpuText(),
                    CpuPerGigabyte(runs, workload), tests::Mebibytes(static_cast<int64_t>(runs.Max(PeakRss))),
                    Seconds(runs.Median(FirstRecordSeconds)),
                    has_store ? absl::StrFormat("%.3f", pair.CpuRatio()) : "1",
                    has_store ? absl::StrFormat("%.3f", pair.WallRatio()) : "1",
                    has_store ? absl::StrFormat("%.3f", pair.CopyingRatio()) : "1"});
    }
  }
  return table.ToString("  ");
}

std::string StoreComparison::Criteria(int* failures) const {
  std::string text;
  for (const auto& [codec, measured] : pairs_) {
    const Pair& pair = measured.second;
    text += Verdict(pair.CpuRatio() <= kCpuOfNoStoreMax,
                    absl::StrFormat("CPU of %s with the store: %.3f times that without, at most %.2f", codec,
                                    pair.CpuRatio(), kCpuOfNoStoreMax),
                    failures);
    text += Verdict(
        pair.CopyingRatio() <= kCopyingOfNoStoreMax,
        absl::StrFormat("%s from the first record to the last with the store: %.3f times as long as without, at "
                        "most %.2f",
                        codec, pair.CopyingRatio(), kCopyingOfNoStoreMax),
        failures);
  }
  return text;
}

std::string WindowComparison::Table(const Workload& workload) const {
  tests::TextTable table({">replication factor", ">batches in flight per partition", ">wall s", ">records/s",
                          ">CPU s: median (range)", ">CPU-s/GB", ">peak RSS"});
  for (const auto& [key, runs] : cases_) {
    table.AddRow({absl::StrCat(key.first), absl::StrCat(key.second), Seconds(runs.Median(WallSeconds)),
                  RecordsPerSecond(runs, workload), runs.CpuText(), CpuPerGigabyte(runs, workload),
                  tests::Mebibytes(static_cast<int64_t>(runs.Max(PeakRss)))});
  }
  return table.ToString("  ");
}

}  // namespace replicator::bench
