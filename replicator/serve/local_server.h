// HTTP on a Unix socket: how commands talk to the process that runs. The server has threads of its own and never
// touches an event loop; handlers are plain functions, so that the same ones can stand behind a TCP port.
//
// A wrapper that keeps cpp-httplib out of every other file.
#ifndef REPLICATOR_REPLICATOR_SERVE_LOCAL_SERVER_H_
#define REPLICATOR_REPLICATOR_SERVE_LOCAL_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace replicator {

struct HttpAnswer {
  int code = 200;
  std::string body;
  std::string content_type = "application/json";
};

struct HttpRoute {
  std::string method;  // GET or POST
  std::string path;
  // Called on one of the server's threads, with the request's body.
  std::function<HttpAnswer(const std::string& body)> handle;
};

class LocalServer {
 public:
  // Listens at `folder`/`name`, which only this user may open; takes the place of a socket that a killed process has
  // left. REQUIRES: the caller holds the folder's lock. FailedPrecondition, with the reason, when it cannot.
  static absl::StatusOr<std::unique_ptr<LocalServer>> Start(const std::string& folder, const std::string& name,
                                                            std::vector<HttpRoute> routes);
  // Waits for the requests that are being answered, and removes the socket.
  ~LocalServer();

 private:
  class Impl;
  explicit LocalServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

// One exchange with such a server. NotFound: nobody listens at `folder`/`name`. PermissionDenied: this user may not
// ask; whether anybody listens is not known then. Unavailable: whoever listens does not answer.
absl::StatusOr<HttpAnswer> CallLocal(const std::string& folder, const std::string& name, const std::string& method,
                                     const std::string& path, const std::string& body);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_SERVE_LOCAL_SERVER_H_
