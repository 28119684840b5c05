#include "kafka/net/connection.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <limits>
#include <optional>
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
  io.run_for(std::chrono::minutes(1));
  server.join();
  EXPECT_TRUE(io.stopped());
}

// The first descriptor of this process that is connected to `port`.
std::optional<int> SocketTo(uint16_t port) {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  for (int fd = 0; fd < static_cast<int>(limit.rlim_cur); ++fd) {
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    if (getpeername(fd, peer.data(), &size) == 0 && peer.port() == port) return fd;
  }
  return std::nullopt;
}

int OptionOf(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  return getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

TEST(Connection, TheKernelLooksWhetherAnIdlePeerIsStillThere) {
  asio::io_context server_io;
  tcp::acceptor acceptor(server_io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const Endpoint endpoint = {"127.0.0.1", acceptor.local_endpoint().port()};
  int keepalive = -1;
  std::thread server([&] {
    tcp::socket peer(server_io);
    acceptor.accept(peer);
    std::array<char, 4> request;
    asio::read(peer, asio::buffer(request));  // all options are set by now
    keepalive = OptionOf(SocketTo(endpoint.port).value_or(-1), SOL_SOCKET, SO_KEEPALIVE);
  });
  asio::io_context io(1);
  auto open = [&]() -> asio::awaitable<void> { (void)co_await Connection::Open(endpoint, {.client_id = "test"}); };
  asio::co_spawn(io, open, asio::detached);
  io.run();  // the server closes the connection
  server.join();
  EXPECT_EQ(keepalive, 1);
}

// The end of the time that connecting may take is noticed at the same moment as a refusal that comes before it. This is
// AddressSanitizer's to judge: asio keeps
// the memory of coroutines, so that it shows as a leak of what a handler makes in one that is gone.
TEST(Connection, ATimeThatIsOverAsTheConnectionIsRefusedTouchesNothing) {
  asio::io_context io(1);
  uint16_t closed_port = 0;
  {
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    closed_port = acceptor.local_endpoint().port();
  }
  int failures = 0;
  auto open = [&](Clock::duration timeout) -> asio::awaitable<void> {
    const ConnectionOptions options = {.client_id = "test", .connect_timeout = timeout};
    const Endpoint endpoint = {"127.0.0.1", closed_port};
    absl::StatusOr<std::shared_ptr<Connection>> opened = co_await Connection::Open(endpoint, options);
    failures += opened.ok() ? 0 : 1;
  };
  constexpr int kTries = 1000;
  for (int i = 0; i < kTries; ++i) {
    asio::co_spawn(io, open(std::chrono::microseconds(i)), asio::detached);
    io.run();
    io.restart();
  }
  EXPECT_EQ(failures, kTries);
}

TEST(CorrelationIds, BeginAnewAfterTheGreatest) {
  CorrelationIds ids(std::numeric_limits<int32_t>::max() - 1);
  EXPECT_EQ(ids.Next(), std::numeric_limits<int32_t>::max() - 1);
  EXPECT_EQ(ids.Next(), std::numeric_limits<int32_t>::max());
  EXPECT_EQ(ids.Next(), 0);
  EXPECT_EQ(ids.Next(), 1);
}

}  // namespace
}  // namespace replicator::kafka
