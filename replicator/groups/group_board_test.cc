#include "replicator/groups/group_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kafka/client/errors.h"

namespace replicator {
namespace {

using policy::GroupCommitWhy;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;
constexpr int64_t kWeekMs = 7 * kDayMs;
constexpr int64_t kIntervalMs = 60'000;

using Offsets = std::map<int, int64_t>;

kafka::GroupOffsets CommittedFor(const std::string& topic, const Offsets& offsets) {
  kafka::GroupOffsets all;
  for (const auto& [partition, offset] : offsets)
    all.offsets[{topic, partition}] = {offset, -1, "note", kafka::kErrorNone};
  return all;
}

// A source and a target of one group and one topic, whose copy lies 100 offsets lower than its original. What the board
// asks of them it is told; commits are made at the target.
class GroupBoardTest : public ::testing::Test {
 protected:
  GroupBoardTest() { Restart({}); }

  // Another process goes on with what the log holds.
  void Restart(std::map<std::string, std::string> log) {
    log_ = std::move(log);
    board_ = std::make_unique<GroupBoard>(
        GroupLedger::Restore(log_).value(), [](const std::string& topic) { return "A." + topic; }, kIntervalMs);
    board_->set_target_retention_ms(kWeekMs);
    board_->SetGroups({"g"}, {});
  }
  void Restart() { Restart(log_); }

  void Write() {
    for (const LinkLog::Record& record : board_->ledger().TakeChanges()) log_[record.key] = record.value.value();
  }

  void ReadSource() { board_->TakeSource("g", CommittedFor("t", source_)); }

  // Returns how many questions there were.
  size_t Translate() {
    const std::vector<GroupBoard::Question> questions = board_->Questions(now_ms_);
    for (const GroupBoard::Question& question : questions) {
      TranslationAnswer answer = answer_;
      if (answer.kind == offsets::TranslationKind::kExact) {
        if (question.ask.offset >= answer.position) answer.kind = offsets::TranslationKind::kWait;
        answer.offset = question.ask.offset - 100;
      }
      board_->TakeAnswer(*question.item, answer, now_ms_);
    }
    return questions.size();
  }

  std::vector<PlannedCommit> Look() { return board_->Plan("g", {description_, CommittedFor("A.t", target_)}, now_ms_); }

  // As the target does it; `is_answered`: whether that is heard of.
  void Commit(const std::vector<PlannedCommit>& planned, bool is_answered = true) {
    for (const PlannedCommit& one : planned) {
      EXPECT_EQ(one.commit.partition.topic, "A.t");
      EXPECT_EQ(one.commit.metadata, "note");
      target_[one.commit.partition.partition] = one.commit.offset;
    }
    if (is_answered) {
      board_->TakeCommitted("g", planned, std::vector<kafka::RefusedCommit>(), CommittedFor("A.t", target_), now_ms_);
    } else {
      board_->TakeCommitted("g", planned, absl::UnavailableError("no answer"), std::nullopt, now_ms_);
    }
  }

  // A whole one; returns how many commits were made.
  size_t Cycle() {
    ReadSource();
    Translate();
    if (board_->Active(now_ms_).empty()) return 0;
    if (board_->HasFirst("g", now_ms_)) board_->WriteDownFirst("g", Look(), now_ms_);
    Write();
    const std::vector<PlannedCommit> planned = Look();
    Commit(planned);
    Write();
    return planned.size();
  }

  GroupLine Line() { return board_->Lines().at(0); }

  std::map<std::string, std::string> log_;
  std::unique_ptr<GroupBoard> board_;
  Offsets source_;
  Offsets target_;
  kafka::GroupDescription description_;  // absent
  TranslationAnswer answer_ = {.kind = offsets::TranslationKind::kExact, .position = 1'000'000};
  int64_t now_ms_ = kWeekMs;
};

TEST_F(GroupBoardTest, AGroupIsCommittedAndThenNothingIsAskedAnyMore) {
  source_ = {{0, 100}, {1, 250}};
  EXPECT_EQ(Line().state, GroupState::kWaiting);
  EXPECT_EQ(Cycle(), 2u);
  EXPECT_EQ(target_, (Offsets{{0, 0}, {1, 150}}));
  EXPECT_EQ(Line().state, GroupState::kInStep);
  EXPECT_EQ(Line().in_step, 2);
  EXPECT_EQ(Line().why, "");
  for (int i = 0; i < 3; ++i) {
    now_ms_ += kIntervalMs;
    ReadSource();
    EXPECT_THAT(board_->Questions(now_ms_), IsEmpty());
    EXPECT_THAT(board_->Active(now_ms_), IsEmpty());
  }
  source_[1] = 260;
  EXPECT_EQ(Cycle(), 1u) << "the other one has not changed";
  EXPECT_EQ(target_, (Offsets{{0, 0}, {1, 160}}));
}

TEST_F(GroupBoardTest, AFirstCommitIsWrittenDownBeforeItIsMade) {
  source_ = {{0, 300}};
  ReadSource();
  Translate();
  ASSERT_TRUE(board_->HasFirst("g", now_ms_));
  const std::vector<PlannedCommit> looked = Look();
  ASSERT_THAT(looked, SizeIs(1));
  EXPECT_TRUE(looked[0].is_first);
  board_->WriteDownFirst("g", looked, now_ms_);
  EXPECT_FALSE(board_->HasFirst("g", now_ms_));
  Write();
  const std::vector<PlannedCommit> planned = Look();
  ASSERT_THAT(planned, SizeIs(1));
  EXPECT_FALSE(planned[0].is_first);

  // A crash before the commit, and one behind it, with the group gone on meanwhile: ours in both cases.
  Restart();
  EXPECT_EQ(Cycle(), 1u);
  EXPECT_EQ(target_[0], 200);
  Restart();
  source_[0] = 310;
  EXPECT_EQ(Cycle(), 1u);
  EXPECT_EQ(target_[0], 210);
  EXPECT_EQ(Line().state, GroupState::kInStep);
}

TEST_F(GroupBoardTest, ACommitThatWasNotWrittenDownBeforeACrashIsOurs) {
  source_ = {{0, 300}};
  Cycle();
  source_[0] = 400;
  ReadSource();
  Translate();
  Commit(Look());
  Restart();  // without Write
  source_[0] = 500;
  EXPECT_EQ(Cycle(), 1u);
  EXPECT_EQ(target_[0], 400);
  EXPECT_FALSE(board_->ledger().Find("g")->left_alone.has_value());
}

TEST_F(GroupBoardTest, WhatIsInStepAlreadyIsNotCommittedAgainByTheNextProcess) {
  source_ = {{0, 300}};
  Cycle();
  Restart();
  EXPECT_EQ(Cycle(), 0u);
  EXPECT_EQ(Line().state, GroupState::kInStep);
  now_ms_ += kIntervalMs;
  ReadSource();
  EXPECT_THAT(board_->Active(now_ms_), IsEmpty());
}

TEST_F(GroupBoardTest, AGroupThatStandsStillIsRenewedBeforeItExpires) {
  source_ = {{0, 300}};
  Cycle();
  now_ms_ += kWeekMs / 2 - 1;
  ReadSource();
  EXPECT_THAT(board_->Active(now_ms_), IsEmpty());
  now_ms_ += 1;
  EXPECT_EQ(Cycle(), 1u);
  EXPECT_EQ(target_[0], 200);
  ReadSource();
  EXPECT_THAT(board_->Active(now_ms_), IsEmpty());
}

TEST_F(GroupBoardTest, SomebodyElsesGroupIsLeftAloneForGood) {
  const kafka::GroupDescription empty = {.kind = kafka::GroupKind::kClassic, .state = "Empty"};
  kafka::GroupDescription had = empty;
  had.protocol_type = "consumer";
  kafka::GroupDescription has = had;
  has.state = "Stable";
  has.members.push_back({});
  const kafka::GroupDescription kip848 = {.kind = kafka::GroupKind::kConsumer, .state = "Empty"};
  struct Case {
    kafka::GroupDescription description;
    Offsets committed;
    GroupCommitWhy why;
  };
  const std::vector<Case> cases = {
      {has, {{0, 200}}, GroupCommitWhy::kTargetHasMembers},   {had, {{0, 200}}, GroupCommitWhy::kTargetHadMembers},
      {kip848, {{0, 200}}, GroupCommitWhy::kTargetOtherType}, {empty, {{0, 199}}, GroupCommitWhy::kForeignCommit},
      {empty, {{0, 301}}, GroupCommitWhy::kForeignCommit},    {empty, {}, GroupCommitWhy::kDeleted},
  };
  for (const Case& one : cases) {
    Restart({});
    description_ = {};
    target_.clear();
    source_ = {{0, 300}, {1, 300}};
    ASSERT_EQ(Cycle(), 2u);
    source_ = {{0, 400}, {1, 400}};
    description_ = one.description;
    target_.erase(0);
    target_.insert(one.committed.begin(), one.committed.end());
    const Offsets before = target_;
    EXPECT_EQ(Cycle(), 0u) << "nor for the other partition";
    EXPECT_EQ(target_, before);
    ASSERT_TRUE(board_->ledger().Find("g")->left_alone.has_value());
    EXPECT_EQ(board_->ledger().Find("g")->left_alone->why, one.why);
    EXPECT_THAT(board_->TakeNews(), ElementsAre(HasSubstr("group g is left alone from now on")));
    EXPECT_EQ(Line().state, GroupState::kLeftAlone);

    // For good: whatever the target says later, also to another process.
    Restart();
    description_ = empty;
    source_[1] = 500;
    EXPECT_THAT(board_->ToFetch(), IsEmpty());
    EXPECT_EQ(Cycle(), 0u);
    EXPECT_THAT(board_->TakeNews(), IsEmpty());
    EXPECT_EQ(Line().state, GroupState::kLeftAlone);
  }
}

TEST_F(GroupBoardTest, AGroupThatSomebodyHadBeforeUsIsNeverWritten) {
  target_ = {{0, 7}};
  source_ = {{0, 300}};
  EXPECT_EQ(Cycle(), 0u);
  EXPECT_EQ(target_[0], 7);
  EXPECT_EQ(board_->ledger().Find("g")->left_alone->why, GroupCommitWhy::kForeignCommit);
  EXPECT_EQ(board_->ledger().Find("g")->Find("t", 0), nullptr) << "nothing of it is called ours";
}

TEST_F(GroupBoardTest, WhatIsNotThereYetIsWaitedForAndTheRestGoesOn) {
  source_ = {{0, 300}, {1, 2'000'000}};
  EXPECT_EQ(Cycle(), 1u);
  EXPECT_EQ(target_, (Offsets{{0, 200}}));
  EXPECT_EQ(Line().state, GroupState::kWaiting);
  EXPECT_THAT(Line().why, HasSubstr("t-1: the copy has not come to"));
  answer_.position = 3'000'000;
  now_ms_ += kIntervalMs;
  EXPECT_EQ(Cycle(), 1u);
  EXPECT_EQ(target_[1], 1'999'900);
}

TEST_F(GroupBoardTest, APartitionWhosePlaceIsNotKnownIsWaitedFor) {
  source_ = {{0, 300}};
  answer_.position = -1;
  answer_.kind = offsets::TranslationKind::kUnknown;
  EXPECT_EQ(Cycle(), 0u);
  EXPECT_EQ(Line().state, GroupState::kWaiting);
}

TEST_F(GroupBoardTest, WhatLastsIsAskedForLessAndLessOften) {
  struct Case {
    TranslationAnswer answer;
    GroupState state;
    std::string why;
  };
  const std::vector<Case> cases = {
      {{.position = 500, .is_copied = false}, GroupState::kInStep, "does not exist any more, or is not copied"},
      {{.kind = offsets::TranslationKind::kNotCopied, .position = 500}, GroupState::kTrouble, "were not copied"},
      {{.kind = offsets::TranslationKind::kUnknown, .position = 500}, GroupState::kTrouble, "is not known"},
      {{.kind = offsets::TranslationKind::kExact, .offset = 5, .position = 500, .is_quarantined = true},
       GroupState::kTrouble,
       "quarantined"},
  };
  for (const Case& one : cases) {
    Restart({});
    source_ = {{0, 300}};
    answer_ = one.answer;
    int asked = 0;
    for (int i = 0; i < 100; ++i) {
      ReadSource();
      asked += static_cast<int>(Translate());
      EXPECT_THAT(board_->Active(now_ms_), IsEmpty());
      now_ms_ += kIntervalMs;
    }
    EXPECT_GE(asked, 10);
    EXPECT_LE(asked, 20);
    EXPECT_EQ(Line().state, one.state) << one.why;
    EXPECT_THAT(Line().why, HasSubstr(one.why));
    source_[0] = 301;
    ReadSource();
    EXPECT_EQ(Translate(), 1u) << "a new offset is a new question";
  }
}

TEST_F(GroupBoardTest, ACommitWithoutAnAnswerIsSettledByALookAndByTime) {
  source_ = {{0, 300}};
  Cycle();
  source_[0] = 400;
  ReadSource();
  Translate();
  Commit(Look(), /*is_answered=*/false);
  EXPECT_EQ(Line().state, GroupState::kTrouble);

  // It was made, and the group has gone back since: ours all the same.
  source_[0] = 350;
  EXPECT_EQ(Cycle(), 0u) << "bytes of the closed connection may still come";
  now_ms_ += 9'999;
  EXPECT_EQ(Cycle(), 0u);
  now_ms_ += 1;
  EXPECT_EQ(Cycle(), 0u);
  EXPECT_EQ(target_[0], 300) << "never back";
  EXPECT_FALSE(board_->ledger().Find("g")->left_alone.has_value());
  EXPECT_THAT(Line().why, HasSubstr("went back at the source"));
  source_[0] = 500;
  EXPECT_EQ(Cycle(), 1u);
  EXPECT_EQ(target_[0], 400);
}

TEST_F(GroupBoardTest, ACommitThatWasLostIsMadeAgain) {
  source_ = {{0, 300}};
  Cycle();
  source_[0] = 400;
  ReadSource();
  Translate();
  board_->TakeCommitted("g", Look(), absl::UnavailableError("no answer"), std::nullopt, now_ms_);
  EXPECT_EQ(Cycle(), 0u);
  now_ms_ += 10'000;
  EXPECT_EQ(Cycle(), 1u);
  EXPECT_EQ(target_[0], 300);
  EXPECT_EQ(Line().state, GroupState::kInStep);
}

TEST_F(GroupBoardTest, ARefusalIsToldAndTriedAgain) {
  source_ = {{0, 300}, {1, 300}};
  ReadSource();
  Translate();
  board_->WriteDownFirst("g", Look(), now_ms_);
  const std::vector<PlannedCommit> planned = Look();
  ASSERT_THAT(planned, SizeIs(2));
  target_[1] = 200;
  const std::vector<kafka::RefusedCommit> refused = {{{"A.t", 0}, kafka::kErrorTopicAuthorizationFailed}};
  board_->TakeCommitted("g", planned, refused, CommittedFor("A.t", target_), now_ms_);
  EXPECT_EQ(Line().state, GroupState::kTrouble);
  EXPECT_EQ(Line().in_step, 1);
  EXPECT_THAT(Line().why, HasSubstr("TOPIC_AUTHORIZATION_FAILED"));
  EXPECT_EQ(Cycle(), 1u);
  EXPECT_EQ(target_[0], 200);
  EXPECT_EQ(Line().state, GroupState::kInStep);
}

TEST_F(GroupBoardTest, AnotherValueWhereOursWasCommittedAMomentAgoIsForeign) {
  source_ = {{0, 300}};
  ReadSource();
  Translate();
  board_->WriteDownFirst("g", Look(), now_ms_);
  const std::vector<PlannedCommit> planned = Look();
  board_->TakeCommitted("g", planned, std::vector<kafka::RefusedCommit>(), CommittedFor("A.t", {{0, 150}}), now_ms_);
  EXPECT_EQ(board_->ledger().Find("g")->left_alone->why, GroupCommitWhy::kForeignCommit);
}

TEST_F(GroupBoardTest, WhatTheTargetDoesNotTellChangesNothing) {
  source_ = {{0, 300}};
  Cycle();
  source_[0] = 400;
  description_ = {.kind = kafka::GroupKind::kClassic, .state = "CompletingRebalance"};
  EXPECT_EQ(Cycle(), 0u);
  EXPECT_EQ(Line().state, GroupState::kTrouble);
  EXPECT_FALSE(board_->ledger().Find("g")->left_alone.has_value());
  description_.state = "Empty";
  EXPECT_EQ(Cycle(), 1u);
}

TEST_F(GroupBoardTest, GroupsComeAndGoAndOthersAreNamed) {
  source_ = {{0, 300}};
  Cycle();
  board_->SetGroups({"g", "h"}, {{"s", "share"}});
  EXPECT_THAT(board_->ToFetch(), ElementsAre("g", "h"));
  ASSERT_THAT(board_->Lines(), SizeIs(3));
  EXPECT_EQ(board_->Lines()[0].state, GroupState::kInStep) << "what is known of it stays";
  EXPECT_EQ(board_->Lines()[2].state, GroupState::kNotMoved);
  EXPECT_THAT(board_->Lines()[2].why, HasSubstr("of type share"));
  board_->TakeSource("h", absl::UnavailableError("no coordinator"));
  EXPECT_EQ(board_->Lines()[1].state, GroupState::kTrouble);
  EXPECT_THAT(board_->Lines()[1].why, HasSubstr("no coordinator"));
  board_->SetGroups({"h"}, {});
  EXPECT_THAT(board_->ToFetch(), ElementsAre("h"));
  EXPECT_NE(board_->ledger().Find("g"), nullptr);
}

TEST_F(GroupBoardTest, APartitionThatLosesItsCommitAtTheSourceIsForgottenAndComesBack) {
  source_ = {{0, 300}, {1, 300}, {2, 300}};
  Cycle();
  source_ = {{0, 300}, {2, 310}, {3, 400}};
  EXPECT_EQ(Cycle(), 2u);
  EXPECT_EQ(Line().partitions, 3);
  EXPECT_EQ(target_, (Offsets{{0, 200}, {1, 200}, {2, 210}, {3, 300}}));
  source_[1] = 305;
  EXPECT_EQ(Cycle(), 1u);
  EXPECT_EQ(target_[1], 205);
}

}  // namespace
}  // namespace replicator
