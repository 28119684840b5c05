#include "tests/cluster/process.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace replicator::tests {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(20);

std::unique_ptr<ChildProcess> StartShell(const std::string& script, const std::string& log = "") {
  absl::StatusOr<std::unique_ptr<ChildProcess>> child =
      ChildProcess::Start({.argv = {"sh", "-c", script}, .environment = {{"COLOUR", "green"}}, .log_path = log});
  EXPECT_TRUE(child.ok()) << child.status();
  return child.ok() ? *std::move(child) : nullptr;
}

TEST(ChildProcessTest, WritesItsOutputToTheLogAndReturnsItsExitCode) {
  TempDir dir;
  const std::string log = dir.path() + "/log";
  std::unique_ptr<ChildProcess> child = StartShell("echo out $COLOUR; echo err >&2; exit 7", log);
  absl::StatusOr<ExitStatus> exit = child->Wait(kTimeout);
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_EQ(exit->code, 7);
  EXPECT_EQ(exit->signal, 0);
  EXPECT_EQ(child->LogTail(), "out green\nerr\n");
  EXPECT_FALSE(child->Running());
  EXPECT_TRUE(absl::IsNotFound(child->Kill(SIGTERM)));
}

TEST(ChildProcessTest, NamesAProgramThatDoesNotExist) {
  absl::StatusOr<std::unique_ptr<ChildProcess>> child = ChildProcess::Start({.argv = {"no-such-program"}});
  ASSERT_TRUE(absl::IsNotFound(child.status())) << child.status();
  EXPECT_TRUE(absl::StrContains(child.status().message(), "no-such-program"));
}

TEST(ChildProcessTest, ReportsTheSignalThatEndedIt) {
  std::unique_ptr<ChildProcess> child = StartShell("sleep 1000");
  EXPECT_TRUE(absl::IsDeadlineExceeded(child->Wait(absl::Milliseconds(20)).status()));
  ASSERT_TRUE(child->Kill(SIGKILL).ok());
  absl::StatusOr<ExitStatus> exit = child->Wait(kTimeout);
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_EQ(exit->signal, SIGKILL);
}

TEST(ChildProcessTest, TerminateKillsWhatIgnoresSigterm) {
  TempDir dir;
  std::unique_ptr<ChildProcess> child =
      StartShell("trap '' TERM; echo armed; while true; do sleep 0.01; done", dir.path() + "/log");
  ASSERT_TRUE(WaitFor([&] { return absl::StrContains(child->LogTail(), "armed"); }, kTimeout));
  absl::StatusOr<ExitStatus> exit = child->Terminate(absl::Milliseconds(100));
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_EQ(exit->signal, SIGKILL);
}

TEST(ChildProcessTest, OutlivesTheThreadThatStartedIt) {
  std::unique_ptr<ChildProcess> child;
  std::thread([&] { child = StartShell("sleep 1000"); }).join();
  // PR_SET_PDEATHSIG of the ended thread would have come before the join returned or at once after it.
  EXPECT_TRUE(absl::IsDeadlineExceeded(child->Wait(absl::Milliseconds(200)).status()));
}

TEST(ChildProcessTest, DestructorEndsTheWholeGroup) {
  TempDir dir;
  const std::string log = dir.path() + "/log";
  std::unique_ptr<ChildProcess> child = StartShell("sleep 1000 & echo $!; wait", log);
  ASSERT_TRUE(WaitFor([&] { return !child->LogTail().empty(); }, kTimeout));
  const pid_t grandchild = atoi(child->LogTail().c_str());
  ASSERT_EQ(kill(grandchild, 0), 0);
  child.reset();
  auto gone = [&] {
    std::ifstream in(absl::StrCat("/proc/", grandchild, "/stat"));
    std::string stat;
    std::getline(in, stat);
    return stat.empty() || absl::StrContains(stat, ") Z");
  };
  EXPECT_TRUE(WaitFor(gone, kTimeout));
}

TEST(ChildProcessTest, CountsCpuTimeAndMemory) {
  std::unique_ptr<ChildProcess> child = StartShell("while true; do :; done");
  auto busy = [&] {
    absl::StatusOr<ProcessUsage> usage = child->Usage();
    return usage.ok() && usage->cpu() >= absl::Milliseconds(30) && usage->rss_bytes > 0 && usage->rss_bytes_peak > 0;
  };
  EXPECT_TRUE(WaitFor(busy, kTimeout));
  ASSERT_TRUE(child->Terminate(kTimeout).ok());
  absl::StatusOr<ProcessUsage> usage = child->Usage();
  ASSERT_TRUE(usage.ok());
  EXPECT_GE(usage->cpu(), absl::Milliseconds(20));
  EXPECT_GT(usage->rss_bytes_peak, 0);
}

TEST(FreePortTest, NeverGivesAPortTwiceAndCanBeListenedOn) {
  std::set<int> ports;
  for (int i = 0; i < 50; ++i) {
    const int port = FreePort();
    EXPECT_TRUE(ports.insert(port).second) << port;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    // As servers do: connections that have ended may still be on the port.
    const int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0) << port;
    close(fd);
  }
}

TEST(TempDirTest, IsRemovedWithItsContentUnlessItIsToBeKept) {
  std::string path;
  {
    TempDir dir("gone");
    path = dir.path();
    std::filesystem::create_directories(path + "/deep/er");
    std::ofstream(path + "/deep/er/file") << "x";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  setenv("REPLICATOR_KEEP_TMP", "1", 1);
  {
    TempDir dir("kept");
    path = dir.path();
  }
  unsetenv("REPLICATOR_KEEP_TMP");
  EXPECT_TRUE(std::filesystem::exists(path));
  std::filesystem::remove_all(path);
}

TEST(WaitForTest, AsksUntilTrueOrUntilTheTimeIsOver) {
  int asked = 0;
  EXPECT_TRUE(WaitFor([&] { return ++asked == 3; }, kTimeout));
  EXPECT_EQ(asked, 3);
  asked = 0;
  EXPECT_FALSE(WaitFor([&] { return ++asked < 0; }, absl::Milliseconds(20)));
  EXPECT_GE(asked, 1);
  asked = 0;
  EXPECT_TRUE(WaitFor([&] { return ++asked == 1; }, absl::ZeroDuration()));
}

TEST(FileTailTest, BeginsAtALine) {
  TempDir dir;
  const std::string path = dir.path() + "/file";
  std::ofstream(path) << "first line\nsecond line\nthird\n";
  EXPECT_EQ(FileTail(path, 1000), "first line\nsecond line\nthird\n");
  EXPECT_EQ(FileTail(path, 10), "third\n");
  EXPECT_EQ(FileTail(path + ".no", 10), "");
}

}  // namespace
}  // namespace replicator::tests
