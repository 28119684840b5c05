#include "replicator/serve/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace replicator {
namespace {

constexpr absl::string_view kClearLine = "\r\x1b[K";
constexpr size_t kWidthDefault = 80;
// Above every severity: glog itself writes nothing to stderr.
constexpr int kNoSeverity = google::NUM_SEVERITIES;

size_t TerminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kWidthDefault;
}

}  // namespace

Console::Console() : is_terminal_(isatty(STDERR_FILENO) != 0) {
  if (!is_terminal_) return;
  for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity) google::SetLogDestination(severity, "");
  FLAGS_stderrthreshold = kNoSeverity;
  FLAGS_logtostderr = false;
  google::AddLogSink(this);
}

Console::~Console() {
  if (!is_terminal_) return;
  google::RemoveLogSink(this);
  FLAGS_logtostderr = true;
  absl::MutexLock lock(&mutex_);
  if (!progress_.empty()) Write("\n");
}

void Console::ShowProgress(absl::string_view line) {
  if (!is_terminal_) return;
  absl::MutexLock lock(&mutex_);
  progress_ = std::string(line.substr(0, TerminalWidth() - 1));
  Write(absl::StrCat(kClearLine, progress_));
}

void Console::send(google::LogSeverity severity, const char*, const char* base_filename, int line,
                   const google::LogMessageTime& time, const char* message, size_t message_len) {
  const std::string text = ToString(severity, base_filename, line, time, message, message_len);
  absl::MutexLock lock(&mutex_);
  Write(absl::StrCat(progress_.empty() ? "" : kClearLine, text, "\n", progress_));
}

// A terminal that is gone is no reason to stop copying.
void Console::Write(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace replicator
