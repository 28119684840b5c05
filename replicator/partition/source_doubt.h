// Whether the log behind a source partition's name is still the one that was copied (invariant G), and what is to be
// asked of the source before more of it is read. Beside partition.h: that one decides what is copied from where, this
// one whether the source may be read at all.
//
//   leader changed, connection new,          Doubt                the partition gives up what waits to be sent,
//   partition unknown, ...             ------------------->       and drains
//   OFFSET_OUT_OF_RANGE                   OnOutOfRange                |
//                                      ------------------->       question(): kHistory, else kRange
//                                                                     |
//   the leader's log start and end        BeginLook / OnRange         v
//                                      ------------------->       a batch to read again, OnLook
//                                                                     |
//                          the log is another one: quarantine <-------+-------> may_fetch() again
//
// Pure: no I/O, no thread, no coroutine, and no clock but the times that are passed. One owner, the partition's.
//
// What the source said before the latest reason for doubt settles nothing: doubts() counts the reasons, and an answer
// counts only while that is what it was when the question was asked.
#ifndef REPLICATOR_REPLICATOR_PARTITION_SOURCE_DOUBT_H_
#define REPLICATOR_REPLICATOR_PARTITION_SOURCE_DOUBT_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "replicator/partition/mutation.h"
#include "replicator/partition/partition.h"
#include "replicator/partition/source_history.h"

namespace replicator {

// Why another log may stand behind the name now. The table in docs/architecture.md, G, says what each one leads to.
enum class DoubtReason : uint8_t {
  // Where the broker tells of a truncation by itself, none of these asks for a look.
  kLeaderChanged,     // or its broker's address
  kConnectionNew,     // the broker may have been another one before
  kPartitionUnknown,  // the broker does not lead it, does not know it, or knows another topic id
  kTargetStalled,     // nothing was asked of the source while the target's broker did not answer
  kBatchBeginsEarly,  // a batch begins below the offset that was asked for
  kNoLongerTold,      // the last response came from a broker that tells, this one does not
  kOtherEpoch,        // a response begins with a batch of another leader epoch than that of what was read before
  // These ask for a look on every source.
  kRestored,       // the copy is an earlier process's
  kCheckedAgain,   // nothing was asked of the source while the partition was in quarantine
  kTargetCutBack,  // the target lost records, so the last copied batch is an earlier one now
  kOffsetRefused,  // the source answered OFFSET_OUT_OF_RANGE for an offset that its log holds
};

// What the source's leader says of its log.
struct LogEnds {
  int64_t start = -1;
  int64_t end = -1;
  uint64_t doubts = 0;  // SourceDoubt::doubts() when it was asked
};

// A look at the source's history. The owner reads what `read_at` says, and gives it to SourceDoubt::OnLook, until that
// is empty.
struct HistoryLook {
  // Read the batch that holds this offset, or the first one behind it.
  std::optional<int64_t> read_at;
  // The offset may be gone from the source's log by now; then OnLook gets no batch. Else that is an error that passes.
  bool may_be_gone = false;

  // Of when the look began.
  uint64_t doubts = 0;
  int64_t log_start = -1;
  offsets::SourceEvidence evidence;
};

class SourceDoubt {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Question : uint8_t {
    kNone,
    kHistory,  // is the last copied batch what it was? BeginLook
    kRange,    // where does the log begin and end? OnRange
  };

  // A leader that was elected a moment ago does not know yet how far its replicas are, and brokers before 2.2 (KIP-207)
  // then tell an end that lies too low: a log counts as shorter than what was copied once it was for this long.
  static constexpr Clock::duration kShortLogGrace = std::chrono::seconds(5);

  // `topic_has_id`: the source's topic has one, so that a topic that is made anew shows by it. `partition` outlives
  // this object.
  SourceDoubt(Partition& partition, bool topic_has_id) : partition_(partition), topic_has_id_(topic_has_id) {}
  SourceDoubt(const SourceDoubt&) = delete;
  SourceDoubt& operator=(const SourceDoubt&) = delete;

  // ---- Events.

  void Doubt(DoubtReason reason);
  // The partition was restored; `log_start_max` is what the earlier process had been told.
  void OnRestored(int64_t log_start_max);
  // The source answered OFFSET_OUT_OF_RANGE.
  void OnOutOfRange() { range_in_doubt_ = true; }
  // A response of the source. `broker_tells`: it was asked with the leader epoch of what was read before, and says when
  // its log lacks that (Fetch from version 12 on, KIP-595). False: the response does not count.
  bool OnResponse(bool broker_tells);
  // A response begins with a batch that was written under `leader_epoch`, by a broker that does not tell. False: the
  // response does not count, since the log may have been cut back below in between: a leader that lost the partition
  // and got it back shows no other trace.
  bool OnFirstBatch(int32_t leader_epoch);
  // The source was asked with the leader epoch of what was read below `asked`, and answers that its log diverges.
  void OnDiverged(SourceOffset asked, int32_t epoch, int64_t epoch_end);
  // Where the source's log begins.
  void OnLogStart(int64_t log_start);
  // The target was asked where it stands, and the partition was told.
  void OnTargetSettled();
  // The partition begins at a place that has nothing to do with what was copied before: the operator said where, or the
  // target topic is a new one.
  void OnBegunElsewhere();
  // The partition was let out of a quarantine, to go on where it stands.
  void OnCheckedAgain();
  // The partition's place is looked for by content: wherever it was, it begins elsewhere.
  void OnPlaceSought() { ClearRange(); }

  // ---- What is to be done.

  // Whether the source may be read on.
  bool may_fetch() const { return !history_in_doubt_ && !range_in_doubt_; }
  // What the source is to be asked now. kNone while in_doubt(): what was read before is to reach the target first.
  Question question() const;
  bool in_doubt() const { return partition_.begun() && !may_fetch(); }
  uint64_t doubts() const { return doubts_; }

  // ---- Answers of the source's leader.

  // Unavailable: ask again. REQUIRES: question() is kHistory.
  absl::StatusOr<HistoryLook> BeginLook(const LogEnds& log, Clock::time_point now);
  // What was found at look.read_at, if anything is there: says what to read next, or ends the look, and the doubt with
  // it unless there was another reason meanwhile. Unavailable: begin a new look. REQUIRES: look.read_at.
  absl::Status OnLook(HistoryLook& look, const std::optional<SourceBatch>& batch);
  // Goes on at the log's start when retention has passed the position, and returns how many offsets are lost.
  // Unavailable: the log holds the offset that the source refused. REQUIRES: question() is kRange.
  absl::StatusOr<int64_t> OnRange(const LogEnds& log);

  // The highest log start that the source ever told; -1: none. A log does not go back.
  int64_t log_start_max() const { return log_start_max_; }

 private:
  bool IsTold(DoubtReason reason) const;
  void ClearRange() { range_in_doubt_ = range_settled_ = false; }
  absl::Status OnShortLog(int64_t log_end, Clock::time_point now);
  int64_t PassRetention(int64_t log_start);
  std::optional<int64_t> SkippedToRead(const HistoryLook& look) const;
  std::string Contradiction(const HistoryLook& look, const std::optional<SourceBatch>& batch) const;
  void Conclude(HistoryLook& look, const std::string& contradiction);
  void QuarantineHistory(const std::string& what);

  Partition& partition_;
  const bool topic_has_id_;
  uint64_t doubts_ = 0;            // how often there was reason for doubt
  bool history_in_doubt_ = false;  // the last copied batch is to be looked at
  bool range_in_doubt_ = false;    // the log's ends are to be looked at
  bool range_settled_ = false;     // the target was asked since: it holds no more than the partition knows of
  bool broker_tells_ = false;      // see OnResponse; of the last response
  int32_t border_epoch_ = -1;      // the leader epoch whose first batch led to a look last
  int64_t log_start_max_ = -1;
  std::optional<Clock::time_point> short_since_;  // the log ended below the position
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_SOURCE_DOUBT_H_
