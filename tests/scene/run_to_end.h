// Runs a coroutine of the protocol client from a test's own thread.
#ifndef REPLICATOR_TESTS_SCENE_RUN_TO_END_H_
#define REPLICATOR_TESTS_SCENE_RUN_TO_END_H_

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

namespace replicator::tests {

// Runs `coroutine` on `io` to its end, and returns what it gave. What else runs on `io` stands still after that.
template <typename T>
T RunToEnd(asio::io_context& io, asio::awaitable<T> coroutine) {
  std::optional<T> result;
  asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr failed, T value) {
    if (failed) std::rethrow_exception(failed);
    result = std::move(value);
    io.stop();
  });
  io.restart();
  io.run();
  return *std::move(result);
}

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_SCENE_RUN_TO_END_H_
