// What can pass is asked again: a broker that dies or starts, an election, a controller or coordinator that moves.
// Whoever uses it asks only for what may be asked twice.
#ifndef REPLICATOR_TESTS_CLUSTER_RETRY_H_
#define REPLICATOR_TESTS_CLUSTER_RETRY_H_

#include <algorithm>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/test_deadline.h"
#include "tests/cluster/verdict.h"

namespace replicator::tests {

inline constexpr absl::Duration kRetryPauseMin = absl::Milliseconds(50);
inline constexpr absl::Duration kRetryPauseMax = absl::Seconds(1);

inline bool CanPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

inline absl::Status StatusOf(absl::Status status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// Calls `ask`, which returns a Status or a StatusOr, until the answer is final or `patience` is over. What could have
// passed and did not is the harness's failure (verdict.h).
template <typename Ask>
auto Retry(absl::Duration patience, const Ask& ask) -> decltype(ask()) {
  const absl::Time deadline = std::min(absl::Now() + patience, TestDeadline());
  for (absl::Duration pause = kRetryPauseMin;; pause = std::min(2 * pause, kRetryPauseMax)) {
    auto answer = ask();
    const absl::Status status = StatusOf(answer);
    if (!CanPass(status)) return answer;
    if (absl::Now() + pause >= deadline) return AsHarness(status);
    absl::SleepFor(pause);
  }
}

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_RETRY_H_
