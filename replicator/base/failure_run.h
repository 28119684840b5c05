// Failures in a row to reach one broker, and which of them are logged. Each connection counts its own: the first
// failure of a broker is told however many others fail, too.
#ifndef REPLICATOR_REPLICATOR_BASE_FAILURE_RUN_H_
#define REPLICATOR_REPLICATOR_BASE_FAILURE_RUN_H_

#include <cstdint>

namespace replicator {

class FailureRun {
 public:
  static constexpr int64_t kFailuresPerLogLine = 10;

  // One more failure. True: it is to be logged.
  bool Fails() { return failures_++ % kFailuresPerLogLine == 0; }
  // The broker was reached: the next failure is the first one again.
  void Ends() { failures_ = 0; }

 private:
  int64_t failures_ = 0;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_BASE_FAILURE_RUN_H_
