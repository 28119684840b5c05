#include "replicator/resume.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "replicator/partition_fixture.h"

namespace replicator {
namespace {

constexpr ResumeFacts kFacts = {
    .code = QuarantineCode::kForeignWrite, .position = 100, .log_start = 20, .log_end = 180};

ResumePlan Plan(const ResumeFacts& facts, absl::string_view from) {
  absl::StatusOr<ResumePlan> plan = PlanResume(facts, *ParseResumeFrom(from));
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : ResumePlan();
}

TEST(ResumeTest, WhereItStandsIsAskedWithoutAYes) {
  const ResumePlan plan = Plan(kFacts, "");
  EXPECT_FALSE(plan.needs_yes);
  EXPECT_FALSE(plan.from.has_value());
  EXPECT_FALSE(plan.starts_anew);
}

TEST(ResumeTest, CountsWhatWouldBeLost) {
  const ResumePlan latest = Plan(kFacts, "latest");
  EXPECT_TRUE(latest.needs_yes);
  EXPECT_EQ(latest.from, 180);
  EXPECT_TRUE(absl::StrContains(latest.text, "LOST: source offsets 100 to 179, at most 80 records")) << latest.text;
}

TEST(ResumeTest, CountsWhatWouldBeDoubled) {
  const ResumePlan earliest = Plan(kFacts, "earliest");
  EXPECT_TRUE(earliest.needs_yes);
  EXPECT_EQ(earliest.from, 20);
  EXPECT_TRUE(absl::StrContains(earliest.text, "DOUBLED: source offsets 20 to 99, at most 80 records"))
      << earliest.text;
  EXPECT_TRUE(Plan(kFacts, "100").needs_yes);
}

TEST(ResumeTest, AnOffsetOutsideOfTheLogIsRefused) {
  for (const char* offset : {"19", "181"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(PlanResume(kFacts, *ParseResumeFrom(offset)).status())) << offset;
  }
  EXPECT_TRUE(PlanResume(kFacts, *ParseResumeFrom("180")).ok());
}

TEST(ResumeTest, WithoutTheSourceItSaysThatItCannotCount) {
  const ResumePlan plan = Plan({.code = QuarantineCode::kTargetLost, .position = 100}, "earliest");
  EXPECT_TRUE(plan.needs_yes);
  EXPECT_FALSE(plan.from.has_value());
  EXPECT_TRUE(absl::StrContains(plan.text, "how much is not known")) << plan.text;
}

TEST(ResumeTest, ANewTargetTopicIsFilledFromItsBeginningWithoutLoss) {
  ResumeFacts facts = kFacts;
  facts.code = QuarantineCode::kTargetRecreated;
  const ResumePlan plan = Plan(facts, "earliest");
  EXPECT_TRUE(plan.starts_anew);
  EXPECT_FALSE(plan.needs_yes);
  EXPECT_TRUE(absl::IsFailedPrecondition(PlanResume(facts, ResumeFrom()).status()));
}

TEST(ResumeTest, ANewSourceTopicMixesTwoHistories) {
  ResumeFacts facts = kFacts;
  facts.code = QuarantineCode::kSourceRecreated;
  const ResumePlan plan = Plan(facts, "earliest");
  EXPECT_TRUE(plan.needs_yes);
  EXPECT_TRUE(absl::StrContains(plan.text, "MIXED")) << plan.text;
}

TEST(ResumeTest, ReadsWhereToGoOn) {
  EXPECT_EQ(ParseResumeFrom("4711")->offset, 4711);
  for (const char* bad : {"-1", "Earliest", "12x", "99999999999999999999"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseResumeFrom(bad).status())) << bad;
  }
}

TEST(ResumeTest, EveryCodeHasACommandThatIsUnderstood) {
  for (const char* name :
       {"foreign-write", "target-lost", "target-not-ours", "target-refused", "source-truncated", "source-recreated",
        "target-recreated", "source-deleted", "target-deleted", "unsupported-batch", "malformed-batch"}) {
    const std::optional<QuarantineCode> code = ParseQuarantineCode(name);
    ASSERT_TRUE(code.has_value()) << name;
    const std::string command = ResumeCommand(*code, "orders", 3, 100);
    EXPECT_TRUE(absl::StartsWith(command, "replicator resume --topic=orders --partition=3")) << command;
    const size_t from = command.find("--from=");
    const std::string where = from == std::string::npos ? "" : command.substr(from + 7);
    ResumeFacts facts = kFacts;
    facts.code = *code;
    EXPECT_TRUE(PlanResume(facts, *ParseResumeFrom(where)).ok()) << command;
  }
}

// ---- What the partition does with it.

class ResumedPartitionTest : public PartitionTest {
 protected:
  void WriteForeign() {
    Begin();
    Copy(0, 10);
    SendWithoutAnswer(10, 5);
    TargetEnd(13, 13, TargetTail{{.id = 7, .epoch = 0}, 3});
    ExpectQuarantine(QuarantineCode::kForeignWrite);
  }
  static constexpr Producer kNext = {.id = 41, .epoch = 0};
};

TEST_F(ResumedPartitionTest, CheckedAgainItStopsWhileTheCauseIsThere) {
  WriteForeign();
  partition_.CheckAgain();
  EXPECT_FALSE(partition_.quarantined());
  ASSERT_TRUE(partition_.must_settle());
  TargetEnd(13, 13, TargetTail{{.id = 7, .epoch = 0}, 3});
  ExpectQuarantine(QuarantineCode::kForeignWrite);
}

TEST_F(ResumedPartitionTest, CheckedAgainItGoesOnOnceTheCauseHasPassed) {
  WriteForeign();
  partition_.CheckAgain();
  TargetEnd(10, 10, OurTail(10));
  ASSERT_TRUE(partition_.wants_fetch());
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(10));
  Copy(10, 5);
  EXPECT_EQ(partition_.target_end(), TargetOffset(15));
}

TEST_F(ResumedPartitionTest, GoesOnBehindWhateverTheTargetHas) {
  WriteForeign();
  partition_.ResumeAt(SourceOffset(40));
  ASSERT_TRUE(partition_.must_settle());
  EXPECT_FALSE(partition_.wants_fetch());
  TargetEnd(13, 12, std::nullopt);  // not replicated yet
  ASSERT_TRUE(partition_.must_settle());
  TargetEnd(13, 13, TargetTail{{.id = 7, .epoch = 0}, 3});
  ASSERT_TRUE(partition_.must_renew_producer());
  EXPECT_EQ(partition_.position(), SourceOffset(10)) << "a crash here must find the old state";
  partition_.RenewProducer(kNext);
  EXPECT_FALSE(partition_.is_resuming());
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(40));
  partition_.Accept(MakeBatch(40, 5));
  const Send send = partition_.TakeSend();
  EXPECT_EQ(send.producer, kNext);
  EXPECT_EQ(send.base_sequence, 0);
  EXPECT_EQ(send.expected, TargetOffset(13));
  partition_.OnAnswer(send.id, Appended(13));
  EXPECT_EQ(partition_.map().TargetOf(SourceOffset(42)), TargetOffset(15));
  EXPECT_EQ(partition_.map().TargetOf(SourceOffset(5)), std::nullopt) << "what lies below is another history";
  // The next failure is settled as ever.
  SendWithoutAnswer(45, 2);
  TargetEnd(18, 18, TargetTail{kNext, 5});
  EXPECT_TRUE(partition_.wants_fetch());
}

TEST_F(ResumedPartitionTest, AnotherLeaderBeforeItBeginsIsAskedAnew) {
  WriteForeign();
  partition_.ResumeAt(SourceOffset(10));
  TargetEnd(13, 13, TargetTail{{.id = 7, .epoch = 0}, 3});
  partition_.OnTargetChange();
  ASSERT_TRUE(partition_.must_settle());
  TargetEnd(11, 11, std::nullopt);
  ASSERT_TRUE(partition_.must_renew_producer());
  partition_.RenewProducer(kNext);
  EXPECT_EQ(partition_.target_end(), TargetOffset(11));
}

TEST_F(ResumedPartitionTest, OneThatHadNotBegunIsLocatedAgainOrResumed) {
  partition_.PutInQuarantine(QuarantineCode::kTargetNotOurs, "not ours");
  partition_.CheckAgain();
  EXPECT_FALSE(partition_.begun());
  partition_.PutInQuarantine(QuarantineCode::kTargetNotOurs, "not ours");
  partition_.ResumeAt(SourceOffset(3));
  TargetEnd(9, 9, TargetTail{{.id = 7, .epoch = 0}, 3});
  partition_.RenewProducer(kNext);
  Copy(3, 2);
  EXPECT_EQ(partition_.target_end(), TargetOffset(11));
}

TEST_F(ResumedPartitionTest, StartsAnewInANewTopic) {
  WriteForeign();
  partition_.StartAnew();
  EXPECT_FALSE(partition_.begun());
  Begin(2, 0, 0);
  Copy(2, 4);
  EXPECT_EQ(partition_.map().TargetOf(SourceOffset(3)), TargetOffset(1));
  EXPECT_EQ(partition_.map().TargetOf(SourceOffset(1)), std::nullopt);
}

TEST_F(ResumedPartitionTest, TheNextLifeGoesOnFromThere) {
  WriteForeign();
  partition_.ResumeAt(SourceOffset(40));
  TargetEnd(13, 13, TargetTail{{.id = 7, .epoch = 0}, 3});
  partition_.RenewProducer(kNext);
  Copy(40, 5);
  const offsets::PartitionState state = partition_.TakeState();
  EXPECT_EQ(state.runs.forget_from, SourceOffset(0)) << "the store keeps no runs of the old history";
  Partition next({.producer = kOurs});
  next.Restore(state);
  EXPECT_EQ(next.position(), SourceOffset(45));
  EXPECT_EQ(next.producer(), kNext);
}

}  // namespace
}  // namespace replicator
