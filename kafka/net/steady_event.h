// Something that happens once, for threads that wait for it with a deadline. The deadline is one of the steady clock: a
// wall clock that is set back does not make the wait longer. (absl::Notification and absl::CondVar wait for a moment of
// the wall clock.) Coroutines have kafka/net/signal.h.
#ifndef REPLICATOR_KAFKA_NET_STEADY_EVENT_H_
#define REPLICATOR_KAFKA_NET_STEADY_EVENT_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace replicator::kafka {

// Any thread. The last waiter may destroy it as soon as its wait has ended.
class SteadyEvent {
 public:
  SteadyEvent() = default;
  SteadyEvent(const SteadyEvent&) = delete;
  SteadyEvent& operator=(const SteadyEvent&) = delete;

  void Notify() {
    std::lock_guard lock(mutex_);
    has_happened_ = true;
    happened_.notify_all();  // with the mutex held: no waiter is past its wait before this call is over
  }

  bool HasHappened() const {
    std::lock_guard lock(mutex_);
    return has_happened_;
  }

  // False when `deadline` comes first.
  bool WaitUntil(std::chrono::steady_clock::time_point deadline) const {
    std::unique_lock lock(mutex_);
    return happened_.wait_until(lock, deadline, [this] { return has_happened_; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable happened_;
  bool has_happened_ = false;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_NET_STEADY_EVENT_H_
