#include "tests/cluster/test_deadline.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"

namespace replicator::tests {
namespace {

// For the last words of a test and for ending what it started.
constexpr absl::Duration kReserveMax = absl::Seconds(60);

const absl::Time process_start = absl::Now();

}  // namespace

absl::Time TestDeadline() {
  const char* variable = std::getenv("TEST_TIMEOUT");
  int64_t seconds = 0;
  if (variable == nullptr || !absl::SimpleAtoi(variable, &seconds) || seconds <= 0) return absl::InfiniteFuture();
  const absl::Duration timeout = absl::Seconds(seconds);
  return process_start + timeout - std::min(kReserveMax, timeout / 5);
}

}  // namespace replicator::tests
