#include "kafka/client/append.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/types/span.h"
#include "kafka/batch/record_batch.h"
#include "kafka/batch/records.h"

namespace replicator::kafka {
namespace {

TEST(AppendTest, ABatchOfOneRecordReadsBack) {
  std::string bytes = OneRecordBatch("key", "a value", 1'700'000'000'000, 4711, 3);
  NextBatchResult next = NextBatch(absl::MakeSpan(bytes));
  ASSERT_EQ(next.kind, BatchKind::kBatch) << next.reason;
  ASSERT_EQ(next.bytes.size(), bytes.size());
  RecordBatchView batch(next.bytes);
  EXPECT_TRUE(batch.Validate().ok()) << batch.Validate();
  EXPECT_TRUE(batch.CrcMatches());
  EXPECT_EQ(batch.producer_id(), 4711);
  EXPECT_EQ(batch.producer_epoch(), 3);
  EXPECT_EQ(batch.base_sequence(), 0);
  EXPECT_EQ(batch.max_timestamp_ms(), 1'700'000'000'000);
  std::vector<std::string> seen;
  ASSERT_TRUE(VisitRecords(batch, [&](const Record& record) {
                seen.push_back(std::string(*record.key));
                seen.push_back(std::string(*record.value));
                EXPECT_TRUE(record.headers.empty());
              }).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"key", "a value"}));
}

}  // namespace
}  // namespace replicator::kafka
