// Holds consumer groups that are Empty, so that nobody goes on in them: joins with a protocol type of our own. From
// then on the coordinator refuses consumers that come back (INCONSISTENT_GROUP_PROTOCOL), their commits and commits
// from outside of the group (UNKNOWN_MEMBER_ID); the group's offsets can be read as before, and are whole when it is
// released. Needs no right but that to the group. Measured on 2.1.1 ... 4.3.1, tests/groups/hold_test.cc shows it.
//
// The member that holds is known by its client id, which DescribeGroups tells in every state of a group: so whoever
// comes with the same client id takes the hold again, after a crash at any point, without anything written down. The
// one before then gets ILLEGAL_GENERATION. Of two processes the link's lock says which one may.
//
// A session is as long as the broker lets it be (group.max.session.timeout.ms: 30 minutes, 5 before Kafka 2.3): a
// process that is gone leaves the group held for that long, and many held groups cost few heartbeats.
//
// On the event loop of `groups`, which nobody else uses meanwhile.
#ifndef REPLICATOR_KAFKA_CLIENT_GROUP_HOLD_H_
#define REPLICATOR_KAFKA_CLIENT_GROUP_HOLD_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/group_requests.h"
#include "kafka/client/groups.h"
#include "kafka/net/connection.h"

namespace replicator::kafka {

inline constexpr char kHoldProtocolType[] = "replicator-cutover";

struct HeldGroup {
  std::string group_id;
  std::string member_id;
  int32_t generation_id = -1;
  Clock::duration session{};  // that the broker has agreed to
};

// It is held, by whomever.
bool IsHeld(const GroupDescription& group);
// Its one member is of this client id.
bool IsHeldBy(const GroupDescription& group, const std::string& client_id);

// "client orders-app at /10.0.0.1, instance billing-1"; the first few of many.
std::string MembersText(const std::vector<GroupMember>& members);

// Takes the group, or takes it again. Errors name it. FailedPrecondition: it has members, or is of a type that cannot
// be held; AlreadyExists: somebody with another client id holds it; NotFound: it is not there; Unavailable: what was
// said last when the patience was over, and it may be held all the same.
//
// The broker waits for others who might join before it grants a membership (group.initial.rebalance.delay.ms, 3 s).
asio::awaitable<absl::StatusOr<HeldGroup>> HoldGroup(Groups& groups, std::string group_id, Clock::duration patience);

// Ends a hold of our client id, whoever took it; a group that is not held is as it should be. AlreadyExists as above.
asio::awaitable<absl::Status> ReleaseGroup(Groups& groups, std::string group_id, Clock::duration patience);

// Keeps many groups held.
class HoldKeeper {
 public:
  explicit HoldKeeper(Groups& groups) : groups_(groups) {}

  // One that HoldGroup has given, or one that an earlier process has held: it is taken again by the next Beat.
  void Keep(HeldGroup held);
  void KeepAgain(const std::string& group_id);
  // No heartbeats any more; it is not released.
  void Drop(const std::string& group_id) { kept_.erase(group_id); }

  // One round: heartbeats for those that are due, and those that were lost are taken again. One coroutine at a time;
  // Keep and Drop may be called meanwhile.
  asio::awaitable<void> Beat();
  // When the next round has something to do.
  Clock::time_point due() const;

  struct Kept {
    HeldGroup held;
    bool is_held = false;
    std::string trouble;  // why it is not, or may not be, held at present
    Clock::time_point due;
  };
  const std::map<std::string, Kept>& kept() const { return kept_; }

 private:
  asio::awaitable<absl::Status> TakeAgain(std::string group_id);
  asio::awaitable<absl::Status> BeatOn(std::shared_ptr<Connection> connection, std::vector<std::string> group_ids);
  void TakeAnswer(const std::string& group_id, int16_t error_code);

  Groups& groups_;
  std::map<std::string, Kept> kept_;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_GROUP_HOLD_H_
