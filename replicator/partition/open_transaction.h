// Notices a transaction at the source that stays open: the last stable offset of a partition stands still while its log
// goes on beyond, so nothing behind it can be copied (or read by anybody who reads committed records). Usually a
// producer that died without its coordinator's noticing (KIP-664 calls it a hanging transaction); only an operator can
// end that.
//
// One partition's; plain values, no clock, one thread.
#ifndef REPLICATOR_REPLICATOR_PARTITION_OPEN_TRANSACTION_H_
#define REPLICATOR_REPLICATOR_PARTITION_OPEN_TRANSACTION_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "kafka/net/signal.h"

namespace replicator {

// Whose it is, as the partition's leader says.
struct TransactionOwner {
  int64_t producer_id = -1;
  int32_t producer_epoch = -1;
  int64_t last_written_ms = -1;  // Unix time of its last batch
  bool operator==(const TransactionOwner&) const = default;
};

class OpenTransaction {
 public:
  using TimePoint = kafka::Clock::time_point;
  // transaction.timeout.ms is 60 s by default: what is open for longer is not usual.
  static constexpr std::chrono::seconds kLong{60};

  // What the source said last, as of `now`.
  void Observe(int64_t last_stable, int64_t high_watermark, TimePoint now);

  // It is open for long, and its owner was not asked for yet.
  bool wants_owner() const { return is_long_ && !is_told_; }
  // The answer; nullopt: the broker does not tell (before Kafka 2.8), or knows none.
  void Tell(std::optional<TransactionOwner> owner);

  // Open for long, and told of.
  bool is_told() const { return is_told_; }
  int64_t offset() const { return last_stable_; }
  const std::optional<TransactionOwner>& owner() const { return owner_; }
  // For the log and for status: what, since when, whose, and what to do. REQUIRES: is_told().
  std::string Text(const std::string& topic, int32_t partition, TimePoint now) const;

 private:
  int64_t last_stable_ = -1;
  int64_t held_back_ = 0;
  TimePoint since_;
  bool is_long_ = false;
  bool is_told_ = false;
  std::optional<TransactionOwner> owner_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_OPEN_TRANSACTION_H_
