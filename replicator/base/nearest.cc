#include "replicator/base/nearest.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace replicator {
namespace {

constexpr size_t kNearEnough = 2;  // edits
// No name that is looked for is longer, and the work grows with both lengths.
constexpr size_t kWordSizeMax = 200;

size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Nearest(absl::string_view word, absl::Span<const std::string> candidates) {
  if (word.size() > kWordSizeMax) return "";
  std::string nearest;
  size_t least = kNearEnough + 1;
  for (const std::string& candidate : candidates) {
    const size_t longer = std::max(word.size(), candidate.size());
    if (longer - std::min(word.size(), candidate.size()) >= least) continue;
    const size_t distance = EditDistance(word, candidate);
    // All of a short word changed is no likeness.
    if (distance >= least || distance >= candidate.size()) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

}  // namespace replicator
