#include "replicator/base/eta.h"

#include <algorithm>
#include <limits>

namespace replicator {

std::optional<double> EtaSeconds(int64_t lag_records, double in_per_s, double net_per_s) {
  if (lag_records <= 0) return 0;
  const auto lag = static_cast<double>(lag_records);
  const double inflow = std::max(0.0, in_per_s);
  const double noise = inflow * kRateNoise;
  if (net_per_s > noise && lag / net_per_s <= kEtaSecondsMax) return lag / net_per_s;
  if (lag <= inflow * kLagNoiseSeconds) return 0;
  if (net_per_s < -noise) return std::numeric_limits<double>::infinity();
  return std::nullopt;
}

}  // namespace replicator
