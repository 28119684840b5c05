// The two ends between which proxy_test.cc puts a FaultProxy: a client's blocking socket and a broker that echoes. They
// know Kafka's framing and request header and nothing else.
#ifndef REPLICATOR_TESTS_CLUSTER_FRAME_PEERS_H_
#define REPLICATOR_TESTS_CLUSTER_FRAME_PEERS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace replicator::tests {

// No wait in a test lasts longer, so that a failing test ends.
inline constexpr absl::Duration kPatience = absl::Seconds(20);
inline absl::Time Deadline() { return absl::Now() + kPatience; }

// An API key that EchoBroker never answers, as Kafka never answers Produce with acks=0.
inline constexpr int16_t kUnanswered = 2;

void AppendInt32(std::string& out, int32_t value);
int32_t Int32At(absl::string_view bytes, size_t at);

// {length, API key, version 7, correlation id, client id, payload}.
std::string RequestFrame(int16_t api_key, int32_t correlation_id, absl::string_view payload,
                         absl::string_view client_id = "client");

// EchoBroker's answer to that request, without its length prefix: {correlation id, client id, payload}.
std::string EchoOf(int32_t correlation_id, absl::string_view payload, absl::string_view client_id = "client");

// A blocking TCP socket; owns `fd`. Used by one thread at a time.
class FrameSocket {
 public:
  // A read or accept gives up after `patience`; zero: never.
  explicit FrameSocket(int fd, absl::Duration patience = kPatience);
  ~FrameSocket();
  FrameSocket(const FrameSocket&) = delete;
  FrameSocket& operator=(const FrameSocket&) = delete;

  static std::unique_ptr<FrameSocket> Connect(uint16_t port);

  bool Write(absl::string_view bytes);

  // Shorter than `bytes` when the stream ends before.
  std::string Read(size_t bytes);

  // The next frame without its length prefix; absent at the stream's end.
  std::optional<std::string> ReadFrame();

  // True when the peer's stream ends without another byte.
  bool AtEnd();

  bool SilentFor(absl::Duration time);

  void EndWriting();
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// Answers each request frame in order (EchoOf) and remembers the correlation ids. One thread per connection; it never
// ends a connection of its own accord, so an end that the client sees is the proxy's doing.
class EchoBroker {
 public:
  EchoBroker();
  ~EchoBroker();

  uint16_t port() const { return port_; }

  // The correlation ids of all requests that have arrived whole.
  std::vector<int32_t> seen();
  bool WaitForSeen(size_t requests);

  // Until so many connections have ended: nothing more can come from them.
  bool WaitForEnded(int connections);

 private:
  void Accept();
  void Serve(FrameSocket& connection);

  FrameSocket listener_;
  uint16_t port_ = 0;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int ended_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<int32_t> seen_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<FrameSocket>> connections_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;  // The acceptor's until it is joined.
  std::thread acceptor_;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_FRAME_PEERS_H_
