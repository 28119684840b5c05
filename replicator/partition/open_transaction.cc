#include "replicator/partition/open_transaction.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "replicator/base/human.h"

namespace replicator {

void OpenTransaction::Observe(int64_t last_stable, int64_t high_watermark, TimePoint now) {
  held_back_ = high_watermark - last_stable;
  if (last_stable != last_stable_ || held_back_ <= 0) {
    last_stable_ = last_stable;
    since_ = now;
    is_long_ = is_told_ = false;
    owner_.reset();
  }
  if (held_back_ > 0 && now - since_ >= kLong) is_long_ = true;
}

void OpenTransaction::Tell(std::optional<TransactionOwner> owner) {
  is_told_ = true;
  owner_ = owner;
}

std::string OpenTransaction::Text(const std::string& topic, int32_t partition, TimePoint now) const {
  const int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now - since_).count();
  std::string text =
      absl::StrCat("a transaction that begins at source offset ", last_stable_, " is open for ", HumanSeconds(seconds),
                   " at least; ", WithCommas(held_back_), " offsets behind it wait for its end. ");
  const std::string abort = absl::StrCat("kafka-transactions.sh --bootstrap-server SOURCE abort --topic ", topic,
                                         " --partition ", partition, " --start-offset ", last_stable_);
  if (!owner_.has_value()) {
    return absl::StrCat(text, "Whose it is the broker does not say (brokers do since Kafka 2.8): end the producer, or ",
                        "restart it with its transactional.id, which aborts what it left open");
  }
  absl::StrAppend(&text, "It is producer id ", owner_->producer_id, "'s, epoch ", owner_->producer_epoch);
  if (owner_->last_written_ms >= 0) {
    absl::StrAppend(
        &text, ", which wrote last at ",
        absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixMillis(owner_->last_written_ms), absl::UTCTimeZone()));
  }
  return absl::StrCat(text, ". If that producer is gone for good: ", abort);
}

}  // namespace replicator
