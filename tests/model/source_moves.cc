// The owner's moves towards the source: what Source and Locator do.
#include <algorithm>
#include <utility>

#include "tests/model/content.h"
#include "tests/model/history.h"

namespace replicator::tests {
namespace {

// As replicator/copy/source.cc: a batch that cannot be passed on is fetched this often in all.
constexpr int kEarlyTries = 3;

// What the target's last batch was when it was asked.
int ContentSought(const Placement::Search& search) {
  if (search.target == nullptr) return kForeignContent;
  return search.target->last_batch.has_value() ? static_cast<signed char>(search.target->last_batch->bytes[0])
                                               : kForeignContent;
}

}  // namespace

void History::Source() {
  if (!partition().begun()) return;  // Sink looks for its place
  if (partition().tail_question() != nullptr) return CompareTail();
  if (doubt().in_doubt()) {
    switch (doubt().question()) {
      case SourceDoubt::Question::kHistory:
        return LookAtHistory();
      case SourceDoubt::Question::kRange:
        return CheckRange();
      case SourceDoubt::Question::kNone:
        break;
    }
  }
  fetch_.has_value() ? DeliverFetch() : RequestFetch();
}

void History::RequestFetch() {
  if (!partition().wants_fetch() || !doubt().may_fetch()) return;
  fetch_ = FetchOut{partition().fetch_offset(), partition().fetched_epoch(), source_.times_recreated()};
}

// Metadata shows who leads now.
void History::HearOfSourceLeader() {
  if (known_source_epoch_ == source_.leader_epoch() && known_source_broker_ == source_.broker()) return;
  known_source_epoch_ = source_.leader_epoch();
  known_source_broker_ = source_.broker();
  Trace("source leader changed: broker ", known_source_broker_, ", epoch ", known_source_epoch_);
  doubt().Doubt(DoubtReason::kLeaderChanged);
}

// The broker that is asked leads no more, or not in the epoch that the request carries.
bool History::SourceRefuses() {
  if (known_source_broker_ == source_.broker() && (!source_fences_ || known_source_epoch_ == source_.leader_epoch()))
    return false;
  Trace("the source broker does not lead");
  return true;
}

void History::DeliverFetch() {
  const FetchOut fetch = *std::exchange(fetch_, std::nullopt);
  // A topic that is made anew is away for longer than between two fetches.
  if (SourceRefuses() || fetch.times_recreated != source_.times_recreated()) {
    doubt().Doubt(DoubtReason::kPartitionUnknown);
    return HearOfSourceLeader();
  }
  if (fetch.offset != partition().fetch_offset() || !doubt().may_fetch()) {
    ++coverage_.overtaken_fetches;
    return Trace("fetch from ", fetch.offset.value, " was overtaken");
  }
  // Where the broker does not refuse, and the epoch below is not known, metadata is all that tells.
  if (!source_tells_ && fetch.epoch_below < 0) HearOfSourceLeader();
  if (!doubt().may_fetch()) return;
  if (partition().evidence().base_offset < 0) NoteBlindness();
  if (source_tells_ && fetch.epoch_below >= 0) {
    const SourceLog::Divergence divergence = source_.DivergenceFor(fetch.epoch_below, fetch.offset.value);
    if (divergence.epoch >= 0) {
      ++coverage_.divergences_told;
      return doubt().OnDiverged(fetch.offset, divergence.epoch, divergence.end);
    }
  }
  if (fetch.offset.value < source_.log_start() || fetch.offset.value > source_.end()) {
    doubt().OnOutOfRange();
    return Trace("no offset ", fetch.offset.value, " at the source");
  }
  if (!doubt().OnResponse(source_tells_)) return;
  doubt().OnLogStart(source_.log_start());
  has_heard_ = true;
  int index = source_.FirstAt(fetch.offset.value);
  if (index > 0 && random_.OneIn(8)) --index;  // what is known already must change nothing
  for (int left = 1 + random_.Below(4); left > 0 && index < source_.visible(); --left, ++index) {
    if (!DeliverBatch(fetch, index)) return;
  }
}

// As Source::HandleBatch. False: the rest of the response does not count.
bool History::DeliverBatch(const FetchOut& fetch, int index) {
  const int content = source_.content_at(index);
  const SourceLog::Entry& entry = source_.entry(content);
  const int64_t wanted = partition().fetch_offset().value;
  if (entry.end > wanted && entry.base < wanted && entry.record_count > 0) {
    Trace("batch ", content, " begins early");
    doubt().Doubt(DoubtReason::kBatchBeginsEarly);
    if (++early_batches_ >= kEarlyTries)
      partition().PutInQuarantine(QuarantineCode::kUnsupportedBatch, "begins before the wanted offset");
    return false;
  }
  early_batches_ = 0;
  const bool is_first = entry.end > wanted && partition().fetch_offset() == fetch.offset;
  if (is_first && !source_tells_ && !doubt().OnFirstBatch(entry.leader_epoch)) {
    ++coverage_.borders;
    Trace("batch ", content, " is of epoch ", entry.leader_epoch);
    return false;
  }
  Accept(content);
  return true;
}

void History::Accept(int content) {
  const SourceLog::Entry& entry = source_.entry(content);
  const int64_t target_end = partition().target_end().value;
  if (entry.end > partition().fetch_offset().value) {
    read_[entry.end] = static_cast<int16_t>(1 + content);
    read_max_ = std::max(read_max_, entry.end);
  }
  if (entry.record_count == 0) {
    Trace("skip to ", entry.end);
    partition().SkipTo(SourceOffset(entry.end), entry.leader_epoch);
  } else {
    Trace("accept batch ", content, " [", entry.base, ", ", entry.end, "), epoch ", entry.leader_epoch);
    partition().Accept({.source_base = SourceOffset(entry.base),
                        .source_end = SourceOffset(entry.end),
                        .record_count = entry.record_count,
                        .bytes = ContentSlice(content),
                        .leader_epoch = entry.leader_epoch,
                        .content_crc = static_cast<uint32_t>(content)});
  }
  if (partition().target_end().value > target_end) {
    ++coverage_.adopted;
    last_target_end_ = partition().target_end().value;  // checked when the settle found it; it can be lost by now
    Trace("  adopted, target end ", last_target_end_);
  }
}

// ---- The locator's questions. Each takes more than one step, so that anything can happen between question and answer.

LogEnds History::SourceEnds() const { return {source_.log_start(), source_.end(), machine_->doubt.doubts()}; }

SourceBatch History::HeaderOf(int content) const {
  const SourceLog::Entry& entry = source_.entry(content);
  return {.base_offset = entry.base,
          .last_offset = entry.end - 1,
          .record_count = entry.record_count,
          .leader_epoch = entry.leader_epoch,
          .content_crc = static_cast<uint32_t>(content)};
}

// nullopt: the log has nothing at or behind `offset`.
std::optional<SourceBatch> History::SourceBatchAt(int64_t offset) const {
  if (offset < source_.log_start()) return std::nullopt;
  const int index = source_.FirstAt(offset);
  if (index == source_.visible()) return std::nullopt;
  return HeaderOf(source_.content_at(index));
}

void History::CompareTail() {
  if (SourceRefuses()) {
    tail_read_.reset();
    return HearOfSourceLeader();
  }
  const TailQuestion question = *partition().tail_question();
  if (!tail_read_.has_value()) {
    tail_read_ = TailRead{question.source_base, doubt().doubts(), SourceBatchAt(question.source_base.value)};
    return;
  }
  const TailRead read = *std::exchange(tail_read_, std::nullopt);
  if (read.asked != question.source_base || read.doubts != doubt().doubts()) return;
  TailComparison comparison = {.source = read.batch};
  const uint32_t checksum = *question.tail.content_crc;
  const uint32_t content = target_compresses_ ? TargetLog::ContentBehind(checksum) : checksum;
  const bool is_same = read.batch.has_value() && read.batch->content_crc == content;
  if (is_same) comparison.records = TailComparison::Records::kSame;
  const int64_t before = partition().target_end().value;
  const bool is_unproven = !partition().OnTailCompared(comparison).empty();
  doubt().OnTargetSettled();
  (is_unproven ? coverage_.tails_not_compared : is_same ? coverage_.tails_compared : coverage_.tails_other) += 1;
  Trace("last batch compared with the source's at ", read.asked.value, ": ", is_same ? "the same" : "not the same");
  if (!partition().begun()) return;
  if (known_leader_epoch_ == target_.leader_epoch()) return NoteSettled(before, question.log_end.value);
  last_target_end_ = partition().target_end().value;  // a new leader can have lost it since the target was asked
}

void History::LookAtHistory() {
  now_ += std::chrono::seconds(1);
  if (look_read_.has_value()) {
    const LookRead read = *std::exchange(look_read_, std::nullopt);
    const bool is_overtaken = look_->doubts != doubt().doubts();
    if (!doubt().OnLook(*look_, read.batch).ok() || !look_->read_at.has_value()) look_.reset();
    coverage_.looks += !is_overtaken;
    coverage_.looks_overtaken += is_overtaken;
    Trace("look told", is_overtaken ? ", overtaken" : "", doubt().may_fetch() ? ", nothing in doubt" : "");
    return NoteBlindness();
  }
  if (SourceRefuses()) {
    source_ends_.reset();
    look_.reset();
    return HearOfSourceLeader();
  }
  if (look_.has_value()) {
    const std::optional<SourceBatch> batch = SourceBatchAt(*look_->read_at);
    if (!batch.has_value() && !look_->may_be_gone) return look_.reset();  // begun anew
    look_read_ = LookRead{batch};
    return Trace("look reads at ", *look_->read_at, ": ", batch.has_value() ? batch->base_offset : -1);
  }
  if (!source_ends_.has_value()) {
    source_ends_ = SourceEnds();
    return;
  }
  const LogEnds ends = *std::exchange(source_ends_, std::nullopt);
  doubt().OnLogStart(ends.start);
  absl::StatusOr<HistoryLook> look = doubt().BeginLook(ends, now_);
  if (look.ok() && look->read_at.has_value()) look_ = *std::move(look);
  Trace("look at a log from ", ends.start, " to ", ends.end, look.ok() ? "" : ": shorter");
  NoteBlindness();
}

// What a look cannot tell. Where the source has the last copied batch no more, only the log's start and the end of what
// was left out tell it from another log: one that begins no lower, and goes on there, is taken for it. Where the leader
// epoch of what was left out is not known (it was settled by an intent), only its end tells. Where the target lost all
// that was copied, nothing does. A history that gets that far says nothing more.
void History::NoteBlindness() {
  const bool is_open = doubt().question() == SourceDoubt::Question::kHistory || partition().quarantined();
  if (is_open || !was_cut_below_ || partition().position().value == 0) return;
  const offsets::SourceEvidence& evidence = partition().evidence();
  const int64_t evidence_end = evidence.base_offset + evidence.record_count;
  const bool is_gone = evidence_end <= source_.log_start() && source_.log_start() >= doubt().log_start_max();
  const bool is_left_out = evidence_end < partition().position().value && partition().position_epoch() < 0;
  const bool is_nothing_left = evidence.base_offset < 0 && partition().fetched_epoch() < 0;
  is_blind_ = is_gone || is_left_out || is_nothing_left;
  coverage_.blind += is_blind_;
}

void History::CheckRange() {
  if (SourceRefuses()) return HearOfSourceLeader();
  const int64_t before = partition().position().value;
  const absl::StatusOr<int64_t> lost = doubt().OnRange(SourceEnds());
  const int64_t position = partition().position().value;
  if (position != before) {
    const int index = source_.FirstAt(position);
    read_[position] = static_cast<int16_t>(index == 0 ? 0 : 1 + source_.content_at(index - 1));
  }
  Trace("the source begins at ", source_.log_start(), ", ", lost.value_or(-1), " offsets lost");
  if (lost.value_or(0) <= 0) return;
  if (was_cut_below_) {  // by the retention of a log of which nothing was copied: really lost, and not counted here
    is_blind_ = true;
    ++coverage_.blind;
    return;
  }
  // What is left out in any case may be among it.
  const bool is_copied = source_.RecordsBelow(position) > source_.RecordsBelow(before);
  if (is_copied && !Mutated(Mutation::kHCountsBehindRetention)) Violated("H: counts as lost what is on the target");
}

// Where the target's last batch lies in the source, if that has it.
std::optional<SourcePlace> History::FindLast(const Placement::Search& search) const {
  const int content = ContentSought(search);
  if (content < 0 || Contaminated()) return std::nullopt;
  const SourceLog::Entry& entry = source_.entry(content);
  const bool is_visible = entry.is_there && entry.leader_epoch >= 0 && entry.base >= source_.log_start();
  if (!is_visible) return std::nullopt;
  if (search.step == Placement::Step::kGaplessPlace && entry.end != search.gapless_end) return std::nullopt;
  return SourcePlace{entry.end, EvidenceOf(HeaderOf(content))};
}

// A step of the search for the place where the copy goes on.
void History::Search() {
  if (SourceRefuses()) {
    search_.reset();
    doubt().Doubt(DoubtReason::kPartitionUnknown);
    return HearOfSourceLeader();
  }
  const int64_t target_end = partition().has_place() ? partition().target_end().value : 0;
  if (!search_.has_value()) {
    search_ = placement().BeginSearch(SourceEnds(), source_.log_start());
  } else {
    const bool is_overtaken = placement().IsOvertaken(*search_);
    coverage_.searches_overtaken += is_overtaken;
    Placement::Found found;
    // A search that would read too much finds nothing.
    const bool is_too_far = partition().counts_unless_found() && random_.OneIn(2);
    if (!is_too_far) found.place = FindLast(*search_);
    Trace("searched: ", found.place.has_value() ? found.place->position : -1, is_overtaken ? ", overtaken" : "");
    placement().OnFound(*search_, found);
  }
  const int content = ContentSought(*search_);
  if (search_->step == Placement::Step::kNone) search_.reset();
  if (partition().quarantined()) {
    place_is_gone_ = content < 0
                         ? !target_.IsEmptied() || source_.log_start() < source_.end()
                         : !source_.entry(content).is_there || source_.entry(content).base < source_.log_start();
    return;
  }
  if (!partition().begun() || partition().is_moving()) return;
  if (partition().must_settle()) {
    ++coverage_.counted_forward;
    return;
  }
  NoteWentOn(target_end);
  if (last_target_end_ == 0) ordinals_minus_target_[producer_.id] = 0;  // on an empty target any producer begins anew
  if (content >= 0) read_[partition().position().value] = static_cast<int16_t>(1 + content);
  read_max_ = std::max(read_max_, partition().position().value);
}

}  // namespace replicator::tests
