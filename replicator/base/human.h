// Numbers as people read them. Pure.
#ifndef REPLICATOR_REPLICATOR_BASE_HUMAN_H_
#define REPLICATOR_REPLICATOR_BASE_HUMAN_H_

#include <cstdint>
#include <string>

namespace replicator {

// 1234567 -> "1,234,567"
std::string WithCommas(int64_t number);
// 12345678 -> "12.3 MB" (powers of 1,000)
std::string HumanBytes(double bytes);
// Of bytes per second: 12345678 -> "12.3 MB/s", 0 -> "no cap"
std::string HumanCap(int64_t bytes_per_second);
// 3723 -> "1 h 2 min"
std::string HumanSeconds(int64_t seconds);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_BASE_HUMAN_H_
