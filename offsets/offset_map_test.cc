#include "offsets/offset_map.h"

#include <gtest/gtest.h>

#include <vector>

#include "offsets/known_ranges.h"

namespace replicator::offsets {
namespace {

constexpr int64_t kChunk = static_cast<int64_t>(OffsetMap::kChunkRunsMax);

Run MakeRun(int64_t source, int64_t target, int64_t count) {
  return {SourceOffset(source), TargetOffset(target), count};
}
MapBegin At(int64_t source, int64_t target) { return {SourceOffset(source), TargetOffset(target)}; }
LogStarts Starts(int64_t source, int64_t target) { return {SourceOffset(source), TargetOffset(target)}; }

// -1: not known.
int64_t TargetOf(const OffsetMap& map, int64_t source) {
  const ToTarget found = TranslateToTarget(map.ranges(), SourceOffset(source), {});
  return found.kind == TranslationKind::kExact ? found.target.value : -1;
}

// A record and a marker, again and again.
void AppendTransactions(OffsetMap& map, int64_t count) {
  const int64_t source = map.position().value;
  const int64_t target = map.target_end().value;
  for (int64_t i = 0; i < count; ++i) {
    map.Append(MakeRun(source + 2 * i, target + i, 1));
    map.AdvanceTo(SourceOffset(source + 2 * i + 2));
  }
}

// What a store holds of one map.
class Stored {
 public:
  void Take(OffsetMap& map) {
    OffsetMap::Changes changes = map.TakeChanges();
    std::erase_if(chunks_, [&](const KnownRange& chunk) {
      return (changes.forget_below.has_value() && chunk.source_end <= changes.forget_below->source &&
              chunk.target_end() <= changes.forget_below->target) ||
             (changes.forget_from.has_value() && chunk.begin.source >= *changes.forget_from);
    });
    for (const KnownRange& changed : changes.chunks) {
      EXPECT_LE(changed.runs.size(), OffsetMap::kChunkRunsMax);
      std::erase_if(chunks_, [&](const KnownRange& chunk) { return chunk.begin.source == changed.begin.source; });
      chunks_.push_back(changed);
    }
    written_ = changes.chunks.size();
    tail_ = map.tail();
  }

  OffsetMap Restored(size_t chunks_max = 1'000) const {
    const size_t omitted = chunks_.size() - std::min(chunks_.size(), chunks_max);
    OffsetMap map;
    map.Restore({chunks_.begin() + static_cast<std::ptrdiff_t>(omitted), chunks_.end()}, tail_, omitted > 0);
    return map;
  }

  const std::vector<KnownRange>& chunks() const { return chunks_; }
  size_t written() const { return written_; }

 private:
  std::vector<KnownRange> chunks_;
  KnownRange tail_;
  size_t written_ = 0;
};

void ExpectSame(const OffsetMap& a, const OffsetMap& b) {
  EXPECT_EQ(a.position(), b.position());
  EXPECT_EQ(a.target_end(), b.target_end());
  EXPECT_EQ(a.run_count(), b.run_count());
  for (int64_t source = 0; source <= a.position().value + 1; ++source) {
    ASSERT_EQ(TargetOf(a, source), TargetOf(b, source)) << source;
  }
  for (int64_t target = 0; target <= a.target_end().value; ++target) {
    ASSERT_EQ(a.SourceOf(TargetOffset(target)), b.SourceOf(TargetOffset(target))) << target;
  }
}

TEST(OffsetMap, AdjacentRunsWithTheSameDistanceAreOneRun) {
  OffsetMap map;
  for (int i = 0; i < 1000; ++i) map.Append(MakeRun(i * 10, i * 10, 10));
  EXPECT_EQ(map.run_count(), 1u);
  EXPECT_EQ(map.tail(), (KnownRange{At(0, 0), SourceOffset(10'000), {MakeRun(0, 0, 10'000)}}));
  EXPECT_TRUE(map.TakeChanges().chunks.empty()) << "a log without gaps has none";
  EXPECT_FALSE(map.has_stored_chunks());
}

TEST(OffsetMap, AnOffsetInAGapGoesToTheNextRecord) {
  OffsetMap map;
  map.Append(MakeRun(0, 0, 5));
  map.Append(MakeRun(8, 5, 5));  // 5, 6 and 7 are gone
  EXPECT_EQ(TargetOf(map, 4), 4);
  for (int gap : {5, 6, 7, 8}) EXPECT_EQ(TargetOf(map, gap), 5) << gap;
  EXPECT_EQ(TargetOf(map, 12), 9);
  EXPECT_EQ(TargetOf(map, 13), 10);  // the position: where a reader of everything goes on
  EXPECT_EQ(TargetOf(map, 14), -1);
}

TEST(OffsetMap, TranslationBackIsExactAndDeclinesOutsideTheRuns) {
  OffsetMap map;
  map.Reset(At(100, 3));
  map.Append(MakeRun(100, 3, 2));
  map.Append(MakeRun(110, 5, 2));
  EXPECT_EQ(map.SourceOf(TargetOffset(2)), std::nullopt);
  EXPECT_EQ(map.SourceOf(TargetOffset(3)), SourceOffset(100));
  EXPECT_EQ(map.SourceOf(TargetOffset(4)), SourceOffset(101));
  EXPECT_EQ(map.SourceOf(TargetOffset(5)), SourceOffset(110));
  EXPECT_EQ(map.SourceOf(TargetOffset(7)), std::nullopt);
  EXPECT_EQ(TargetOf(map, 99), -1);
}

// F
TEST(OffsetMap, TruncationCutsInsideAndBetweenRuns) {
  OffsetMap map;
  map.Append(MakeRun(0, 0, 10));
  map.Append(MakeRun(20, 10, 10));
  map.TruncateTo(TargetOffset(15));
  EXPECT_EQ(map.tail().runs[0], MakeRun(20, 10, 5));
  EXPECT_EQ(map.position(), SourceOffset(25));
  map.TruncateTo(TargetOffset(10));
  EXPECT_EQ(map.tail().runs[0], MakeRun(0, 0, 10));
  EXPECT_EQ(map.position(), SourceOffset(20)) << "where the record was";
  map.TruncateTo(TargetOffset(0));
  EXPECT_EQ(map.run_count(), 0u);
  EXPECT_EQ(map.target_end(), TargetOffset(0));
}

// J
TEST(OffsetMap, TheGapThatEndsTheMapGoesToTheTargetsEnd) {
  OffsetMap map;
  map.Reset(At(7, 0));
  EXPECT_EQ(TargetOf(map, 7), 0);
  map.AdvanceTo(SourceOffset(9));  // an aborted transaction before the first record
  EXPECT_EQ(TargetOf(map, 6), -1);
  EXPECT_EQ(TargetOf(map, 9), 0);
  map.Append(MakeRun(10, 0, 5));
  map.AdvanceTo(SourceOffset(16));  // its marker
  EXPECT_EQ(TargetOf(map, 8), 0);
  EXPECT_EQ(TargetOf(map, 16), 5);
  EXPECT_EQ(TargetOf(map, 17), -1);
}

TEST(OffsetMap, AChunkIsWrittenAgainUntilItIsFull) {
  OffsetMap map;
  Stored stored;
  AppendTransactions(map, 1);
  stored.Take(map);
  EXPECT_EQ(stored.written(), 0u) << "the run still grows";
  AppendTransactions(map, 9);
  stored.Take(map);
  EXPECT_EQ(stored.written(), 1u);
  stored.Take(map);
  EXPECT_EQ(stored.written(), 0u) << "nothing new";
  for (int64_t i = 0; i < 2 * kChunk; ++i) {
    AppendTransactions(map, 1);
    stored.Take(map);
    EXPECT_EQ(stored.written(), 1u);
  }
  EXPECT_EQ(stored.chunks().size(), 3u);
  EXPECT_EQ(stored.chunks()[0].runs.size(), OffsetMap::kChunkRunsMax);
  EXPECT_EQ(stored.chunks()[1].begin, At(stored.chunks()[0].source_end.value, kChunk));
  ExpectSame(stored.Restored(), map);
}

// F
TEST(OffsetMap, WhatIsCutIsStoredAnew) {
  for (const int64_t end : {kChunk * 2 + 5, kChunk * 2, kChunk + 7, kChunk, int64_t{3}, int64_t{0}}) {
    OffsetMap map;
    Stored stored;
    AppendTransactions(map, 3 * kChunk);
    stored.Take(map);
    map.TruncateTo(TargetOffset(end));
    EXPECT_EQ(map.position(), SourceOffset(2 * end));
    stored.Take(map);
    ExpectSame(stored.Restored(), map);
    AppendTransactions(map, 2 * kChunk);
    stored.Take(map);
    ExpectSame(stored.Restored(), map);
    for (int64_t i = 0; i < end + 2 * kChunk; ++i) ASSERT_EQ(TargetOf(map, 2 * i), i);
  }
}

// Another process copied what lies between, or the operator left it out.
TEST(OffsetMap, RangesStayDisjoint) {
  OffsetMap map;
  Stored stored;
  AppendTransactions(map, 3);  // 0-6 to 0-3
  stored.Take(map);
  map.GoOnAt(At(50, 40));
  stored.Take(map);
  const OffsetMap restored = stored.Restored();
  ExpectSame(restored, map);
  AppendTransactions(map, 2);
  map.GoOnAt(At(60, 42));
  AppendTransactions(map, 1);
  stored.Take(map);
  ExpectSame(stored.Restored(), map);
  EXPECT_EQ(TargetOf(map, 4), 2);
  for (const int64_t source : {5, 6, 7, 49}) EXPECT_EQ(TargetOf(map, source), -1) << source;
  EXPECT_EQ(TargetOf(map, 50), 40);
  EXPECT_EQ(TargetOf(map, 53), -1) << "behind its last record are what was left out, or markers";
  EXPECT_EQ(TranslateToTarget(map.ranges(), SourceOffset(57), {}).kind, TranslationKind::kNotCopied);
  EXPECT_EQ(TargetOf(map, 60), 42);
  EXPECT_EQ(map.SourceOf(TargetOffset(2)), SourceOffset(4));
  EXPECT_EQ(map.SourceOf(TargetOffset(3)), std::nullopt);
  EXPECT_EQ(map.SourceOf(TargetOffset(41)), SourceOffset(52));
  map.GoOnAt({map.position(), map.target_end()});
  EXPECT_EQ(map.ranges().size(), 3u) << "that is where it ends";
}

// The operator has it copied again from further below, or the target has lost records.
TEST(OffsetMap, WhatComesAgainReplacesWhatWasKnown) {
  OffsetMap map;
  Stored stored;
  AppendTransactions(map, 2 * kChunk);
  stored.Take(map);
  map.GoOnAt(At(100, 5'000));  // again, behind what is there
  AppendTransactions(map, 5);
  stored.Take(map);
  ExpectSame(stored.Restored(), map);
  EXPECT_EQ(TargetOf(map, 98), 49);
  EXPECT_EQ(TargetOf(map, 100), 5'000);
  EXPECT_EQ(TargetOf(map, 111), -1);
  map.GoOnAt(At(200, 20));  // the target has lost nearly all
  stored.Take(map);
  ExpectSame(stored.Restored(), map);
  EXPECT_EQ(TargetOf(map, 38), 19);
  EXPECT_EQ(TargetOf(map, 40), -1);
  EXPECT_EQ(TargetOf(map, 100), -1);
  EXPECT_EQ(TargetOf(map, 200), 20);
  map.GoOnAt(At(0, 0));
  stored.Take(map);
  EXPECT_TRUE(stored.chunks().empty());
}

TEST(OffsetMap, ChunksBelowBothLogStartsArePruned) {
  OffsetMap map;
  Stored stored;
  AppendTransactions(map, 3 * kChunk);
  stored.Take(map);
  EXPECT_FALSE(map.PruneBelow(Starts(2 * kChunk, kChunk - 1))) << "the target still holds the last record of the first";
  EXPECT_FALSE(map.PruneBelow(Starts(2 * kChunk - 2, 2 * kChunk)));
  EXPECT_TRUE(map.PruneBelow(Starts(2 * kChunk, kChunk)));
  stored.Take(map);
  EXPECT_EQ(stored.chunks().front().begin.target, TargetOffset(kChunk));
  ExpectSame(stored.Restored(), map);
  EXPECT_FALSE(map.PruneBelow(Starts(2 * kChunk, kChunk))) << "once";
  EXPECT_EQ(TargetOf(map, 2 * kChunk), kChunk);
  EXPECT_TRUE(map.PruneBelow(Starts(100'000, 100'000)));
  EXPECT_EQ(map.ranges().size(), 1u) << "the last one grows";
}

TEST(OffsetMap, TheOldestChunksLeaveMemoryForTheStore) {
  OffsetMap map;
  Stored stored;
  AppendTransactions(map, 3 * kChunk + 10);
  map.LeaveToTheStore(0);
  EXPECT_EQ(map.run_count(), static_cast<size_t>(3 * kChunk + 10)) << "it has nothing yet";
  stored.Take(map);
  const OffsetMap whole = map;
  map.LeaveToTheStore(2 * kChunk);
  EXPECT_EQ(map.run_count(), static_cast<size_t>(kChunk + 10));
  EXPECT_TRUE(map.older_are_stored());
  EXPECT_EQ(TargetOf(map, 4 * kChunk - 2), -1);
  EXPECT_EQ(TargetOf(map, 4 * kChunk), 2 * kChunk);
  AppendTransactions(map, 5);
  stored.Take(map);
  EXPECT_EQ(stored.chunks().size(), 4u) << "the store has them";
  EXPECT_EQ(TargetOf(stored.Restored(), 2), 1);
  EXPECT_EQ(stored.Restored(1).run_count(), 15u);
  map.LeaveToTheStore(0);
  EXPECT_EQ(map.run_count(), 15u) << "the last one stays";
  // The store is told until it has nothing older any more.
  EXPECT_TRUE(map.PruneBelow(Starts(2 * kChunk, kChunk)));
  EXPECT_FALSE(map.PruneBelow(Starts(2 * kChunk, kChunk)));
  EXPECT_TRUE(map.older_are_stored());
  EXPECT_TRUE(map.PruneBelow(Starts(6 * kChunk, 3 * kChunk)));
  EXPECT_FALSE(map.older_are_stored());
  stored.Take(map);
  EXPECT_EQ(stored.chunks().size(), 1u);
}

// What is to be cut there is not known here.
TEST(OffsetMap, BelowWhatIsInMemoryItForgetsAll) {
  OffsetMap map;
  Stored stored;
  AppendTransactions(map, 2 * kChunk + 10);
  stored.Take(map);
  map.LeaveToTheStore(0);
  const int64_t cut = map.times_cut();
  map.GoOnAt(At(10, 10'000));
  EXPECT_GT(map.times_cut(), cut);
  stored.Take(map);
  EXPECT_TRUE(stored.chunks().empty());
  EXPECT_EQ(TargetOf(map, 8), -1);
  EXPECT_EQ(TargetOf(map, 10), 10'000);
  EXPECT_FALSE(map.older_are_stored());
}

}  // namespace
}  // namespace replicator::offsets
