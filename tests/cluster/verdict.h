// Why a test failed, written down at the moment when it fails, so that a run of all tests fails for a wrong result
// only.
//
//   WRONG    The program did something wrong: the verifier says different, a partition is quarantined that should not
//            be, an exit code, a crash, a sanitizer's report, lost or doubled records. It fails the run for good, even
//            when a second try of the target passes.
//   STALLED  Something did not come in time. It may be the program, it may be the machine. Eventually() asks both
//            clusters at that moment: when they are healthy, the verdict is WRONG.
//   HARNESS  The clusters, an admin call, the load or a tool failed; nothing is known about the program.
//   SKIPPED  A case could not run here. It fails the run only where the environment has CI=true.
//
// A target that failed by STALLED or HARNESS gets one more try. The closing lines of the run name it, and the run fails
// when the second try fails too, or when more than three targets needed one. (tests/run_report.py judges; ./dev test
// calls it.)
//
// Who says it:
// - Every failed assertion of a test that links //tests/cluster:broker_test_main has a verdict. WRONG is the default.
// An
//   assertion that shows a status from AsHarness() is HARNESS: the clusters, the admin, the load, the verifier and the
//   scene return such statuses, so `ASSERT_TRUE(x.ok()) << x.status()` needs nothing more.
// - In a case that has a verdict already, a plain failed assertion is the consequence and adds none.
// - Wrong(), Stalled() and Harness() always count, and fail the case even if no assertion does.
// - A process that dies leaves NAME.PID.running behind, and that is WRONG. Bazel's time-out (SIGTERM) is STALLED.
//
// A verdict is a text in the file $REPLICATOR_VERDICTS/NAME.PID.KIND; the first line is the Bazel target, and every
// entry begins with "== CASE". Without that variable it goes to stderr only. When a verdict is noted, every Keeper that
// lives copies what helps to understand it to KeptFolder(). Any thread may call these functions.
#ifndef REPLICATOR_TESTS_CLUSTER_VERDICT_H_
#define REPLICATOR_TESTS_CLUSTER_VERDICT_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace replicator::tests {

void Wrong(absl::string_view text);
void Stalled(absl::string_view text);
void Harness(absl::string_view text);
void Skipped(absl::string_view text);

// A failed status that says, when an assertion shows it, that the harness failed and not the program. OK stays OK.
absl::Status AsHarness(absl::Status status);
bool IsHarness(const absl::Status& status);
// The text of a failed assertion shows such a status.
bool ShowsHarness(absl::string_view text);

// Where this process keeps what helps to understand a failure: $REPLICATOR_KEPT/NAME.PID, else Bazel's folder for a
// test's outputs, else none (empty). Made on the first call.
std::string KeptFolder();

// Copies the last MiB of a file into `folder` under its own name behind `prefix`. In a properties file the values whose
// keys name a password, a secret or a JAAS configuration are left out.
void KeepTail(const std::string& path, const std::string& folder, absl::string_view prefix = "");

// While it lives: what its owner keeps of itself when a verdict is noted. Once more when it ends, if one was noted.
class Keeper {
 public:
  // `keep` gets the folder. It may run in any thread while the owner is in use, and only reads.
  explicit Keeper(std::function<void(const std::string& folder)> keep);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

 private:
  int64_t id_;
};

// For the main function of broker tests.
// NAME.PID.running is there between these two.
void NoteRunning();
void NoteEnd();
// A scope is a suite, then a case of it. `EnterScope` forgets what was noted in the scope before.
void EnterScope(absl::string_view name);
bool NotedInScope();
bool NotedInProcess();

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_VERDICT_H_
