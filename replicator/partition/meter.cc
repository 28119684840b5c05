#include "replicator/partition/meter.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace replicator {
namespace {

// An average forgets what is older than this.
constexpr double kRateMemorySeconds = 20;

void Blend(std::optional<double>& average, int64_t change, double seconds) {
  const double rate = static_cast<double>(change) / seconds;
  average = average.has_value() ? *average + (rate - *average) * (1 - std::exp(-seconds / kRateMemorySeconds)) : rate;
}

}  // namespace

void Meter::Observe(const Reading& reading, TimePoint now) {
  if (reading.source_end < 0) {
    if (!standing_since_.has_value()) standing_since_ = now;
    return;
  }
  if (!last_.has_value()) standing_since_.reset();  // it begins now
  const bool lags = reading.position < reading.source_end;
  if (!lags && reading.is_current) caught_up_at_ = now;
  if (last_.has_value()) {
    const double seconds = std::max(1e-3, std::chrono::duration<double>(now - last_time_).count());
    Blend(in_per_s_, reading.source_end - last_->source_end, seconds);
    Blend(out_per_s_, reading.position - last_->position, seconds);
    Blend(bytes_per_s_, reading.bytes_copied - last_->bytes_copied, seconds);
  }
  const bool moved = last_.has_value() && reading.position != last_->position;
  if (!lags || moved) {
    standing_since_.reset();
  } else if (!standing_since_.has_value()) {
    standing_since_ = now;
  }
  last_ = reading;
  last_time_ = now;
}

}  // namespace replicator
