#include "replicator/groups/group_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace replicator {
namespace {

using policy::GroupCommitWhy;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A log as the changelog is one: the last value of a key counts.
std::map<std::string, std::string> Kept(GroupLedger& ledger, std::map<std::string, std::string> log = {}) {
  for (const LinkLog::Record& record : ledger.TakeChanges()) log[record.key] = record.value.value();
  return log;
}

TEST(GroupLedgerTest, WhatWasWrittenDownIsKnownToTheNextProcess) {
  GroupLedger ledger;
  ledger.SetCommit("orders", "t", 0, {.offset = 0, .at_ms = 5, .is_confirmed = false});
  ledger.SetCommit("orders", "t", 7, {.offset = 4711, .at_ms = 6});
  ledger.SetCommit("orders", "u", 1, {.offset = 17, .at_ms = 7});
  ledger.SetCommit("order", "st", 0, {.offset = 1, .at_ms = 8});  // the same bytes behind one another
  ledger.LeaveAlone("left", GroupCommitWhy::kTargetHadMembers, 99);
  ledger.LeaveAlone("left", GroupCommitWhy::kDeleted, 100);
  ledger.SetMoved("moved", 77);

  const absl::StatusOr<GroupLedger> restored = GroupLedger::Restore(Kept(ledger));
  ASSERT_TRUE(restored.ok()) << restored.status();
  const GroupLedger::Group& orders = *restored->Find("orders");
  EXPECT_EQ(orders.Find("t", 0)->offset, 0);
  EXPECT_EQ(orders.Find("t", 0)->at_ms, 5);
  EXPECT_FALSE(orders.Find("t", 0)->is_confirmed);
  EXPECT_EQ(orders.Find("t", 7)->offset, 4711);
  EXPECT_TRUE(orders.Find("t", 7)->is_confirmed);
  EXPECT_EQ(orders.Find("u", 1)->offset, 17);
  EXPECT_EQ(orders.Find("u", 0), nullptr);
  EXPECT_EQ(orders.Find("v", 1), nullptr);
  EXPECT_FALSE(orders.left_alone.has_value());
  EXPECT_FALSE(orders.is_moved());
  EXPECT_EQ(restored->Find("order")->Find("st", 0)->offset, 1);
  ASSERT_TRUE(restored->Find("left")->left_alone.has_value());
  EXPECT_EQ(restored->Find("left")->left_alone->why, GroupCommitWhy::kTargetHadMembers) << "the first reason stays";
  EXPECT_EQ(restored->Find("left")->left_alone->at_ms, 99);
  EXPECT_TRUE(restored->Find("moved")->is_moved());
  EXPECT_EQ(restored->Find("other"), nullptr);
  EXPECT_THAT(restored->groups(), SizeIs(4));
}

TEST(GroupLedgerTest, OnlyWhatChangedIsWrittenAndAllOfItsTopic) {
  GroupLedger ledger;
  ledger.SetCommit("g", "t", 0, {.offset = 1});
  ledger.SetCommit("g", "t", 1, {.offset = 2});
  ledger.SetCommit("g", "u", 0, {.offset = 3});
  std::map<std::string, std::string> log = Kept(ledger);
  EXPECT_THAT(log, SizeIs(2));
  EXPECT_THAT(ledger.TakeChanges(), IsEmpty());
  ledger.SetCommit("g", "t", 1, {.offset = 20});
  const std::map<std::string, std::string> changes = Kept(ledger);
  EXPECT_THAT(changes, SizeIs(1));
  for (const auto& [key, value] : changes) log[key] = value;
  const absl::StatusOr<GroupLedger> restored = GroupLedger::Restore(log);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->Find("g")->Find("t", 0)->offset, 1);
  EXPECT_EQ(restored->Find("g")->Find("t", 1)->offset, 20);
  EXPECT_EQ(restored->Find("g")->Find("u", 0)->offset, 3);
}

TEST(GroupLedgerTest, EveryReasonForGoodIsKept) {
  for (const GroupCommitWhy why :
       {GroupCommitWhy::kTargetHasMembers, GroupCommitWhy::kTargetHadMembers, GroupCommitWhy::kTargetOtherType,
        GroupCommitWhy::kForeignCommit, GroupCommitWhy::kDeleted}) {
    GroupLedger ledger;
    ledger.LeaveAlone("g", why, 1);
    const absl::StatusOr<GroupLedger> restored = GroupLedger::Restore(Kept(ledger));
    ASSERT_TRUE(restored.ok()) << restored.status();
    EXPECT_EQ(restored->Find("g")->left_alone->why, why);
  }
}

TEST(GroupLedgerTest, RefusesWhatItCannotRead) {
  GroupLedger ledger;
  ledger.SetCommit("g", "t", 0, {.offset = 1});
  const std::map<std::string, std::string> good = Kept(ledger);
  const std::string key = good.begin()->first;
  const std::map<std::string, std::map<std::string, std::string>> cases = {
      {"no group", {{std::string("G\0\0\0\0t", 6), good.begin()->second}}},
      {"a length beyond the end", {{std::string("G\0\0\0\x09g", 6), good.begin()->second}}},
      {"too short", {{"G", good.begin()->second}}},
      {"not a message", {{key, "\xff\xff\xff"}}},
      {"another version", {{key, std::string("\x08\x02", 2)}}},
      {"no version", {{key, ""}}},
  };
  for (const auto& [name, records] : cases) {
    const absl::StatusOr<GroupLedger> restored = GroupLedger::Restore(records);
    EXPECT_TRUE(absl::IsFailedPrecondition(restored.status())) << name;
    EXPECT_THAT(std::string(restored.status().message()), HasSubstr("later version")) << name;
  }
  EXPECT_TRUE(GroupLedger::Restore(good).ok());
}

}  // namespace
}  // namespace replicator
