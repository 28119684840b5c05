// Child processes, loopback ports, scratch folders and waiting, for tests that run real programs.
//
// A ChildProcess belongs to the object that started it and never outlives the test process, however that one dies: the
// kernel kills the child when the thread that forked it ends (PR_SET_PDEATHSIG), and the fork is done by one thread
// that lives until the whole process is gone.
// Every function here may be called from any thread; one ChildProcess object is used by one thread at a time.
#ifndef REPLICATOR_TESTS_CLUSTER_PROCESS_H_
#define REPLICATOR_TESTS_CLUSTER_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace replicator::tests {

struct ProcessOptions {
  // argv[0] is the program, looked up in PATH if it has no slash.
  std::vector<std::string> argv;
  // Added to (or replacing entries of) this process's environment.
  std::map<std::string, std::string> environment;
  // Receives stdout and stderr, appended. Empty: /dev/null.
  std::string log_path;
  // Empty: this process's own.
  std::string working_directory;
};

// How a child ended.
struct ExitStatus {
  int code = -1;   // Exit code, or -1 if a signal ended it.
  int signal = 0;  // The signal that ended it, or 0.
  bool ok() const { return code == 0; }
  std::string ToString() const;
};

// What a child has used so far.
struct ProcessUsage {
  absl::Duration cpu_user;
  absl::Duration cpu_system;
  int64_t rss_bytes = 0;       // Resident now; 0 once it has ended.
  int64_t rss_bytes_peak = 0;  // Highest resident size so far (VmHWM); the last reading once it has ended.
  absl::Duration cpu() const { return cpu_user + cpu_system; }
};

// A running child in a process group of its own. The destructor kills the group with SIGKILL and reaps the child.
class ChildProcess {
 public:
  // Starts the program; its stdin is /dev/null. Errors: the fork or exec failed (the message names the program).
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const ProcessOptions& options);

  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  const std::string& log_path() const { return log_path_; }

  // True until the child has ended (a stopped child is running). Reaps it when it has.
  bool Running();

  // Sends a signal to the child's process group. NotFound if the child has ended.
  absl::Status Kill(int signal);

  // SIGSTOP, and waits until every thread has stopped; SIGCONT.
  absl::Status Stop();
  absl::Status Continue();

  // Waits for the end. DeadlineExceeded if the child still runs after `timeout`.
  absl::StatusOr<ExitStatus> Wait(absl::Duration timeout);

  // SIGTERM, and if `timeout` passes SIGKILL; returns how it ended.
  absl::StatusOr<ExitStatus> Terminate(absl::Duration timeout);

  // CPU time and resident memory from /proc. After the end: the totals that the kernel reported at the reaping.
  absl::StatusOr<ProcessUsage> Usage();

  // The last `bytes_max` bytes of the log, cut at a line's begin. For messages of failed tests.
  std::string LogTail(size_t bytes_max = 4096) const;

 private:
  ChildProcess(pid_t pid, std::string log_path) : pid_(pid), log_path_(std::move(log_path)) {}

  // Reaps the child if it has ended.
  void TryReap();

  const pid_t pid_;
  const std::string log_path_;
  std::optional<ExitStatus> exit_;
  ProcessUsage final_usage_;
};

// A TCP port of 127.0.0.1 that nothing listens on. It lies below the kernel's ephemeral range, so no outgoing
// connection takes it while its owner restarts, and is reserved for the rest of this process's life: neither a second
// call nor another process that uses this function gets the same one. CHECK-fails if none of the ports is free.
int FreePort();

// A new empty folder under $TEST_TMPDIR, else under /tmp. Removed with all its content by the destructor, unless the
// environment has REPLICATOR_KEEP_TMP=1. What a killed process left behind is removed by the next process that makes
// one.
class TempDir {
 public:
  explicit TempDir(absl::string_view name = "test");
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int lock_fd_ = -1;
};

// Calls `predicate` about every 10 ms until it returns true or `timeout` has passed (it is asked at least once, and
// once more at the end). Returns its last answer. In a test the wait ends at TestDeadline() at the latest; one that is
// cut by it is STALLED.
bool WaitFor(absl::FunctionRef<bool()> predicate, absl::Duration timeout,
             std::source_location where = std::source_location::current());

// The folder of downloaded things: $REPLICATOR_CACHE, else $HOME/.cache/replicator.
std::string CacheDir();

// The last `bytes_max` bytes of a file, cut at a line's begin; empty if it cannot be read.
std::string FileTail(const std::string& path, size_t bytes_max);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_PROCESS_H_
