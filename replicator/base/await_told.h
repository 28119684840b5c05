// For a coroutine that asks something of another thread, which tells the answer by calling a function.
#ifndef REPLICATOR_REPLICATOR_BASE_AWAIT_TOLD_H_
#define REPLICATOR_REPLICATOR_BASE_AWAIT_TOLD_H_

#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "kafka/net/signal.h"

namespace replicator {

// Calls `ask`, and returns what is given to the function that `ask` gets: to be called once, from any thread. The
// coroutine's loop outlives that call; it need not run any more.
template <typename T>
asio::awaitable<T> AwaitTold(std::function<void(std::function<void(T)> tell)> ask) {
  struct Answer {
    explicit Answer(asio::any_io_executor executor) : told(std::move(executor)) {}
    kafka::Signal told;
    std::optional<T> value;
  };
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto answer = std::make_shared<Answer>(executor);
  ask([executor, answer](T value) {
    asio::post(executor, [answer, value = std::move(value)]() mutable {
      answer->value = std::move(value);
      answer->told.Notify();
    });
  });
  while (!answer->value.has_value()) co_await answer->told.Wait();
  co_return *std::move(answer->value);
}

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_BASE_AWAIT_TOLD_H_
