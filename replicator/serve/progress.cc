#include "replicator/serve/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "replicator/base/eta.h"
#include "replicator/base/human.h"

namespace replicator {
namespace {

// An average forgets what is older than this.
constexpr double kRateMemorySeconds = 20;

// `weight` of the new value, by the time that it stands for.
void Blend(double& average, double value, double weight) { average += (value - average) * weight; }

}  // namespace

void Progress::Observe(const ShardStatus& status, kafka::Clock::time_point now) {
  const double seconds = std::max(1e-3, std::chrono::duration<double>(now - last_time_).count());
  const double weight = 1 - std::exp(-seconds / kRateMemorySeconds);
  // A partition that starts shows its lag for the first time: no trend yet.
  const bool all_begun = status.begun + status.ended + static_cast<int>(status.quarantined.size()) == status.partitions;
  const bool first = status_.records_copied == 0 && records_per_s_ == 0;
  const double records = static_cast<double>(status.records_copied - status_.records_copied) / seconds;
  const double bytes = static_cast<double>(status.bytes_copied - status_.bytes_copied) / seconds;
  Blend(records_per_s_, records, first ? 1 : weight);
  Blend(bytes_per_s_, bytes, first ? 1 : weight);
  if (last_lag_.has_value() && all_begun) {
    const double shrinks = static_cast<double>(*last_lag_ - status.lag_records) / seconds;
    const bool first_trend = !lag_per_s_.has_value();
    if (first_trend) lag_per_s_ = 0;
    Blend(*lag_per_s_, shrinks, first_trend ? 1 : weight);
  }
  if (all_begun) last_lag_ = status.lag_records;
  status_ = status;
  last_time_ = now;
}

std::string Progress::Lag() const {
  if (status_.lag_records == 0) return "no lag";
  std::string lag = absl::StrCat("lag ", WithCommas(status_.lag_records), " records");
  if (status_.records_copied > 0) {
    const double bytes_per_record =
        static_cast<double>(status_.bytes_copied) / static_cast<double>(status_.records_copied);
    absl::StrAppend(&lag, ", ~", HumanBytes(bytes_per_record * static_cast<double>(status_.lag_records)));
  }
  if (!lag_per_s_.has_value()) return lag;
  const std::optional<double> eta = EtaSeconds(status_.lag_records, records_per_s_ - *lag_per_s_, *lag_per_s_);
  if (!eta.has_value()) return lag;
  if (std::isinf(*eta)) return absl::StrCat(lag, ", ETA never: producers write faster than is copied");
  return absl::StrCat(lag, ", ETA ", HumanSeconds(static_cast<int64_t>(std::ceil(*eta))));
}

std::string Progress::Line(int topics, int faulty_topics) const {
  const int quarantined = static_cast<int>(status_.quarantined.size());
  std::string line = absl::StrFormat(
      "%d topics, %d partitions, %d caught up; copied %s records, %s (%.1f k/s, %s/s); %s", topics, status_.partitions,
      status_.caught_up, WithCommas(status_.records_copied), HumanBytes(static_cast<double>(status_.bytes_copied)),
      records_per_s_ / 1000, HumanBytes(bytes_per_s_), Lag());
  const int starting = status_.partitions - status_.begun - status_.ended - quarantined;
  if (starting > 0) absl::StrAppend(&line, "; ", starting, " starting");
  if (status_.stalled > 0) absl::StrAppend(&line, "; ", status_.stalled, " stalled");
  if (status_.ended > 0) absl::StrAppend(&line, "; ", status_.ended, " ended");
  if (quarantined > 0) absl::StrAppend(&line, "; ", quarantined, " QUARANTINED");
  if (faulty_topics > 0) absl::StrAppend(&line, "; ", faulty_topics, " topics left out");
  if (status_.records_lost > 0)
    absl::StrAppend(&line, "; ", WithCommas(status_.records_lost), " offsets LOST at the source");
  for (const std::string& why : status_.waiting) absl::StrAppend(&line, "; ", why);
  return line;
}

}  // namespace replicator
