// The verdict (verdict.h) for something that did not come in time.
//
// Every cluster of this process is asked with librdkafka for its brokers, its topics and the offsets of all partitions.
// When all are healthy, the program is late without a reason, and that is WRONG. Else it is STALLED, as is a wait that
// the test's own deadline (test_deadline.h) has cut. The thread that uses the clusters calls these.
#ifndef REPLICATOR_TESTS_CLUSTER_LATE_H_
#define REPLICATOR_TESTS_CLUSTER_LATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace replicator::tests {

// Notes the verdict and returns its text.
std::string NoteLate(absl::string_view what);

// Every broker that should run answers, and every partition has a leader that tells its offsets. The error says what is
// not so. Takes about `timeout` at most.
absl::Status ProbeClusters(absl::Duration timeout);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_LATE_H_
