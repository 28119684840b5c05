#include "replicator/locate/content_search.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/types/span.h"
#include "kafka/wire/testdata/golden_frames.h"

namespace replicator {
namespace {

using Aborted = kafka::FetchResponse::AbortedTransaction;

// What a Fetch from the first batch on answers.
absl::StatusOr<bool> CopiesFirstOf(const std::vector<std::string_view>& batches, std::vector<Aborted> aborted) {
  std::string bytes;
  for (std::string_view hex : batches) bytes += absl::HexStringToBytes(absl::string_view(hex.data(), hex.size()));
  kafka::PeekedBatches peeked(std::move(bytes), std::move(aborted));
  return FirstIsCopied(peeked);
}

int64_t ProducerOf(std::string_view hex) {
  std::string bytes = absl::HexStringToBytes(absl::string_view(hex.data(), hex.size()));
  return kafka::RecordBatchView(absl::MakeSpan(bytes)).producer_id();
}

TEST(ContentSearchTest, ABatchOfAnAbortedTransactionWasNotCopied) {
  using kafka::golden::kBatchAbortMarker;
  using kafka::golden::kBatchTransactional;
  const int64_t producer = ProducerOf(kBatchTransactional);
  const int64_t base = 1'000;
  EXPECT_EQ(CopiesFirstOf({kBatchTransactional, kBatchAbortMarker}, {{producer, base - 3}}).value(), false);
  EXPECT_EQ(CopiesFirstOf({kBatchTransactional, kBatchAbortMarker}, {{producer, base}}).value(), false);
  EXPECT_EQ(CopiesFirstOf({kBatchTransactional}, {{producer, base + 100}}).value(), true) << "a later transaction";
  EXPECT_EQ(CopiesFirstOf({kBatchTransactional}, {{producer + 1, base}}).value(), true) << "somebody else's";
  EXPECT_EQ(CopiesFirstOf({kBatchTransactional}, {}).value(), true);
}

TEST(ContentSearchTest, NeitherIsAMarkerOrWhatNoReaderMaySeeYet) {
  EXPECT_EQ(CopiesFirstOf({kafka::golden::kBatchCommitMarker, kafka::golden::kBatchTransactional}, {}).value(), false);
  EXPECT_EQ(CopiesFirstOf({}, {}).value(), false);
}

// What a response holds of `sought`, which is its own batch at `sought_index`.
Copies CopiesIn(const std::vector<std::string_view>& batches, size_t sought_index, std::vector<Aborted> aborted,
                BatchSearch::Read read) {
  std::string bytes;
  for (std::string_view hex : batches) bytes += absl::HexStringToBytes(absl::string_view(hex.data(), hex.size()));
  const std::string_view hex = batches[sought_index];
  std::string sought = absl::HexStringToBytes(absl::string_view(hex.data(), hex.size()));
  kafka::PeekedBatches peeked(std::move(bytes), std::move(aborted));
  absl::StatusOr<Copies> copies = FindCopies(peeked, kafka::RecordBatchView(absl::MakeSpan(sought)), read);
  EXPECT_TRUE(copies.ok()) << copies.status();
  return copies.value_or(Copies());
}

TEST(ContentSearchTest, CopiesAreThoseThatTheLinkCopies) {
  using kafka::golden::kBatchAbortMarker;
  using kafka::golden::kBatchTransactional;
  std::string bytes = absl::HexStringToBytes(absl::string_view(kBatchTransactional.data(), kBatchTransactional.size()));
  const kafka::RecordBatchView batch(absl::MakeSpan(bytes));
  const BatchSearch::Read all = {0, 1'000'000};
  const Copies copies = CopiesIn({kBatchTransactional}, 0, {}, all);
  ASSERT_EQ(copies.places.size(), 1u);
  EXPECT_EQ(copies.places[0].position, batch.next_offset());
  EXPECT_EQ(copies.places[0].evidence.base_offset, batch.base_offset());
  EXPECT_EQ(copies.read_to, batch.next_offset());
  const std::vector<Aborted> aborted = {{batch.producer_id(), batch.base_offset()}};
  EXPECT_TRUE(CopiesIn({kBatchTransactional, kBatchAbortMarker}, 0, aborted, all).places.empty());
}

TEST(ContentSearchTest, WhatLiesBehindTheEndOfAReadDoesNotCount) {
  using kafka::golden::kBatchTransactional;
  std::string bytes = absl::HexStringToBytes(absl::string_view(kBatchTransactional.data(), kBatchTransactional.size()));
  const int64_t base = kafka::RecordBatchView(absl::MakeSpan(bytes)).base_offset();
  EXPECT_EQ(CopiesIn({kBatchTransactional}, 0, {}, {base, base + 1}).read_to, base + 1);
  EXPECT_TRUE(CopiesIn({kBatchTransactional}, 0, {}, {base - 10, base}).places.empty()) << "it was read before";
  EXPECT_EQ(CopiesIn({kBatchTransactional}, 0, {}, {base - 10, base}).read_to, base);
}

}  // namespace
}  // namespace replicator
