#include "offsets/known_ranges.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace replicator::offsets {
namespace {

using Ranges = absl::Span<const KnownRange>;

// The last range that begins at or below, or end().
Ranges::iterator AtOrBelow(Ranges ranges, SourceOffset source) {
  auto above = std::upper_bound(ranges.begin(), ranges.end(), source,
                                [](SourceOffset s, const KnownRange& range) { return s < range.begin.source; });
  return above == ranges.begin() ? ranges.end() : above - 1;
}
Ranges::iterator AtOrBelow(Ranges ranges, TargetOffset target) {
  auto above = std::upper_bound(ranges.begin(), ranges.end(), target,
                                [](TargetOffset t, const KnownRange& range) { return t < range.begin.target; });
  return above == ranges.begin() ? ranges.end() : above - 1;
}

ToTarget Exact(TargetOffset target, bool is_same_record, const LogStarts& starts) {
  if (target < starts.target) return {TranslationKind::kExact, starts.target, false};
  return {TranslationKind::kExact, target, is_same_record};
}

// `source` lies behind all records that the range before `next` knows, and before `next`. `target_end`: of that range,
// or 0.
ToTarget BeforeRange(const KnownRange& next, SourceOffset source, TargetOffset target_end, const LogStarts& starts) {
  if (source >= next.begin.source) return Exact(next.begin.target, false, starts);
  const bool is_deleted_at_source = starts.source >= next.begin.source;
  // What the target has there, or had, may be copies of what the source has.
  const bool is_deleted_on_target = starts.target >= next.begin.target;
  if (target_end < next.begin.target && !(is_deleted_at_source && is_deleted_on_target))
    return {TranslationKind::kUnknown, {}, false};
  if (!is_deleted_at_source) return {TranslationKind::kNotCopied, {}, false};
  return Exact(next.begin.target, false, starts);
}

ToTarget LookUp(Ranges ranges, SourceOffset source, const LogStarts& starts) {
  if (ranges.empty()) return {};
  const auto range = AtOrBelow(ranges, source);
  if (range == ranges.end()) return BeforeRange(ranges.front(), source, TargetOffset(0), starts);
  const auto run = std::upper_bound(range->runs.begin(), range->runs.end(), source,
                                    [](SourceOffset s, const Run& r) { return s < r.source_end(); });
  if (run != range->runs.end()) {
    const int64_t into = source - run->source_base;
    return Exact(run->target_base + std::max<int64_t>(into, 0), into >= 0, starts);
  }
  if (range + 1 != ranges.end())
    return BeforeRange(*(range + 1), std::max(source, range->source_end), range->target_end(), starts);
  if (source > range->source_end) return {TranslationKind::kWait, {}, false};
  return Exact(range->target_end(), false, starts);
}

ToSource Exact(SourceOffset source, bool is_same_record, const LogStarts& starts) {
  if (source < starts.source) return {TranslationKind::kExact, starts.source, false};
  return {TranslationKind::kExact, source, is_same_record};
}

ToSource LookUp(Ranges ranges, TargetOffset target, const LogStarts& starts) {
  const auto range = AtOrBelow(ranges, target);
  if (range == ranges.end()) return {};
  const auto run = std::upper_bound(range->runs.begin(), range->runs.end(), target,
                                    [](TargetOffset t, const Run& r) { return t < r.target_end(); });
  if (run != range->runs.end()) {
    const int64_t into = target - run->target_base;
    return Exact(run->source_base + std::max<int64_t>(into, 0), into >= 0, starts);
  }
  if (range + 1 != ranges.end()) return {};
  const int64_t beyond = target - range->target_end();
  if (beyond > 0) return {TranslationKind::kWait, std::max(range->source_end, starts.source), false, beyond};
  return Exact(range->source_end, false, starts);
}

}  // namespace

void KnownRanges::Add(KnownRange range) {
  while (!ranges_.empty() && !ranges_.back().CutAt(range.begin.source, range.begin.target)) ranges_.pop_back();
  if (!ranges_.empty()) {
    KnownRange& last = ranges_.back();
    if (range.begin.source == last.source_end && range.begin.target == last.target_end()) {
      last.source_end = range.source_end;
      last.runs.insert(last.runs.end(), range.runs.begin(), range.runs.end());
      return;
    }
  }
  ranges_.push_back(std::move(range));
}

ToTarget TranslateToTarget(absl::Span<const KnownRange> known, SourceOffset source, const LogStarts& starts) {
  const ToTarget found = LookUp(known, source, starts);
  if (found.kind != TranslationKind::kUnknown || source >= starts.source) return found;
  ToTarget from_start = LookUp(known, starts.source, starts);
  from_start.is_same_record = false;
  return from_start;
}

ToSource TranslateToSource(absl::Span<const KnownRange> known, TargetOffset target, const LogStarts& starts) {
  const ToSource found = LookUp(known, target, starts);
  if (found.kind != TranslationKind::kUnknown || target >= starts.target) return found;
  ToSource from_start = LookUp(known, starts.target, starts);
  from_start.is_same_record = false;
  return from_start;
}

}  // namespace replicator::offsets
