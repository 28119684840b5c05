// A TCP proxy that stands before one Kafka broker and breaks chosen requests on purpose.
//
//   client --> FaultProxy (listening port) --> broker
//          <--                             <--
//
// It understands as much of the protocol as is needed to name a request: the length prefix, the request header (API
// key, version, correlation id, client id) and the response header (correlation id). So a test can say "lose the
// answer to the third Produce of the client that calls itself replicator" and knows, by WaitForHits, when that has
// happened. Everything else is streamed through unread, in chunks, so that a frame of any size costs no memory.
//
// The listening port exists before the broker does: start the proxy, write `port()` into the broker's
// advertised.listeners, start the broker, call SetUpstream.
//
// What it does not do: TLS (frames cannot be seen inside), and SaslHandshake v0, after which SASL tokens travel
// without a Kafka header (KIP-152); SaslHandshake v1 passes.
//
// Threading: one thread of its own runs all connections. Every public method may be called from any thread except
// that one, and takes effect before it returns unless its comment says otherwise.
#ifndef REPLICATOR_TESTS_CLUSTER_PROXY_H_
#define REPLICATOR_TESTS_CLUSTER_PROXY_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/cluster/fault.h"

namespace replicator::tests {

class FaultProxy {
 public:
  // Listens on 127.0.0.1:`port` (0: a free port) and starts the thread. UNAVAILABLE when the port cannot be taken.
  static absl::StatusOr<std::unique_ptr<FaultProxy>> Start(uint16_t port = 0);

  // Closes every connection and joins the thread.
  ~FaultProxy();

  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  uint16_t port() const;

  // Where connections accepted from now on lead; until the first call they are closed as soon as they are accepted.
  // `host` is an IP address or "localhost" (127.0.0.1), else INVALID_ARGUMENT.
  absl::Status SetUpstream(absl::string_view host, uint16_t port);

  RuleId Arm(FaultRule rule);

  // No request is struck from now on; one that has been taken already keeps its fault. Its hits stay readable.
  void Remove(RuleId rule_id);

  // Waits until the rule has had `hits` hits, false at the deadline. Unknown rules never have any.
  bool WaitForHits(RuleId rule_id, int64_t hits, absl::Time deadline) const;
  int64_t Hits(RuleId rule_id) const;

  // A stalled network: no byte, and no end of a connection, passes in either direction until Release; connections stay
  // open, new ones are accepted. A chunk whose write has begun may still arrive after Hold has returned.
  void Hold();
  void Release();

  // Closes all connections of the moment on both sides. Bytes that the proxy holds are lost.
  void CutAll();

  // Whole frames, by the request's API key, over the proxy's life; kAnyApi gives the sum.
  int64_t RequestsForwarded(int16_t api_key) const;
  int64_t ResponsesForwarded(int16_t api_key) const;
  int64_t ResponseBytesForwarded(int16_t api_key) const;
  int64_t ConnectionsAccepted() const;

 private:
  class Impl;
  explicit FaultProxy(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_PROXY_H_
