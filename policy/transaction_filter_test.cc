#include "policy/transaction_filter.h"

#include "gtest/gtest.h"

namespace replicator::policy {
namespace {

constexpr TransactionDecision kKeep = TransactionDecision::kKeep;
constexpr TransactionDecision kAborted = TransactionDecision::kSkipAborted;
constexpr TransactionDecision kMarker = TransactionDecision::kSkipMarker;

TransactionDecision Data(TransactionFilter& filter, int64_t last_offset, int64_t producer_id) {
  return filter.Decide(last_offset, producer_id, /*is_transactional=*/true, /*is_control=*/false,
                       /*is_abort_marker=*/false);
}

TransactionDecision Abort(TransactionFilter& filter, int64_t offset, int64_t producer_id) {
  return filter.Decide(offset, producer_id, true, true, true);
}

TransactionDecision Commit(TransactionFilter& filter, int64_t offset, int64_t producer_id) {
  return filter.Decide(offset, producer_id, true, true, false);
}

TEST(TransactionFilterTest, KeepsEverythingWithoutAbortedTransactions) {
  TransactionFilter filter({});
  EXPECT_EQ(Data(filter, 0, 7), kKeep);
  EXPECT_EQ(filter.Decide(1, -1, false, false, false), kKeep);
  EXPECT_EQ(filter.Decide(2, 7, false, false, false), kKeep);
}

TEST(TransactionFilterTest, SkipsAnAbortedTransactionUpToItsMarkerAndKeepsTheNextOneOfTheSameProducer) {
  TransactionFilter filter({{.producer_id = 7, .first_offset = 10}});
  EXPECT_EQ(Data(filter, 9, 7), kKeep);
  EXPECT_EQ(Data(filter, 12, 7), kAborted);
  EXPECT_EQ(Data(filter, 15, 7), kAborted);
  EXPECT_EQ(Abort(filter, 16, 7), kMarker);
  EXPECT_EQ(Data(filter, 20, 7), kKeep);
  EXPECT_EQ(Commit(filter, 21, 7), kMarker);
}

TEST(TransactionFilterTest, TellsInterleavedProducersApart) {
  TransactionFilter filter({{.producer_id = 7, .first_offset = 0}});
  EXPECT_EQ(Data(filter, 0, 7), kAborted);
  EXPECT_EQ(Data(filter, 1, 8), kKeep);
  EXPECT_EQ(Data(filter, 2, 7), kAborted);
  EXPECT_EQ(Commit(filter, 3, 8), kMarker);
  EXPECT_EQ(Abort(filter, 4, 7), kMarker);
}

TEST(TransactionFilterTest, ACommitMarkerOfAnotherProducerEndsNothing) {
  TransactionFilter filter({{.producer_id = 7, .first_offset = 0}});
  EXPECT_EQ(Data(filter, 0, 7), kAborted);
  EXPECT_EQ(Commit(filter, 1, 8), kMarker);
  EXPECT_EQ(Data(filter, 2, 7), kAborted);
}

TEST(TransactionFilterTest, OnlyAnAbortMarkerEndsAnAbortedTransaction) {
  TransactionFilter filter({{.producer_id = 7, .first_offset = 0}});
  EXPECT_EQ(Data(filter, 0, 7), kAborted);
  EXPECT_EQ(Commit(filter, 1, 7), kMarker);
  EXPECT_EQ(Data(filter, 2, 7), kAborted);
}

TEST(TransactionFilterTest, TakesTheListInAnyOrderAndTwoTransactionsOfOneProducer) {
  TransactionFilter filter({{.producer_id = 7, .first_offset = 20},
                            {.producer_id = 9, .first_offset = 5},
                            {.producer_id = 7, .first_offset = 0}});
  EXPECT_EQ(Data(filter, 0, 7), kAborted);
  EXPECT_EQ(Abort(filter, 1, 7), kMarker);
  EXPECT_EQ(Data(filter, 4, 9), kKeep);
  EXPECT_EQ(Data(filter, 6, 9), kAborted);
  EXPECT_EQ(Data(filter, 10, 7), kKeep);
  EXPECT_EQ(Commit(filter, 11, 7), kMarker);
  EXPECT_EQ(Data(filter, 22, 7), kAborted);
}

TEST(TransactionFilterTest, CoversATransactionThatBeganBeforeTheResponse) {
  TransactionFilter filter({{.producer_id = 7, .first_offset = 3}});
  EXPECT_EQ(Data(filter, 1000, 7), kAborted);
}

TEST(TransactionFilterTest, ComparesWithTheLastOffsetOfABatchWhoseHeadWasCompacted) {
  TransactionFilter filter({{.producer_id = 7, .first_offset = 12}});
  EXPECT_EQ(Data(filter, 14, 7), kAborted);
}

TEST(TransactionFilterTest, KeepsPlainIdempotentBatchesOfAnAbortingProducer) {
  TransactionFilter filter({{.producer_id = 7, .first_offset = 0}});
  EXPECT_EQ(Data(filter, 0, 7), kAborted);
  EXPECT_EQ(filter.Decide(1, 7, /*is_transactional=*/false, false, false), kKeep);
}

TEST(TransactionFilterTest, SkipsControlBatchesWithoutAProducer) {
  TransactionFilter filter({});
  EXPECT_EQ(filter.Decide(0, -1, false, true, false), kMarker);
}

}  // namespace
}  // namespace replicator::policy
