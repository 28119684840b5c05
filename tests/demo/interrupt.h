// Ctrl-C and SIGTERM as a question that long-running mains ask where they wait, so that destructors end child processes
// and remove scratch folders. A second signal ends the process at once (its children die with it).
#ifndef REPLICATOR_TESTS_DEMO_INTERRUPT_H_
#define REPLICATOR_TESTS_DEMO_INTERRUPT_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/load.h"

namespace replicator::tests {

// To be called once, first thing in main.
void CatchInterrupts();

// True once SIGINT or SIGTERM has come.
bool Interrupted();

// Waits until `done` returns true; asked about every 10 ms. Cancelled when a signal came, DeadlineExceeded, naming
// `what`, after `timeout`.
absl::Status WaitUntil(absl::FunctionRef<bool()> done, absl::Duration timeout, absl::string_view what);

// KafkaCluster::WaitReady and LoadGenerator::Wait that return Cancelled soon after a signal.
absl::Status WaitReadyUnlessInterrupted(KafkaCluster& cluster);
absl::StatusOr<LoadCounts> WaitForLoad(LoadGenerator& load, absl::Duration timeout);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_DEMO_INTERRUPT_H_
