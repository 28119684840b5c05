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
constexpr LogEnds kSource = {.start = 7, .end = 90};

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
    Search search = placement_.BeginSearch(kSource, 7);
    if (step == Step::kByBatch) placement_.OnFound(search, {});
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
  EXPECT_EQ(placement_.BeginSearch(kSource, 7).step, Step::kNone);
  ASSERT_TRUE(partition_.begun());
  EXPECT_EQ(partition_.position(), SourceOffset(7));
  EXPECT_EQ(partition_.producer(), kOurs);
  EXPECT_FALSE(placement_.must_search());
}

TEST_F(PlacementTest, GoesOnBehindTheTargetsLastBatchWithItsProducerAndSequence) {
  for (const Step step : {Step::kGaplessPlace, Step::kByBatch}) {
    Partition partition({.producer = kOurs});
    SourceDoubt doubt(partition, false);
    Placement placement(partition, doubt, topic_);
    placement.OnTarget({TargetOffset(50), TargetLastBatch{kEarlier, Ordinal(45), "bytes"}, std::nullopt});
    Search search = placement.BeginSearch(kSource, 7);
    if (step == Step::kByBatch) placement.OnFound(search, {});
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
  Search search = SearchAt(Step::kByBatch);
  placement_.OnFound(search, {std::nullopt, "it is there twice"});
  ExpectQuarantine(QuarantineCode::kTargetNotOurs);
  EXPECT_TRUE(absl::StrContains(partition_.quarantine()->reason, "it is there twice"));
}

// Without times a batch that is the same need not be the copy: all that lies around it must fit.
TEST_F(PlacementTest, WhereTheTargetHasPutItsOwnTimesInRecordsAreMatchedOneByOne) {
  TargetAtStart target = Target(50);
  target.last_batch->has_append_times = true;
  placement_.OnTarget(target);
  EXPECT_EQ(placement_.BeginSearch(kSource, 7).step, Step::kNone);
  ASSERT_TRUE(placement_.must_ask_target());
  EXPECT_EQ(placement_.marks_wanted(), Placement::kMarksFirst);
  target.marks.emplace();
  placement_.OnTarget(target);
  Search search = placement_.BeginSearch(kSource, 7);
  ASSERT_EQ(search.step, Step::kByRecords);
  placement_.OnFound(search, {});
  EXPECT_EQ(placement_.marks_wanted(), Placement::kMarksMax);
  target.marks->is_whole = true;
  placement_.OnTarget(target);
  search = placement_.BeginSearch(kSource, 7);
  ASSERT_EQ(search.step, Step::kByRecords);
  placement_.OnFound(search, At(62));
  EXPECT_EQ(partition_.position(), SourceOffset(62));
}

TEST_F(PlacementTest, WhereBothLogsAreEmptyItGoesOnAtTheSourcesEndWithANewProducer) {
  placement_.OnTarget({TargetOffset(50), std::nullopt, std::nullopt});
  EXPECT_EQ(placement_.BeginSearch({.start = 90, .end = 90}, 90).step, Step::kNone);
  ASSERT_TRUE(partition_.must_settle()) << "what is under way may land yet";
  EXPECT_TRUE(partition_.must_outwait_old_requests());
  EXPECT_FALSE(partition_.is_resuming()) << "it is nobody's wish";
  EXPECT_FALSE(placement_.must_ask_target());
  partition_.OnTargetEnd(TargetOffset(50), TargetOffset(50));
  ASSERT_TRUE(partition_.must_renew_producer());
  partition_.RenewProducer(kEarlier);
  EXPECT_EQ(partition_.position(), SourceOffset(90));
  partition_.Accept(MakeBatch(90, 1));
  const Send send = partition_.TakeSend();
  EXPECT_EQ(send.producer, kEarlier);
  EXPECT_EQ(send.base_sequence, 0);
  EXPECT_EQ(send.expected, TargetOffset(50));
}

TEST_F(PlacementTest, WhatLandsOnAnEmptyTargetMeanwhileIsLookedFor) {
  placement_.OnTarget({TargetOffset(50), std::nullopt, std::nullopt});
  placement_.BeginSearch({.start = 90, .end = 90}, 90);
  partition_.OnTargetEnd(TargetOffset(51), TargetOffset(51), TargetTail{kEarlier, 1});
  EXPECT_FALSE(partition_.must_renew_producer());
  ASSERT_TRUE(placement_.must_ask_target());
  placement_.OnTarget(Target(51));
  EXPECT_EQ(placement_.BeginSearch({.start = 90, .end = 90}, 90).step, Step::kGaplessPlace);
}

// Nothing tells the place: the numbers for the operator's choice do.
TEST_F(PlacementTest, WhereOnlyTheTargetIsEmptyNothingIsGuessed) {
  for (const int64_t target_end : {50, 120}) {
    Partition partition({.producer = kOurs});
    SourceDoubt doubt(partition, false);
    Placement placement(partition, doubt, topic_);
    placement.OnTarget({TargetOffset(target_end), std::nullopt, std::nullopt});
    EXPECT_EQ(placement.BeginSearch(kSource, 7).step, Step::kNone);
    ASSERT_TRUE(partition.IsQuarantinedFor(QuarantineCode::kTargetNotOurs));
    const std::string& reason = partition.quarantine()->reason;
    EXPECT_TRUE(absl::StrContains(reason, target_end == 50 ? "--from=50: at most 40" : "--from=7: at most 83"))
        << reason;
    EXPECT_TRUE(absl::StrContains(reason, "--from=latest: at most ")) << reason;
  }
}

// F: what another process has copied, with a folder of its own, and retention has deleted.
TEST_F(PlacementTest, WhereBothLogsAreEmptyTheSourceHasRoomForWhatTheFolderDoesNotKnow) {
  for (const bool has_room : {true, false}) {
    Partition partition({.producer = kOurs});
    SourceDoubt doubt(partition, false);
    Placement placement(partition, doubt, topic_);
    offsets::PartitionState state;
    state.position = SourceOffset(100);
    state.target_end = TargetOffset(100);
    state.eras = {{TargetOffset(0), kOurs, 0}};
    partition.Restore(state);
    partition.OnTargetEnd(TargetOffset(110), TargetOffset(110));
    ASSERT_TRUE(placement.must_ask_target());
    placement.OnTarget({TargetOffset(110), std::nullopt, std::nullopt});
    const int64_t end = has_room ? 110 : 109;
    EXPECT_EQ(placement.BeginSearch({.start = end, .end = end}, end).step, Step::kNone);
    EXPECT_EQ(partition.must_settle(), has_room);
    EXPECT_EQ(partition.IsQuarantinedFor(QuarantineCode::kForeignWrite), !has_room);
  }
}

// ---- A folder that knows an earlier place.

class StandbyPlacementTest : public PlacementTest {
 protected:
  static constexpr int64_t kMuch = 10'000;

  StandbyPlacementTest() {
    offsets::PartitionState state;
    state.tail_begin = {SourceOffset(5), TargetOffset(0)};
    state.position = SourceOffset(105);
    state.target_end = TargetOffset(100);
    state.eras = {{TargetOffset(0), kOurs, 0}};
    state.last_run = offsets::Run{SourceOffset(5), TargetOffset(0), 100};
    partition_.Restore(state);
  }
  // The target holds so many records more, of the same producer.
  void Holds(int64_t more) {
    const TargetOffset end(100 + more);
    partition_.OnTargetEnd(end, end, OurTail(static_cast<int32_t>(end.value)));
  }
  Search SearchBehind(int64_t more) {
    EXPECT_TRUE(placement_.must_ask_target());
    placement_.OnTarget({TargetOffset(100 + more), TargetLastBatch{kOurs, Ordinal(100 + more), "bytes"}, std::nullopt});
    return placement_.BeginSearch({.start = 0, .end = 50'000}, 0);
  }
};

TEST_F(StandbyPlacementTest, WhatIsNotMuchIsCounted) {
  Holds(100);
  EXPECT_FALSE(placement_.must_ask_target());
  EXPECT_TRUE(partition_.wants_fetch());
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(105));
}

TEST_F(StandbyPlacementTest, OfMuchThePlaceIsFoundByContentAndTheOldMapStays) {
  Holds(kMuch);
  Search search = SearchBehind(kMuch);
  ASSERT_EQ(search.step, Step::kGaplessPlace);
  EXPECT_EQ(search.gapless_end, 105 + kMuch) << "from its own place on";
  placement_.OnFound(search, {});
  ASSERT_EQ(search.step, Step::kByBatch);
  placement_.OnFound(search, At(20'000));
  ASSERT_TRUE(partition_.wants_fetch());
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(20'000));
  EXPECT_EQ(partition_.records_copied(), 0);
  partition_.Accept(MakeBatch(20'000, 1));
  const Send send = partition_.TakeSend();
  EXPECT_EQ(send.base_sequence, 100 + kMuch);
  partition_.OnAnswer(send.id, Appended(send.expected.value));
  EXPECT_EQ(TargetOf(partition_, 104), TargetOffset(99));
  EXPECT_EQ(TargetOf(partition_, 106), std::nullopt);
  EXPECT_EQ(partition_.map().SourceOf(TargetOffset(100)), std::nullopt);
  EXPECT_EQ(TargetOf(partition_, 20'000), TargetOffset(100 + kMuch));
}

TEST_F(StandbyPlacementTest, WhereAsManyOffsetsLieBetweenOnBothSidesTheMapHasThem) {
  Holds(kMuch);
  Search search = SearchBehind(kMuch);
  placement_.OnFound(search, At(search.gapless_end));
  ASSERT_TRUE(partition_.wants_fetch());
  EXPECT_EQ(TargetOf(partition_, 106), TargetOffset(101));
  EXPECT_EQ(partition_.map().SourceOf(TargetOffset(99 + kMuch)), SourceOffset(104 + kMuch));
}

TEST_F(StandbyPlacementTest, WhereContentDoesNotTellItIsCounted) {
  Holds(kMuch);
  Search search = SearchBehind(kMuch);
  placement_.OnFound(search, {});
  placement_.OnFound(search, {});
  ASSERT_FALSE(partition_.quarantined());
  ASSERT_TRUE(partition_.must_settle()) << "the target may hold more meanwhile";
  Holds(kMuch);
  EXPECT_FALSE(placement_.must_ask_target());
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(105));
  partition_.Accept(MakeBatch(105, 9));
  EXPECT_EQ(partition_.target_end(), TargetOffset(109));
  EXPECT_EQ(partition_.records_copied(), 0) << "they were read to be counted, not copied";
  partition_.OnTargetChange();
  Holds(kMuch);
  EXPECT_TRUE(partition_.wants_fetch()) << "content does not tell it later, either";
}

TEST_F(PlacementTest, WhatAProducerWithoutAnIdWroteIsNotOurs) {
  placement_.OnTarget(Target(50, Producer()));
  Search search = placement_.BeginSearch(kSource, 0);
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
    Search search = placement.BeginSearch(kSource, 0);
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
  Search search = SearchAt(Step::kByBatch);
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
  search = placement_.BeginSearch(kSource, 7);
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
    search = placement_.BeginSearch(kSource, 7);
    placement_.OnFound(search, {});
    placement_.OnFound(search, {std::nullopt, "two places"});
  }
  ExpectQuarantine(QuarantineCode::kTargetNotOurs);
}

TEST_F(CompactedPlacementTest, WhereThereAreNoMoreRecordsNoneAreWanted) {
  placement_.OnTarget(TargetWithMarks(50, /*is_whole=*/true));
  Search search = placement_.BeginSearch(kSource, 7);
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
