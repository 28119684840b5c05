#include "replicator/base/exit_code.h"

namespace replicator {

ExitCode ExitCodeFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kDone;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
      return ExitCode::kUsage;
    case absl::StatusCode::kFailedPrecondition:
      return ExitCode::kBlocked;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kUnreachable;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return ExitCode::kUnauthorized;
    default:
      return ExitCode::kInternal;
  }
}

absl::Status StateFolderError(const absl::Status& status) {
  if (!absl::IsUnavailable(status) && !absl::IsDataLoss(status)) return status;
  return absl::FailedPreconditionError(status.message());
}

}  // namespace replicator
