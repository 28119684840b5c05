// Of the metadata of one side: whether somebody wants it to be read, and when it may be. By the control loop's thread.
#ifndef REPLICATOR_REPLICATOR_LINK_FRESHNESS_H_
#define REPLICATOR_REPLICATOR_LINK_FRESHNESS_H_

#include <chrono>

#include "replicator/base/ask_pace.h"

namespace replicator {

class Freshness {
 public:
  using Clock = AskPace::Clock;

  // Between these two when answers show that metadata is out of date: less often the longer it stays the same (Kafka
  // clients' retry.backoff.ms and retry.backoff.max.ms).
  static constexpr Clock::duration kIntervalMin = std::chrono::milliseconds(200);
  static constexpr Clock::duration kIntervalMax = std::chrono::seconds(2);

  void Want() { is_wanted_ = true; }
  Clock::time_point due() const { return is_wanted_ ? pace_.next() : Clock::time_point::max(); }

  // Who wants it from now on wants it to be read once more.
  void OnAsked() { is_wanted_ = false; }
  void OnAnswer(Clock::time_point now, bool has_changed) {
    pace_.OnAsked(now);
    if (has_changed) pace_.OnChange();
  }

 private:
  bool is_wanted_ = false;
  AskPace pace_{kIntervalMin, kIntervalMax};
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LINK_FRESHNESS_H_
