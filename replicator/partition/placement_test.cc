// A, F, G: where a copy begins, and that it begins nowhere when that is not certain.
#include "replicator/partition/placement.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "kafka/wire/big_endian.h"
#include "replicator/partition/partition_fixture.h"

namespace replicator {
namespace {

using Step = Placement::Step;
using Search = Placement::Search;

constexpr Producer kEarlier = {.id = 41, .epoch = 3};

class PlacementTest : public testing::Test {
 protected:
  explicit PlacementTest(bool is_compacted = false)
      : partition_({.producer = kOurs, .is_compacted = is_compacted}),
        doubt_(partition_, /*topic_has_id=*/false),
        placement_(partition_, doubt_, topic_) {}

  // A target whose log ends at `log_end` with a batch of `producer`.
  static TargetAtStart Target(int64_t log_end, Producer producer = kEarlier) {
    return {TargetOffset(log_end), TargetLastBatch{producer, Ordinal(log_end), "bytes"}, std::nullopt};
  }
  static TargetAtStart TargetWithMarks(int64_t log_end, bool is_whole) {
    TargetAtStart target = Target(log_end);
    target.marks.emplace().is_whole = is_whole;
    return target;
  }
  static Placement::Found At(int64_t position) { return {SourcePlace{position, {.base_offset = position - 1}}, ""}; }

  // A search that stands at `step` for a target that ends at 50.
  Search SearchAt(Step step) {
    if (placement_.must_ask_target()) placement_.OnTarget(Target(50));
    Search search = placement_.BeginSearch(/*log_start=*/7);
    if (step == Step::kByTime) placement_.OnFound(search, {});
    EXPECT_EQ(search.step, step);
    return search;
  }
  void ExpectQuarantine(QuarantineCode code) {
    ASSERT_TRUE(partition_.IsQuarantinedFor(code));
    EXPECT_FALSE(placement_.must_ask_target());
    EXPECT_FALSE(placement_.must_search());
  }

  const std::string topic_ = "orders";
  Partition partition_;
  SourceDoubt doubt_;
  Placement placement_;
};

class CompactedPlacementTest : public PlacementTest {
 protected:
  CompactedPlacementTest() : PlacementTest(/*is_compacted=*/true) {}
};

TEST_F(PlacementTest, AnEmptyTargetBeginsWhereTheSourcesLogDoes) {
  EXPECT_TRUE(placement_.must_ask_target());
  placement_.OnTarget({});
  EXPECT_FALSE(placement_.must_ask_target());
  ASSERT_TRUE(placement_.must_search());
  EXPECT_EQ(placement_.BeginSearch(/*log_start=*/7).step, Step::kNone);
  ASSERT_TRUE(partition_.begun());
  EXPECT_EQ(partition_.position(), SourceOffset(7));
  EXPECT_EQ(partition_.producer(), kOurs);
  EXPECT_FALSE(placement_.must_search());
}

TEST_F(PlacementTest, GoesOnBehindTheTargetsLastBatchWithItsProducerAndSequence) {
  for (const Step step : {Step::kGaplessPlace, Step::kByTime}) {
    Partition partition({.producer = kOurs});
    SourceDoubt doubt(partition, false);
    Placement placement(partition, doubt, topic_);
    placement.OnTarget({TargetOffset(50), TargetLastBatch{kEarlier, Ordinal(45), "bytes"}, std::nullopt});
    Search search = placement.BeginSearch(7);
    if (step == Step::kByTime) placement.OnFound(search, {});
    ASSERT_EQ(search.step, step);
    placement.OnFound(search, At(62));
    EXPECT_EQ(search.step, Step::kNone);
    ASSERT_TRUE(partition.begun());
    EXPECT_EQ(partition.position(), SourceOffset(62));
    EXPECT_EQ(partition.evidence().base_offset, 61);
    partition.Accept(MakeBatch(62, 1));
    const Send send = partition.TakeSend();
    EXPECT_EQ(send.producer, kEarlier);
    EXPECT_EQ(send.base_sequence, 45);
    EXPECT_EQ(send.expected, TargetOffset(50));
  }
}

TEST_F(PlacementTest, WithoutAPlaceNothingIsGuessed) {
  Search search = SearchAt(Step::kByTime);
  placement_.OnFound(search, {std::nullopt, "it is there twice"});
  ExpectQuarantine(QuarantineCode::kTargetNotOurs);
  EXPECT_TRUE(absl::StrContains(partition_.quarantine()->reason, "it is there twice"));
}

// Without times a batch that is the same need not be the copy: all that lies around it must fit.
TEST_F(PlacementTest, WhereTheTargetHasPutItsOwnTimesInRecordsAreMatchedOneByOne) {
  TargetAtStart target = Target(50);
  target.last_batch->has_append_times = true;
  placement_.OnTarget(target);
  EXPECT_EQ(placement_.BeginSearch(7).step, Step::kNone);
  ASSERT_TRUE(placement_.must_ask_target());
  EXPECT_EQ(placement_.marks_wanted(), Placement::kMarksFirst);
  target.marks.emplace();
  placement_.OnTarget(target);
  Search search = placement_.BeginSearch(7);
  ASSERT_EQ(search.step, Step::kByRecords);
  placement_.OnFound(search, {});
  EXPECT_EQ(placement_.marks_wanted(), Placement::kMarksMax);
  target.marks->is_whole = true;
  placement_.OnTarget(target);
  search = placement_.BeginSearch(7);
  ASSERT_EQ(search.step, Step::kByRecords);
  placement_.OnFound(search, At(62));
  EXPECT_EQ(partition_.position(), SourceOffset(62));
}

TEST_F(PlacementTest, ATargetWithoutALastBatchIsNotOurs) {
  placement_.OnTarget({TargetOffset(50), std::nullopt, std::nullopt});
  EXPECT_EQ(placement_.BeginSearch(0).step, Step::kNone);
  ExpectQuarantine(QuarantineCode::kTargetNotOurs);
}

TEST_F(PlacementTest, WhatAProducerWithoutAnIdWroteIsNotOurs) {
  placement_.OnTarget(Target(50, Producer()));
  Search search = placement_.BeginSearch(0);
  placement_.OnFound(search, At(50));
  ExpectQuarantine(QuarantineCode::kTargetNotOurs);
}

// F: another process may have held the link; a place that leaves no room for what it copied is another batch.
TEST_F(PlacementTest, APlaceLeavesRoomForWhatTheTargetHoldsMoreThanTheFolderKnows) {
  for (const bool has_room : {true, false}) {
    Partition partition({.producer = kOurs});
    SourceDoubt doubt(partition, false);
    Placement placement(partition, doubt, topic_);
    offsets::PartitionState state;
    state.position = SourceOffset(100);
    state.target_end = TargetOffset(100);
    state.eras = {{TargetOffset(0), kOurs, 0}};
    partition.Restore(state);
    partition.OnTargetEnd(TargetOffset(110), TargetOffset(110), TargetTail{kEarlier, 10});
    ASSERT_TRUE(placement.must_ask_target()) << "its place is to be found by content";
    placement.OnTarget(Target(110));
    Search search = placement.BeginSearch(0);
    placement.OnFound(search, At(has_room ? 110 : 109));
    EXPECT_EQ(partition.begun(), true);
    EXPECT_EQ(partition.IsQuarantinedFor(QuarantineCode::kForeignWrite), !has_room);
  }
}

// ---- What overtakes a search.

TEST_F(PlacementTest, AnotherLeaderOfTheTargetIsAskedAnew) {
  Search search = SearchAt(Step::kGaplessPlace);
  placement_.OnTargetLeaderChange();
  EXPECT_TRUE(placement_.IsOvertaken(search));
  EXPECT_TRUE(placement_.must_ask_target());
  placement_.OnFound(search, At(62));
  EXPECT_EQ(search.step, Step::kNone);
  EXPECT_FALSE(partition_.begun());
  placement_.OnTarget(Target(40));
  EXPECT_TRUE(placement_.IsOvertaken(search)) << "it was for what the leader before had";
  placement_.OnFound(search, At(62));
  EXPECT_FALSE(partition_.begun());
}

TEST_F(PlacementTest, WithAnotherLeaderOfTheSourceTheSearchBeginsAnew) {
  Search search = SearchAt(Step::kByTime);
  doubt_.Doubt(DoubtReason::kLeaderChanged);
  placement_.OnFound(search, {});
  EXPECT_EQ(search.step, Step::kNone);
  EXPECT_FALSE(partition_.quarantined());
  EXPECT_TRUE(placement_.must_search()) << "the target's answer still counts";
}

TEST_F(PlacementTest, WhatIsFoundForAPartitionInQuarantineCountsNoMore) {
  Search search = SearchAt(Step::kGaplessPlace);
  partition_.PutInQuarantine(QuarantineCode::kSourceDeleted, "hidden");
  EXPECT_TRUE(placement_.IsOvertaken(search));
  placement_.OnFound(search, At(62));
  partition_.CheckAgain();
  placement_.OnCheckedAgain();
  placement_.OnFound(search, At(62));
  EXPECT_FALSE(partition_.begun());
  EXPECT_TRUE(placement_.must_ask_target());
}

// ---- Compacted topics.

TEST_F(CompactedPlacementTest, ItsPlaceIsNotLookedForByTimeButByRecords) {
  Search search = SearchAt(Step::kGaplessPlace);
  placement_.OnFound(search, {});
  EXPECT_EQ(search.step, Step::kNone);
  EXPECT_TRUE(placement_.must_ask_target()) << "more of the target is wanted first";
  EXPECT_EQ(placement_.marks_wanted(), Placement::kMarksFirst);
  placement_.OnTarget(TargetWithMarks(50, /*is_whole=*/false));
  search = placement_.BeginSearch(7);
  placement_.OnFound(search, {});
  ASSERT_EQ(search.step, Step::kByRecords);
  placement_.OnFound(search, At(62));
  EXPECT_EQ(partition_.position(), SourceOffset(62));
}

TEST_F(CompactedPlacementTest, MoreRecordsAreWantedOnceThenItStops) {
  int64_t wanted[] = {Placement::kMarksFirst, Placement::kMarksMax};
  Search search = SearchAt(Step::kGaplessPlace);
  placement_.OnFound(search, {});
  for (const int64_t each : wanted) {
    ASSERT_TRUE(placement_.must_ask_target());
    EXPECT_EQ(placement_.marks_wanted(), each);
    placement_.OnTarget(TargetWithMarks(50, /*is_whole=*/false));
    search = placement_.BeginSearch(7);
    placement_.OnFound(search, {});
    placement_.OnFound(search, {std::nullopt, "two places"});
  }
  ExpectQuarantine(QuarantineCode::kTargetNotOurs);
}

TEST_F(CompactedPlacementTest, WhereThereAreNoMoreRecordsNoneAreWanted) {
  placement_.OnTarget(TargetWithMarks(50, /*is_whole=*/true));
  Search search = placement_.BeginSearch(7);
  placement_.OnFound(search, {});
  ASSERT_EQ(search.step, Step::kByRecords);
  placement_.OnFound(search, {});
  ExpectQuarantine(QuarantineCode::kTargetNotOurs);
}

// B: sequences go on where the header ends, past 2^31 too.
TEST(TargetLastBatch, IsReadFromTheHeader) {
  std::string bytes(kafka::kBatchHeaderBytes, '\0');
  kafka::StoreInt32(bytes.data() + 8, static_cast<int32_t>(bytes.size() - kafka::kLogOverheadBytes));
  kafka::StoreInt32(bytes.data() + 23, 9);  // last offset delta
  kafka::StoreInt64(bytes.data() + 43, kEarlier.id);
  kafka::StoreInt16(bytes.data() + 51, kEarlier.epoch);
  kafka::StoreInt32(bytes.data() + 53, 0x7ffffffe);  // base sequence
  const TargetLastBatch last = LastBatchOf(bytes);
  EXPECT_EQ(last.producer, kEarlier);
  EXPECT_EQ(last.next_ordinal, Ordinal(int64_t{0x7ffffffe} + 10));
  EXPECT_EQ(last.bytes, bytes);
}

}  // namespace
}  // namespace replicator
