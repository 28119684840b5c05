// G: the target's last batch is found wherever it is, nearest first, and only where it is the only one.
#include "replicator/partition/batch_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/match.h"

namespace replicator {
namespace {

constexpr int64_t kResponseBytes = 1 << 20;

// A log of batches of one record, so many to a response.
struct Log {
  int64_t first = 0;
  int64_t end = 0;
  int64_t batches_per_response = 100;
  std::set<int64_t> matches;  // their offsets
};

struct Outcome {
  PlaceFound found;
  int64_t bytes = 0;
  std::vector<bool> was_read;  // by offset
};

Outcome SearchIn(const Log& log) {
  BatchSearch search(log.first, log.end);
  Outcome outcome;
  outcome.was_read.resize(log.end);
  for (auto read = search.next(); read.has_value(); read = search.next()) {
    const int64_t to = std::min(read->end, read->from + log.batches_per_response);
    for (int64_t offset = read->from; offset < to; ++offset) {
      outcome.was_read[offset] = true;
      if (log.matches.contains(offset)) search.OnMatch({offset + 1, {}});
    }
    search.OnRead(to, kResponseBytes);
  }
  outcome.found = search.Result();
  outcome.bytes = search.bytes_read();
  return outcome;
}

TEST(BatchSearch, FindsABatchWhereverItIs) {
  for (int64_t offset = 1'000; offset < 20'000; offset += 37) {
    const Outcome outcome = SearchIn({.first = 1'000, .end = 20'000, .matches = {offset}});
    ASSERT_TRUE(outcome.found.place.has_value()) << offset;
    EXPECT_EQ(outcome.found.place->position, offset + 1);
  }
}

// Producers' clocks differ: the first record of the right time lies far before.
TEST(BatchSearch, NearTheEndItReadsLittleHoweverLongTheLogIs) {
  for (const int64_t behind : {1, 500, 3'000, 50'000}) {
    const Outcome outcome = SearchIn({.first = 0, .end = 10'000'000, .matches = {10'000'000 - behind}});
    ASSERT_TRUE(outcome.found.place.has_value());
    // From both ends, and blocks reach up to twice as far as the place.
    EXPECT_LE(outcome.bytes, 2 * (2 * behind / 100 + 20) * kResponseBytes + BatchSearch::kBytesBehindFound) << behind;
  }
}

TEST(BatchSearch, NearTheRightTimeItReadsLittleHoweverLongTheLogIs) {
  const Outcome outcome = SearchIn({.first = 7, .end = 10'000'000, .matches = {3'000}});
  ASSERT_TRUE(outcome.found.place.has_value());
  EXPECT_LE(outcome.bytes, 2 * (3'000 / 100 + 1) * kResponseBytes + BatchSearch::kBytesBehindFound);
}

TEST(BatchSearch, WhatIsThereTwiceIsNoPlace) {
  for (const int64_t other : {2'001, 2'300, 9'050}) {
    const Outcome outcome = SearchIn({.first = 1'900, .end = 10'000, .matches = {2'000, other}});
    EXPECT_FALSE(outcome.found.place.has_value());
    EXPECT_TRUE(absl::StrContains(outcome.found.why_not, "more than once")) << outcome.found.why_not;
  }
}

TEST(BatchSearch, WhatIsNotThereWasLookedForEverywhere) {
  for (const int64_t end : {0, 1, 99, 1'024, 1'025, 25'000}) {
    for (const int64_t per_response : {1, 7, 100, 3'000}) {
      if (end / per_response > 1'000) continue;
      const Outcome outcome = SearchIn({.first = 0, .end = end, .batches_per_response = per_response, .matches = {}});
      EXPECT_FALSE(outcome.found.place.has_value());
      EXPECT_EQ(outcome.found.why_not, "");
      EXPECT_EQ(std::count(outcome.was_read.begin(), outcome.was_read.end(), true), end);
    }
  }
}

TEST(BatchSearch, EndsAfterAGigabyteAndSaysWhereItLooked) {
  const Outcome outcome = SearchIn({.first = 0, .end = 10'000'000, .matches = {5'000'000}});
  EXPECT_FALSE(outcome.found.place.has_value());
  EXPECT_EQ(outcome.bytes, BatchSearch::kBytesMax);
  EXPECT_TRUE(absl::StrContains(outcome.found.why_not, "1024 MiB")) << outcome.found.why_not;
}

TEST(BatchSearch, NothingIsYoungEnough) {
  EXPECT_FALSE(BatchSearch(10, 10).next().has_value());
  EXPECT_FALSE(BatchSearch(11, 10).next().has_value());
}

}  // namespace
}  // namespace replicator
