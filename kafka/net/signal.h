// A condition variable for coroutines of one event loop: the waiter loops on its own condition.
//
//   while (!ready) co_await signal.Wait();
//
// Checking the condition and beginning to wait happen without anything running in between, so no wake-up is lost.
// Thread-confined to the loop of its executor.
#ifndef REPLICATOR_KAFKA_NET_SIGNAL_H_
#define REPLICATOR_KAFKA_NET_SIGNAL_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <list>

namespace replicator::kafka {

using Clock = std::chrono::steady_clock;

class Signal {
 public:
  explicit Signal(asio::any_io_executor executor);
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  // Wakes everyone who waits now.
  void Notify();

  // Until the next Notify, or `deadline`. Also returns when the signal is destroyed: the waiter must hold by other
  // means whatever it looks at next.
  asio::awaitable<void> Wait(Clock::time_point deadline = Clock::time_point::max());

 private:
  struct Waiter;
  asio::any_io_executor executor_;
  std::list<Waiter*> waiters_;
};

// Waits for `duration` of loop time.
asio::awaitable<void> SleepFor(Clock::duration duration);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_NET_SIGNAL_H_
