#include "bench/copier_run.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/demo/interrupt.h"

namespace replicator::bench {
namespace {

using tests::ChildProcess;

constexpr absl::Duration kRelayTimeout = absl::Minutes(3);
constexpr absl::Duration kCopyTimeout = absl::Minutes(5);
// How often the target is asked how much it has: finer until the first record is there.
constexpr absl::Duration kFirstRecordPoll = absl::Milliseconds(10);
constexpr absl::Duration kRecordsPoll = absl::Milliseconds(50);
// Pages that a broker has mapped or that were read at this moment may stay.
constexpr double kResidentShareMax = 0.05;
constexpr size_t kReadBytes = 1 << 20;
constexpr size_t kBackedBytes = 512 << 20;
constexpr size_t kOutputBytesMax = 4096;

// The number behind "name": in a line of JSON; -1 if there is none.
double JsonNumber(const std::string& text, const std::string& name) {
  const std::string key = absl::StrCat("\"", name, "\":");
  const size_t at = text.rfind(key);
  return at == std::string::npos ? -1 : strtod(text.c_str() + at + key.size(), nullptr);
}

// One of the relay's processes, with its output in a file.
class RelayProcess {
 public:
  static absl::StatusOr<std::unique_ptr<RelayProcess>> Start(std::vector<std::string> argv, const std::string& output) {
    std::error_code ignored;
    std::filesystem::remove(output, ignored);
    absl::StatusOr<std::unique_ptr<ChildProcess>> child =
        ChildProcess::Start({.argv = std::move(argv), .log_path = output});
    if (!child.ok()) return child.status();
    return std::unique_ptr<RelayProcess>(new RelayProcess(*std::move(child)));
  }

  ChildProcess& child() { return *child_; }
  std::string Output() const { return child_->LogTail(kOutputBytesMax); }

  // The port that it has chosen to listen on.
  absl::StatusOr<int> ListenPort() {
    double port = -1;
    absl::Status listens =
        tests::WaitUntil([&] { return (port = JsonNumber(Output(), "listen_port")) > 0 || !child_->Running(); },
                         kRelayTimeout, "tcp_relay listens");
    if (!listens.ok()) return listens;
    if (port <= 0) return absl::InternalError(absl::StrCat("tcp_relay does not listen: ", Output()));
    return static_cast<int>(port);
  }

  // Notes the memory that it has while it runs.
  absl::Status WaitForEnd(CopierRun& run) {
    const auto has_ended = [&] {
      if (!child_->Running()) return true;
      NotePeakRss(child_->Usage(), run);
      return false;
    };
    absl::Status ended = tests::WaitUntil(has_ended, kRelayTimeout, "tcp_relay ends");
    if (!ended.ok()) return ended;
    const absl::StatusOr<tests::ExitStatus> exit = child_->Wait(absl::ZeroDuration());
    if (!exit.ok()) return exit.status();
    return exit->ok() ? absl::OkStatus()
                      : absl::InternalError(absl::StrCat("tcp_relay: ", exit->ToString(), ": ", Output()));
  }

 private:
  explicit RelayProcess(std::unique_ptr<ChildProcess> child) : child_(std::move(child)) {}
  const std::unique_ptr<ChildProcess> child_;
};

absl::StatusOr<int64_t> RecordsOf(tests::ClusterAdmin& target, const std::string& topic) {
  const absl::StatusOr<std::vector<tests::OffsetRange>> offsets = target.Offsets(topic);
  if (!offsets.ok()) return offsets.status();
  int64_t records = 0;
  for (const tests::OffsetRange& range : *offsets) records += range.end;
  return records;
}

}  // namespace

absl::Status SetCpu(const absl::StatusOr<tests::ProcessUsage>& usage, CopierRun& run) {
  if (!usage.ok()) return usage.status();
  run.user_s = absl::ToDoubleSeconds(usage->cpu_user);
  run.system_s = absl::ToDoubleSeconds(usage->cpu_system);
  return absl::OkStatus();
}

void NotePeakRss(const absl::StatusOr<tests::ProcessUsage>& usage, CopierRun& run) {
  if (usage.ok()) run.rss_bytes_peak = std::max(run.rss_bytes_peak, usage->rss_bytes_peak);
}

absl::Status AwaitCopy(const AwaitedCopy& copy, tests::ClusterAdmin& target, CopierRun& run) {
  int64_t records = 0;
  while (records < copy.records) {
    // A topic that was made anew a moment ago may still be answered for by old metadata: ask again.
    const absl::StatusOr<int64_t> now = RecordsOf(target, copy.topic);
    const absl::Duration elapsed = absl::Now() - copy.started;
    run.wall_s = absl::ToDoubleSeconds(elapsed);
    if (now.ok() && records == 0 && *now > 0) run.first_record_s = run.wall_s;
    if (now.ok()) records = *now;
    absl::Status running = copy.check_running();
    if (!running.ok()) return running;
    if (tests::Interrupted()) return absl::CancelledError("interrupted");
    if (elapsed > kCopyTimeout) {
      return absl::DeadlineExceededError(absl::StrCat("the target has ", records, " of ", copy.records,
                                                      " records after ", absl::FormatDuration(kCopyTimeout), " ",
                                                      now.status().message()));
    }
    if (records < copy.records) absl::SleepFor(records == 0 ? kFirstRecordPoll : kRecordsPoll);
  }
  if (records == copy.records) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the target has ", records, " records of the source's ", copy.records));
}

absl::StatusOr<CopierRun> RunRelay(const std::string& relay_program, const tests::LogSegments& segments,
                                   const std::string& dir) {
  const std::string received = dir + "/received";
  const absl::Cleanup remove = [&received] {
    std::error_code ignored;
    std::filesystem::remove(received, ignored);
  };
  auto sink = RelayProcess::Start({relay_program, "--role=sink", received}, dir + "/sink.log");
  if (!sink.ok()) return sink.status();
  absl::StatusOr<int> port = (*sink)->ListenPort();
  if (!port.ok()) return port.status();
  auto relay = RelayProcess::Start({relay_program, "--role=relay", absl::StrCat("--port=", *port)}, dir + "/relay.log");
  if (!relay.ok()) return relay.status();
  port = (*relay)->ListenPort();
  if (!port.ok()) return port.status();
  std::vector<std::string> send = {relay_program, "--role=send", absl::StrCat("--port=", *port)};
  send.insert(send.end(), segments.paths.begin(), segments.paths.end());
  auto sender = RelayProcess::Start(send, dir + "/send.log");
  if (!sender.ok()) return sender.status();
  CopierRun run;
  CopierRun ignored;
  absl::Status status = (*relay)->WaitForEnd(run);
  if (status.ok()) status = (*sender)->WaitForEnd(ignored);
  if (status.ok()) status = (*sink)->WaitForEnd(ignored);
  if (!status.ok()) return status;
  const std::string output = (*relay)->Output();
  if (JsonNumber(output, "bytes") != static_cast<double>(segments.bytes)) {
    return absl::InternalError(absl::StrCat("the relay moved other than ", segments.bytes, " bytes: ", output));
  }
  run.wall_s = JsonNumber(output, "wall_s");
  status = SetCpu((*relay)->child().Usage(), run);
  if (!status.ok()) return status;
  return run;
}

absl::StatusOr<CopierRun> RunReplicator(const ReplicatorRunOptions& options, tests::ClusterAdmin& target) {
  tests::ReplicatorOptions process = options.replicator;
  static std::atomic<int> runs = 0;
  process.link = absl::StrCat("run", ++runs);  // a link that never ran before: nobody's lock is waited for
  process.dir += "/" + process.link;
  process.state_dir = process.dir + "/state";
  std::error_code error;
  std::filesystem::create_directories(process.dir, error);
  absl::StatusOr<std::unique_ptr<tests::ReplicatorProcess>> replicator = tests::ReplicatorProcess::Start(process);
  if (!replicator.ok()) return replicator.status();
  CopierRun run;
  absl::Status status = AwaitCopy({.topic = options.topic,
                                   .records = options.records,
                                   .started = (*replicator)->started(),
                                   .check_running = [&] { return (*replicator)->CheckRunning(); }},
                                  target, run);
  if (status.ok()) NotePeakRss((*replicator)->Usage(), run);
  if (status.ok()) status = (*replicator)->StopCleanly();
  if (status.ok()) status = SetCpu((*replicator)->Usage(), run);
  if (!status.ok()) return status;
  const absl::StatusOr<int64_t> copied = (*replicator)->PayloadBytesCopied();
  if (!copied.ok()) return copied.status();
  run.payload_bytes_copied = *copied;
  return run;
}

absl::Status WarmPageCache(const tests::LogSegments& segments) {
  const auto buffer = std::make_unique<char[]>(kReadBytes);
  for (const std::string& path : segments.paths) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return absl::ErrnoToStatus(errno, path);
    ssize_t got = 0;
    do {
      got = read(file, buffer.get(), kReadBytes);
    } while (got > 0);
    const int failed = got < 0 ? errno : 0;
    close(file);
    if (failed != 0) return absl::ErrnoToStatus(failed, path);
  }
  return absl::OkStatus();
}

absl::Status BackFreeMemory() {
  void* const memory = mmap(nullptr, kBackedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return absl::ErrnoToStatus(errno, "mmap");
  madvise(memory, kBackedBytes, MADV_HUGEPAGE);
  std::memset(memory, 1, kBackedBytes);
  munmap(memory, kBackedBytes);
  return absl::OkStatus();
}

absl::Status EvictFromPageCache(const std::string& relay_program, const tests::LogSegments& segments,
                                const std::string& dir) {
  std::vector<std::string> argv = {relay_program, "--role=evict"};
  argv.insert(argv.end(), segments.paths.begin(), segments.paths.end());
  auto evict = RelayProcess::Start(argv, dir + "/evict.log");
  if (!evict.ok()) return evict.status();
  CopierRun ignored;
  absl::Status ended = (*evict)->WaitForEnd(ignored);
  if (!ended.ok()) return ended;
  const double resident = JsonNumber((*evict)->Output(), "resident_bytes");
  if (resident < 0 || resident > kResidentShareMax * static_cast<double>(segments.bytes)) {
    return absl::InternalError(absl::StrCat("the page cache keeps ", resident, " of ", segments.bytes, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace replicator::bench
