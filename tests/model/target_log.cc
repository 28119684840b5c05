#include "tests/model/target_log.h"

#include <glog/logging.h>

#include <algorithm>

namespace replicator::tests {

int32_t AddToSequence(int32_t sequence, int32_t count) {
  return static_cast<int32_t>((int64_t{sequence} + count) & 0x7fffffff);
}

void TargetLog::SeedProducer(const Producer& producer, int32_t last_sequence) {
  CHECK(batches_.empty() && start_ > 0);
  batches_.push_back({start_ - 1, {producer, last_sequence, 1, kEarlierContent}});
  Remember(batches_.back());
}

// ProducerStateManager: duplicates are looked for before the sequence is checked
// (UnifiedLog.analyzeAndValidateProducerState).
ProduceResult TargetLog::Append(const Produce& produce) {
  ProduceResult result;
  const auto known = producers_.find(produce.producer.id);
  if (known == producers_.end()) {
    if (refuses_unknown_producers_ && produce.base_sequence != 0) result.error = kUnknownProducerId;
  } else if (const ProducerState& state = known->second; state.epoch != produce.producer.epoch) {
    if (produce.base_sequence != 0) result.error = kOutOfOrderSequence;  // a bumped epoch begins at 0
  } else {
    const int32_t last = AddToSequence(produce.base_sequence, produce.record_count - 1);
    for (int i = 0; i < state.cached_count; ++i) {
      if (state.cache[i].first_sequence != produce.base_sequence || state.cache[i].last_sequence != last) continue;
      result.base_offset = state.cache[i].base_offset;
      result.end_offset = result.base_offset + produce.record_count;
      return result;
    }
    if (produce.base_sequence != AddToSequence(state.cache[state.cached_count - 1].last_sequence, 1)) {
      result.error = kOutOfOrderSequence;
    }
  }
  if (result.error != 0) return result;
  Store(produce);
  Remember(batches_.back());
  result.base_offset = batches_.back().base_offset;
  result.end_offset = log_end_;
  result.appended = true;
  return result;
}

void TargetLog::AppendForeign(int32_t record_count) {
  Store({.producer = {}, .base_sequence = -1, .record_count = record_count, .content = kForeignContent});
}

void TargetLog::Store(const Produce& produce) {
  batches_.push_back({log_end_, produce});
  log_end_ += produce.record_count;
}

void TargetLog::Remember(const LogBatch& batch) {
  const Produce& produce = batch.produce;
  ProducerState& state = producers_[produce.producer.id];
  if (state.epoch != produce.producer.epoch) state = {.epoch = produce.producer.epoch};
  if (state.cached_count == kCacheMax) {
    std::move(state.cache.begin() + 1, state.cache.end(), state.cache.begin());
    --state.cached_count;
  }
  state.cache[state.cached_count++] = {
      produce.base_sequence, AddToSequence(produce.base_sequence, produce.record_count - 1), batch.base_offset};
}

void TargetLog::Replicate(int64_t end) {
  CHECK_LE(end, log_end_);
  high_watermark_ = std::max(high_watermark_, end);
}

void TargetLog::Elect(int64_t log_end, int64_t high_watermark, int cached) {
  CHECK_LE(high_watermark, log_end);
  ++leader_epoch_;
  while (!batches_.empty() && batches_.back().base_offset >= log_end) batches_.pop_back();
  log_end_ = batches_.empty() ? start_ : batches_.back().end_offset();
  CHECK_EQ(log_end_, log_end) << "a log is cut between batches";
  high_watermark_ = high_watermark;
  producers_.clear();
  // Oldest first, from the `cached`-th last own batch on.
  size_t from = batches_.size();
  for (int own = 0; from > 0 && own < cached; --from) own += batches_[from - 1].produce.producer.id >= 0;
  for (; from < batches_.size(); ++from) {
    if (batches_[from].produce.producer.id >= 0) Remember(batches_[from]);
  }
}

void TargetLog::DeleteAll() {
  CHECK_EQ(high_watermark_, log_end_);
  deleted_below_ = log_end_;
}

std::optional<TargetTail> TargetLog::TailAt(int64_t end) const {
  if (end <= deleted_below_) return std::nullopt;
  for (auto batch = batches_.rbegin(); batch != batches_.rend(); ++batch) {
    if (batch->end_offset() > end) continue;
    if (batch->end_offset() < end) return std::nullopt;
    const Produce& produce = batch->produce;
    if (produce.producer.id < 0) return TargetTail{produce.producer, -1};
    const auto content = static_cast<uint32_t>(produce.content);
    return TargetTail{.producer = produce.producer,
                      .next_sequence = AddToSequence(produce.base_sequence, produce.record_count),
                      .content_crc = compresses_ ? content ^ kCompressed : content,
                      .record_count = produce.record_count,
                      .codec = compresses_ ? kafka::Codec::kGzip : kafka::Codec::kNone};
  }
  return std::nullopt;
}

}  // namespace replicator::tests
