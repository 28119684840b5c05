#include "policy/batch_plan.h"

#include <cstdint>
#include <limits>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator::policy {
namespace {

using ::testing::HasSubstr;

// Ten records at offsets 100..109.
BatchFacts Plain() { return {.base_offset = 100, .last_offset_delta = 9, .record_count = 10}; }
BatchContext Wanting(int64_t offset) { return {.wanted_offset = offset}; }

void ExpectSkip(const BatchFacts& batch, const BatchContext& context, BatchReason reason) {
  const BatchPlan plan = PlanBatch(batch, context);
  EXPECT_EQ(plan.action, BatchAction::kSkip);
  EXPECT_EQ(plan.reason, reason) << Name(plan.reason);
  EXPECT_EQ(plan.explanation, "");
}

void ExpectRefusal(const BatchFacts& batch, const BatchContext& context, BatchReason reason, const std::string& part) {
  const BatchPlan plan = PlanBatch(batch, context);
  EXPECT_EQ(plan.action, BatchAction::kRefuse);
  EXPECT_EQ(plan.reason, reason) << Name(plan.reason);
  EXPECT_THAT(plan.explanation, HasSubstr("source offset " + std::to_string(batch.base_offset)));
  EXPECT_THAT(plan.explanation, HasSubstr(part));
}

TEST(BatchPlanTest, CopiesAPlainBatchOfEveryCodecAsItIs) {
  for (int8_t codec = 0; codec <= 4; ++codec) {
    BatchFacts batch = Plain();
    batch.codec = codec;
    const BatchPlan plan = PlanBatch(batch, Wanting(100));
    EXPECT_EQ(plan.action, BatchAction::kRaw);
    EXPECT_EQ(plan.reason, BatchReason::kNone);
    EXPECT_EQ(plan.explanation, "");
  }
}

TEST(BatchPlanTest, CopiesABatchBehindAGapInTheSource) {
  EXPECT_EQ(PlanBatch(Plain(), Wanting(50)).action, BatchAction::kRaw);
}

TEST(BatchPlanTest, SkipsControlBatches) {
  BatchFacts marker = {.base_offset = 100, .last_offset_delta = 0, .record_count = 1, .is_control = true};
  ExpectSkip(marker, Wanting(100), BatchReason::kControl);
  BatchContext context = Wanting(100);
  context.transaction = TransactionDecision::kSkipMarker;
  ExpectSkip(Plain(), context, BatchReason::kControl);
}

TEST(BatchPlanTest, SkipsAbortedDataEvenIfItCouldNotBeCopied) {
  BatchContext context = Wanting(105);
  context.transaction = TransactionDecision::kSkipAborted;
  BatchFacts batch = Plain();
  batch.is_log_append_time = true;
  batch.record_count = 3;
  ExpectSkip(batch, context, BatchReason::kAborted);
}

TEST(BatchPlanTest, SkipsAnEmptyRetainedBatch) {
  BatchFacts batch = Plain();
  batch.record_count = 0;
  ExpectSkip(batch, Wanting(100), BatchReason::kEmpty);
  ExpectSkip(batch, Wanting(105), BatchReason::kEmpty);
}

TEST(BatchPlanTest, SkipsABatchThatEndsBeforeTheWantedOffset) {
  ExpectSkip(Plain(), Wanting(110), BatchReason::kBeforeWanted);
}

TEST(BatchPlanTest, RefusesABatchThatBeginsBeforeTheWantedOffset) {
  ExpectRefusal(Plain(), Wanting(101), BatchReason::kStartsEarly, "offset 101");
  ExpectRefusal(Plain(), Wanting(109), BatchReason::kStartsEarly, "offset 109");
  ExpectRefusal(Plain(), Wanting(109), BatchReason::kStartsEarly, "resume with --from=110");
}

TEST(BatchPlanTest, RefusesACompactedBatchWithHoles) {
  BatchFacts batch = Plain();
  batch.record_count = 9;
  ExpectRefusal(batch, Wanting(100), BatchReason::kHoles, "9 records are left of 10 offsets");
}

TEST(BatchPlanTest, RefusesOldRecordFormats) {
  for (int8_t magic = 0; magic <= 1; ++magic) {
    BatchFacts batch = {.magic = magic, .base_offset = 100};
    ExpectRefusal(batch, Wanting(100), BatchReason::kOldFormat, "record format v" + std::to_string(magic));
  }
}

TEST(BatchPlanTest, RefusesLogAppendTime) {
  BatchFacts batch = Plain();
  batch.is_log_append_time = true;
  ExpectRefusal(batch, Wanting(100), BatchReason::kLogAppendTime, "LogAppendTime");
}

TEST(BatchPlanTest, RefusesFormatsFromTheFuture) {
  BatchFacts batch = Plain();
  batch.magic = 3;
  ExpectRefusal(batch, Wanting(100), BatchReason::kUnknownFormat, "v3");
  batch = Plain();
  batch.codec = 5;
  ExpectRefusal(batch, Wanting(100), BatchReason::kUnknownFormat, "compression type 5");
}

TEST(BatchPlanTest, RefusesCountsThatCannotBe) {
  BatchFacts batch = Plain();
  batch.record_count = 11;
  ExpectRefusal(batch, Wanting(100), BatchReason::kMalformed, "11 records in 10 offsets");
  batch = Plain();
  batch.last_offset_delta = -1;
  ExpectRefusal(batch, Wanting(100), BatchReason::kMalformed, "cannot be");
  batch = Plain();
  batch.record_count = -1;
  ExpectRefusal(batch, Wanting(100), BatchReason::kMalformed, "cannot be");
  batch = Plain();
  batch.base_offset = std::numeric_limits<int64_t>::max();
  ExpectRefusal(batch, Wanting(100), BatchReason::kMalformed, "cannot be");
  batch.base_offset = -1;
  ExpectRefusal(batch, Wanting(100), BatchReason::kMalformed, "cannot be");
}

TEST(BatchPlanTest, EveryReasonHasItsOwnName) {
  std::set<absl::string_view> names;
  for (int reason = 0; reason <= static_cast<int>(BatchReason::kLogAppendTime); ++reason) {
    names.insert(Name(static_cast<BatchReason>(reason)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(BatchReason::kLogAppendTime) + 1);
  EXPECT_EQ(names.count("unknown"), 0u);
}

}  // namespace
}  // namespace replicator::policy
