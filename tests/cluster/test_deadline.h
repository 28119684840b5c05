// One deadline for everything that a test process waits for: a little before Bazel would end the process, so that the
// test itself still says what it waited for and keeps what helps to understand it.
#ifndef REPLICATOR_TESTS_CLUSTER_TEST_DEADLINE_H_
#define REPLICATOR_TESTS_CLUSTER_TEST_DEADLINE_H_

#include "absl/time/time.h"

namespace replicator::tests {

// The process's start and $TEST_TIMEOUT (seconds, set by Bazel), less a minute, or less a fifth of it if that is
// shorter. InfiniteFuture without that variable.
absl::Time TestDeadline();

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_TEST_DEADLINE_H_
