// The progress line: what a run has copied, how fast, and what is left. Pure text and arithmetic; any thread.
#ifndef REPLICATOR_REPLICATOR_PROGRESS_H_
#define REPLICATOR_REPLICATOR_PROGRESS_H_

#include <string>

#include "kafka/signal.h"
#include "replicator/shard.h"

namespace replicator {

class Progress {
 public:
  // `now` of the first line. Rates are those between two lines.
  explicit Progress(kafka::Clock::time_point start) : last_time_(start) {}

  // "copied 1,234,567 records, 1.2 GB (45.1 k/s, 46.2 MB/s); left 10,000 records, 5 s; 12 partitions, 3 caught up"
  std::string Line(const ShardStatus& status, int faulty_topics, kafka::Clock::time_point now);

 private:
  kafka::Clock::time_point last_time_;
  int64_t last_records_ = 0;
  int64_t last_bytes_ = 0;
};

// 1234567 -> "1,234,567"
std::string WithCommas(int64_t number);
// 12345678 -> "12.3 MB" (powers of 1,000)
std::string HumanBytes(double bytes);
// 3723 -> "1 h 2 min"
std::string HumanSeconds(int64_t seconds);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PROGRESS_H_
