#include "replicator/progress.h"

#include <chrono>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace replicator {
namespace {

// The lag shrinks by what is copied less what is written meanwhile; both are in the lag itself from line to line, but
// one interval is too short for a trend: the ETA takes the copying rate alone while nothing better is known.
std::string Left(int64_t lag_records, double records_per_s) {
  if (lag_records == 0) return "nothing left";
  const std::string left = absl::StrCat("left ", WithCommas(lag_records), " records");
  if (records_per_s < 1) return left + ", stalled";
  return absl::StrCat(left, ", ", HumanSeconds(static_cast<int64_t>(std::ceil(lag_records / records_per_s))));
}

}  // namespace

std::string WithCommas(int64_t number) {
  std::string digits = absl::StrCat(number);
  const size_t sign = number < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > sign + 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string HumanBytes(double bytes) {
  const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  int unit = 0;
  while (bytes >= 1000 && unit < 5) {
    bytes /= 1000;
    ++unit;
  }
  return unit == 0 ? absl::StrFormat("%.0f B", bytes) : absl::StrFormat("%.1f %s", bytes, units[unit]);
}

std::string HumanSeconds(int64_t seconds) {
  if (seconds < 60) return absl::StrCat(seconds, " s");
  if (seconds < 3600) return absl::StrCat(seconds / 60, " min ", seconds % 60, " s");
  return absl::StrCat(seconds / 3600, " h ", seconds % 3600 / 60, " min");
}

std::string Progress::Line(const ShardStatus& status, int faulty_topics, kafka::Clock::time_point now) {
  const double seconds = std::max(1e-3, std::chrono::duration<double>(now - last_time_).count());
  const double records_per_s = static_cast<double>(status.records_copied - last_records_) / seconds;
  const double bytes_per_s = static_cast<double>(status.bytes_copied - last_bytes_) / seconds;
  last_time_ = now;
  last_records_ = status.records_copied;
  last_bytes_ = status.bytes_copied;
  std::string line = absl::StrFormat(
      "copied %s records, %s (%.1f k/s, %s/s); %s; %d partitions, %d caught up", WithCommas(status.records_copied),
      HumanBytes(static_cast<double>(status.bytes_copied)), records_per_s / 1000, HumanBytes(bytes_per_s),
      Left(status.lag_records, records_per_s), status.partitions, status.caught_up);
  if (status.begun + static_cast<int>(status.quarantined.size()) < status.partitions) {
    absl::StrAppend(&line, ", ", status.partitions - status.begun - status.quarantined.size(), " starting");
  }
  if (status.stalled > 0) absl::StrAppend(&line, ", ", status.stalled, " stalled");
  if (!status.quarantined.empty()) absl::StrAppend(&line, ", ", status.quarantined.size(), " QUARANTINED");
  if (faulty_topics > 0) absl::StrAppend(&line, ", ", faulty_topics, " topics left out");
  if (status.records_lost > 0)
    absl::StrAppend(&line, ", ", WithCommas(status.records_lost), " offsets LOST to the source's retention");
  for (const std::string& why : status.waiting) absl::StrAppend(&line, "; ", why);
  return line;
}

}  // namespace replicator
