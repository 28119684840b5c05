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

}  // namespace
}  // namespace replicator
