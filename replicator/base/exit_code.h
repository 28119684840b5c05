#ifndef REPLICATOR_REPLICATOR_BASE_EXIT_CODE_H_
#define REPLICATOR_REPLICATOR_BASE_EXIT_CODE_H_

#include "absl/status/status.h"

namespace replicator {

// What the process ends with, the same for all commands. The numbers are stable, scripts rely on them.
enum class ExitCode : int {
  kDone = 0,
  kInternal = 1,
  kUsage = 2,
  kBlocked = 3,
  kGroupActive = 10,
  kCopyBehind = 11,
  kProofFailed = 12,
  kTargetInUse = 13,
  kPartlyDone = 14,
  kQuarantined = 15,
  kUnreachable = 20,
  kUnauthorized = 21,
  kWrongCluster = 22,
};

struct ExitCodeMeaning {
  ExitCode code;
  const char* meaning;
};

// The one table: `replicator help` prints it, docs/commands.md holds the same rows.
inline constexpr ExitCodeMeaning kExitCodes[] = {
    {ExitCode::kDone, "done"},
    {ExitCode::kInternal, "internal error"},
    {ExitCode::kUsage, "usage or configuration"},
    {ExitCode::kBlocked, "blocked by a check or by the state folder; nothing was changed"},
    {ExitCode::kGroupActive, "the consumer group is still active"},
    {ExitCode::kCopyBehind, "the copy is behind"},
    {ExitCode::kProofFailed, "the proof failed: source and target differ"},
    {ExitCode::kTargetInUse, "the target is in use by someone else"},
    {ExitCode::kPartlyDone, "partly done; the same command again goes on"},
    {ExitCode::kQuarantined, "quarantined: a topic-partition is stopped, with its reason"},
    {ExitCode::kUnreachable, "a cluster is unreachable"},
    {ExitCode::kUnauthorized, "unauthorized by a cluster"},
    {ExitCode::kWrongCluster, "wrong cluster: not the one this link was started with"},
};

// For errors that carry no code of their own: INVALID_ARGUMENT and NOT_FOUND are kUsage, FAILED_PRECONDITION is
// kBlocked, UNAVAILABLE and DEADLINE_EXCEEDED are kUnreachable, PERMISSION_DENIED and UNAUTHENTICATED are
// kUnauthorized.
ExitCode ExitCodeFor(const absl::Status& status);

// An error of the state folder, as a FAILED_PRECONDITION: of a disk that is full or a folder that is damaged the store
// says UNAVAILABLE and DATA_LOSS, as clusters do of themselves. Other kinds of error, and none, stay as they are.
absl::Status StateFolderError(const absl::Status& status);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_BASE_EXIT_CODE_H_
