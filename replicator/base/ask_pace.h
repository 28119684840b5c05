// How often to ask for what may come soon, or not for months: at once first, then less and less often the longer
// nothing changes.
#ifndef REPLICATOR_REPLICATOR_BASE_ASK_PACE_H_
#define REPLICATOR_REPLICATOR_BASE_ASK_PACE_H_

#include <algorithm>
#include <chrono>
#include <utility>

namespace replicator {

// After so and so long without a change the next question comes a quarter of that later, so what comes at last is
// noticed a quarter late, at most `max`.
class AskPace {
 public:
  using Clock = std::chrono::steady_clock;

  // `max` >= `min` > 0.
  AskPace(Clock::duration min, Clock::duration max) : min_(min), max_(max) {}

  // From when on it may be asked.
  Clock::time_point next() const { return asked_at_ + wait_; }

  void OnAsked(Clock::time_point now) {
    const bool was_wanted = now <= next() + max_;
    if (std::exchange(is_new_, false) || !was_wanted) begun_at_ = now;
    asked_at_ = now;
    wait_ = std::clamp((now - begun_at_) / 4, min_, max_);
  }

  // What was asked for has changed, wholly or in part.
  void OnChange() {
    is_new_ = true;
    wait_ = std::min(wait_, min_);
  }

 private:
  const Clock::duration min_;
  const Clock::duration max_;
  bool is_new_ = true;          // not asked since the last change
  Clock::time_point begun_at_;  // the first question since then
  Clock::time_point asked_at_;
  Clock::duration wait_ = Clock::duration::zero();
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_BASE_ASK_PACE_H_
