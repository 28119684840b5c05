#include "tests/model/driver.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "replicator/partition/mutation.h"
#include "tests/model/content.h"
#include "tests/model/history.h"

namespace replicator::tests {
namespace {

constexpr int kEventsMin = 30;
constexpr int kEventsSpread = 60;
constexpr int kEntriesMax = 14;
constexpr int64_t kSequenceMax = 0x7fffffff;
// Rounds in which a history without further faults must have copied everything.
constexpr int kDrainRoundsMax = 500;
constexpr int64_t kQueueBytesMax = 30;

const std::string& TargetTopic() {
  static const auto* const topic = new std::string("orders");
  return *topic;
}

}  // namespace

void Coverage::Add(const Coverage& other) {
  events += other.events;
  drained += other.drained;
  foreign_quarantines += other.foreign_quarantines;
  lost_quarantines += other.lost_quarantines;
  producers_renewed += other.producers_renewed;
  acknowledged_by_settling += other.acknowledged_by_settling;
  adopted += other.adopted;
  cut_back += other.cut_back;
  settles_behind_replication += other.settles_behind_replication;
  tails_compared += other.tails_compared;
  tails_other += other.tails_other;
  tails_not_compared += other.tails_not_compared;
  duplicates_answered += other.duplicates_answered;
  out_of_order += other.out_of_order;
  late_landings += other.late_landings;
  late_doubles += other.late_doubles;
  overtaken_fetches += other.overtaken_fetches;
  take_overs += other.take_overs;
  restarts += other.restarts;
  power_cuts += other.power_cuts;
  intents_settled += other.intents_settled;
  wraps += other.wraps;
  retentions += other.retentions;
  target_retentions += other.target_retentions;
  both_emptied += other.both_emptied;
  went_on += other.went_on;
  counted_forward += other.counted_forward;
  located += other.located;
  alternations += other.alternations;
  checks_again += other.checks_again;
  searches_overtaken += other.searches_overtaken;
  source_elections += other.source_elections;
  source_truncations += other.source_truncations;
  source_recreations += other.source_recreations;
  looks += other.looks;
  blind += other.blind;
  looks_overtaken += other.looks_overtaken;
  borders += other.borders;
  divergences_told += other.divergences_told;
  truncated_quarantines += other.truncated_quarantines;
}

std::string RunHistory(uint64_t seed, Coverage& coverage, std::vector<std::string>* trace) {
  return History(seed, coverage, trace).Run();
}

History::History(uint64_t seed, Coverage& coverage, std::vector<std::string>* trace)
    : random_(seed),
      coverage_(coverage),
      trace_(trace),
      source_(random_, 1 + random_.Below(kEntriesMax), 0),
      target_(random_.OneIn(2) ? 0 : 7, /*refuses_unknown_producers=*/random_.OneIn(4)) {}

History::Machine::Machine(const Partition::Options& options, bool topic_has_id)
    : partition(options), doubt(partition, topic_has_id), placement(partition, doubt, TargetTopic()) {}

void History::Machine::CheckAgain() {
  partition.CheckAgain();
  doubt.OnCheckedAgain();
  placement.OnCheckedAgain();
}

// With a rule broken that matters seldom: the faults in which it does.
void History::FavourWhatIsBroken() {
  if (Mutated(Mutation::kETakesWhatWasRewritten)) {
    stores_ = target_compresses_ = tail_is_readable_ = true;
    source_has_ids_ = source_tells_ = false;
    menu_ |= 1u << kSourceTruncation | 1u << kProcessDeath;
  } else if (Mutated(Mutation::kKTheOldHolderGoesOn)) {
    stores_ = true;
    menu_ |= 1u << kProcessDeath | 1u << kForgetProducer;
  } else if (Mutated(Mutation::kGAnOldAnswerSettles)) {
    source_has_ids_ = source_tells_ = false;
    menu_ = 1u << kSourceTruncation | 1u << kSourceElection | 1u << kPauses;
    steps_per_fault_ = 2;
  } else if (Mutated(Mutation::kGRetriesWithoutALook)) {
    source_has_ids_ = source_tells_ = false;
    menu_ = 1u << kSourceRecreation | 1u << kOtherCauses;
  }
}

void History::Setup() {
  stores_ = random_.OneIn(2);
  source_has_ids_ = random_.OneIn(2);
  source_tells_ = source_has_ids_ && random_.OneIn(2);
  source_fences_ = source_has_ids_ || random_.OneIn(2);
  menu_ = static_cast<uint32_t>(random_.Next());
  if (random_.OneIn(2)) menu_ &= static_cast<uint32_t>(random_.Next());
  steps_per_fault_ = 2 << random_.Below(3);
  // Where retention leaves no last batch to look at, only what the count can tell may happen.
  tail_is_readable_ = !random_.OneIn(8);
  if (!tail_is_readable_) menu_ &= ~(1u << kLateRequests | 1u << kForeignWriter);
  // Beyond what the last batch's header can tell, so kept out: an unclean election takes all that the leader knows of
  // the producer, somebody else writes exactly as many records as were lost, and behind them a late request finds its
  // place.
  if (Knows(kUncleanElection) && Knows(kForeignWriter)) menu_ &= ~(1u << kLateRequests);
  // What retention takes at the source must not be needed again.
  if (Knows(kSourceRetention)) menu_ &= ~(1u << (random_.OneIn(2) ? kSourceRetention : kUncleanElection));
  if (!random_.OneIn(3)) menu_ &= ~(1u << kSourceTruncation | 1u << kSourceRecreation);
  if (!random_.OneIn(4)) menu_ &= ~(1u << kTargetRetention);
  target_compresses_ = random_.OneIn(3);
  FavourWhatIsBroken();
  // As where no last batch is readable; and what is deleted on the target must not be needed there again.
  if (Knows(kTargetRetention)) {
    menu_ &= ~(1u << kLateRequests | 1u << kForeignWriter | 1u << kUncleanElection | 1u << kSourceTruncation |
               1u << kSourceRecreation);
  }
  if (target_compresses_) target_.CompressAnew();
  if (source_has_ids_) menu_ &= ~(1u << kSourceRecreation);  // shows by the id
  // Beyond what the sequence can tell, so kept out: a late request of the old history lands in the place of a batch of
  // the new one.
  if (Knows(kSourceTruncation) || Knows(kSourceRecreation)) menu_ &= ~(1u << kLateRequests | 1u << kForeignWriter);
  counted_max_ = random_.OneIn(2) ? random_.Below(6) : 1'000;
  for (int i = random_.Below(4); i > 0; --i) source_.Grow();
  // What was there before: records of this producer id, which the ordinal counts, or of somebody before it.
  int64_t ordinal = 0;
  if (target_.start() > 0) {
    if (random_.OneIn(2)) ordinal = random_.OneIn(2) ? target_.start() : kSequenceMax - random_.Below(10);
    if (ordinal > 0) target_.SeedProducer(producer_, static_cast<int32_t>(ordinal - 1));
  }
  true_high_watermark_ = target_.log_end();
  ordinals_minus_target_[producer_.id] = ordinal - target_.log_end();
  Begin(random_.OneIn(2) && !Knows(kSourceRecreation) ? source_.start() : 0, ordinal);
}

// Where the model knows the place: what was there before the history began cannot be found.
void History::Begin(int64_t position, int64_t ordinal, const offsets::SourceEvidence& evidence) {
  LeaveFolder();
  NewMachine();
  partition().Begin(SourceOffset(position), TargetOffset(target_.log_end()), Ordinal(ordinal), evidence);
  known_leader_epoch_ = target_.leader_epoch();
  NoteBegun();
}

// The process that begins has a folder of its own, which is empty.
void History::LeaveFolder() {
  StateLog left = std::exchange(states_, {});
  if (left.Read().has_value()) other_states_ = std::move(left);
}

// The partition has begun: what the model keeps of it begins anew.
void History::NoteBegun() {
  producer_ = partition().producer();
  is_restarted_ = false;
  life_begin_ = last_target_end_ = partition().target_end().value;
  life_producers_ = {producer_.id};
  last_position_ = -1;
  lost_before_life_ = false;
  Trace("begin: position ", partition().position().value, ", target end ", life_begin_, ", producer ", producer_.id);
}

// The same where what was known below stays known.
void History::NoteWentOn(int64_t target_end_before) {
  const std::set<int64_t> producers = life_producers_;
  NoteBegun();
  if (partition().map().ranges().front().begin.target.value == life_begin_) return;
  ++coverage_.went_on;
  life_begin_ = partition().map().ranges().front().begin.target.value;
  life_producers_.insert(producers.begin(), producers.end());
  unknown_.emplace_back(target_end_before, last_target_end_);
  lost_before_life_ |= lowest_cut_ < last_target_end_;
}

bool History::WasUnknown(int64_t target) const {
  return std::any_of(unknown_.begin(), unknown_.end(),
                     [&](const auto& range) { return range.first <= target && target < range.second; });
}

// Of a process that begins. It gets metadata before anything else.
void History::NewMachine() {
  machine_ = std::make_unique<Machine>(Partition::Options{.producer = producer_,
                                                          .queue_bytes_max = kQueueBytesMax,
                                                          .stores_intents = stores_,
                                                          .counted_max = counted_max_},
                                       source_has_ids_);
  state_on_its_way_.reset();
  fetch_.reset();
  source_ends_.reset();
  look_.reset();
  look_read_.reset();
  tail_read_.reset();
  search_.reset();
  stale_.reset();
  paused_ = false;
  early_batches_ = 0;
  known_source_epoch_ = source_.leader_epoch();
  known_source_broker_ = source_.broker();
  // Its folder may know of another history than the one that was read last.
  if (was_cut_below_) read_.fill(0);
}

// What the stored state says, and nothing else.
void History::Restore(const offsets::PartitionState& state) {
  producer_ = state.eras.back().producer;
  NewMachine();
  partition().Restore(state);
  doubt().OnRestored(state.source_log_start_max);
  is_restarted_ = true;
  life_begin_ = partition().map().ranges().front().begin.target.value;
  lost_before_life_ |= lowest_cut_ < life_begin_;
  last_target_end_ = state.target_end.value;
  last_position_ = -1;
  life_producers_.clear();
  for (const offsets::Era& era : state.eras) life_producers_.insert(era.producer.id);
  // Also what another holder got: its batches are found by content.
  for (const TargetLog::LogBatch& batch : target_.batches()) life_producers_.insert(batch.produce.producer.id);
  known_leader_epoch_ = target_.leader_epoch();
  Trace("restore: position ", state.position.value, ", target end ", state.target_end.value, ", ", state.intents.size(),
        " intents");
}

std::string History::Run() {
  Setup();
  for (int i = kEventsMin + random_.Below(kEventsSpread); i > 0 && !done(); --i) {
    Step();
    CheckStep();
  }
  if (!done()) Drain();
  if (!violation_.empty() || is_blind_) return violation_;
  partition().quarantined() ? CheckQuarantine() : CheckDrained();
  CheckMap();
  CheckRanges();
  return violation_;
}

void History::Step() {
  ++coverage_.events;
  if (random_.OneIn(steps_per_fault_)) return Fault();
  switch (random_.Below(7)) {
    case 0:
    case 1:
      return Source();
    case 2:
    case 3:
    case 4:
      return Sink();
    case 5:
      return Replicate(random_.OneIn(2) ? target_.log_end()
                                        : RandomBorder(target_.high_watermark(), target_.log_end()));
    default:
      if (random_.OneIn(2)) source_.Grow();
      if (random_.OneIn(2)) KeepState();
      if (random_.OneIn(4)) HearOfSourceLeader();
      if (old_holder_ != nullptr) OldHolderGoesOn();
      return;
  }
}

// No faults any more but the late requests that are under way: everything must arrive.
void History::Drain() {
  Trace("-- drain");
  menu_ = 0;
  while (source_.visible() < source_.entries()) source_.Grow();
  if (paused_) TogglePause();
  if (random_.OneIn(2)) late_.clear();
  HearOfSourceLeader();
  has_heard_ = source_.leader_epoch() == 0 && source_.times_recreated() == 0;
  for (int round = 0; round < kDrainRoundsMax && !done(); ++round) {
    if (IsDrained()) return;
    if (random_.OneIn(4)) LandLate();
    Replicate(target_.log_end());
    CheckStep();
    Source();
    CheckStep();
    if (!done()) Sink();
    CheckStep();
  }
  if (!done())
    Violated("stuck: position ", partition().position().value, " of ", source_.end(), ", target end ",
             partition().target_end().value, ", log end ", target_.log_end(), ": ", partition().last_error());
}

bool History::IsDrained() const {
  return partition().begun() && partition().position().value == source_.end() && !partition().must_settle() &&
         partition().tail_question() == nullptr && !partition().in_flight() &&
         known_leader_epoch_ == target_.leader_epoch() && machine_->doubt.may_fetch() && has_heard_;
}

// ---- The sink.

void History::Sink() {
  if (settle_.has_value()) return EndSettle();
  if (wire_.has_value()) return wire_->read ? DeliverAnswer() : ReadRequest();
  if (partition().must_settle()) {
    // Before a new id is taken, what closed connections left behind has had its time.
    if (partition().must_outwait_old_requests() && !late_.empty()) return LandLate();
    return BeginSettle();
  }
  if (known_leader_epoch_ != target_.leader_epoch()) {
    known_leader_epoch_ = target_.leader_epoch();
    Trace("target change: leader epoch ", known_leader_epoch_);
    placement().OnTargetLeaderChange();
    return partition().OnTargetChange();
  }
  if (placement().must_ask_target()) return AskTargetAtStart();
  if (placement().must_search()) return Search();
  if (partition().must_renew_producer()) return RenewProducer();
  if (partition().can_send()) return Send();
  KeepState();
}

// Settler: the target's leader shows its last batch, once its replicas have all of the log.
void History::AskTargetAtStart() {
  Replicate(target_.log_end());
  ++coverage_.located;
  TargetAtStart target;
  target.log_end = TargetOffset(target_.log_end());
  if (!target_.batches().empty() && !target_.IsEmptied()) {
    const Producer& producer = target_.batches().back().produce.producer;
    const auto known = ordinals_minus_target_.find(producer.id);
    const int64_t ordinal = known == ordinals_minus_target_.end() ? 0 : target_.log_end() + known->second;
    target.last_batch = TargetLastBatch{producer, Ordinal(ordinal), std::string(1, static_cast<char>(LastContent()))};
  }
  Trace("target at start: log end ", target_.log_end());
  placement().OnTarget(std::move(target));
}

// A second process copies into the same partition. It meets no faults.
void History::OldHolderGoesOn() {
  Partition& old = old_holder_->partition;
  if (old.quarantined() || !old.begun()) return;
  if (old.must_settle()) {
    Replicate(target_.log_end());
    const TargetOffset end(target_.log_end());
    return old.OnTargetEnd(end, end, target_.TailAt(end.value));
  }
  if (old.can_store() || old.must_store()) {
    old.TakeState();
    return old.OnStored();
  }
  if (!old.can_send()) return;
  const replicator::Send send = old.TakeSend();
  const Produce produce = {send.producer, send.base_sequence, send.record_count, ContentOf(send.bytes)};
  const bool known = target_.Knows(produce.producer);
  const ProduceResult result = target_.Append(produce);
  Trace("the old holder sends batch ", produce.content, ": error ", result.error, " at ", result.base_offset);
  if (result.appended) CheckAppend(/*late=*/false, known);
  Answer answer = {.verdict = Answer::Verdict::kUnclear, .error = "45"};
  if (result.error == 0) answer = {.verdict = Answer::Verdict::kAppended, .base_offset = result.base_offset};
  old.OnAnswer(send.id, answer);
}

// ---- The store.

// Its thread writes a state some time after it was taken, and the partition hears of it later still.
void History::KeepState() {
  if (state_on_its_way_.has_value()) {
    if (!std::exchange(state_is_written_, true)) {
      states_.Write(*std::move(state_on_its_way_));
    } else {
      state_on_its_way_.reset();
      partition().OnStored();
    }
  } else if (partition().must_store() || ((partition().can_store() || partition().has_unsaved()) && random_.OneIn(4))) {
    state_on_its_way_ = partition().TakeState();
    state_on_its_way_->source_log_start_max = doubt().log_start_max();
    state_is_written_ = false;
  } else if (random_.OneIn(4)) {
    states_.Sync();
  }
}

void History::Send() {
  const replicator::Send send = partition().TakeSend();
  const int content = ContentOf(send.bytes);
  const int64_t ordinal = send.expected.value + ordinals_minus_target_.at(send.producer.id);
  Trace("send ", send.id, ": batch ", content, ", sequence ", send.base_sequence, ", expected at ",
        send.expected.value);
  wire_ = Wire{.send_id = send.id,
               .produce = {send.producer, send.base_sequence, send.record_count, content},
               .read = false,
               .result = {}};
  // A, B, D
  if (stores_ && !states_.Names(SourceOffset(source_.entry(content).base)))
    Violated("D: batch ", content, " was sent before its intent was stored");
  if (send.base_sequence != (ordinal & kSequenceMax))
    Violated("B: sequence ", send.base_sequence, " for ordinal ", ordinal);
  if (source_.entry(content).first_record != send.expected.value - target_.start()) {
    Violated("A: batch ", content, " is not the one that belongs at ", send.expected.value);
  }
  if (ordinal > kSequenceMax) ++coverage_.wraps;
}

void History::ReadRequest() {
  if (Knows(kSlowReplication) && random_.OneIn(8)) {
    Trace("broker: not enough replicas, nothing appended");
    const uint64_t id = wire_->send_id;
    wire_.reset();
    return partition().OnAnswer(id, {.verdict = Answer::Verdict::kUnclear, .error = "19"});
  }
  const bool known = target_.Knows(wire_->produce.producer);
  wire_->read = true;
  wire_->result = target_.Append(wire_->produce);
  const ProduceResult& result = wire_->result;
  Trace("broker reads: error ", result.error, ", base offset ", result.base_offset,
        result.appended ? ", appended" : "");
  if (result.appended) CheckAppend(/*late=*/false, known);
  if (!result.appended && result.error == 0) ++coverage_.duplicates_answered;
  if (result.error == TargetLog::kOutOfOrderSequence) ++coverage_.out_of_order;
}

// acks=all: success is told once the high watermark has passed the batch.
void History::DeliverAnswer() {
  const ProduceResult& result = wire_->result;
  const uint64_t id = wire_->send_id;
  Answer answer;
  if (result.error == TargetLog::kUnknownProducerId) {
    answer = {.verdict = Answer::Verdict::kForgotten, .error = "59"};
  } else if (result.error != 0) {
    answer = {.verdict = Answer::Verdict::kUnclear, .error = "45"};
  } else if (target_.high_watermark() >= result.end_offset) {
    answer = {.verdict = Answer::Verdict::kAppended, .base_offset = result.base_offset};
  } else {
    return TimeOut();
  }
  Trace("answer ", id, ": ", result.error, " at ", result.base_offset);
  wire_.reset();
  partition().OnAnswer(id, answer);
  if (random_.OneIn(8)) partition().OnAnswer(id, answer);
}

// One connection to the leader: the log end first.
void History::BeginSettle() {
  known_leader_epoch_ = target_.leader_epoch();
  settle_ = Settle{target_.leader_epoch(), target_.log_end()};
  Trace("settle: log end ", settle_->log_end);
}

// Then the high watermark and, when the two are equal, the header of the last batch; all with the leader epoch, so that
// a new leader voids what the old one said.
void History::EndSettle() {
  const Settle settle = *std::exchange(settle_, std::nullopt);
  settled_end_ = settle.log_end;
  if (settle.leader_epoch != target_.leader_epoch()) return Trace("settle is void: new leader");
  const int64_t high_watermark = target_.high_watermark();
  std::optional<TargetTail> tail;
  if (settle.log_end != high_watermark) {
    ++coverage_.settles_behind_replication;
  } else if (tail_is_readable_) {
    tail = target_.TailAt(settle.log_end);
  }
  const int64_t before = partition().target_end().value;
  partition().OnTargetEnd(TargetOffset(settle.log_end), TargetOffset(high_watermark), tail);
  doubt().OnTargetSettled();
  Trace("settled: log end ", settle.log_end, ", high watermark ", high_watermark, ", next sequence ",
        tail.has_value() ? tail->next_sequence : -2, "; target end ", before, " -> ", partition().target_end().value,
        ", position ", partition().position().value);
  if (partition().tail_question() != nullptr) return Trace("  once the last batch is compared");
  if (settle.log_end == high_watermark) NoteSettled(before, settle.log_end);
}

// The target is known to end at `log_end`.
void History::NoteSettled(int64_t before, int64_t log_end) {
  const int64_t after = partition().target_end().value;
  coverage_.acknowledged_by_settling += after > before;
  coverage_.cut_back += after < before;
  if (after < before && was_cut_below_)
    read_[partition().position().value] = 0;  // read last in another history, perhaps
  coverage_.intents_settled += std::exchange(is_restarted_, false) && after > before;
  if (partition().has_place() && !partition().quarantined() && !partition().is_moving())
    CheckAcknowledged(std::min(before, log_end), log_end);
}

void History::RenewProducer() {
  if (!late_.empty()) Violated("I: a new producer id is taken while requests of the old one are under way");
  ++coverage_.producers_renewed;
  producer_.id = ordinals_minus_target_.rbegin()->first + 1;
  ordinals_minus_target_[producer_.id] = -settled_end_;
  life_producers_.insert(producer_.id);
  const bool begins = partition().is_moving();
  partition().RenewProducer(producer_);
  Trace("producer renewed: ", producer_.id, ", ordinal 0 at ", settled_end_);
  if (!begins) return;
  ++coverage_.both_emptied;
  NoteBegun();
  read_[partition().position().value] = 0;
  read_max_ = std::max(read_max_, partition().position().value);
}

void History::Replicate(int64_t end) {
  if (end <= target_.high_watermark()) return;
  target_.Replicate(end);
  true_high_watermark_ = std::max(true_high_watermark_, end);
  Trace("replicated to ", end);
}

}  // namespace replicator::tests
