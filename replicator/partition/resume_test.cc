#include "replicator/partition/resume.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "replicator/partition/partition_fixture.h"

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

// It stopped before it began: what the target holds was never placed in the source.
constexpr ResumeFacts kNeverBegan = {
    .code = QuarantineCode::kTargetNotOurs, .target_end = 90, .log_start = 20, .log_end = 180};

TEST(ResumeTest, OneThatNeverBeganCountsWhatMayComeTwice) {
  const ResumePlan earliest = Plan(kNeverBegan, "earliest");
  EXPECT_TRUE(earliest.needs_yes);
  EXPECT_TRUE(absl::StrContains(earliest.text, "Everything that the source has from offset 20 on, at most 160 records"))
      << earliest.text;
  EXPECT_TRUE(absl::StrContains(earliest.text, "up to 90 records may come twice")) << earliest.text;
  EXPECT_FALSE(absl::StrContains(earliest.text, "No record is left out")) << earliest.text;
  const ResumePlan offset = Plan(kNeverBegan, "150");
  EXPECT_TRUE(offset.needs_yes);
  EXPECT_TRUE(absl::StrContains(offset.text, "up to 30 records may come twice")) << offset.text;
  EXPECT_TRUE(absl::StrContains(offset.text, "What lies below offset 150, at most 130 records, is taken as copied"))
      << offset.text;
  EXPECT_FALSE(absl::StrContains(offset.text, "LOST")) << offset.text;
}

TEST(ResumeTest, OneThatNeverBeganSaysSoWithoutAProcessToo) {
  const ResumePlan plan = Plan({.code = QuarantineCode::kTargetNotOurs}, "150");
  EXPECT_TRUE(plan.needs_yes);
  EXPECT_TRUE(absl::StrContains(plan.text, "from offset 150 on is appended behind what the target partition holds"))
      << plan.text;
  EXPECT_TRUE(absl::StrContains(plan.text, "how much is not known")) << plan.text;
  EXPECT_FALSE(absl::StrContains(plan.text, "LOST")) << plan.text;
  for (const char* from : {"earliest", "latest"}) {
    EXPECT_TRUE(absl::StrContains(Plan({.code = QuarantineCode::kTargetNotOurs}, from).text, "comes twice")) << from;
  }
}

TEST(ResumeTest, OneThatNeverBeganHasNoLossyRemedy) {
  for (const QuarantineCode code : {QuarantineCode::kTargetNotOurs, QuarantineCode::kSourceRecreated}) {
    EXPECT_EQ(ResumeCommand(code, "orders", 3, std::nullopt), "replicator resume --topic=orders --partition=3");
    ResumeFacts facts = kNeverBegan;
    facts.code = code;
    EXPECT_FALSE(Plan(facts, "").needs_yes);
  }
}

// Where topics have no ids, deleted and made anew shows by nothing else.
TEST(ResumeTest, AnEmptiedTargetIsFilledFromTheBeginningOrLosesWhatLiesBelow) {
  ResumeFacts facts = kFacts;
  facts.acknowledged_end = 95;
  facts.target_end = 0;
  const ResumePlan earliest = Plan(facts, "earliest");
  EXPECT_FALSE(earliest.needs_yes) << earliest.text;
  EXPECT_EQ(earliest.from, 20);
  EXPECT_FALSE(absl::StrContains(earliest.text, "DOUBLED")) << earliest.text;
  const ResumePlan position = Plan(facts, "100");
  EXPECT_TRUE(position.needs_yes);
  EXPECT_TRUE(position.target_has_lost);
  EXPECT_TRUE(absl::StrContains(position.text, "LOST: source offsets 20 to 99, at most 80 records")) << position.text;
  EXPECT_FALSE(absl::StrContains(position.text, "No record is left out")) << position.text;
}

TEST(ResumeTest, ATargetThatLostItsEndIsNamed) {
  ResumeFacts facts = kFacts;
  facts.acknowledged_end = 95;
  facts.target_end = 60;
  const ResumePlan plan = Plan(facts, "100");
  EXPECT_TRUE(plan.target_has_lost);
  EXPECT_TRUE(absl::StrContains(plan.text, "LOST besides: the target's offsets 60 to 94")) << plan.text;
  facts.target_end = 99;  // somebody else wrote
  EXPECT_FALSE(Plan(facts, "100").target_has_lost);
  facts.target_end.reset();
  EXPECT_TRUE(absl::StrContains(Plan(facts, "100").text, "as long as the target holds what was copied")) << plan.text;
}

TEST(ResumeTest, TopicIdsCountWhateverItWasQuarantinedFor) {
  ResumeFacts facts = kFacts;
  facts.acknowledged_end = 95;
  facts.target_is_new = true;
  facts.target_end = 0;
  EXPECT_TRUE(Plan(facts, "earliest").starts_anew);
  EXPECT_TRUE(absl::IsFailedPrecondition(PlanResume(facts, ResumeFrom()).status()));
  facts.target_end = 7;
  const absl::Status holds_records = PlanResume(facts, *ParseResumeFrom("earliest")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(holds_records)) << holds_records;
  EXPECT_TRUE(absl::StrContains(holds_records.message(), "holds 7 offsets")) << holds_records;
  facts.target_is_new = false;
  facts.source_is_new = true;
  EXPECT_TRUE(absl::StrContains(Plan(facts, "earliest").text, "MIXED"));
  EXPECT_TRUE(absl::IsFailedPrecondition(PlanResume(facts, ResumeFrom()).status()));
}

TEST(ResumeTest, OneThatNeverBeganFillsAnEmptyTarget) {
  ResumeFacts facts = kNeverBegan;
  facts.target_end = 0;
  EXPECT_TRUE(Plan(facts, "earliest").starts_anew);
  EXPECT_FALSE(Plan(facts, "earliest").needs_yes);
}

TEST(ResumeTest, ReadsWhereToGoOn) {
  EXPECT_EQ(ParseResumeFrom("4711")->offset, 4711);
  for (const char* bad : {"-1", "Earliest", "12x", "99999999999999999999"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseResumeFrom(bad).status())) << bad;
  }
}

TEST(ResumeTest, EveryCodeHasACommandThatIsUnderstood) {
  for (const char* name : {"foreign-write", "target-lost", "target-not-ours", "target-refused", "target-settings",
                           "source-truncated", "source-recreated", "target-recreated", "source-deleted",
                           "source-hidden", "target-deleted", "unsupported-batch", "malformed-batch"}) {
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

TEST(ResumeTest, ACommandIsWholeForAShell) {
  EXPECT_EQ(ForFolder("replicator resume", ""), "replicator resume");
  EXPECT_EQ(ForFolder("replicator resume", "/var/lib/r-1"), "replicator resume --state-dir=/var/lib/r-1");
  EXPECT_EQ(ForFolder("replicator resume", "/it's here"), "replicator resume --state-dir='/it'\\''s here'");
  EXPECT_TRUE(absl::StartsWith(ForFolder("", "relative"), " --state-dir=/")) << "from any working folder";
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

TEST_F(ResumedPartitionTest, TheReasonAndTheCommandAgree) {
  WriteForeign();
  const std::string& reason = partition_.quarantine()->reason;
  const std::string command = ResumeCommand(QuarantineCode::kForeignWrite, "orders", 3, partition_.position().value);
  EXPECT_TRUE(absl::EndsWith(command, " --from=10")) << command;
  EXPECT_TRUE(absl::StrContains(reason, "To go on behind what it wrote, resume with --from=10: of the 3 records"))
      << reason;
  EXPECT_TRUE(absl::EndsWith(reason, "delete it on the target, then resume with --from=earliest")) << reason;
}

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
  partition_.ResumeAt(SourceOffset(40), /*keeps_map=*/true);
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
  EXPECT_EQ(TargetOf(partition_, 42), TargetOffset(15));
  EXPECT_EQ(TargetOf(partition_, 5), TargetOffset(5)) << "what was copied before stays known";
  EXPECT_EQ(TargetOf(partition_, 20), std::nullopt);
  // The next failure is settled as ever.
  SendWithoutAnswer(45, 2);
  TargetEnd(18, 18, TargetTail{kNext, 5});
  EXPECT_TRUE(partition_.wants_fetch());
}

TEST_F(ResumedPartitionTest, AnotherLeaderBeforeItBeginsIsAskedAnew) {
  WriteForeign();
  partition_.ResumeAt(SourceOffset(10), /*keeps_map=*/true);
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
  partition_.ResumeAt(SourceOffset(3), /*keeps_map=*/true);
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
  EXPECT_EQ(TargetOf(partition_, 3), TargetOffset(1));
  EXPECT_EQ(TargetOf(partition_, 1), std::nullopt);
}

TEST(ResumeTest, WhatWasCopiedStaysKnownWhereItIsStillTheSame) {
  const ResumeFacts same = {.code = QuarantineCode::kForeignWrite,
                            .position = 100,
                            .acknowledged_end = 95,
                            .target_end = 99,
                            .log_start = 20,
                            .log_end = 180};
  const auto keeps = [&](auto change) {
    ResumeFacts facts = same;
    change(facts);
    return Plan(facts, "120").keeps_map;
  };
  EXPECT_TRUE(keeps([](ResumeFacts&) {}));
  EXPECT_TRUE(keeps([](ResumeFacts& facts) { facts.code = QuarantineCode::kMalformedBatch; }));
  EXPECT_TRUE(keeps([](ResumeFacts& facts) { facts.target_end.reset(); }));
  EXPECT_FALSE(keeps([](ResumeFacts& facts) { facts.target_end = 94; })) << "some of it is gone";
  EXPECT_FALSE(keeps([](ResumeFacts& facts) { facts.source_is_new = true; }));
  EXPECT_FALSE(keeps([](ResumeFacts& facts) { facts.target_is_new = true; }));
  EXPECT_FALSE(keeps([](ResumeFacts& facts) { facts.position.reset(); })) << "nothing was copied";
  for (const QuarantineCode code : {QuarantineCode::kSourceTruncated, QuarantineCode::kSourceRecreated,
                                    QuarantineCode::kTargetLost, QuarantineCode::kTargetRecreated}) {
    EXPECT_FALSE(keeps([&](ResumeFacts& facts) { facts.code = code; })) << QuarantineCodeName(code);
  }
  EXPECT_FALSE(absl::StrContains(Plan(same, "120").text, "no longer translated"));
}

// The new source's epochs begin at 0 again.
TEST_F(ResumedPartitionTest, ElsewhereTheEpochOfTheOldPlaceIsForgotten) {
  for (const bool anew : {true, false}) {
    partition_ = Partition({.producer = kOurs, .queue_bytes_max = 2 * kBatchBytes});
    Begin();
    partition_.SkipTo(SourceOffset(10), /*leader_epoch=*/5);
    partition_.PutInQuarantine(QuarantineCode::kTargetRecreated, "made anew");
    if (anew) {
      partition_.StartAnew();
      Begin();
    } else {
      partition_.ResumeAt(SourceOffset(10), /*keeps_map=*/true);
      TargetEnd(0, 0, std::nullopt);
      partition_.RenewProducer(kNext);
    }
    EXPECT_TRUE(partition_.wants_fetch());
    EXPECT_EQ(partition_.fetched_epoch(), -1);
  }
}

TEST_F(ResumedPartitionTest, TheNextLifeGoesOnFromThere) {
  WriteForeign();
  partition_.ResumeAt(SourceOffset(40), /*keeps_map=*/true);
  TargetEnd(13, 13, TargetTail{{.id = 7, .epoch = 0}, 3});
  partition_.RenewProducer(kNext);
  Copy(40, 5);
  const offsets::PartitionState state = partition_.TakeState();
  EXPECT_EQ(state.map.chunks.size(), 1u) << "what was copied before";
  Partition next({.producer = kOurs});
  next.Restore(state);
  EXPECT_EQ(next.position(), SourceOffset(45));
  EXPECT_EQ(next.producer(), kNext);
  EXPECT_EQ(TargetOf(next, 9), TargetOffset(9));
  EXPECT_EQ(TargetOf(next, 10), std::nullopt);
  EXPECT_EQ(TargetOf(next, 41), TargetOffset(14));
}

// A wish that the store has kept.
TEST_F(ResumedPartitionTest, ALifeThatBeginsWithAResumeHasAskedTheTarget) {
  WriteForeign();
  Partition next({.producer = kOurs});
  next.Restore(partition_.TakeState());
  next.PutInQuarantine(QuarantineCode::kForeignWrite, "as before");
  next.ResumeAt(SourceOffset(40), /*keeps_map=*/true);
  next.OnTargetEnd(TargetOffset(13), TargetOffset(13), TargetTail{{.id = 7, .epoch = 0}, 3});
  EXPECT_FALSE(next.is_settled());
  next.RenewProducer(kNext);
  EXPECT_TRUE(next.is_settled());
}

// The same offsets may be other records there now.
TEST_F(ResumedPartitionTest, OfAnotherHistoryTheMapKnowsNothing) {
  partition_ = Partition({.producer = kOurs, .queue_bytes_max = 2 * kBatchBytes, .stores_intents = true});
  Begin();
  partition_.SkipTo(SourceOffset(10));
  partition_.TakeState();
  partition_.OnStored();
  partition_.PutInQuarantine(QuarantineCode::kSourceTruncated, "not what it was");
  partition_.ResumeAt(SourceOffset(40), /*keeps_map=*/false);
  TargetEnd(0, 0, std::nullopt);
  partition_.RenewProducer(kNext);
  EXPECT_EQ(TargetOf(partition_, 5), std::nullopt);
  EXPECT_EQ(TargetOf(partition_, 40), TargetOffset(0));
  EXPECT_EQ(partition_.TakeState().map.forget_from, SourceOffset(0)) << "in the store, too";
}

}  // namespace
}  // namespace replicator
