// Which source record became which target record of one partition, as a list of runs. A run is a maximal range of
// source offsets with one constant distance to the target offsets, so a log without gaps is one run however long it is.
// Source offsets outside of every run are gaps: markers, aborted records, what compaction or retention removed.
//
// Target offsets have no gaps. So where a run does not begin at the target offset at which the one before it ends, what
// lies between is not known: another process copied it, and the place behind it was found by content (ContinueAt).
//
// A plain data structure without locks: owned and called by one thread. Memory is bounded: past `runs_max` the oldest
// run is forgotten here (the store keeps it), and questions about it are answered with nullopt, never with a guess.
#ifndef REPLICATOR_OFFSETS_OFFSET_MAP_H_
#define REPLICATOR_OFFSETS_OFFSET_MAP_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

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

// Where the known part of a map begins: a source offset, and the target offset of the first record at or behind it.
struct MapBegin {
  SourceOffset source;
  TargetOffset target;
  bool operator==(const MapBegin&) const = default;
};

class OffsetMap {
 public:
  // 24 bytes a run: 4,096 runs are 96 KiB for the one partition in thousands that has so many gaps.
  static constexpr size_t kRunsMax = 4096;
  // Of the runs that only the store still has, the begins of so many apart are known: that far pruning can go.
  static constexpr int64_t kMarkEvery = 1024;

  explicit OffsetMap(size_t runs_max = kRunsMax) : runs_max_(runs_max) {}

  // Forgets everything: nothing below `begin` is known, and everything will be told from there on.
  void Reset(MapBegin begin);

  // Goes on with what was known before, up to `end`: `closed` and `last` as they were stored
  // (offsets/partition_state.h), perhaps without the oldest; `marks`: the begins of some of these, oldest first.
  void Restore(MapBegin origin, const std::vector<Run>& closed, const std::optional<Run>& last, MapBegin end,
               bool older_runs_omitted, const std::vector<MapBegin>& marks);

  // Goes on at `place`. What lies between the end of the map and there is not known, and is never told. REQUIRES:
  // `place` is not below the end on either side.
  void ContinueAt(MapBegin place);

  // Adds records copied right behind everything known. REQUIRES: run.count > 0, both bases at or beyond the last run's
  // ends.
  void Append(const Run& run);

  // Nothing to copy below `position` besides what was appended: the end of the map may be a gap.
  void AdvanceTo(SourceOffset position);

  // The source offset of the record at `target`; nullopt when it is outside of every known run.
  std::optional<SourceOffset> SourceOf(TargetOffset target) const;

  // Where a reader who would go on at `source` goes on in the target: the same record, or the next one that exists when
  // `source` lies in a gap, which is the target's end for the gap that ends the map. nullopt below the begin of what is
  // known, beyond the position, and between what is known.
  std::optional<TargetOffset> TargetOf(SourceOffset source) const;

  // Forgets every record at or beyond `end`: the target has lost them.
  void TruncateTo(TargetOffset end);

  // Forgets the runs that lie below the log starts of both sides. What nobody can read needs no translation. Of the
  // runs that only the store still has, up to kMarkEvery may stay for the time being. True when any were forgotten.
  bool PruneBelow(SourceOffset source_log_start, TargetOffset target_log_start);

  // What a store has to change since this was called last: forget all runs from `forget_from` on and all below
  // `forget_below`, then keep `closed`. The last run is not in it: it still grows.
  struct Changes {
    std::optional<SourceOffset> forget_from;
    std::optional<SourceOffset> forget_below;
    std::vector<Run> closed;
  };
  Changes TakeChanges();

  const std::deque<Run>& runs() const { return runs_; }
  // Where the map begins, with the runs that only the store still has.
  MapBegin origin() const { return origin_; }
  // Where it begins without these.
  MapBegin known_begin() const { return begin_; }
  // Everything below, from where it was continued last on, is in a run or nothing to copy.
  SourceOffset position() const { return position_; }
  // Where the target ends with that.
  TargetOffset target_end() const { return target_end_; }

 private:
  void ForgetOldest();
  void LeaveOldestToTheStore();

  size_t runs_max_;
  MapBegin origin_;
  MapBegin begin_;  // of what is known here
  SourceOffset position_;
  TargetOffset target_end_;     // of all that lies below the position
  std::deque<Run> runs_;        // ascending on both sides
  std::deque<MapBegin> marks_;  // below begin_, ascending on both sides
  int64_t left_to_the_store_ = 0;
  Changes changes_;
};

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_OFFSET_MAP_H_
