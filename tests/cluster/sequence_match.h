// Compares two sequences of record digests: what is missing, duplicated, reordered, changed. Pure functions, no I/O.
#ifndef REPLICATOR_TESTS_CLUSTER_SEQUENCE_MATCH_H_
#define REPLICATOR_TESTS_CLUSTER_SEQUENCE_MATCH_H_

#include <cstdint>

#include "absl/types/span.h"

namespace replicator::tests {

// What stands at the first place where the sequences part.
enum class FirstDifference {
  kNone,
  kMissing,     // The source's record is nowhere in the target.
  kDuplicated,  // The target's record is one that it already has as often as the source.
  kReordered,   // Both records are on the other side too, elsewhere.
  kChanged,     // Neither record is on the other side.
  kForeign,     // The target's record is not in the source, and the source's comes later.
};

struct SequenceMatch {
  int64_t missing = 0;     // In the source, not in the target, and not `changed`.
  int64_t duplicated = 0;  // Copies in the target beyond the source's number of them.
  int64_t reordered = 0;   // Fewest records that would have to move to restore the source's order.
  int64_t changed = 0;     // Pairs of a source record that the target lacks and a target record that the source lacks.
  int64_t foreign = 0;     // In the target, not in the source, and not `changed`.

  FirstDifference kind = FirstDifference::kNone;
  int64_t index = 0;  // Of the first difference, in both sequences (it may be one past the end of one).
  // kMissing, kReordered: where the target's record at `index` stands in the source, or -1.
  // kDuplicated: where its first copy stands in the source.
  int64_t source_index_of_target = -1;

  bool equal() const { return kind == FirstDifference::kNone; }
};

// The n-th copy of a digest in the target is matched with its n-th copy in the source. Needs memory for about 50 bytes
// per record of the source.
SequenceMatch MatchSequences(absl::Span<const uint64_t> source, absl::Span<const uint64_t> target);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_SEQUENCE_MATCH_H_
