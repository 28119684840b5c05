#include "replicator/memory/folder_rights.h"

#include <pwd.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"

namespace replicator {
namespace {

constexpr size_t kPasswdBytes = 16 << 10;

// Of `path`, or of the deepest folder above it that this user may look at; empty for none.
std::string OwnerOf(std::filesystem::path path) {
  struct stat facts = {};
  while (stat(path.c_str(), &facts) != 0) {
    if (!path.has_parent_path() || path == path.parent_path()) return "";
    path = path.parent_path();
  }
  passwd entry = {};
  passwd* found = nullptr;
  std::vector<char> buffer(kPasswdBytes);
  if (getpwuid_r(facts.st_uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return absl::StrCat("#", facts.st_uid);
  return found->pw_name;
}

}  // namespace

absl::Status NoRightTo(const std::string& path) {
  const std::string owner = OwnerOf(path);
  return absl::PermissionDeniedError(
      absl::StrCat("this user may not use ", path, ": run the command as the user ",
                   owner.empty() ? "that runs the process" : absl::StrCat(owner, ", who has it"), ", or with sudo"));
}

absl::StatusOr<bool> IsThere(const std::string& path) {
  std::error_code error;
  const bool is_there = std::filesystem::exists(path, error);
  if (!error) return is_there;
  if (error == std::errc::permission_denied) return NoRightTo(path);
  return absl::FailedPreconditionError(absl::StrCat("cannot look at ", path, ": ", error.message()));
}

}  // namespace replicator
