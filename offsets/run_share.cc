#include "offsets/run_share.h"

#include <algorithm>
#include <limits>

namespace replicator::offsets {

size_t RunsEach(std::vector<size_t> counts, size_t runs_max) {
  std::sort(counts.begin(), counts.end());
  size_t left = runs_max;
  for (size_t i = 0; i < counts.size(); ++i) {
    const size_t each = left / (counts.size() - i);
    if (counts[i] > each) return each;
    left -= counts[i];
  }
  return std::numeric_limits<size_t>::max();
}

}  // namespace replicator::offsets
