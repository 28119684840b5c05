#include "replicator/partition/open_transaction.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"

namespace replicator {
namespace {

using std::chrono::seconds;

constexpr OpenTransaction::TimePoint kBegin{std::chrono::hours(5)};

TEST(OpenTransactionTest, WhatStandsForAMinuteIsLong) {
  OpenTransaction transaction;
  transaction.Observe(100, 150, kBegin);
  transaction.Observe(100, 400, kBegin + seconds(59));
  EXPECT_FALSE(transaction.wants_owner());
  transaction.Observe(100, 500, kBegin + seconds(60));
  EXPECT_TRUE(transaction.wants_owner());
  EXPECT_FALSE(transaction.is_told());
}

TEST(OpenTransactionTest, WhatMovesNeverIs) {
  OpenTransaction transaction;
  for (int i = 0; i < 20; ++i) transaction.Observe(100 + i, 900, kBegin + seconds(10 * i));
  EXPECT_FALSE(transaction.wants_owner());
}

TEST(OpenTransactionTest, ALogThatStandsStillHoldsNothingBack) {
  OpenTransaction transaction;
  transaction.Observe(100, 100, kBegin);
  transaction.Observe(100, 100, kBegin + seconds(600));
  EXPECT_FALSE(transaction.wants_owner());
  transaction.Observe(100, 101, kBegin + seconds(601));
  EXPECT_FALSE(transaction.wants_owner()) << "its minute begins with the first record that is held back";
  transaction.Observe(100, 101, kBegin + seconds(660));
  EXPECT_TRUE(transaction.wants_owner());
}

TEST(OpenTransactionTest, OneWordForEachTransaction) {
  OpenTransaction transaction;
  transaction.Observe(100, 1'350, kBegin);
  transaction.Observe(100, 1'350, kBegin + seconds(90));
  transaction.Tell(TransactionOwner{4711, 2, 1'700'000'000'000});
  EXPECT_TRUE(transaction.is_told());
  EXPECT_FALSE(transaction.wants_owner());
  const std::string text = transaction.Text("orders", 3, kBegin + seconds(90));
  EXPECT_TRUE(absl::StrContains(text, "begins at source offset 100 is open for 1 min 30 s at least; 1,250 offsets"))
      << text;
  EXPECT_TRUE(absl::StrContains(text, "producer id 4711's, epoch 2, which wrote last at 2023-11-14 22:13:20 UTC"));
  EXPECT_TRUE(absl::StrContains(text, "abort --topic orders --partition 3 --start-offset 100")) << text;
  transaction.Observe(1'350, 1'350, kBegin + seconds(95));
  EXPECT_FALSE(transaction.is_told()) << "it has ended";
  transaction.Observe(1'350, 1'360, kBegin + seconds(100));
  transaction.Observe(1'350, 1'370, kBegin + seconds(170));
  EXPECT_TRUE(transaction.wants_owner()) << "the next one";
}

TEST(OpenTransactionTest, AnOldBrokerDoesNotSayWhoseItIs) {
  OpenTransaction transaction;
  transaction.Observe(7, 9, kBegin);
  transaction.Observe(7, 9, kBegin + seconds(60));
  transaction.Tell(std::nullopt);
  EXPECT_TRUE(
      absl::StrContains(transaction.Text("orders", 0, kBegin + seconds(60)), "restart it with its transactional.id"));
}

}  // namespace
}  // namespace replicator
