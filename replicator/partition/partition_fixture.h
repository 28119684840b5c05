// What the tests of partition.h share: a partition, batches without content, answers.
#ifndef REPLICATOR_REPLICATOR_PARTITION_PARTITION_FIXTURE_H_
#define REPLICATOR_REPLICATOR_PARTITION_PARTITION_FIXTURE_H_

#include <gtest/gtest.h>

#include <optional>

#include "absl/types/span.h"
#include "offsets/known_ranges.h"
#include "replicator/partition/partition.h"

namespace replicator {

using Verdict = Answer::Verdict;

inline constexpr Producer kOurs = {.id = 40, .epoch = 0};
inline constexpr int64_t kBatchBytes = 100;

// A batch of `count` records at `base`. Only the number of its bytes matters here.
inline Batch MakeBatch(int64_t base, int32_t count) {
  static char bytes[kBatchBytes];
  return {SourceOffset(base), SourceOffset(base + count), count,
          kafka::Slice(kafka::BufferRef(), absl::MakeSpan(bytes))};
}

inline Answer Appended(int64_t base_offset) { return {.verdict = Verdict::kAppended, .base_offset = base_offset}; }

inline Answer Unclear() { return {.verdict = Verdict::kUnclear, .error = "no answer"}; }

// The header of a last batch of ours, after which `next_sequence` comes.
inline TargetTail OurTail(int32_t next_sequence) { return {kOurs, next_sequence}; }

// Where the map of `partition` has the record at `source`, or the next one; nullopt when it does not know.
inline std::optional<TargetOffset> TargetOf(const Partition& partition, int64_t source) {
  const offsets::ToTarget found = TranslateToTarget(partition.map().ranges(), SourceOffset(source), {});
  return found.kind == offsets::TranslationKind::kExact ? std::optional(found.target) : std::nullopt;
}

class PartitionTest : public testing::Test {
 protected:
  PartitionTest() : partition_({.producer = kOurs, .queue_bytes_max = 2 * kBatchBytes}) {}

  void Begin(int64_t position = 0, int64_t target_end = 0, int64_t ordinal = 0) {
    partition_.Begin(SourceOffset(position), TargetOffset(target_end), Ordinal(ordinal));
  }

  // Copies one batch from acceptance to answer.
  void Copy(int64_t base, int32_t count) {
    partition_.Accept(MakeBatch(base, count));
    const Send send = partition_.TakeSend();
    partition_.OnAnswer(send.id, Appended(send.expected.value));
  }

  // Sends the batch at `base` and gets no answer.
  void SendWithoutAnswer(int64_t base, int32_t count) {
    partition_.Accept(MakeBatch(base, count));
    partition_.OnAnswer(partition_.TakeSend().id, Unclear());
  }

  void TargetEnd(int64_t log_end, int64_t high_watermark, const std::optional<TargetTail>& tail) {
    partition_.OnTargetEnd(TargetOffset(log_end), TargetOffset(high_watermark), tail);
  }

  void ExpectQuarantine(QuarantineCode code) {
    ASSERT_TRUE(partition_.quarantined());
    EXPECT_EQ(partition_.quarantine()->code, code) << partition_.quarantine()->reason;
    EXPECT_NE(partition_.quarantine()->reason, "");
  }

  Partition partition_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_PARTITION_FIXTURE_H_
