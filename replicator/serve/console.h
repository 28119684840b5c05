// The program's log on stderr. On a terminal the last line is the progress, rewritten in place while log lines pass
// above it; else there are log lines alone.
#ifndef REPLICATOR_REPLICATOR_SERVE_CONSOLE_H_
#define REPLICATOR_REPLICATOR_SERVE_CONSOLE_H_

#include <glog/logging.h>

#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace replicator {

// At most one lives at a time. Any thread.
class Console : public google::LogSink {
 public:
  // Takes over glog's output if stderr is a terminal.
  Console();
  ~Console() override;
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  bool is_terminal() const { return is_terminal_; }

  // Replaces the progress. On a terminal only; there it is cut to the terminal's width.
  void ShowProgress(absl::string_view line) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using LogSink::send;
  void send(google::LogSeverity severity, const char* full_filename, const char* base_filename, int line,
            const google::LogMessageTime& time, const char* message, size_t message_len) override;
  void Write(absl::string_view text) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const bool is_terminal_;
  absl::Mutex mutex_;
  std::string progress_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_SERVE_CONSOLE_H_
