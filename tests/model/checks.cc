// What must hold in a history, after each event and at its end.
#include <algorithm>
#include <optional>

#include "offsets/known_ranges.h"
#include "tests/model/history.h"

namespace replicator::tests {
namespace {

std::optional<TargetOffset> TargetOf(const offsets::OffsetMap& map, SourceOffset source) {
  const offsets::ToTarget found = TranslateToTarget(map.ranges(), source, {});
  return found.kind == offsets::TranslationKind::kExact ? std::optional(found.target) : std::nullopt;
}

}  // namespace

// The k-th record of the target is the k-th to replicate of the source.
bool History::InPlace(const TargetLog::LogBatch& batch) const {
  const int content = batch.produce.content;
  if (content == kEarlierContent) return true;
  if (content == kForeignContent) return false;
  const SourceLog::Entry& entry = source_.entry(content);
  return batch.base_offset - target_.start() == entry.first_record && batch.produce.record_count == entry.record_count;
}

bool History::Contaminated() const {
  const auto& batches = target_.batches();
  return !std::all_of(batches.begin(), batches.end(), [this](const auto& batch) { return InPlace(batch); });
}

// The content of the target's last batch; kForeignContent where there is none.
int History::LastContent() const {
  return target_.batches().empty() ? kForeignContent : target_.batches().back().produce.content;
}

// What was read, or what is acknowledged on the target, is not what the source has there now.
bool History::HasDiverged() const {
  if (!was_cut_below_) return false;
  const int below = read_[partition().position().value] - 1;
  if (below >= 0 && !source_.entry(below).is_there) return true;
  const bool is_acknowledged = partition().target_end().value >= target_.log_end();
  return is_acknowledged && LastContent() >= 0 && !source_.entry(LastContent()).is_there;
}

// `batch`, the target's last, follows what it follows in the source.
bool History::IsOfOneHistory(const TargetLog::LogBatch& batch) const {
  const auto& batches = target_.batches();
  const int before = batches.size() < 2 ? -1 : batches[batches.size() - 2].produce.content;
  return source_.entry(batch.produce.content).before == std::max(before, -1);
}

// A late request of an earlier life, with a producer that was renewed there: this life cannot know that it is ours.
bool History::StrangerLanded() const {
  const auto& batches = target_.batches();
  return std::any_of(batches.begin(), batches.end(), [this](const auto& batch) {
    return batch.base_offset >= life_begin_ && !life_producers_.contains(batch.produce.producer.id);
  });
}

// Called after each append of ours. A batch lands in its place, with two exceptions: somebody else's records push it
// away; and once the producer was forgotten, a request that lands late is stored wherever the log ends, or its second
// sending behind it. The second cannot be prevented from here, only noticed.
void History::CheckAppend(bool late, bool producer_known_before) {
  const TargetLog::LogBatch& last = target_.batches().back();
  if (InPlace(last)) {
    if (!IsOfOneHistory(last)) Violated("G: batch ", last.produce.content, " is of another history than the one below");
    return;
  }
  const auto& batches = target_.batches();
  const bool pushed =
      std::any_of(batches.begin(), batches.end() - 1, [this](const auto& batch) { return !InPlace(batch); });
  if (pushed) return;
  const bool is_behind_late = last.base_offset == late_end_ && (!producer_known_before || late_was_forgotten_);
  if (is_behind_late || (late && !producer_known_before)) {
    ++coverage_.late_doubles;
    return;
  }
  Violated("A: batch ", last.produce.content, " was stored at ", last.base_offset, ", where it does not belong");
}

void History::CheckStep() {
  if (!violation_.empty() || is_blind_) return;
  if (paused_ && partition().queue_bytes() != 0) Violated("memory: a paused partition holds batches");
  if (!partition().has_place()) return;
  const int64_t target_end = partition().target_end().value;
  const int64_t position = partition().position().value;
  if (target_end == last_target_end_ && position == last_position_) return;
  // With a folder from before the source was cut back, intents that never landed are taken for what the target holds in
  // their place; the look at the history, which comes next, shows it.
  const bool is_in_doubt = was_cut_below_ && !machine_->doubt.may_fetch();
  if (target_end > last_target_end_ && !is_in_doubt) CheckAcknowledged(last_target_end_, target_end);
  const int content = read_[position] - 1;  // in the history that was read, if that is known
  if (content >= 0 || !was_cut_below_) {
    const int64_t records = content < 0 ? source_.RecordsBelow(position)
                                        : source_.entry(content).first_record + source_.entry(content).record_count;
    if (records != target_end - target_.start()) {
      Violated("A, J: at position ", position, " the target end is ", target_end, ", but ", records,
               " records lie below it");
    }
  }
  last_target_end_ = target_end;
  last_position_ = position;
}

// What is acknowledged is on the target, in its place, and replicated.
void History::CheckAcknowledged(int64_t from, int64_t to) {
  if (to > true_high_watermark_) {
    return Violated("E: acknowledged up to ", to, ", replicated up to ", true_high_watermark_);
  }
  int64_t end = to;
  const auto& batches = target_.batches();
  for (auto batch = batches.rbegin(); batch != batches.rend() && end > from; ++batch) {
    if (batch->base_offset >= to) continue;
    if (batch->end_offset() != end || !InPlace(*batch)) {
      return Violated("C, F: acknowledged up to ", to, ", but what lies there up to ", batch->end_offset(),
                      " is not what belongs there");
    }
    end = batch->base_offset;
  }
  if (end > from) Violated("F: acknowledged records from ", from, " on are not on the target");
}

void History::CheckQuarantine() {
  const QuarantineCode code = partition().quarantine()->code;
  Trace("quarantine: ", QuarantineCodeName(code), ": ", partition().quarantine()->reason);
  if (partition().can_send() || partition().must_settle() || partition().wants_fetch() ||
      partition().tail_question() != nullptr || partition().queue_bytes() != 0) {
    Violated("a partition in quarantine does something");
  }
  bool justified = false;
  if (code == QuarantineCode::kForeignWrite || code == QuarantineCode::kTargetNotOurs) {
    ++coverage_.foreign_quarantines;
    justified = Contaminated() || StrangerLanded() || place_is_gone_ || was_cut_below_;
  } else if (code == QuarantineCode::kTargetLost) {
    ++coverage_.lost_quarantines;
    justified = lost_before_life_;
  }
  if (code == QuarantineCode::kSourceTruncated || code == QuarantineCode::kUnsupportedBatch) {
    ++coverage_.truncated_quarantines;
    justified = was_cut_below_;
  }
  if (!justified) Violated("G: quarantine without cause: ", partition().quarantine()->reason);
}

// Everything was copied, once and in order, and the position says so. Foreign or doubled records can only lie behind
// it, where nothing was sent since.
void History::CheckDrained() {
  ++coverage_.drained;
  // The target holds more, and what the source has does not reach that far yet: then the last of it will be compared.
  if (was_cut_below_ && partition().target_end().value < target_.log_end()) return;
  if (HasDiverged()) return Violated("G: goes on although the source has another history");
  const int64_t target_end = partition().target_end().value;
  if (partition().position().value != source_.end()) Violated("J: position ", partition().position().value);
  if (target_end - target_.start() != source_.records())
    Violated("A: ", target_end - target_.start(), " records copied");
  int64_t end = target_.start();
  for (const TargetLog::LogBatch& batch : target_.batches()) {
    if (end == target_end) break;
    if (batch.produce.content == kEarlierContent) continue;
    if (batch.base_offset != end || !InPlace(batch)) {
      return Violated("A: at ", batch.base_offset, " the target has batch ", batch.produce.content);
    }
    end = batch.end_offset();
  }
  if (end != target_end) Violated("F: the target ends at ", end, ", acknowledged is ", target_end);
}

// Each target offset of this life translates to its source record, and back; a gap goes to the record after it.
void History::CheckMap() {
  // Of another history than the source's, or perhaps so.
  if (was_cut_below_ && (partition().quarantined() || partition().target_end().value < target_.log_end())) return;
  const offsets::OffsetMap& map = partition().map();
  int64_t next_source = -1;
  for (int index = 0; index < source_.visible(); ++index) {
    const SourceLog::Entry& entry = source_.entry(source_.content_at(index));
    const int64_t base = target_.start() + entry.first_record;
    if (entry.record_count == 0 || base < life_begin_ || base >= partition().target_end().value) continue;
    for (int record = 0; record < entry.record_count; ++record) {
      const SourceOffset source(entry.base + record);
      const TargetOffset target(base + record);
      if (WasUnknown(target.value) && !map.SourceOf(target).has_value() && !TargetOf(map, source).has_value()) continue;
      if (map.SourceOf(target) != source) return Violated("map: target offset ", target.value);
      if (TargetOf(map, source) != target) return Violated("map: source offset ", source.value);
    }
    const std::optional<TargetOffset> behind =
        next_source < 0 ? std::nullopt : TargetOf(map, SourceOffset(next_source));
    const bool is_told = behind.has_value() || !(WasUnknown(base) || WasUnknown(base - 1));
    if (next_source >= 0 && is_told && behind != TargetOffset(base)) {
      return Violated("map: the gap at source offset ", next_source);
    }
    next_source = entry.end;
  }
}

// F: whatever was known in earlier lives, and of ranges that were left out: no translation is wrong. The k-th record to
// replicate is the target's k-th, so the place of each offset follows from the source alone.
void History::CheckRanges() {
  if (was_cut_below_ || !partition().has_place()) return;
  const offsets::OffsetMap& map = partition().map();
  int64_t source = 0;
  for (int index = 0; index < source_.visible(); ++index) {
    const SourceLog::Entry& entry = source_.entry(source_.content_at(index));
    for (; source < entry.end; ++source) {
      const std::optional<TargetOffset> target = TargetOf(map, SourceOffset(source));
      const int64_t place =
          target_.start() + entry.first_record + std::clamp<int64_t>(source - entry.base, 0, entry.record_count);
      if (target.has_value() && target->value != place)
        return Violated("F: source offset ", source, " is told to be at ", target->value, ", and is at ", place);
    }
  }
}

}  // namespace replicator::tests
