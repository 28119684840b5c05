// Which source record became which target record of one partition, as a list of runs. A run is a maximal range of
// source offsets with one constant distance to the target offsets, so a log without gaps is one run however long it is.
//
// A plain data structure without locks: owned and called by one thread. Memory is bounded: past `runs_max` the oldest
// run is forgotten, and questions about it are answered with nullopt, never with a guess.
#ifndef REPLICATOR_OFFSETS_OFFSET_MAP_H_
#define REPLICATOR_OFFSETS_OFFSET_MAP_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "offsets/offsets.h"

namespace replicator::offsets {

struct Run {
  SourceOffset source_base;
  TargetOffset target_base;
  int64_t count = 0;  // records; > 0

  SourceOffset source_end() const { return source_base + count; }
  TargetOffset target_end() const { return target_base + count; }
  bool operator==(const Run&) const = default;
};

class OffsetMap {
 public:
  // 24 bytes a run: 4,096 runs are 96 KiB for the one partition in thousands that has so many gaps.
  static constexpr size_t kRunsMax = 4096;

  explicit OffsetMap(size_t runs_max = kRunsMax) : runs_max_(runs_max) {}

  // Adds records copied right behind everything known. REQUIRES: run.count > 0, both bases at or beyond the last run's
  // ends.
  void Append(const Run& run);

  // The source offset of the record at `target`; nullopt when it is outside of every known run.
  std::optional<SourceOffset> SourceOf(TargetOffset target) const;

  // Where a reader who would go on at `source` goes on in the target: the same record, or the next one that exists when
  // `source` lies in a gap. nullopt below the first known run and beyond the end of the last.
  std::optional<TargetOffset> TargetOf(SourceOffset source) const;

  // Forgets every record at or beyond `end`: the target has lost them.
  void TruncateTo(TargetOffset end);

  const std::deque<Run>& runs() const { return runs_; }

 private:
  size_t runs_max_;
  std::deque<Run> runs_;  // ascending on both sides
};

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_OFFSET_MAP_H_
