#include "replicator/copy/rate_limiter.h"

#include <algorithm>

namespace replicator {

Clock::time_point RateLimiter::Book(int64_t bytes, Clock::time_point now) {
  if (bytes_per_second_ == 0) return now;
  const std::chrono::duration<double> takes(static_cast<double>(bytes) / static_cast<double>(bytes_per_second_));
  absl::MutexLock lock(&mutex_);
  booked_until_ = std::max(booked_until_, now) + std::chrono::duration_cast<Clock::duration>(takes);
  return booked_until_;
}

}  // namespace replicator
