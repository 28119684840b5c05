// The files in which a broker keeps a topic: the very bytes that a copy has to move.
#ifndef REPLICATOR_TESTS_DEMO_LOG_SEGMENTS_H_
#define REPLICATOR_TESTS_DEMO_LOG_SEGMENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace replicator::tests {

struct LogSegments {
  std::vector<std::string> paths;  // in the order of partition and offset
  int64_t bytes = 0;
  int64_t batches = 0;  // counted by their headers
  int64_t bytes_per_batch() const { return batches == 0 ? 0 : bytes / batches; }
};

// The segments of `topic` in a broker's log.dirs folder. Errors: a file cannot be read, or does not hold whole v2
// batches (the broker may be writing at this moment).
absl::StatusOr<LogSegments> FindLogSegments(const std::string& log_dir, const std::string& topic, int partitions);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_DEMO_LOG_SEGMENTS_H_
