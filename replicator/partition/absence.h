// Whether something that metadata does not show is gone. A topic that is deleted and made anew at once is missing for a
// moment, and a broker that starts may show less than there is: only what stays away is gone.
//
// Plain values; not for several threads.
#ifndef REPLICATOR_REPLICATOR_PARTITION_ABSENCE_H_
#define REPLICATOR_REPLICATOR_PARTITION_ABSENCE_H_

#include <chrono>
#include <optional>

#include "kafka/net/signal.h"

namespace replicator {

class Absence {
 public:
  using Clock = kafka::Clock;
  static constexpr Clock::duration kGoneAfter = std::chrono::seconds(10);

  // Looks again. True once it has not been there for kGoneAfter.
  bool IsGone(bool is_there, Clock::time_point now) {
    if (is_there) {
      since_.reset();
      return false;
    }
    if (!since_.has_value()) since_ = now;
    return now - *since_ >= kGoneAfter;
  }

  // At the last look.
  bool is_there() const { return !since_.has_value(); }
  // When a look tells whether it is gone; nullopt while it is there.
  std::optional<Clock::time_point> tells_at() const {
    return since_.has_value() ? std::optional(*since_ + kGoneAfter) : std::nullopt;
  }

 private:
  std::optional<Clock::time_point> since_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_ABSENCE_H_
