// How a partition begins, goes on from what was stored, and goes on out of a quarantine: see partition.h.
#include <glog/logging.h>

#include <utility>

#include "replicator/partition/partition.h"

namespace replicator {

void Partition::Begin(SourceOffset position, TargetOffset target_end, Ordinal ordinal,
                      const offsets::SourceEvidence& evidence) {
  if (quarantined()) return;
  CHECK(phase_ == Phase::kNew) << "a partition begins once";
  const bool goes_on = GoesOn(position, target_end, ordinal);
  const bool keeps_map = has_place() && (goes_on || options_.target_has_id);
  if (goes_on) {
    const int64_t more = target_end - target_end_;
    // As many offsets on both sides: each of the source's was copied. None on the target: there was nothing to copy.
    if (more > 0 && position - position_ == more) map_.Append({position_, target_end_, more});
    if (more == 0) map_.AdvanceTo(position);
  } else {
    eras_ = {{target_end, options_.producer, ordinal.value - target_end.value}};
  }
  GoOnAt({position, target_end}, keeps_map);
  foreign_unless_found_ = counts_unless_found_ = counts_forward_ = false;
  evidence_ = evidence;
  position_epoch_ = evidence.leader_epoch;
  unsaved_ = true;
  RestartAt(position, target_end, target_end);
}

// What was known below stays known, unless it may be of another history than what comes.
void Partition::GoOnAt(offsets::MapBegin place, bool keeps_map) {
  if (keeps_map && !std::exchange(forgets_map_, false)) {
    const int64_t more = place.target - map_.target_end();
    if (Mutated(Mutation::kFGuessesWhatLiesBetween) && more > 0 && place.source - map_.position() >= more)
      map_.Append({SourceOffset(place.source.value - more), map_.target_end(), more});
    map_.GoOnAt(place);
  } else {
    map_.Reset(place);
  }
}

// Whether the copy that is known goes on with what ends at `target_end`: its producer has written all that lies
// between.
bool Partition::GoesOn(SourceOffset position, TargetOffset target_end, Ordinal ordinal) const {
  if (!has_place() || position < position_ || target_end < target_end_) return false;
  const Era& era = eras_.back();
  const Era now = {target_end, options_.producer, ordinal.value - target_end.value};
  return era.producer == now.producer && SequenceFor(era, target_end) == SequenceFor(now, target_end);
}

void Partition::BeginWithNewProducer(SourceOffset position, TargetOffset target_end) {
  CHECK(phase_ == Phase::kNew) << "a partition begins once";
  move_to_ = position;
  move_from_ = target_end;
  // What a closed connection has left in a broker gets its time, as when the target forgot the producer.
  producer_forgotten_ = true;
  phase_ = Phase::kSettling;
}

void Partition::Restore(const offsets::PartitionState& state) {
  CHECK(phase_ == Phase::kNew) << "a partition begins once";
  records_lost_ = state.records_lost;
  if (state.eras.empty()) return;  // it was stored before it began, for its quarantine
  eras_ = state.eras;
  options_.is_compacted = options_.is_compacted || state.is_compacted;
  position_ = fetch_offset_ = state.position;
  target_end_ = next_expected_ = proven_end_ = state.target_end;
  evidence_ = state.evidence;
  position_epoch_ = state.position_epoch;
  map_.Restore(state.map.chunks, state.tail(), state.older_chunks_omitted);
  map_.GoOnAt({position_, target_end_});  // where it ends, unless the state makes no sense: then less is known
  SourceOffset end = state.position;
  for (const offsets::Intent& intent : state.intents) {
    in_flight_.push_back({.id = 0,
                          .source_base = intent.source_base,
                          .source_end = intent.source_end,
                          .expected = next_expected_,
                          .record_count = intent.record_count,
                          .size_bytes = 0,
                          .leader_epoch = -1,
                          .end_epoch = -1,
                          .content_crc = intent.content_crc,
                          .codec = intent.codec,
                          .lost = intent.source_base - end,
                          .answered = true});
    end = intent.source_end;
    next_expected_ += intent.record_count;
  }
  phase_ = Phase::kSettling;
  is_restored_ = true;
}

// Something has landed on the target since: its place is looked for with that.
void Partition::GiveUpMove() {
  move_to_.reset();
  producer_forgotten_ = false;
  phase_ = Phase::kNew;
}

void Partition::RenewProducer(Producer producer) {
  CHECK(must_renew_producer());
  if (move_to_.has_value()) {
    GoOnAt({*move_to_, proven_end_}, has_place());
    eras_.clear();
    evidence_ = {};
    position_epoch_ = -1;
    producer_forgotten_ = foreign_unless_found_ = is_restored_ = false;
    RestartAt(*std::exchange(move_to_, std::nullopt), proven_end_, proven_end_);
  }
  eras_.push_back({proven_end_, producer, -proven_end_.value});
  unsaved_ = must_sync_ = true;
  producer_forgotten_ = false;
  phase_ = Phase::kCopying;
}

void Partition::CountForward() {
  CHECK(counts_unless_found_ && phase_ == Phase::kNew);
  counts_unless_found_ = false;
  counts_forward_ = true;
  phase_ = Phase::kSettling;
}

void Partition::CheckAgain() {
  CHECK(quarantined());
  quarantine_.reset();
  lost_with_topic_ = 0;
  is_restored_ = is_restored_ || std::exchange(foreign_unless_found_, false);  // to be looked for once more
  counts_unless_found_ = false;
  failures_ = 0;
  last_error_.clear();
  unsaved_ = true;
  phase_ = eras_.empty() ? Phase::kNew : Phase::kSettling;
}

void Partition::ResumeAt(SourceOffset from, bool keeps_map) {
  forgets_map_ = !keeps_map;
  CheckAgain();
  phase_ = Phase::kSettling;
  move_to_ = from;
  move_from_.reset();
  // What a closed connection has left in a broker gets its time, as when the target forgot the producer.
  producer_forgotten_ = true;
}

void Partition::StartAnew() {
  CheckAgain();
  in_flight_.clear();  // sent to the old topic
  unanswered_ = 0;
  eras_.clear();
  map_.Reset({});
  position_ = fetch_offset_ = SourceOffset();
  target_end_ = next_expected_ = proven_end_ = TargetOffset();
  evidence_ = {};
  position_epoch_ = -1;
  producer_forgotten_ = false;
  forgets_map_ = false;
  gaps_noted_to_ = SourceOffset();
  must_sync_ = true;  // how it begins again: what is stored of it is of another topic
  phase_ = Phase::kNew;
}

}  // namespace replicator
