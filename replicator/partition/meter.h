// How fast one partition moves, and since when it does not. Looked at every few seconds; arithmetic on a few numbers,
// so that ten thousand partitions cost nothing to speak of. One thread.
#ifndef REPLICATOR_REPLICATOR_PARTITION_METER_H_
#define REPLICATOR_REPLICATOR_PARTITION_METER_H_

#include <cstdint>
#include <optional>

#include "kafka/net/signal.h"

namespace replicator {

class Meter {
 public:
  using TimePoint = kafka::Clock::time_point;

  // Offsets of the source: what it has (-1: not known yet, or the copy has not begun), and what is done with. Bytes as
  // copied since the start.
  struct Reading {
    int64_t source_end = -1;
    int64_t position = 0;
    int64_t bytes_copied = 0;
    bool is_current = true;  // the source has said so lately
  };

  void Observe(const Reading& reading, TimePoint now);
  // The position was set by hand: what was seen before tells nothing any more.
  void Reset() { *this = Meter(); }

  // Source offsets and bytes per second, over about the last 20 seconds; nullopt until two readings have been seen.
  std::optional<double> in_per_s() const { return in_per_s_; }
  std::optional<double> out_per_s() const { return out_per_s_; }
  std::optional<double> bytes_per_s() const { return bytes_per_s_; }
  // Since when there is something to copy, or nobody can say whether there is, and nothing was; nullopt while it moves,
  // or has nothing to copy.
  std::optional<TimePoint> standing_since() const { return standing_since_; }
  // When everything that the source had was copied; nullopt if that was not seen yet.
  std::optional<TimePoint> caught_up_at() const { return caught_up_at_; }

 private:
  std::optional<Reading> last_;
  TimePoint last_time_;
  std::optional<double> in_per_s_;
  std::optional<double> out_per_s_;
  std::optional<double> bytes_per_s_;
  std::optional<TimePoint> standing_since_;
  std::optional<TimePoint> caught_up_at_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_METER_H_
