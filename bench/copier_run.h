// One measured pass of a copier over a topic's bytes: a relay (tcp_relay) or the replicator (its peers: peer_run.h).
// All are child processes. CPU is what the kernel reports when they are reaped (wait4), so start and end are in it;
// memory is the highest resident size that it shows while they run.
#ifndef REPLICATOR_BENCH_COPIER_RUN_H_
#define REPLICATOR_BENCH_COPIER_RUN_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/process.h"
#include "tests/demo/log_segments.h"
#include "tests/scene/replicator_process.h"

namespace replicator::bench {

struct CopierRun {
  double wall_s = 0;
  double user_s = 0;
  double system_s = 0;
  int64_t rss_bytes_peak = 0;
  // All but the relay: from its start until the target shows a record.
  double first_record_s = 0;
  // Replicator only: what it says of itself at its end.
  int64_t payload_bytes_copied = 0;

  double cpu_s() const { return user_s + system_s; }
};

// Three processes: one sends the segment files by sendfile, as a broker does, the relay in the middle reads and writes,
// the last reads and writes a file. The run is that of the middle one. `dir` gets their output.
absl::StatusOr<CopierRun> RunRelay(const std::string& relay_program, const tests::LogSegments& segments,
                                   const std::string& dir);

struct ReplicatorRunOptions {
  tests::ReplicatorOptions replicator;  // its folder must exist; the run makes one of its own in it
  std::string topic;                    // must exist, empty, on the target
  int64_t records = 0;
};

// From the program's start until the target has all records; then SIGTERM. From any thread. Errors: it ended by itself,
// or did not end well, or the target has other than `records` records after kCopyTimeout.
absl::StatusOr<CopierRun> RunReplicator(const ReplicatorRunOptions& options, tests::ClusterAdmin& target);

// A copier that runs, and what the target shall have when it is done.
struct AwaitedCopy {
  std::string topic;
  int64_t records = 0;
  absl::Time started;                           // of the process
  std::function<absl::Status()> check_running;  // its error ends the wait
};

// Waits for the topic's first and last record on the target and sets the times in `run`. Errors: what check_running
// says; Cancelled by a signal; DeadlineExceeded after kCopyTimeout; Internal if there are more records than wanted.
absl::Status AwaitCopy(const AwaitedCopy& copy, tests::ClusterAdmin& target, CopierRun& run);

// Raises the run's peak memory to the process's so far. REQUIRES: the process runs. (What wait4 tells afterwards,
// ru_maxrss, has the memory of the process that forked it in it.)
void NotePeakRss(const absl::StatusOr<tests::ProcessUsage>& usage, CopierRun& run);
// Sets the run's CPU times. REQUIRES: the process has ended.
absl::Status SetCpu(const absl::StatusOr<tests::ProcessUsage>& usage, CopierRun& run);

// Reads the files once, so that the page cache holds them.
absl::Status WarmPageCache(const tests::LogSegments& segments);
// Lets the host of a virtual machine back as much free memory as a copier takes: a guest that reports its free pages
// has none behind them, and who touches them first pays for it, between 4 and 130 ms for the same 32 MiB.
absl::Status BackFreeMemory();
// Writes the files' dirty pages and drops them from the page cache. Internal if more than kResidentShareMax stays.
absl::Status EvictFromPageCache(const std::string& relay_program, const tests::LogSegments& segments,
                                const std::string& dir);

}  // namespace replicator::bench

#endif  // REPLICATOR_BENCH_COPIER_RUN_H_
