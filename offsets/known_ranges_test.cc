#include "offsets/known_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <random>
#include <vector>

namespace replicator::offsets {

// For gtest, which looks beside the type.
std::ostream& operator<<(std::ostream& out, const ToTarget& to) {
  return out << static_cast<int>(to.kind) << " " << to.target << (to.is_same_record ? " same" : "");
}
std::ostream& operator<<(std::ostream& out, const ToSource& to) {
  return out << static_cast<int>(to.kind) << " " << to.source << (to.is_same_record ? " same " : " ") << to.target_only;
}

namespace {

Run MakeRun(int64_t source, int64_t target, int64_t count) {
  return {SourceOffset(source), TargetOffset(target), count};
}
MapBegin At(int64_t source, int64_t target) { return {SourceOffset(source), TargetOffset(target)}; }
LogStarts Starts(int64_t source, int64_t target) { return {SourceOffset(source), TargetOffset(target)}; }

KnownRanges Known(std::vector<KnownRange> ranges) {
  KnownRanges known;
  for (KnownRange& range : ranges) known.Add(std::move(range));
  return known;
}

ToTarget Forward(const KnownRanges& known, int64_t source, const LogStarts& starts = Starts(0, 0)) {
  return TranslateToTarget(known.ranges(), SourceOffset(source), starts);
}
ToSource Back(const KnownRanges& known, int64_t target, const LogStarts& starts = Starts(0, 0)) {
  return TranslateToSource(known.ranges(), TargetOffset(target), starts);
}
ToTarget Same(int64_t target) { return {TranslationKind::kExact, TargetOffset(target), true}; }
ToTarget Next(int64_t target) { return {TranslationKind::kExact, TargetOffset(target), false}; }
ToTarget NoTarget(TranslationKind kind) { return {kind, TargetOffset(0), false}; }
ToSource SameSource(int64_t source) { return {TranslationKind::kExact, SourceOffset(source), true, 0}; }
ToSource NextSource(int64_t source) { return {TranslationKind::kExact, SourceOffset(source), false, 0}; }

// Source records 0-9 and 12-19 (10 and 11 are markers), and a marker at 20.
KnownRanges Plain() { return Known({{At(0, 0), SourceOffset(21), {MakeRun(0, 0, 10), MakeRun(12, 10, 8)}}}); }

TEST(TranslateTest, ARecordIsTheSameRecord) {
  EXPECT_EQ(Forward(Plain(), 0), Same(0)) << "0 is a position";
  EXPECT_EQ(Forward(Plain(), 9), Same(9));
  EXPECT_EQ(Forward(Plain(), 12), Same(10));
  EXPECT_EQ(Forward(Plain(), 19), Same(17));
}

TEST(TranslateTest, InAGapTheNextRecordCounts) {
  EXPECT_EQ(Forward(Plain(), 10), Next(10));
  EXPECT_EQ(Forward(Plain(), 11), Next(10));
}

TEST(TranslateTest, InTheGapThatEndsTheMapAndAtThePositionTheEndCounts) {
  EXPECT_EQ(Forward(Plain(), 20), Next(18));
  EXPECT_EQ(Forward(Plain(), 21), Next(18));
}

TEST(TranslateTest, BeyondThePositionIsWaitedFor) {
  EXPECT_EQ(Forward(Plain(), 22), NoTarget(TranslationKind::kWait));
  EXPECT_EQ(Forward(Known({{At(0, 0), SourceOffset(0), {}}}), 1), NoTarget(TranslationKind::kWait));
}

TEST(TranslateTest, WithoutAnyRangeNothingIsKnown) {
  EXPECT_EQ(Forward(KnownRanges(), 0), NoTarget(TranslationKind::kUnknown));
  EXPECT_EQ(Back(KnownRanges(), 0).kind, TranslationKind::kUnknown);
}

TEST(TranslateTest, BelowTheSourcesLogStartTheNextRecordThatSurvivesCounts) {
  // Retention had removed 0-99 before the copy began.
  const KnownRanges known = Known({{At(100, 0), SourceOffset(150), {MakeRun(100, 0, 50)}}});
  EXPECT_EQ(Forward(known, 0, Starts(100, 0)), Next(0));
  EXPECT_EQ(Forward(known, 99, Starts(100, 0)), Next(0));
  EXPECT_EQ(Forward(known, 100, Starts(100, 0)), Same(0));
  // Retention at the source goes on: the target still has what the group has not read.
  EXPECT_EQ(Forward(known, 110, Starts(130, 0)), Same(10));
  EXPECT_EQ(Forward(known, 50, Starts(130, 0)), Next(0));
}

TEST(TranslateTest, WhatTheTargetHasDeletedIsItsLogStart) {
  EXPECT_EQ(Forward(Plain(), 3, Starts(0, 15)), Next(15));
  EXPECT_EQ(Forward(Plain(), 17, Starts(0, 15)), Same(15));
}

TEST(TranslateTest, EmptiedByRetentionTheMappedEndCounts) {
  const KnownRanges before_the_copy = Known({{At(1000, 0), SourceOffset(1000), {}}});
  EXPECT_EQ(Forward(before_the_copy, 700, Starts(1000, 0)), Next(0));
  EXPECT_EQ(Forward(before_the_copy, 1000, Starts(1000, 0)), Next(0));
  const LogStarts both_emptied = Starts(21, 18);
  for (int64_t source : {0, 5, 11, 20, 21}) EXPECT_EQ(Forward(Plain(), source, both_emptied), Next(18)) << source;
}

TEST(TranslateTest, WhatWasNeverCopiedSaysSo) {
  // A copy that began at the end.
  const KnownRanges known = Known({{At(100, 0), SourceOffset(150), {MakeRun(100, 0, 50)}}});
  EXPECT_EQ(Forward(known, 40), NoTarget(TranslationKind::kNotCopied));
  EXPECT_EQ(Forward(known, 40, Starts(99, 0)), NoTarget(TranslationKind::kNotCopied));
  EXPECT_EQ(Forward(known, 40, Starts(100, 0)), Next(0)) << "its records are gone";
}

// 100-149 are at 0-49; then the map was lost; from 200 on it is known again, with 30 target records between.
KnownRanges WithUnknown() {
  return Known({{At(100, 0), SourceOffset(152), {MakeRun(100, 0, 50)}},
                {At(200, 80), SourceOffset(220), {MakeRun(200, 80, 20)}}});
}

TEST(TranslateTest, AnUnknownRangeSaysSo) {
  EXPECT_EQ(Forward(WithUnknown(), 149), Same(49));
  for (int64_t source : {150, 152, 160, 199}) {
    EXPECT_EQ(Forward(WithUnknown(), source), NoTarget(TranslationKind::kUnknown)) << source;
  }
  EXPECT_EQ(Forward(WithUnknown(), 200), Same(80));
  EXPECT_EQ(Forward(WithUnknown(), 220), Next(100));
  EXPECT_EQ(Back(WithUnknown(), 49), SameSource(149));
  EXPECT_EQ(Back(WithUnknown(), 50).kind, TranslationKind::kUnknown);
  EXPECT_EQ(Back(WithUnknown(), 79).kind, TranslationKind::kUnknown);
  EXPECT_EQ(Back(WithUnknown(), 80), SameSource(200));
}

TEST(TranslateTest, AnUnknownRangeThatIsDeletedIsPassed) {
  // At the source: a reader there would go on at the log start.
  EXPECT_EQ(Forward(WithUnknown(), 160, Starts(210, 0)), Next(90));
  EXPECT_EQ(Forward(WithUnknown(), 160, Starts(190, 0)), NoTarget(TranslationKind::kUnknown));
  // On the target: nothing unknown is left there.
  EXPECT_EQ(Forward(WithUnknown(), 160, Starts(200, 80)), Next(80));
  EXPECT_EQ(Forward(WithUnknown(), 160, Starts(0, 80)), NoTarget(TranslationKind::kUnknown)) << "copied or not?";
  EXPECT_EQ(Back(WithUnknown(), 60, Starts(0, 90)), NextSource(210));
}

TEST(TranslateTest, ASkippedRangeWasNotCopied) {
  // The operator went on at 200; nothing else got to the target.
  const KnownRanges known = Known({{At(0, 0), SourceOffset(100), {MakeRun(0, 0, 100)}},
                                   {At(200, 100), SourceOffset(220), {MakeRun(200, 100, 20)}}});
  EXPECT_EQ(Forward(known, 99), Same(99));
  EXPECT_EQ(Forward(known, 100), NoTarget(TranslationKind::kNotCopied));
  EXPECT_EQ(Forward(known, 150), NoTarget(TranslationKind::kNotCopied));
  EXPECT_EQ(Forward(known, 150, Starts(200, 0)), Next(100));
  EXPECT_EQ(Back(known, 100), SameSource(200));
}

// As a map has them in chunks.
TEST(TranslateTest, RangesThatTouchAreOne) {
  const std::vector<KnownRange> chunks = {{At(0, 0), SourceOffset(10), {MakeRun(0, 0, 10)}},
                                          {At(10, 10), SourceOffset(21), {MakeRun(12, 10, 8)}}};
  for (int64_t source = 0; source < 25; ++source) {
    EXPECT_EQ(TranslateToTarget(chunks, SourceOffset(source), Starts(0, 0)), Forward(Plain(), source)) << source;
    EXPECT_EQ(TranslateToSource(chunks, TargetOffset(source), Starts(0, 0)), Back(Plain(), source)) << source;
  }
}

TEST(TranslateTest, BackARecordIsTheSameRecord) {
  EXPECT_EQ(Back(Plain(), 0), SameSource(0));
  EXPECT_EQ(Back(Plain(), 9), SameSource(9));
  EXPECT_EQ(Back(Plain(), 10), SameSource(12));
  EXPECT_EQ(Back(Plain(), 17), SameSource(19));
}

TEST(TranslateTest, BackTheEndIsThePosition) { EXPECT_EQ(Back(Plain(), 18), NextSource(21)); }

TEST(TranslateTest, BackBeyondTheEndOnlyTheTargetHasRecords) {
  EXPECT_EQ(Back(Plain(), 25), (ToSource{TranslationKind::kWait, SourceOffset(21), false, 7}));
}

TEST(TranslateTest, BackWhatTheSourceHasDeletedIsItsLogStart) {
  EXPECT_EQ(Back(Plain(), 3, Starts(14, 0)), NextSource(14));
  EXPECT_EQ(Back(Plain(), 25, Starts(30, 0)), (ToSource{TranslationKind::kWait, SourceOffset(30), false, 7}));
}

TEST(TranslateTest, BackWhatTheTargetHasDeletedIsStillTheSameRecord) {
  EXPECT_EQ(Back(Plain(), 3, Starts(0, 15)), SameSource(3)) << "the source may have it, and nobody has read it";
  EXPECT_EQ(Back(Known({{At(100, 40), SourceOffset(150), {MakeRun(100, 40, 50)}}}), 3, Starts(0, 40)), NextSource(100));
}

TEST(KnownRangesTest, WhatIsLearnedLaterCounts) {
  // The operator had everything from 50 on copied again, behind what was there.
  KnownRanges known = Known({{At(0, 0), SourceOffset(100), {MakeRun(0, 0, 40), MakeRun(41, 40, 59)}},
                             {At(50, 99), SourceOffset(60), {MakeRun(50, 99, 10)}}});
  ASSERT_EQ(known.ranges().size(), 2u);
  EXPECT_EQ(known.ranges()[0], (KnownRange{At(0, 0), SourceOffset(50), {MakeRun(0, 0, 40), MakeRun(41, 40, 9)}}));
  EXPECT_EQ(Forward(known, 49), Same(48));
  EXPECT_EQ(Forward(known, 50), Same(99));
  EXPECT_EQ(Forward(known, 70), NoTarget(TranslationKind::kWait));
  EXPECT_EQ(Back(known, 60).kind, TranslationKind::kUnknown);
}

TEST(KnownRangesTest, WhatTheTargetHasLostIsCut) {
  KnownRanges known = Known({{At(0, 0), SourceOffset(100), {MakeRun(0, 0, 40), MakeRun(45, 40, 55)}},
                             {At(300, 60), SourceOffset(310), {MakeRun(300, 60, 10)}}});
  EXPECT_EQ(known.ranges()[0], (KnownRange{At(0, 0), SourceOffset(65), {MakeRun(0, 0, 40), MakeRun(45, 40, 20)}}));
  known = Known({{At(0, 0), SourceOffset(100), {MakeRun(0, 0, 100)}}, {At(0, 0), SourceOffset(0), {}}});
  ASSERT_EQ(known.ranges().size(), 1u) << "the target is empty again";
  EXPECT_EQ(known.ranges()[0], (KnownRange{At(0, 0), SourceOffset(0), {}}));
}

TEST(KnownRangesTest, ARangeThatContinuesIsOneRange) {
  KnownRanges known =
      Known({{At(0, 0), SourceOffset(12), {MakeRun(0, 0, 10)}}, {At(12, 10), SourceOffset(20), {MakeRun(12, 10, 8)}}});
  ASSERT_EQ(known.ranges().size(), 1u);
  EXPECT_EQ(Forward(known, 11), Next(10));
  EXPECT_EQ(Forward(known, 20), Next(18));
}

// A source log with gaps that was copied whole, log starts somewhere, and ranges that know parts of it. Translation may
// not know, but must never be wrong.
class RandomCopy {
 public:
  explicit RandomCopy(uint64_t seed) : random_(seed) {
    const int64_t source_end = 20 + Below(200);
    for (int64_t source = 0; source < source_end; ++source) {
      is_copied_.push_back(Below(4) != 0);
      target_of_.push_back(static_cast<int64_t>(source_of_.size()));
      if (is_copied_.back()) source_of_.push_back(source);
    }
    target_of_.push_back(target_end());
    starts_ = Starts(Below(3) == 0 ? Below(source_end + 1) : 0, Below(3) == 0 ? Below(target_end() + 1) : 0);
    for (int64_t begin = Below(5) == 0 ? Below(20) : 0; begin <= source_end; begin += Below(3) == 0 ? 0 : Below(40)) {
      const int64_t end = std::min(source_end, begin + Below(60));
      known_.Add(Range(begin, end));
      begin = position_ = end;
      if (end == source_end) break;
    }
  }

  void CheckForward() {
    for (int64_t source = 0; source < static_cast<int64_t>(target_of_.size()) + 3; ++source) {
      const ToTarget to = TranslateToTarget(known_.ranges(), SourceOffset(source), starts_);
      if (source > position_ && source >= starts_.source.value) {
        EXPECT_EQ(to.kind, TranslationKind::kWait) << source;
      }
      // Nobody can tell markers between two ranges from records that were not copied.
      if (to.kind == TranslationKind::kNotCopied) {
        EXPECT_EQ(target_of_[source], target_of_[NextRange(source)]) << source;
      }
      if (to.kind != TranslationKind::kExact) continue;
      ++exact_;
      const bool is_past = source < starts_.source.value;
      EXPECT_TRUE(to.target == Truth(source) || (is_past && to.target == Truth(starts_.source.value))) << source << to;
      EXPECT_GE(to.target, starts_.target);
      if (!to.is_same_record) continue;
      EXPECT_TRUE(is_copied_[source]) << source;
      const ToSource back = TranslateToSource(known_.ranges(), to.target, Starts(0, 0));
      EXPECT_EQ(back, SameSource(source)) << "there and back";
    }
  }

  void CheckBack() {
    for (int64_t target = 0; target <= target_end(); ++target) {
      const ToSource to = TranslateToSource(known_.ranges(), TargetOffset(target), starts_);
      if (to.kind != TranslationKind::kExact || !to.is_same_record) continue;
      EXPECT_EQ(to.source.value, source_of_[target]) << target;
    }
  }

  // What is in a known range, with a record of it behind, is always found.
  void CheckKnown() {
    for (const KnownRange& range : known_.ranges()) {
      if (range.runs.empty()) continue;
      for (SourceOffset source = range.begin.source; source < range.runs.back().source_end(); source += 1) {
        EXPECT_EQ(TranslateToTarget(known_.ranges(), source, starts_).kind, TranslationKind::kExact) << source;
      }
    }
  }

  int exact() const { return exact_; }

 private:
  int64_t Below(int64_t limit) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(limit)); }
  int64_t target_end() const { return static_cast<int64_t>(source_of_.size()); }

  // Where a reader who has read everything below `source` goes on.
  TargetOffset Truth(int64_t source) const {
    const size_t at = std::min(static_cast<size_t>(source), target_of_.size() - 1);
    return std::max(TargetOffset(target_of_[at]), starts_.target);
  }

  int64_t NextRange(int64_t source) const {
    for (const KnownRange& range : known_.ranges()) {
      if (range.begin.source.value > source) return range.begin.source.value;
    }
    return static_cast<int64_t>(target_of_.size()) - 1;
  }

  KnownRange Range(int64_t begin, int64_t end) {
    OffsetMap map;
    map.Reset(At(begin, target_of_[begin]));
    for (int64_t source = begin; source < end; ++source) {
      if (is_copied_[source]) map.Append(MakeRun(source, target_of_[source], 1));
    }
    map.AdvanceTo(SourceOffset(end));
    return map.ranges()[0];
  }

  std::mt19937_64 random_;
  std::vector<bool> is_copied_;     // by source offset
  std::vector<int64_t> target_of_;  // the first record at or behind a source offset
  std::vector<int64_t> source_of_;  // by target offset
  LogStarts starts_;
  KnownRanges known_;
  int64_t position_ = 0;
  int exact_ = 0;
};

TEST(TranslateTest, InRandomCopiesNoTranslationIsWrong) {
  int exact = 0;
  for (uint64_t seed = 1; seed <= 3000 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomCopy copy(seed);
    copy.CheckForward();
    copy.CheckBack();
    copy.CheckKnown();
    exact += copy.exact();
  }
  EXPECT_GT(exact, 100'000);
}

}  // namespace
}  // namespace replicator::offsets
