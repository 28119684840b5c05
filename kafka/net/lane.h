// The place of one connection: connects when it is needed, connects again with exponential back-off and jitter after it
// was lost. Per shard and broker there is a lane for fetching, one for producing and one for everything else, since a
// long poll or a wait for replicas holds up whatever stands behind it on the same connection.
//
// One coroutine uses a lane at a time. Thread-confined.
#ifndef REPLICATOR_KAFKA_NET_LANE_H_
#define REPLICATOR_KAFKA_NET_LANE_H_

#include <asio/awaitable.hpp>
#include <memory>
#include <string>

#include "absl/random/random.h"
#include "absl/status/statusor.h"
#include "kafka/net/connection.h"

namespace replicator::kafka {

// Doubles from kBackoffMin to kBackoffMax, each time spread by +-20 % so that clients do not come back all at once.
class Backoff {
 public:
  static constexpr Clock::duration kMin = std::chrono::milliseconds(50);
  static constexpr Clock::duration kMax = std::chrono::seconds(2);

  Clock::duration Next();
  void Reset() { next_ = kMin; }
  // The wait that follows `failures` failures in a row.
  static Clock::duration After(int failures, absl::BitGen& random);

 private:
  Clock::duration next_ = kMin;
  absl::BitGen random_;
};

class Lane {
 public:
  Lane(Endpoint endpoint, ConnectionOptions options) : endpoint_(std::move(endpoint)), options_(std::move(options)) {}
  ~Lane() { Close(); }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // The open connection, or a new one after the back-off that is due. One try: an error is returned.
  asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> Get();

  // Connections from now on must lead to this cluster.
  void ExpectCluster(const std::string& id) { options_.cluster_id = id; }

  void Close();

 private:
  const Endpoint endpoint_;
  ConnectionOptions options_;
  std::shared_ptr<Connection> connection_;
  Backoff backoff_;
  Clock::time_point not_before_;
  bool closed_ = false;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_NET_LANE_H_
