#include "kafka/net/connection.h"

#include <glog/logging.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kafka/net/must_not_throw.h"
#include "kafka/net/resolver.h"
#include "kafka/wire/metadata.h"

namespace replicator::kafka {
namespace {

using asio::redirect_error;
using asio::use_awaitable;
using asio::ip::tcp;

// Waited for at a time. What is more may be a damaged answer; a broker that means it does not read the next request
// before its time, and says so again.
constexpr Clock::duration kThrottleMax = std::chrono::seconds(15);
constexpr double kThrottleLogSeconds = 30;

int32_t ReadBigEndian32(const char* bytes) {
  uint32_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return static_cast<int32_t>(__builtin_bswap32(value));
}

// Closes the socket when the time is over, which ends the connect that waits on it.
class ConnectTimer {
 public:
  ConnectTimer(tcp::socket& socket, Clock::time_point deadline)
      : state_(std::make_shared<State>(State{&socket})), timer_(socket.get_executor(), deadline) {
    timer_.async_wait([state = state_](asio::error_code error) {
      if (error || state->socket == nullptr) return;
      state->has_expired = true;
      asio::error_code ignored;
      state->socket->close(ignored);
    });
  }
  // The loop may have queued the handler already, and calls it even though the timer is cancelled.
  ~ConnectTimer() { state_->socket = nullptr; }
  ConnectTimer(const ConnectTimer&) = delete;
  ConnectTimer& operator=(const ConnectTimer&) = delete;

  bool has_expired() const { return state_->has_expired; }

 private:
  struct State {
    tcp::socket* socket;  // null once the timer is gone
    bool has_expired = false;
  };
  const std::shared_ptr<State> state_;
  asio::steady_timer timer_;
};

// Closes a connection that is being opened unless it got as far as to be handed out. Also when its coroutine is
// cancelled: the one that reads would hold it, and with it the event loop, for as long as the broker does.
struct Opening {
  explicit Opening(std::shared_ptr<Connection> opened) : connection(std::move(opened)) {}
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  ~Opening() {
    if (connection != nullptr) connection->Close(absl::CancelledError("stopping"));
  }
  std::shared_ptr<Connection> connection;
};

absl::Status CannotConnect(const Endpoint& endpoint, std::string_view why) {
  return absl::UnavailableError(absl::StrCat("cannot connect to ", endpoint.ToString(), ": ", why));
}

}  // namespace

std::string Endpoint::ToString() const {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

Connection::Connection(tcp::socket socket, Endpoint endpoint, ConnectionOptions options)
    : socket_(std::move(socket)),
      endpoint_(std::move(endpoint)),
      options_(std::move(options)),
      transport_(std::make_unique<TcpTransport>(socket_.native_handle())),
      watchdog_(socket_.get_executor()) {}

Connection::~Connection() { Close(absl::CancelledError("no longer needed")); }

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> Connection::Open(Endpoint endpoint,
                                                                              ConnectionOptions options) {
  asio::any_io_executor executor = co_await asio::this_coro::executor;
  const Clock::time_point deadline = Clock::now() + options.connect_timeout;
  std::string host = endpoint.host;
  absl::StatusOr<std::vector<tcp::endpoint>> addresses = co_await Resolve(std::move(host), endpoint.port, deadline);
  if (!addresses.ok()) co_return CannotConnect(endpoint, addresses.status().message());
  tcp::socket socket(executor);
  asio::error_code error;
  {
    ConnectTimer timer(socket, deadline);
    co_await asio::async_connect(socket, *addresses, redirect_error(use_awaitable, error));
    if (timer.has_expired())
      co_return CannotConnect(endpoint, "no answer in time; is the address right and the port open?");
  }
  if (!error) socket.set_option(tcp::no_delay(true), error);
  // As Kafka's own clients: a broker whose machine is gone is noticed on a connection that nothing is asked on.
  if (!error) socket.set_option(tcp::socket::keep_alive(true), error);
  if (!error) socket.non_blocking(true, error);
  if (error) co_return CannotConnect(endpoint, error.message());
  Opening opening(std::make_shared<Connection>(std::move(socket), std::move(endpoint), std::move(options)));
  asio::co_spawn(executor, ReadReplies(opening.connection), MustNotThrow());
  absl::Status negotiated = co_await opening.connection->Negotiate();
  if (negotiated.ok()) negotiated = co_await opening.connection->CheckCluster();
  if (!negotiated.ok()) {
    opening.connection->Close(negotiated);
    co_return negotiated;
  }
  co_return std::exchange(opening.connection, nullptr);
}

asio::awaitable<absl::Status> Connection::Negotiate() {
  ApiVersionsRequest request;
  // A broker that hangs accepts connections, since the kernel does: it is the first answer that takes too long.
  absl::StatusOr<ApiVersionsResponse> response = co_await Call(request, options_.connect_timeout);
  if (!response.ok()) co_return response.status();
  absl::StatusOr<NegotiatedVersions> versions = NegotiatedVersions::Choose(*response, options_.use);
  if (!versions.ok()) {
    co_return absl::Status(versions.status().code(),
                           absl::StrCat("broker ", endpoint_.ToString(), ": ", versions.status().message()));
  }
  versions_ = std::make_unique<NegotiatedVersions>(*versions);
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Connection::CheckCluster() {
  if (options_.cluster_id.empty()) co_return absl::OkStatus();
  MetadataRequest request;
  request.topics.emplace();  // none
  absl::StatusOr<MetadataResponse> response = co_await Call(request, options_.connect_timeout);
  if (!response.ok()) co_return response.status();
  if (response->cluster_id.value_or("") == options_.cluster_id) co_return absl::OkStatus();
  co_return absl::AbortedError(absl::StrCat(
      "the broker at ", endpoint_.ToString(), " belongs to cluster ", response->cluster_id.value_or(""),
      ", and this link's is ", options_.cluster_id, ". Nothing is mixed: correct its bootstrap servers or DNS"));
}

asio::awaitable<absl::StatusOr<std::shared_ptr<PendingReply>>> Connection::Send(std::vector<iovec> parts,
                                                                                int32_t correlation_id,
                                                                                Clock::duration timeout,
                                                                                FetchMemory* memory, size_t reserved) {
  auto reply = std::make_shared<PendingReply>(socket_.get_executor());
  reply->correlation_id = correlation_id;
  reply->deadline = std::max(Clock::now(), throttled_until_) + timeout;
  reply->memory = memory;
  reply->reserved = reserved;
  if (closed_) {
    Finish(*reply, closed_because_);
    co_return closed_because_;
  }
  CHECK(!writing_) << "two requests are being written to one connection";
  std::shared_ptr<Connection> self = shared_from_this();
  pending_.push_back(reply);
  if (!watching_) {
    watching_ = true;
    asio::co_spawn(socket_.get_executor(), WatchDeadlines(self), MustNotThrow());
  } else if (reply->deadline < watchdog_.expiry()) {
    watchdog_.cancel();
  }
  writing_ = true;
  absl::Status written = co_await WriteAll(absl::MakeSpan(parts));
  writing_ = false;
  if (!written.ok()) {
    Close(written);
    co_return closed_because_;
  }
  co_return reply;
}

void Connection::Throttle(int32_t throttle_time_ms) {
  if (throttle_time_ms <= 0) return;
  const Clock::duration wait = std::min<Clock::duration>(std::chrono::milliseconds(throttle_time_ms), kThrottleMax);
  throttled_until_ = std::max(throttled_until_, Clock::now() + wait);
  for (const std::shared_ptr<PendingReply>& reply : pending_) reply->deadline += wait;
  LOG_EVERY_T(WARNING, kThrottleLogSeconds)
      << "broker " << endpoint_.ToString() << " throttles client.id " << options_.client_id << " for "
      << throttle_time_ms << " ms: a quota on that cluster is used up";
}

asio::awaitable<absl::Status> Connection::Receive(std::shared_ptr<PendingReply> reply) {
  while (!reply->done) co_await reply->signal.Wait();
  co_return reply->status;
}

void Connection::Finish(PendingReply& reply, absl::Status status) {
  if (reply.done) return;
  reply.done = true;
  reply.status = std::move(status);
  if (reply.reserved > 0) reply.memory->budget.Unreserve(std::exchange(reply.reserved, 0));
  reply.signal.Notify();
}

void Connection::Close(absl::Status why) {
  if (closed_) return;
  closed_ = true;
  closed_because_ = std::move(why);
  asio::error_code ignored;
  socket_.close(ignored);
  watchdog_.cancel();
  std::deque<std::shared_ptr<PendingReply>> failed;
  failed.swap(pending_);
  for (const std::shared_ptr<PendingReply>& reply : failed) Finish(*reply, closed_because_);
}

// One timer for all requests, set again only when it fires: it may sleep past the last answer.
asio::awaitable<void> Connection::WatchDeadlines(std::shared_ptr<Connection> self) {
  while (!self->closed_ && !self->pending_.empty()) {
    Clock::time_point deadline = self->pending_.front()->deadline;
    for (const std::shared_ptr<PendingReply>& reply : self->pending_) deadline = std::min(deadline, reply->deadline);
    if (Clock::now() >= deadline) {
      self->Close(
          absl::DeadlineExceededError(absl::StrCat("no answer from broker ", self->endpoint_.ToString(), " in time")));
      break;
    }
    self->watchdog_.expires_at(deadline);
    asio::error_code error;
    co_await self->watchdog_.async_wait(redirect_error(use_awaitable, error));
  }
  self->watching_ = false;
}

asio::awaitable<void> Connection::ReadReplies(std::shared_ptr<Connection> self) {
  while (!self->closed_) {
    absl::Status read = co_await self->ReadReply();
    if (!read.ok()) self->Close(read);
  }
}

asio::awaitable<absl::Status> Connection::ReadReply() {
  char head[kFrameSizeBytes + kCorrelationIdBytes];
  absl::Span<char> head_bytes(head, sizeof(head));
  absl::Status status = co_await ReadExactly(head_bytes);
  if (!status.ok()) co_return status;
  const int64_t size = ReadBigEndian32(head);
  const int32_t correlation_id = ReadBigEndian32(head + kFrameSizeBytes);
  if (pending_.empty() || pending_.front()->correlation_id != correlation_id) {
    co_return absl::DataLossError(absl::StrCat("broker ", endpoint_.ToString(),
                                               " sent an answer that nobody asked for (id ", correlation_id,
                                               "); is something else listening on that port?"));
  }
  std::shared_ptr<PendingReply> reply = pending_.front();
  const int64_t size_max = static_cast<int64_t>(reply->memory == nullptr ? kFrameBytesMax : kFetchFrameBytesMax);
  if (size < static_cast<int64_t>(kCorrelationIdBytes) || size > size_max) {
    co_return absl::DataLossError(absl::StrCat("broker ", endpoint_.ToString(), " announces an answer of ", size,
                                               " bytes; the limit is ", size_max));
  }
  absl::Span<char> room;
  status = co_await MakeRoom(reply, static_cast<size_t>(size), &room);
  if (!status.ok()) co_return status;
  std::memcpy(room.data(), head + kFrameSizeBytes, kCorrelationIdBytes);
  absl::Span<char> rest = room.subspan(kCorrelationIdBytes);
  status = co_await ReadExactly(rest);
  if (!status.ok()) co_return status;
  // Every await above ends with a look at closed_, so the reply is still the first one due.
  pending_.pop_front();
  Finish(*reply, absl::OkStatus());
  co_return absl::OkStatus();
}

// A Fetch answer larger than its reservation (one huge batch) waits until the rest of the budget is free.
asio::awaitable<absl::Status> Connection::MakeRoom(std::shared_ptr<PendingReply> reply, size_t size,
                                                   absl::Span<char>* room) {
  if (reply->memory == nullptr) {
    reply->bytes.resize(size);
    *room = absl::MakeSpan(reply->bytes);
    co_return absl::OkStatus();
  }
  if (!reply->memory->budget.TryGrow(reply->reserved, size)) {
    const MemoryBudget::GrowthWait waits(reply->memory->budget, reply->reserved);
    while (!reply->memory->budget.TryGrow(reply->reserved, size)) {
      co_await reply->memory->released.Wait();
      if (closed_) co_return closed_because_;
    }
  }
  reply->reserved = std::max(reply->reserved, size);
  reply->buffer = reply->memory->budget.Allocate(size, std::exchange(reply->reserved, 0));
  *room = absl::MakeSpan(reply->buffer->data(), size);
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Connection::ReadExactly(absl::Span<char> bytes) {
  while (!bytes.empty()) {
    if (closed_) co_return closed_because_;
    iovec part = {bytes.data(), bytes.size()};
    const IoResult result = transport_->ReadSome(absl::MakeConstSpan(&part, 1));
    if (result.kind == IoResult::Kind::kMoved) {
      bytes.remove_prefix(result.bytes);
      continue;
    }
    if (result.kind == IoResult::Kind::kWantsRead) transport_->ExpectBytes(bytes.size());
    absl::Status waited = co_await WaitFor(result);
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Connection::WriteAll(absl::Span<iovec> parts) {
  while (!parts.empty()) {
    if (closed_) co_return closed_because_;
    const IoResult result = transport_->WriteSome(parts);
    if (result.kind == IoResult::Kind::kMoved) {
      parts = Advance(parts, result.bytes);
      continue;
    }
    absl::Status waited = co_await WaitFor(result);
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Connection::WaitFor(IoResult result) {
  if (result.kind == IoResult::Kind::kClosed) {
    co_return absl::UnavailableError(absl::StrCat("broker ", endpoint_.ToString(), " closed the connection"));
  }
  if (result.kind == IoResult::Kind::kError) {
    co_return absl::UnavailableError(
        absl::StrCat("connection to broker ", endpoint_.ToString(), " broke: ", std::strerror(result.error)));
  }
  asio::error_code error;
  const auto direction = result.kind == IoResult::Kind::kWantsRead ? tcp::socket::wait_read : tcp::socket::wait_write;
  co_await socket_.async_wait(direction, redirect_error(use_awaitable, error));
  if (closed_) co_return closed_because_;
  if (error) {
    co_return absl::UnavailableError(
        absl::StrCat("connection to broker ", endpoint_.ToString(), " broke: ", error.message()));
  }
  co_return absl::OkStatus();
}

absl::Status Connection::CheckReply(const char* api, int16_t version, const absl::Status& status) {
  absl::Status why = absl::DataLossError(absl::StrCat("broker ", endpoint_.ToString(), " answered ", api, " v", version,
                                                      " with malformed bytes: ", status.message()));
  Close(why);
  return why;
}

}  // namespace replicator::kafka
