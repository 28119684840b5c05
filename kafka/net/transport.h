// A byte stream to one broker: non-blocking read-some and write-some of scatter-gather lists over one file descriptor.
// Waiting is the caller's (kafka/net/connection.cc), so that TLS can sit on the same descriptor: its reads may have to
// wait for writability and the other way round, which IoResult can say.
//
// Thread-confined.
#ifndef REPLICATOR_KAFKA_NET_TRANSPORT_H_
#define REPLICATOR_KAFKA_NET_TRANSPORT_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace replicator::kafka {

struct IoResult {
  enum class Kind : uint8_t {
    kMoved,       // `bytes` > 0 were moved
    kWantsRead,   // nothing moved: try again when the descriptor is readable
    kWantsWrite,  // nothing moved: try again when it is writable
    kClosed,      // the peer has closed the stream
    kError,       // `error` is an errno value
  };
  Kind kind;
  size_t bytes = 0;
  int error = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // REQUIRES: parts is not empty, holds at most IOV_MAX entries, and no more than SSIZE_MAX bytes.
  virtual IoResult ReadSome(absl::Span<const iovec> parts) = 0;
  virtual IoResult WriteSome(absl::Span<const iovec> parts) = 0;
  // A hint for the wait that follows kWantsRead: it need not end before so many bytes have come. REQUIRES: bytes > 0,
  // and they are on their way.
  virtual void ExpectBytes(size_t bytes) = 0;
};

// Plain TCP. Does not own the descriptor.
class TcpTransport : public Transport {
 public:
  explicit TcpTransport(int fd) : fd_(fd) {}
  IoResult ReadSome(absl::Span<const iovec> parts) override;
  IoResult WriteSome(absl::Span<const iovec> parts) override;
  void ExpectBytes(size_t bytes) override;

 private:
  const int fd_;
  int low_water_ = 1;  // the kernel's default
};

// Removes the first `bytes` from `parts` in place and returns what is left.
absl::Span<iovec> Advance(absl::Span<iovec> parts, size_t bytes);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_NET_TRANSPORT_H_
