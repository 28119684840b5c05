// Many requests of one kind on one connection, without waiting for each answer: a broker works on them in turn, so what
// is saved is the way there and back.
//
// One coroutine at a time, on the connection's loop.
#ifndef REPLICATOR_KAFKA_CLIENT_PIPELINE_H_
#define REPLICATOR_KAFKA_CLIENT_PIPELINE_H_

#include <sys/uio.h>

#include <asio/awaitable.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kafka/net/connection.h"
#include "kafka/net/signal.h"
#include "kafka/wire/header.h"

namespace replicator::kafka {

// A broker reads no further before it has answered; what is on its way waits in its socket, so some are enough.
inline constexpr size_t kRequestsInFlightMax = 32;

// The answers, in the order of `requests`. The first failure is returned, and leaves the connection closed or its
// answers unread. Each request has `timeout` from when it is sent. REQUIRES: the broker serves the API.
template <typename Request>
asio::awaitable<absl::StatusOr<std::vector<typename Request::Response>>> CallMany(
    std::shared_ptr<Connection> connection, std::vector<Request> requests, Clock::duration timeout) {
  const int16_t version = connection->versions().For(Request::kApi.key);
  std::deque<std::shared_ptr<PendingReply>> due;
  std::vector<typename Request::Response> responses;
  responses.reserve(requests.size());
  size_t sent = 0;
  while (responses.size() < requests.size()) {
    if (sent < requests.size() && due.size() < kRequestsInFlightMax) {
      const int32_t correlation_id = connection->NextCorrelationId();
      absl::StatusOr<std::string> frame =
          EncodeRequest(requests[sent], version, correlation_id, connection->options().client_id);
      if (!frame.ok()) co_return frame.status();
      const Clock::time_point throttled_until = connection->throttled_until();
      if (Clock::now() < throttled_until) co_await SleepFor(throttled_until - Clock::now());
      std::vector<iovec> parts = {{frame->data(), frame->size()}};
      absl::StatusOr<std::shared_ptr<PendingReply>> reply =
          co_await connection->Send(std::move(parts), correlation_id, timeout);
      if (!reply.ok()) co_return reply.status();
      due.push_back(*reply);
      ++sent;
      continue;
    }
    std::shared_ptr<PendingReply> reply = due.front();
    due.pop_front();
    absl::Status received = co_await Connection::Receive(reply);
    if (!received.ok()) co_return received;
    absl::StatusOr<std::string_view> body = ResponseBody(Request::kApi, version, reply->frame());
    absl::StatusOr<typename Request::Response> response =
        body.ok() ? Request::Response::Read(*body, version) : absl::StatusOr<typename Request::Response>(body.status());
    if (!response.ok()) {
      absl::Status why = absl::DataLossError(absl::StrCat("broker ", connection->endpoint().ToString(), " answered ",
                                                          Request::kApi.name, " v", version,
                                                          " with malformed bytes: ", response.status().message()));
      connection->Close(why);
      co_return why;
    }
    connection->Throttle(response->throttle_time_ms);
    responses.push_back(*std::move(response));
  }
  co_return responses;
}

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_PIPELINE_H_
