#ifndef REPLICATOR_REPLICATOR_BASE_NEAREST_H_
#define REPLICATOR_REPLICATOR_BASE_NEAREST_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace replicator {

// The candidate that is most like `word` (at most two characters added, left out or changed), for "did you mean";
// "" when none is near enough to be what was meant. Of equally near ones the first.
std::string Nearest(absl::string_view word, absl::Span<const std::string> candidates);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_BASE_NEAREST_H_
