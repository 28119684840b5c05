// What this user may see of a state folder. A command that another user runs must not take "may not look" for "is not
// there".
#ifndef REPLICATOR_REPLICATOR_MEMORY_FOLDER_RIGHTS_H_
#define REPLICATOR_REPLICATOR_MEMORY_FOLDER_RIGHTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace replicator {

// Whether `path` is there. PermissionDenied when this user may not know.
absl::StatusOr<bool> IsThere(const std::string& path);

// PermissionDenied, with the user as whom `path` can be used.
absl::Status NoRightTo(const std::string& path);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_MEMORY_FOLDER_RIGHTS_H_
