#include "offsets/offset_map.h"

#include <glog/logging.h>

#include <algorithm>

namespace replicator::offsets {

void OffsetMap::Append(const Run& run) {
  CHECK_GT(run.count, 0);
  if (!runs_.empty()) {
    Run& last = runs_.back();
    CHECK(run.source_base >= last.source_end()) << run.source_base << " < " << last.source_end();
    CHECK(run.target_base >= last.target_end()) << run.target_base << " < " << last.target_end();
    if (run.source_base == last.source_end() && run.target_base == last.target_end()) {
      last.count += run.count;
      return;
    }
  }
  runs_.push_back(run);
  if (runs_.size() > runs_max_) runs_.pop_front();
}

std::optional<SourceOffset> OffsetMap::SourceOf(TargetOffset target) const {
  auto after = std::upper_bound(runs_.begin(), runs_.end(), target,
                                [](TargetOffset t, const Run& run) { return t < run.target_base; });
  if (after == runs_.begin()) return std::nullopt;
  const Run& run = *--after;
  if (target >= run.target_end()) return std::nullopt;
  return run.source_base + (target - run.target_base);
}

std::optional<TargetOffset> OffsetMap::TargetOf(SourceOffset source) const {
  auto run = std::upper_bound(runs_.begin(), runs_.end(), source,
                              [](SourceOffset s, const Run& r) { return s < r.source_end(); });
  if (run == runs_.end()) return std::nullopt;
  if (source >= run->source_base) return run->target_base + (source - run->source_base);
  if (run == runs_.begin()) return std::nullopt;  // what lay before the first known run is not known
  return run->target_base;
}

void OffsetMap::TruncateTo(TargetOffset end) {
  while (!runs_.empty() && runs_.back().target_base >= end) runs_.pop_back();
  if (runs_.empty()) return;
  Run& last = runs_.back();
  last.count = std::min(last.count, end - last.target_base);
}

}  // namespace replicator::offsets
