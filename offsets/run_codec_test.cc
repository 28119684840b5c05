#include "offsets/run_codec.h"

#include <gtest/gtest.h>

#include <random>

#include "absl/strings/escaping.h"

namespace replicator::offsets {
namespace {

Run MakeRun(int64_t source, int64_t target, int64_t count) {
  return {SourceOffset(source), TargetOffset(target), count};
}
using Runs = std::vector<Run>;  // testing::Test has a Run of its own
MapBegin At(int64_t source, int64_t target) { return {SourceOffset(source), TargetOffset(target)}; }

bool Reads(MapBegin from, std::string_view hex) { return DecodeRuns(from, absl::HexStringToBytes(hex)).ok(); }

TEST(RunCodecTest, TheExampleIsAsTheHeaderSays) {
  const Runs runs = {MakeRun(1000, 900, 10), MakeRun(1011, 910, 20), MakeRun(1035, 935, 300)};
  const std::string bytes = EncodeRuns(At(1000, 900), runs);
  EXPECT_EQ(absl::BytesToHexString(bytes), "000a02140905ac02");
  const absl::StatusOr<Runs> read = DecodeRuns(At(1000, 900), bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, runs);
}

TEST(RunCodecTest, NoRunsAreNoBytes) {
  EXPECT_EQ(EncodeRuns(At(7, 7), {}), "");
  EXPECT_EQ(DecodeRuns(At(7, 7), "")->size(), 0u);
}

TEST(RunCodecTest, ATransactionTakesTwoBytes) {
  Runs runs;
  for (int64_t i = 0; i < 256; ++i) runs.push_back(MakeRun(i * 101, i * 100, 100));
  EXPECT_EQ(EncodeRuns(At(0, 0), runs).size(), 2u * runs.size());
}

TEST(RunCodecTest, WhatWasNotWrittenSoIsAnError) {
  EXPECT_TRUE(Reads(At(0, 0), "0001"));
  EXPECT_FALSE(Reads(At(0, 0), "00")) << "no count";
  EXPECT_FALSE(Reads(At(0, 0), "0000")) << "count 0";
  EXPECT_FALSE(Reads(At(0, 0), "01")) << "no target gap";
  EXPECT_FALSE(Reads(At(0, 0), "010001")) << "a target gap of 0";
  EXPECT_FALSE(Reads(At(0, 0), "00010001")) << "continues the one before";
  EXPECT_FALSE(Reads(At(0, 0), "0080")) << "a cut count";
  EXPECT_FALSE(Reads(At(0, 0), "0080808080808080808001")) << "more than 63 bits";
  EXPECT_FALSE(Reads(At(0, 0), "00ffffffffffffffff7f")) << "a count beyond 2^62";
  EXPECT_FALSE(Reads(At(0, int64_t{1} << 62), "0001")) << "an offset beyond 2^62";
  EXPECT_TRUE(Reads(At(0, (int64_t{1} << 62) - 1), "0001"));
}

TEST(RunCodecTest, RandomRunsComeBackAndCutOnesAreErrorsOrShorter) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    const auto any = [&] { return static_cast<int64_t>(random() >> (8 + random() % 56)); };
    MapBegin from = At(any(), any());
    MapBegin end = from;
    Runs runs;
    for (uint64_t left = random() % 20; left > 0; --left) {
      const int64_t source_gap = any() / 64 + 1;
      const int64_t target_gap = random() % 3 == 0 ? any() / 64 : 0;
      runs.push_back({end.source + source_gap, end.target + target_gap, any() / 64 + 1});
      end = {runs.back().source_end(), runs.back().target_end()};
    }
    const std::string bytes = EncodeRuns(from, runs);
    const absl::StatusOr<Runs> read = DecodeRuns(from, bytes);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_EQ(*read, runs);
    if (bytes.empty()) continue;
    const absl::StatusOr<Runs> cut = DecodeRuns(from, std::string_view(bytes).substr(0, random() % bytes.size()));
    ASSERT_TRUE(!cut.ok() || cut->size() < runs.size());
  }
}

TEST(RunCodecTest, RandomBytesNeverCrash) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 3 == 0 ? random() : random() % 4);
    const absl::StatusOr<Runs> runs = DecodeRuns(At(0, 0), bytes);
    if (runs.ok()) {
      EXPECT_EQ(*DecodeRuns(At(0, 0), EncodeRuns(At(0, 0), *runs)), *runs);
    }
  }
}

}  // namespace
}  // namespace replicator::offsets
