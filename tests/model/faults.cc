// What goes wrong in a history: connections, brokers, elections, other writers, the process itself.
#include <algorithm>
#include <utility>

#include "tests/model/history.h"

namespace replicator::tests {
namespace {

// Requests of closed connections that wait to be read.
constexpr size_t kLateMax = 3;

}  // namespace

void History::Fault() {
  const int kind = random_.Below(kFaultKinds);
  if (!Knows(static_cast<FaultKind>(kind))) return;
  switch (static_cast<FaultKind>(kind)) {
    case kLoseConnection:
      return BreakConnection("the network");
    case kLateRequests:
      return wire_.has_value() && !wire_->read ? BreakConnection("a stopped broker") : LandLate();
    case kCleanElection:
      return ElectCleanly();
    case kUncleanElection:
      return ElectUncleanly();
    case kBrokerRestart:
      return RestartBroker();
    case kForgetProducer:
      return ForgetProducer();
    case kForeignWriter:
      return WriteForeign();
    case kProcessDeath:
      return Die();
    case kPauses:
      return TogglePause();
    case kSlowReplication:
      if (wire_.has_value() && wire_->read) TimeOut();
      return;
    case kStaleAnswers:
      return DeliverStaleAnswer();
    case kSourceRetention:
      return DeleteAtSource();
    case kTargetRetention:
      return DeleteAtTarget();
    case kOtherCauses:
      return StopAndCheckAgain();
    case kSourceElection:
      return ElectAtSource();
    case kSourceTruncation:
      return TruncateSource();
    case kSourceRecreation:
      // Where nothing asks the source, and no fetch is out, it takes longer than that lasts.
      if (paused_ || fetch_.has_value()) RecreateSource();
      return;
    case kFaultKinds:
      return;
  }
}

// The request is lost, or its bytes lie in a buffer from which the broker may read them later; or only the answer is
// lost.
void History::BreakConnection(const char* why) {
  settle_.reset();
  if (!wire_.has_value()) return;
  const bool late = !wire_->read && Knows(kLateRequests) && late_.size() < kLateMax && !random_.OneIn(4);
  Trace("connection lost (", why, "), send ", wire_->send_id,
        wire_->read ? " was read"
        : late      ? " may land late"
                    : " is lost");
  if (late) late_.push_back(wire_->produce);
  const uint64_t id = wire_->send_id;
  if (wire_->read && wire_->result.error == 0) stale_ = StaleAnswer{id, wire_->result.base_offset};
  wire_.reset();
  partition().OnAnswer(id, {.verdict = Answer::Verdict::kUnclear, .error = why});
}

// REQUEST_TIMED_OUT or NOT_ENOUGH_REPLICAS_AFTER_APPEND: the leader has it, its followers not yet.
void History::TimeOut() {
  if (!Knows(kSlowReplication) || !random_.OneIn(2) || wire_->result.error != 0) return;
  Trace("answer ", wire_->send_id, ": not replicated in time");
  const uint64_t id = wire_->send_id;
  wire_.reset();
  partition().OnAnswer(id, {.verdict = Answer::Verdict::kUnclear, .error = "7"});
}

void History::LandLate() {
  if (late_.empty()) return;
  const size_t index = random_.Below(static_cast<int>(late_.size()));
  const Produce produce = late_[index];
  late_.erase(late_.begin() + index);
  const bool known = target_.Knows(produce.producer);
  const ProduceResult result = target_.Append(produce);
  Trace("late: batch ", produce.content, ", sequence ", produce.base_sequence, ": error ", result.error,
        ", base offset ", result.base_offset, result.appended ? ", appended" : "");
  if (result.error == TargetLog::kOutOfOrderSequence) ++coverage_.out_of_order;
  if (!result.appended) return;
  ++coverage_.late_landings;
  CheckAppend(/*late=*/true, known);
  late_end_ = result.end_offset;
  late_was_forgotten_ = !known;
}

void History::DeliverStaleAnswer() {
  if (!stale_.has_value()) return;
  Trace("stale answer ", stale_->send_id, " at ", stale_->base_offset);
  partition().OnAnswer(stale_->send_id, {.verdict = Answer::Verdict::kAppended, .base_offset = stale_->base_offset});
  stale_.reset();
}

// The new leader was in sync: it has all that is replicated, perhaps not more, and may know an older high watermark.
void History::ElectCleanly() {
  const int64_t log_end = RandomBorder(true_high_watermark_, target_.log_end());
  const int64_t high_watermark = RandomBorder(target_.start(), true_high_watermark_);
  const bool forgets = Knows(kForgetProducer) && random_.OneIn(4);
  target_.Elect(log_end, high_watermark, 5);
  if (forgets) target_.ForgetProducers();
  Trace("clean election: log end ", log_end, ", high watermark ", high_watermark,
        forgets ? ", producer forgotten" : "");
  BreakConnection("election");
}

// The new leader was not in sync: acknowledged records are lost.
void History::ElectUncleanly() {
  const int64_t log_end = RandomBorder(target_.start(), true_high_watermark_);
  const int64_t high_watermark = RandomBorder(target_.start(), log_end);
  target_.Elect(log_end, high_watermark, 5);
  true_high_watermark_ = log_end;
  lost_before_life_ |= log_end < life_begin_;
  lost_before_life_ |= WasUnknown(log_end);
  lowest_cut_ = std::min(lowest_cut_, log_end);
  Trace("unclean election: log end ", log_end, ", high watermark ", high_watermark);
  BreakConnection("election");
}

// Quarantined for what has nothing to do with the source, or for its absence, and let go on. Answers that are due come
// meanwhile, or later; and nobody asks the source.
void History::StopAndCheckAgain() {
  if (!partition().begun()) return;
  ++coverage_.checks_again;
  Trace("quarantined for another cause");
  const QuarantineCode cause = random_.OneIn(2) ? QuarantineCode::kSourceDeleted : QuarantineCode::kTargetRefused;
  partition().PutInQuarantine(cause, "hidden");
  if (partition().can_send() || partition().must_settle() || partition().wants_fetch())
    Violated("a partition in quarantine does something");
  for (int i = stores_ ? random_.Below(4) : 0; i > 0; --i) KeepState();
  for (int i = random_.Below(3); i > 0 && wire_.has_value(); --i) wire_->read ? DeliverAnswer() : ReadRequest();
  if (random_.OneIn(4)) BreakConnection("meanwhile");
  if (Knows(kSourceRecreation) && random_.OneIn(2)) RecreateSource();
  if (!partition().IsQuarantinedFor(cause)) Violated("G: an answer ends a quarantine");
  Trace("checked again");
  machine_->CheckAgain();
}

void History::RestartBroker() {
  const bool forgets = Knows(kForgetProducer) && random_.OneIn(2);
  target_.Elect(target_.log_end(), target_.high_watermark(), 1);
  if (forgets) target_.ForgetProducers();
  Trace("broker restart", forgets ? ", producer forgotten" : "");
  BreakConnection("restart");
}

void History::ForgetProducer() {
  target_.ForgetProducers();
  Trace("producer forgotten");
}

void History::WriteForeign() {
  if (!random_.OneIn(4)) return;  // most such histories end here
  const int count = 1 + random_.Below(2);
  target_.AppendForeign(count);
  Trace("foreign write of ", count, ", log end ", target_.log_end());
}

void History::TogglePause() {
  paused_ = !paused_;
  Trace(paused_ ? "pause" : "resume");
  if (paused_) return partition().Pause();
  partition().Resume();
  doubt().Doubt(DoubtReason::kTargetStalled);
}

// What the present holder does at its end, of which the next one's folder knows nothing.
void History::CopyWithNewProducer() {
  const int64_t records = target_.log_end() - target_.start();
  if (Contaminated() || !late_.empty() || records >= source_.records()) return;
  const int content = source_.ContentOf(records);
  const SourceLog::Entry& entry = source_.entry(content);
  if (entry.first_record != records || entry.base < source_.log_start()) return;
  if (entry.before != LastContent()) return;  // the source has another history
  const int64_t id = ordinals_minus_target_.rbegin()->first + 1;
  ordinals_minus_target_[id] = -target_.log_end();
  target_.Append({{.id = id, .epoch = 0}, 0, entry.record_count, content});
  Replicate(target_.log_end());
  Trace("batch ", content, " is copied with producer ", id);
}

// kill -9 or a power cut; the next process begins from the stored state, if there is one.
void History::Die() {
  if (!stores_ || random_.OneIn(4)) return TakeOver();  // the folder is lost, or another process's is new
  // Without a last batch to look at, more than was stored cannot be told from what somebody else wrote.
  const bool is_power_cut = tail_is_readable_ && random_.OneIn(4);
  if (is_power_cut && !states_.OutlivesPowerCut()) return TakeOver();
  BreakConnection("death of the process");
  if (state_on_its_way_.has_value() && !state_is_written_ && random_.OneIn(2))
    states_.Write(*std::move(state_on_its_way_));
  if (is_power_cut) states_.CutPower();
  // One that had not begun, and was stored for its quarantine, is no better than none.
  if (!states_.Read().has_value() || states_.Read()->eras.empty()) return TakeOver();
  // Nobody copies, for long.
  if (Knows(kSourceRetention) && random_.OneIn(2)) DeleteAtSource();
  if (Knows(kSourceTruncation) && random_.OneIn(4)) TruncateSource();
  if (Knows(kSourceRecreation) && random_.OneIn(4)) RecreateSource();
  // Another process takes over, with what its own folder knows from the last time that it held the link.
  if (tail_is_readable_ && other_states_.Read().has_value() && !other_states_.Read()->eras.empty() &&
      random_.OneIn(2)) {
    if (random_.OneIn(2)) CopyWithNewProducer();
    std::swap(states_, other_states_);
    if (Mutated(Mutation::kKTheOldHolderGoesOn)) old_holder_ = std::move(machine_);
    ++coverage_.alternations;
  }
  ++coverage_.restarts;
  coverage_.power_cuts += is_power_cut;
  Restore(*states_.Read());
}

// The next owner's folder is empty: it looks for its place.
void History::TakeOver() {
  if (Contaminated()) return;
  if (Knows(kSourceTruncation) && random_.OneIn(8)) TruncateSource();
  const int content = LastContent();
  if (content == kEarlierContent || !tail_is_readable_) {
    // The model knows it: what was there before the history began, or left no batch to look at.
    if (content >= 0 && !source_.entry(content).is_there) return;
    BreakConnection("death of the process");
    Replicate(target_.log_end());
    ++coverage_.take_overs;
    const int64_t records = target_.log_end() - target_.start();
    const int64_t position = records == 0 ? source_.log_start() : source_.entry(source_.ContentOf(records - 1)).end;
    const std::optional<TargetTail> tail = target_.TailAt(target_.log_end());
    if (tail.has_value() && tail->producer.id >= 0) producer_ = tail->producer;
    const offsets::SourceEvidence evidence =
        content < 0 ? offsets::SourceEvidence() : EvidenceOf(HeaderOf(source_.ContentOf(records - 1)));
    return Begin(position, target_.log_end() + ordinals_minus_target_.at(producer_.id), evidence);
  }
  BreakConnection("death of the process");
  ++coverage_.take_overs;
  LeaveFolder();
  NewMachine();
  known_leader_epoch_ = target_.leader_epoch();
  Trace("begins with an empty folder");
}

int64_t History::RandomBorder(int64_t from, int64_t to) {
  const auto& batches = target_.batches();
  int borders = 1;  // `from` itself
  int64_t chosen = from;
  for (auto batch = batches.rbegin(); batch != batches.rend() && batch->end_offset() > from; ++batch) {
    if (batch->end_offset() > to) continue;
    if (random_.OneIn(++borders)) chosen = batch->end_offset();
  }
  return chosen;
}

}  // namespace replicator::tests
