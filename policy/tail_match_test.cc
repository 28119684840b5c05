#include "policy/tail_match.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace replicator::policy {
namespace {

using Kind = TailPlace::Kind;

// A record by its offset and a letter that stands for its content; its key is the letter in lower case, so that "a" and
// "A" are two versions of one key.
RecordMark Mark(int64_t offset, char letter) {
  return {offset, static_cast<uint64_t>(letter), static_cast<uint64_t>(letter | 0x20)};
}

// "ab.c": records at offset, offset + 1 and offset + 3; a dot is a hole.
std::vector<RecordMark> Marks(int64_t offset, const std::string& letters) {
  std::vector<RecordMark> marks;
  for (char letter : letters) {
    if (letter != '.') marks.push_back(Mark(offset, letter));
    ++offset;
  }
  return marks;
}

// The target's tail is `tail` from offset 100 on; the source's batches lie at 100 + `shift` and on, divided by '|'.
TailPlace Place(const std::string& tail, const std::string& batches, int64_t shift = 0) {
  TailMatch match(100, Marks(100, tail));
  int64_t offset = 100 + shift;
  std::string batch;
  for (char letter : batches + "|") {
    if (letter != '|') {
      batch += letter;
      continue;
    }
    const int64_t end = offset + static_cast<int64_t>(batch.size());
    match.AddBatch(end, Marks(offset, batch));
    offset = end;
    batch.clear();
  }
  return match.Result();
}

void ExpectPosition(const TailPlace& place, int64_t position) {
  EXPECT_EQ(place.kind, Kind::kFound) << place.reason;
  EXPECT_EQ(place.position, position);
}

TEST(TailMatchTest, AnUntouchedTailGoesOnBehindItsLastBatch) {
  ExpectPosition(Place("abcdef", "abc|def"), 106);
  ExpectPosition(Place("abcdef", "abc|def|gh"), 106);
  ExpectPosition(Place("abcdef", "xyz|abc|def|gh", 50), 159);
}

TEST(TailMatchTest, ARecordThatIsLeftOfTheLastBatchMarksItsEnd) {
  ExpectPosition(Place("abcdef", "abc|..f|DE"), 106);
  ExpectPosition(Place("abcdef", "abc|d..|EF"), 106);
  ExpectPosition(Place("abcdef", "...|.e.|ABCDF"), 106);
}

TEST(TailMatchTest, WithoutTheLastBatchItGoesOnBehindTheOneBefore) {
  // The batch is gone altogether; what comes next is the first that the target lacks.
  ExpectPosition(Place("abcdef", "abc|...|DEF"), 103);
  ExpectPosition(Place("abcdef", "a..|...|BCDEF"), 103);
}

TEST(TailMatchTest, GapsOfMarkersAndAbortedRecordsTakeNoOffsetsOfTheTarget) {
  ExpectPosition(Place("abcdef", "abc|....|def|g"), 110);
  ExpectPosition(Place("abcdef", "abc|....|d..|EF", 7), 117);
}

TEST(TailMatchTest, NothingInCommonIsNothing) {
  EXPECT_EQ(Place("abcdef", "xyz").kind, Kind::kNothing);
  EXPECT_EQ(Place("abcdef", "").kind, Kind::kNothing);
  EXPECT_EQ(Place("abcdef", "ABCDEF").kind, Kind::kNothing);
}

TEST(TailMatchTest, ARecordTwiceAtTheEndIsUnclear) {
  EXPECT_EQ(Place("abcdef", "abc|def|xyz|f").kind, Kind::kUnclear);
  EXPECT_EQ(Place("abcdee", "abc|dee").kind, Kind::kUnclear);
  EXPECT_EQ(Place("aaaaaa", "aaa|aaa").kind, Kind::kUnclear);
  // Further back it does no harm.
  ExpectPosition(Place("aaadef", "aaa|def|xyz"), 106);
}

// A producer wrote its last batch once more with the same times, and compaction took the older one away.
TEST(TailMatchTest, TheTwinOfACompactedBatchIsNotTakenForIt) {
  EXPECT_EQ(Place("abcdef", "abc|...|xyz|def").kind, Kind::kUnclear);
  EXPECT_EQ(Place("abcdef", "...|...|xyz|def").kind, Kind::kUnclear);
  // If it wrote the whole tail once more, nothing tells that: so the tail has to be longer than what anybody repeats.
  ExpectPosition(Place("abcdef", "...|...|xyz|abcdef"), 115);
}

TEST(TailMatchTest, AnotherOrderOrANarrowerGapIsUnclear) {
  EXPECT_EQ(Place("abcdef", "def|abc").kind, Kind::kUnclear);
  EXPECT_EQ(Place("abcdef", "abc|dfe").kind, Kind::kUnclear);
  EXPECT_EQ(Place("abcdef", "abc|ef").kind, Kind::kUnclear);
}

TEST(TailMatchTest, ABatchOfWhichTheTargetHasOnlyAPartIsUnclear) {
  EXPECT_EQ(Place("abcdef", "abc|defgh").kind, Kind::kUnclear);
}

TEST(TailMatchTest, WhatTheTargetCompactedItselfIsKnownByTheNewerRecordOfItsKey) {
  // The target has no "c" any more, since it has "C".
  ExpectPosition(Place("ab.dCf", "abc|dCf|g"), 106);
  // No newer record explains that "c" is missing.
  EXPECT_EQ(Place("ab.def", "abc|def|g").kind, Kind::kUnclear);
  // Newer than what is missing, but not on the target.
  EXPECT_EQ(Place("ab.def", "abc|def|C").kind, Kind::kUnclear);
}

// An exact model: a log with keys and aborted batches, copied up to a random place, cleaned on both sides.
class Model {
 public:
  explicit Model(uint64_t seed) : random_(seed) {
    const uint64_t keys = 2 + random_() % 40;
    const size_t batches = 4 + random_() % 12;
    const size_t copied_batches = 1 + random_() % batches;
    int64_t offset = static_cast<int64_t>(random_() % 1000);
    for (size_t batch = 0; batch < batches; ++batch) {
      const bool aborted = random_() % 5 == 0;
      const bool copied = batch < copied_batches && !aborted;
      if (copied) last_batch_at_ = target_.size();
      for (uint64_t records = 1 + random_() % 6; records > 0; --records, ++offset) {
        const RecordMark mark = {offset, random_(), random_() % keys};
        if (!aborted) source_.push_back({mark, batch, batch < copied_batches});
        if (copied) target_.push_back({{static_cast<int64_t>(target_.size()), mark.content, mark.key}, batch, true});
      }
      batch_end_.push_back(offset);
    }
  }

  bool target_is_empty() const { return target_.empty(); }
  // The cleaner has been somewhere.
  void CleanSource() { Clean(source_, random_() % (source_.size() + 1)); }
  // Never in the active segment, and so not in the last batch.
  void CleanTarget() { Clean(target_, random_() % (last_batch_at_ + 1)); }

  TailPlace Place() {
    const int64_t begin = static_cast<int64_t>(random_() % target_.size());
    std::vector<RecordMark> tail;
    for (const Entry& entry : target_) {
      if (entry.left && entry.mark.offset >= begin) tail.push_back(entry.mark);
    }
    TailMatch match(begin, tail);
    for (size_t batch = 0; batch < batch_end_.size(); ++batch) {
      std::vector<RecordMark> records;
      for (const Entry& entry : source_) {
        if (entry.batch == batch && entry.left) records.push_back(entry.mark);
      }
      match.AddBatch(batch_end_[batch], records);
    }
    return match.Result();
  }

  // Everything that is left below the position was copied, and nothing at it or behind it.
  bool IsRight(int64_t position) const {
    return std::all_of(source_.begin(), source_.end(), [&](const Entry& entry) {
      return !entry.left || (entry.mark.offset < position) == entry.copied;
    });
  }

 private:
  struct Entry {
    RecordMark mark;
    size_t batch;
    bool copied;
    bool left = true;
  };

  // Of each key the newest record below `end` stays.
  static void Clean(std::vector<Entry>& log, size_t end) {
    for (size_t i = 0; i < end; ++i) {
      for (size_t newer = i + 1; newer < end; ++newer) {
        if (log[newer].mark.key == log[i].mark.key) log[i].left = false;
      }
    }
  }

  std::mt19937_64 random_;
  std::vector<Entry> source_;
  std::vector<Entry> target_;
  size_t last_batch_at_ = 0;
  std::vector<int64_t> batch_end_;
};

TEST(TailMatchTest, NothingIsLeftOutOrDoubledInRandomCompactedLogs) {
  int found = 0;
  for (uint64_t seed = 0; seed < 5'000; ++seed) {
    Model model(seed);
    if (model.target_is_empty()) continue;
    model.CleanSource();
    const TailPlace place = model.Place();
    EXPECT_NE(place.kind, Kind::kUnclear) << "seed " << seed << ": " << place.reason;
    if (place.kind != Kind::kFound) continue;
    ++found;
    EXPECT_TRUE(model.IsRight(place.position)) << "seed " << seed;
  }
  EXPECT_GT(found, 2'000);
}

TEST(TailMatchTest, NothingIsLeftOutOrDoubledWhenTheTargetWasCompactedToo) {
  int found = 0;
  for (uint64_t seed = 0; seed < 5'000; ++seed) {
    Model model(seed);
    if (model.target_is_empty()) continue;
    model.CleanSource();
    model.CleanTarget();
    const TailPlace place = model.Place();
    EXPECT_NE(place.kind, Kind::kUnclear) << "seed " << seed << ": " << place.reason;
    if (place.kind != Kind::kFound) continue;
    ++found;
    EXPECT_TRUE(model.IsRight(place.position)) << "seed " << seed;
  }
  EXPECT_GT(found, 2'000);
}

}  // namespace
}  // namespace replicator::policy
