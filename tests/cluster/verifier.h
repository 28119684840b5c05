// An independent judge of a copy: reads both clusters with librdkafka and compares each partition, record by record in
// order: key, value, headers, timestamp and its type, and the count. Shares no code with the program under test.
//
// First pass: two threads read both sides at once; per partition the sequences of 64-bit record digests are compared as
// they arrive, so memory holds only the digests by which one side is ahead (bounded by kDigestsMax). Second pass, only
// for a partition that differs: the digests of the whole partition from both sides are matched to count what is
// missing, duplicated, reordered and changed, and the first records that differ are read again and described.
#ifndef REPLICATOR_TESTS_CLUSTER_VERIFIER_H_
#define REPLICATOR_TESTS_CLUSTER_VERIFIER_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace replicator::tests {

// Digests that one side may be ahead of the other, over all partitions: 8 bytes each.
inline constexpr int64_t kDigestsMax = 32 << 20;
// Records of a partition that the second pass looks at, on each side: 24 bytes each. A longer partition is matched up
// to here.
inline constexpr int64_t kMatchedRecordsMax = 4 << 20;

using TopicPartition = std::pair<std::string, int>;

struct VerifierOptions {
  std::string source_bootstrap_servers;
  std::string target_bootstrap_servers;
  // The same names on both sides.
  std::vector<std::string> topics;

  // What counts as the source's content: committed records only, or all. Aborted records must not be in a copy.
  bool source_read_committed = true;
  // The target is read uncommitted, so that nothing hides there.
  bool target_read_committed = false;
  // For topics without gaps: the target's offset of each record must equal the source's.
  bool compare_offsets = false;
  bool compare_timestamps = true;
  // Where to begin, if not at the log's start.
  std::map<TopicPartition, int64_t> source_start_offsets;
  std::map<TopicPartition, int64_t> target_start_offsets;

  // librdkafka properties of each side, set last.
  std::map<std::string, std::string> source_client_properties;
  std::map<std::string, std::string> target_client_properties;
};

struct PartitionVerdict {
  std::string topic;
  int partition = 0;
  bool equal = false;
  int64_t source_records = 0;
  int64_t target_records = 0;
  int64_t source_bytes = 0;  // Keys and values.
  int64_t missing = 0;       // Records of the source that the target lacks.
  int64_t duplicated = 0;    // Records that the target has more often than the source.
  int64_t reordered = 0;     // Records that both have, out of order: the fewest that would have to move.
  int64_t changed = 0;       // Records of the target that the source lacks, each in place of a missing one.
  int64_t foreign = 0;       // Records of the target that the source lacks, beyond these.
  // In words, empty if equal: "topic t partition 3: source offset 17 value differs from target offset 17".
  std::string first_difference;
};

struct VerifyResult {
  bool equal = false;
  // Of the source.
  int64_t records = 0;
  int64_t bytes = 0;
  int64_t missing = 0;
  int64_t duplicated = 0;
  int64_t reordered = 0;
  int64_t changed = 0;
  int64_t foreign = 0;
  absl::Duration elapsed;
  std::string first_difference;  // Of the first partition that differs.
  std::vector<PartitionVerdict> partitions;

  // One line for people: what was compared and the verdict.
  std::string Summary() const;
};

class Verifier {
 public:
  explicit Verifier(VerifierOptions options) : options_(std::move(options)) {}

  // Compares both sides up to their present ends. The target's end is read first, so that a producer which still runs
  // can only make records missing, never foreign. Errors: a side cannot be read within `timeout`.
  absl::StatusOr<VerifyResult> Verify(absl::Duration timeout = absl::Minutes(5));

  // Compares while the target still fills: waits until it holds as many records as the source held when this was
  // called. A difference ends the wait at once. After `timeout` the result says what is missing. If the source grows
  // meanwhile, what the target has beyond is not judged.
  absl::StatusOr<VerifyResult> WaitUntilEqual(absl::Duration timeout);

  // WaitUntilEqual, then Verify: of a source to which nothing is written any more. Both again if the source has shown
  // more in between: a transaction's marker may come late.
  absl::StatusOr<VerifyResult> VerifyOnceEqual(absl::Duration timeout);

 private:
  absl::StatusOr<VerifyResult> Run(absl::Duration timeout, bool wait_for_target);

  const VerifierOptions options_;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_VERIFIER_H_
