// `replicator run` as a child process: writes its properties file, starts it, reads what it logged. Used by the demo
// and the benchmarks. One thread uses an object.
#ifndef REPLICATOR_TESTS_DEMO_LINK_PROCESS_H_
#define REPLICATOR_TESTS_DEMO_LINK_PROCESS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/cluster/process.h"

namespace replicator::tests {

// What a link's mm2.properties says here. The rest is MirrorMaker's default.
struct LinkFile {
  std::string source_bootstrap_servers;
  std::string target_bootstrap_servers;
  std::string topics;  // MirrorMaker's `topics`: names and patterns, separated by commas
  int replication_factor = 1;
  int tasks_max = 1;
};

// The text of the file: the link old->new, topics keep their names.
std::string LinkFileText(const LinkFile& link);

struct LinkProcessOptions {
  std::string program;             // path of the binary
  std::string dir;                 // gets mm2.properties, replicator.log and the folder state; must exist
  std::string link_text;           // of mm2.properties
  std::vector<std::string> flags;  // further ones of `run`
};

class LinkProcess {
 public:
  // How long SIGTERM may take: what the program promises, and then some for a busy machine.
  static constexpr absl::Duration kStopTimeout = absl::Seconds(15);

  static absl::StatusOr<std::unique_ptr<LinkProcess>> Start(const LinkProcessOptions& options);

  pid_t pid() const { return child_->pid(); }
  absl::Time started() const { return started_; }

  // OK while it runs; Unavailable, with the tail of its log, once it has ended by itself.
  absl::Status CheckRunning();

  // SIGKILL, and waits for the end.
  absl::Status Kill9();
  // SIGTERM, and waits for the end. Internal, with the tail of its log, unless it exits with 0 in time.
  absl::Status Stop();

  // CPU and memory; after the end the kernel's own totals.
  absl::StatusOr<ProcessUsage> Usage() { return child_->Usage(); }

  // After Stop: bytes of record batches that it copied in user space, as its last log line tells. NotFound if none
  // does.
  absl::StatusOr<int64_t> PayloadBytesCopied() const;

 private:
  LinkProcess(std::unique_ptr<ChildProcess> child, absl::Time started) : child_(std::move(child)), started_(started) {}

  const std::unique_ptr<ChildProcess> child_;
  const absl::Time started_;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_DEMO_LINK_PROCESS_H_
