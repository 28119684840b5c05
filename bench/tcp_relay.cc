// The CPU floor of a copy: three processes that move the same bytes as a replication does, with nothing but the kernel
// between them.
//
//   send (in the source broker's place) --> relay (in replicator's) --> sink (in the target broker's)
//
//   tcp_relay --role=sink  --listen_port=7003 [FILE]
//   tcp_relay --role=relay --listen_port=7002 --port=7003
//   tcp_relay --role=send  --port=7002 [--bytes=N] [FILE...]
//   tcp_relay --role=evict FILE...
//
// `send` streams files (a broker's log segments, say) by sendfile, a chunk of each in turn, as a broker answers fetches
// of many partitions, or memory when no file is named. `relay` is one thread that reads up to 1 MiB and writes it, on
// blocking sockets: fewer system calls cannot be had without splice. `sink` writes what it gets to FILE, as the
// target's broker does: so both copiers find the memory and the disk equally busy. `evict` takes the files out of the
// page cache, so that the next `send` (or the next fetch from the broker that owns them) is a cold one; `send` itself
// leaves them warm. Each process serves one connection, then prints one line of JSON with its own wall and CPU time
// (getrusage, from the connection's start to its end) and ends. With --listen_port=0 the port is chosen and printed
// first, as {"listen_port":P}.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gflags/gflags.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

DEFINE_string(role, "", "send, relay, sink or evict");
DEFINE_int32(listen_port, 0, "relay and sink: loopback port to listen on, 0 for a free one");
DEFINE_int32(port, 0, "send and relay: loopback port to connect to");
DEFINE_int64(bytes, 0, "send: stop after so many bytes; 0 for all of the files");

namespace replicator {
namespace {

constexpr size_t kChunkBytes = 1 << 20;
// The peer may still be starting.
constexpr absl::Duration kConnectPatience = absl::Seconds(10);
constexpr absl::Duration kConnectPause = absl::Milliseconds(10);

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// What one process has done with its connection.
struct Totals {
  int64_t bytes = 0;
  int64_t reads = 0;
  int64_t writes = 0;  // sendfile counts as one write.
};

absl::Status Failed(absl::string_view what) { return absl::ErrnoToStatus(errno, what); }

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

absl::StatusOr<Descriptor> AcceptOne(int port) {
  Descriptor listener(socket(AF_INET, SOCK_STREAM, 0));
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address = Loopback(port);
  socklen_t bytes = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener.get(), generic, bytes) != 0 || listen(listener.get(), 1) != 0 ||
      getsockname(listener.get(), generic, &bytes) != 0) {
    return Failed(absl::StrCat("listen on port ", port));
  }
  if (port == 0) {
    absl::PrintF("{\"listen_port\":%d}\n", ntohs(address.sin_port));
    std::fflush(stdout);
  }
  Descriptor connection(accept(listener.get(), nullptr, nullptr));
  if (connection.get() < 0) return Failed("accept");
  return connection;
}

absl::StatusOr<Descriptor> ConnectTo(int port) {
  const absl::Time deadline = absl::Now() + kConnectPatience;
  const sockaddr_in address = Loopback(port);
  while (true) {
    Descriptor connection(socket(AF_INET, SOCK_STREAM, 0));
    if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return connection;
    if (errno != ECONNREFUSED || absl::Now() > deadline) return Failed(absl::StrCat("connect to port ", port));
    absl::SleepFor(kConnectPause);
  }
}

absl::Status WriteAll(int fd, const char* bytes, size_t size, Totals& totals) {
  while (size > 0) {
    const ssize_t written = write(fd, bytes, size);
    ++totals.writes;
    if (written < 0) return Failed("write");
    bytes += written;
    size -= static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

// Moves all of `from`, to `to` or, if that is negative, to nowhere.
absl::Status Move(int from, int to, char* buffer, Totals& totals) {
  for (;;) {
    const ssize_t got = read(from, buffer, kChunkBytes);
    ++totals.reads;
    if (got < 0) return Failed("read");
    if (got == 0) return absl::OkStatus();
    if (to >= 0) {
      absl::Status status = WriteAll(to, buffer, static_cast<size_t>(got), totals);
      if (!status.ok()) return status;
    }
    totals.bytes += got;
  }
}

// A chunk of each in turn, as a broker answers fetches of many partitions.
absl::Status SendFiles(const std::vector<std::string>& paths, int to, int64_t bytes_max, Totals& totals) {
  std::deque<Descriptor> files;
  for (const std::string& path : paths) {
    files.emplace_back(open(path.c_str(), O_RDONLY));
    if (files.back().get() < 0) return Failed(path);
  }
  while (!files.empty() && totals.bytes < bytes_max) {
    Descriptor file = std::move(files.front());
    files.pop_front();
    const ssize_t sent = sendfile(to, file.get(), nullptr, std::min<int64_t>(kChunkBytes, bytes_max - totals.bytes));
    ++totals.writes;
    if (sent < 0) return Failed("sendfile");
    totals.bytes += sent;
    if (sent > 0) files.push_back(std::move(file));
  }
  return absl::OkStatus();
}

absl::Status SendMemory(int to, int64_t bytes, const char* buffer, Totals& totals) {
  while (totals.bytes < bytes) {
    const int64_t chunk = std::min<int64_t>(kChunkBytes, bytes - totals.bytes);
    absl::Status status = WriteAll(to, buffer, static_cast<size_t>(chunk), totals);
    if (!status.ok()) return status;
    totals.bytes += chunk;
  }
  return absl::OkStatus();
}

double Seconds(const timeval& time) { return absl::ToDoubleSeconds(absl::DurationFromTimeval(time)); }

rusage Usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

void Report(const Totals& totals, absl::Duration wall, const rusage& before, const rusage& after) {
  const double user = Seconds(after.ru_utime) - Seconds(before.ru_utime);
  const double sys = Seconds(after.ru_stime) - Seconds(before.ru_stime);
  absl::PrintF(
      "{\"role\":\"%s\",\"bytes\":%d,\"wall_s\":%.3f,\"user_s\":%.3f,\"sys_s\":%.3f,\"cpu_s\":%.3f,\"reads\":%d,"
      "\"writes\":%d,\"rss_kib_max\":%d}\n",
      FLAGS_role, totals.bytes, absl::ToDoubleSeconds(wall), user, sys, user + sys, totals.reads, totals.writes,
      after.ru_maxrss);
}

// Nothing to write to when no file is named.
absl::StatusOr<Descriptor> OpenToWrite(const std::vector<std::string>& paths) {
  if (paths.empty()) return Descriptor(-1);
  Descriptor file(open(paths.front().c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
  if (file.get() < 0) return Failed(paths.front());
  return file;
}

absl::Status Run(const std::vector<std::string>& paths) {
  const bool sends = FLAGS_role == "send";
  const bool sinks = FLAGS_role == "sink";
  // -1: nothing to read from, nothing to write to.
  absl::StatusOr<Descriptor> from = sends ? Descriptor(-1) : AcceptOne(FLAGS_listen_port);
  if (!from.ok()) return from.status();
  absl::StatusOr<Descriptor> to = sinks ? OpenToWrite(paths) : ConnectTo(FLAGS_port);
  if (!to.ok()) return to.status();
  const auto buffer = std::make_unique<char[]>(kChunkBytes);
  const int64_t bytes_max = FLAGS_bytes > 0 ? FLAGS_bytes : INT64_MAX;
  Totals totals;
  const absl::Time begin = absl::Now();
  const rusage before = Usage();
  absl::Status status;
  if (!sends) {
    status = Move(from->get(), to->get(), buffer.get(), totals);
  } else if (paths.empty()) {
    status = SendMemory(to->get(), FLAGS_bytes, buffer.get(), totals);
  } else {
    status = SendFiles(paths, to->get(), bytes_max, totals);
  }
  if (!status.ok()) return status;
  Report(totals, absl::Now() - begin, before, Usage());
  return absl::OkStatus();
}

// How much of the open file the page cache holds, in bytes rounded up to pages.
absl::StatusOr<int64_t> ResidentBytes(int file, int64_t bytes) {
  if (bytes == 0) return 0;
  const int64_t page_bytes = sysconf(_SC_PAGESIZE);
  void* const mapping = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ, MAP_SHARED, file, 0);
  if (mapping == MAP_FAILED) return Failed("mmap");
  std::vector<unsigned char> pages(static_cast<size_t>((bytes + page_bytes - 1) / page_bytes));
  const int result = mincore(mapping, static_cast<size_t>(bytes), pages.data());
  const absl::Status status = result == 0 ? absl::OkStatus() : Failed("mincore");
  munmap(mapping, static_cast<size_t>(bytes));
  if (!status.ok()) return status;
  return page_bytes * std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return (page & 1) != 0; });
}

absl::Status Evict(const std::vector<std::string>& paths) {
  int64_t bytes = 0;
  int64_t resident = 0;
  for (const std::string& path : paths) {
    const Descriptor file(open(path.c_str(), O_RDONLY));
    struct stat about {};
    // Dirty pages cannot be dropped.
    if (file.get() < 0 || fstat(file.get(), &about) != 0 || fdatasync(file.get()) != 0) return Failed(path);
    const int error = posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
    if (error != 0) return absl::ErrnoToStatus(error, path);
    const absl::StatusOr<int64_t> left = ResidentBytes(file.get(), about.st_size);
    if (!left.ok()) return left.status();
    bytes += about.st_size;
    resident += *left;
  }
  absl::PrintF("{\"role\":\"evict\",\"files\":%d,\"bytes\":%d,\"resident_bytes\":%d}\n", paths.size(), bytes, resident);
  return absl::OkStatus();
}

absl::Status CheckFlags(const std::vector<std::string>& paths) {
  const bool sends = FLAGS_role == "send";
  const bool relays = FLAGS_role == "relay";
  const bool evicts = FLAGS_role == "evict";
  if (!sends && !relays && !evicts && FLAGS_role != "sink") {
    return absl::InvalidArgumentError("--role must be send, relay, sink or evict");
  }
  if ((sends || relays) && (FLAGS_port <= 0 || FLAGS_port > UINT16_MAX)) {
    return absl::InvalidArgumentError("--port must name the port to connect to");
  }
  if (sends && paths.empty() && FLAGS_bytes <= 0) {
    return absl::InvalidArgumentError("send needs files or --bytes");
  }
  const size_t paths_max = relays ? 0 : FLAGS_role == "sink" ? 1 : paths.size();
  if (paths.size() > paths_max) {
    return absl::InvalidArgumentError(absl::StrCat("unexpected argument ", paths[paths_max]));
  }
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& paths) {
  signal(SIGPIPE, SIG_IGN);
  absl::Status status = CheckFlags(paths);
  if (status.ok()) status = FLAGS_role == "evict" ? Evict(paths) : Run(paths);
  if (status.ok()) return 0;
  std::fprintf(stderr, "tcp_relay: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

}  // namespace
}  // namespace replicator

int main(int argc, char** argv) {
  gflags::SetUsageMessage("--role=send|relay|sink|evict [flags] [FILE...]: the CPU floor of a copy");
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  return replicator::Main(std::vector<std::string>(argv + 1, argv + argc));
}
