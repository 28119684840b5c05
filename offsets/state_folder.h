// A state folder as files: which process has it, and whether all that was written to it must be there.
#ifndef REPLICATOR_OFFSETS_STATE_FOLDER_H_
#define REPLICATOR_OFFSETS_STATE_FOLDER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace replicator::offsets {

// Held for as long as it lives, at most until the process ends, however that happens (flock(2) on `folder`/lock).
class StateFolderLock {
 public:
  // Makes the folder if it is missing. FailedPrecondition: another process has it, or it cannot be made or written.
  static absl::StatusOr<std::unique_ptr<StateFolderLock>> Take(const std::string& folder);
  ~StateFolderLock();
  StateFolderLock(const StateFolderLock&) = delete;
  StateFolderLock& operator=(const StateFolderLock&) = delete;

  // Notes in the lock's file under which run of the machine's kernel the folder is used from now on.
  void NoteBoot();

 private:
  explicit StateFolderLock(int fd) : fd_(fd) {}
  const int fd_;
};

// Whether the machine has run on since `folder` was used last. Then no power cut took what was written: what is missing
// or wrong nevertheless was damaged. False also where that cannot be known.
bool MachineRanOnSince(const std::string& folder);

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_STATE_FOLDER_H_
