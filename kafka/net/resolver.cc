#include "kafka/net/resolver.h"

#include <netdb.h>
#include <pthread.h>

#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace replicator::kafka {
namespace {

using asio::ip::tcp;
using Addresses = absl::StatusOr<std::vector<tcp::endpoint>>;

// With port 0. May take minutes.
Addresses LookUp(const std::string& host) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) return absl::UnavailableError(error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error));
  std::vector<tcp::endpoint> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    tcp::endpoint address;
    if (each->ai_addrlen > address.capacity()) continue;
    std::memcpy(address.data(), each->ai_addr, each->ai_addrlen);
    address.resize(each->ai_addrlen);
    addresses.push_back(address);
  }
  freeaddrinfo(found);
  return addresses;
}

// Of one call of Resolve. Touched on its event loop only.
struct Waiter {
  explicit Waiter(asio::any_io_executor executor) : executor(executor), signal(executor) {}
  const asio::any_io_executor executor;
  Signal signal;
  std::optional<Addresses> addresses;
};

// All lookups of the process. Never destroyed: a thread that looks something up may be there to its very end.
class Lookups {
 public:
  static Lookups& OfProcess() {
    static auto* const lookups = new Lookups;
    return *lookups;
  }

  void Add(const std::string& host, const std::shared_ptr<Waiter>& waiter) {
    std::lock_guard lock(mutex_);
    const auto [found, is_new] = waiters_.try_emplace(host);
    found->second.push_back(waiter);
    if (!is_new) return;
    queue_.push_back(host);
    if (threads_ < kLookupsMax) StartThread();
  }

  // Nothing is posted to the waiter's event loop any more once this has returned.
  void Remove(const std::string& host, const std::shared_ptr<Waiter>& waiter) {
    std::lock_guard lock(mutex_);
    auto found = waiters_.find(host);
    if (found != waiters_.end()) std::erase(found->second, waiter);
  }

 private:
  void StartThread() {
    try {
      std::thread([this] { Run(); }).detach();
      ++threads_;
    } catch (const std::system_error& error) {
      // Threads that are there take the names that wait; without any, nobody would.
      if (threads_ > 0) return;
      for (const std::string& host : std::exchange(queue_, {}))
        Tell(host, absl::UnavailableError(absl::StrCat("no thread to look the name up: ", error.what())));
    }
  }

  void Run() {
    pthread_setname_np(pthread_self(), "resolver");
    std::unique_lock lock(mutex_);
    while (!queue_.empty()) {
      const std::string host = std::move(queue_.front());
      queue_.pop_front();
      if (waiters_.at(host).empty()) {  // they have all given up
        waiters_.erase(host);
        continue;
      }
      lock.unlock();
      const Addresses addresses = LookUp(host);
      lock.lock();
      Tell(host, addresses);
    }
    --threads_;
  }

  // REQUIRES: mutex_ is held.
  void Tell(const std::string& host, const Addresses& addresses) {
    const auto told = waiters_.extract(host);
    for (const std::shared_ptr<Waiter>& waiter : told.mapped()) {
      asio::post(waiter->executor, [waiter, addresses] {
        waiter->addresses = addresses;
        waiter->signal.Notify();
      });
    }
  }

  std::mutex mutex_;  // guards the rest
  // By name, of all that are in the queue or being looked up.
  std::map<std::string, std::vector<std::shared_ptr<Waiter>>> waiters_;
  std::deque<std::string> queue_;
  int threads_ = 0;
};

// A waiter among the lookups, for as long as its coroutine lives: that may be destroyed where it waits, with its event
// loop.
struct Registration {
  Registration(std::string name, asio::any_io_executor executor)
      : host(std::move(name)), waiter(std::make_shared<Waiter>(std::move(executor))) {
    Lookups::OfProcess().Add(host, waiter);
  }
  ~Registration() { Lookups::OfProcess().Remove(host, waiter); }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

  const std::string host;
  const std::shared_ptr<Waiter> waiter;
};

}  // namespace

asio::awaitable<absl::StatusOr<std::vector<tcp::endpoint>>> Resolve(std::string host, uint16_t port,
                                                                    Clock::time_point deadline) {
  asio::error_code is_name;
  const asio::ip::address address = asio::ip::make_address(host, is_name);
  if (!is_name) co_return std::vector<tcp::endpoint>{tcp::endpoint(address, port)};
  asio::any_io_executor executor = co_await asio::this_coro::executor;
  const Registration registration(std::move(host), std::move(executor));
  Waiter& waiter = *registration.waiter;
  while (!waiter.addresses.has_value() && Clock::now() < deadline) co_await waiter.signal.Wait(deadline);
  if (!waiter.addresses.has_value())
    co_return absl::DeadlineExceededError("its name was not resolved in time; does the DNS server answer?");
  Addresses addresses = *std::move(waiter.addresses);
  if (!addresses.ok()) co_return addresses.status();
  for (tcp::endpoint& each : *addresses) each.port(port);
  co_return addresses;
}

}  // namespace replicator::kafka
