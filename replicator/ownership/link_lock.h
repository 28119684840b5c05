// The lock of a link, which lives on the target cluster (invariant K): of all processes that run the same link one
// copies; the others know who does, wait as standbys, and take over when it is gone. Whatever their state folders are.
//
// The lock is a classic consumer group of our own protocol type, so that Kafka's group coordinator sees to sessions,
// deaths and fail-over (KIP-62, KIP-345); policy/lock_assignment.h decides who gets it. Rules of the holder:
//   - It keeps the lock while it cannot reach the coordinator, and while the group rebalances. Ownership is an
//     optimisation, the sequence numbers are the safety (B): a dead coordinator must not stop a copy.
//   - It has lost the lock when the coordinator says so: its session ended (it hung, or was cut off, for longer than
//     session_timeout), or the group gave the lock to another one.
//   - With an instance id it is a static member: started again it gets the lock back in one round trip, without waiting
//     for the session of the process before to end. The older of two processes with one instance id is told to stop.
//     Targets before Kafka 2.3 know no static members: there the session of a killed process has to end first.
//
// Lives on one event loop, with its own connections.
#ifndef REPLICATOR_REPLICATOR_OWNERSHIP_LINK_LOCK_H_
#define REPLICATOR_REPLICATOR_OWNERSHIP_LINK_LOCK_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"
#include "kafka/client/coordinator.h"
#include "kafka/client/errors.h"
#include "kafka/net/connection.h"
#include "kafka/net/signal.h"
#include "kafka/wire/describe_groups.h"
#include "kafka/wire/join_group.h"
#include "policy/lock_assignment.h"
#include "replicator/ownership/lock_pulse.h"

namespace replicator {

struct LinkLockOptions {
  std::string link;          // "old->new"
  std::string cluster_name;  // "target cluster new"
  std::vector<kafka::Endpoint> brokers;
  kafka::ConnectionOptions connection;
  // What makes this member the same one after a restart: random, kept in the state folder. Empty: a dynamic member.
  std::string instance_id;
  // How long the coordinator waits for a heartbeat. Brokers take 6 s at least by default
  // (group.min.session.timeout.ms).
  kafka::Clock::duration session_timeout = std::chrono::seconds(10);
  // LinkLockEvent::held_since_ms of the last kHeld that this state folder saw; 0: none. An old one does no harm.
  int64_t last_held_since_ms = 0;
  // Is told when the coordinator confirms that the lock is held; nullptr: nobody is.
  std::shared_ptr<LockPulse> pulse;
};

struct LinkLockEvent {
  enum class Kind : uint8_t {
    kHeld,     // copy
    kStandby,  // wait; `text` says who holds the lock since when, if `is_held`
    kTrouble,  // not the holder, and cannot ask at present: `text` says why. kHeld or kStandby follows when it can
    kLost,     // stop copying; `text` says why. kHeld or kStandby follows
    kFatal,    // `status` says what the operator has to do; Run ends
  };
  Kind kind;
  std::string text;
  int64_t held_since_ms = 0;  // kHeld: worth keeping for last_held_since_ms
  absl::Status status;
  bool is_held = false;  // kStandby: by somebody that this version understands
};

class LinkLock {
 public:
  // How long a rebalance waits for members that do not come. They hear of it by their next heartbeat.
  static constexpr kafka::Clock::duration kRebalanceTimeout = std::chrono::seconds(5);
  static constexpr kafka::Clock::duration kHeartbeatInterval = std::chrono::seconds(1);
  // A standby learns by its heartbeat that the lock is free.
  static constexpr kafka::Clock::duration kStandbyHeartbeatInterval = std::chrono::milliseconds(500);

  using OnEvent = std::function<void(const LinkLockEvent&)>;

  // `on_event` is called from Run. It may call Stop, and must not destroy the lock.
  LinkLock(asio::any_io_executor executor, LinkLockOptions options, OnEvent on_event);
  ~LinkLock();
  LinkLock(const LinkLock&) = delete;
  LinkLock& operator=(const LinkLock&) = delete;

  // Joins and stays until Stop or kFatal. Once.
  asio::awaitable<void> Run();

  // Makes Run end. With `leave` it says good-bye first where that helps: a standby, a dynamic member, and a static
  // holder for whom a standby waits. A static holder that is alone stays a member until its session ends, so that a
  // restart has its lock at once.
  void Stop(bool leave);

  bool holds() const { return holds_; }
  // When the last heartbeat was sent to which the coordinator has answered that the session goes on. With holds(): the
  // lock was this process's then.
  kafka::Clock::time_point confirmed_at() const { return confirmed_at_; }
  void UpdateMetadata(kafka::MetadataSnapshot metadata) { coordinator_.UpdateMetadata(std::move(metadata)); }

  struct Occupants {
    enum class Kind : uint8_t { kNone, kOnlyOurselves, kOthers };
    Kind kind = Kind::kNone;
    std::string text;  // kOthers: the holder, or one of them
  };
  // Who is in the group now; to be asked before Run. Brokers hold up the first member of an empty group
  // (group.initial.rebalance.delay.ms, 3 s by default), so a restart that finds nobody else may begin before it is told
  // kHeld. "Ourselves" is the process before with the same instance id (known from Kafka 2.4 on). Asks again for
  // `patience` while the coordinator is not available, as in a cluster that has had no group yet.
  asio::awaitable<absl::StatusOr<Occupants>> AskOccupants(kafka::Clock::duration patience);

  // "replicator.old->new", also the client.id.
  static std::string GroupId(const std::string& link) { return "replicator." + link; }

 private:
  asio::awaitable<absl::Status> Join();
  asio::awaitable<absl::Status> Sync(std::shared_ptr<kafka::Connection> connection, kafka::JoinGroupResponse joined);
  asio::awaitable<absl::Status> Beat();
  asio::awaitable<void> Leave();

  template <typename Request>
  asio::awaitable<absl::StatusOr<typename Request::Response>> Exchange(std::shared_ptr<kafka::Connection> connection,
                                                                       Request request, kafka::Clock::duration timeout);
  kafka::JoinGroupRequest JoinRequest(bool is_static) const;
  std::optional<std::string> InstanceId() const;
  bool UseStaticMembership(const kafka::Connection& connection);
  Occupants Read(const kafka::DescribeGroupsResponse::Group& group) const;

  // OK: Run goes on at once; else it waits a little, or has ended.
  absl::Status Judge(int16_t error_code, const char* doing);
  absl::Status Apply(const std::string& assignment);
  absl::Status Fail(const absl::Status& why);
  void Lose(const std::string& why);
  void Confirm();
  void TellStandby();
  void TellTrouble(const absl::Status& why);
  void Emit(LinkLockEvent event);

  const LinkLockOptions options_;
  const OnEvent on_event_;
  kafka::GroupCoordinator coordinator_;
  kafka::Signal wake_;
  kafka::Backoff backoff_;
  std::shared_ptr<kafka::Connection> in_use_;     // while an exchange waits on it
  std::weak_ptr<kafka::Connection> answered_on_;  // the last exchange that was answered
  bool first_answer_ = false;                     // it was that connection's first
  kafka::Clock::time_point asked_at_;             // when the last exchange began

  policy::LockClaim claim_;
  int64_t published_ms_ = 0;  // claim_.held_since_ms as the group has it
  int64_t seen_ms_ = 0;       // the latest LockGrant::held_since_ms seen
  std::string member_id_;
  int32_t generation_ = -1;
  kafka::Clock::time_point confirmed_at_;
  int unsettled_ = 0;  // joins in a row that ended in nothing
  bool is_static_ = false;
  bool static_refused_ = false;
  bool joined_ = false;
  bool holds_ = false;
  bool reachable_ = false;   // the last exchange was answered
  bool in_trouble_ = false;  // kTrouble was told last
  bool ended_ = false;
  bool leave_ = false;
  std::optional<policy::LockGrant> standby_;  // the last one while another member has the lock
  std::string standby_text_;                  // as it was told last
  kafka::Clock::time_point next_beat_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_OWNERSHIP_LINK_LOCK_H_
