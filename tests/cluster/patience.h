// How long tests wait for what must happen in the end.
#ifndef REPLICATOR_TESTS_CLUSTER_PATIENCE_H_
#define REPLICATOR_TESTS_CLUSTER_PATIENCE_H_

#include "absl/time/time.h"

namespace replicator::tests {

// Sanitizers make the program several times slower: what is measured in time is held to a multiple.
#ifdef REPLICATOR_SANITIZER
inline constexpr int kSlowness = 8;
#else
inline constexpr int kSlowness = 1;
#endif

// For whatever must happen in the end, on a machine that does other things too.
inline constexpr absl::Duration kPatience = absl::Seconds(120 * kSlowness);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_PATIENCE_H_
