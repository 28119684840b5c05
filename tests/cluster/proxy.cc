#include "tests/cluster/proxy.h"

#include <glog/logging.h>

#include <algorithm>
#include <asio.hpp>
#include <atomic>
#include <chrono>
#include <cstring>
#include <deque>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/types/span.h"

namespace replicator::tests {
namespace {

using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;
using asio::ip::tcp;

constexpr int64_t kLengthBytes = 4;
// API key, version and correlation id: what every request header has.
constexpr int32_t kRequestBytesMin = 8;
// The correlation id: what every response header has.
constexpr int32_t kResponseBytesMin = 4;
// A length above this is no Kafka frame (brokers refuse requests over socket.request.max.bytes, 100 MiB, and cap a
// Fetch response at 55 MiB).
constexpr int32_t kFrameBytesMax = 1 << 30;
// One read and one write move at most so much. Larger than any request header, whose longest field, the client id, has
// at most 32,767 bytes.
constexpr size_t kChunkBytes = 256 * 1024;
// CutThenForwardLate keeps the request in memory.
constexpr int64_t kLateRequestBytesMax = 64 << 20;
// Requests without an answer yet. Produce with acks=0 never gets one, so the oldest are forgotten; brokers' clients
// keep far fewer in flight.
constexpr size_t kExpectedMax = 4096;
constexpr size_t kSessionsMax = 1024;
constexpr absl::Duration kDelayMax = absl::Hours(1);
// After the end of the broker's side the client gets so long to close its own, so that closing does not reset away
// bytes which it has not read yet.
constexpr std::chrono::seconds kLinger{1};
constexpr std::chrono::milliseconds kAcceptBackoff{10};

struct RequestHead {
  int64_t frame_bytes = 0;  // Length prefix included.
  int16_t api_key = 0;
  int32_t correlation_id = 0;
  std::string client_id;
};

struct ResponseHead {
  int64_t frame_bytes = 0;  // Length prefix included.
  int32_t correlation_id = 0;
};

// What is known of a forwarded request when its response comes.
struct Expected {
  int32_t correlation_id = 0;
  std::optional<int16_t> api_key;  // Absent: the response answers nothing.
  Strike strike;
};

int16_t LoadInt16(const char* bytes) {
  const auto* b = reinterpret_cast<const uint8_t*>(bytes);
  return static_cast<int16_t>(b[0] << 8 | b[1]);
}

int32_t LoadInt32(const char* bytes) {
  const auto* b = reinterpret_cast<const uint8_t*>(bytes);
  return static_cast<int32_t>(uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | uint32_t{b[3]});
}

// Reads ahead from a socket by up to a chunk.
class ChunkReader {
 public:
  explicit ChunkReader(tcp::socket& socket) : socket_(socket) {}

  // Reads until `bytes` (<= kChunkBytes) bytes are buffered; false when the stream has ended or failed before that.
  awaitable<bool> Fill(size_t bytes) {
    if (begin_ + bytes > kChunkBytes || begin_ == end_) {
      std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    while (end_ - begin_ < bytes) {
      std::error_code error;
      end_ += co_await socket_.async_read_some(asio::buffer(buffer_.get() + end_, kChunkBytes - end_),
                                               redirect_error(use_awaitable, error));
      if (error) co_return false;
    }
    co_return true;
  }

  absl::Span<char> buffered() { return {buffer_.get() + begin_, end_ - begin_}; }
  void Consume(size_t bytes) { begin_ += bytes; }

 private:
  tcp::socket& socket_;
  // Pages that are never read into cost nothing.
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kChunkBytes);
  size_t begin_ = 0;
  size_t end_ = 0;
};

// One client's connection and its counterpart to the broker. Lives as long as one of its two pumps runs; touched by the
// loop's thread only.
struct Session {
  explicit Session(tcp::socket accepted)
      : client(std::move(accepted)),
        upstream(client.get_executor()),
        from_client(client),
        from_upstream(upstream),
        delay(client.get_executor()),
        late(client.get_executor()),
        linger(client.get_executor()) {}

  void Expect(Expected request) {
    if (expected.size() == kExpectedMax) expected.pop_front();
    expected.push_back(std::move(request));
  }

  // Ends the client's stream after what has been written to it. The broker gets an ordered end too: closing at once
  // could reset away requests that it has not read yet. Its remaining answers are read and dropped.
  void EndClient() {
    std::error_code ignored;
    client.shutdown(tcp::socket::shutdown_send, ignored);
    upstream.shutdown(tcp::socket::shutdown_send, ignored);
    ended = true;
    delay.cancel();
  }

  void CutClient() {
    EndClient();
    std::error_code ignored;
    client.close(ignored);
  }

  void CutBoth() {
    std::error_code ignored;
    client.close(ignored);
    upstream.close(ignored);
    ended = true;
    delay.cancel();
    late.cancel();
    linger.cancel();
  }

  tcp::socket client;
  tcp::socket upstream;
  ChunkReader from_client;
  ChunkReader from_upstream;
  asio::steady_timer delay;   // DelayResponse.
  asio::steady_timer late;    // CutThenForwardLate.
  asio::steady_timer linger;  // kLinger.
  std::deque<Expected> expected;
  bool ended = false;          // No request or response is forwarded any more.
  bool requests_done = false;  // The request pump has returned.
};

// kBegun: the sink took a part of the frame and then no more. kSourceEndedInside: the sink had got a part by then.
enum class Moved { kWhole, kBegun, kDropped, kSourceEnded, kSourceEndedInside };

// A frame's first bytes stay buffered, so that MoveFrame finds the whole frame.
awaitable<std::optional<RequestHead>> ReadRequestHead(ChunkReader& reader) {
  if (!co_await reader.Fill(kLengthBytes)) co_return std::nullopt;
  const int32_t length = LoadInt32(reader.buffered().data());
  if (length < kRequestBytesMin || length > kFrameBytesMax) {
    LOG(WARNING) << "fault proxy: not a request, its length is " << length;
    co_return std::nullopt;
  }
  RequestHead head{.frame_bytes = length + kLengthBytes};
  if (!co_await reader.Fill(kLengthBytes + kRequestBytesMin)) {
    co_return std::nullopt;
  }
  head.api_key = LoadInt16(reader.buffered().data() + 4);
  head.correlation_id = LoadInt32(reader.buffered().data() + 8);
  // Header v1 and v2 go on with the client id, a nullable string with a 2-byte length in both (RequestHeader.json:
  // flexibleVersions "none" for it).
  if (length < kRequestBytesMin + 2) co_return head;
  const size_t client_id_at = kLengthBytes + kRequestBytesMin + 2;
  if (!co_await reader.Fill(client_id_at)) co_return std::nullopt;
  const int16_t bytes = LoadInt16(reader.buffered().data() + client_id_at - 2);
  if (bytes <= 0 || bytes > length - kRequestBytesMin - 2) co_return head;
  if (!co_await reader.Fill(client_id_at + bytes)) co_return std::nullopt;
  head.client_id.assign(reader.buffered().data() + client_id_at, bytes);
  co_return head;
}

awaitable<std::optional<ResponseHead>> ReadResponseHead(ChunkReader& reader) {
  if (!co_await reader.Fill(kLengthBytes)) co_return std::nullopt;
  const int32_t length = LoadInt32(reader.buffered().data());
  if (length < kResponseBytesMin || length > kFrameBytesMax) {
    LOG(WARNING) << "fault proxy: not a response, its length is " << length;
    co_return std::nullopt;
  }
  if (!co_await reader.Fill(kLengthBytes + kResponseBytesMin)) {
    co_return std::nullopt;
  }
  co_return ResponseHead{.frame_bytes = length + kLengthBytes,
                         .correlation_id = LoadInt32(reader.buffered().data() + kLengthBytes)};
}

// A broker answers the requests of a connection in their order, so what stands before the match has no answer (Produce
// with acks=0).
Expected TakeExpected(std::deque<Expected>& expected, int32_t correlation_id) {
  const auto found = std::find_if(expected.begin(), expected.end(),
                                  [correlation_id](const Expected& e) { return e.correlation_id == correlation_id; });
  if (found == expected.end()) {
    LOG(WARNING) << "fault proxy: a response without a request, correlation id " << correlation_id;
    return {};
  }
  Expected taken = std::move(*found);
  expected.erase(expected.begin(), found + 1);
  return taken;
}

awaitable<void> Sleep(asio::steady_timer& timer, absl::Duration delay) {
  std::error_code ignored;
  timer.expires_after(absl::ToChronoNanoseconds(std::min(delay, kDelayMax)));
  co_await timer.async_wait(redirect_error(use_awaitable, ignored));
}

}  // namespace

class FaultProxy::Impl {
 public:
  Impl() : acceptor_(loop_), gate_(loop_) {
    // Never expires; cancel() wakes all who wait. Set once, for setting it again would wake them too.
    gate_.expires_at(std::chrono::steady_clock::time_point::max());
  }

  ~Impl() {
    if (!thread_.joinable()) return;
    RunOnLoop([this] {
      std::error_code ignored;
      acceptor_.close(ignored);
      CutSessions();
    });
    thread_.join();
  }

  absl::Status Listen(uint16_t port) {
    const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
    std::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    if (error) {
      return absl::UnavailableError(absl::StrCat("cannot listen on 127.0.0.1:", port, ": ", error.message()));
    }
    asio::co_spawn(loop_, Accept(), asio::detached);
    thread_ = std::thread([this] { loop_.run(); });
    return absl::OkStatus();
  }

  absl::Status SetUpstream(absl::string_view host, uint16_t port) ABSL_LOCKS_EXCLUDED(mutex_) {
    std::error_code error;
    const std::string literal(host == "localhost" ? "127.0.0.1" : host);
    const asio::ip::address address = asio::ip::make_address(literal, error);
    if (error) {
      return absl::InvalidArgumentError(
          absl::StrCat("upstream host \"", host, "\" is neither an IP address nor localhost"));
    }
    absl::MutexLock lock(&mutex_);
    upstream_ = tcp::endpoint(address, port);
    return absl::OkStatus();
  }

  void Hold() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    held_ = true;
  }

  void Release() ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      held_ = false;
    }
    RunOnLoop([this] { gate_.cancel(); });
  }

  void CutAll() {
    RunOnLoop([this] { CutSessions(); });
  }

  uint16_t port() const { return port_; }
  int64_t connections_accepted() const { return connections_accepted_; }
  FaultLedger& ledger() { return ledger_; }

 private:
  template <typename Work>
  void RunOnLoop(Work work) {
    absl::Notification done;
    asio::post(loop_, [&work, &done] {
      work();
      done.Notify();
    });
    done.WaitForNotification();
  }

  // Loop's thread, like all that follows.
  void CutSessions() {
    for (Session* session : sessions_) session->CutBoth();
    gate_.cancel();
  }

  bool Held() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return held_;
  }

  std::optional<tcp::endpoint> Upstream() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return upstream_;
  }

  // Waits while the proxy is held; a session cut on both sides waits for nothing.
  awaitable<void> PassGate(Session& session) {
    while (Held() && (session.client.is_open() || session.upstream.is_open())) {
      std::error_code ignored;
      co_await gate_.async_wait(redirect_error(use_awaitable, ignored));
    }
  }

  awaitable<void> Accept() {
    asio::steady_timer backoff(loop_);
    while (true) {
      std::error_code error;
      tcp::socket client = co_await acceptor_.async_accept(redirect_error(use_awaitable, error));
      if (!acceptor_.is_open()) co_return;
      if (error) {
        LOG(WARNING) << "fault proxy: accept: " << error.message();
        backoff.expires_after(kAcceptBackoff);
        co_await backoff.async_wait(redirect_error(use_awaitable, error));
        continue;
      }
      ++connections_accepted_;
      if (sessions_.size() >= kSessionsMax || !Upstream()) continue;
      auto session = std::make_shared<Session>(std::move(client));
      sessions_.insert(session.get());
      asio::co_spawn(loop_, Serve(session), asio::detached);
    }
  }

  awaitable<void> Serve(std::shared_ptr<Session> session) {
    co_await PassGate(*session);
    std::error_code error;
    const tcp::endpoint endpoint = *Upstream();
    if (!session->ended) {
      co_await session->upstream.async_connect(endpoint, redirect_error(use_awaitable, error));
    }
    if (error || session->ended) {
      session->CutBoth();
      sessions_.erase(session.get());
      co_return;
    }
    session->client.set_option(tcp::no_delay(true), error);
    session->upstream.set_option(tcp::no_delay(true), error);
    asio::co_spawn(loop_, PumpRequests(session), asio::detached);
    co_await PumpResponses(*session);
    session->CutBoth();
    sessions_.erase(session.get());
  }

  // Ends when the client's stream ends; the broker then sees an end too.
  awaitable<void> PumpRequests(std::shared_ptr<Session> session) {
    while (true) {
      std::optional<RequestHead> head = co_await ReadRequestHead(session->from_client);
      if (!head) break;
      co_await PassGate(*session);
      Strike strike;
      if (!session->ended) strike = ledger_.Take(head->api_key, head->client_id);
      if (!co_await ForwardRequest(*session, *head, strike)) break;
    }
    co_await PassGate(*session);
    std::error_code ignored;
    session->upstream.shutdown(tcp::socket::shutdown_send, ignored);
    session->requests_done = true;
    session->linger.cancel();
  }

  // False when nothing more can be read from the client.
  awaitable<bool> ForwardRequest(Session& session, const RequestHead& head, const Strike& strike) {
    if (strike.fault.kind == Fault::Kind::kCutThenForwardLate && head.frame_bytes <= kLateRequestBytesMax) {
      co_await ForwardLate(session, head, strike);
      co_return false;
    }
    if (strike.fault.kind == Fault::Kind::kCutBeforeForward || strike.fault.kind == Fault::Kind::kCutThenForwardLate) {
      session.CutClient();
      ledger_.Hit(strike);
      co_return false;
    }
    session.Expect({head.correlation_id, head.api_key, strike});
    const Fault whole = Fault::Pass();
    const Moved moved = co_await MoveFrame(session, session.from_client, session.upstream, head.frame_bytes, whole);
    if (moved != Moved::kWhole) co_return moved == Moved::kDropped;
    ledger_.CountRequest(head.api_key);
    if (strike.fault.kind != Fault::Kind::kCutAfterForward) co_return true;
    session.CutClient();
    ledger_.Hit(strike);
    co_return false;
  }

  awaitable<void> ForwardLate(Session& session, const RequestHead& head, const Strike& strike) {
    std::string frame;
    const auto frame_bytes = static_cast<size_t>(head.frame_bytes);
    while (frame.size() < frame_bytes) {
      if (!co_await session.from_client.Fill(1)) co_return;
      const absl::Span<char> ready = session.from_client.buffered();
      const size_t bytes = std::min(ready.size(), frame_bytes - frame.size());
      frame.append(ready.data(), bytes);
      session.from_client.Consume(bytes);
    }
    std::error_code error;
    session.client.close(error);
    // Its answer is known when it comes, and dropped like all others: there is no client any more.
    session.Expect({head.correlation_id, head.api_key, strike});
    co_await Sleep(session.late, strike.fault.delay);
    co_await PassGate(session);
    co_await asio::async_write(session.upstream, asio::buffer(frame), redirect_error(use_awaitable, error));
    if (error) co_return;
    ledger_.CountRequest(head.api_key);
    ledger_.Hit(strike);
  }

  // Ends when the broker's stream ends; the client then sees an end too.
  awaitable<void> PumpResponses(Session& session) {
    while (true) {
      std::optional<ResponseHead> head = co_await ReadResponseHead(session.from_upstream);
      if (!head) break;
      co_await PassGate(session);
      const Expected expected = TakeExpected(session.expected, head->correlation_id);
      if (!co_await ForwardResponse(session, *head, expected)) break;
    }
    co_await PassGate(session);
    session.EndClient();
    if (session.requests_done) co_return;
    const absl::Duration linger = absl::FromChrono(kLinger);
    co_await Sleep(session.linger, linger);
  }

  // False when nothing more can be read from the broker.
  awaitable<bool> ForwardResponse(Session& session, const ResponseHead& head, const Expected& expected) {
    const Strike& strike = expected.strike;
    const Fault::Kind kind = strike.fault.kind;
    if (kind == Fault::Kind::kDelayResponse) {
      ledger_.Hit(strike);
      if (!session.ended) co_await Sleep(session.delay, strike.fault.delay);
    }
    const Moved moved =
        co_await MoveFrame(session, session.from_upstream, session.client, head.frame_bytes, strike.fault);
    if (moved == Moved::kSourceEnded) co_return false;
    // A client that dislikes the patched begin of a frame does not wait for the rest; nor does the broker, then.
    const bool begun = moved == Moved::kBegun || moved == Moved::kSourceEndedInside;
    const bool unharmed = strike.fault.bytes_max >= head.frame_bytes;
    if (moved == Moved::kWhole && unharmed && expected.api_key)
      ledger_.CountResponse(*expected.api_key, head.frame_bytes);
    if (kind == Fault::Kind::kSwallowResponseThenCut) session.CutClient();
    if (kind == Fault::Kind::kTruncateResponse) session.EndClient();
    const bool hit_elsewhere = kind == Fault::Kind::kDelayResponse || kind == Fault::Kind::kCutAfterForward;
    const bool struck = moved == Moved::kWhole || (begun && kind == Fault::Kind::kPatchResponse);
    if (!hit_elsewhere && struck) ledger_.Hit(strike);
    co_return moved != Moved::kSourceEndedInside;
  }

  // Moves the frame at the front of `from`, changed as `fault` says. A sink that fails does not stop the reading: the
  // frame is then dropped.
  awaitable<Moved> MoveFrame(Session& session, ChunkReader& from, tcp::socket& to, int64_t frame_bytes,
                             const Fault& fault) {
    bool writable = true;
    bool begun = false;
    for (int64_t position = 0; position < frame_bytes;) {
      if (!co_await from.Fill(1)) co_return begun ? Moved::kSourceEndedInside : Moved::kSourceEnded;
      const absl::Span<char> ready = from.buffered();
      const int64_t bytes = std::min<int64_t>(static_cast<int64_t>(ready.size()), frame_bytes - position);
      fault.PatchChunk(frame_bytes, position, ready.first(bytes));
      const int64_t wanted = std::min(bytes, fault.bytes_max - position);
      if (writable && wanted > 0) {
        co_await PassGate(session);
        std::error_code error;
        const size_t written =
            co_await asio::async_write(to, asio::buffer(ready.data(), wanted), redirect_error(use_awaitable, error));
        writable = !error;
        begun = begun || written > 0;
      }
      from.Consume(bytes);
      position += bytes;
    }
    if (writable) co_return Moved::kWhole;
    co_return begun ? Moved::kBegun : Moved::kDropped;
  }

  asio::io_context loop_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer gate_;
  absl::flat_hash_set<Session*> sessions_;
  uint16_t port_ = 0;
  std::atomic<int64_t> connections_accepted_ = 0;
  FaultLedger ledger_;
  absl::Mutex mutex_;
  std::optional<tcp::endpoint> upstream_ ABSL_GUARDED_BY(mutex_);
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<FaultProxy>> FaultProxy::Start(uint16_t port) {
  auto impl = std::make_unique<Impl>();
  const absl::Status status = impl->Listen(port);
  if (!status.ok()) return status;
  return std::unique_ptr<FaultProxy>(new FaultProxy(std::move(impl)));
}

FaultProxy::FaultProxy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FaultProxy::~FaultProxy() = default;

uint16_t FaultProxy::port() const { return impl_->port(); }

absl::Status FaultProxy::SetUpstream(absl::string_view host, uint16_t port) { return impl_->SetUpstream(host, port); }

RuleId FaultProxy::Arm(FaultRule rule) { return impl_->ledger().Arm(std::move(rule)); }

void FaultProxy::Remove(RuleId rule_id) { impl_->ledger().Remove(rule_id); }

bool FaultProxy::WaitForHits(RuleId rule_id, int64_t hits, absl::Time deadline) const {
  return impl_->ledger().WaitForHits(rule_id, hits, deadline);
}

int64_t FaultProxy::Hits(RuleId rule_id) const { return impl_->ledger().Hits(rule_id); }

void FaultProxy::Hold() { impl_->Hold(); }
void FaultProxy::Release() { impl_->Release(); }
void FaultProxy::CutAll() { impl_->CutAll(); }

int64_t FaultProxy::RequestsForwarded(int16_t api_key) const { return impl_->ledger().RequestsForwarded(api_key); }

int64_t FaultProxy::ResponsesForwarded(int16_t api_key) const { return impl_->ledger().ResponsesForwarded(api_key); }

int64_t FaultProxy::ResponseBytesForwarded(int16_t api_key) const {
  return impl_->ledger().ResponseBytesForwarded(api_key);
}

int64_t FaultProxy::ConnectionsAccepted() const { return impl_->connections_accepted(); }

}  // namespace replicator::tests
