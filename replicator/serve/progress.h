// The progress line: what a run has copied, how fast, and what is left. Arithmetic and text; one thread.
#ifndef REPLICATOR_REPLICATOR_SERVE_PROGRESS_H_
#define REPLICATOR_REPLICATOR_SERVE_PROGRESS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "kafka/net/signal.h"
#include "replicator/copy/shard.h"

namespace replicator {

class Progress {
 public:
  explicit Progress(kafka::Clock::time_point start) : last_time_(start) {}

  // Takes in what the shards show at `now`. Rates are averages that forget with kRateMemory.
  void Observe(const ShardStatus& status, kafka::Clock::time_point now);

  // "12 topics, 96 partitions, 90 caught up; copied 1,234,567 records, 1.2 GB (45.1 k/s, 46.2 MB/s); lag 10,000
  // records, ~10.1 MB, ETA 5 s". The ETA is net of what producers write meanwhile. What is out of order follows.
  std::string Line(int topics, int faulty_topics) const;

 private:
  std::string Lag() const;

  kafka::Clock::time_point last_time_;
  ShardStatus status_;
  double records_per_s_ = 0;
  double bytes_per_s_ = 0;
  // How fast the lag shrinks; no value while the lag has not been seen twice.
  std::optional<double> lag_per_s_;
  std::optional<int64_t> last_lag_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_SERVE_PROGRESS_H_
