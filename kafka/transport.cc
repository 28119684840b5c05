#include "kafka/transport.h"

#include <sys/socket.h>

#include <cerrno>

namespace replicator::kafka {
namespace {

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
