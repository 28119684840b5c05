// A copier of the simplest kind, for testing the verifier: reads a topic with librdkafka and produces it elsewhere,
// record by record, with the option to spoil the copy.
#ifndef REPLICATOR_TESTS_CLUSTER_NAIVE_COPY_H_
#define REPLICATOR_TESTS_CLUSTER_NAIVE_COPY_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace replicator::tests {

struct CopiedRecord {
  int partition = 0;
  int64_t source_offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  int64_t timestamp_ms = 0;
};

// Gets the records of a partition in order and returns what is written in place of each.
using EditRecord = std::function<std::vector<CopiedRecord>(CopiedRecord)>;

struct NaiveCopyOptions {
  std::string source_bootstrap_servers;
  std::string target_bootstrap_servers;
  std::string topic;  // Exists on both sides with the same partition count.
  bool read_committed = true;
  std::string codec = "none";
  EditRecord edit;  // Empty: a faithful copy.
};

// Copies everything up to the source's present end; returns when all is acknowledged.
absl::Status NaiveCopy(const NaiveCopyOptions& options);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_NAIVE_COPY_H_
