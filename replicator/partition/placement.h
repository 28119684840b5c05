// Where a copy begins, or goes on when its place is not known: between what the target shows and Partition::Begin.
//
//   the target's log end, its last batch          OnTarget
//                                            ------------------>   must_search()
//   where the source's records begin             BeginSearch           |
//                                            ------------------>      v        what to look for next: a Step
//   what was found                               OnFound              |
//                                            ------------------>      v
//                     Partition::Begin, or quarantine: nothing is guessed; or more of the target is wanted first
//
//   the target's log    | the source's log | the copy goes on
//   never held a record | any              | at the source's log start
//   emptied             | empty            | at the source's end, with a new producer
//   emptied             | holds records    | nowhere: nothing tells how far these were copied
//   holds records       | any              | behind the source batch whose records are the target's last batch
//
//  - That batch is looked for at the offset where it lies if the copy has no gaps, then wherever its time and the
//    source's end lead (batch_search.h).
//  - On a compacted topic the source may have that batch no more, and another that is the same. There the target's last
//    records are matched with the source's one by one instead (content_search.h).
//  - So it is where the target has put its own times in: without them, a batch that is the same need not be the copy.
//  - No such place, or more than one: quarantine, unless counting from where the copy was known to stand finds it.
//
// The owner reads both sides and compares; what it found counts only while the target's leader is the one that was
// asked, the source is not in doubt anew, and the partition still waits for its place.
//
// Pure: no I/O, no clock, no thread, no coroutine. One owner, the partition's.
#ifndef REPLICATOR_REPLICATOR_PARTITION_PLACEMENT_H_
#define REPLICATOR_REPLICATOR_PARTITION_PLACEMENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "kafka/batch/record_batch.h"
#include "policy/tail_match.h"
#include "replicator/partition/batch_search.h"
#include "replicator/partition/partition.h"
#include "replicator/partition/source_doubt.h"

namespace replicator {

// Marks of the records at the end of a target partition's log.
struct TargetMarks {
  int64_t begin = 0;  // everything from this offset on was read
  std::vector<policy::RecordMark> marks;
  int64_t oldest_ms = 0;   // the smallest timestamp
  bool is_whole = false;   // the log has nothing before it
  bool has_times = true;   // content covers the records' times: they are the source's
  std::string unreadable;  // why some of the records could not be read; empty: all were
};

// The batch that ends a target partition's log.
struct TargetLastBatch {
  Producer producer;
  Ordinal next_ordinal;           // of its producer's records: its base sequence plus its record count
  std::string bytes;              // the whole of it
  bool has_append_times = false;  // the records' times are the target's own

  // For reading only.
  kafka::RecordBatchView view() const {
    return kafka::RecordBatchView(absl::Span<char>(const_cast<char*>(bytes.data()), bytes.size()));
  }
};
// REQUIRES: `bytes` are one v2 batch.
TargetLastBatch LastBatchOf(std::string bytes);

// What the target's leader shows of a partition that has not begun, its log end and its high watermark being equal.
struct TargetAtStart {
  TargetOffset log_end;
  std::optional<TargetLastBatch> last_batch;  // nullopt: retention has left none, or there never was one
  std::optional<TargetMarks> marks;           // when they were wanted
};

class Placement {
 public:
  // What to look for in the source next.
  enum class Step : uint8_t {
    kNone,          // the search is over
    kGaplessPlace,  // the target's last batch, where it lies if the copy has no gaps: Search::gapless_end
    kByBatch,       // the target's last batch, wherever it is
    kByRecords,     // the target's last records, by the marks
  };

  struct Search {
    Step step = Step::kNone;
    std::shared_ptr<const TargetAtStart> target;  // what is looked for
    // Where the target's last batch ends in the source, if the copy has no gaps from its last known place, or from
    // offset 0 on.
    int64_t gapless_end = -1;

    // Of when it began.
    uint64_t target_answers = 0;
    uint64_t doubts = 0;
  };

  using Found = PlaceFound;

  // Target records whose marks are wanted, first and when those do not suffice: 24 bytes each. A producer that repeats
  // its last records with the same times, which compaction then makes look like the originals, is noticed if it repeats
  // fewer.
  static constexpr int64_t kMarksFirst = 4'096;
  static constexpr int64_t kMarksMax = 32'768;

  // All outlive this object.
  Placement(Partition& partition, SourceDoubt& doubt, const std::string& target_topic)
      : partition_(partition), doubt_(doubt), target_topic_(target_topic) {}
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;

  // ---- The target.

  // The target is to be asked where its log ends, and for its last batch.
  bool must_ask_target() const { return waits() && target_ == nullptr; }
  // How many records at the target's end marks are wanted of, too.
  int64_t marks_wanted() const { return marks_wanted_; }
  void OnTarget(TargetAtStart target);
  // Another leader may have lost what the one that was asked has: what it said counts no more.
  void OnTargetLeaderChange();
  // The partition was let out of a quarantine: what was known of the target may be old.
  void OnCheckedAgain() { Forget(); }

  // ---- The source.

  // The source is to be searched.
  bool must_search() const { return waits() && target_ != nullptr; }
  // `source`: its log, asked while doubts() were what they are. `begin`: where a copy into a target begins that never
  // held a record. That, and emptied logs, need no search. REQUIRES: must_search().
  Search BeginSearch(const LogEnds& source, int64_t begin);
  // What is found counts no more: end the search.
  bool IsOvertaken(const Search& search) const;
  // What search.step has led to: begins the partition, quarantines it, or says what to look for next. Does nothing for
  // a search that is overtaken but end it.
  void OnFound(Search& search, const Found& found);

 private:
  bool waits() const { return !partition_.begun() && !partition_.quarantined(); }
  void Forget();
  bool WantsMoreMarks(const TargetAtStart& target);
  void BeginWithoutBatch(const TargetAtStart& target, const LogEnds& source);
  void BeginBehind(const TargetAtStart& target, const SourcePlace& place);
  QuarantineCode NotOursCode() const;
  void QuarantineNotOurs(const TargetAtStart& target, const std::string& why_not);

  Partition& partition_;
  SourceDoubt& doubt_;
  const std::string& target_topic_;
  std::shared_ptr<const TargetAtStart> target_;  // between the target's answer and the end of the search
  uint64_t target_answers_ = 0;                  // how often that changed
  int64_t marks_wanted_ = 0;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_PLACEMENT_H_
