// One partition of a target cluster, in memory: what a broker's UnifiedLog and ProducerStateManager do with the batches
// of idempotent producers, and what replication and elections do to the log. The behaviour is the measured one:
//   - an append lands only when its sequence follows the producer's last one; else OUT_OF_ORDER_SEQUENCE_NUMBER (45);
//   - the same batch again (same first and last sequence) answers success with its first place, as long as it is among
//   the
//     last five of the producer (only the last one after a restart);
//   - a forgotten producer may begin at any sequence; brokers up to 2.4 take only 0 then and answer UNKNOWN_PRODUCER_ID
//   (59);
//   - a topic with another compression.type than "producer" shows other bytes than were sent, and the rest unchanged;
//   - the high watermark follows the log end; elections cut the log back, unclean ones below the high watermark.
#ifndef REPLICATOR_TESTS_MODEL_TARGET_LOG_H_
#define REPLICATOR_TESTS_MODEL_TARGET_LOG_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "replicator/partition/partition.h"

namespace replicator::tests {

// What a batch holds: the index of the source batch, or one of these.
constexpr int kForeignContent = -1;
constexpr int kEarlierContent = -2;  // was there, and rightly so, before the run began

struct Produce {
  Producer producer;
  int32_t base_sequence = 0;
  int32_t record_count = 0;
  int content = kForeignContent;
};

struct ProduceResult {
  int error = 0;             // Kafka's error code
  int64_t base_offset = -1;  // when error == 0
  int64_t end_offset = -1;   // the high watermark that acks=all waits for
  bool appended = false;     // false: refused, or a duplicate of what is there
};

class TargetLog {
 public:
  static constexpr int kOutOfOrderSequence = 45;
  static constexpr int kUnknownProducerId = 59;

  struct LogBatch {
    int64_t base_offset = 0;
    Produce produce;
    int64_t end_offset() const { return base_offset + produce.record_count; }
  };

  // A log that begins at `start` (what was below is gone by retention). `refuses_unknown_producers`: brokers up to 2.4.
  TargetLog(int64_t start, bool refuses_unknown_producers)
      : start_(start), refuses_unknown_producers_(refuses_unknown_producers), log_end_(start), high_watermark_(start) {}

  // The last record below start() is the producer's, with `last_sequence`. REQUIRES: start > 0, nothing appended yet.
  void SeedProducer(const Producer& producer, int32_t last_sequence);

  ProduceResult Append(const Produce& produce);
  void AppendForeign(int32_t record_count);
  // Followers have fetched up to `end`, a batch border.
  void Replicate(int64_t end);

  // A new leader, whose log ends at `log_end` and who knows the high watermark as `high_watermark`. Producer state is
  // rebuilt from the log, with the last `cached` batches in the duplicate cache.
  void Elect(int64_t log_end, int64_t high_watermark, int cached);
  // The topic's compression.type is gzip. What is sent has no codec.
  void CompressAnew() { compresses_ = true; }
  // The content whose checksum a batch of such a topic shows.
  static uint32_t ContentBehind(uint32_t checksum) { return checksum ^ kCompressed; }
  // Retention, or an operator, deletes every record. What the broker knows of producers stays (since Kafka 2.4,
  // KAFKA-7190). REQUIRES: all of the log is replicated.
  void DeleteAll();
  // It has an end, and no record.
  bool IsEmptied() const { return log_end_ > 0 && log_end_ == deleted_below_; }
  // All producer ids have expired.
  void ForgetProducers() { producers_.clear(); }

  int64_t start() const { return start_; }
  int64_t log_end() const { return log_end_; }
  int64_t high_watermark() const { return high_watermark_; }
  int leader_epoch() const { return leader_epoch_; }
  bool Knows(const Producer& producer) const { return producers_.contains(producer.id); }
  // Those that were deleted, too.
  const std::vector<LogBatch>& batches() const { return batches_; }

  // The header of the batch that ends at `end`; nullopt when there is none, or it was deleted. A consumer's Fetch shows
  // it.
  std::optional<TargetTail> TailAt(int64_t end) const;

 private:
  static constexpr int kCacheMax = 5;
  static constexpr uint32_t kCompressed = 0x5a000000;

  struct Cached {
    int32_t first_sequence;
    int32_t last_sequence;
    int64_t base_offset;
  };
  struct ProducerState {
    int16_t epoch = -1;
    std::array<Cached, kCacheMax> cache = {};  // oldest first
    int cached_count = 0;
  };

  void Store(const Produce& produce);
  void Remember(const LogBatch& batch);

  const int64_t start_;
  const bool refuses_unknown_producers_;
  bool compresses_ = false;
  int64_t log_end_;
  int64_t high_watermark_;
  int64_t deleted_below_ = 0;
  int leader_epoch_ = 0;
  std::vector<LogBatch> batches_;
  std::map<int64_t, ProducerState> producers_;  // those not forgotten, by id
};

// The sequence `count` after `sequence`: after 2^31 - 1 comes 0.
int32_t AddToSequence(int32_t sequence, int32_t count);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_MODEL_TARGET_LOG_H_
