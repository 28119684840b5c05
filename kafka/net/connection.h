// One connection to one broker: connects, agrees on versions, sends requests one behind the other and hands each answer
// to whoever waits for it. Kafka answers a connection's requests in the order in which it got them.
//
// Any trouble (bytes that are not the protocol, an answer out of order, no answer in time, a closed socket) closes the
// whole connection and fails every request that waits: what became of those is not known. A connection is never
// repaired; its Lane makes a new one.
//
// Thread-confined to its event loop. Shared ownership, because the reading coroutine lives as long as the socket.
#ifndef REPLICATOR_KAFKA_NET_CONNECTION_H_
#define REPLICATOR_KAFKA_NET_CONNECTION_H_

#include <sys/uio.h>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kafka/net/buffer.h"
#include "kafka/net/fetch_memory.h"
#include "kafka/net/signal.h"
#include "kafka/net/transport.h"
#include "kafka/wire/header.h"
#include "kafka/wire/versions.h"

namespace replicator::kafka {

struct Endpoint {
  std::string host;
  uint16_t port = 0;

  std::string ToString() const;  // host:port, [host]:port for an IPv6 literal
  bool operator==(const Endpoint&) const = default;
};

struct ConnectionOptions {
  std::string client_id;
  BrokerUse use = BrokerUse::kProduce;
  // Of resolving the name and connecting together; then of each of the first answers.
  Clock::duration connect_timeout = std::chrono::seconds(10);
  // The cluster that the broker must belong to; empty: any. An address can lead to another cluster from one connection
  // to the next, and nothing must be written there before that is noticed.
  std::string cluster_id;
};

// Largest answer that is not a Fetch: metadata of 100,000 partitions is some 10 MiB.
inline constexpr size_t kFrameBytesMax = 64u << 20;
// Largest Fetch answer that is taken even when nothing else is in memory. A broker caps a response at 55 MiB by default
// (fetch.max.bytes) and passes it only for a single batch; no batch exceeds message.max.bytes.
inline constexpr size_t kFetchFrameBytesMax = 256u << 20;

// Numbers that tell the answers of one connection apart. They begin anew after the greatest: a connection that is used
// a thousand times a second gets there within a month.
class CorrelationIds {
 public:
  explicit CorrelationIds(int32_t first = 1) : next_(first) {}
  int32_t Next() { return std::exchange(next_, next_ == std::numeric_limits<int32_t>::max() ? 0 : next_ + 1); }

 private:
  int32_t next_;
};

// An answer that is due. Kept by the connection and by the one who waits.
struct PendingReply {
  explicit PendingReply(asio::any_io_executor executor) : signal(std::move(executor)) {}

  int32_t correlation_id = 0;
  Clock::time_point deadline;
  // Where the answer goes: into a buffer of `memory` of which `reserved` bytes are reserved, or else into `bytes`.
  FetchMemory* memory = nullptr;
  size_t reserved = 0;
  BufferRef buffer;
  std::string bytes;
  bool done = false;
  absl::Status status;
  Signal signal;

  // The answer from its correlation id on, without the size field.
  std::string_view frame() const {
    return buffer ? std::string_view(buffer->data(), buffer->size()) : std::string_view(bytes);
  }
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // Resolves, connects, exchanges ApiVersions, asks for the cluster id. Unavailable names the endpoint and the reason;
  // FailedPrecondition: the broker is too old, or too new, for what it is used for; Aborted: it belongs to another
  // cluster.
  static asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> Open(Endpoint endpoint,
                                                                           ConnectionOptions options);

  Connection(asio::ip::tcp::socket socket, Endpoint endpoint, ConnectionOptions options);
  ~Connection();

  // Writes one request and returns once the kernel has all of it: the bytes behind `parts` may go then. Calls must not
  // overlap. `memory` != nullptr: the answer lies in one of its buffers, and `reserved` bytes of its budget belong to
  // this call from now on (given back on failure).
  asio::awaitable<absl::StatusOr<std::shared_ptr<PendingReply>>> Send(std::vector<iovec> parts, int32_t correlation_id,
                                                                      Clock::duration timeout,
                                                                      FetchMemory* memory = nullptr,
                                                                      size_t reserved = 0);
  // Waits for the answer. After a failure the connection is closed.
  static asio::awaitable<absl::Status> Receive(std::shared_ptr<PendingReply> reply);

  // Encodes, sends, waits and decodes. Calls must not overlap.
  template <typename Request>
  asio::awaitable<absl::StatusOr<typename Request::Response>> Call(const Request& request, Clock::duration timeout);

  // The broker has answered with a throttle time: a quota is used up, and it reads no further request of this
  // connection before (KIP-219). Whoever sends waits that long, and answers have that much more time.
  void Throttle(int32_t throttle_time_ms);
  Clock::time_point throttled_until() const { return throttled_until_; }

  int32_t NextCorrelationId() { return correlation_ids_.Next(); }
  const NegotiatedVersions& versions() const { return *versions_; }
  const ConnectionOptions& options() const { return options_; }
  const Endpoint& endpoint() const { return endpoint_; }
  bool closed() const { return closed_; }

  // Fails everything that waits with `why`. Nothing more is read or written.
  void Close(absl::Status why);

 private:
  static asio::awaitable<void> ReadReplies(std::shared_ptr<Connection> self);
  static asio::awaitable<void> WatchDeadlines(std::shared_ptr<Connection> self);
  asio::awaitable<absl::Status> ReadReply();
  asio::awaitable<absl::Status> MakeRoom(std::shared_ptr<PendingReply> reply, size_t size, absl::Span<char>* room);
  asio::awaitable<absl::Status> ReadExactly(absl::Span<char> bytes);
  asio::awaitable<absl::Status> WriteAll(absl::Span<iovec> parts);
  asio::awaitable<absl::Status> WaitFor(IoResult result);
  asio::awaitable<absl::Status> Negotiate();
  asio::awaitable<absl::Status> CheckCluster();
  absl::Status CheckReply(const char* api, int16_t version, const absl::Status& status);
  void Finish(PendingReply& reply, absl::Status status);

  asio::ip::tcp::socket socket_;
  const Endpoint endpoint_;
  const ConnectionOptions options_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<NegotiatedVersions> versions_;
  std::deque<std::shared_ptr<PendingReply>> pending_;
  asio::steady_timer watchdog_;
  CorrelationIds correlation_ids_;
  bool writing_ = false;
  bool watching_ = false;  // WatchDeadlines runs
  bool closed_ = false;
  absl::Status closed_because_;
  Clock::time_point throttled_until_;
};

template <typename Request>
asio::awaitable<absl::StatusOr<typename Request::Response>> Connection::Call(const Request& request,
                                                                             Clock::duration timeout) {
  const int16_t version =
      Request::kApi.key == ApiKey::kApiVersions ? Request::kApi.versions.highest() : versions_->For(Request::kApi.key);
  const int32_t correlation_id = NextCorrelationId();
  absl::StatusOr<std::string> frame = EncodeRequest(request, version, correlation_id, options_.client_id);
  if (!frame.ok()) co_return frame.status();
  if (Clock::now() < throttled_until_) co_await SleepFor(throttled_until_ - Clock::now());
  std::vector<iovec> parts = {{frame->data(), frame->size()}};
  absl::StatusOr<std::shared_ptr<PendingReply>> reply = co_await Send(std::move(parts), correlation_id, timeout);
  if (!reply.ok()) co_return reply.status();
  std::shared_ptr<PendingReply> answer = *reply;
  absl::Status received = co_await Receive(answer);
  if (!received.ok()) co_return received;
  absl::StatusOr<std::string_view> body = ResponseBody(Request::kApi, version, answer->frame());
  if (!body.ok()) co_return CheckReply(Request::kApi.name, version, body.status());
  absl::StatusOr<typename Request::Response> response = Request::Response::Read(*body, version);
  if (!response.ok()) co_return CheckReply(Request::kApi.name, version, response.status());
  if constexpr (requires { response->throttle_time_ms; }) Throttle(response->throttle_time_ms);
  co_return response;
}

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_NET_CONNECTION_H_
