#include "replicator/partition/source_doubt.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace replicator {

// Whether the source's brokers tell of what `reason` stands for: the topic has an id, and the broker is asked with the
// leader epoch of what lies below, which takes a source from 3.1 on, and that the epoch is known.
bool SourceDoubt::IsTold(DoubtReason reason) const {
  if (reason >= DoubtReason::kRestored || !topic_has_id_) return false;
  const bool is_epoch_known = partition_.position_epoch() >= 0;
  const bool was_read = partition_.evidence().base_offset >= 0 || partition_.fetched_epoch() >= 0;
  return !was_read || (broker_tells_ && is_epoch_known);
}

void SourceDoubt::Doubt(DoubtReason reason) {
  ++doubts_;
  if (!partition_.begun() || IsTold(reason)) return;
  if (Mutated(Mutation::kGReadsOnBehindAnotherLeader) && reason < DoubtReason::kOtherEpoch) return;
  if (Mutated(Mutation::kGRetriesWithoutALook) && reason == DoubtReason::kCheckedAgain) return;
  history_in_doubt_ = true;
  // What waits to be sent is given up. Behind a cut back nothing waits.
  if (reason != DoubtReason::kTargetCutBack) partition_.OnTargetChange();
}

void SourceDoubt::OnRestored(int64_t log_start_max) {
  log_start_max_ = log_start_max;
  Doubt(DoubtReason::kRestored);
}

void SourceDoubt::OnCheckedAgain() {
  history_in_doubt_ = false;  // of one that has not begun there is nothing to look at
  ClearRange();
  Doubt(DoubtReason::kCheckedAgain);
}

bool SourceDoubt::OnResponse(bool broker_tells) {
  if (!std::exchange(broker_tells_, broker_tells) || broker_tells) return true;
  Doubt(DoubtReason::kNoLongerTold);
  return false;
}

bool SourceDoubt::OnFirstBatch(int32_t leader_epoch) {
  const int32_t below = partition_.fetched_epoch();
  if (below < 0 || below == leader_epoch) return true;
  // Once for each epoch: a leader that loses the partition after that gets it back with a higher one. What the look had
  // given up comes again, with the epochs in between.
  if (leader_epoch == border_epoch_ || (below < leader_epoch && leader_epoch < border_epoch_)) return true;
  if (Mutated(Mutation::kGPassesAnotherEpoch)) return true;
  Doubt(DoubtReason::kOtherEpoch);
  if (history_in_doubt_) border_epoch_ = leader_epoch;
  return !history_in_doubt_;
}

void SourceDoubt::OnDiverged(SourceOffset asked, int32_t epoch, int64_t epoch_end) {
  partition_.PutInQuarantine(
      QuarantineCode::kSourceTruncated,
      absl::StrCat("the source's log was truncated: epoch ", epoch, " ends at ", epoch_end, " there, but offset ",
                   asked.value, " of a later history was copied already. Exclude the topic to keep the copy as it is. ",
                   kCopyAnew));
}

void SourceDoubt::OnLogStart(int64_t log_start) {
  if (log_start <= log_start_max_) return;
  log_start_max_ = log_start;
  // Once the last copied batch is gone, nothing else tells this log from another one.
  if (log_start > partition_.evidence().base_offset) partition_.MarkUnsaved();
}

void SourceDoubt::OnTargetSettled() {
  if (partition_.TakeCutBack()) Doubt(DoubtReason::kTargetCutBack);
}

void SourceDoubt::OnBegunElsewhere() {
  ++doubts_;
  history_in_doubt_ = false;
  ClearRange();
  log_start_max_ = border_epoch_ = -1;
  short_since_.reset();
}

SourceDoubt::Question SourceDoubt::question() const {
  if (!in_doubt() || !partition_.is_drained()) return Question::kNone;
  if (history_in_doubt_) return Question::kHistory;
  return partition_.paused() ? Question::kNone : Question::kRange;
}

// ---- History.

absl::StatusOr<HistoryLook> SourceDoubt::BeginLook(const LogEnds& log, Clock::time_point now) {
  HistoryLook look;
  if (log.doubts != doubts_) return look;  // another leader may have been asked
  look.doubts = doubts_;
  look.log_start = log.start;
  look.evidence = partition_.evidence();
  const int64_t position = partition_.position().value;
  if (log.end < position) {
    absl::Status passing = OnShortLog(log.end, now);
    if (!passing.ok()) return passing;
    return look;
  }
  short_since_.reset();
  const int64_t evidence_end = look.evidence.base_offset + look.evidence.record_count;
  if (evidence_end > log.start) {
    // A log that begins within a batch still has all of it.
    look.read_at = std::max(look.evidence.base_offset, log.start);
    look.may_be_gone = true;
    return look;
  }
  if (!topic_has_id_ && log.start < log_start_max_) {
    Conclude(look, absl::StrCat("the source's log begins at offset ", log.start, " now, but everything below ",
                                log_start_max_, " was deleted before (if a broker that crashed has brought that back, ",
                                "resume with --from=", position, ")"));
    return look;
  }
  if (partition_.position_epoch() >= 0) look.read_at = SkippedToRead(look);
  if (!look.read_at.has_value()) Conclude(look, "");
  return look;
}

// The offset of what was left out last, behind the last copied batch, when the source still has it. Compaction leaves
// none to rely on.
std::optional<int64_t> SourceDoubt::SkippedToRead(const HistoryLook& look) const {
  const int64_t position = partition_.position().value;
  const int64_t from = std::max(look.log_start, look.evidence.base_offset + look.evidence.record_count);
  if (partition_.is_compacted() || position <= from) return std::nullopt;
  return position - 1;
}

absl::Status SourceDoubt::OnLook(HistoryLook& look, const std::optional<SourceBatch>& batch) {
  CHECK(look.read_at.has_value());
  const bool is_copied_one = std::exchange(look.may_be_gone, false);
  const bool is_overtaken = look.doubts != doubts_ || look.evidence != partition_.evidence();
  if (is_overtaken && !Mutated(Mutation::kGAnOldAnswerSettles)) {
    look.read_at.reset();  // by another log, perhaps: the source is asked once more
    return absl::OkStatus();
  }
  if (is_copied_one && !batch.has_value() && !partition_.is_compacted()) {
    // The log that was asked for its ends may have gone since: this one is to be asked for its own.
    return absl::UnavailableError(absl::StrCat("the source does not give the batch at offset ",
                                               look.evidence.base_offset, " that was copied last; asking again"));
  }
  std::string contradiction;
  if (is_copied_one) {
    contradiction = Contradiction(look, batch);
    if (contradiction.empty() && (look.read_at = SkippedToRead(look)).has_value()) return absl::OkStatus();
  } else if (const int64_t position = partition_.position().value;
             batch.has_value() && ContradictsSkipped(*batch, position, partition_.position_epoch())) {
    contradiction = absl::StrCat("what was left out below offset ", position,
                                 ", behind the last batch that was copied, is something else now");
  }
  Conclude(look, contradiction);
  return absl::OkStatus();
}

// Of what stands in the place of the last copied batch. Empty: it is that one, or what compaction has made of it.
std::string SourceDoubt::Contradiction(const HistoryLook& look, const std::optional<SourceBatch>& batch) const {
  bool is_the_same = true;
  if (!partition_.is_compacted()) {
    is_the_same = IsCopiedBatch(*batch, look.evidence);
  } else if (batch.has_value()) {
    is_the_same = !ContradictsCompacted(*batch, look.evidence, partition_.position().value);
  }
  if (is_the_same || Mutated(Mutation::kGTakesAnotherBatchForTheCopied)) return "";
  return absl::StrCat("the batch at offset ", look.evidence.base_offset,
                      " that was copied last is another one there now");
}

void SourceDoubt::Conclude(HistoryLook& look, const std::string& contradiction) {
  look.read_at.reset();
  if (!contradiction.empty()) return QuarantineHistory(contradiction);
  history_in_doubt_ = false;
  // Where retention has removed the last copied batch, it can only be seen that the log goes on behind it.
  if (look.evidence.base_offset + look.evidence.record_count > look.log_start) return;
  range_settled_ = false;
  range_in_doubt_ = look.log_start > partition_.position().value;
}

absl::Status SourceDoubt::OnShortLog(int64_t log_end, Clock::time_point now) {
  const std::string what = absl::StrCat("the source's log ends at ", log_end, ", but everything below offset ",
                                        partition_.position().value, " was copied already");
  if (!short_since_.has_value()) short_since_ = now;
  if (now - *short_since_ < kShortLogGrace) return absl::UnavailableError(absl::StrCat(what, "; asking again"));
  QuarantineHistory(what);
  return absl::OkStatus();
}

void SourceDoubt::QuarantineHistory(const std::string& what) {
  short_since_.reset();
  partition_.PutInQuarantine(
      QuarantineCode::kSourceTruncated,
      absl::StrCat(what, ": the source lost records (an unclean leader election?), or the topic was deleted and made ",
                   "anew. Compare both sides. Exclude the topic to keep the copy as it is. ", kCopyAnew));
}

// ---- Range.

absl::StatusOr<int64_t> SourceDoubt::OnRange(const LogEnds& log) {
  if (log.doubts != doubts_) return 0;  // another leader may have been asked
  const int64_t wanted = partition_.position().value;
  if (wanted < log.start) return PassRetention(log.start);
  ClearRange();
  if (wanted <= log.end) {
    // The log was shorter a moment ago: it may be another one, which has grown past the offset since.
    Doubt(DoubtReason::kOffsetRefused);
    return absl::UnavailableError(absl::StrCat("the source refused offset ", wanted, " although its log holds it"));
  }
  partition_.PutInQuarantine(
      QuarantineCode::kSourceTruncated,
      absl::StrCat("the source's log ends at ", log.end, ", but offset ", wanted, " is the next to copy: the source ",
                   "lost records (an unclean leader election?) or was made anew. Exclude the topic to keep the copy ",
                   "as it is. ", kCopyAnew));
  return 0;
}

// What was given up may have landed since: the target is asked first, and the doubt stays until then. Nothing is lost,
// either, where the place is to be found by content.
int64_t SourceDoubt::PassRetention(int64_t log_start) {
  if (!std::exchange(range_settled_, true)) {
    partition_.OnTargetChange();
    return 0;
  }
  ClearRange();
  return partition_.SkipDeleted(SourceOffset(log_start));
}

}  // namespace replicator
