// What is noted and kept of the program when a test fails; no broker is needed for it.
#include "tests/scene/replicator_process.h"

#include <arpa/inet.h>
#include <glog/logging.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/cluster/patience.h"
#include "tests/cluster/process.h"
#include "tests/cluster/verdict.h"

namespace replicator::tests {
namespace {

// The texts of all files below `folder` whose names end in `ending`.
std::string TextOf(const std::string& folder, const std::string& ending) {
  std::string text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!absl::EndsWith(entry.path().string(), ending)) continue;
    std::ifstream in(entry.path());
    text.append(std::istreambuf_iterator<char>(in), {});
  }
  return text;
}

// Takes connections and never answers: the program waits for it.
class SilentServer {
 public:
  SilentServer() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    PCHECK(fd_ >= 0 && bind(fd_, any, size) == 0 && listen(fd_, SOMAXCONN) == 0 && getsockname(fd_, any, &size) == 0);
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  }
  ~SilentServer() { close(fd_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  const std::string& address() const { return address_; }

 private:
  const int fd_;
  std::string address_;
};

class ReplicatorProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("REPLICATOR_VERDICTS", verdicts_.path().c_str(), 1);
    setenv("REPLICATOR_KEPT", kept_.path().c_str(), 1);
    absl::StatusOr<std::unique_ptr<ReplicatorProcess>> started =
        ReplicatorProcess::Start({.source_bootstrap_servers = silent_.address(),
                                  .target_bootstrap_servers = silent_.address(),
                                  .dir = dir_.path(),
                                  .state_dir = dir_.path() + "/state"});
    ASSERT_TRUE(started.ok()) << started.status();
    process_ = *std::move(started);
    ASSERT_TRUE(WaitFor([&] { return !process_->Log().empty(); }, kPatience));
  }

  const SilentServer silent_;
  const TempDir verdicts_{"verdicts"};
  const TempDir kept_{"kept"};
  const TempDir dir_{"program"};
  std::unique_ptr<ReplicatorProcess> process_;
};

TEST_F(ReplicatorProcessTest, KeepsLogPropertiesAndThreads) {
  ASSERT_TRUE(process_->Running()) << process_->Log();
  Stalled("nothing came");
  EXPECT_NE(TextOf(kept_.path(), ".properties").find("clusters = old, new"), std::string::npos);
  EXPECT_FALSE(TextOf(kept_.path(), "replicator-1.log").empty());
  EXPECT_NE(TextOf(kept_.path(), ".threads").find("comm: replicator"), std::string::npos);
  EXPECT_TRUE(TextOf(verdicts_.path(), ".WRONG").empty());
}

TEST_F(ReplicatorProcessTest, ACrashIsWrongWhateverTheTestLooksAt) {
  ASSERT_EQ(kill(process_->pid(), SIGABRT), 0);  // sanitizers handle the others
  ASSERT_TRUE(WaitFor([&] { return !process_->Running(); }, kPatience));
  process_.reset();
  EXPECT_NE(TextOf(verdicts_.path(), ".WRONG").find("the program has crashed: signal 6"), std::string::npos);
}

TEST_F(ReplicatorProcessTest, AKillByTheTestIsNoCrash) {
  const absl::Status killed = process_->Kill9();
  ASSERT_TRUE(killed.ok()) << killed;
  process_.reset();
  EXPECT_TRUE(TextOf(verdicts_.path(), ".WRONG").empty());
}

}  // namespace
}  // namespace replicator::tests
