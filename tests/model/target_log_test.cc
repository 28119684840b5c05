// The model is worth what its target log is worth: each row of what was measured on real brokers, as a test.
#include "tests/model/target_log.h"

#include <gtest/gtest.h>

namespace replicator::tests {
namespace {

constexpr Producer kOurs = {.id = 7, .epoch = 0};

Produce MakeProduce(int32_t base_sequence, int32_t count = 1) {
  return {.producer = kOurs, .base_sequence = base_sequence, .record_count = count, .content = 0};
}

TargetLog LogOf(int batches, bool refuses_unknown_producers = false) {
  TargetLog log(0, refuses_unknown_producers);
  for (int i = 0; i < batches; ++i) EXPECT_TRUE(log.Append(MakeProduce(i)).appended);
  return log;
}

TEST(TargetLog, TheLastFiveBatchesAgainAnswerTheirFirstPlace) {
  TargetLog log = LogOf(8);
  for (int sequence = 3; sequence < 8; ++sequence) {
    const ProduceResult result = log.Append(MakeProduce(sequence));
    EXPECT_EQ(result.error, 0);
    EXPECT_EQ(result.base_offset, sequence);
    EXPECT_FALSE(result.appended);
  }
  EXPECT_EQ(log.Append(MakeProduce(2)).error, TargetLog::kOutOfOrderSequence);
  EXPECT_EQ(log.log_end(), 8);
}

TEST(TargetLog, AnOverlapWithOtherBordersIsOutOfOrder) {
  TargetLog log = LogOf(4);
  EXPECT_EQ(log.Append(MakeProduce(3, 2)).error, TargetLog::kOutOfOrderSequence);
  EXPECT_EQ(log.Append(MakeProduce(5)).error, TargetLog::kOutOfOrderSequence);
}

TEST(TargetLog, ARestartLeavesOneBatchInTheCache) {
  TargetLog log = LogOf(4);
  log.Elect(4, 0, 1);
  EXPECT_EQ(log.Append(MakeProduce(2)).error, TargetLog::kOutOfOrderSequence);
  EXPECT_EQ(log.Append(MakeProduce(3)).error, 0);
  EXPECT_EQ(log.log_end(), 4);
}

TEST(TargetLog, AForgottenProducerMayBeginAnywhereSoAResendIsStoredAgain) {
  TargetLog log = LogOf(4);
  log.ForgetProducers();
  const ProduceResult result = log.Append(MakeProduce(3));
  EXPECT_TRUE(result.appended);
  EXPECT_EQ(result.base_offset, 4);
}

TEST(TargetLog, OldBrokersRefuseAForgottenProducer) {
  TargetLog log = LogOf(4, /*refuses_unknown_producers=*/true);
  log.ForgetProducers();
  EXPECT_EQ(log.Append(MakeProduce(4)).error, TargetLog::kUnknownProducerId);
  EXPECT_TRUE(log.Append(MakeProduce(0)).appended);
}

TEST(TargetLog, SequencesWrap) {
  TargetLog log(1, false);
  log.SeedProducer(kOurs, 0x7ffffffe);
  EXPECT_TRUE(log.Append(MakeProduce(0x7fffffff, 3)).appended);
  EXPECT_TRUE(log.Append(MakeProduce(2)).appended);
  EXPECT_EQ(log.TailAt(5)->next_sequence, 3);
}

TEST(TargetLog, AnUncleanElectionTakesRecordsAndWhatTheLeaderKnewOfThem) {
  TargetLog log = LogOf(4);
  log.Replicate(4);
  log.Elect(2, 2, 5);
  EXPECT_EQ(log.log_end(), 2);
  EXPECT_EQ(log.high_watermark(), 2);
  EXPECT_EQ(log.Append(MakeProduce(4)).error, TargetLog::kOutOfOrderSequence);
  EXPECT_EQ(log.Append(MakeProduce(2)).base_offset, 2);
}

TEST(TargetLog, ATopicThatCompressesAnewShowsOtherBytes) {
  TargetLog log = LogOf(2);
  const TargetTail as_sent = *log.TailAt(2);
  log.CompressAnew();
  const TargetTail tail = *log.TailAt(2);
  EXPECT_NE(tail.content_crc, as_sent.content_crc);
  EXPECT_NE(tail.codec, as_sent.codec);
  EXPECT_EQ(TargetLog::ContentBehind(*tail.content_crc), as_sent.content_crc);
  EXPECT_EQ(tail.next_sequence, as_sent.next_sequence);
}

TEST(TargetLog, ForeignRecordsMoveTheEndNotTheSequence) {
  TargetLog log = LogOf(2);
  log.AppendForeign(3);
  EXPECT_EQ(log.TailAt(5)->producer, Producer());
  EXPECT_EQ(log.Append(MakeProduce(2)).base_offset, 5);
}

}  // namespace
}  // namespace replicator::tests
