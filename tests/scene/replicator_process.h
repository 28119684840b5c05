// The program under test as an operator runs it: a MirrorMaker 2 properties file, a state folder, a process, its log
// and its exit code.
//
//   ReplicatorOptions options{.source_bootstrap_servers = ..., .target_bootstrap_servers = ..., .topics = "orders-.*"};
//   auto replicator = ReplicatorProcess::Start(options);   // returns when the process exists, not when it copies
//   ... (*replicator)->Stop(absl::Seconds(10));            // SIGTERM, and its exit code
//
// The binary is $REPLICATOR_BINARY, else the one that Bazel built beside the running test (same config), unless it is
// named. The process dies with its owner. One thread uses an object at a time.
//
// A crash (a signal that only a fault of the program raises, a failed check, a sanitizer's report) is WRONG whatever
// the test looks at (cluster/verdict.h). When a test fails, the log, the properties file, the status and what the
// threads do are kept.
#ifndef REPLICATOR_TESTS_SCENE_REPLICATOR_PROCESS_H_
#define REPLICATOR_TESTS_SCENE_REPLICATOR_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/cluster/process.h"
#include "tests/cluster/verdict.h"

namespace replicator::tests {

struct ReplicatorOptions {
  std::string program;  // path of the binary; empty: see above
  std::string source_bootstrap_servers;
  std::string target_bootstrap_servers;
  std::string topics = ".*";
  int replication_factor = 3;
  int tasks_max = 2;
  // The target's alias: another one makes another link.
  std::string link = "new";
  // Lines of the properties file beside those that follow from the above; they replace lines of the same key.
  std::map<std::string, std::string> properties;
  // Arguments behind `run --config=FILE`.
  std::vector<std::string> flags;
  // Added to this process's environment.
  std::map<std::string, std::string> environment;
  // An existing folder for the properties file and the logs. Every start writes a log of its own.
  std::string dir;
  // Empty: the program's default, below the working folder.
  std::string state_dir;
};

// The program's path, as above. NotFound: it is not there.
absl::StatusOr<std::string> ReplicatorBinary();

// The text of the properties file: the link old->new, topics keep their names.
std::string PropertiesText(const ReplicatorOptions& options);

class ReplicatorProcess {
 public:
  // How long SIGTERM may take: what the program promises, and then some for a busy machine.
  static constexpr absl::Duration kStopTimeout = absl::Seconds(30);

  // Writes the properties file and starts the process. Errors: the binary is not there, the folder cannot be written.
  static absl::StatusOr<std::unique_ptr<ReplicatorProcess>> Start(const ReplicatorOptions& options);

  // SIGTERM, then waits. DeadlineExceeded, with the log's tail, when the process still runs after `timeout`.
  absl::StatusOr<ExitStatus> Stop(absl::Duration timeout);

  // Waits for an end that nobody asks for. DeadlineExceeded as above.
  absl::StatusOr<ExitStatus> Wait(absl::Duration timeout);

  // SIGTERM. Internal, with the log's tail, unless it exits with 0 within kStopTimeout.
  absl::Status StopCleanly();

  // SIGKILL; returns when the process is reaped.
  absl::Status Kill9();

  pid_t pid() const { return process_->pid(); }
  bool Running() { return process_->Running(); }
  // OK while it runs; Internal, with the tail of its log, once it has ended by itself.
  absl::Status CheckRunning();
  absl::StatusOr<ProcessUsage> Usage() { return process_->Usage(); }

  // After Stop: bytes of record batches that it copied in user space, as its last log line tells. NotFound if none
  // does.
  absl::StatusOr<int64_t> PayloadBytesCopied() const;

  // Moments around the fork: what is measured from a start is measured from here.
  absl::Time started() const { return started_; }

  // Everything that this process has logged so far.
  std::string Log() const;
  std::string LogTail(size_t bytes_max = 4096) const { return process_->LogTail(bytes_max); }
  bool LogHas(absl::string_view text) const;
  // False, with a verdict, when it has not come in time.
  bool WaitForLog(absl::string_view text, absl::Duration timeout) const;
  // The log's lines that contain `text`.
  std::vector<std::string> LogLines(absl::string_view text) const;

  ~ReplicatorProcess();

 private:
  ReplicatorProcess(std::unique_ptr<ChildProcess> process, absl::Time started, std::vector<std::string> status_command,
                    const std::string& config);

  // Once, when the process has ended.
  void NoteCrash();
  void Keep(const std::string& folder, const std::string& config) const;

  const std::unique_ptr<ChildProcess> process_;
  const absl::Time started_;
  const std::vector<std::string> status_command_;  // Empty if the state folder is not known.
  bool crash_noted_ = false;
  std::unique_ptr<Keeper> keeper_;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_SCENE_REPLICATOR_PROCESS_H_
