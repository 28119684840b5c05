#include "replicator/groups/cutover_plan.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "kafka/client/group_hold.h"
#include "replicator/groups/cutover_book.h"
#include "replicator/groups/source_facts.h"

namespace replicator {
namespace {

using kafka::GroupKind;
using offsets::TranslationKind;

kafka::GroupDescription Group(const std::string& state, std::vector<kafka::GroupMember> members = {},
                              const std::string& protocol_type = "consumer") {
  return {GroupKind::kClassic, "", state, protocol_type, std::move(members)};
}

CutoverItem Item(int32_t partition, int64_t committed, int64_t translated) {
  CutoverItem item;
  item.partition = {"orders", partition};
  item.committed = item.wanted = committed;
  item.source_end = 1'000;
  item.answer.kind = TranslationKind::kExact;
  item.answer.offset = translated;
  item.answer.position = 900;
  return item;
}

// Everything is as it should be.
CutoverView Good() {
  CutoverView view;
  view.group = "app";
  view.source = Group("Empty");
  view.source_topics = {{"orders", 2}};
  view.items = {Item(0, 100, 90), Item(1, 0, 0)};
  view.target_name = "target cluster new";
  return view;
}

std::optional<CutoverStop> JudgeAll(const CutoverView& view, const CutoverRequest& request = {}) {
  std::optional<CutoverStop> stop = JudgeSource(view, request);
  if (!stop.has_value()) stop = JudgeEmpty(view);
  if (!stop.has_value()) stop = JudgeTarget(view, request);
  if (!stop.has_value()) stop = JudgeTranslation(view.items);
  return stop;
}

TEST(CutoverPlanTest, ALogThatIsBehindRefuses) {
  EXPECT_FALSE(JudgeLog({}).has_value());
  EXPECT_FALSE(JudgeLog({59.9, "the target does not answer"}).has_value());
  const auto stop = JudgeLog({60, "the target does not answer"});
  ASSERT_TRUE(stop.has_value());
  EXPECT_EQ(stop->code, ExitCode::kCopyBehind);
  EXPECT_NE(stop->text.find("60 s behind"), std::string::npos) << stop->text;
  EXPECT_NE(stop->text.find("the target does not answer"), std::string::npos) << stop->text;
}

TEST(CutoverPlanTest, MembersAreRemovedOnlyWhenAllThatAreLeftAreNamed) {
  const kafka::GroupMember dynamic = {"m-1", std::nullopt, "orders", "/10.0.0.1", ""};
  const kafka::GroupMember fixed = {"m-2", "billing-1", "billing", "/10.0.0.2", ""};
  struct Case {
    std::vector<kafka::GroupMember> members;
    std::vector<std::string> names;
    std::vector<std::string> removed;
  };
  const Case cases[] = {
      {{dynamic, fixed}, {}, {}},
      {{dynamic, fixed}, {"orders"}, {}},
      {{dynamic, fixed}, {"billing-1"}, {}},
      {{dynamic, fixed}, {"m-1", "m-2"}, {}},
      {{dynamic, fixed}, {"orders", "billing-1"}, {"m-1", "m-2"}},
      {{dynamic, fixed}, {"orders", "billing"}, {"m-1", "m-2"}},
      {{dynamic}, {"orders", "billing-1"}, {"m-1"}},
      {{fixed}, {"billing-1"}, {"m-2"}},
      {{}, {"orders"}, {}},
  };
  for (const Case& one : cases) {
    CutoverRequest request;
    request.evict = one.names;
    EXPECT_EQ(ToEvict(Group("Stable", one.members), request), one.removed) << one.members.size() << one.names.size();
  }
}

TEST(CutoverPlanTest, WhatIsRefusedAndWithWhichWords) {
  struct Case {
    std::function<void(CutoverView&)> change;
    ExitCode code;
    const char* words;
  };
  const Case cases[] = {
      {[](CutoverView& view) {
         view.source = {};
         view.items.clear();
         view.nearest = "apps";
       },
       ExitCode::kUsage, "did you mean apps?"},
      {[](CutoverView& view) { view.items.clear(); }, ExitCode::kBlocked, "nothing to move"},
      {[](CutoverView& view) {
         view.source = {GroupKind::kOther, "share", "Empty", "", {}};
       },
       ExitCode::kBlocked, "share"},
      {[](CutoverView& view) { view.items[1].answer.is_copied = false; }, ExitCode::kBlocked, "does not copy orders-1"},
      {[](CutoverView& view) { view.items[1].answer.is_quarantined = true; }, ExitCode::kQuarantined, "orders-1"},
      {[](CutoverView& view) { view.items[1].committed.reset(); }, ExitCode::kBlocked,
       "committed nothing for orders-1"},
      {[](CutoverView& view) { view.items[0].committed = 1'001; }, ExitCode::kBlocked, "behind the end"},
      {[](CutoverView& view) { view.items[0].answer.kind = TranslationKind::kUnknown; }, ExitCode::kBlocked,
       "is not known"},
      {[](CutoverView& view) {
         view.source = Group("Stable", {{"m", "i7", "busy", "/10.0.0.1", ""}});
       },
       ExitCode::kGroupActive, "client busy at /10.0.0.1, instance i7"},
      {[](CutoverView& view) {
         view.source = {GroupKind::kConsumer, "consumer", "Stable", "", {{"m", {}, "new", "/h", ""}}};
       },
       ExitCode::kGroupActive, "client new"},
      {[](CutoverView& view) {
         view.source = Group("Stable", {{"m", {}, "replicator.x", "/h", ""}}, kafka::kHoldProtocolType);
       },
       ExitCode::kBlocked, "another link holds it"},
      {[](CutoverView& view) {
         view.target = Group("Stable", {{"m", {}, "early", "/h", ""}});
       },
       ExitCode::kTargetInUse, "client early"},
      {[](CutoverView& view) { view.target = Group("Empty"); }, ExitCode::kTargetInUse, "had members"},
      {[](CutoverView& view) { view.items[0].on_target = 5; }, ExitCode::kTargetInUse, "orders-0"},
      {[](CutoverView& view) {
         view.items[0].on_target = 91;
         view.items[0].ours = policy::OurCommit{80, 1};
       },
       ExitCode::kTargetInUse, "orders-0"},
      {[](CutoverView& view) {
         view.record = CutoverRecord{.group = "app", .phase = CutoverPhase::kMoved, .who = "anna at h7", .moved_ms = 1};
       },
       ExitCode::kBlocked, "1970-01-01 00:00:00 UTC by anna at h7"},
  };
  for (const Case& one : cases) {
    CutoverView view = Good();
    one.change(view);
    const std::optional<CutoverStop> stop = JudgeAll(view);
    ASSERT_TRUE(stop.has_value()) << one.words;
    EXPECT_EQ(stop->code, one.code) << stop->text;
    EXPECT_NE(stop->text.find(one.words), std::string::npos) << stop->text << " has not: " << one.words;
  }
}

TEST(CutoverPlanTest, WhatMayBe) {
  EXPECT_FALSE(JudgeAll(Good()).has_value());
  CutoverView view = Good();
  view.items[0].on_target = 85;  // ours, of a commit that was not written down
  view.items[0].ours = policy::OurCommit{80, 1};
  EXPECT_FALSE(JudgeAll(view).has_value());
  view = Good();
  view.items[0].on_target = 5;
  view.target = Group("Empty");
  CutoverRequest overwrite;
  overwrite.overwrite_target = true;
  EXPECT_FALSE(JudgeAll(view, overwrite).has_value());
  view = Good();
  view.source = Group("Stable", {{"m", {}, "replicator.x", "/h", ""}}, kafka::kHoldProtocolType);
  view.is_held_by_us = true;
  EXPECT_FALSE(JudgeAll(view).has_value());
  view = Good();
  view.items[1].committed.reset();
  CutoverRequest earliest;
  earliest.missing = MissingCommits::kEarliest;
  EXPECT_FALSE(JudgeAll(view, earliest).has_value());
  // Where a cutover that was rolled back has left it, although it had members there.
  view = Good();
  view.target = Group("Empty");
  view.items[0].on_target = view.items[0].left_by_us = 40;
  EXPECT_FALSE(JudgeAll(view).has_value());
}

TEST(CutoverPlanTest, MissingPartitionsAreFoundAndGoneTopicsAreDropped) {
  CutoverView view = Good();
  view.source_topics["orders"] = 4;
  CutoverItem gone = Item(0, 1, 1);
  gone.partition.topic = "gone";
  view.items.push_back(gone);
  CutoverNotes notes;
  Complete(view, notes);
  ASSERT_EQ(view.items.size(), 4u);
  EXPECT_FALSE(view.items[3].committed.has_value());
  EXPECT_EQ(view.items[3].partition.partition, 3);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("gone"), std::string::npos);
}

TEST(CutoverPlanTest, HowFarTheCopyIsBehind) {
  CutoverView view = Good();
  EXPECT_EQ(Behind(view.items), 0);
  view.items[0].answer.kind = TranslationKind::kWait;
  view.items[0].answer.position = 60;
  EXPECT_EQ(Behind(view.items), 40);
  view.items[1].answer.position = -1;
  EXPECT_EQ(Behind(view.items), 41) << "a place that is not known yet is something to wait for";
}

TEST(CutoverPlanTest, ProofsThatRefuse) {
  std::vector<CutoverPosition> positions(2);
  positions[0].proof = ProofResultName(ProofResult::kEqual);
  positions[1].topic = "orders";
  CutoverRequest strict;
  strict.is_strict = true;
  for (const auto& [result, refused, refused_strictly] : {std::tuple(ProofResult::kEqual, false, false),
                                                          {ProofResult::kEqualAtNext, false, false},
                                                          {ProofResult::kUnprovable, false, true},
                                                          {ProofResult::kDifferent, true, true}}) {
    positions[1].proof = ProofResultName(result);
    EXPECT_EQ(JudgeProofs(positions, {}).has_value(), refused) << positions[1].proof;
    EXPECT_EQ(JudgeProofs(positions, strict).has_value(), refused_strictly) << positions[1].proof;
    if (refused) EXPECT_EQ(JudgeProofs(positions, {})->code, ExitCode::kProofFailed);
  }
}

RollbackView Moved() {
  RollbackView view;
  view.group = "app";
  view.record = CutoverRecord{.group = "app", .phase = CutoverPhase::kMoved};
  view.source = Group("Stable", {{"m", {}, "replicator.x", "/h", ""}}, kafka::kHoldProtocolType);
  view.is_held_by_us = true;
  view.target = Group("Empty");
  RollbackView::Item item;
  item.position.topic = "orders";
  item.position.partition = 0;
  item.position.source_offset = 100;
  item.position.target_offset = 150;
  item.answer.kind = TranslationKind::kExact;
  item.answer.offset = 160;
  view.items = {item};
  return view;
}

TEST(CutoverPlanTest, ARollbackGoesWhereTheGroupStandsOnTheTarget) {
  RollbackView view = Moved();
  EXPECT_FALSE(JudgeRollback(view, {}).has_value());
  int64_t only = -1;
  EXPECT_EQ(RollbackPositions(view, &only)[0].source_offset, 160);
  EXPECT_EQ(only, 0);
  view.items[0].answer.kind = TranslationKind::kWait;
  view.items[0].answer.position = 500;
  view.items[0].answer.target_end = 147;
  const auto stop = JudgeRollback(view, {});
  ASSERT_TRUE(stop.has_value());
  EXPECT_NE(stop->text.find("3 of orders-0"), std::string::npos) << stop->text;
  CutoverRequest yes;
  yes.yes = true;
  EXPECT_FALSE(JudgeRollback(view, yes).has_value());
  EXPECT_EQ(RollbackPositions(view, &only)[0].source_offset, 500);
  EXPECT_EQ(only, 3);
}

TEST(CutoverPlanTest, WhatStandsAgainstARollback) {
  RollbackView view = Moved();
  view.target = Group("Stable", {{"m", {}, "app", "/h", ""}});
  EXPECT_EQ(JudgeRollback(view, {})->code, ExitCode::kGroupActive);
  view = Moved();
  view.is_held_by_us = false;
  EXPECT_EQ(JudgeRollback(view, {})->code, ExitCode::kGroupActive);
  view = Moved();
  view.record.reset();
  EXPECT_NE(JudgeRollback(view, {})->text.find("never moved"), std::string::npos);
  view = Moved();
  view.record->phase = CutoverPhase::kRolledBack;
  EXPECT_NE(JudgeRollback(view, {})->text.find("rolled back already"), std::string::npos);
  view = Moved();
  view.read_on = {"orders-0"};
  EXPECT_NE(JudgeRollback(view, {})->text.find("read on there"), std::string::npos);
  view = Moved();
  view.items[0].answer.kind = TranslationKind::kUnknown;
  EXPECT_EQ(JudgeRollback(view, {})->code, ExitCode::kBlocked);
}

TEST(CutoverBookTest, WhatIsWrittenIsRead) {
  CutoverRecord record = {.group = "app",
                          .phase = CutoverPhase::kMoved,
                          .who = "anna",
                          .started_ms = 1,
                          .held_ms = 2,
                          .moved_ms = 3,
                          .is_held = true};
  CutoverPosition position = {.topic = "orders",
                              .partition = 7,
                              .source_offset = 0,
                              .target_offset = 5,
                              .target_end = 9,
                              .target_before = 0,
                              .metadata = "a\xff note",
                              .proof = "equal",
                              .proof_text = "3 records"};
  record.positions = {position, {.topic = "x", .partition = 0}};
  const auto restored = CutoverBook::Restore({{CutoverKey("app"), EncodeCutover(record)}});
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->at("app"), record);
  EXPECT_FALSE(CutoverBook::Restore({{CutoverKey("app"), "\x08\x63"}}).ok()) << "a later version";
  EXPECT_FALSE(CutoverBook::Restore({{"C\0\0", EncodeCutover(record)}}).ok());
}

// As Java's Math.abs("...".hashCode()) % 50.
TEST(SourceFactsTest, ThePartitionOfAGroupsOffsets) {
  EXPECT_EQ(OffsetsPartitionOf("a", 50), 97 % 50);
  EXPECT_EQ(OffsetsPartitionOf("ab", 50), (97 * 31 + 98) % 50);
  EXPECT_EQ(OffsetsPartitionOf("polygenelubricants", 50), 0) << "its hash is the smallest int";
  EXPECT_EQ(OffsetsPartitionOf("\xc3\xa9", 50), 233 % 50);
  EXPECT_EQ(OffsetsPartitionOf("\xff", 50), -1);
}

}  // namespace
}  // namespace replicator
