#include "kafka/batch/build_batch.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "kafka/batch/record_batch.h"
#include "kafka/batch/records.h"

namespace replicator::kafka {
namespace {

TEST(BuildBatchTest, RecordsReadBack) {
  const std::vector<NewRecord> records = {{"one", "first"}, {"two", std::nullopt}, {"", std::string(300, 'x')}};
  std::string bytes =
      BuildBatch(records, 1'700'000'000'000, {.id = 4711, .epoch = 3, .base_sequence = 40, .is_transactional = true});
  const NextBatchResult next = NextBatch(absl::MakeSpan(bytes));
  ASSERT_EQ(next.kind, BatchKind::kBatch) << next.reason;
  ASSERT_EQ(next.bytes.size(), bytes.size());
  const RecordBatchView batch(next.bytes);
  EXPECT_TRUE(batch.Validate().ok()) << batch.Validate();
  EXPECT_TRUE(batch.CrcMatches());
  EXPECT_TRUE(batch.is_transactional());
  EXPECT_FALSE(batch.is_control());
  EXPECT_FALSE(batch.has_holes());
  EXPECT_EQ(batch.codec(), Codec::kNone);
  EXPECT_EQ(batch.producer_id(), 4711);
  EXPECT_EQ(batch.producer_epoch(), 3);
  EXPECT_EQ(batch.base_sequence(), 40);
  std::vector<std::pair<std::string, std::optional<std::string>>> seen;
  ASSERT_TRUE(VisitRecords(batch, [&](const Record& record) {
                std::optional<std::string> value;
                if (record.value.has_value()) value = std::string(*record.value);
                EXPECT_EQ(record.offset, static_cast<int64_t>(seen.size()));
                EXPECT_EQ(record.timestamp_ms, 1'700'000'000'000);
                seen.emplace_back(std::string(*record.key), value);
              }).ok());
  ASSERT_EQ(seen.size(), records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(seen[i].first, records[i].key);
    EXPECT_EQ(seen[i].second, records[i].value);
  }
}

TEST(BuildBatchTest, WithoutAProducerNothingCounts) {
  const NewRecord record = {"key", "value"};
  std::string bytes = BuildBatch({&record, 1}, 7, {});
  const RecordBatchView batch(NextBatch(absl::MakeSpan(bytes)).bytes);
  EXPECT_EQ(batch.producer_id(), -1);
  EXPECT_EQ(batch.producer_epoch(), -1);
  EXPECT_EQ(batch.base_sequence(), -1);
  EXPECT_FALSE(batch.is_transactional());
}

}  // namespace
}  // namespace replicator::kafka
