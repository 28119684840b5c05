// Whether this process may copy now, and when it must stop: the link's lock on the target (link_lock.h), with two ways
// to begin before it is granted, since brokers hold up the first member of a group for seconds:
//   - a restart that finds nobody else in the group goes on at once, with the producer that its state folder names;
//   - a link that never ran before is begun by the one process that claims that (link_topic.h).
// Everybody else waits, and says for whom.
//
// Lives on the control loop.
#ifndef REPLICATOR_REPLICATOR_OWNERSHIP_LINK_TURN_H_
#define REPLICATOR_REPLICATOR_OWNERSHIP_LINK_TURN_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "kafka/client/cluster.h"
#include "kafka/net/signal.h"
#include "replicator/config/config.h"
#include "replicator/memory/link_memory.h"
#include "replicator/ownership/link_lock.h"

namespace replicator {

class LinkTurn {
 public:
  // Called once, when copying must stop: OK when another process has the link now, else what the operator has to do.
  using OnOver = std::function<void(absl::Status why)>;

  // Called whenever that is known anew while this process waits: who copies, or, if nobody `is_known` to copy, what is
  // waited for.
  using OnStandby = std::function<void(const std::string& text, bool is_known)>;

  // All outlive this object.
  LinkTurn(asio::any_io_executor executor, const LinkConfig& config, kafka::ConnectionOptions connection,
           kafka::ClusterClient& target, LinkMemory& memory, OnOver on_over, OnStandby on_standby);

  // Returns when this process may copy. Cancelled after Stop; other errors say what the operator has to do.
  // REQUIRES: target.metadata() is there, memory.link() is set.
  asio::awaitable<absl::Status> Await();

  void UpdateMetadata(kafka::MetadataSnapshot metadata) {
    if (lock_ != nullptr) lock_->UpdateMetadata(std::move(metadata));
  }

  // From any thread: whether this process has the lock. Waits for the coordinator to say so to a heartbeat that is sent
  // from now on, then calls `told` on the loop. False: it has not, or that was not said within seconds.
  void AskIfStillOurs(std::function<void(bool)> told);

  // When this process was last confirmed to have the lock.
  std::shared_ptr<const LockPulse> pulse() const { return pulse_; }

  // Gives the turn to whoever waits; `ended` is called when that is said, at once if there is nothing to say.
  void Stop(std::function<void()> ended);

 private:
  LinkLockOptions LockOptions() const;
  asio::awaitable<bool> MayBeginAtOnce();
  asio::awaitable<bool> IsStillOurs() const;
  void OnEvent(const LinkLockEvent& event);
  void Over(absl::Status why);

  const LinkConfig& config_;
  kafka::ClusterClient& target_;
  LinkMemory& memory_;
  const OnOver on_over_;
  const OnStandby on_standby_;
  const kafka::ConnectionOptions connection_;
  asio::any_io_executor executor_;
  const std::shared_ptr<LockPulse> pulse_ = std::make_shared<LockPulse>();
  std::unique_ptr<LinkLock> lock_;
  kafka::Signal decided_;
  bool may_copy_ = false;
  bool is_over_ = false;
  bool is_running_ = false;
  absl::Status failure_;
  std::function<void()> ended_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_OWNERSHIP_LINK_TURN_H_
