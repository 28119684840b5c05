#include "replicator/partition/partition.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "replicator/partition/mutation.h"

namespace replicator {
namespace {

// A sequence is the ordinal mod 2^31: after 2^31 - 1 comes 0 (Kafka's DefaultRecordBatch.incrementSequence).
constexpr int64_t kSequenceMask = 0x7fffffff;

constexpr char kLeadElsewhere[] = "the source's records do not lead to the last of them";

std::string ForBatch(SourceOffset base, int32_t records) {
  return absl::StrCat("for the batch at source offset ", base.value, " (", records,
                      records == 1 ? " record)" : " records)");
}

}  // namespace

offsets::PartitionState Partition::TakeState() {
  CHECK(!storing_);
  offsets::PartitionState state;
  state.position = position_;
  state.target_end = target_end_;
  state.eras = eras_;
  state.evidence = evidence_;
  state.position_epoch = position_epoch_;
  state.records_lost = records_lost();
  state.is_compacted = options_.is_compacted;
  const offsets::KnownRange tail = map_.tail();
  state.tail_begin = tail.begin;
  if (!tail.runs.empty()) state.last_run = tail.runs.back();
  state.has_chunks = map_.has_stored_chunks();
  state.map = map_.TakeChanges();
  being_covered_ = std::min(queue_.size(), kIntentsMax);
  state.intents.reserve(in_flight_.size() + being_covered_);
  for (const InFlight& sent : in_flight_)
    state.intents.push_back({sent.source_base, sent.source_end, sent.record_count, sent.content_crc, sent.codec});
  for (size_t i = 0; i < being_covered_; ++i) {
    const Batch& batch = queue_[i];
    state.intents.push_back({batch.source_base, batch.source_end, batch.record_count, batch.content_crc, batch.codec});
  }
  state.must_sync = std::exchange(must_sync_, false);
  storing_ = true;
  unsaved_ = false;
  return state;
}

void Partition::OnStored() {
  storing_ = false;
  covered_ = std::max(covered_, std::exchange(being_covered_, 0));
}

void Partition::RestartAt(SourceOffset position, TargetOffset target_end, TargetOffset proven_end) {
  ClearQueue();
  in_flight_.clear();
  unanswered_ = 0;
  position_ = position;
  if (!Mutated(Mutation::kAFetchesOnAfterAFailure) || phase_ == Phase::kNew) fetch_offset_ = position;
  target_end_ = target_end;
  next_expected_ = target_end;
  proven_end_ = proven_end;
  proven_tail_.reset();
  if (target_end_ == proven_end_) counted_from_.reset();
  question_.reset();
  phase_ = producer_forgotten_ ? Phase::kRenewing : Phase::kCopying;
}

void Partition::Accept(Batch batch) {
  if (phase_ != Phase::kCopying || paused_ || batch.source_base < fetch_offset_) return;
  CHECK_GT(batch.record_count, 0);
  CHECK(batch.source_base + batch.record_count <= batch.source_end);
  batch.lost = NoteGap(batch.source_base);
  fetch_offset_ = batch.source_end;
  batch.end_epoch = batch.leader_epoch;
  if (target_end_ < proven_end_) return Adopt(batch);
  queue_bytes_ += batch.size_bytes();
  queue_.push_back(std::move(batch));
}

// The batch is on the target already: the k-th record there is the k-th of the source (A). The last one shows whether
// the source still has all of those that were copied.
void Partition::Adopt(const Batch& batch) {
  if (!counted_from_.has_value()) counted_from_ = {{position_, target_end_}, evidence_, position_epoch_};
  const TargetOffset end = target_end_ + batch.record_count;
  const bool is_last = end == proven_end_ && proven_tail_.has_value();
  if (is_last && proven_tail_->content_crc.value_or(batch.content_crc) != batch.content_crc) {
    if (!IsRewritten(*proven_tail_, batch.codec)) return FindByContent(proven_end_, kLeadElsewhere);
    // The target is asked once more, and its last batch is compared with this one.
    in_flight_.push_back(InFlightOf(batch, target_end_));
    in_flight_.back().answered = in_flight_.back().is_adopted = true;
    next_expected_ = end;
    phase_ = Phase::kSettling;
    return;
  }
  if (end > proven_end_) {
    return PutInQuarantine(
        QuarantineCode::kTargetNotOurs,
        absl::StrCat("the target's log ends at ", proven_end_.value,
                     ", inside of the batch that begins at source offset ", batch.source_base.value, ". ", kCopyAnew));
  }
  Landed(InFlightOf(batch, target_end_));
  next_expected_ = target_end_;
  if (target_end_ == proven_end_) counted_from_.reset();
}

// What was counted is not what the target has.
void Partition::ForgetCounted() {
  if (!counted_from_.has_value()) return;
  const CountedFrom from = *std::exchange(counted_from_, std::nullopt);
  map_.GoOnAt(from.place);
  position_ = fetch_offset_ = from.place.source;
  target_end_ = next_expected_ = from.place.target;
  evidence_ = from.evidence;
  position_epoch_ = from.position_epoch;
  in_flight_.clear();
}

Partition::InFlight Partition::InFlightOf(const Batch& batch, TargetOffset expected) {
  return {.id = 0,
          .source_base = batch.source_base,
          .source_end = batch.source_end,
          .expected = expected,
          .record_count = batch.record_count,
          .size_bytes = batch.size_bytes(),
          .leader_epoch = batch.leader_epoch,
          .end_epoch = batch.end_epoch,
          .content_crc = batch.content_crc,
          .codec = batch.codec,
          .keyless_records = batch.keyless_records,
          .lost = batch.lost};
}

// Brokers give the offsets of a log without a gap, markers and aborted batches among them, and only compaction takes
// some away from its middle. Elsewhere what lies between the fetch offset and the next batch is gone. Returns how much.
int64_t Partition::NoteGap(SourceOffset base) {
  if (options_.is_compacted || base <= fetch_offset_) return 0;
  const int64_t offsets = base - fetch_offset_;
  if (base > gaps_noted_to_) {
    gaps_noted_to_ = base;
    if (!gaps_.has_value()) {
      gaps_ = SourceGaps{.begin = fetch_offset_, .end = base};
    } else {
      ++gaps_->count;
    }
    gaps_->offsets += offsets;
    gaps_->last_end = base;
  }
  return offsets;
}

// The position has passed them.
void Partition::Lose(int64_t offsets) {
  if (options_.is_compacted) return;
  records_lost_ += offsets;
  unsure_lost_ += offsets;
}

void Partition::NoteCompacted() {
  if (std::exchange(options_.is_compacted, true)) return;
  records_lost_ -= std::exchange(unsure_lost_, 0);
  gaps_.reset();
  unsaved_ = true;
}

// What is skipped belongs to whatever comes before it, so that the position passes it in order.
void Partition::SkipTo(SourceOffset next, int32_t leader_epoch, std::optional<SourceOffset> base) {
  if (phase_ != Phase::kCopying || paused_ || next <= fetch_offset_) return;
  const int64_t lost = NoteGap(base.value_or(fetch_offset_));
  fetch_offset_ = next;
  if (Mutated(Mutation::kJPositionWaitsForAnAnswer)) return;
  if (!queue_.empty()) {
    queue_.back().source_end = next;
    queue_.back().end_epoch = leader_epoch;
    queue_.back().lost += lost;
  } else if (!in_flight_.empty()) {
    in_flight_.back().source_end = next;
    in_flight_.back().end_epoch = leader_epoch;
    in_flight_.back().lost += lost;
  } else {
    Lose(lost);
    position_ = next;
    position_epoch_ = leader_epoch;
    map_.AdvanceTo(next);
    unsaved_ = true;
  }
}

int64_t Partition::SkipDeleted(SourceOffset log_start) {
  CHECK(is_drained() && !paused_);
  if (target_end_ < proven_end_ && !Mutated(Mutation::kHCountsBehindRetention)) {
    FindByContent(proven_end_, "the source has deleted some of them");
    return 0;
  }
  const int64_t lost = log_start - position_;
  SkipTo(log_start);
  records_lost_ += lost;
  return lost;
}

int32_t Partition::SequenceFor(const Era& era, TargetOffset target) {
  return static_cast<int32_t>((target.value + era.ordinal_minus_target) & kSequenceMask);
}

Send Partition::TakeSend() {
  CHECK(can_send());
  Batch batch = std::move(queue_.front());
  queue_.pop_front();
  queue_bytes_ -= batch.size_bytes();
  if (covered_ > 0) --covered_;
  if (being_covered_ > 0) --being_covered_;
  Send send;
  send.id = next_send_id_++;
  send.producer = producer();
  send.base_sequence = Mutated(Mutation::kBSequenceStartsAnew) ? static_cast<int32_t>(in_flight_.size())
                                                               : SequenceFor(eras_.back(), next_expected_);
  send.expected = next_expected_;
  send.record_count = batch.record_count;
  in_flight_.push_back(InFlightOf(batch, next_expected_));
  in_flight_.back().id = send.id;
  send.bytes = std::move(batch.bytes);
  next_expected_ += batch.record_count;
  ++unanswered_;
  return send;
}

void Partition::OnAnswer(uint64_t send_id, const Answer& answer) {
  InFlight* sent = nullptr;
  for (InFlight& candidate : in_flight_) {
    if (candidate.id == send_id && !candidate.answered) sent = &candidate;
  }
  if (sent == nullptr) return;
  sent->answered = true;
  --unanswered_;
  if (quarantined()) return OnLateAnswer(*sent, answer);
  switch (answer.verdict) {
    case Answer::Verdict::kAppended:
      if (answer.base_offset != sent->expected.value && !Mutated(Mutation::kCBaseOffsetIsNotChecked))
        return QuarantineMisplaced(*sent, answer.base_offset);
      // While settling the answer only says that one answer fewer is due: the target's log end tells all.
      while (phase_ == Phase::kCopying && !in_flight_.empty() && in_flight_.front().answered) Acknowledge();
      return;
    case Answer::Verdict::kUnclear:
      if (Mutated(Mutation::kEResendsBlindly))
        return RestartAt(in_flight_.front().source_base, target_end_, target_end_);
      return Fail(answer.error);
    case Answer::Verdict::kForgotten:
      producer_forgotten_ = true;
      return Fail(answer.error);
    case Answer::Verdict::kRefused:
      return OnRefused(*sent, answer);
    case Answer::Verdict::kRefusedBytes:
      return OnRefusedBytes(*sent, answer);
  }
}

void Partition::OnRefused(const InFlight& sent, const Answer& answer) {
  std::string reason =
      absl::StrCat(answer.error, ", ", ForBatch(sent.source_base, sent.record_count), ". ", answer.remedy);
  ForgetRefused(sent);
  PutInQuarantine(answer.refusal, std::move(reason));
}

// The first time the bytes may have been damaged on the way: the batch is read and checked once more.
void Partition::OnRefusedBytes(const InFlight& sent, const Answer& answer) {
  if (refused_base_ != sent.source_base) {
    refused_base_ = sent.source_base;
    return Fail(absl::StrCat(answer.error, ", ", ForBatch(sent.source_base, sent.record_count)));
  }
  std::string reason = absl::StrCat(answer.error, ", twice, ", ForBatch(sent.source_base, sent.record_count),
                                    ", whose checksum is right. ");
  if (sent.keyless_records > 0) {
    absl::StrAppend(&reason, sent.keyless_records,
                    " of its records have no key, and a topic with cleanup.policy=compact takes none of these: give "
                    "the target's topic the source's cleanup.policy, and it goes on by itself");
  } else {
    absl::StrAppend(&reason, "The log of the target's broker says what is wrong with it");
  }
  absl::StrAppend(&reason, ". Or leave the batch out: resume with --from=", sent.source_end.value);
  ForgetRefused(sent);
  PutInQuarantine(QuarantineCode::kTargetRefused, std::move(reason));
}

// To what was in flight when the partition was stopped: it stays stopped, and what the answer leaves open is settled
// when it goes on.
void Partition::OnLateAnswer(const InFlight& sent, const Answer& answer) {
  unsaved_ = true;
  switch (answer.verdict) {
    case Answer::Verdict::kAppended:
      if (&sent == &in_flight_.front() && answer.base_offset == sent.expected.value) Acknowledge();
      return;
    case Answer::Verdict::kUnclear:
      return;
    case Answer::Verdict::kForgotten:
      producer_forgotten_ = true;
      return ForgetRefused(sent);
    case Answer::Verdict::kRefused:
    case Answer::Verdict::kRefusedBytes:
      return ForgetRefused(sent);
  }
}

// It is not on the target. Behind others it is settled with them.
void Partition::ForgetRefused(const InFlight& sent) {
  if (&sent != &in_flight_.back()) return;
  next_expected_ = sent.expected;
  in_flight_.pop_back();
}

// The oldest batch in flight is on the target.
void Partition::Acknowledge() {
  Landed(in_flight_.front());
  records_copied_ += in_flight_.front().record_count;
  bytes_copied_ += in_flight_.front().size_bytes;
  in_flight_.pop_front();
  failures_ = 0;
  last_error_.clear();
  refused_base_.reset();
}

void Partition::Landed(const InFlight& batch) {
  map_.Append({batch.source_base, batch.expected, batch.record_count});
  position_ = batch.source_end;
  position_epoch_ = batch.end_epoch;
  map_.AdvanceTo(position_);
  target_end_ = batch.expected_end();
  evidence_ = {batch.source_base.value, batch.leader_epoch, batch.record_count, batch.content_crc};
  Lose(batch.lost);
  unsaved_ = true;
}

void Partition::Fail(std::string error) {
  ++failures_;
  last_error_ = std::move(error);
  ClearQueue();
  phase_ = Phase::kSettling;
}

void Partition::ClearQueue() {
  queue_.clear();
  queue_bytes_ = 0;
  covered_ = being_covered_ = 0;
}

void Partition::OnTargetChange() {
  question_.reset();  // the target is asked anew
  if (phase_ != Phase::kCopying && phase_ != Phase::kRenewing) return;
  ClearQueue();
  phase_ = Phase::kSettling;
}

// Whether the target's log up to `log_end` can be this link's. Sequences count our records without a gap, so a last
// batch of ours whose sequence fits its place has all that belongs before it, and nothing else.
bool Partition::IsOurs(TargetOffset log_end, const std::optional<TargetTail>& tail) const {
  if (!tail.has_value() || Mutated(Mutation::kFCountsWithoutLooking)) return log_end <= next_expected_;
  // The era of the record before log_end.
  auto era = std::find_if(eras_.rbegin(), eras_.rend(), [&](const Era& e) { return e.begin < log_end; });
  if (era == eras_.rend()) {
    era = eras_.rend() - 1;
    if (log_end.value + era->ordinal_minus_target <= 0) return true;  // from before this producer id wrote anything
  }
  return tail->producer == era->producer && tail->next_sequence == SequenceFor(*era, log_end);
}

void Partition::OnTargetEnd(TargetOffset log_end, TargetOffset high_watermark, const std::optional<TargetTail>& tail) {
  if (!must_settle()) return;
  if (log_end != high_watermark && !Mutated(Mutation::kEDoesNotWaitForTheHighWatermark)) {
    ++failures_;
    last_error_ = absl::StrCat("waiting for the target's in-sync replicas: its log ends at ", log_end.value,
                               ", replicated up to ", high_watermark.value);
    return;
  }
  if (move_to_.has_value()) {
    if (move_from_.value_or(log_end) != log_end) return GiveUpMove();
    proven_end_ = log_end;  // whatever is there stays
    phase_ = Phase::kRenewing;
    return;
  }
  const bool is_first = std::exchange(is_restored_, false);
  // Retention can leave no last batch at any time.
  if ((is_first || !tail.has_value()) && !IsOurs(log_end, tail) && MayBeOfAnotherHolder(tail)) {
    foreign_unless_found_ = true;
    return FindByContent(log_end, "this folder does not know which producer wrote the last of them");
  }
  if (!IsOurs(log_end, tail)) return QuarantineForeign(log_end);
  // The broker takes a sequence that it has seen for the batch that it has seen, whatever the content.
  const InFlight* sent = SentUpTo(log_end);
  if (sent != nullptr && tail.has_value() && tail->content_crc.value_or(sent->content_crc) != sent->content_crc) {
    if (!IsRewritten(*tail, sent->codec) || tail->record_count != sent->record_count) return QuarantineForeign(log_end);
    question_ = TailQuestion{sent->source_base, log_end, *tail};
    return;
  }
  SettleAt(log_end, tail);
}

// The target's log ends at `log_end`, and its last batch is ours.
void Partition::SettleAt(TargetOffset log_end, const std::optional<TargetTail>& tail) {
  if (in_flight_.empty()) {  // nothing was refused or lost, so nothing is left to back off from
    failures_ = 0;
    last_error_.clear();
  }
  while (!in_flight_.empty() && in_flight_.front().expected_end() <= log_end) Acknowledge();
  if (log_end > target_end_ && !tail.has_value()) return QuarantineForeign(log_end);
  if (log_end > target_end_ && options_.is_compacted) return FindByContent(log_end, "the source is compacted");
  if (log_end < target_end_ && !Mutated(Mutation::kFIgnoresLostRecords)) return LookBeforeCuttingBack(log_end, tail);
  if (!counts_forward_ && log_end - target_end_ > options_.counted_max) {
    counts_unless_found_ = true;
    return FindByContent(log_end, "these are too many to be counted");
  }
  // Batches that were sent long ago can land after they were given up: what lies beyond target_end_ is read from the
  // source once more, and counted instead of sent.
  RestartAt(position_, target_end_, log_end);
  if (log_end > target_end_) proven_tail_ = tail;
}

std::string Partition::OnTailCompared(const TailComparison& comparison) {
  if (!question_.has_value()) return "";
  const TailQuestion question = *std::exchange(question_, std::nullopt);
  const bool is_there = comparison.source.has_value() && comparison.source->base_offset == question.source_base.value &&
                        comparison.source->record_count == question.tail.record_count;
  const bool differ = comparison.records == TailComparison::Records::kDiffer;
  const InFlight* sent = SentUpTo(question.log_end);
  if (sent == nullptr) {  // the target has lost records
    // By its own checksum the next look at the source's history finds the batch that contradicts.
    offsets::SourceEvidence evidence = {question.source_base.value, -1, question.tail.record_count,
                                        *question.tail.content_crc};
    if (!comparison.source.has_value()) evidence = {};
    if (is_there && !differ) evidence = EvidenceOf(*comparison.source);
    CutBackTo(question.log_end, evidence);
    return "";
  }
  const bool is_what_was_sent = is_there && comparison.source->content_crc == sent->content_crc;
  if (is_what_was_sent && differ && !Mutated(Mutation::kETakesWhatWasRewritten)) {
    sent->is_adopted ? FindByContent(question.log_end, kLeadElsewhere) : QuarantineForeign(question.log_end);
    return "";
  }
  std::string told;
  if (!is_what_was_sent || comparison.records == TailComparison::Records::kUnreadable) {
    told = absl::StrCat("the target has changed the bytes of its last ", sent->record_count,
                        " records, which should be the source's from offset ", sent->source_base.value, " on; ",
                        is_what_was_sent ? "they cannot be decompressed" : "the source no longer has them",
                        " to be compared. They are taken for this link's by producer, sequence and count");
  }
  SettleAt(question.log_end, question.tail);
  return told;
}

// Another process, with a folder of its own, may have held the link since this folder's did, and have got a new
// producer id. Or retention has left nothing of what it copied.
bool Partition::MayBeOfAnotherHolder(const std::optional<TargetTail>& tail) const {
  return !tail.has_value() || (tail->producer.id >= 0 && !HasUsed(tail->producer));
}

// The batch in flight, or named by an intent, that ends at `log_end`; nullptr: none does.
const Partition::InFlight* Partition::SentUpTo(TargetOffset log_end) const {
  auto sent = std::find_if(in_flight_.begin(), in_flight_.end(),
                           [&](const InFlight& batch) { return batch.expected_end() == log_end; });
  return sent == in_flight_.end() ? nullptr : &*sent;
}

// A producer never sends append times.
bool Partition::IsRewritten(const TargetTail& tail, kafka::Codec sent) {
  return tail.has_append_times || tail.codec != sent;
}

// More is there than this life knows the source offsets of, and counting the source's records does not tell them: the
// place is to be found anew, by the content of the target's last batch.
void Partition::FindByContent(TargetOffset log_end, const char* why) {
  LOG(WARNING) << "the target holds records up to " << log_end << ", of which the places in the source are known up to "
               << target_end_ << ", and " << why << ": looking for the last batch by its content";
  ForgetCounted();
  ClearQueue();
  in_flight_.clear();
  question_.reset();
  must_sync_ = true;  // how it begins again
  phase_ = Phase::kNew;
}

void Partition::QuarantineForeign(TargetOffset log_end) {
  PutInQuarantine(QuarantineCode::kForeignWrite,
                  absl::StrCat("the target's log ends at ", log_end.value, ", of which this link has written up to ",
                               target_end_.value, " and no more than up to ", next_expected_.value,
                               ", and its last batch is not what this link put there: ",
                               ForeignWriter(position_, LostOrDoubled(log_end, target_end_))));
}

void Partition::QuarantineMisplaced(const InFlight& sent, int64_t base_offset) {
  const std::string where =
      absl::StrCat("the target put a batch at offset ", base_offset, " that belongs at ", sent.expected.value, ": ");
  if (base_offset > sent.expected.value) {
    return PutInQuarantine(
        QuarantineCode::kForeignWrite,
        absl::StrCat(where,
                     ForeignWriter(position_, absl::StrCat("the ", sent.record_count, " records of that batch, which ",
                                                           "the target has, then come twice"))));
  }
  PutInQuarantine(QuarantineCode::kTargetLost,
                  absl::StrCat(where, "it lost records that it had acknowledged (an unclean leader election, or the ",
                               "topic was made anew?), and what follows them stands in their place now. ", kCopyAnew));
}

// The target's last batch is the source's that the map says, or the source has another history: so that one is looked
// at first, where it can be told. Compaction leaves none to rely on.
void Partition::LookBeforeCuttingBack(TargetOffset log_end, const std::optional<TargetTail>& tail) {
  const bool is_comparable =
      !options_.is_compacted && tail.has_value() && tail->content_crc.has_value() && tail->record_count > 0;
  if (is_comparable) {
    const std::optional<SourceOffset> base = map_.SourceOf(TargetOffset(log_end.value - tail->record_count));
    if (base.has_value()) {
      question_ = TailQuestion{*base, log_end, *tail};
      return;
    }
  }
  CutBackTo(log_end, {});
}

void Partition::CutBackTo(TargetOffset log_end, const offsets::SourceEvidence& evidence) {
  const std::optional<SourceOffset> source = map_.SourceOf(log_end);
  if (!source.has_value()) {
    return PutInQuarantine(
        QuarantineCode::kTargetLost,
        absl::StrCat("the target's log ends at ", log_end.value, " although it acknowledged everything up to ",
                     target_end_.value, " (an unclean leader election?), and where to go on is no longer known. ",
                     kCopyAnew));
  }
  LOG(WARNING) << "the target lost acknowledged records (its log ends at " << log_end << ", acknowledged up to "
               << target_end_ << "); copying again from source offset " << *source;
  evidence_ = evidence;
  has_cut_back_ = true;
  map_.TruncateTo(log_end);
  position_epoch_ = -1;
  // What comes next at these offsets need not be what lay there before, and the sequences do not tell: of the two the
  // store must not bring the old one back.
  unsaved_ = must_sync_ = true;
  // What is left was written with an earlier producer: the leader knows that one, or has forgotten it again.
  while (eras_.size() > 1 && eras_.back().begin >= log_end) eras_.pop_back();
  RestartAt(*source, log_end, log_end);
}

void Partition::Pause() {
  paused_ = true;
  ClearQueue();
  fetch_offset_ = in_flight_.empty() ? position_ : in_flight_.back().source_end;
}

void Partition::PruneBelow(SourceOffset source_log_start, TargetOffset target_log_start) {
  if (map_.PruneBelow({source_log_start, target_log_start})) unsaved_ = true;
}

void Partition::PutInQuarantine(QuarantineCode code, std::string reason) {
  if (quarantined()) return;
  ForgetCounted();
  ClearQueue();
  phase_ = Phase::kQuarantined;
  unsaved_ = must_sync_ = true;
  move_to_.reset();
  counts_forward_ = false;
  question_.reset();
  quarantine_ = Quarantine{code, std::move(reason)};
}

void Partition::End(std::optional<int64_t> source_end, std::string reason) {
  if (has_place() && source_end.has_value()) lost_with_topic_ = std::max<int64_t>(0, *source_end - position_.value);
  PutInQuarantine(QuarantineCode::kSourceDeleted, std::move(reason));
}

}  // namespace replicator
