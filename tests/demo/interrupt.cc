#include "tests/demo/interrupt.h"

#include <glog/logging.h>
#include <signal.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace replicator::tests {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

// How long one uninterruptible wait below may last.
constexpr absl::Duration kSlice = absl::Milliseconds(300);
constexpr absl::Duration kPoll = absl::Milliseconds(10);

absl::Status CancelledStatus() { return absl::CancelledError("interrupted"); }

}  // namespace

void CatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = SA_RESTART | SA_RESETHAND;
  for (int signal_number : {SIGINT, SIGTERM}) PCHECK(sigaction(signal_number, &action, nullptr) == 0);
}

bool Interrupted() { return interrupted; }

absl::Status WaitUntil(absl::FunctionRef<bool()> done, absl::Duration timeout, absl::string_view what) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!done()) {
    if (Interrupted()) return CancelledStatus();
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat(what, ": not after ", absl::FormatDuration(timeout)));
    }
    absl::SleepFor(kPoll);
  }
  return absl::OkStatus();
}

absl::Status WaitReadyUnlessInterrupted(KafkaCluster& cluster) {
  const absl::Time deadline = absl::Now() + KafkaCluster::kReadyTimeout;
  while (!Interrupted()) {
    absl::Status status = cluster.WaitReady(kSlice);
    if (status.ok() || absl::Now() > deadline) return status;
    for (int id : cluster.broker_ids()) {
      if (!cluster.Running(id)) return status;
    }
  }
  return CancelledStatus();
}

absl::StatusOr<LoadCounts> WaitForLoad(LoadGenerator& load, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!Interrupted()) {
    absl::StatusOr<LoadCounts> counts = load.Wait(kSlice);
    if (!absl::IsDeadlineExceeded(counts.status()) || absl::Now() > deadline) return counts;
  }
  return CancelledStatus();
}

}  // namespace replicator::tests
