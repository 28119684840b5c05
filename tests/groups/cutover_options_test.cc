// What the flags of `replicator cutover` change: who is removed, what is refused, which groups are meant.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/eventually.h"
#include "tests/groups/cutover_scene.h"
#include "tests/groups/group_member.h"

namespace replicator::tests {
namespace {

using Json = nlohmann::json;

// What `cutover --json` has reported of each group; progress stands before it.
std::map<std::string, Json> Reported(const CommandOutput& output) {
  std::map<std::string, Json> lines;
  const size_t begin = absl::StartsWith(output.text, "{") ? 0 : output.text.find("\n{");
  if (begin == std::string::npos) return lines;
  const Json report = Json::parse(output.text.substr(begin), nullptr, /*allow_exceptions=*/false);
  if (!report.is_object()) return lines;
  for (const Json& line : report.value("groups", Json::array())) lines[line.value("group", "")] = line;
  return lines;
}

class CutoverOptionsTest : public SceneTest<OneToOne, CutoverScene> {
 protected:
  // So many groups `topic`-app-00 ... with a consumer in each, which has done some records.
  void StartApplications(int groups) {
    for (int i = 0; i < groups; ++i)
      applications_[absl::StrFormat("%s-%02d", group_, i)] =
          StartApplication(Where::kSource, absl::StrFormat("%s-%02d", group_, i));
    for (const auto& [group, application] : applications_)
      ASSERT_TRUE(Eventually("some are done", [&] { return application->count() >= 100; })) << group;
  }

  // The group goes on on the target where its application stopped.
  void ExpectGoesOn(const std::string& group) {
    done_ = applications_[group]->done();
    ASSERT_NO_FATAL_FAILURE(WorkToTheEnd(Where::kTarget, group));
    ExpectEachOnce();
  }

  std::map<std::string, std::unique_ptr<Application>> applications_;
};

TEST_F(CutoverOptionsTest, MembersThatAreNamedAreRemovedAndOthersRefuse) {
  ASSERT_NO_FATAL_FAILURE(Begin("evict", 2'000, /*keeps_in_step=*/false));
  std::unique_ptr<Application> dynamic = StartApplication(Where::kSource, group_, {{"client.id", "busy-app"}});
  ASSERT_TRUE(Eventually("some are done", [&] { return dynamic->count() >= 100; }));
  auto fixed = GroupMember::Join(scene_->source().direct_bootstrap_servers(), group_, topic_,
                                 {{"client.id", "billing"}, {"group.instance.id", "billing-1"}});
  ASSERT_TRUE(fixed.ok()) << fixed.status();
  ASSERT_TRUE(Eventually("both are seen", [&] {
    const CommandOutput refused = Cutover({"--group=" + group_, "--missing=earliest"});
    return refused.code == Code(ExitCode::kGroupActive) && absl::StrContains(refused.text, "busy-app") &&
           absl::StrContains(refused.text, "billing-1");
  }));
  for (const char* named : {"busy-app", "billing-1"}) {
    const CommandOutput refused = Cutover({"--group=" + group_, "--missing=earliest", absl::StrCat("--evict=", named)});
    EXPECT_EQ(refused.code, Code(ExitCode::kGroupActive)) << refused.text;
    EXPECT_TRUE(absl::StrContains(refused.text, "busy-app") && absl::StrContains(refused.text, "billing-1"))
        << refused.text;
  }
  EXPECT_EQ(PhaseOf(group_), "none");
  const CommandOutput moved = Cutover({"--group=" + group_, "--missing=earliest", "--evict=busy-app,billing-1"});
  ASSERT_EQ(moved.code, 0) << moved.text << link_->process().LogTail();
  EXPECT_TRUE(Eventually("who was removed is refused, and told so",
                         [&] { return dynamic->HasError("INCONSISTENT_GROUP_PROTOCOL"); }));
  dynamic->Stop();
  Take(*dynamic);
  fixed->reset();
  ASSERT_NO_FATAL_FAILURE(WorkToTheEnd(Where::kTarget, group_));
  ExpectEachOnce();
}

TEST_F(CutoverOptionsTest, WhatRetentionHasMadeUnprovableIsRefusedWhenStrict) {
  ASSERT_NO_FATAL_FAILURE(Begin("strict", 2'000, /*keeps_in_step=*/false));
  ASSERT_NO_FATAL_FAILURE(Work(Where::kSource, group_, 300));
  const auto ranges = scene_->source_admin().Offsets(topic_);
  ASSERT_TRUE(ranges.ok()) << ranges.status();
  for (int partition = 0; partition < kPartitions; ++partition)
    ASSERT_OK(scene_->source_admin().DeleteRecords(topic_, partition, (*ranges)[partition].end));
  const CommandOutput refused = Cutover({"--group=" + group_, "--missing=earliest", "--strict"});
  EXPECT_EQ(refused.code, Code(ExitCode::kProofFailed)) << refused.text;
  EXPECT_TRUE(absl::StrContains(refused.text, "unprovable: retention has removed its records on the source"))
      << refused.text;
  EXPECT_EQ(PhaseOf(group_), "none");
  EXPECT_EQ(OnTarget(), (std::map<int, int64_t>{}));
  ASSERT_NO_FATAL_FAILURE(ExpectCutover(group_));
  int unprovable = 0;
  const Json line = CutoverOf(group_);
  for (const Json& position : line["positions"]) unprovable += position.value("proof", "") == "unprovable" ? 1 : 0;
  EXPECT_GT(unprovable, 0) << line.dump();
  // The target has them all.
  ASSERT_NO_FATAL_FAILURE(Work(Where::kTarget, group_, 2'000 - done_.size()));
  std::sort(done_.begin(), done_.end());
  EXPECT_EQ(done_.size(), 2'000u);
  EXPECT_EQ(std::unique(done_.begin(), done_.end()), done_.end()) << "some are done twice";
}

TEST_F(CutoverOptionsTest, OfManyGroupsThoseThatAreRefusedStayAndTheOthersMove) {
  constexpr int kGroups = 12;
  ASSERT_NO_FATAL_FAILURE(Begin("dozen"));
  ASSERT_NO_FATAL_FAILURE(StartApplications(kGroups));
  const std::string busy = group_ + "-00";
  for (const auto& [group, application] : applications_) {
    if (group != busy) application->Stop();
    ASSERT_TRUE(Eventually("it is seen", [&] { return !LineOf(group).empty(); })) << group;
  }
  const std::string file = link_->options().dir + "/groups";
  {
    std::ofstream out(file);
    out << "# the first half\n\n";
    for (int i = 0; i < kGroups / 2; ++i) out << absl::StrFormat("  %s-%02d\n", group_, i);
  }
  const auto expect = [&](const CommandOutput& output, size_t groups) {
    EXPECT_EQ(output.code, Code(ExitCode::kPartlyDone)) << output.text;
    std::map<std::string, Json> lines = Reported(output);
    EXPECT_EQ(lines.size(), groups) << output.text;
    for (const auto& [group, line] : lines) {
      const bool is_busy = group == busy;
      EXPECT_EQ(line.value("phase", ""), is_busy ? "none" : "moved") << line.dump();
      EXPECT_EQ(line.value("exit_code", -1), Code(is_busy ? ExitCode::kGroupActive : ExitCode::kDone)) << line.dump();
    }
    EXPECT_TRUE(lines.contains(busy)) << output.text;
  };
  expect(Cutover({"--groups-from=" + file, "--missing=earliest", "--json"}), kGroups / 2);
  expect(Cutover({"--all-groups", "--missing=earliest", "--json"}), kGroups / 2 + 1);
  applications_[busy]->Stop();
  const CommandOutput last = Cutover({"--all-groups", "--missing=earliest", "--wait=30s", "--json"});
  EXPECT_EQ(last.code, 0) << last.text;
  EXPECT_EQ(Reported(last).size(), 1u) << last.text;
  const CommandOutput none = Cutover({"--all-groups"});
  EXPECT_EQ(none.code, Code(ExitCode::kBlocked)) << none.text;
  EXPECT_TRUE(absl::StrContains(none.text, "no group is left")) << none.text;
  for (const char* number : {"-00", "-01", "-11"}) ASSERT_NO_FATAL_FAILURE(ExpectGoesOn(group_ + number));
}

// Groups whose consumers assign partitions to themselves never have members: only their commits say whether they work.
TEST_F(CutoverOptionsTest, AGroupWithoutMembersNeedsAYesAndCommitsThatStandStill) {
  ASSERT_NO_FATAL_FAILURE(Begin("assign", 2'000, /*keeps_in_step=*/false));
  const std::string still = group_ + "-still";
  const std::string busy = group_ + "-busy";
  const std::map<int, int64_t> positions = Positions(topic_, 0);
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(still, topic_, positions));
  ASSERT_NO_FATAL_FAILURE(CommitAtSource(busy, topic_, positions));
  const CommandOutput refused = Cutover({"--group=" + still});
  EXPECT_EQ(refused.code, Code(ExitCode::kBlocked)) << refused.text;
  EXPECT_TRUE(absl::StrContains(refused.text, "it never had members")) << refused.text;

  std::atomic<bool> ends = false;
  std::thread commits([&] {
    for (int64_t offset = 0; !ends; offset = (offset + 1) % 100) {
      EXPECT_TRUE(scene_->source_admin().CommitGroupOffsets(busy, topic_, {{0, offset}}).ok());
      absl::SleepFor(absl::Milliseconds(300));
    }
  });
  const CommandOutput output =
      Cutover({absl::StrCat("--group=", still, ",", busy), "--yes", "--json"}, WatchedLink::kCommandTimeout * 3);
  ends = true;
  commits.join();
  EXPECT_EQ(output.code, Code(ExitCode::kPartlyDone)) << output.text;
  std::map<std::string, Json> lines = Reported(output);
  EXPECT_EQ(lines[still].value("phase", ""), "moved") << output.text;
  EXPECT_EQ(lines[busy].value("phase", ""), "none") << output.text;
  EXPECT_EQ(lines[busy].value("exit_code", -1), Code(ExitCode::kGroupActive)) << output.text;
  EXPECT_EQ(ExpectExact(topic_, {still}), kPartitions);
  EXPECT_EQ(OnTarget(busy, topic_), (std::map<int, int64_t>{}));
}

}  // namespace
}  // namespace replicator::tests
