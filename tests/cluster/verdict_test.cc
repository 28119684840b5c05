#include "tests/cluster/verdict.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/cluster/process.h"
#include "tests/cluster/test_deadline.h"

namespace replicator::tests {
namespace {

namespace fs = std::filesystem;

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

class VerdictTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("REPLICATOR_VERDICTS", verdicts_.path().c_str(), 1);
    setenv("REPLICATOR_KEPT", kept_.path().c_str(), 1);
    setenv("TEST_TARGET", "//tests/some:a_test", 1);
    EnterScope("Suite.Case");
  }

  fs::path Verdict(const std::string& ending) const {
    return fs::path(verdicts_.path()) / absl::StrCat("tests_some_a_test.", getpid(), ".", ending);
  }

  const TempDir verdicts_{"verdicts"};
  const TempDir kept_{"kept"};
};

TEST_F(VerdictTest, IsWrittenAtOnceUnderTheTargetsNameAndTheKind) {
  Wrong("one record is missing");
  Wrong("and another");
  Stalled("nothing came");
  EXPECT_EQ(ReadAll(Verdict("WRONG")),
            "//tests/some:a_test\n== Suite.Case\none record is missing\n== Suite.Case\nand another\n");
  EXPECT_EQ(ReadAll(Verdict("STALLED")), "//tests/some:a_test\n== Suite.Case\nnothing came\n");
  EXPECT_FALSE(fs::exists(Verdict("HARNESS")));
}

TEST_F(VerdictTest, BelongsToTheCaseInWhichItWasNoted) {
  EXPECT_FALSE(NotedInScope());
  Skipped("no right to mount");
  EXPECT_FALSE(NotedInScope()) << "a skipped case has not failed";
  Harness("no broker");
  EXPECT_TRUE(NotedInScope());
  EnterScope("Suite.Next");
  EXPECT_FALSE(NotedInScope());
  EXPECT_TRUE(NotedInProcess());
}

TEST_F(VerdictTest, AFailedAssertionShowsAHarnessStatus) {
  const absl::Status status = AsHarness(absl::UnavailableError("CreateTopics: no answer"));
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_TRUE(IsHarness(status));
  EXPECT_TRUE(ShowsHarness(absl::StrCat("Value of: status.ok()\n", status.ToString())));
  EXPECT_FALSE(ShowsHarness(absl::UnavailableError("verdict HARNESS").ToString()));
  EXPECT_TRUE(AsHarness(absl::OkStatus()).ok());
  EXPECT_FALSE(IsHarness(absl::OkStatus()));
}

TEST_F(VerdictTest, TheRunningFileIsThereUntilTheEnd) {
  NoteRunning();
  EXPECT_TRUE(fs::exists(Verdict("running")));
  NoteEnd();
  EXPECT_FALSE(fs::exists(Verdict("running")));
}

TEST_F(VerdictTest, KeepersCopyTailsWithoutSecrets) {
  const std::string properties = absl::StrCat(verdicts_.path(), "/a.properties");
  std::ofstream(properties)
      << "a = 1\nold.ssl.key.Password = geheim\nold.sasl.jaas.config = x \\\n  y=geheim;\nb = 2\n";
  const std::string log = absl::StrCat(verdicts_.path(), "/a.log");
  std::ofstream(log) << std::string(2 << 20, 'x') << "end";
  int keeps = 0;
  auto keeper = std::make_unique<Keeper>([&](const std::string& folder) {
    ++keeps;
    KeepTail(properties, folder);
    KeepTail(log, folder, "one-");
  });
  Stalled("nothing came");
  EXPECT_EQ(keeps, 1);
  const fs::path folder = KeptFolder();
  EXPECT_EQ(folder.parent_path().string(), kept_.path());
  const std::string kept = ReadAll(folder / "a.properties");
  EXPECT_EQ(kept, "a = 1\nold.ssl.key.Password = (not kept)\nold.sasl.jaas.config = (not kept)\nb = 2\n\n");
  EXPECT_EQ(fs::file_size(folder / "one-a.log"), 1u << 20);
  EXPECT_TRUE(ReadAll(folder / "one-a.log").ends_with("end"));
  keeper.reset();
  EXPECT_EQ(keeps, 2) << "once more at its end, when there is more to keep";
}

TEST_F(VerdictTest, AWaitEndsAtTheTestsDeadlineAndNamesItself) {
  setenv("TEST_TIMEOUT", "1", 1);  // long ago, or within a second
  EXPECT_FALSE(WaitFor([] { return false; }, absl::Minutes(5)));
  EXPECT_NE(ReadAll(Verdict("STALLED")).find("verdict_test.cc"), std::string::npos);
  EXPECT_TRUE(WaitFor([] { return true; }, absl::Minutes(5))) << "it is asked at least once";
}

}  // namespace
}  // namespace replicator::tests
