#include "replicator/partition/placement.h"

#include <glog/logging.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "replicator/partition/mutation.h"

namespace replicator {

TargetLastBatch LastBatchOf(std::string bytes) {
  const kafka::RecordBatchView batch(absl::MakeSpan(bytes));
  TargetLastBatch last;
  last.producer = {batch.producer_id(), batch.producer_epoch()};
  last.next_ordinal = Ordinal(int64_t{batch.base_sequence()} + batch.last_offset_delta() + 1);
  last.has_append_times = batch.timestamp_type() == kafka::TimestampType::kLogAppendTime;
  last.bytes = std::move(bytes);
  return last;
}

void Placement::OnTarget(TargetAtStart target) {
  if (!waits()) return;
  ++target_answers_;
  target_ = std::make_shared<const TargetAtStart>(std::move(target));
}

void Placement::OnTargetLeaderChange() {
  if (!Mutated(Mutation::kFHearsAnEarlierLeader)) Forget();
}

void Placement::Forget() {
  ++target_answers_;
  target_.reset();
  marks_wanted_ = 0;
}

Placement::Search Placement::BeginSearch(const LogEnds& source, int64_t begin) {
  CHECK(must_search());
  doubt_.OnPlaceSought();
  Search search;
  search.target = target_;
  search.target_answers = target_answers_;
  search.doubts = doubt_.doubts();
  if (target_->log_end.value == 0) {
    partition_.Begin(SourceOffset(begin), target_->log_end, Ordinal(0));
    Forget();
  } else if (!target_->last_batch.has_value()) {
    BeginWithoutBatch(*search.target, source);
  } else if (!target_->last_batch->has_append_times) {
    search.step = Step::kGaplessPlace;
    search.gapless_end = partition_.GaplessPosition(target_->log_end).value;
  } else if (target_->marks.has_value()) {
    search.step = Step::kByRecords;
  } else {
    WantsMoreMarks(*search.target);
  }
  return search;
}

bool Placement::IsOvertaken(const Search& search) const {
  return !must_search() || search.target_answers != target_answers_ || search.doubts != doubt_.doubts();
}

void Placement::OnFound(Search& search, const Found& found) {
  const Step step = std::exchange(search.step, Step::kNone);
  if (step == Step::kNone || IsOvertaken(search)) return;
  const TargetAtStart& target = *search.target;
  if (found.place.has_value()) return BeginBehind(target, *found.place);
  if (step == Step::kGaplessPlace && !partition_.is_compacted()) {
    search.step = Step::kByBatch;
    return;
  }
  if (step == Step::kGaplessPlace && target.marks.has_value()) {
    search.step = Step::kByRecords;
    return;
  }
  if (step != Step::kByBatch && WantsMoreMarks(target)) return;
  if (partition_.counts_unless_found()) {
    partition_.CountForward();
    return Forget();
  }
  QuarantineNotOurs(target, found.why_not);
}

// Retention has left nothing on the target, so nothing tells the place, the producer or the sequence. Of a source that
// has nothing either, nothing can be lost or doubled.
void Placement::BeginWithoutBatch(const TargetAtStart& target, const LogEnds& source) {
  const int64_t records = source.end - source.start;
  const bool is_known = partition_.CanGoOnAt(SourceOffset(source.end), target.log_end);
  if ((records == 0 && is_known) || Mutated(Mutation::kGGuessesBehindAnEmptiedTarget)) {
    partition_.BeginWithNewProducer(SourceOffset(source.end), target.log_end);
    return Forget();
  }
  const int64_t gapless = partition_.GaplessPosition(target.log_end).value;
  const int64_t from = gapless > source.end ? source.start : std::max(source.start, gapless);
  partition_.PutInQuarantine(
      NotOursCode(),
      absl::StrCat("the target topic ", target_topic_, " ends at offset ", target.log_end.value,
                   " in this partition and holds no record any more, so nothing tells how far the source was copied. ",
                   "The source has offsets ", source.start, " to ", source.end - 1, ". To take all of them as copied, ",
                   "resume with --from=latest: at most ", source.end - from, " records are left out. Not to lose any, ",
                   "resume with --from=", from, ": at most ", source.end - from, " records come again"));
  Forget();
}

// Has more of the target's end read, if there is more, and the search begun anew.
bool Placement::WantsMoreMarks(const TargetAtStart& target) {
  if (marks_wanted_ >= kMarksMax || (target.marks.has_value() && target.marks->is_whole)) return false;
  const int64_t wanted = marks_wanted_ == 0 ? kMarksFirst : kMarksMax;
  Forget();
  marks_wanted_ = wanted;
  return true;
}

// The header of the target's last batch says with which producer and sequence the target goes on (invariant B).
void Placement::BeginBehind(const TargetAtStart& target, const SourcePlace& place) {
  const TargetLastBatch& last = *target.last_batch;
  if (last.producer.id < 0) {
    partition_.PutInQuarantine(
        QuarantineCode::kTargetNotOurs,
        absl::StrCat("the last batch of the target topic ", target_topic_,
                     " was written by a producer that is not idempotent, so not by this link. Exclude the topic if it "
                     "is not to be copied. ",
                     kCopyAnew));
    return Forget();
  }
  if (!partition_.CanGoOnAt(SourceOffset(place.position), target.log_end)) {
    return QuarantineNotOurs(target, absl::StrCat("the last of them is the source's up to offset ", place.position,
                                                  ", which was copied long before"));
  }
  partition_.UseProducer(last.producer);
  partition_.Begin(SourceOffset(place.position), target.log_end, last.next_ordinal, place.evidence);
  Forget();
}

QuarantineCode Placement::NotOursCode() const {
  return partition_.is_foreign_unless_found() ? QuarantineCode::kForeignWrite : QuarantineCode::kTargetNotOurs;
}

void Placement::QuarantineNotOurs(const TargetAtStart& target, const std::string& why_not) {
  if (Mutated(Mutation::kGGuessesAPlace) && target.last_batch.has_value())
    return partition_.Begin(SourceOffset(0), target.log_end, target.last_batch->next_ordinal);
  partition_.PutInQuarantine(
      NotOursCode(),
      absl::StrCat("the target topic ", target_topic_, " already holds ", target.log_end.value,
                   " offsets in this partition, and its last records cannot be found at one place in the source",
                   why_not.empty() ? "" : absl::StrCat(" (", why_not, ")"),
                   ": they were not copied by this link, or the source no longer has them. Compare both sides and say ",
                   "where to go on, or exclude the topic. ", kCopyAnew));
  Forget();
}

}  // namespace replicator
