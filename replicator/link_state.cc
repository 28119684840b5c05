#include "replicator/link_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "replicator/properties.h"

namespace replicator {
namespace {

absl::Status CannotDo(const std::string& what, int error) {
  return absl::FailedPreconditionError(absl::StrCat("cannot ", what, ": ", std::strerror(error)));
}

std::string ValueOf(const Properties& properties, const char* key) {
  const Property* property = properties.Find(key);
  return property == nullptr ? "" : property->value;
}

// Writes and syncs a file, and closes it whatever happens.
absl::Status WriteFile(const std::string& name, const std::string& text) {
  const int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return CannotDo(absl::StrCat("write ", name), errno);
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  const int error = errno;
  close(fd);
  return written ? absl::OkStatus() : CannotDo(absl::StrCat("write ", name), error);
}

}  // namespace

const char* IsolationName(kafka::IsolationLevel level) {
  return level == kafka::IsolationLevel::kReadCommitted ? "read_committed" : "read_uncommitted";
}

absl::StatusOr<std::unique_ptr<LinkState>> LinkState::Open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return CannotDo(absl::StrCat("make the state folder ", folder), error.value());
  const std::string lock = folder + "/lock";
  const int fd = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return CannotDo(absl::StrCat("open ", lock), errno);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    return absl::FailedPreconditionError(
        absl::StrCat("the state folder ", folder,
                     " is in use by another replicator process. Stop that one, or give this one a "
                     "folder of its own with --state-dir"));
  }
  return std::unique_ptr<LinkState>(new LinkState(folder, fd));
}

LinkState::~LinkState() { close(lock_fd_); }

std::string LinkState::FileName() const { return folder_ + "/link.properties"; }

absl::StatusOr<std::optional<LinkIdentity>> LinkState::Load() const {
  if (!std::filesystem::exists(FileName())) return std::nullopt;
  absl::StatusOr<Properties> properties = Properties::Load(FileName());
  if (!properties.ok()) return properties.status();
  LinkIdentity identity;
  identity.source_cluster_id = ValueOf(*properties, "source.cluster.id");
  identity.target_cluster_id = ValueOf(*properties, "target.cluster.id");
  int32_t epoch = -1;
  if (!absl::SimpleAtoi(ValueOf(*properties, "producer.id"), &identity.producer.id) ||
      !absl::SimpleAtoi(ValueOf(*properties, "producer.epoch"), &epoch)) {
    return absl::DataLossError(
        absl::StrCat(FileName(),
                     " is damaged. Restore it from a backup, or remove it: what was copied is then "
                     "recognised by its content"));
  }
  identity.producer.epoch = static_cast<int16_t>(epoch);
  if (ValueOf(*properties, "isolation.level") == IsolationName(kafka::IsolationLevel::kReadUncommitted))
    identity.isolation_level = kafka::IsolationLevel::kReadUncommitted;
  return identity;
}

absl::Status LinkState::Save(const LinkIdentity& identity) const {
  const std::string text = absl::StrCat(
      "# Written by replicator; which clusters this folder's link joins, how it reads, and the producer of its "
      "batches.\n",
      "source.cluster.id=", identity.source_cluster_id, "\ntarget.cluster.id=", identity.target_cluster_id,
      "\nisolation.level=", IsolationName(identity.isolation_level), "\nproducer.id=", identity.producer.id,
      "\nproducer.epoch=", identity.producer.epoch, "\n");
  const std::string next = FileName() + ".new";
  absl::Status written = WriteFile(next, text);
  if (!written.ok()) return written;
  if (rename(next.c_str(), FileName().c_str()) != 0) return CannotDo(absl::StrCat("replace ", FileName()), errno);
  const int folder = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return CannotDo(absl::StrCat("open ", folder_), errno);
  const bool synced = fsync(folder) == 0;
  const int error = errno;
  close(folder);
  return synced ? absl::OkStatus() : CannotDo(absl::StrCat("sync ", folder_), error);
}

}  // namespace replicator
