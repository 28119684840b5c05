#include "replicator/serve/local_server.h"

#include <fcntl.h>
#include <httplib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "replicator/memory/folder_rights.h"

namespace replicator {
namespace {

// Requests are a line of JSON; commands come one at a time.
constexpr size_t kRequestBytesMax = 64 << 10;
constexpr int kThreads = 2;
constexpr int kReadTimeoutSeconds = 5;
constexpr int kWriteTimeoutSeconds = 10;
// Longer than any handler may take.
constexpr int kAnswerTimeoutSeconds = 40;
// cpp-httplib wants a number, and Unix sockets have none.
constexpr int kNoPort = 80;

// A path below a folder's descriptor: a Unix socket's address holds 107 bytes, a state folder's path may be longer.
class SocketPath {
 public:
  SocketPath(const std::string& folder, const std::string& name)
      : fd_(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
        error_(fd_ < 0 ? errno : 0),
        path_(absl::StrCat("/proc/self/fd/", fd_, "/", name)) {}
  ~SocketPath() {
    if (fd_ >= 0) close(fd_);
  }
  SocketPath(const SocketPath&) = delete;
  SocketPath& operator=(const SocketPath&) = delete;

  bool exists() const { return fd_ >= 0; }
  // Why the folder cannot be opened: an errno, or 0.
  int error() const { return error_; }
  const std::string& path() const { return path_; }

 private:
  const int fd_;
  const int error_;
  const std::string path_;
};

// What the system says to a connection to `socket`: an errno, or 0.
int ConnectError(const SocketPath& socket) {
  if (!socket.exists()) return socket.error();
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  if (socket.path().size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  std::memcpy(address.sun_path, socket.path().data(), socket.path().size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int error = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
  close(fd);
  return error;
}

}  // namespace

class LocalServer::Impl {
 public:
  Impl(const std::string& folder, const std::string& name) : socket_(folder, name) {}

  ~Impl() {
    if (!thread_.joinable()) return;
    server_.stop();
    thread_.join();
    unlink(socket_.path().c_str());
  }

  absl::Status Start(std::vector<HttpRoute> routes) {
    if (!socket_.exists()) return absl::FailedPreconditionError(std::strerror(socket_.error()));
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_payload_max_length(kRequestBytesMax);
    server_.set_read_timeout(kReadTimeoutSeconds);
    server_.set_write_timeout(kWriteTimeoutSeconds);
    server_.set_keep_alive_max_count(1);
    server_.set_address_family(AF_UNIX);
    for (HttpRoute& route : routes) Add(std::move(route));
    unlink(socket_.path().c_str());
    // The socket is narrow from its first moment on. What other threads make meanwhile gets the same rights.
    const mode_t before = umask(0177);
    const bool bound = server_.bind_to_port(socket_.path(), kNoPort);
    const int error = errno;
    umask(before);
    if (!bound) return absl::FailedPreconditionError(std::strerror(error));
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // stop() before the loop runs would be lost.
    while (!server_.is_running()) std::this_thread::yield();
    return absl::OkStatus();
  }

 private:
  void Add(HttpRoute route) {
    httplib::Server::Handler handler = [handle = std::move(route.handle)](const httplib::Request& request,
                                                                          httplib::Response& response) {
      HttpAnswer answer = handle(request.body);
      response.status = answer.code;
      response.set_content(answer.body, answer.content_type);
    };
    if (route.method == "POST") {
      server_.Post(route.path, std::move(handler));
    } else {
      server_.Get(route.path, std::move(handler));
    }
  }

  const SocketPath socket_;
  httplib::Server server_;
  std::thread thread_;
};

LocalServer::LocalServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalServer::~LocalServer() = default;

absl::StatusOr<std::unique_ptr<LocalServer>> LocalServer::Start(const std::string& folder, const std::string& name,
                                                                std::vector<HttpRoute> routes) {
  auto impl = std::make_unique<Impl>(folder, name);
  absl::Status started = impl->Start(std::move(routes));
  if (!started.ok())
    return absl::Status(started.code(), absl::StrCat("cannot listen at ", folder, "/", name, ": ", started.message()));
  return std::unique_ptr<LocalServer>(new LocalServer(std::move(impl)));
}

absl::StatusOr<HttpAnswer> CallLocal(const std::string& folder, const std::string& name, const std::string& method,
                                     const std::string& path, const std::string& body) {
  const SocketPath socket(folder, name);
  httplib::ClientImpl client(socket.path(), kNoPort);
  client.set_address_family(AF_UNIX);
  client.set_read_timeout(kAnswerTimeoutSeconds);
  httplib::Result result = method == "POST" ? client.Post(path, body, "application/json") : client.Get(path);
  if (result) return HttpAnswer{result->status, result->body, result->get_header_value("Content-Type")};
  const std::string at = absl::StrCat(folder, "/", name);
  // The library does not tell why it cannot connect.
  const int error = result.error() == httplib::Error::Connection ? ConnectError(socket) : 0;
  if (error == ENOENT || error == ENOTDIR || error == ECONNREFUSED)
    return absl::NotFoundError(absl::StrCat("no process answers at ", at));
  if (error == EACCES || error == EPERM) return NoRightTo(at);
  if (error != 0) return absl::UnavailableError(absl::StrCat("cannot connect to ", at, ": ", std::strerror(error)));
  return absl::UnavailableError(
      absl::StrCat("the process at ", at, " does not answer: ", httplib::to_string(result.error())));
}

}  // namespace replicator
