#include "kafka/net/transport.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace replicator::kafka {
namespace {

// Bytes that are worth waking up for. Waking for each segment that a broker's sendfile passes on costs a sixth more CPU
// per byte; beyond this size there is little left to gain, and the kernel holds a window of so many bytes.
constexpr size_t kLowWaterMax = 512 << 10;

IoResult FromSyscall(ssize_t moved, IoResult::Kind wants) {
  if (moved > 0) return {.kind = IoResult::Kind::kMoved, .bytes = static_cast<size_t>(moved)};
  if (moved == 0) return {.kind = IoResult::Kind::kClosed};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {.kind = wants};
  return {.kind = IoResult::Kind::kError, .error = errno};
}

msghdr MessageOf(absl::Span<const iovec> parts) {
  msghdr message = {};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  return message;
}

}  // namespace

IoResult TcpTransport::ReadSome(absl::Span<const iovec> parts) {
  msghdr message = MessageOf(parts);
  return FromSyscall(recvmsg(fd_, &message, MSG_DONTWAIT), IoResult::Kind::kWantsRead);
}

// MSG_NOSIGNAL: a broker that went away is an error of this connection, not a SIGPIPE for the process.
IoResult TcpTransport::WriteSome(absl::Span<const iovec> parts) {
  msghdr message = MessageOf(parts);
  return FromSyscall(sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT), IoResult::Kind::kWantsWrite);
}

void TcpTransport::ExpectBytes(size_t bytes) {
  const int low_water = static_cast<int>(std::min<size_t>(bytes, kLowWaterMax));
  if (low_water == low_water_) return;
  low_water_ = low_water;
  // If it fails we only wake more often.
  setsockopt(fd_, SOL_SOCKET, SO_RCVLOWAT, &low_water, sizeof(low_water));
}

absl::Span<iovec> Advance(absl::Span<iovec> parts, size_t bytes) {
  while (!parts.empty() && bytes >= parts.front().iov_len) {
    bytes -= parts.front().iov_len;
    parts.remove_prefix(1);
  }
  if (bytes > 0) {
    parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + bytes;
    parts.front().iov_len -= bytes;
  }
  return parts;
}

}  // namespace replicator::kafka
