// The status of a link whose process does not run, or does not answer: what its state folder says. And the way to let a
// quarantined partition go on when the process starts next. Blocking, one thread.
#ifndef REPLICATOR_REPLICATOR_STATUS_STORED_STATUS_H_
#define REPLICATOR_REPLICATOR_STATUS_STORED_STATUS_H_

#include <string>

#include "absl/status/statusor.h"
#include "replicator/partition/resume.h"
#include "replicator/status/link_status.h"

namespace replicator {

// Reads beside a process that may be running. NotFound: there is no state in `folder`. PermissionDenied: this user may
// not know.
absl::StatusOr<LinkStatus> ReadStoredStatus(const std::string& folder);

// Under the folder's lock. Stores what the next process is to do, unless the plan needs a yes that the request lacks.
// NotFound: the partition is not known there. FailedPrecondition: it is not quarantined, or a process has the folder.
absl::StatusOr<ResumePlan> ResumeInStore(const std::string& folder, const ResumeRequest& request);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_STATUS_STORED_STATUS_H_
