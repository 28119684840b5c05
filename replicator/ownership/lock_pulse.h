// When the target's coordinator confirmed last that this process has the link's lock. Who writes to the target what
// only the holder may write, and no sequence number protects, looks at it right before: a process that stood for a
// while (stopped, swapped out) may have lost the lock without having heard of it.
//
// Any thread.
#ifndef REPLICATOR_REPLICATOR_OWNERSHIP_LOCK_PULSE_H_
#define REPLICATOR_REPLICATOR_OWNERSHIP_LOCK_PULSE_H_

#include <atomic>

#include "kafka/net/signal.h"

namespace replicator {

class LockPulse {
 public:
  // The coordinator has confirmed what it was asked at `asked_at`.
  void Confirm(kafka::Clock::time_point asked_at) { at_.store(asked_at.time_since_epoch().count()); }
  void Lose() { at_.store(kNever); }

  // It was confirmed by a question not older than `age_max` at `now`.
  bool IsFresh(kafka::Clock::time_point now, kafka::Clock::duration age_max) const {
    const kafka::Clock::rep at = at_.load();
    return at != kNever && now.time_since_epoch().count() - at <= age_max.count();
  }

 private:
  static constexpr kafka::Clock::rep kNever = -1;
  std::atomic<kafka::Clock::rep> at_{kNever};
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_OWNERSHIP_LOCK_PULSE_H_
