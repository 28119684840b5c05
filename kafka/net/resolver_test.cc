#include "kafka/net/resolver.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "kafka/net/connection.h"
#include "kafka/net/must_not_throw.h"

namespace replicator::kafka {
namespace {

using asio::ip::tcp;

constexpr std::chrono::minutes kPatience(1);
constexpr std::chrono::hours kNever(1);

// The DNS server of this process: it answers names that end in ".hangs" when it is let, and never before.
class NameServer {
 public:
  static NameServer& Get() {
    static auto* const server = new NameServer;  // lookups outlast the tests
    return *server;
  }

  void Wait(const std::string& host) {
    std::unique_lock lock(mutex_);
    ++asked_[host];
    ++waiting_;
    waiting_max_ = std::max(waiting_max_, waiting_);
    changed_.notify_all();
    const int round = round_;
    changed_.wait(lock, [&] { return round_ != round; });
    --waiting_;
    changed_.notify_all();
  }

  // Answers all that wait, and returns once nobody does.
  void AnswerAll() {
    std::unique_lock lock(mutex_);
    while (waiting_ > 0) {
      ++round_;
      changed_.notify_all();
      changed_.wait_for(lock, std::chrono::milliseconds(10), [&] { return waiting_ == 0; });
    }
  }

  int asked(const std::string& host) {
    std::lock_guard lock(mutex_);
    return asked_[host];
  }
  int waiting() {
    std::lock_guard lock(mutex_);
    return waiting_;
  }
  int waiting_max() {
    std::lock_guard lock(mutex_);
    return waiting_max_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> asked_;
  int waiting_ = 0;
  int waiting_max_ = 0;
  int round_ = 0;
};

}  // namespace
}  // namespace replicator::kafka

// In the place of the C library's. ".test" and ".hangs" are the machine itself.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  static const auto real = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string_view name = host;
  if (name.ends_with(".hangs")) replicator::kafka::NameServer::Get().Wait(host);
  if (name.ends_with(".unknown")) return EAI_NONAME;
  return real("127.0.0.1", service, hints, found);
}

namespace replicator::kafka {
namespace {

class ResolverTest : public testing::Test {
 protected:
  ~ResolverTest() override { NameServer::Get().AnswerAll(); }

  // Runs the loop until `condition` holds.
  bool RunUntil(const std::function<bool()>& condition) {
    const Clock::time_point deadline = Clock::now() + kPatience;
    while (!condition() && Clock::now() < deadline) {
      io_.restart();
      io_.run_one_for(std::chrono::milliseconds(10));
    }
    return condition();
  }

  using Result = absl::StatusOr<std::vector<tcp::endpoint>>;
  // What comes of it; nullopt until then.
  std::shared_ptr<std::optional<Result>> Start(std::string host, Clock::duration timeout,
                                               asio::cancellation_signal* cancellation = nullptr) {
    auto result = std::make_shared<std::optional<Result>>();
    const auto run = [](std::string name, Clock::time_point deadline,
                        std::shared_ptr<std::optional<Result>> to) -> asio::awaitable<void> {
      *to = co_await Resolve(std::move(name), 9092, deadline);
    };
    asio::awaitable<void> resolving = run(std::move(host), Clock::now() + timeout, result);
    if (cancellation == nullptr) {
      asio::co_spawn(io_, std::move(resolving), MustNotThrow());
    } else {
      asio::co_spawn(io_, std::move(resolving), asio::bind_cancellation_slot(cancellation->slot(), MustNotThrow()));
    }
    return result;
  }

  asio::io_context io_{1};
};

const tcp::endpoint kHere(asio::ip::address_v4::loopback(), 9092);

TEST_F(ResolverTest, ANameHasTheAddressesThatTheSystemTells) {
  const auto result = Start("broker.test", kNever);
  ASSERT_TRUE(RunUntil([&] { return result->has_value(); }));
  ASSERT_TRUE((*result)->ok()) << (*result)->status();
  EXPECT_EQ(***result, std::vector<tcp::endpoint>{kHere});
}

TEST_F(ResolverTest, AnAddressTakesNoLookup) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    const auto result = Start(address, kNever);
    ASSERT_TRUE(RunUntil([&] { return result->has_value(); }));
    ASSERT_TRUE((*result)->ok()) << (*result)->status();
    EXPECT_EQ((**result)->front().address().to_string(), address);
    EXPECT_EQ((**result)->front().port(), 9092);
  }
}

TEST_F(ResolverTest, ANameThatTheSystemDoesNotKnowIsUnavailable) {
  const auto result = Start("broker.unknown", kNever);
  ASSERT_TRUE(RunUntil([&] { return result->has_value(); }));
  EXPECT_EQ((*result)->status().code(), absl::StatusCode::kUnavailable) << (*result)->status();
}

TEST_F(ResolverTest, ALookupThatHangsHoldsNeitherItsCallerNorTheOthersNorTheLoop) {
  // The lookup has begun before the caller gives up, on a busy machine, too.
  const auto hangs = Start("one.hangs", std::chrono::seconds(5));
  ASSERT_TRUE(RunUntil([&] { return NameServer::Get().asked("one.hangs") == 1; }));
  const auto other = Start("broker.test", kNever);
  ASSERT_TRUE(RunUntil([&] { return other->has_value(); }));
  EXPECT_TRUE((*other)->ok()) << (*other)->status();
  ASSERT_TRUE(RunUntil([&] { return hangs->has_value(); }));
  EXPECT_EQ((*hangs)->status().code(), absl::StatusCode::kDeadlineExceeded) << (*hangs)->status();
  io_.restart();
  io_.run_for(kPatience);
  EXPECT_TRUE(io_.stopped()) << "nothing is left to do";
}

TEST_F(ResolverTest, AllWhoAskForANameThatIsBeingLookedUpGetTheSameAnswer) {
  std::vector<std::shared_ptr<std::optional<Result>>> results;
  for (int i = 0; i < 5; ++i) results.push_back(Start("shared.hangs", kNever));
  ASSERT_TRUE(RunUntil([&] { return NameServer::Get().asked("shared.hangs") == 1; }));
  results.push_back(Start("shared.hangs", kNever));
  const auto gives_up = Start("shared.hangs", std::chrono::milliseconds(1));
  ASSERT_TRUE(RunUntil([&] { return gives_up->has_value(); }));
  NameServer::Get().AnswerAll();
  for (const auto& result : results) {
    ASSERT_TRUE(RunUntil([&] { return result->has_value(); }));
    EXPECT_TRUE((*result)->ok()) << (*result)->status();
  }
  EXPECT_EQ(NameServer::Get().asked("shared.hangs"), 1);
}

TEST_F(ResolverTest, ACallerThatIsCancelledWaitsNoMore) {
  asio::cancellation_signal cancellation;
  const auto result = Start("cancelled.hangs", kNever, &cancellation);
  ASSERT_TRUE(RunUntil([&] { return NameServer::Get().asked("cancelled.hangs") == 1; }));
  asio::post(io_, [&] { cancellation.emit(asio::cancellation_type::terminal); });
  io_.restart();
  io_.run_for(kPatience);
  EXPECT_TRUE(io_.stopped());
  EXPECT_FALSE(result->has_value());
}

TEST_F(ResolverTest, AnAnswerThatComesAfterTheLoopIsGoneGoesNowhere) {
  auto io = std::make_unique<asio::io_context>(1);
  const auto run = []() -> asio::awaitable<void> { (void)co_await Resolve("late.hangs", 9092, Clock::now() + kNever); };
  asio::co_spawn(*io, run, MustNotThrow());
  while (NameServer::Get().asked("late.hangs") == 0) io->run_one_for(std::chrono::milliseconds(10));
  io.reset();
  NameServer::Get().AnswerAll();
}

TEST_F(ResolverTest, NoMoreNamesAreLookedUpAtATimeThanTheLimit) {
  std::vector<std::shared_ptr<std::optional<Result>>> results;
  for (int i = 0; i < kLookupsMax + 10; ++i) results.push_back(Start(std::to_string(i) + ".hangs", kNever));
  ASSERT_TRUE(RunUntil([] { return NameServer::Get().waiting() == kLookupsMax; }));
  for (const auto& result : results) {
    ASSERT_TRUE(RunUntil([&] {
      NameServer::Get().AnswerAll();
      return result->has_value();
    }));
    EXPECT_TRUE((*result)->ok()) << (*result)->status();
  }
  EXPECT_LE(NameServer::Get().waiting_max(), kLookupsMax);
}

// As above, with what uses it: the name of one broker must not keep a shard from the others.
TEST_F(ResolverTest, AConnectionIsOpenedWhileANameOfAnotherHangs) {
  bool is_open = false;
  bool has_failed = false;
  asio::io_context server_io;
  tcp::acceptor acceptor(server_io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const uint16_t port = acceptor.local_endpoint().port();
  const auto open = [](Endpoint endpoint, Clock::duration timeout, bool* failed) -> asio::awaitable<void> {
    const ConnectionOptions options = {.client_id = "test", .connect_timeout = timeout};
    absl::StatusOr<std::shared_ptr<Connection>> opened = co_await Connection::Open(endpoint, options);
    *failed = !opened.ok();
  };
  asio::co_spawn(io_, open({"broker.hangs", port}, std::chrono::milliseconds(50), &has_failed), MustNotThrow());
  bool ignored = false;
  asio::co_spawn(io_, open({"broker.test", port}, kPatience, &ignored), MustNotThrow());
  acceptor.async_accept([&](const asio::error_code& error, const tcp::socket&) { is_open = !error; });
  ASSERT_TRUE(RunUntil([&] {
    server_io.poll();
    return is_open;
  }));
  ASSERT_TRUE(RunUntil([&] { return has_failed; })) << "connect_timeout counts for resolving, too";
}

}  // namespace
}  // namespace replicator::kafka
