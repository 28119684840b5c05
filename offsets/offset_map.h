// Which source record became which target record of one partition, as a list of runs. A run is a maximal range of
// source offsets with one constant distance to the target offsets, so a log without gaps is one run however long it is.
// Source offsets outside of every run are gaps: markers, aborted records, what compaction or retention removed.
//
// Runs lie in ranges. A range is where all is known: each of its source offsets is a record in a run, or nothing to
// copy. A copy that goes on somewhere else than where it had stopped begins another range (GoOnAt); what lies between
// two ranges is not known. Where two ranges touch on both sides they are one, cut in two: the map keeps and stores its
// runs in chunks of that form, so that each can be read, written and forgotten by itself.
//
// A plain data structure without locks: owned and called by one thread. Of a map that is stored, the oldest chunks may
// leave memory (LeaveToTheStore); questions about these are answered with nullopt here, never with a guess.
#ifndef REPLICATOR_OFFSETS_OFFSET_MAP_H_
#define REPLICATOR_OFFSETS_OFFSET_MAP_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
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

// Where a range begins: a source offset, and the target offset of the first record at or behind it.
struct MapBegin {
  SourceOffset source;
  TargetOffset target;
  bool operator==(const MapBegin&) const = default;
};

struct KnownRange {
  MapBegin begin;
  SourceOffset source_end;  // every source offset below it, from the begin on, is in a run or nothing to copy
  std::vector<Run> runs;    // ascending, without a gap on the target's side, from the begin on

  TargetOffset target_end() const { return runs.empty() ? begin.target : runs.back().target_end(); }
  // Ends it at these offsets at the latest. False: nothing is left of it.
  bool CutAt(SourceOffset source, TargetOffset target);
  bool operator==(const KnownRange&) const = default;
};

// Where both logs begin.
struct LogStarts {
  SourceOffset source;
  TargetOffset target;
  bool operator==(const LogStarts&) const = default;
};

class OffsetMap {
 public:
  // Of the closed runs of a chunk: what is written again while the chunk grows, and what is read to look at one offset.
  static constexpr size_t kChunkRunsMax = 256;

  // Forgets everything: nothing below `begin` is known, and everything will be told from there on.
  void Reset(MapBegin begin);

  // Goes on with what was known before: `chunks` as they were stored, without the oldest when `older_are_stored`, and
  // `tail`, with one run at most, behind them.
  void Restore(std::vector<KnownRange> chunks, KnownRange tail, bool older_are_stored);

  // Goes on at `place`, in another range unless that is where the map ends. What lies between is not known. What was
  // known from `place` on, on either side, is known no more: it was lost, and what comes there next may differ.
  void GoOnAt(MapBegin place);

  // Adds records copied right behind everything known. REQUIRES: run.count > 0, run.source_base at or beyond
  // position(), run.target_base at target_end().
  void Append(const Run& run);

  // Nothing to copy below `position` besides what was appended: the end of the map may be a gap.
  void AdvanceTo(SourceOffset position);

  // The source offset of the record at `target`; nullopt when it is outside of every known run.
  std::optional<SourceOffset> SourceOf(TargetOffset target) const;

  // Forgets every record at or beyond `end`: the target has lost them. The map then ends at the record that was there,
  // SourceOf(end), or behind the one before it.
  void TruncateTo(TargetOffset end);

  // Forgets the chunks that lie below both log starts, but for the last one. What nobody can read needs no translation.
  // True when there is something to store now.
  bool PruneBelow(const LogStarts& starts);

  // Lets the oldest chunks leave memory that a store has taken, until at most `runs_max` runs are left or all of the
  // others are still to be stored.
  void LeaveToTheStore(size_t runs_max);

  // What a store has to change since this was called last, in this order: forget the chunks that lie below both of
  // `forget_below`, as they are stored; forget all that begin at or beyond `forget_from`; keep `chunks`, each in place
  // of the one with the same source begin.
  struct Changes {
    std::optional<LogStarts> forget_below;
    std::optional<SourceOffset> forget_from;
    std::vector<KnownRange> chunks;  // closed runs only, kChunkRunsMax at most
  };
  Changes TakeChanges();
  // What is in no chunk of the store: the run that still grows, and the gap that ends the map. It begins where the last
  // chunk ends, or where another range does.
  KnownRange tail() const;
  // Whether the store has any, or will have with the changes.
  bool has_stored_chunks() const;

  // All that is known here, ascending on both sides; the last one ends at the position.
  absl::Span<const KnownRange> ranges() const { return chunks_; }
  // Whether the store knows of more, below these.
  bool older_are_stored() const { return older_are_stored_; }
  // Rises whenever something that was known is known no more for another reason than age. What a store has told before
  // is void then.
  int64_t times_cut() const { return times_cut_; }
  // Runs in memory.
  size_t run_count() const { return run_count_; }
  // Everything below, from where the last range begins on, is in a run or nothing to copy.
  SourceOffset position() const { return chunks_.back().source_end; }
  // Where the target ends with that.
  TargetOffset target_end() const { return chunks_.back().target_end(); }

 private:
  KnownRange& last() { return chunks_.back(); }
  void DropFront(size_t chunks);
  void CountRuns();
  // Everything from `source` on is to be stored anew.
  void MarkFrom(SourceOffset source);
  void ForgetFrom(SourceOffset source);

  // Never empty. All but the last are full, or end a range, and do not change unless they are cut. The last one has up
  // to kChunkRunsMax closed runs and the one that grows.
  std::vector<KnownRange> chunks_ = {KnownRange()};
  bool older_are_stored_ = false;
  size_t run_count_ = 0;
  int64_t times_cut_ = 0;
  std::optional<SourceOffset> unsaved_from_;  // chunks that begin there or beyond are not stored as they are
  std::optional<SourceOffset> forget_from_;
  std::optional<LogStarts> forget_below_;
  LogStarts pruned_below_;  // the last ones that the store was told
};

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_OFFSET_MAP_H_
