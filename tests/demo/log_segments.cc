#include "tests/demo/log_segments.h"

#include <endian.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace replicator::tests {
namespace {

namespace fs = std::filesystem;

// A batch begins with its base offset (8 bytes) and the length of what follows (4 bytes), in every format.
constexpr int64_t kLogOverheadBytes = 12;
constexpr int64_t kLengthAt = 8;

absl::StatusOr<int64_t> CountBatches(const std::string& path, int64_t bytes) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return absl::ErrnoToStatus(errno, path);
  const absl::Cleanup closer = [file] { close(file); };
  int64_t batches = 0;
  for (int64_t at = 0; at < bytes; ++batches) {
    uint32_t length = 0;
    if (pread(file, &length, sizeof(length), at + kLengthAt) != sizeof(length) || length == 0) {
      return absl::DataLossError(absl::StrCat(path, " has no batch at byte ", at));
    }
    at += kLogOverheadBytes + be32toh(length);
  }
  return batches;
}

}  // namespace

absl::StatusOr<LogSegments> FindLogSegments(const std::string& log_dir, const std::string& topic, int partitions) {
  LogSegments segments;
  for (int partition = 0; partition < partitions; ++partition) {
    std::vector<std::string> paths;
    std::error_code error;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(absl::StrCat(log_dir, "/", topic, "-", partition), error)) {
      if (entry.path().extension() == ".log" && entry.file_size(error) > 0) paths.push_back(entry.path().string());
    }
    if (error) return absl::NotFoundError(absl::StrCat("log of ", topic, "-", partition, ": ", error.message()));
    std::sort(paths.begin(), paths.end());
    for (const std::string& path : paths) {
      const int64_t bytes = static_cast<int64_t>(fs::file_size(path, error));
      const absl::StatusOr<int64_t> batches = CountBatches(path, bytes);
      if (!batches.ok()) return batches.status();
      segments.bytes += bytes;
      segments.batches += *batches;
      segments.paths.push_back(path);
    }
  }
  return segments;
}

}  // namespace replicator::tests
