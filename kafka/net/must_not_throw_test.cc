#include "kafka/net/must_not_throw.h"

#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <stdexcept>

#include "kafka/net/signal.h"

namespace replicator::kafka {
namespace {

asio::awaitable<void> Throw() {
  co_await SleepFor(Clock::duration::zero());
  throw std::out_of_range("no such partition");
}

asio::awaitable<void> WaitForEver() {
  for (;;) co_await SleepFor(std::chrono::hours(1));
}

TEST(MustNotThrowDeathTest, AnExceptionThatLeavesACoroutineEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        asio::io_context io(1);
        asio::co_spawn(io, Throw(), MustNotThrow());
        io.run();
      },
      "a coroutine has thrown: no such partition");
}

TEST(MustNotThrow, ACoroutineThatIsCancelledEndsAlone) {
  asio::io_context io(1);
  asio::cancellation_signal cancellation;
  asio::co_spawn(io, WaitForEver(), asio::bind_cancellation_slot(cancellation.slot(), MustNotThrow()));
  asio::post(io, [&] { cancellation.emit(asio::cancellation_type::terminal); });
  io.run();
  EXPECT_TRUE(io.stopped());
}

TEST(MustNotThrow, ACoroutineThatReturnsIsAllRight) {
  asio::io_context io(1);
  asio::co_spawn(io, SleepFor(Clock::duration::zero()), MustNotThrow());
  io.run();
  EXPECT_TRUE(io.stopped());
}

}  // namespace
}  // namespace replicator::kafka
