// Part of the program's build for the crash tests: $REPLICATOR_CRASH_AT=POINT:N has the process killed, as by kill -9,
// when it passes the named point for the N-th time. Its last words are "crash point POINT: killed".
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "offsets/crash_point.h"

namespace replicator::tests {
namespace {

std::string point_wanted;
std::atomic<int> passes_left{0};

void CrashWhenDue(const char* point) {
  if (point_wanted != point || --passes_left != 0) return;
  const std::string last_words = "crash point " + point_wanted + ": killed\n";
  if (write(STDERR_FILENO, last_words.data(), last_words.size()) < 0) return;  // then the test never sees them
  kill(getpid(), SIGKILL);
}

const bool is_armed = [] {
  const char* wanted = std::getenv("REPLICATOR_CRASH_AT");
  if (wanted == nullptr) return false;
  const std::string text = wanted;
  const size_t colon = text.find(':');
  point_wanted = text.substr(0, colon);
  passes_left = colon == std::string::npos ? 1 : std::atoi(text.c_str() + colon + 1);
  crash_hook = CrashWhenDue;
  return true;
}();

}  // namespace
}  // namespace replicator::tests
