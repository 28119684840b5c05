#include "replicator/copy/produce_connections.h"

#include <utility>

namespace replicator {

bool ProduceConnections::Look(Clock::time_point now, int saturated, int64_t bytes_sent) {
  if (looks_ == 0) {
    saturated_looks_ = 0;
    begin_ = now;
    bytes_at_begin_ = bytes_sent;
  }
  ++looks_;
  saturated_looks_ += saturated;
  if (now - begin_ < kWindow) return false;
  const double share = static_cast<double>(saturated_looks_) / (static_cast<double>(looks_) * open_);
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const double bytes_per_second = static_cast<double>(bytes_sent - bytes_at_begin_) / seconds;
  looks_ = 0;
  const double before = std::exchange(bytes_per_second_before_, 0);
  if (before > 0 && bytes_per_second < before * kGainMin) not_before_ = now + kRetryAfter;
  if (open_ >= most_ || share < kSaturatedShareMin || now < not_before_) return false;
  bytes_per_second_before_ = bytes_per_second;
  ++open_;
  return true;
}

}  // namespace replicator
