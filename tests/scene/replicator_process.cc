#include "tests/scene/replicator_process.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/cluster/late.h"

namespace replicator::tests {
namespace {

// How long the kernel may take to end a process that got SIGKILL.
constexpr absl::Duration kKillTimeout = absl::Seconds(30);
constexpr absl::Duration kStatusTimeout = absl::Seconds(5);
constexpr absl::string_view kCopiedBytes = "payload bytes copied in user space: ";

absl::Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream out(path);
  out << text;
  out.close();
  return out ? absl::OkStatus() : absl::InternalError(absl::StrCat("cannot write ", path));
}

// What each thread does at the moment: its name, where it waits in the kernel and by which system call.
std::string ThreadStates(const std::string& tasks) {
  std::string states;
  std::error_code error;
  for (const std::filesystem::directory_entry& task : std::filesystem::directory_iterator(tasks, error)) {
    absl::StrAppend(&states, "== ", task.path().filename().string(), "\n");
    for (const char* name : {"comm", "wchan", "syscall", "status"}) {
      std::ifstream in(task.path() / name);
      absl::StrAppend(&states, name, ": ", std::string(std::istreambuf_iterator<char>(in), {}), "\n");
    }
  }
  return states;
}

}  // namespace

// A test lies in BIN/tests or below, the program in BIN/replicator.
absl::StatusOr<std::string> ReplicatorBinary() {
  std::error_code error;
  std::filesystem::path path;
  if (const char* given = std::getenv("REPLICATOR_BINARY"); given != nullptr && *given != '\0') {
    path = std::filesystem::absolute(given, error);
  } else {
    // BIN/tests/TEST and BIN/tests/FOLDER/TEST.
    path = std::filesystem::read_symlink("/proc/self/exe", error);
    for (int up = 0; up < 4 && !std::filesystem::exists(path / "replicator" / "replicator"); ++up)
      path = path.parent_path();
    path = path / "replicator" / "replicator";
  }
  if (error || access(path.c_str(), X_OK) != 0) {
    return absl::NotFoundError(absl::StrCat("no program at ", path.string(), "; set REPLICATOR_BINARY"));
  }
  return path.string();
}

std::string PropertiesText(const ReplicatorOptions& options) {
  std::map<std::string, std::string> lines = {
      {"clusters", absl::StrCat("old, ", options.link)},
      {"old.bootstrap.servers", options.source_bootstrap_servers},
      {absl::StrCat(options.link, ".bootstrap.servers"), options.target_bootstrap_servers},
      {absl::StrCat("old->", options.link, ".enabled"), "true"},
      {absl::StrCat("old->", options.link, ".topics"), options.topics},
      {"replication.policy.class", "org.apache.kafka.connect.mirror.IdentityReplicationPolicy"},
      {"replication.factor", absl::StrCat(options.replication_factor)},
      {"tasks.max", absl::StrCat(options.tasks_max)},
      {"refresh.topics.interval.seconds", "2"},
  };
  for (const auto& [name, value] : options.properties) lines[name] = value;
  std::string text;
  for (const auto& [name, value] : lines) absl::StrAppend(&text, name, " = ", value, "\n");
  return text;
}

absl::StatusOr<std::unique_ptr<ReplicatorProcess>> ReplicatorProcess::Start(const ReplicatorOptions& options) {
  static std::atomic<int> starts = 0;
  absl::StatusOr<std::string> binary = options.program;
  if (binary->empty()) binary = ReplicatorBinary();
  if (!binary.ok()) return binary.status();
  const std::string name = absl::StrCat(options.dir, "/replicator-", ++starts);
  const std::string config = name + ".properties";
  absl::Status written = WriteFile(config, PropertiesText(options));
  if (!written.ok()) return written;
  ProcessOptions process;
  process.argv = {*binary, "run", "--config=" + config};
  if (!options.state_dir.empty()) process.argv.push_back("--state-dir=" + options.state_dir);
  process.argv.insert(process.argv.end(), options.flags.begin(), options.flags.end());
  process.environment = options.environment;
  process.log_path = name + ".log";
  const absl::Time started = absl::Now();
  absl::StatusOr<std::unique_ptr<ChildProcess>> child = ChildProcess::Start(process);
  if (!child.ok()) return AsHarness(child.status());
  std::vector<std::string> status_command;
  if (!options.state_dir.empty()) status_command = {*binary, "status", "--json", "--state-dir=" + options.state_dir};
  return std::unique_ptr<ReplicatorProcess>(
      new ReplicatorProcess(*std::move(child), started, std::move(status_command), config));
}

ReplicatorProcess::ReplicatorProcess(std::unique_ptr<ChildProcess> process, absl::Time started,
                                     std::vector<std::string> status_command, const std::string& config)
    : process_(std::move(process)), started_(started), status_command_(std::move(status_command)) {
  keeper_ = std::make_unique<Keeper>([this, config](const std::string& folder) { Keep(folder, config); });
}

ReplicatorProcess::~ReplicatorProcess() { NoteCrash(); }

void ReplicatorProcess::NoteCrash() {
  if (crash_noted_ || Running()) return;
  crash_noted_ = true;
  const absl::StatusOr<ExitStatus> ended = process_->Wait(absl::ZeroDuration());
  constexpr int kCrashes[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
  if (ended.ok() && std::find(std::begin(kCrashes), std::end(kCrashes), ended->signal) != std::end(kCrashes)) {
    Wrong(absl::StrCat("the program has crashed: ", ended->ToString(), "\n", LogTail()));
    return;
  }
  for (const char* report : {"Check failed", "Sanitizer:"}) {
    if (LogHas(report)) Wrong(absl::StrCat("the program has crashed: ", absl::StrJoin(LogLines(report), "\n")));
  }
}

// Asks nothing of `process_` that would reap it: another thread may be using it.
void ReplicatorProcess::Keep(const std::string& folder, const std::string& config) const {
  const std::string prefix = absl::StrCat(std::filesystem::path(config).parent_path().filename().string(), "-");
  const std::string stem = absl::StrCat(folder, "/", prefix, std::filesystem::path(config).stem().string());
  std::error_code error;
  const std::string tasks = absl::StrCat("/proc/", pid(), "/task");
  if (std::filesystem::exists(tasks, error)) {
    std::ofstream(stem + ".threads") << ThreadStates(tasks);
    if (!status_command_.empty()) {
      absl::StatusOr<std::unique_ptr<ChildProcess>> status =
          ChildProcess::Start({.argv = status_command_, .log_path = stem + ".status.json"});
      if (status.ok()) (void)(*status)->Wait(kStatusTimeout);
    }
  }
  KeepTail(process_->log_path(), folder, prefix);
  KeepTail(config, folder, prefix);
}

absl::StatusOr<ExitStatus> ReplicatorProcess::Stop(absl::Duration timeout) {
  absl::Status sent = process_->Kill(SIGTERM);
  if (!sent.ok() && !absl::IsNotFound(sent)) return sent;
  return Wait(timeout);
}

absl::StatusOr<ExitStatus> ReplicatorProcess::Wait(absl::Duration timeout) {
  absl::StatusOr<ExitStatus> ended = process_->Wait(timeout);
  NoteCrash();
  if (ended.ok()) return ended;
  return absl::Status(ended.status().code(), absl::StrCat(ended.status().message(), "; its log ends:\n", LogTail()));
}

absl::Status ReplicatorProcess::StopCleanly() {
  const absl::StatusOr<ExitStatus> ended = Stop(kStopTimeout);
  if (!ended.ok()) return ended.status();
  if (ended->ok()) return absl::OkStatus();
  Wrong(absl::StrCat("the program has ended with ", ended->ToString(), " after SIGTERM"));
  return absl::InternalError(absl::StrCat("the replicator (pid ", pid(), ") ended with ", ended->ToString(),
                                          " after SIGTERM. Its log ends with:\n", LogTail()));
}

absl::Status ReplicatorProcess::Kill9() {
  absl::Status sent = process_->Kill(SIGKILL);
  if (!sent.ok()) {
    NoteCrash();
    return sent;
  }
  return AsHarness(process_->Wait(kKillTimeout).status());
}

absl::Status ReplicatorProcess::CheckRunning() {
  if (Running()) return absl::OkStatus();
  Wrong(absl::StrCat("the program (pid ", pid(), ") has ended by itself"));
  return absl::InternalError(
      absl::StrCat("the replicator (pid ", pid(), ") has ended by itself. Its log ends with:\n", LogTail()));
}

absl::StatusOr<int64_t> ReplicatorProcess::PayloadBytesCopied() const {
  const std::string tail = LogTail();
  const size_t at = tail.rfind(kCopiedBytes);
  if (at == std::string::npos) return absl::NotFoundError("the replicator's log does not say what it copied");
  const absl::string_view number = absl::string_view(tail).substr(at + kCopiedBytes.size());
  int64_t bytes = 0;
  if (absl::SimpleAtoi(number.substr(0, number.find_first_not_of("0123456789")), &bytes)) return bytes;
  return absl::InternalError("the replicator's last log line has no number of copied bytes");
}

std::string ReplicatorProcess::Log() const {
  std::ifstream in(process_->log_path());
  return std::string(std::istreambuf_iterator<char>(in), {});
}

bool ReplicatorProcess::LogHas(absl::string_view text) const { return absl::StrContains(Log(), text); }

bool ReplicatorProcess::WaitForLog(absl::string_view text, absl::Duration timeout) const {
  if (WaitFor([&] { return LogHas(text); }, timeout)) return true;
  NoteLate(absl::StrCat("the log does not say \"", text, "\" within ", absl::FormatDuration(timeout)));
  return false;
}

std::vector<std::string> ReplicatorProcess::LogLines(absl::string_view text) const {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(Log(), '\n')) {
    if (absl::StrContains(line, text)) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace replicator::tests
