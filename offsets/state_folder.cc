#include "offsets/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace replicator::offsets {
namespace {

// random(4): another one at each start of the machine.
constexpr char kBootIdFile[] = "/proc/sys/kernel/random/boot_id";

std::string LockPath(const std::string& folder) { return folder + "/lock"; }

std::string FirstLineOf(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

absl::Status CannotDo(const std::string& what, int error) {
  return absl::FailedPreconditionError(absl::StrCat("cannot ", what, ": ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<StateFolderLock>> StateFolderLock::Take(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return CannotDo(absl::StrCat("make the state folder ", folder), error.value());
  const std::string path = LockPath(folder);
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return CannotDo(absl::StrCat("open ", path), errno);
  std::unique_ptr<StateFolderLock> lock(new StateFolderLock(fd));
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  return absl::FailedPreconditionError(
      absl::StrCat("the state folder ", folder,
                   " is in use by another replicator process. If that one is starting or stopping, try again in some "
                   "seconds; else stop it, or give this one a folder of its own with --state-dir"));
}

StateFolderLock::~StateFolderLock() { close(fd_); }

void StateFolderLock::NoteBoot() {
  const std::string id = absl::StrCat(FirstLineOf(kBootIdFile), "\n");
  // A note that cannot be written, or not whole, is none.
  if (ftruncate(fd_, 0) == 0) [[maybe_unused]]
    const ssize_t written = pwrite(fd_, id.data(), id.size(), 0);
}

bool MachineRanOnSince(const std::string& folder) {
  const std::string id = FirstLineOf(kBootIdFile);
  return !id.empty() && FirstLineOf(LockPath(folder)) == id;
}

}  // namespace replicator::offsets
