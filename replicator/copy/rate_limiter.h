// A cap on bytes per second, for all shards together: who has moved bytes books them, and moves the next ones no
// earlier than it is told. Any thread.
#ifndef REPLICATOR_REPLICATOR_COPY_RATE_LIMITER_H_
#define REPLICATOR_REPLICATOR_COPY_RATE_LIMITER_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "kafka/net/signal.h"

namespace replicator {

using kafka::Clock;

class RateLimiter {
 public:
  // 0: no cap.
  explicit RateLimiter(int64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // Books `bytes` that are moved at `now`. Returns when the next may be moved: `now` or earlier while there is no cap
  // or the rate is below it. What was not used in the past is not made up for.
  Clock::time_point Book(int64_t bytes, Clock::time_point now) ABSL_LOCKS_EXCLUDED(mutex_);

  int64_t bytes_per_second() const { return bytes_per_second_; }

 private:
  const int64_t bytes_per_second_;
  absl::Mutex mutex_;
  Clock::time_point booked_until_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_COPY_RATE_LIMITER_H_
