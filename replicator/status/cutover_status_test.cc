#include "replicator/status/cutover_status.h"

#include <gtest/gtest.h>

#include <string>

namespace replicator {
namespace {

CutoverStatus Status() {
  CutoverStatus status;
  status.link = "old->new";
  status.source_cluster_id = "S";
  status.target_cluster_id = "T";
  status.target_bootstrap_servers = "new:9092";
  CutoverLine line;
  line.record.group = "orders-app";
  line.record.phase = CutoverPhase::kMoved;
  line.record.who = "anna at h7";
  line.record.started_ms = 1'000;
  line.record.held_ms = 2'000;
  line.record.moved_ms = 4'500;
  line.record.is_held = true;
  line.record.positions = {{.topic = "orders",
                            .partition = 3,
                            .source_offset = 1'234'567,
                            .target_offset = 1'200'000,
                            .target_end = 1'200'010,
                            .target_before = 0,
                            .metadata = "note",
                            .proof = "equal",
                            .proof_text = "64 records around it are equal"}};
  line.run = 2;
  line.step = 7;
  line.text = "moved";
  status.groups = {line};
  return status;
}

TEST(CutoverStatusTest, WhatIsToldIsRead) {
  const CutoverStatus told = Status();
  const auto read = ParseCutoverStatus(ToJson(told));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->link, told.link);
  EXPECT_EQ(read->target_bootstrap_servers, told.target_bootstrap_servers);
  ASSERT_EQ(read->groups.size(), 1u);
  EXPECT_EQ(read->groups[0].record, told.groups[0].record);
  EXPECT_EQ(read->groups[0].run, 2);
  EXPECT_EQ(read->groups[0].text, "moved");
  EXPECT_FALSE(ParseCutoverStatus("{\"schema_version\": 99, \"groups\": []}").ok());
  EXPECT_FALSE(ParseCutoverStatus("nonsense").ok());
}

TEST(CutoverStatusTest, WhatIsAskedIsRead) {
  CutoverRequest request;
  request.action = CutoverRequest::Action::kRollback;
  request.groups = {"a", "b"};
  request.wait_ms = 5;
  request.is_dry_run = request.overwrite_target = request.is_strict = request.yes = true;
  request.missing = MissingCommits::kEnd;
  request.evict = {"x"};
  request.who = "anna";
  const auto read = ParseCutoverRequest(ToJson(request));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->action, request.action);
  EXPECT_EQ(read->groups, request.groups);
  EXPECT_EQ(read->wait_ms, 5);
  EXPECT_TRUE(read->is_dry_run && read->overwrite_target && read->is_strict && read->yes);
  EXPECT_EQ(read->missing, MissingCommits::kEnd);
  EXPECT_EQ(read->evict, request.evict);
  EXPECT_EQ(read->who, "anna");
  EXPECT_FALSE(ParseCutoverRequest("{}").ok()) << "which groups?";
  EXPECT_FALSE(ParseCutoverRequest("{\"groups\": [\"a\"], \"missing\": \"some\"}").ok());
  EXPECT_FALSE(ParseCutoverRequest("{\"groups\": [\"a\"], \"action\": \"move\"}").ok());
}

TEST(CutoverStatusTest, TheReportSaysWhereEachPartitionIsAndWhatComesNext) {
  const CutoverStatus status = Status();
  EXPECT_EQ(CutoverReportText(status, status.groups[0]),
            "group orders-app: moved\n"
            "  link old->new, from cluster S to cluster T\n"
            "  by anna at h7\n"
            "  at 1970-01-01 00:00:04 UTC; without a home for 2.5 s\n"
            "  partition  source offset  target offset  lag  proof\n"
            "  orders-3       1,234,567      1,200,000   10  equal: 64 records around it are equal\n"
            "Start its consumers with bootstrap.servers=new:9092.\n"
            "The group is held at the source: a consumer that is started there is refused "
            "(INCONSISTENT_GROUP_PROTOCOL).\n"
            "The way back: replicator cutover --rollback --group orders-app\n");
}

TEST(CutoverStatusTest, TheListSaysWhatIsHeldAndWhatIsNot) {
  CutoverStatus status = Status();
  EXPECT_EQ(CutoverListText(status), "orders-app: moved 1970-01-01 00:00:04 UTC, by anna at h7; held at the source\n");
  status.groups[0].hold_trouble = "group orders-app is Stable, its members: client old-app at /10.0.0.1";
  EXPECT_EQ(CutoverListText(status),
            "orders-app: moved 1970-01-01 00:00:04 UTC, by anna at h7; NOT held at the source: group orders-app is "
            "Stable, its members: client old-app at /10.0.0.1\n");
  status.groups.clear();
  EXPECT_EQ(CutoverListText(status), "link old->new: no group has been cut over\n");
}

}  // namespace
}  // namespace replicator
