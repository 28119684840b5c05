#ifndef REPLICATOR_REPLICATOR_EXIT_CODE_H_
#define REPLICATOR_REPLICATOR_EXIT_CODE_H_

#include "absl/status/status.h"

namespace replicator {

// What the process ends with; `replicator --help` prints the same table. The numbers are stable, scripts rely on them.
enum class ExitCode : int {
  kDone = 0,
  kInternal = 1,
  kUsage = 2,          // command line or configuration
  kBlocked = 3,        // a check refuses to go on; nothing was changed
  kQuarantined = 15,   // at least one topic-partition is stopped, the others are done
  kUnreachable = 20,   // a cluster cannot be reached
  kUnauthorized = 21,  // a cluster refuses the login or an operation
  kWrongCluster = 22,  // a cluster is not the one that this link was started with
};

// For errors that carry no code of their own: INVALID_ARGUMENT and NOT_FOUND are kUsage, FAILED_PRECONDITION is
// kBlocked, UNAVAILABLE and DEADLINE_EXCEEDED are kUnreachable, PERMISSION_DENIED and UNAUTHENTICATED are
// kUnauthorized.
ExitCode ExitCodeFor(const absl::Status& status);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_EXIT_CODE_H_
