#include "kafka/net/signal.h"

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace replicator::kafka {

struct Signal::Waiter {
  Waiter(Signal* signal, Clock::time_point deadline) : signal(signal), timer(signal->executor_, deadline) {}
  // A coroutine can be destroyed where it waits: its loop ended.
  ~Waiter() {
    if (signal != nullptr) signal->waiters_.remove(this);
  }
  Signal* signal;  // nullptr once it has been notified, or is gone
  asio::steady_timer timer;
};

Signal::Signal(asio::any_io_executor executor) : executor_(std::move(executor)) {}

Signal::~Signal() { Notify(); }

void Signal::Notify() {
  std::list<Waiter*> waiters;
  waiters.swap(waiters_);
  for (Waiter* waiter : waiters) {
    waiter->signal = nullptr;
    waiter->timer.cancel();
  }
}

asio::awaitable<void> Signal::Wait(Clock::time_point deadline) {
  Waiter waiter(this, deadline);
  waiters_.push_back(&waiter);
  asio::error_code error;
  co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

asio::awaitable<void> SleepFor(Clock::duration duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  asio::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

}  // namespace replicator::kafka
