// When a lag is gone. A pure function.
#ifndef REPLICATOR_REPLICATOR_BASE_ETA_H_
#define REPLICATOR_REPLICATOR_BASE_ETA_H_

#include <cstdint>
#include <optional>

namespace replicator {

// What producers write in this time is on its way at any moment of a copy that keeps up: no more than that is no lag to
// be worked off.
inline constexpr double kLagNoiseSeconds = 5;
// Of the inflow. Two rates that are measured at different moments are never quite equal; a difference of less tells
// nothing.
inline constexpr double kRateNoise = 0.05;

// Ten years: a rate that has all but died away tells nothing.
inline constexpr double kEtaSecondsMax = 10.0 * 365 * 24 * 3600;

// Seconds until `lag_records` are copied, net of what producers write meanwhile: `in_per_s` is that, `net_per_s` what
// is copied beyond it. 0 for a copy that keeps up, infinite when producers clearly write faster, nullopt when the rates
// do not tell.
std::optional<double> EtaSeconds(int64_t lag_records, double in_per_s, double net_per_s);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_BASE_ETA_H_
