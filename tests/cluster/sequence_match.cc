#include "tests/cluster/sequence_match.h"

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace replicator::tests {
namespace {

constexpr int64_t kNoPartner = -1;  // Not in the source at all.
constexpr int64_t kExtraCopy = -2;  // In the source, but not that often.

// Copies of one digest in the source: a chain through `next_copy`.
struct Copies {
  int64_t first = -1;
  int64_t next = -1;  // First copy that is not matched yet; -1: none left.
};

struct Partners {
  std::vector<int64_t> of_target;    // Per target record: index in the source, or one of the constants.
  std::vector<bool> source_matched;  // Per source record.
  absl::flat_hash_map<uint64_t, Copies> copies;
};

Partners FindPartners(absl::Span<const uint64_t> source, absl::Span<const uint64_t> target) {
  Partners partners;
  const int64_t source_size = static_cast<int64_t>(source.size());
  std::vector<int64_t> next_copy(source.size(), -1);
  partners.source_matched.resize(source.size());
  partners.copies.reserve(source.size());
  // Backwards, so that each chain begins with the earliest copy.
  for (int64_t i = source_size - 1; i >= 0; --i) {
    Copies& copies = partners.copies[source[i]];
    next_copy[i] = copies.first;
    copies.first = copies.next = i;
  }
  partners.of_target.reserve(target.size());
  for (uint64_t digest : target) {
    const auto found = partners.copies.find(digest);
    if (found == partners.copies.end()) {
      partners.of_target.push_back(kNoPartner);
    } else if (found->second.next < 0) {
      partners.of_target.push_back(kExtraCopy);
    } else {
      const int64_t partner = found->second.next;
      found->second.next = next_copy[partner];
      partners.source_matched[partner] = true;
      partners.of_target.push_back(partner);
    }
  }
  return partners;
}

// Matched records minus the longest increasing subsequence of their places in the source (patience sorting).
int64_t CountReordered(const std::vector<int64_t>& partners) {
  std::vector<int64_t> tails;
  int64_t matched = 0;
  for (int64_t partner : partners) {
    if (partner < 0) continue;
    ++matched;
    const auto place = std::lower_bound(tails.begin(), tails.end(), partner);
    if (place == tails.end()) {
      tails.push_back(partner);
    } else {
      *place = partner;
    }
  }
  return matched - static_cast<int64_t>(tails.size());
}

void ClassifyFirst(absl::Span<const uint64_t> source, absl::Span<const uint64_t> target, const Partners& partners,
                   SequenceMatch* match) {
  const size_t index = static_cast<size_t>(match->index);
  const bool source_ended = index >= source.size();
  if (index >= target.size()) {
    match->kind = FirstDifference::kMissing;
    return;
  }
  const int64_t partner = partners.of_target[index];
  if (partner == kExtraCopy) {
    match->kind = FirstDifference::kDuplicated;
    match->source_index_of_target = partners.copies.at(target[index]).first;
    return;
  }
  match->source_index_of_target = partner == kNoPartner ? -1 : partner;
  const bool source_matched = !source_ended && partners.source_matched[index];
  if (partner == kNoPartner) {
    match->kind = source_ended || source_matched ? FirstDifference::kForeign : FirstDifference::kChanged;
  } else {
    match->kind = source_matched ? FirstDifference::kReordered : FirstDifference::kMissing;
  }
}

}  // namespace

SequenceMatch MatchSequences(absl::Span<const uint64_t> source, absl::Span<const uint64_t> target) {
  SequenceMatch match;
  const size_t common = std::min(source.size(), target.size());
  size_t index = 0;
  while (index < common && source[index] == target[index]) ++index;
  if (index == source.size() && index == target.size()) return match;
  match.index = static_cast<int64_t>(index);

  const Partners partners = FindPartners(source, target);
  const int64_t unmatched_source = std::count(partners.source_matched.begin(), partners.source_matched.end(), false);
  const int64_t unknown_target = std::count(partners.of_target.begin(), partners.of_target.end(), kNoPartner);
  match.duplicated = std::count(partners.of_target.begin(), partners.of_target.end(), kExtraCopy);
  match.changed = std::min(unmatched_source, unknown_target);
  match.missing = unmatched_source - match.changed;
  match.foreign = unknown_target - match.changed;
  match.reordered = CountReordered(partners.of_target);
  ClassifyFirst(source, target, partners, &match);
  return match;
}

}  // namespace replicator::tests
