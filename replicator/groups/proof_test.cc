#include "replicator/groups/proof.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace replicator {
namespace {

using kafka::RecordWindow;
using kafka::WindowRecord;

// A log of records with these contents, the first at `start`; its window around `offset`.
struct Log {
  int64_t start = 0;
  std::vector<int> contents;  // -1: no record lies there
  bool has_broker_time = false;
  bool is_alike = false;  // one time for all

  RecordWindow Around(int64_t offset, size_t records_max = 4) const {
    RecordWindow window;
    window.offset = offset;
    window.log_start = start;
    window.high_watermark = start + static_cast<int64_t>(contents.size());
    window.reaches_start = window.reaches_end = true;
    for (size_t i = 0; i < contents.size(); ++i) {
      if (contents[i] < 0) continue;
      const auto content = static_cast<uint64_t>(contents[i]);
      const int64_t at = start + static_cast<int64_t>(i);
      const WindowRecord record = {at,
                                   has_broker_time ? 7'000 + at
                                   : is_alike      ? 1
                                                   : contents[i] * 10,
                                   has_broker_time, content % 5, content};
      if (at < offset) {
        window.before.push_back(record);
      } else if (window.after.size() < records_max) {
        window.after.push_back(record);
      } else {
        window.reaches_end = false;
      }
    }
    if (window.before.size() > records_max) {
      window.before.erase(window.before.begin(), window.before.end() - static_cast<int64_t>(records_max));
      window.reaches_start = false;
    }
    return window;
  }
};

ProofInput Of(const Log& source, int64_t source_offset, const Log& target, int64_t target_offset) {
  ProofInput input;
  input.source = source.Around(source_offset);
  input.target = target.Around(target_offset);
  return input;
}

ProofInput OfCompacted(const Log& source, int64_t source_offset, const Log& target, int64_t target_offset) {
  ProofInput input = Of(source, source_offset, target, target_offset);
  input.is_source_compacted = input.is_target_compacted = true;
  return input;
}

ProofResult ResultOf(const ProofInput& input) { return Prove(input).result; }

const Log kSource = {.start = 100, .contents = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};
const Log kTarget = {.start = 0, .contents = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};

TEST(ProofTest, EqualRecordsAroundItAreEqual) {
  for (int64_t at = 0; at <= 10; ++at) {
    const Proof proof = Prove(Of(kSource, 100 + at, kTarget, at));
    EXPECT_EQ(proof.result, ProofResult::kEqual) << at << ": " << proof.text;
    EXPECT_GE(proof.pairs, 4) << at;
  }
}

TEST(ProofTest, AnOffsetThatIsOffIsDifferent) {
  for (const int64_t off : {-3, -1, 1, 2})
    EXPECT_EQ(ResultOf(Of(kSource, 105, kTarget, 5 + off)), ProofResult::kDifferent);
}

TEST(ProofTest, ADoctoredRecordAnywhereInTheWindowIsDifferent) {
  for (size_t at = 1; at <= 8; ++at) {
    Log doctored = kTarget;
    doctored.contents[at] = 99;
    const Proof proof = Prove(Of(kSource, 105, doctored, 5));
    EXPECT_EQ(proof.result, ProofResult::kDifferent) << at;
    EXPECT_NE(proof.text.find(std::to_string(at)), std::string::npos) << proof.text;
  }
}

TEST(ProofTest, MarkersAndAbortedRecordsTakeNoPlaceOnTheTarget) {
  const Log source = {.start = 0, .contents = {1, 2, -1, 3, -1, -1, 4, 5, -1}};
  const Log target = {.start = 0, .contents = {1, 2, 3, 4, 5}};
  EXPECT_EQ(ResultOf(Of(source, 4, target, 3)), ProofResult::kEqual);
  EXPECT_EQ(ResultOf(Of(source, 9, target, 5)), ProofResult::kEqual);
  EXPECT_EQ(ResultOf(Of(source, 9, target, 4)), ProofResult::kDifferent);
}

TEST(ProofTest, TheCopyMayLackWhatTheSourceHasButNotTheOtherWayRound) {
  const Log behind = {.start = 0, .contents = {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(ResultOf(Of(kSource, 105, behind, 5)), ProofResult::kEqual);
  const Log ahead = {.start = 100, .contents = {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(ResultOf(Of(ahead, 105, kTarget, 5)), ProofResult::kDifferent);
}

TEST(ProofTest, AmongRecordsThatAreAlikeTheCountDecides) {
  const Log source = {.start = 100, .contents = std::vector<int>(40, 3), .is_alike = true};
  const Log target = {.start = 7, .contents = std::vector<int>(40, 3), .is_alike = true};
  EXPECT_EQ(ResultOf(Of(source, 120, target, 27)), ProofResult::kUnprovable);
  EXPECT_EQ(ResultOf(Of(source, 120, target, 28)), ProofResult::kUnprovable);
  ProofInput input = Of(source, 120, target, 27);
  input.run = {100, 7, 40};
  EXPECT_EQ(ResultOf(input), ProofResult::kEqual);
  for (const int64_t off : {26, 28}) {
    input = Of(source, 120, target, off);
    input.run = {100, 7, 40};
    const Proof proof = Prove(input);
    EXPECT_EQ(proof.result, ProofResult::kDifferent);
    EXPECT_NE(proof.text.find("it is 20 records"), std::string::npos) << proof.text;
  }
  // In the gap behind a run: where the run ends.
  input = Of(source, 130, target, 27);
  input.run = {100, 7, 20};
  EXPECT_EQ(ResultOf(input), ProofResult::kEqual);
  // Two whole logs are counted from their beginnings.
  const Log whole = {.start = 0, .contents = std::vector<int>(6, 3), .is_alike = true};
  EXPECT_EQ(ResultOf(Of(whole, 3, whole, 3)), ProofResult::kEqual);
  EXPECT_EQ(ResultOf(Of(whole, 3, whole, 2)), ProofResult::kDifferent);
}

TEST(ProofTest, WhereABrokerHasPutItsOwnTimeTheTimeIsNotCompared) {
  Log target = kTarget;
  target.has_broker_time = true;
  EXPECT_EQ(ResultOf(Of(kSource, 105, target, 5)), ProofResult::kEqual);
  EXPECT_EQ(ResultOf(Of(kSource, 105, target, 6)), ProofResult::kDifferent);
}

TEST(ProofTest, RetentionOnASideLeavesTheNextRecordThatSurvives) {
  const Log later_target = {.start = 6, .contents = {7, 8, 9, 10}};
  const Proof proof = Prove(Of(kSource, 103, later_target, 3));
  EXPECT_EQ(proof.result, ProofResult::kEqualAtNext) << proof.text;
  EXPECT_NE(proof.text.find("the target"), std::string::npos) << proof.text;
  EXPECT_NE(proof.text.find("106"), std::string::npos) << proof.text;
  const Log later_source = {.start = 106, .contents = {7, 8, 9, 10}};
  EXPECT_EQ(ResultOf(Of(later_source, 103, kTarget, 3)), ProofResult::kEqualAtNext);
  EXPECT_EQ(ResultOf(Of(later_source, 103, later_target, 3)), ProofResult::kEqualAtNext);
  const Log doctored = {.start = 6, .contents = {7, 99, 9, 10}};
  EXPECT_EQ(ResultOf(Of(later_source, 103, doctored, 3)), ProofResult::kDifferent);
  const Log empty = {.start = 10, .contents = {}};
  EXPECT_EQ(ResultOf(Of(kSource, 103, empty, 3)), ProofResult::kUnprovable);
  const Log far = {.start = 9, .contents = {10}};  // further than the window of the source goes
  EXPECT_EQ(ResultOf(Of(kSource, 101, far, 1)), ProofResult::kUnprovable);
}

TEST(ProofTest, EmptyLogsAreEqualAtTheirEnds) {
  const Log source = {.start = 50, .contents = {}};
  const Log target = {.start = 20, .contents = {}};
  EXPECT_EQ(ResultOf(Of(source, 50, target, 20)), ProofResult::kEqual);
}

TEST(ProofTest, CompactionLeavesTheRecordsThatSurviveOnBothSides) {
  const Log source = {.start = 0, .contents = {1, -1, 3, -1, 5, -1, -1, 8, 9, 10}};
  const Log target = {.start = 0, .contents = {-1, 2, 3, 4, 5, 6, -1, 8, -1, 10}};
  EXPECT_EQ(ResultOf(OfCompacted(source, 5, target, 5)), ProofResult::kEqualAtNext);
  EXPECT_EQ(ResultOf(OfCompacted(source, 4, target, 4)), ProofResult::kEqualAtNext);
  const Log same = {.start = 20, .contents = {1, -1, 3, -1, 5, -1, -1, 8, 9, 10}};
  EXPECT_EQ(ResultOf(OfCompacted(source, 5, same, 25)), ProofResult::kEqual);
  const Log none = {.start = 0, .contents = {-1, 2, -1, 4, -1, 6, 7, -1, -1, -1}};
  const Proof proof = Prove(OfCompacted(source, 5, none, 5));
  EXPECT_EQ(proof.result, ProofResult::kUnprovable);
  EXPECT_NE(proof.text.find("compaction"), std::string::npos) << proof.text;
}

TEST(ProofTest, CompactionDoesNotChangeOrReorder) {
  const Log source = {.start = 0, .contents = {1, 2, 3, 4, 5, 6, 7, 8}};
  const Log reordered = {.start = 0, .contents = {1, 2, 3, 4, 6, 5, 7, 8}};
  EXPECT_EQ(ResultOf(OfCompacted(source, 4, reordered, 4)), ProofResult::kDifferent);
  // One key, one time, another value.
  ProofInput input = OfCompacted(source, 4, source, 4);
  input.target.after[1].content = 77;
  EXPECT_EQ(ResultOf(input), ProofResult::kDifferent);
  // All records of the one side lie on the wrong side of the position.
  const Log head = {.start = 0, .contents = {1, 2, 3, -1, -1, -1}};
  const Log tail = {.start = 0, .contents = {-1, -1, -1, 1, 2, 3}};
  EXPECT_EQ(ResultOf(OfCompacted(head, 3, tail, 3)), ProofResult::kDifferent);
}

}  // namespace
}  // namespace replicator
