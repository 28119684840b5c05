// The main function of tests with real brokers: gives every failed assertion a verdict (verdict.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/cluster/verdict.h"

namespace replicator::tests {
namespace {

// Bazel kills 15 s after its SIGTERM.
constexpr unsigned kLastWordsSeconds = 10;

std::string PlaceOf(const testing::TestPartResult& part) {
  return absl::StrCat(part.file_name() == nullptr ? "?" : part.file_name(), ":", part.line_number());
}

class VerdictListener : public testing::EmptyTestEventListener {
 private:
  void OnTestSuiteStart(const testing::TestSuite& suite) override {
    suite_failed_ = false;
    EnterScope(suite.name());
  }

  void OnTestStart(const testing::TestInfo& test) override {
    suite_failed_ = suite_failed_ || (!in_case_ && NotedInScope());
    in_case_ = true;
    EnterScope(absl::StrCat(test.test_suite_name(), ".", test.name()));
  }

  void OnTestEnd(const testing::TestInfo& test) override {
    if (NotedInScope() && test.result()->Passed()) {
      ADD_FAILURE() << "a verdict was noted, though no assertion failed";
    }
    in_case_ = false;
    EnterScope(test.test_suite_name());
  }

  // No assertion may fail in here.
  void OnTestPartResult(const testing::TestPartResult& part) override {
    const std::string text = absl::StrCat(PlaceOf(part), ": ", part.message());
    // A suite that could not be set up skips its cases.
    if (part.skipped() && !suite_failed_) Skipped(text);
    if (!part.failed() || NotedInScope()) return;
    if (ShowsHarness(part.message())) {
      Harness(text);
    } else {
      Wrong(text);
    }
  }

  bool suite_failed_ = false;
  bool in_case_ = false;
};

// SIGTERM is blocked in all threads (children begin without a mask), and this thread waits for it.
void AwaitTermination(sigset_t signals) {
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  alarm(kLastWordsSeconds);  // whatever hangs below
  Stalled("ended by SIGTERM: Bazel's time-out, or a run that was interrupted");
  NoteEnd();
  std::cerr.flush();
  _exit(128 + SIGTERM);
}

int Main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread(AwaitTermination, signals).detach();
  testing::InitGoogleMock(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new VerdictListener);
  NoteRunning();
  const int result = RUN_ALL_TESTS();
  NoteEnd();
  return NotedInProcess() ? 1 : result;
}

}  // namespace
}  // namespace replicator::tests

int main(int argc, char** argv) { return replicator::tests::Main(argc, argv); }
