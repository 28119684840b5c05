#include "policy/group_commit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <random>
#include <vector>

namespace replicator::policy {

// For gtest, which looks beside the type.
std::ostream& operator<<(std::ostream& out, const GroupCommitDecision& decision) {
  if (decision.commit.has_value()) out << "commit " << *decision.commit << ": ";
  return out << GroupCommitText(decision.why) << (decision.leave_for_good ? " (for good)" : "");
}

namespace {

constexpr int64_t kHourMs = 60 * 60 * 1000;
constexpr int64_t kRetentionMs = 7 * 24 * kHourMs;
constexpr int64_t kNowMs = 1'700'000'000'000;

// A group that is in step at 100: each test changes one thing.
GroupCommitInput InStep() {
  return {.translation = GroupTranslation::kExact,
          .translated_offset = 100,
          .target_state = TargetGroupState::kEmpty,
          .is_target_commit_known = true,
          .target_commit = 100,
          .ours = OurCommit{.offset = 100, .at_ms = kNowMs - kHourMs},
          .now_ms = kNowMs,
          .target_retention_ms = kRetentionMs};
}

GroupCommitDecision Commits(int64_t offset, GroupCommitWhy why) { return {.commit = offset, .why = why}; }
GroupCommitDecision Leaves(GroupCommitWhy why) { return {.commit = std::nullopt, .why = why}; }
GroupCommitDecision LeavesForGood(GroupCommitWhy why) {
  return {.commit = std::nullopt, .why = why, .leave_for_good = true};
}

TEST(GroupCommitTest, RowAAMovedGroupIsRenewedWithTheSameValue) {
  GroupCommitInput in = InStep();
  in.is_moved = true;
  in.translated_offset = 120;  // a consumer that was forgotten at the source
  in.ours->at_ms = kNowMs - kRetentionMs / 2;
  EXPECT_EQ(DecideGroupCommit(in), Commits(100, GroupCommitWhy::kRenew));
}

TEST(GroupCommitTest, RowBAMovedGroupIsNotTouchedOtherwise) {
  GroupCommitInput in = InStep();
  in.is_moved = true;
  in.translated_offset = 120;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kMoved)) << "it is young";
  in.ours->at_ms = 0;
  in.target_commit = 105;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kMoved)) << "its own commit";
  in.target_commit = 100;
  in.target_state = TargetGroupState::kHadMembers;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kMoved));
  in.target_state = TargetGroupState::kAbsent;
  in.target_commit = std::nullopt;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kMoved)) << "what it did meanwhile is not known";
}

TEST(GroupCommitTest, RowCWhatWasLeftAloneStaysSo) {
  GroupCommitInput in = InStep();
  in.is_left_alone = true;
  in.translated_offset = 120;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kLeftAlone));
}

TEST(GroupCommitTest, RowDWhatCannotBeAskedIsNotTouched) {
  GroupCommitInput in = InStep();
  in.translated_offset = 120;
  in.target_state = TargetGroupState::kUnknown;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kTargetUnknown));
  in.target_state = TargetGroupState::kEmpty;
  in.is_target_commit_known = false;
  in.target_commit = std::nullopt;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kTargetUnknown));
}

TEST(GroupCommitTest, RowEAGroupThatSomebodyUsesIsLeftForGood) {
  GroupCommitInput in = InStep();
  in.translated_offset = 120;
  in.target_state = TargetGroupState::kHasMembers;
  EXPECT_EQ(DecideGroupCommit(in), LeavesForGood(GroupCommitWhy::kTargetHasMembers));
  in.target_state = TargetGroupState::kHadMembers;
  EXPECT_EQ(DecideGroupCommit(in), LeavesForGood(GroupCommitWhy::kTargetHadMembers));
  in.target_state = TargetGroupState::kOtherType;
  EXPECT_EQ(DecideGroupCommit(in), LeavesForGood(GroupCommitWhy::kTargetOtherType));
  in.is_target_commit_known = false;
  EXPECT_EQ(DecideGroupCommit(in), LeavesForGood(GroupCommitWhy::kTargetOtherType));
}

TEST(GroupCommitTest, RowFACommitBeforeOurFirstIsSomebodyElses) {
  GroupCommitInput in = InStep();
  in.ours = std::nullopt;
  for (int64_t value : {0, 99, 100, 101}) {
    in.target_commit = value;
    EXPECT_EQ(DecideGroupCommit(in), LeavesForGood(GroupCommitWhy::kForeignCommit)) << value;
  }
}

TEST(GroupCommitTest, RowGAValueThatWeCannotHaveCommittedIsSomebodyElses) {
  GroupCommitInput in = InStep();
  in.translated_offset = 120;
  for (int64_t value : {0, 99, 121, 1000}) {
    in.target_commit = value;
    EXPECT_EQ(DecideGroupCommit(in), LeavesForGood(GroupCommitWhy::kForeignCommit)) << value;
  }
  in.target_commit = 101;
  in.translated_offset = 80;
  EXPECT_EQ(DecideGroupCommit(in), LeavesForGood(GroupCommitWhy::kForeignCommit)) << "the source went back, V is not W";
  in.translation = GroupTranslation::kWait;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kWait)) << "may be ours";
  in.target_commit = 99;
  EXPECT_EQ(DecideGroupCommit(in), LeavesForGood(GroupCommitWhy::kForeignCommit));
}

TEST(GroupCommitTest, RowHAnOffsetThatCannotHaveExpiredWasDeleted) {
  GroupCommitInput in = InStep();
  in.target_state = TargetGroupState::kAbsent;
  in.target_commit = std::nullopt;
  in.ours->at_ms = kNowMs - kRetentionMs + 1;
  EXPECT_EQ(DecideGroupCommit(in), LeavesForGood(GroupCommitWhy::kDeleted));
  in.target_state = TargetGroupState::kEmpty;
  EXPECT_EQ(DecideGroupCommit(in), LeavesForGood(GroupCommitWhy::kDeleted)) << "only this partition's";
  in.ours->at_ms = kNowMs + kHourMs;
  EXPECT_EQ(DecideGroupCommit(in), LeavesForGood(GroupCommitWhy::kDeleted)) << "a clock that was set back";
}

TEST(GroupCommitTest, RowIWithoutTheRetentionNothingIsTold) {
  GroupCommitInput in = InStep();
  in.target_commit = std::nullopt;
  in.ours->at_ms = 0;
  in.target_retention_ms = std::nullopt;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kRetentionUnknown));
}

TEST(GroupCommitTest, RowJWhatIsNotTranslatedIsNotCommitted) {
  const std::vector<std::pair<GroupTranslation, GroupCommitWhy>> cases = {
      {GroupTranslation::kNoCommit, GroupCommitWhy::kNoSourceCommit},
      {GroupTranslation::kWait, GroupCommitWhy::kWait},
      {GroupTranslation::kUnknown, GroupCommitWhy::kTranslationUnknown},
      {GroupTranslation::kNotCopied, GroupCommitWhy::kNotCopied},
      {GroupTranslation::kStale, GroupCommitWhy::kStale}};
  for (const auto& [translation, why] : cases) {
    GroupCommitInput in = InStep();
    in.translation = translation;
    EXPECT_EQ(DecideGroupCommit(in), Leaves(why));
    in.target_commit = std::nullopt;
    in.ours = std::nullopt;
    in.target_state = TargetGroupState::kAbsent;
    EXPECT_EQ(DecideGroupCommit(in), Leaves(why));
  }
}

TEST(GroupCommitTest, RowKTheTargetIsNeverTakenBack) {
  GroupCommitInput in = InStep();
  in.translated_offset = 99;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kSourceWentBack));
  in.target_commit = std::nullopt;
  in.ours->at_ms = 0;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kSourceWentBack)) << "although it has expired";
  in.ours->is_confirmed = false;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kSourceWentBack)) << "ours may still arrive";
}

TEST(GroupCommitTest, RowLWhatIsNotThereIsCommitted) {
  GroupCommitInput in = InStep();
  in.target_state = TargetGroupState::kAbsent;
  in.target_commit = std::nullopt;
  in.ours = std::nullopt;
  EXPECT_EQ(DecideGroupCommit(in), Commits(100, GroupCommitWhy::kFirst));
  in.translated_offset = 0;
  EXPECT_EQ(DecideGroupCommit(in), Commits(0, GroupCommitWhy::kFirst)) << "0 is a position";
  in.ours = OurCommit{.offset = 0, .at_ms = kNowMs, .is_confirmed = false};
  EXPECT_EQ(DecideGroupCommit(in), Commits(0, GroupCommitWhy::kFirst)) << "a crash before it was sent";
  in.target_retention_ms = std::nullopt;
  EXPECT_EQ(DecideGroupCommit(in), Commits(0, GroupCommitWhy::kFirst));
  in = InStep();
  in.target_commit = std::nullopt;
  in.ours->at_ms = kNowMs - kRetentionMs;
  EXPECT_EQ(DecideGroupCommit(in), Commits(100, GroupCommitWhy::kExpired));
}

TEST(GroupCommitTest, RowMAValueOfOursIsAdvanced) {
  GroupCommitInput in = InStep();
  in.translated_offset = 120;
  EXPECT_EQ(DecideGroupCommit(in), Commits(120, GroupCommitWhy::kAdvance));
  in.target_commit = 110;
  EXPECT_EQ(DecideGroupCommit(in), Commits(120, GroupCommitWhy::kAdvance)) << "a crash before it was written down";
  in.ours->is_confirmed = false;
  EXPECT_EQ(DecideGroupCommit(in), Commits(120, GroupCommitWhy::kAdvance));
}

TEST(GroupCommitTest, RowNAnIdleGroupIsRenewed) {
  GroupCommitInput in = InStep();
  in.ours->at_ms = kNowMs - kRetentionMs / 2;
  EXPECT_EQ(DecideGroupCommit(in), Commits(100, GroupCommitWhy::kRenew));
  in.target_retention_ms = std::nullopt;
  in.ours->at_ms = kNowMs - 12 * kHourMs;
  EXPECT_EQ(DecideGroupCommit(in), Commits(100, GroupCommitWhy::kRenew));
}

TEST(GroupCommitTest, RowOWhatIsInStepIsLeft) {
  EXPECT_EQ(DecideGroupCommit(InStep()), Leaves(GroupCommitWhy::kInStep));
  GroupCommitInput in = InStep();
  in.ours->offset = 90;
  EXPECT_EQ(DecideGroupCommit(in), Leaves(GroupCommitWhy::kInStep)) << "a crash before 100 was written down";
}

TEST(GroupCommitTest, EveryReasonHasWords) {
  for (int why = 0; why <= static_cast<int>(GroupCommitWhy::kSourceWentBack); ++why) {
    EXPECT_FALSE(GroupCommitText(static_cast<GroupCommitWhy>(why)).empty()) << why;
  }
}

// One group and partition through a random life: the source moves (back, too), looks fail, commits get lost or are made
// without being written down, we crash, offsets expire, operators and consumers do what they like on the target.
class Life {
 public:
  explicit Life(uint64_t seed) : random_(seed) {}

  void Live() {
    for (int step = 0; step < 200 && !testing::Test::HasFailure(); ++step) {
      now_ms_ += static_cast<int64_t>(random_() % (kRetentionMs / 8));
      // Brokers take an offset that is older than the retention, sooner or later.
      if (value_.has_value() && !foreign_ && now_ms_ - committed_ms_ > kRetentionMs && Chance(2)) value_.reset();
      MoveSource();
      if (Chance(40)) MeddleOnTarget();
      Sync();
    }
  }

  int commits() const { return commits_; }

 private:
  bool Chance(int one_in) { return random_() % static_cast<uint64_t>(one_in) == 0; }

  void MoveSource() {
    if (Chance(2)) source_ += static_cast<int64_t>(random_() % 50);
    if (Chance(30)) source_ = static_cast<int64_t>(random_() % static_cast<uint64_t>(source_ + 1));
  }

  // Somebody else commits, deletes, or joins.
  void MeddleOnTarget() {
    foreign_ = true;
    switch (random_() % 3) {
      case 0:
        value_ = static_cast<int64_t>(random_() % static_cast<uint64_t>(source_ + 100));
        committed_ms_ = now_ms_;
        break;
      case 1:
        value_.reset();
        break;
      case 2:
        state_ = TargetGroupState::kHasMembers;
        break;
    }
  }

  // What somebody else has done leaves things as a crash of ours, or time, could have left them: nobody can tell.
  bool CouldBeOurs() const {
    if (state_ != TargetGroupState::kEmpty) return false;
    if (!value_.has_value())
      return !known_.has_value() || !known_->is_confirmed || now_ms_ - known_->at_ms >= kRetentionMs;
    return known_.has_value() && *value_ >= known_->offset && (*value_ <= source_ || *value_ == known_->offset);
  }

  GroupCommitInput Look() {
    GroupCommitInput in;
    const bool translated = !Chance(4);
    in.translation = translated ? GroupTranslation::kExact : GroupTranslation::kWait;
    in.translated_offset = translated ? source_ : -1;
    const bool answered = !Chance(6);
    if (state_ == TargetGroupState::kHasMembers && Chance(3)) state_ = TargetGroupState::kHadMembers;
    const bool is_empty = state_ == TargetGroupState::kEmpty;
    in.target_state =
        !answered ? TargetGroupState::kUnknown : (is_empty && !value_.has_value() ? TargetGroupState::kAbsent : state_);
    in.is_target_commit_known = answered && !Chance(10);
    if (in.is_target_commit_known) in.target_commit = value_;
    in.ours = known_;
    in.is_left_alone = left_alone_;
    in.now_ms = now_ms_;
    if (!Chance(10)) in.target_retention_ms = kRetentionMs;
    return in;
  }

  void Sync() {
    const GroupCommitInput in = Look();
    const GroupCommitDecision decision = DecideGroupCommit(in);
    if (decision.leave_for_good) left_alone_ = true;
    if (!decision.commit.has_value()) return;
    ++commits_;
    ASSERT_TRUE(!foreign_ || CouldBeOurs()) << "over somebody else's: " << GroupCommitText(decision.why);
    ASSERT_EQ(state_, TargetGroupState::kEmpty);
    ASSERT_FALSE(left_alone_);
    ASSERT_EQ(in.translation, GroupTranslation::kExact);
    ASSERT_TRUE(in.target_state == TargetGroupState::kEmpty || in.target_state == TargetGroupState::kAbsent);
    ASSERT_TRUE(in.is_target_commit_known);
    ASSERT_EQ(*decision.commit, source_);
    ASSERT_GE(*decision.commit, highest_) << "backward: " << GroupCommitText(decision.why);
    ASSERT_GE(*decision.commit, value_.value_or(0)) << "backward: " << GroupCommitText(decision.why);
    // The first one is written down before it is made.
    if (!known_.has_value()) known_ = OurCommit{.offset = *decision.commit, .at_ms = now_ms_, .is_confirmed = false};
    if (Chance(10)) return;  // it was lost, or we crashed before it was sent
    value_ = decision.commit;
    committed_ms_ = now_ms_;
    foreign_ = false;
    if (Chance(10)) return;  // we crashed before it was written down
    known_ = OurCommit{.offset = *decision.commit, .at_ms = now_ms_};
    highest_ = std::max(highest_, *decision.commit);
  }

  std::mt19937_64 random_;
  int64_t now_ms_ = kNowMs;
  int64_t source_ = 0;
  // The target.
  TargetGroupState state_ = TargetGroupState::kEmpty;
  std::optional<int64_t> value_;
  int64_t committed_ms_ = 0;
  bool foreign_ = false;  // somebody else has set or deleted it, or uses the group
  // Ours.
  std::optional<OurCommit> known_;
  bool left_alone_ = false;
  int64_t highest_ = 0;
  int commits_ = 0;
};

TEST(GroupCommitTest, InRandomLivesNothingGoesBackAndNothingOfOthersIsReplaced) {
  int commits = 0;
  for (uint64_t seed = 1; seed <= 20'000 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Life life(seed);
    life.Live();
    commits += life.commits();
  }
  EXPECT_GT(commits, 100'000) << "a test in which nothing is committed shows nothing";
}

}  // namespace
}  // namespace replicator::policy
