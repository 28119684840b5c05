#include "tests/model/driver.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "kafka/net/buffer.h"
#include "replicator/partition/mutation.h"
#include "tests/model/history.h"

namespace replicator::tests {
namespace {

constexpr int kEventsMin = 30;
constexpr int kEventsSpread = 60;
constexpr int kEntriesMax = 14;
constexpr int64_t kSequenceMax = 0x7fffffff;
// Rounds in which a history without further faults must have copied everything.
constexpr int kDrainRoundsMax = 200;
constexpr size_t kBatchBytes = 10;
constexpr int64_t kQueueBytesMax = 30;

// Batches need bytes only to be told apart: a batch's slice begins at the index of its source entry, in one buffer that
// lives as long as the process.
kafka::Slice ContentSlice(int content) {
  constexpr size_t kSize = kEntriesMax + kBatchBytes;
  static auto* const budget = new kafka::MemoryBudget(kSize);
  static auto* const buffer = [] {
    CHECK(budget->TryReserve(kSize));
    return new kafka::BufferRef(budget->Allocate(kSize, kSize));
  }();
  return kafka::Slice(*buffer, absl::Span<char>((*buffer)->data() + content, kBatchBytes));
}

int ContentOf(const kafka::Slice& slice) {
  static char* const begin = ContentSlice(0).bytes().data();
  return static_cast<int>(slice.bytes().data() - begin);
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
  located += other.located;
  alternations += other.alternations;
  checks_again += other.checks_again;
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

void History::Setup() {
  stores_ = random_.OneIn(2);
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
  for (int i = random_.Below(4); i > 0; --i) source_.Grow();
  // What was there before: records of this producer id, which the ordinal counts, or of somebody before it.
  int64_t ordinal = 0;
  if (target_.start() > 0) {
    if (random_.OneIn(2)) ordinal = random_.OneIn(2) ? target_.start() : kSequenceMax - random_.Below(10);
    if (ordinal > 0) target_.SeedProducer(producer_, static_cast<int32_t>(ordinal - 1));
  }
  true_high_watermark_ = target_.log_end();
  ordinals_minus_target_[producer_.id] = ordinal - target_.log_end();
  Begin(random_.OneIn(2) ? source_.start() : 0, ordinal);
}

void History::Begin(int64_t position, int64_t ordinal) {
  partition_.emplace(FreshPartition());
  other_states_ = std::exchange(states_, {});
  state_on_its_way_.reset();
  BeginPartition(position, ordinal);
}

void History::BeginPartition(int64_t position, int64_t ordinal) {
  partition_->Begin(SourceOffset(position), TargetOffset(target_.log_end()), Ordinal(ordinal));
  range_in_doubt_ = range_settled_ = is_restarted_ = false;
  life_begin_ = last_target_end_ = target_.log_end();
  life_producers_ = {producer_.id};
  last_position_ = -1;
  lost_before_life_ = false;
  known_leader_epoch_ = target_.leader_epoch();
  Trace("begin: position ", position, ", target end ", target_.log_end(), ", ordinal ", ordinal);
}

Partition History::FreshPartition() const {
  return Partition({.producer = producer_, .queue_bytes_max = kQueueBytesMax, .stores_intents = stores_});
}

// What the stored state says, and nothing else.
void History::Restore(const offsets::PartitionState& state) {
  producer_ = state.eras.back().producer;
  partition_.emplace(FreshPartition());
  partition_->Restore(state);
  is_restarted_ = true;
  range_in_doubt_ = range_settled_ = false;
  life_begin_ = state.origin.target.value;
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
  if (!violation_.empty()) return violation_;
  partition_->quarantined() ? CheckQuarantine() : CheckDrained();
  CheckMap();
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
  for (int round = 0; round < kDrainRoundsMax && !done(); ++round) {
    if (partition_->position().value == source_.end() && !partition_->must_settle() && !partition_->in_flight() &&
        known_leader_epoch_ == target_.leader_epoch()) {
      return;
    }
    if (random_.OneIn(4)) LandLate();
    Replicate(target_.log_end());
    CheckStep();
    Source();
    CheckStep();
    if (!done()) Sink();
    CheckStep();
  }
  if (!done())
    Violated("stuck: position ", partition_->position().value, " of ", source_.end(), ", target end ",
             partition_->target_end().value, ", log end ", target_.log_end(), ": ", partition_->last_error());
}

// ---- The source.

void History::Source() {
  if (range_in_doubt_) return CheckRange();
  fetch_.has_value() ? DeliverFetch() : RequestFetch();
}

void History::RequestFetch() {
  if (partition_->wants_fetch()) fetch_ = partition_->fetch_offset();
}

void History::DeliverFetch() {
  const SourceOffset asked = *std::exchange(fetch_, std::nullopt);
  if (asked != partition_->fetch_offset()) {
    ++coverage_.overtaken_fetches;
    return Trace("fetch from ", asked.value, " was overtaken");
  }
  if (asked.value < source_.log_start()) {
    range_in_doubt_ = true;
    return Trace("no offset ", asked.value, " at the source");
  }
  int index = source_.FirstAt(asked.value);
  if (index > 0 && random_.OneIn(8)) --index;  // what is known already must change nothing
  for (int left = 1 + random_.Below(4); left > 0 && index < source_.visible(); --left, ++index) {
    const SourceLog::Entry& entry = source_.entry(index);
    const int64_t target_end = partition_->target_end().value;
    if (entry.record_count == 0) {
      Trace("skip to ", entry.end);
      partition_->SkipTo(SourceOffset(entry.end));
    } else {
      Trace("accept batch ", index, " [", entry.base, ", ", entry.end, ")");
      partition_->Accept({.source_base = SourceOffset(entry.base),
                          .source_end = SourceOffset(entry.end),
                          .record_count = entry.record_count,
                          .bytes = ContentSlice(index),
                          .content_crc = static_cast<uint32_t>(index)});
    }
    if (partition_->target_end().value > target_end) {
      ++coverage_.adopted;
      last_target_end_ = partition_->target_end().value;  // checked when the settle found it; it can be lost by now
      Trace("  adopted, target end ", last_target_end_);
    }
  }
}

// As the locator does: retention takes nothing here that is not on the target.
void History::CheckRange() {
  if (!partition_->is_drained() || paused_) return;
  if (partition_->position().value >= source_.log_start()) {
    range_in_doubt_ = range_settled_ = false;
    return;
  }
  if (!std::exchange(range_settled_, true)) return partition_->OnTargetChange();
  range_in_doubt_ = range_settled_ = false;
  const int64_t lost = partition_->SkipDeleted(SourceOffset(source_.log_start()));
  Trace("the source begins at ", source_.log_start(), ", ", lost, " offsets lost");
  if (lost > 0 && !Mutated(Mutation::kHCountsBehindRetention)) Violated("H: counts as lost what is on the target");
}

// Settler and locator: the target's last batch tells where the copy goes on, if the source still has it.
void History::Locate() {
  if (wire_.has_value()) return;
  Replicate(target_.log_end());
  ++coverage_.located;
  if (target_.batches().empty()) {
    place_is_gone_ = true;  // by an election
    return partition_->PutInQuarantine(QuarantineCode::kTargetNotOurs, "the target has no batch to look for");
  }
  const TargetLog::LogBatch& last = target_.batches().back();
  const int content = last.produce.content;
  place_is_gone_ = content < 0 || source_.entry(content).base < source_.log_start();
  if (Contaminated() || place_is_gone_)
    return partition_->PutInQuarantine(QuarantineCode::kTargetNotOurs, "its last batch is not in the source");
  producer_ = last.produce.producer;
  partition_->UseProducer(producer_);
  BeginPartition(source_.entry(content).end, target_.log_end() + ordinals_minus_target_.at(producer_.id));
}

// ---- The sink.

void History::Sink() {
  if (!partition_->begun()) return Locate();
  if (settle_.has_value()) return EndSettle();
  if (wire_.has_value()) return wire_->read ? DeliverAnswer() : ReadRequest();
  if (partition_->must_settle()) {
    // Before a new id is taken, what closed connections left behind has had its time.
    if (partition_->must_outwait_old_requests() && !late_.empty()) return LandLate();
    return BeginSettle();
  }
  if (known_leader_epoch_ != target_.leader_epoch()) {
    known_leader_epoch_ = target_.leader_epoch();
    Trace("target change: leader epoch ", known_leader_epoch_);
    return partition_->OnTargetChange();
  }
  if (partition_->must_renew_producer()) return RenewProducer();
  if (partition_->can_send()) return Send();
  KeepState();
}

// ---- The store.

// Its thread writes a state some time after it was taken, and the partition hears of it later still.
void History::KeepState() {
  if (state_on_its_way_.has_value()) {
    if (!std::exchange(state_is_written_, true)) {
      states_.Write(*state_on_its_way_);
    } else {
      state_on_its_way_.reset();
      partition_->OnStored();
    }
  } else if (partition_->must_store() || ((partition_->can_store() || partition_->has_unsaved()) && random_.OneIn(4))) {
    state_on_its_way_ = partition_->TakeState();
    state_is_written_ = false;
  } else if (random_.OneIn(4)) {
    states_.Sync();
  }
}

void History::Send() {
  const replicator::Send send = partition_->TakeSend();
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
    return partition_->OnAnswer(id, {.verdict = Answer::Verdict::kUnclear, .error = "19"});
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
  partition_->OnAnswer(id, answer);
  if (random_.OneIn(8)) partition_->OnAnswer(id, answer);
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
  const int64_t before = partition_->target_end().value;
  partition_->OnTargetEnd(TargetOffset(settle.log_end), TargetOffset(high_watermark), tail);
  const int64_t after = partition_->target_end().value;
  coverage_.acknowledged_by_settling += after > before;
  coverage_.cut_back += after < before;
  coverage_.intents_settled += std::exchange(is_restarted_, false) && after > before;
  if (!partition_->quarantined() && settle.log_end == high_watermark) {
    CheckAcknowledged(std::min(before, settle.log_end), settle.log_end);
  }
  Trace("settled: log end ", settle.log_end, ", high watermark ", high_watermark, ", next sequence ",
        tail.has_value() ? tail->next_sequence : -2, "; target end ", before, " -> ", after, ", position ",
        partition_->position().value);
}

void History::RenewProducer() {
  ++coverage_.producers_renewed;
  producer_.id = ordinals_minus_target_.rbegin()->first + 1;
  ordinals_minus_target_[producer_.id] = -settled_end_;
  life_producers_.insert(producer_.id);
  partition_->RenewProducer(producer_);
  Trace("producer renewed: ", producer_.id, ", ordinal 0 at ", settled_end_);
}

void History::Replicate(int64_t end) {
  if (end <= target_.high_watermark()) return;
  target_.Replicate(end);
  true_high_watermark_ = std::max(true_high_watermark_, end);
  Trace("replicated to ", end);
}

}  // namespace replicator::tests
