#include "tests/cluster/frame_peers.h"

#include <arpa/inet.h>
#include <glog/logging.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace replicator::tests {
namespace {

void AppendInt16(std::string& out, int16_t value) {
  const uint16_t wire = htons(static_cast<uint16_t>(value));
  out.append(reinterpret_cast<const char*>(&wire), sizeof(wire));
}

bool Readable(int fd, absl::Duration time) {
  pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&readable, 1, static_cast<int>(time / absl::Milliseconds(1))) == 1;
}

}  // namespace

void AppendInt32(std::string& out, int32_t value) {
  const uint32_t wire = htonl(static_cast<uint32_t>(value));
  out.append(reinterpret_cast<const char*>(&wire), sizeof(wire));
}

int32_t Int32At(absl::string_view bytes, size_t at) {
  uint32_t wire = 0;
  bytes.copy(reinterpret_cast<char*>(&wire), sizeof(wire), at);
  return static_cast<int32_t>(ntohl(wire));
}

std::string RequestFrame(int16_t api_key, int32_t correlation_id, absl::string_view payload,
                         absl::string_view client_id) {
  std::string body;
  AppendInt16(body, api_key);
  AppendInt16(body, 7);
  AppendInt32(body, correlation_id);
  AppendInt16(body, static_cast<int16_t>(client_id.size()));
  body.append(client_id);
  body.append(payload);
  std::string frame;
  AppendInt32(frame, static_cast<int32_t>(body.size()));
  return frame + body;
}

std::string EchoOf(int32_t correlation_id, absl::string_view payload, absl::string_view client_id) {
  return RequestFrame(0, correlation_id, payload, client_id).substr(8);
}

FrameSocket::FrameSocket(int fd, absl::Duration patience) : fd_(fd) {
  CHECK_GE(fd_, 0);
  const timeval timeout = absl::ToTimeval(patience);
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

FrameSocket::~FrameSocket() { close(fd_); }

std::unique_ptr<FrameSocket> FrameSocket::Connect(uint16_t port) {
  auto connected = std::make_unique<FrameSocket>(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  PCHECK(connect(connected->fd(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  return connected;
}

bool FrameSocket::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

std::string FrameSocket::Read(size_t bytes) {
  std::string out(bytes, '\0');
  size_t have = 0;
  while (have < bytes) {
    const ssize_t got = recv(fd_, out.data() + have, bytes - have, 0);
    if (got <= 0) break;
    have += static_cast<size_t>(got);
  }
  out.resize(have);
  return out;
}

std::optional<std::string> FrameSocket::ReadFrame() {
  const std::string prefix = Read(4);
  if (prefix.size() < 4) return std::nullopt;
  const auto length = static_cast<size_t>(Int32At(prefix, 0));
  std::string frame = Read(length);
  if (frame.size() < length) return std::nullopt;
  return frame;
}

bool FrameSocket::AtEnd() {
  char byte;
  return Readable(fd_, kPatience) && recv(fd_, &byte, 1, 0) <= 0;
}

bool FrameSocket::SilentFor(absl::Duration time) { return !Readable(fd_, time); }

void FrameSocket::EndWriting() { shutdown(fd_, SHUT_WR); }

EchoBroker::EchoBroker() : listener_(socket(AF_INET, SOCK_STREAM, 0), absl::ZeroDuration()) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  PCHECK(bind(listener_.fd(), generic, bytes) == 0);
  PCHECK(listen(listener_.fd(), 16) == 0);
  PCHECK(getsockname(listener_.fd(), generic, &bytes) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

EchoBroker::~EchoBroker() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (const auto& connection : connections_) shutdown(connection->fd(), SHUT_RDWR);
  }
  FrameSocket::Connect(port_);  // Wakes accept.
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
}

std::vector<int32_t> EchoBroker::seen() {
  absl::MutexLock lock(&mutex_);
  return seen_;
}

bool EchoBroker::WaitForSeen(size_t requests) {
  absl::MutexLock lock(&mutex_);
  const absl::Time deadline = Deadline();
  while (seen_.size() < requests) {
    if (changed_.WaitWithDeadline(&mutex_, deadline)) break;
  }
  return seen_.size() >= requests;
}

bool EchoBroker::WaitForEnded(int connections) {
  absl::MutexLock lock(&mutex_);
  const absl::Time deadline = Deadline();
  while (ended_ < connections) {
    if (changed_.WaitWithDeadline(&mutex_, deadline)) break;
  }
  return ended_ >= connections;
}

void EchoBroker::Accept() {
  while (true) {
    auto connection = std::make_shared<FrameSocket>(accept(listener_.fd(), nullptr, nullptr), absl::ZeroDuration());
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    connections_.push_back(connection);
    threads_.emplace_back([this, connection] { Serve(*connection); });
  }
}

void EchoBroker::Serve(FrameSocket& connection) {
  while (std::optional<std::string> request = connection.ReadFrame()) {
    {
      absl::MutexLock lock(&mutex_);
      seen_.push_back(Int32At(*request, 4));
      changed_.SignalAll();
    }
    if (Int32At(*request, 0) >> 16 == kUnanswered) continue;
    std::string response;
    AppendInt32(response, static_cast<int32_t>(request->size() - 4));
    response.append(*request, 4);
    if (!connection.Write(response)) break;
  }
  // As a broker does: the end of the client's stream is answered by the end of ours.
  shutdown(connection.fd(), SHUT_RDWR);
  absl::MutexLock lock(&mutex_);
  ++ended_;
  changed_.SignalAll();
}

}  // namespace replicator::tests
