#include "tests/cluster/process.h"

#include <fcntl.h>
#include <glog/logging.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "tests/cluster/test_deadline.h"
#include "tests/cluster/verdict.h"

extern char** environ;

namespace replicator::tests {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kPollMin = absl::Milliseconds(1);
constexpr absl::Duration kPollMax = absl::Milliseconds(10);
// How long SIGKILL may take to end a process: only a stuck disk makes it slow.
constexpr absl::Duration kKillTimeout = absl::Seconds(30);
// A thread in the kernel stops when its system call ends.
constexpr absl::Duration kStopTimeout = absl::Seconds(10);
// Ports below this are often taken by services of the machine.
constexpr int kPortMin = 10000;

// Forks from one thread that lives as long as the process. PR_SET_PDEATHSIG fires when the *thread* that forked ends; a
// fork from a short-lived test thread would kill the child with that thread.
class Spawner {
 public:
  static Spawner& Get() {
    static Spawner* spawner = new Spawner;  // Never destroyed: its thread uses it until the process is gone.
    return *spawner;
  }

  // Runs `fork_child` in the spawner's thread and returns what it returns.
  pid_t Spawn(std::function<pid_t()> fork_child) {
    pid_t pid = -1;
    absl::Notification done;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &Spawner::Idle));
      request_ = [&] {
        pid = fork_child();
        done.Notify();
      };
    }
    done.WaitForNotification();
    return pid;
  }

 private:
  Spawner() {
    std::thread([this] { Loop(); }).detach();
  }

  void Loop() {
    while (true) {
      std::function<void()> request;
      {
        absl::MutexLock lock(&mutex_);
        mutex_.Await(absl::Condition(this, &Spawner::Requested));
        request = std::move(request_);
        request_ = nullptr;
      }
      request();
    }
  }

  bool Idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return request_ == nullptr; }
  bool Requested() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return request_ != nullptr; }

  absl::Mutex mutex_;
  std::function<void()> request_ ABSL_GUARDED_BY(mutex_);
};

// Everything that the child needs between fork and exec, made before the fork: after it only async-signal-safe calls
// are allowed, since other threads may have held the allocator's lock.
struct ExecPlan {
  std::string program;
  std::vector<char*> argv;
  std::vector<std::string> environment_storage;
  std::vector<char*> environment;
  const char* log_path = nullptr;
  const char* working_directory = nullptr;
  pid_t parent = 0;
  int status_fd = -1;  // Receives errno if anything fails; closed by a successful exec.
};

[[noreturn]] void FailChild(const ExecPlan& plan) {
  const int error = errno;
  ssize_t written = write(plan.status_fd, &error, sizeof(error));
  (void)written;
  _exit(127);
}

[[noreturn]] void RunChild(const ExecPlan& plan) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) FailChild(plan);
  // The parent may have died before the line above: then no signal will come.
  if (getppid() != plan.parent) _exit(127);
  if (setpgid(0, 0) != 0) FailChild(plan);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal_number : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD, SIGHUP}) signal(signal_number, SIG_DFL);
  const int in = open("/dev/null", O_RDONLY);
  const int out = open(plan.log_path, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (in < 0 || out < 0) FailChild(plan);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) FailChild(plan);
  if (plan.working_directory != nullptr && chdir(plan.working_directory) != 0) FailChild(plan);
  // A socket of the test that leaked into the child would stay open when the test closes it.
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  execve(plan.program.c_str(), plan.argv.data(), plan.environment.data());
  FailChild(plan);
}

std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = getenv("PATH");
  for (absl::string_view folder : absl::StrSplit(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    std::string candidate = absl::StrCat(folder, "/", name);
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return name;
}

void FillEnvironment(const ProcessOptions& options, ExecPlan* plan) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string name(*entry, strcspn(*entry, "="));
    if (!options.environment.contains(name)) plan->environment_storage.push_back(*entry);
  }
  for (const auto& [name, value] : options.environment) {
    plan->environment_storage.push_back(absl::StrCat(name, "=", value));
  }
  for (std::string& entry : plan->environment_storage) plan->environment.push_back(entry.data());
  plan->environment.push_back(nullptr);
}

absl::Duration ToDuration(const timeval& time) { return absl::Seconds(time.tv_sec) + absl::Microseconds(time.tv_usec); }

// "VmRSS:   1234 kB" -> bytes.
int64_t StatusBytes(const std::string& status, absl::string_view name) {
  const size_t begin = status.find(absl::StrCat(name, ":"));
  if (begin == std::string::npos) return 0;
  return strtoll(status.c_str() + begin + name.size() + 1, nullptr, 10) * 1024;
}

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// The state letter of each thread is the first field behind the name (man 5 proc).
bool AllThreadsStopped(pid_t pid) {
  std::error_code error;
  for (const fs::directory_entry& task : fs::directory_iterator(absl::StrCat("/proc/", pid, "/task"), error)) {
    const std::string stat = ReadAll((task.path() / "stat").string());
    const size_t name_end = stat.rfind(')');
    if (name_end != std::string::npos && stat[name_end + 2] != 'T') return false;
  }
  return !error;
}

// First port of the kernel's range for outgoing connections (man 7 ip).
int EphemeralPortMin() {
  int low = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> low;
  return low > kPortMin + 1000 ? low : 32768;
}

// Holds a name in the kernel's table of abstract sockets for the rest of this process's life: a lock between processes
// that the kernel drops by itself.
bool ReservePortName(int port) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  PCHECK(fd >= 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string name = absl::StrCat("replicator-test-port-", port);
  CHECK_LT(name.size() + 1, sizeof(address.sun_path));
  memcpy(address.sun_path + 1, name.data(), name.size());
  const socklen_t length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0) return true;
  close(fd);
  return false;
}

bool PortIsFree(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  PCHECK(fd >= 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return free;
}

constexpr absl::string_view kTempPrefix = "replicator-";
constexpr absl::string_view kTempLock = ".lock";

// Opens and locks `path`. -1 if somebody holds it or there is none.
int TryLock(const std::string& path, int open_flags) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC | open_flags, 0644);
  if (fd < 0) return -1;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  close(fd);
  return -1;
}

std::string CutWait(const std::source_location& where, absl::Duration waited, absl::Duration timeout) {
  return absl::StrCat("the test's time is over: the wait at ", where.file_name(), ":", where.line(), " had ",
                      absl::FormatDuration(waited), " of ", absl::FormatDuration(timeout));
}

// Removes folders whose process has died (their lock is free). Kept folders have no lock file and are left alone.
void RemoveLeftovers(const std::string& base) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(base, error)) {
    if (!absl::StartsWith(entry.path().filename().string(), kTempPrefix)) continue;
    const int fd = TryLock((entry.path() / kTempLock).string(), 0);
    if (fd < 0) continue;
    std::error_code ignored;
    fs::remove_all(entry.path(), ignored);
    close(fd);
  }
}

}  // namespace

std::string ExitStatus::ToString() const {
  return signal != 0 ? absl::StrCat("signal ", signal) : absl::StrCat("exit code ", code);
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const ProcessOptions& options) {
  if (options.argv.empty()) return absl::InvalidArgumentError("empty argv");
  std::vector<std::string> arguments = options.argv;
  ExecPlan plan;
  plan.program = FindProgram(arguments[0]);
  for (std::string& argument : arguments) plan.argv.push_back(argument.data());
  plan.argv.push_back(nullptr);
  FillEnvironment(options, &plan);
  plan.log_path = options.log_path.empty() ? "/dev/null" : options.log_path.c_str();
  plan.working_directory = options.working_directory.empty() ? nullptr : options.working_directory.c_str();
  plan.parent = getpid();

  int status_pipe[2];
  if (pipe2(status_pipe, O_CLOEXEC) != 0) return absl::InternalError(absl::StrCat("pipe: ", strerror(errno)));
  plan.status_fd = status_pipe[1];
  const pid_t pid = Spawner::Get().Spawn([&plan]() -> pid_t {
    const pid_t child = fork();
    if (child == 0) RunChild(plan);
    return child > 0 ? child : -errno;  // errno belongs to the spawner's thread.
  });
  close(status_pipe[1]);
  int child_errno = 0;
  const ssize_t got = pid > 0 ? read(status_pipe[0], &child_errno, sizeof(child_errno)) : 0;
  close(status_pipe[0]);
  if (pid < 0) return absl::InternalError(absl::StrCat("fork: ", strerror(-pid)));
  if (got != 0) {
    waitpid(pid, nullptr, 0);
    return absl::NotFoundError(absl::StrCat("cannot run ", plan.program, ": ", strerror(child_errno)));
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, options.log_path));
}

ChildProcess::~ChildProcess() {
  if (!Running()) return;
  kill(-pid_, SIGKILL);
  if (!Wait(kKillTimeout).ok()) LOG(ERROR) << "process " << pid_ << " outlived SIGKILL";
}

void ChildProcess::TryReap() {
  if (exit_.has_value()) return;
  int status = 0;
  rusage usage = {};
  const pid_t got = wait4(pid_, &status, WNOHANG, &usage);
  if (got == 0) return;
  if (got < 0) {
    PCHECK(errno == EINTR) << "wait4(" << pid_ << ")";
    return;
  }
  exit_ = ExitStatus{.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                     .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
  final_usage_ = {.cpu_user = ToDuration(usage.ru_utime),
                  .cpu_system = ToDuration(usage.ru_stime),
                  .rss_bytes = 0,
                  .rss_bytes_peak = usage.ru_maxrss * int64_t{1024}};
}

bool ChildProcess::Running() {
  TryReap();
  return !exit_.has_value();
}

absl::Status ChildProcess::Kill(int signal) {
  if (!Running()) return absl::NotFoundError(absl::StrCat("process ", pid_, " has ended: ", exit_->ToString()));
  if (kill(-pid_, signal) != 0) return absl::InternalError(absl::StrCat("kill ", pid_, ": ", strerror(errno)));
  return absl::OkStatus();
}

absl::Status ChildProcess::Stop() {
  absl::Status status = Kill(SIGSTOP);
  if (!status.ok()) return status;
  if (WaitFor([this] { return AllThreadsStopped(pid_); }, kStopTimeout)) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("process ", pid_, " does not stop"));
}

absl::Status ChildProcess::Continue() { return Kill(SIGCONT); }

absl::StatusOr<ExitStatus> ChildProcess::Wait(absl::Duration timeout) {
  if (!WaitFor([this] { return !Running(); }, timeout)) {
    return absl::DeadlineExceededError(
        absl::StrCat("process ", pid_, " still runs after ", absl::FormatDuration(timeout)));
  }
  return *exit_;
}

absl::StatusOr<ExitStatus> ChildProcess::Terminate(absl::Duration timeout) {
  if (!Running()) return *exit_;
  kill(-pid_, SIGTERM);
  absl::StatusOr<ExitStatus> exit = Wait(timeout);
  if (exit.ok()) return exit;
  kill(-pid_, SIGKILL);
  return Wait(kKillTimeout);
}

absl::StatusOr<ProcessUsage> ChildProcess::Usage() {
  if (!Running()) return final_usage_;
  const std::string status = ReadAll(absl::StrCat("/proc/", pid_, "/status"));
  const std::string stat = ReadAll(absl::StrCat("/proc/", pid_, "/stat"));
  // The second field is the program's name in parentheses and may hold blanks; utime and stime are fields 14 and 15
  // (man 5 proc), the 12th and 13th behind it.
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return absl::NotFoundError(absl::StrCat("no /proc entry of process ", pid_));
  const std::vector<std::string> fields = absl::StrSplit(stat.substr(name_end + 2), ' ');
  int64_t user_ticks = 0;
  int64_t system_ticks = 0;
  if (fields.size() < 13 || !absl::SimpleAtoi(fields[11], &user_ticks) ||
      !absl::SimpleAtoi(fields[12], &system_ticks)) {
    return absl::InternalError(absl::StrCat("cannot parse /proc/", pid_, "/stat: ", stat));
  }
  const double ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  return ProcessUsage{.cpu_user = absl::Seconds(static_cast<double>(user_ticks) / ticks_per_second),
                      .cpu_system = absl::Seconds(static_cast<double>(system_ticks) / ticks_per_second),
                      .rss_bytes = StatusBytes(status, "VmRSS"),
                      .rss_bytes_peak = StatusBytes(status, "VmHWM")};
}

std::string ChildProcess::LogTail(size_t bytes_max) const { return FileTail(log_path_, bytes_max); }

int FreePort() {
  static absl::Mutex mutex(absl::kConstInit);
  static int next_port = 0;
  absl::MutexLock lock(&mutex);
  const int port_end = EphemeralPortMin();
  // Processes that start together begin at different places, so that they seldom meet.
  if (next_port == 0) next_port = kPortMin + static_cast<int>(getpid() * int64_t{61} % (port_end - kPortMin));
  for (int tries = 0; tries < port_end - kPortMin; ++tries) {
    const int port = next_port++;
    if (next_port >= port_end) next_port = kPortMin;
    if (PortIsFree(port) && ReservePortName(port)) return port;
  }
  LOG(FATAL) << "no free port on 127.0.0.1 between " << kPortMin << " and " << port_end;
}

TempDir::TempDir(absl::string_view name) {
  const char* base_variable = getenv("TEST_TMPDIR");
  const std::string base = base_variable != nullptr ? base_variable : "/tmp";
  static const bool leftovers_removed = (RemoveLeftovers(base), true);
  (void)leftovers_removed;
  path_ = absl::StrCat(base, "/", kTempPrefix, name, "-XXXXXX");
  PCHECK(mkdtemp(path_.data()) != nullptr) << path_;
  // Locked under another name first: a folder with a free lock would be taken for a dead process's.
  const std::string lock_path = absl::StrCat(path_, "/", kTempLock);
  const std::string new_path = absl::StrCat(lock_path, ".new");
  lock_fd_ = TryLock(new_path, O_CREAT);
  PCHECK(lock_fd_ >= 0) << new_path;
  PCHECK(rename(new_path.c_str(), lock_path.c_str()) == 0) << lock_path;
}

TempDir::~TempDir() {
  const char* keep = getenv("REPLICATOR_KEEP_TMP");
  std::error_code error;
  if (keep != nullptr && absl::string_view(keep) == "1") {
    fs::remove(absl::StrCat(path_, "/", kTempLock), error);
    LOG(INFO) << "kept " << path_;
  } else {
    fs::remove_all(path_, error);
    LOG_IF(WARNING, error.value() != 0) << "cannot remove " << path_ << ": " << error.message();
  }
  close(lock_fd_);
}

bool WaitFor(absl::FunctionRef<bool()> predicate, absl::Duration timeout, std::source_location where) {
  const absl::Time begin = absl::Now();
  const bool cut = begin + timeout > TestDeadline();
  const absl::Time deadline = cut ? std::max(begin, TestDeadline()) : begin + timeout;
  absl::Duration poll = kPollMin;
  while (!predicate()) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) {
      if (cut && !NotedInScope()) Stalled(CutWait(where, absl::Now() - begin, timeout));
      return false;
    }
    absl::SleepFor(std::min(poll, left));
    poll = std::min(poll * 2, kPollMax);
  }
  return true;
}

std::string CacheDir() {
  const char* cache = getenv("REPLICATOR_CACHE");
  if (cache != nullptr && *cache != '\0') return cache;
  const char* home = getenv("HOME");
  return absl::StrCat(home == nullptr ? "." : home, "/.cache/replicator");
}

std::string FileTail(const std::string& path, size_t bytes_max) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return "";
  const int64_t size = in.tellg();
  const int64_t begin = std::max<int64_t>(0, size - static_cast<int64_t>(bytes_max));
  in.seekg(begin);
  std::string tail(static_cast<size_t>(size - begin), '\0');
  in.read(tail.data(), static_cast<std::streamsize>(tail.size()));
  tail.resize(static_cast<size_t>(in.gcount()));
  if (begin > 0) tail.erase(0, tail.find('\n') + 1);
  return tail;
}

}  // namespace replicator::tests
