#include "offsets/offset_map.h"

#include <glog/logging.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace replicator::offsets {

void OffsetMap::Reset(MapBegin begin) {
  runs_.clear();
  marks_.clear();
  origin_ = begin_ = begin;
  position_ = begin.source;
  target_end_ = begin.target;
  changes_ = {.forget_from = SourceOffset(0), .forget_below = std::nullopt, .closed = {}};
}

void OffsetMap::Restore(MapBegin origin, const std::vector<Run>& closed, const std::optional<Run>& last, MapBegin end,
                        bool older_runs_omitted, const std::vector<MapBegin>& marks) {
  runs_.assign(closed.begin(), closed.end());
  if (last.has_value()) runs_.push_back(*last);
  origin_ = begin_ = origin;
  if (older_runs_omitted && !runs_.empty()) begin_ = {runs_.front().source_base, runs_.front().target_base};
  marks_.assign(marks.begin(), marks.end());
  left_to_the_store_ = 0;
  while (runs_.size() > runs_max_) LeaveOldestToTheStore();
  position_ = end.source;
  target_end_ = end.target;
  changes_ = {};
}

void OffsetMap::ContinueAt(MapBegin place) {
  CHECK(place.source >= position_ && place.target >= target_end_) << place.source << " < " << position_;
  position_ = place.source;
  target_end_ = place.target;
}

void OffsetMap::ForgetOldest() {
  begin_ = {runs_.front().source_end(), runs_.front().target_end()};
  runs_.pop_front();
}

void OffsetMap::LeaveOldestToTheStore() {
  if (left_to_the_store_++ % kMarkEvery == 0) marks_.push_back({runs_.front().source_base, runs_.front().target_base});
  ForgetOldest();
}

void OffsetMap::Append(const Run& run) {
  CHECK_GT(run.count, 0);
  position_ = std::max(position_, run.source_end());
  target_end_ = run.target_end();
  if (!runs_.empty()) {
    Run& last = runs_.back();
    CHECK(run.source_base >= last.source_end()) << run.source_base << " < " << last.source_end();
    CHECK(run.target_base >= last.target_end()) << run.target_base << " < " << last.target_end();
    if (run.source_base == last.source_end() && run.target_base == last.target_end()) {
      last.count += run.count;
      return;
    }
    changes_.closed.push_back(last);
  }
  runs_.push_back(run);
  if (runs_.size() > runs_max_) LeaveOldestToTheStore();
}

void OffsetMap::AdvanceTo(SourceOffset position) { position_ = std::max(position_, position); }

std::optional<SourceOffset> OffsetMap::SourceOf(TargetOffset target) const {
  auto after = std::upper_bound(runs_.begin(), runs_.end(), target,
                                [](TargetOffset t, const Run& run) { return t < run.target_base; });
  if (after == runs_.begin()) return std::nullopt;
  const Run& run = *--after;
  if (target >= run.target_end()) return std::nullopt;
  return run.source_base + (target - run.target_base);
}

std::optional<TargetOffset> OffsetMap::TargetOf(SourceOffset source) const {
  if (source < begin_.source || source > position_) return std::nullopt;
  auto run = std::upper_bound(runs_.begin(), runs_.end(), source,
                              [](SourceOffset s, const Run& r) { return s < r.source_end(); });
  const bool is_in_run = run != runs_.end() && source >= run->source_base;
  if (is_in_run) return run->target_base + (source - run->source_base);
  const TargetOffset above = run == runs_.end() ? target_end_ : run->target_base;
  const TargetOffset below = run == runs_.begin() ? begin_.target : std::prev(run)->target_end();
  if (above == below || source == position_) return above;
  return std::nullopt;
}

void OffsetMap::TruncateTo(TargetOffset end) {
  std::optional<SourceOffset> at_end;  // where the run begins that does at `end`
  for (; !runs_.empty() && runs_.back().target_base >= end; runs_.pop_back()) {
    if (runs_.back().target_base == end) at_end = runs_.back().source_base;
  }
  position_ = begin_.source;
  target_end_ = begin_.target;
  SourceOffset reopened(0);
  if (!runs_.empty()) {
    Run& last = runs_.back();
    last.count = std::min(last.count, end - last.target_base);
    position_ = last.source_end();
    target_end_ = last.target_end();
    reopened = last.source_base;
  } else {
    // The store forgets all, too.
    marks_.clear();
    origin_ = begin_;
  }
  // Below is what is not known.
  if (at_end.has_value() && target_end_ != end) ContinueAt({*at_end, end});
  // The last run grows again: it is none of the closed ones any more.
  std::erase_if(changes_.closed, [&](const Run& run) { return run.source_base >= reopened; });
  changes_.forget_from = std::min(changes_.forget_from.value_or(reopened), reopened);
}

bool OffsetMap::PruneBelow(SourceOffset source_log_start, TargetOffset target_log_start) {
  const auto is_below = [&](SourceOffset source, TargetOffset target) {
    return source <= source_log_start && target <= target_log_start;
  };
  const MapBegin before = origin_;
  while (runs_.size() > 1 && is_below(runs_.front().source_end(), runs_.front().target_end())) {
    ForgetOldest();
    marks_.clear();
    origin_ = begin_;
    changes_.forget_below = runs_.front().source_base;
  }
  // All runs in front of one that begins there end there or before.
  while (!marks_.empty() && is_below(marks_.front().source, marks_.front().target)) {
    if (marks_.front().source > origin_.source) {
      origin_ = marks_.front();
      changes_.forget_below = origin_.source;
    }
    marks_.pop_front();
  }
  std::erase_if(changes_.closed, [&](const Run& run) { return run.source_base < changes_.forget_below; });
  return origin_ != before;
}

OffsetMap::Changes OffsetMap::TakeChanges() { return std::exchange(changes_, {}); }

}  // namespace replicator::offsets
