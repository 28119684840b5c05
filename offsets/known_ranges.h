// What is known of one partition's offsets, as disjoint ranges: one for each time that a copy went on somewhere else
// than where the one before had stopped (a resume, a take-over without memory). Within a range every source offset is
// either a copied record or nothing to copy; what lies between two ranges is not known, and says so.
//
// And what follows from it for a committed offset: where a reader who would go on at an offset of one side goes on at
// the other. That is the same record, or the next one that there is:
//   - in a gap (markers, aborted records, what compaction or retention removed): the next record behind the gap;
//   - at the position, in the gap that ends the last range, in a partition emptied by retention: the mapped end;
//   - what the other side has deleted: its log start;
//   - not known, but deleted by the side that the reader comes from: as from its log start, where the reader would go
//   on;
//   - beyond the position: not yet. Never the other side's own number.
// 0 is an offset like any other.
//
// Plain values without locks, any thread.
#ifndef REPLICATOR_OFFSETS_KNOWN_RANGES_H_
#define REPLICATOR_OFFSETS_KNOWN_RANGES_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "offsets/offset_map.h"
#include "offsets/offsets.h"

namespace replicator::offsets {

// Ranges that come one by one, as a store has them: the later ones are right.
class KnownRanges {
 public:
  // Adds what was learned later than everything here. It replaces what it says otherwise of: older ranges end where it
  // begins, on either side, since what was copied again, or was lost by the target, lies elsewhere now. A range that
  // begins where the last one ends continues it.
  void Add(KnownRange range);

  // Ascending on both sides.
  absl::Span<const KnownRange> ranges() const { return ranges_; }

 private:
  std::vector<KnownRange> ranges_;
};

enum class TranslationKind : uint8_t {
  kExact,
  kWait,       // to the target: beyond the position. To the source: records behind it exist on the target only
  kUnknown,    // where it lies on the other side is not known
  kNotCopied,  // to the target: the source has records there that were never copied
};

struct ToTarget {
  TranslationKind kind = TranslationKind::kUnknown;
  TargetOffset target;          // when kExact
  bool is_same_record = false;  // when kExact: not the next one, nor an end
  bool operator==(const ToTarget&) const = default;
};
// `known`: ascending on both sides. Ranges that touch are one.
ToTarget TranslateToTarget(absl::Span<const KnownRange> known, SourceOffset source, const LogStarts& starts);

struct ToSource {
  TranslationKind kind = TranslationKind::kUnknown;
  SourceOffset source;          // when kExact; when kWait the position: where the records of the target only begin
  bool is_same_record = false;  // as above
  int64_t target_only = 0;      // when kWait: how far it lies behind the end of what was copied
  bool operator==(const ToSource&) const = default;
};
ToSource TranslateToSource(absl::Span<const KnownRange> known, TargetOffset target, const LogStarts& starts);

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_KNOWN_RANGES_H_
