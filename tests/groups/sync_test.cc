// Groups are kept in step: exactly, whatever their topics hold, after kill -9.
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
#include "tests/groups/groups_scene.h"
#include "tests/scene/figures.h"

namespace replicator::tests {
namespace {

class GroupsSyncTest : public SceneTest<OneToOne, GroupsScene> {};

TEST_F(GroupsSyncTest, EveryPositionIsExactAlsoAfterThreeKills) { ExpectEveryPositionIsExact("exact", 50); }

TEST_F(GroupsSyncTest, ASyncComesWithinItsInterval) {
  ASSERT_NO_FATAL_FAILURE(BeginWithOneGroup("delay"));
  for (int64_t offset = 101; offset <= 110; ++offset) {
    ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic_, {{0, offset}}));
    const absl::Time committed = absl::Now();
    ASSERT_TRUE(Eventually("the commit is on the target", [&] { return OnTarget()[0] == offset; }));
    Figure("groups/delay-at-interval-1s", absl::Now() - committed);
  }
}

TEST_F(GroupsSyncTest, AnEmptyFolderKnowsWhatWasCommittedForAGroup) {
  ASSERT_NO_FATAL_FAILURE(BeginWithOneGroup("emptied"));
  ASSERT_TRUE(StopsHealthy(link_->process()));
  ReplicatorOptions options = link_->options();
  const ReplicatorOptions elsewhere = scene_->Replicator(topic_);
  options.dir = elsewhere.dir;
  options.state_dir = elsewhere.state_dir;
  link_ = std::make_unique<WatchedLink>(options);
  ASSERT_OK(link_->Start());
  ASSERT_NO_FATAL_FAILURE(AddRecords(topic_, 600));
  const std::map<int, int64_t> ends = {{0, 600}, {1, 600}};
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic_, ends));
  ASSERT_TRUE(Eventually("the group goes on", [&] { return OnTarget() == ends; }))
      << link_->Run({"status", "--groups"}).text << link_->process().LogTail();
  EXPECT_TRUE(ReachesState(group_, "in step")) << "its commits are ours, not somebody else's";
}

TEST_F(GroupsSyncTest, AGroupThatGoesBackAtTheSourceIsNotSetBackOnTheTarget) {
  ASSERT_NO_FATAL_FAILURE(BeginWithOneGroup("back"));
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic_, {{0, 50}, {1, 200}}));
  ASSERT_TRUE(Eventually("the other partition goes on", [&] { return OnTarget()[1] == 200; }));
  EXPECT_EQ(OnTarget()[0], 100);
  ASSERT_TRUE(ReachesState(group_, "not in step"));
  EXPECT_TRUE(absl::StrContains(LineOf(group_).dump(), "went back at the source")) << LineOf(group_).dump();
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic_, {{0, 150}}));
  ASSERT_TRUE(ReachesState(group_, "in step"));
  EXPECT_EQ(OnTarget()[0], 150);
}

TEST_F(GroupsSyncTest, AGroupThatOnlyTheDefaultLeavesOutIsNamedWithTheLineToWrite) {
  ASSERT_NO_FATAL_FAILURE(MakeTopic("named", 600));
  ASSERT_NO_FATAL_FAILURE(CommitAtSource("connect-named-sink", "named", {{0, 100}}));
  ASSERT_NO_FATAL_FAILURE(StartLink("named", ".*named.*"));
  const std::string line = ".*named.*, connect-named-sink";
  ASSERT_TRUE(link_->process().WaitForLog("write: groups = " + line, kPatience)) << link_->process().Log();
  EXPECT_TRUE(absl::StrContains(link_->Run({"status", "--groups"}).text, "groups.exclude: connect-named-sink"));
  EXPECT_TRUE(StopsHealthy(link_->process()));
  link_->options().properties["groups"] = line;
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(ReachesState("connect-named-sink", "in step"));
  EXPECT_EQ(OnTarget("connect-named-sink", "named"), (std::map<int, int64_t>{{0, 100}}));
}

TEST_F(GroupsSyncTest, TheStatusSaysOfEachGroupHowItStands) {
  ASSERT_NO_FATAL_FAILURE(BeginWithOneGroup("told"));
  const CommandOutput text = link_->Run({"status", "--groups"});
  EXPECT_EQ(text.code, 0);
  EXPECT_TRUE(absl::StrContains(text.text, "consumer groups: 1 of 1 in step")) << text.text;
  EXPECT_TRUE(absl::StrContains(text.text, "told-group")) << text.text;
  EXPECT_TRUE(absl::StrContains(link_->Run({"status"}).text, "consumer groups: 1 of 1 in step"));
  // A commit of a topic that is not copied is named, and holds up nothing.
  ASSERT_NO_FATAL_FAILURE(CreateTopic("not-copied-by-it"));
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, "not-copied-by-it", {{0, 0}}));
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic_, {{0, 123}}));
  ASSERT_TRUE(Eventually("the topic is named", [&] {
    return absl::StrContains(LineOf(group_).dump(), "not-copied-by-it-0: the topic does not exist any more, or");
  }));
  EXPECT_EQ(StateOf(group_), "in step");
  ASSERT_TRUE(Eventually("the other topic goes on", [&] { return OnTarget()[0] == 123; }));
  // Beyond the copy.
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic_, {{1, 1'000'000}}));
  ASSERT_TRUE(ReachesState(group_, "waiting"));
  EXPECT_EQ(OnTarget()[1], 100) << "never the source's number";
  EXPECT_TRUE(StopsHealthy(link_->process()));
  EXPECT_EQ(link_->Run({"status", "--groups"}).code, Code(ExitCode::kBlocked)) << "nobody answers";
}

}  // namespace
}  // namespace replicator::tests
