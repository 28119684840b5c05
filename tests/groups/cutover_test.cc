// A group moves to the target at exactly the record where it stopped, once, and back.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/eventually.h"
#include "tests/groups/cutover_scene.h"
#include "tests/groups/group_member.h"

namespace replicator::tests {
namespace {

class CutoverTest : public SceneTest<OneToOne, CutoverScene> {
 protected:
  // Nothing was written, on either side.
  void ExpectRefused(const std::vector<std::string>& arguments, ExitCode code, const std::string& words) {
    const std::map<int, int64_t> before = OnTarget();
    const CommandOutput output = Cutover(arguments);
    EXPECT_EQ(output.code, Code(code)) << output.text;
    EXPECT_TRUE(absl::StrContains(output.text, words)) << output.text;
    EXPECT_EQ(OnTarget(), before) << output.text;
  }
};

TEST_F(CutoverTest, AnApplicationUnderLoadDoesEachRecordOnceOverBothClusters) {
  ExpectCutoversUnderLoad("load", /*with_aborts=*/false);
}

TEST_F(CutoverTest, SoItDoesInTransactionsOfWhichManyAreAborted) {
  ExpectCutoversUnderLoad("aborts", /*with_aborts=*/true);
}

TEST_F(CutoverTest, AConsumerThatReturnsToTheOldSideReadsNothing) {
  ASSERT_NO_FATAL_FAILURE(Begin("returns"));
  ASSERT_NO_FATAL_FAILURE(Work(Where::kSource, group_, 300));
  ASSERT_NO_FATAL_FAILURE(ExpectCutover(group_));
  EXPECT_EQ(PhaseOf(group_), "moved");
  {
    std::unique_ptr<Application> forgotten = StartApplication(Where::kSource, group_);
    ASSERT_TRUE(Eventually("it is refused", [&] { return forgotten->HasError("INCONSISTENT_GROUP_PROTOCOL"); }));
    // Also by the process that is started again.
    ASSERT_NO_FATAL_FAILURE(RestartAfterKill());
    ASSERT_TRUE(Eventually("it is held again", [&] {
      absl::SleepFor(absl::Milliseconds(100));
      const nlohmann::json line = CutoverOf(group_);
      return line.value("is_held", false) && line.value("hold_trouble", "unknown").empty();
    }));
    EXPECT_EQ(forgotten->received(), 0u);
  }
  ASSERT_NO_FATAL_FAILURE(WorkToTheEnd(Where::kTarget, group_));
  ExpectEachOnce();
  // Released, the group goes on where it stopped at the source.
  const CommandOutput released = Cutover({"--release", "--group=" + group_});
  EXPECT_EQ(released.code, 0) << released.text;
  std::unique_ptr<Application> back = StartApplication(Where::kSource, group_);
  EXPECT_TRUE(Eventually("it is taken", [&] { return back->received() > 0; }));
}

TEST_F(CutoverTest, WhatMayNotBeIsRefusedAndWritesNothing) {
  ASSERT_NO_FATAL_FAILURE(Begin("wrong", 2'000, /*keeps_in_step=*/false));
  ExpectRefused({"--group=" + group_}, ExitCode::kUsage, "there is no such group");
  ExpectRefused({"--rollback", "--group=" + group_}, ExitCode::kBlocked, "never moved");
  ExpectRefused({"--release", "--group=" + group_}, ExitCode::kBlocked, "never cut over");
  {
    std::unique_ptr<Application> active = StartApplication(Where::kSource, group_, {{"client.id", "busy-app"}});
    ASSERT_TRUE(Eventually("some are done", [&] { return active->count() >= 100; }));
    ExpectRefused({"--group=" + group_, "--missing=earliest"}, ExitCode::kGroupActive, "busy-app");
    ExpectRefused({"--group=wrong-apq"}, ExitCode::kUsage, "did you mean wrong-app?");
    active->Stop();
    Take(*active);
  }
  {
    auto member = GroupMember::Join(scene_->target().direct_bootstrap_servers(), group_, topic_);
    ASSERT_TRUE(member.ok()) << member.status();
    ASSERT_TRUE(Eventually("the member is there", [&] { return (*member)->Commit(topic_, 0, 1).ok(); }));
    ExpectRefused({"--group=" + group_, "--missing=earliest"}, ExitCode::kTargetInUse, "active on the target");
  }
  ASSERT_TRUE(Eventually("it is gone", [&] {
    return !absl::StrContains(Cutover({"--group=" + group_, "--missing=earliest"}).text, "active on the target");
  }));
  ExpectRefused({"--group=" + group_, "--missing=earliest"}, ExitCode::kTargetInUse, "--overwrite-target");
  // A topic of its own that the link does not copy.
  const std::string other = "elsewhere";
  ASSERT_NO_FATAL_FAILURE(CreateTopic(other));
  ASSERT_OK(scene_->source_admin().CommitGroupOffsets(group_, other, {{0, 0}}));
  ExpectRefused({"--group=" + group_, "--wait=30s", "--overwrite-target"}, ExitCode::kBlocked, "elsewhere-0");
  ASSERT_OK(scene_->source_admin().DeleteTopic(other));

  CommandOutput dry_run;
  ASSERT_TRUE(Eventually("the topic is gone", [&] {
    dry_run = Cutover({"--group=" + group_, "--overwrite-target", "--missing=earliest", "--dry-run"});
    return dry_run.code == 0;
  })) << dry_run.text;
  EXPECT_TRUE(absl::StrContains(dry_run.text, "dry run")) << dry_run.text;
  EXPECT_EQ(PhaseOf(group_), "none");
  ASSERT_NO_FATAL_FAILURE(ExpectCutover(group_, {"--overwrite-target"}));
  ExpectRefused({"--group=" + group_}, ExitCode::kBlocked, "was moved");
  ASSERT_NO_FATAL_FAILURE(WorkToTheEnd(Where::kTarget, group_));
  ExpectEachOnce();
}

TEST_F(CutoverTest, ALiveGroupOfTheNewProtocolOnTheTargetIsRefused) {
  ASSERT_NO_FATAL_FAILURE(Begin("kip848-cut", 2'000, /*keeps_in_step=*/false));
  ASSERT_NO_FATAL_FAILURE(Work(Where::kSource, group_, 100));
  auto member =
      GroupMember::Join(scene_->target().direct_bootstrap_servers(), group_, topic_, {{"group.protocol", "consumer"}});
  ASSERT_TRUE(member.ok()) << member.status();
  ASSERT_TRUE(Eventually("the member commits", [&] { return (*member)->Commit(topic_, 0, 7).ok(); }));
  ExpectRefused({"--group=" + group_, "--missing=earliest", "--overwrite-target"}, ExitCode::kTargetInUse,
                "active on the target");
}

TEST_F(CutoverTest, AGroupGoesBackAlsoAfterManyRecordsMoreAndAgain) {
  ASSERT_NO_FATAL_FAILURE(Begin("back-and-forth"));
  ASSERT_NO_FATAL_FAILURE(Work(Where::kSource, group_, 700));
  ASSERT_NO_FATAL_FAILURE(ExpectCutover(group_));
  EXPECT_EQ(CutoverOf(group_)["positions"].size(), size_t{kPartitions}) << CutoverOf(group_).dump();
  ASSERT_NO_FATAL_FAILURE(Work(Where::kTarget, group_, 100));
  ASSERT_NO_FATAL_FAILURE(AddRecords(topic_, 10'000));
  ASSERT_NO_FATAL_FAILURE(Work(Where::kTarget, group_, 6'000));
  {
    std::unique_ptr<Application> active = StartApplication(Where::kTarget, group_);
    ASSERT_TRUE(Eventually("it works", [&] { return active->count() > 0; }));
    const CommandOutput refused = Cutover({"--rollback", "--group=" + group_});
    EXPECT_EQ(refused.code, Code(ExitCode::kGroupActive)) << refused.text;
    active->Stop();
    Take(*active);
  }
  CommandOutput back = Cutover({"--rollback", "--group=" + group_});
  ASSERT_EQ(back.code, 0) << back.text << link_->process().LogTail();
  EXPECT_EQ(PhaseOf(group_), "rolled-back");
  EXPECT_EQ(CutoverOf(group_)["positions"].size(), size_t{kPartitions}) << back.text;
  ExpectRefused({"--rollback", "--group=" + group_}, ExitCode::kBlocked, "rolled back already");
  ASSERT_NO_FATAL_FAILURE(AddRecords(topic_, 2'000));
  ASSERT_NO_FATAL_FAILURE(Work(Where::kSource, group_, 500));
  ASSERT_NO_FATAL_FAILURE(ExpectCutover(group_));
  ASSERT_NO_FATAL_FAILURE(WorkToTheEnd(Where::kTarget, group_));
  ExpectEachOnce();
}

}  // namespace
}  // namespace replicator::tests
