// Nothing is set back, whatever consumers, networks and brokers do meanwhile.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/eventually.h"
#include "tests/groups/group_member.h"
#include "tests/groups/groups_scene.h"

namespace replicator::tests {
namespace {

// OffsetCommit and OffsetFetch, for the rules of a proxy.
constexpr int16_t kOffsetCommitApi = 8;
constexpr int16_t kOffsetFetchApi = 9;

class SyncFaultsTest : public SceneTest<OneToOne, GroupsScene> {};

// Consumers come and go on the target while the groups go on at the source.
TEST_F(SyncFaultsTest, NothingIsSetBackWhileConsumersComeAndGo) {
  constexpr int kGroups = 8;
  const std::string topic = "churn";
  ASSERT_NO_FATAL_FAILURE(MakeTopic(topic, 6'000));
  const auto group = [](int i) { return absl::StrCat("churn-group-", i); };
  for (int i = 0; i < kGroups; ++i) ASSERT_NO_FATAL_FAILURE(CommitAtSource(group(i), topic, {{0, 10}, {1, 10}}));
  ASSERT_NO_FATAL_FAILURE(StartLink(topic, "churn-.*"));
  ASSERT_TRUE(AllInStep(kGroups));

  std::vector<std::map<int, int64_t>> highest(kGroups);
  const auto look = [&] {
    for (int i = 0; i < kGroups; ++i) {
      const auto now = scene_->target_admin().GroupOffsets(group(i), topic);
      if (!now.ok()) continue;
      for (const auto& [partition, offset] : *now) {
        EXPECT_GE(offset, highest[i][partition]) << group(i) << ", partition " << partition;
        highest[i][partition] = std::max(highest[i][partition], offset);
      }
    }
  };
  for (int round = 1; round <= 20; ++round) {
    for (int i = 0; i < kGroups; ++i)
      ASSERT_NO_FATAL_FAILURE(CommitAtSource(group(i), topic, {{0, 10 + 10 * round}, {1, 10 + 10 * round}}));
    look();
    if (round % 2 == 1) continue;
    // Every other second one more group is used on the target for a moment, and goes on there by less than it does at
    // the source.
    const int used = round / 2 % kGroups;
    auto member = GroupMember::Join(scene_->target().direct_bootstrap_servers(), group(used), topic);
    ASSERT_TRUE(member.ok()) << member.status();
    look();
    const int64_t onward = highest[used][0] + 1;
    ASSERT_TRUE(Eventually("the consumer commits", [&] { return (*member)->Commit(topic, 0, onward).ok(); }));
    highest[used][0] = std::max(highest[used][0], onward);
    member->reset();
    look();
    EXPECT_EQ(scene_->target_admin().GroupOffsets(group(used), topic)->at(0), onward)
        << "a consumer's own commit stays";
  }
  ASSERT_TRUE(Eventually("all used groups are left alone", [&] {
    look();
    int left = 0;
    for (int i = 0; i < kGroups; ++i) left += StateOf(group(i)) == "left alone";
    return left == kGroups;
  }));
}

TEST_F(SyncFaultsTest, LostAnswersAndACoordinatorThatIsAwaySetNothingBack) {
  const std::string topic = "lossy";
  constexpr int kGroups = 5;
  ASSERT_NO_FATAL_FAILURE(MakeTopic(topic, 6'000));
  const auto group = [](int i) { return absl::StrCat("lossy-group-", i); };
  std::vector<std::string> groups;
  for (int i = 0; i < kGroups; ++i) {
    groups.push_back(group(i));
    ASSERT_NO_FATAL_FAILURE(CommitAtSource(groups.back(), topic, {{0, 10}, {1, 10}}));
  }
  ASSERT_NO_FATAL_FAILURE(StartLink(topic, "lossy-.*"));
  ASSERT_TRUE(AllInStep(kGroups));

  FaultProxy& source = scene_->source_proxy(1);
  FaultProxy& target = scene_->target_proxy(1);
  std::vector<std::map<int, int64_t>> highest(kGroups);
  int64_t at = 10;
  const auto go_on = [&] {
    at += 10;
    for (int i = 0; i < kGroups; ++i) ASSERT_NO_FATAL_FAILURE(CommitAtSource(group(i), topic, {{0, at}, {1, at}}));
    for (int i = 0; i < kGroups; ++i) {
      const auto now = scene_->target_admin().GroupOffsets(group(i), topic);
      ASSERT_TRUE(now.ok()) << now.status();
      for (const auto& [partition, offset] : *now) {
        EXPECT_GE(offset, highest[i][partition]) << group(i);
        highest[i][partition] = offset;
      }
    }
  };
  struct Loss {
    FaultProxy* proxy;
    int16_t api_key;
    Fault fault;
  };
  const std::vector<Loss> losses = {
      {&source, kOffsetFetchApi, Fault::SwallowResponseThenCut()},
      {&target, kOffsetFetchApi, Fault::SwallowResponseThenCut()},
      {&target, kOffsetCommitApi, Fault::SwallowResponseThenCut()},
      {&target, kOffsetCommitApi, Fault::CutBeforeForward()},
      {&target, kOffsetCommitApi, Fault::CutThenForwardLate(absl::Seconds(3))},
  };
  for (const Loss& loss : losses) {
    const RuleId rule =
        loss.proxy->Arm({.api_key = loss.api_key, .client_id_prefix = "replicator.", .times = 2, .fault = loss.fault});
    ASSERT_NO_FATAL_FAILURE(go_on());
    ASSERT_TRUE(Eventually("the answers are lost", [&] { return loss.proxy->Hits(rule) >= 2; }))
        << link_->process().LogTail();
    ASSERT_NO_FATAL_FAILURE(go_on());
    loss.proxy->Remove(rule);
  }
  // Nobody hears from the target for a while.
  target.Hold();
  for (int i = 0; i < 5; ++i) {
    ASSERT_NO_FATAL_FAILURE(go_on());
    absl::SleepFor(absl::Seconds(1));
  }
  target.Release();
  ASSERT_NO_FATAL_FAILURE(go_on());
  ASSERT_TRUE(AllInStep(kGroups));
  ASSERT_TRUE(Eventually("all are where they are at the source", [&] {
    int there = 0;
    for (int i = 0; i < kGroups; ++i)
      there += *scene_->target_admin().GroupOffsets(group(i), topic) == std::map<int, int64_t>{{0, at}, {1, at}};
    return there == kGroups;
  })) << link_->Run({"status", "--groups"}).text;
  EXPECT_EQ(ExpectExact(topic, groups), 2 * kGroups);
}

// The holder hangs between a look at a group and what it would commit. Another one takes over and brings the group
// further; then the first wakes up.
TEST_F(SyncFaultsTest, AHolderThatHungSetsNothingBackWhenItWakesUp) {
  ASSERT_NO_FATAL_FAILURE(BeginWithOneGroup("hung"));
  ASSERT_TRUE(link_->process().WaitForLog("has the lock of the link", kPatience)) << link_->process().Log();
  ReplicatorOptions options = link_->options();
  const ReplicatorOptions elsewhere = scene_->Replicator(topic_);
  options.dir = elsewhere.dir;
  options.state_dir = elsewhere.state_dir;
  auto next = std::make_unique<WatchedLink>(options);
  ASSERT_OK(next->Start());
  ASSERT_TRUE(next->process().WaitForLog("waiting for the lock of the link", kPatience)) << next->process().Log();

  FaultProxy& target = scene_->target_proxy(1);
  const RuleId rule = target.Arm({.api_key = kOffsetFetchApi,
                                  .client_id_prefix = "replicator.",
                                  .times = 1,
                                  .fault = Fault::DelayResponse(absl::Seconds(2))});
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic_, {{0, 150}, {1, 150}}));
  ASSERT_TRUE(target.WaitForHits(rule, 1, absl::Now() + kPatience)) << "it waits for the answer to its look";
  ASSERT_EQ(kill(link_->process().pid(), SIGSTOP), 0);
  std::swap(link_, next);  // the one that is asked from here on
  ASSERT_TRUE(link_->process().WaitForLog("new to this process", kPatience)) << link_->process().LogTail();
  ASSERT_NO_FATAL_FAILURE(AddRecords(topic_, 600));  // 600 in each partition then
  const std::map<int, int64_t> onward = {{0, 560}, {1, 560}};
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic_, onward));
  ASSERT_TRUE(Eventually("the next one goes on", [&] { return OnTarget() == onward; })) << link_->process().LogTail();
  ASSERT_EQ(kill(next->process().pid(), SIGCONT), 0);
  ASSERT_TRUE(Eventually("the first one hears of it", [&] {
    EXPECT_EQ(OnTarget(), onward);
    return next->process().LogHas("another process copies this link now");
  })) << next->process().LogTail();
  const std::map<int, int64_t> ends = {{0, 600}, {1, 600}};
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(group_, topic_, ends));
  ASSERT_TRUE(Eventually("the group goes on", [&] {
    const std::map<int, int64_t> now = OnTarget();
    EXPECT_GE(now.at(0), 560);
    return now == ends;
  })) << link_->process().LogTail();
  EXPECT_EQ(StateOf(group_), "in step");
}

}  // namespace
}  // namespace replicator::tests
