// D, F: the program is killed at each named place in turn, in the middle of a copy with a running producer, and the
// next life goes on from what was stored: nothing is missing, nothing is there twice.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 6;
constexpr double kRecordsPerSecond = 2'000;

struct Crash {
  const char* point;
  int pass;
};

// In the order in which a life passes them; some twice, early and late.
constexpr Crash kCrashes[] = {
    {"after-identity", 1},
    {"after-topics", 1},
    {"before-intent", 1},
    {"before-store-write", 1},
    {"after-store-write", 1},
    {"after-intent", 1},
    {"before-send", 1},
    {"after-send", 1},
    {"before-answer", 1},
    {"after-answer", 1},
    {"before-settle", 1},
    {"before-settle", 4},
    {"before-intent", 25},
    {"before-store-write", 31},
    {"after-store-write", 37},
    {"after-intent", 43},
    {"before-send", 40},
    {"after-send", 41},
    {"before-answer", 67},
    {"after-answer", 71},
    {"before-changelog-flush", 1},
    {"before-changelog-commit", 1},
    {"after-changelog-flush", 1},
    {"before-changelog-flush", 3},
    {"before-changelog-commit", 4},
    {"after-changelog-flush", 5},
};

// The last bytes of the store's newest log: what kill -9 in the middle of a write leaves out.
void TearStoreLog(const std::string& state_dir) {
  std::filesystem::path newest;
  for (const auto& file : std::filesystem::directory_iterator(state_dir + "/store")) {
    if (file.path().extension() == ".log" && file.path() > newest) newest = file.path();
  }
  ASSERT_FALSE(newest.empty());
  const auto bytes = std::filesystem::file_size(newest);
  std::filesystem::resize_file(newest, bytes - std::min<uintmax_t>(bytes, 7));
}

class CrashPointsTest : public SceneTest<OneToOne> {};

TEST_F(CrashPointsTest, EveryOneLeavesTheCopyEqual) {
  ASSERT_NO_FATAL_FAILURE(CreateTopic("plain", kPartitions));
  ASSERT_NO_FATAL_FAILURE(CreateTopic("transactions"));
  LoadOptions plain = scene_->Load("plain", kPartitions);
  plain.codec = "lz4";
  plain.linger_ms = 20;
  plain.records_per_second = kRecordsPerSecond;
  absl::StatusOr<std::unique_ptr<LoadGenerator>> plain_load = LoadGenerator::Start(plain);
  ASSERT_TRUE(plain_load.ok()) << plain_load.status();
  LoadOptions transactions = scene_->Load("transactions", 1);
  transactions.records_per_second = kRecordsPerSecond / 10;
  transactions.records_per_transaction = 10;
  transactions.abort_share = 0.3;
  absl::StatusOr<std::unique_ptr<LoadGenerator>> transactions_load = LoadGenerator::Start(transactions);
  ASSERT_TRUE(transactions_load.ok()) << transactions_load.status();

  ReplicatorOptions options = scene_->Replicator("plain|transactions");
  const std::string program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path().string() + "/crashing_replicator";
  for (const Crash& crash : kCrashes) {
    SCOPED_TRACE(absl::StrCat(crash.point, ", pass ", crash.pass));
    ReplicatorOptions crashing = options;
    crashing.program = program;
    crashing.environment["REPLICATOR_CRASH_AT"] = absl::StrCat(crash.point, ":", crash.pass);
    const std::unique_ptr<ReplicatorProcess> process = Run(crashing);
    ASSERT_NE(process, nullptr);
    absl::StatusOr<ExitStatus> ended = process->Wait(kPatience);
    ASSERT_TRUE(ended.ok()) << "never reached: " << ended.status();
    ASSERT_EQ(ended->signal, SIGKILL) << ended->ToString() << "\n" << process->LogTail();
    ASSERT_TRUE(process->LogHas(absl::StrCat("crash point ", crash.point, ": killed"))) << process->LogTail();
    EXPECT_TRUE(IsHealthy(*process));
    if (std::string(crash.point) == "after-store-write") ASSERT_NO_FATAL_FAILURE(TearStoreLog(options.state_dir));
  }
  const std::unique_ptr<ReplicatorProcess> last = Run(options);
  ASSERT_NE(last, nullptr);
  ASSERT_OK((*plain_load)->Stop().status());
  ASSERT_OK((*transactions_load)->Stop().status());
  EXPECT_TRUE(scene_->Equal({"plain"})) << last->LogTail();
  EXPECT_TRUE(scene_->Equal({"transactions"}, /*gaps=*/true)) << last->LogTail();
  EXPECT_TRUE(StopsHealthy(*last));
}

}  // namespace
}  // namespace replicator::tests
