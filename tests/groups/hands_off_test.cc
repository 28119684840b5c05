// What somebody else has done with a group on the target is never undone.
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
#include "tests/groups/group_deletion.h"
#include "tests/groups/group_member.h"
#include "tests/groups/groups_scene.h"

namespace replicator::tests {
namespace {

class HandsOffTest : public SceneTest<OneToOne, GroupsScene> {
 protected:
  // Nothing is committed for the group any more, whatever happens at the source and to the process.
  void ExpectLeftForGood(const std::map<int, int64_t>& on_target, absl::string_view why) {
    ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic_, {{0, 300}, {1, 300}}));
    ASSERT_TRUE(ReachesState(group_, "left alone"));
    EXPECT_TRUE(absl::StrContains(LineOf(group_).dump(), why)) << LineOf(group_).dump();
    EXPECT_EQ(OnTarget(), on_target);
    ASSERT_NO_FATAL_FAILURE(RestartAfterKill());
    // The witness: another group, which a whole cycle behind the restart has in step.
    ASSERT_NO_FATAL_FAILURE(CommitAtSource(topic_ + "-witness", topic_, {{0, 400}}));
    ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic_, {{0, 400}, {1, 400}}));
    ASSERT_TRUE(ReachesState(topic_ + "-witness", "in step"));
    EXPECT_EQ(StateOf(group_), "left alone");
    EXPECT_EQ(OnTarget(), on_target);
  }
};

TEST_F(HandsOffTest, AGroupWithMembersOnTheTargetIsLeftForGood) {
  ASSERT_NO_FATAL_FAILURE(BeginWithOneGroup("members"));
  auto member = GroupMember::Join(scene_->target().direct_bootstrap_servers(), group_, topic_);
  ASSERT_TRUE(member.ok()) << member.status();
  ASSERT_TRUE(Eventually("the member commits", [&] { return (*member)->Commit(topic_, 0, 250).ok(); }));
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic_, {{0, 200}}));
  ASSERT_TRUE(ReachesState(group_, "left alone"));
  member->reset();
  ExpectLeftForGood({{0, 250}, {1, 100}}, "members on the target");
}

TEST_F(HandsOffTest, AGroupThatHadMembersOnTheTargetIsLeftForGood) {
  ASSERT_NO_FATAL_FAILURE(BeginWithOneGroup("hadmembers"));
  auto member = GroupMember::Join(scene_->target().direct_bootstrap_servers(), group_, topic_);
  ASSERT_TRUE(member.ok()) << member.status();
  ASSERT_TRUE(Eventually("the member commits", [&] { return (*member)->Commit(topic_, 0, 101).ok(); }));
  member->reset();
  ExpectLeftForGood({{0, 101}, {1, 100}}, "members on the target");
}

TEST_F(HandsOffTest, ALiveGroupOfTheNewProtocolIsLeftForGood) {
  ASSERT_NO_FATAL_FAILURE(MakeTopic("kip848", 3'000));
  topic_ = "kip848";
  group_ = "kip848-group";
  ASSERT_NO_FATAL_FAILURE(StartLink(topic_, topic_ + "-.*"));
  ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, 3'000));
  auto member =
      GroupMember::Join(scene_->target().direct_bootstrap_servers(), group_, topic_, {{"group.protocol", "consumer"}});
  ASSERT_TRUE(member.ok()) << member.status();
  ASSERT_TRUE(Eventually("the member commits", [&] { return (*member)->Commit(topic_, 0, 7).ok(); }));
  ExpectLeftForGood({{0, 7}}, "not of the classic type");
}

TEST_F(HandsOffTest, SomebodyElsesCommitIsNotWrittenOver) {
  ASSERT_NO_FATAL_FAILURE(BeginWithOneGroup("foreign"));
  ASSERT_OK(scene_->target_admin().CommitGroupOffsets(group_, topic_, {{0, 77}}));
  ExpectLeftForGood({{0, 77}, {1, 100}}, "somebody else has committed");
}

TEST_F(HandsOffTest, AGroupThatIsThereBeforeUsIsNotWritten) {
  ASSERT_NO_FATAL_FAILURE(MakeTopic("before", 3'000));
  topic_ = "before";
  group_ = "before-group";
  ASSERT_NO_FATAL_FAILURE(StartLink(topic_, topic_ + "-.*"));
  ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, 3'000));
  ASSERT_OK(scene_->target_admin().CommitGroupOffsets(group_, topic_, {{0, 5}}));
  ExpectLeftForGood({{0, 5}}, "somebody else has committed");
}

TEST_F(HandsOffTest, WhatWasDeletedOnPurposeIsNotMadeAgain) {
  ASSERT_NO_FATAL_FAILURE(BeginWithOneGroup("deleted"));
  ASSERT_OK(DeleteGroup(scene_->target().direct_bootstrap_servers(), group_));
  ASSERT_TRUE(Eventually("the group is gone", [&] { return OnTarget().empty(); }));
  ExpectLeftForGood({}, "deleted");
}

}  // namespace
}  // namespace replicator::tests
