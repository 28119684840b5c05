// The program is killed at each step of a cutover and of a rollback; the same command goes on.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/cluster/eventually.h"
#include "tests/groups/cutover_scene.h"

namespace replicator::tests {
namespace {

class CutoverCrashTest : public SceneTest<OneToOne, CutoverScene> {
 protected:
  // The command is on its way when the program dies at `point`; then the program is started again without dying.
  void DieAt(const std::string& point, const std::vector<std::string>& command) {
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path().string() +
                                "/faults/crashing_replicator";
    ASSERT_OK(link_->Kill9());
    const std::string ordinary = link_->options().program;
    link_->options().program = program;
    link_->options().environment["REPLICATOR_CRASH_AT"] = point + ":1";
    ASSERT_OK(link_->Start());
    ASSERT_TRUE(Eventually("the link answers", [&] { return Cutover({"--status"}).code == 0; }));
    const CommandOutput broken = Cutover(command);
    EXPECT_EQ(broken.code, Code(ExitCode::kPartlyDone)) << broken.text;
    absl::StatusOr<ExitStatus> ended = link_->process().Wait(kPatience);
    ASSERT_TRUE(ended.ok()) << "never reached " << point << ": " << ended.status() << broken.text;
    ASSERT_EQ(ended->signal, SIGKILL) << link_->process().LogTail();
    link_->options().program = ordinary;
    link_->options().environment.clear();
    ASSERT_OK(link_->Start());
    ASSERT_TRUE(Eventually("the link answers", [&] { return Cutover({"--status"}).code == 0; }));
  }
};

TEST_F(CutoverCrashTest, KilledAtEachStepTheSameCommandGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin("crashes"));
  for (const char* point :
       {"cutover-hold", "cutover-held", "cutover-recorded", "cutover-committed", "cutover-read-back"}) {
    SCOPED_TRACE(point);
    const std::string group = absl::StrCat("crashes-", point);
    done_.clear();
    ASSERT_NO_FATAL_FAILURE(Work(Where::kSource, group, 300));
    ASSERT_NO_FATAL_FAILURE(DieAt(point, {"--group=" + group, "--wait=30s", "--missing=earliest"}));
    ASSERT_NO_FATAL_FAILURE(ExpectCutover(group));
    EXPECT_EQ(PhaseOf(group), "moved");
    ASSERT_NO_FATAL_FAILURE(WorkToTheEnd(Where::kTarget, group));
    ExpectEachOnce();
  }
}

TEST_F(CutoverCrashTest, KilledInARollbackTheSameCommandGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin("crashback"));
  for (const char* point : {"rollback-recorded", "rollback-committed"}) {
    SCOPED_TRACE(point);
    const std::string group = absl::StrCat("crashback-", point);
    done_.clear();
    ASSERT_NO_FATAL_FAILURE(Work(Where::kSource, group, 300));
    ASSERT_NO_FATAL_FAILURE(ExpectCutover(group));
    ASSERT_NO_FATAL_FAILURE(Work(Where::kTarget, group, 300));
    ASSERT_NO_FATAL_FAILURE(DieAt(point, {"--rollback", "--group=" + group}));
    const CommandOutput back = Cutover({"--rollback", "--group=" + group});
    EXPECT_EQ(back.code, 0) << back.text;
    ASSERT_NO_FATAL_FAILURE(WorkToTheEnd(Where::kSource, group));
    ExpectEachOnce();
  }
}

}  // namespace
}  // namespace replicator::tests
