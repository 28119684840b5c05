#include "offsets/offset_map.h"

#include <glog/logging.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace replicator::offsets {
namespace {

bool Touch(const KnownRange& below, MapBegin begin) {
  return below.source_end == begin.source && below.target_end() == begin.target;
}

// Those that cannot grow any more, of the range that is still growing.
size_t ClosedRuns(const KnownRange& growing) { return growing.runs.empty() ? 0 : growing.runs.size() - 1; }

MapBegin EndOfClosed(const KnownRange& growing) {
  if (ClosedRuns(growing) == 0) return growing.begin;
  const Run& closed = *std::prev(growing.runs.end(), 2);
  return {closed.source_end(), closed.target_end()};
}

}  // namespace

bool KnownRange::CutAt(SourceOffset source, TargetOffset target) {
  while (!runs.empty()) {
    Run& last = runs.back();
    const int64_t count = std::min({last.count, source - last.source_base, target - last.target_base});
    if (count == last.count) break;
    source_end = std::min(source_end, last.source_base + std::max<int64_t>(count, 0));
    if (count > 0) {
      last.count = count;
      break;
    }
    runs.pop_back();
  }
  source_end = std::min(source_end, source);
  return begin.source < source_end && begin.target <= target;
}

void OffsetMap::Reset(MapBegin begin) {
  chunks_ = {{.begin = begin, .source_end = begin.source, .runs = {}}};
  older_are_stored_ = false;
  run_count_ = 0;
  ++times_cut_;
  unsaved_from_.reset();
  forget_from_ = SourceOffset(0);
  forget_below_.reset();
}

void OffsetMap::Restore(std::vector<KnownRange> chunks, KnownRange tail, bool older_are_stored) {
  chunks_ = std::move(chunks);
  older_are_stored_ = older_are_stored;
  unsaved_from_.reset();
  forget_from_.reset();
  forget_below_.reset();
  ++times_cut_;
  // The tail is the rest of a chunk that still grows, unless it is a chunk of its own.
  const bool is_rest = !chunks_.empty() && !last().runs.empty() && !tail.runs.empty() && Touch(last(), tail.begin) &&
                       last().runs.size() < kChunkRunsMax && last().source_end < tail.runs[0].source_base;
  if (is_rest) {
    last().runs.push_back(tail.runs[0]);
    last().source_end = tail.source_end;
  } else {
    chunks_.push_back(std::move(tail));
  }
  CountRuns();
}

void OffsetMap::CountRuns() {
  run_count_ = 0;
  for (const KnownRange& chunk : chunks_) run_count_ += chunk.runs.size();
}

void OffsetMap::MarkFrom(SourceOffset source) { unsaved_from_ = std::min(unsaved_from_.value_or(source), source); }

void OffsetMap::ForgetFrom(SourceOffset source) {
  ++times_cut_;
  forget_from_ = std::min(forget_from_.value_or(source), source);
}

void OffsetMap::GoOnAt(MapBegin place) {
  if (Touch(last(), place)) return;
  const MapBegin front = chunks_.front().begin;
  // Where the store's chunks are to be cut is not known here.
  if (older_are_stored_ && (place.source < front.source || place.target < front.target)) return Reset(place);
  const bool is_behind = place.source >= position() && place.target >= target_end();
  if (!is_behind) ++times_cut_;
  while (!chunks_.empty() && !last().CutAt(place.source, place.target)) {
    ForgetFrom(last().begin.source);
    chunks_.pop_back();
  }
  if (!chunks_.empty()) MarkFrom(last().begin.source);
  chunks_.push_back({.begin = place, .source_end = place.source, .runs = {}});
  CountRuns();
}

void OffsetMap::Append(const Run& run) {
  CHECK_GT(run.count, 0);
  CHECK(run.source_base >= position()) << run.source_base << " < " << position();
  CHECK(run.target_base == target_end()) << run.target_base << " is not " << target_end();
  std::vector<Run>& runs = last().runs;
  last().source_end = run.source_end();
  if (!runs.empty() && runs.back().source_end() == run.source_base) {
    runs.back().count += run.count;
    return;
  }
  ++run_count_;
  if (!runs.empty()) MarkFrom(last().begin.source);
  if (runs.size() < kChunkRunsMax) return runs.push_back(run);
  last().source_end = runs.back().source_end();
  const MapBegin begin = {last().source_end, last().target_end()};
  chunks_.push_back({.begin = begin, .source_end = run.source_end(), .runs = {run}});
}

void OffsetMap::AdvanceTo(SourceOffset position) { last().source_end = std::max(last().source_end, position); }

std::optional<SourceOffset> OffsetMap::SourceOf(TargetOffset target) const {
  auto chunk = std::upper_bound(chunks_.begin(), chunks_.end(), target,
                                [](TargetOffset t, const KnownRange& each) { return t < each.begin.target; });
  if (chunk == chunks_.begin()) return std::nullopt;
  const std::vector<Run>& runs = (--chunk)->runs;
  auto run = std::upper_bound(runs.begin(), runs.end(), target,
                              [](TargetOffset t, const Run& each) { return t < each.target_end(); });
  if (run == runs.end()) return std::nullopt;
  return run->source_base + (target - run->target_base);
}

void OffsetMap::TruncateTo(TargetOffset end) {
  const std::optional<SourceOffset> source = SourceOf(end);
  CHECK(source.has_value()) << end;
  while (last().begin.target > end) chunks_.pop_back();
  std::vector<Run>& runs = last().runs;
  while (!runs.empty() && runs.back().target_base >= end) runs.pop_back();
  if (!runs.empty()) runs.back().count = std::min(runs.back().count, end - runs.back().target_base);
  last().source_end = *source;
  // Its last run grows again.
  ForgetFrom(last().begin.source);
  MarkFrom(last().begin.source);
  CountRuns();
}

void OffsetMap::DropFront(size_t chunks) {
  const auto end = chunks_.begin() + static_cast<std::ptrdiff_t>(chunks);
  for (auto chunk = chunks_.begin(); chunk != end; ++chunk) run_count_ -= chunk->runs.size();
  chunks_.erase(chunks_.begin(), end);
}

bool OffsetMap::PruneBelow(const LogStarts& starts) {
  const auto is_below = [&](SourceOffset source, TargetOffset target) {
    return source <= starts.source && target <= starts.target;
  };
  size_t below = 0;
  while (below + 1 < chunks_.size() && is_below(chunks_[below].source_end, chunks_[below].target_end())) ++below;
  DropFront(below);
  const bool may_be_stored = older_are_stored_ && starts != pruned_below_;
  if (below == 0 && !may_be_stored) return false;
  pruned_below_ = forget_below_.emplace(starts);
  if (is_below(chunks_.front().begin.source, chunks_.front().begin.target)) older_are_stored_ = false;
  return true;
}

void OffsetMap::LeaveToTheStore(size_t runs_max) {
  size_t leave = 0;
  size_t left = run_count_;
  while (left > runs_max && leave + 1 < chunks_.size() &&
         !(unsaved_from_.has_value() && chunks_[leave].begin.source >= *unsaved_from_)) {
    left -= chunks_[leave++].runs.size();
  }
  if (leave > 0) older_are_stored_ = true;
  DropFront(leave);
}

OffsetMap::Changes OffsetMap::TakeChanges() {
  Changes changes = {std::exchange(forget_below_, std::nullopt), std::exchange(forget_from_, std::nullopt), {}};
  if (!unsaved_from_.has_value()) return changes;
  auto first = std::lower_bound(chunks_.begin(), chunks_.end(), *unsaved_from_,
                                [](const KnownRange& each, SourceOffset from) { return each.begin.source < from; });
  changes.chunks.assign(first, chunks_.end());
  unsaved_from_.reset();
  if (changes.chunks.empty()) return changes;
  KnownRange& growing = changes.chunks.back();
  if (ClosedRuns(growing) == 0) {
    changes.chunks.pop_back();
  } else {
    growing.runs.pop_back();
    growing.source_end = growing.runs.back().source_end();
  }
  return changes;
}

KnownRange OffsetMap::tail() const {
  const KnownRange& growing = chunks_.back();
  KnownRange tail = {.begin = EndOfClosed(growing), .source_end = growing.source_end, .runs = {}};
  if (!growing.runs.empty()) tail.runs.push_back(growing.runs.back());
  return tail;
}

bool OffsetMap::has_stored_chunks() const {
  return older_are_stored_ || chunks_.size() > 1 || ClosedRuns(chunks_.back()) > 0;
}

}  // namespace replicator::offsets
