#include "replicator/groups/proof.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace replicator {
namespace {

using kafka::RecordWindow;
using kafka::WindowRecord;
using Records = std::vector<WindowRecord>;

// How far records are shifted against each other to see whether they would fit there as well.
constexpr int64_t kShiftMax = 8;

bool IsEqual(const WindowRecord& a, const WindowRecord& b) {
  if (a.content != b.content) return false;
  return a.is_log_append_time || b.is_log_append_time || a.timestamp_ms == b.timestamp_ms;
}

std::string PairText(const WindowRecord& source, const WindowRecord& target) {
  return absl::StrCat("the source's record ", source.offset, " and the target's record ", target.offset);
}

Proof Different(std::string text) { return {ProofResult::kDifferent, 0, std::move(text)}; }

// All records of a window, and which of them is the first at or behind the position.
struct Line {
  Records records;
  int64_t position = 0;
};

Line LineOf(const RecordWindow& window) {
  Line line = {window.before, static_cast<int64_t>(window.before.size())};
  line.records.insert(line.records.end(), window.after.begin(), window.after.end());
  return line;
}

// What is left of a log's head: the position itself is gone.
bool IsRemoved(const RecordWindow& window) { return window.log_start > window.offset; }

// Pairs of equal records when the target's are moved by `shift`; -1: some pair differs, or stands on one side alone
// although it would have to be there.
int64_t FitAt(const ProofInput& input, const Line& source, const Line& target, int64_t shift,
              std::pair<const WindowRecord*, const WindowRecord*>* differing) {
  int64_t pairs = 0;
  const int64_t first = std::max(-source.position, -target.position - shift);
  const int64_t last = std::min(static_cast<int64_t>(source.records.size()) - source.position,
                                static_cast<int64_t>(target.records.size()) - target.position - shift);
  for (int64_t i = first; i < last; ++i, ++pairs) {
    const WindowRecord& of_source = source.records[source.position + i];
    const WindowRecord& of_target = target.records[target.position + shift + i];
    if (IsEqual(of_source, of_target)) continue;
    if (differing != nullptr) *differing = {&of_source, &of_target};
    return -1;
  }
  // Logs that nothing was removed from begin with the same record.
  const bool are_whole = input.source.reaches_start && input.target.reaches_start && input.source.log_start == 0 &&
                         input.target.log_start == 0;
  if (are_whole && source.position != target.position + shift) return -1;
  // What the target has, the source has.
  const int64_t behind_source = static_cast<int64_t>(source.records.size()) - source.position;
  const int64_t behind_target = static_cast<int64_t>(target.records.size()) - target.position - shift;
  if (input.source.reaches_end && behind_target > behind_source) return -1;
  return pairs;
}

bool FitsElsewhere(const ProofInput& input, const Line& source, const Line& target) {
  for (int64_t shift = 1; shift <= kShiftMax; ++shift) {
    if (FitAt(input, source, target, shift, nullptr) > 0 || FitAt(input, source, target, -shift, nullptr) > 0)
      return true;
  }
  return false;
}

// Nothing was ever removed from the middle of either log, and both positions are there.
Proof ProveWhole(const ProofInput& input) {
  const Line source = LineOf(input.source);
  const Line target = LineOf(input.target);
  std::pair<const WindowRecord*, const WindowRecord*> differing = {nullptr, nullptr};
  const int64_t pairs = FitAt(input, source, target, 0, &differing);
  if (differing.first != nullptr)
    return Different(absl::StrCat(PairText(*differing.first, *differing.second), " differ"));
  if (pairs < 0) return Different("one side has records around the position that the other one does not have");
  if (pairs == 0) {
    const bool is_empty = source.records.empty() && target.records.empty();
    if (is_empty && input.source.reaches_end)
      return {ProofResult::kEqual, 0, "no records are left on either side, and the position is the end"};
    return {ProofResult::kUnprovable, 0, "no record is there on both sides"};
  }
  if (!input.run.has_value() && FitsElsewhere(input, source, target))
    return {ProofResult::kUnprovable, static_cast<int>(pairs),
            "the records around it are all alike, and their count from the start is not known"};
  return {ProofResult::kEqual, static_cast<int>(pairs), absl::StrCat(pairs, " records around it are equal")};
}

// The records of one side from `begin` on fit those of the other one from its beginning on.
bool FitsFrom(absl::Span<const WindowRecord> longer, absl::Span<const WindowRecord> shorter, size_t begin) {
  for (size_t i = 0; i < shorter.size() && begin + i < longer.size(); ++i) {
    if (!IsEqual(longer[begin + i], shorter[i])) return false;
  }
  return true;
}

// Retention has removed the position on one side or on both: what both have from the later start on has to fit.
Proof ProveBehindRetention(const ProofInput& input) {
  const bool is_of_source = IsRemoved(input.source);
  const char* sides = is_of_source && IsRemoved(input.target) ? "both sides"
                      : is_of_source                          ? "the source"
                                                              : "the target";
  const Records& source = input.source.after;
  const Records& target = input.target.after;
  if (source.empty() || target.empty())
    return {ProofResult::kUnprovable, 0, absl::StrCat("retention has removed its records on ", sides)};
  for (const bool source_is_longer : {true, false}) {
    const Records& longer = source_is_longer ? source : target;
    const Records& shorter = source_is_longer ? target : source;
    // Only the side that still has the position may have more at its beginning.
    if (IsRemoved(source_is_longer ? input.source : input.target) &&
        !(IsRemoved(input.source) && IsRemoved(input.target)))
      continue;
    for (size_t begin = 0; begin < longer.size(); ++begin) {
      if (!FitsFrom(longer, shorter, begin)) continue;
      const int pairs = static_cast<int>(std::min(shorter.size(), longer.size() - begin));
      return {ProofResult::kEqualAtNext, pairs,
              absl::StrCat("retention has removed its record on ", sides, "; ", pairs, " records from the source's ",
                           (source_is_longer ? longer[begin] : shorter[0]).offset, " on are equal")};
    }
  }
  const bool ends_within = input.source.reaches_end && input.target.reaches_end;
  if (ends_within) return Different("what retention has left of both sides differs");
  return {ProofResult::kUnprovable, 0,
          absl::StrCat("retention has removed the records behind it on ", sides, " further than was looked")};
}

struct Matches {
  int pairs = 0;
  bool is_first = false;  // the nearest record of each side is the same one
  std::string trouble;
};

// Records of both sides that are equal, in the order of both, away from the position: compaction removes some on either
// side, and never reorders.
Matches Match(const Records& source, const Records& target, const ProofInput& input) {
  Matches matches;
  size_t next = 0;
  for (size_t i = 0; i < target.size(); ++i) {
    const auto found = std::find_if(source.begin() + static_cast<int64_t>(next), source.end(),
                                    [&](const WindowRecord& record) { return IsEqual(record, target[i]); });
    if (found == source.end()) {
      const auto early = std::find_if(source.begin(), source.begin() + static_cast<int64_t>(next),
                                      [&](const WindowRecord& record) { return IsEqual(record, target[i]); });
      const bool is_twice = std::find_if(target.begin(), target.begin() + static_cast<int64_t>(i),
                                         [&](const WindowRecord& record) { return IsEqual(record, target[i]); }) !=
                            target.begin() + static_cast<int64_t>(i);
      if (early != source.begin() + static_cast<int64_t>(next) && !is_twice)
        matches.trouble = absl::StrCat(PairText(*early, target[i]), " are equal and stand in another order");
      // The same key at the same time with another value: compaction makes no new values.
      for (const WindowRecord& record : source) {
        if (record.key == target[i].key && record.content != target[i].content && !target[i].is_log_append_time &&
            record.timestamp_ms == target[i].timestamp_ms &&
            std::none_of(target.begin(), target.end(),
                         [&](const WindowRecord& other) { return IsEqual(other, record); }))
          matches.trouble = absl::StrCat(PairText(record, target[i]), " have one key and one time, and differ");
      }
      if (!input.is_source_compacted && matches.pairs > 0 && next < source.size())
        matches.trouble = absl::StrCat("the target's record ", target[i].offset, " is not there at the source");
      continue;
    }
    const auto at = static_cast<size_t>(found - source.begin());
    if (matches.pairs == 0) matches.is_first = at == 0 && i == 0;
    if (!input.is_target_compacted && at > next && matches.pairs > 0)
      matches.trouble = absl::StrCat("the source's record ", source[next].offset, " is not there on the target");
    next = at + 1;
    ++matches.pairs;
  }
  return matches;
}

Proof ProveCompacted(const ProofInput& input) {
  const char* sides = input.is_source_compacted && input.is_target_compacted ? "both sides"
                      : input.is_source_compacted                            ? "the source"
                                                                             : "the target";
  const Matches after = Match(input.source.after, input.target.after, input);
  const Records source_before(input.source.before.rbegin(), input.source.before.rend());
  const Records target_before(input.target.before.rbegin(), input.target.before.rend());
  const Matches before = Match(source_before, target_before, input);
  for (const Matches& matches : {after, before}) {
    if (!matches.trouble.empty()) return Different(matches.trouble);
  }
  const int pairs = after.pairs + before.pairs;
  // A record from before the one position may not lie behind the other one.
  for (const auto& [one, other] :
       {std::pair(&input.source.before, &input.target.after), std::pair(&input.source.after, &input.target.before)}) {
    for (const WindowRecord& of_source : *one) {
      for (const WindowRecord& of_target : *other) {
        const bool is_alike = IsEqual(of_source, of_target) && !of_target.is_log_append_time;
        if (is_alike && pairs == 0)
          return Different(absl::StrCat(PairText(of_source, of_target), " are equal and lie on different sides of it"));
      }
    }
  }
  if (pairs == 0) {
    const bool is_end = input.source.after.empty() && input.target.after.empty() && input.source.reaches_end;
    if (is_end && input.source.before.empty() && input.target.before.empty())
      return {ProofResult::kEqual, 0, "no records are left on either side, and the position is the end"};
    return {ProofResult::kUnprovable, 0, absl::StrCat("compaction has removed the records around it on ", sides)};
  }
  const bool is_whole = (after.pairs == 0 || after.is_first) && (before.pairs == 0 || before.is_first);
  if (is_whole) return {ProofResult::kEqual, pairs, absl::StrCat(pairs, " records around it are equal")};
  return {ProofResult::kEqualAtNext, pairs,
          absl::StrCat("compaction has removed records around it; ", pairs, " that both sides still have are equal")};
}

}  // namespace

const char* ProofResultName(ProofResult result) {
  switch (result) {
    case ProofResult::kEqual:
      return "equal";
    case ProofResult::kEqualAtNext:
      return "equal-at-next";
    case ProofResult::kUnprovable:
      return "unprovable";
    case ProofResult::kDifferent:
      break;
  }
  return "different";
}

Proof Prove(const ProofInput& input) {
  if (input.run.has_value() && input.source.offset >= input.run->source && !IsRemoved(input.source) &&
      !IsRemoved(input.target)) {
    const int64_t counted = std::min(input.source.offset - input.run->source, input.run->count);
    const int64_t on_target = input.target.offset - input.run->target;
    if (counted != on_target)
      return Different(absl::StrCat("from the start of the copied run (source offset ", input.run->source,
                                    ", target offset ", input.run->target, ") it is ", counted,
                                    " records to it at the source and ", on_target, " on the target"));
  }
  if (input.is_source_compacted || input.is_target_compacted) return ProveCompacted(input);
  if (IsRemoved(input.source) || IsRemoved(input.target)) return ProveBehindRetention(input);
  return ProveWhole(input);
}

}  // namespace replicator
