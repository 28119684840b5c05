#include "kafka/net/connection.h"

#include <gtest/gtest.h>

#include <array>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <thread>

namespace replicator::kafka {
namespace {

using asio::ip::tcp;

// The answer comes when nobody waits for it any more.
TEST(Connection, OneThatIsCancelledWhileItOpensLetsTheLoopEnd) {
  asio::io_context io(1);
  asio::cancellation_signal cancellation;
  asio::io_context server_io;
  tcp::acceptor acceptor(server_io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const Endpoint endpoint = {"127.0.0.1", acceptor.local_endpoint().port()};
  tcp::socket peer(server_io);
  std::thread server([&] {
    acceptor.accept(peer);
    std::array<char, 4> request;
    asio::read(peer, asio::buffer(request));
    asio::post(io, [&] {
      cancellation.emit(asio::cancellation_type::terminal);
      const std::array<char, 8> answer = {0, 0, 0, 4, 0, 0, 0, 1};  // empty, to the first request
      asio::error_code ignored;                                     // the connection may be closed by now
      asio::write(peer, asio::buffer(answer), ignored);
    });
  });
  const ConnectionOptions options = {.client_id = "test"};
  auto open = [&]() -> asio::awaitable<void> { (void)co_await Connection::Open(endpoint, options); };
  asio::co_spawn(io, open, asio::bind_cancellation_slot(cancellation.slot(), asio::detached));
  io.run_for(std::chrono::seconds(5));
  server.join();
  EXPECT_TRUE(io.stopped());
}

}  // namespace
}  // namespace replicator::kafka
