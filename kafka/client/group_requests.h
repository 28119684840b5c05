// What can be asked about consumer groups on one connection to one broker, one try each: to list those that it
// coordinates; to describe them, whatever their type; to read, set and renew their offsets; to remove members. All but
// listing must go to the group's coordinator (groups.h finds it).
//
// What is easily got wrong (measured on the versions named, tests/groups/client_test.cc shows it):
//   - DescribeGroups answers Dead, with no error, for a group that does not exist, and for a live group of the new
//     protocol (KIP-848; 4.3.1). Only ListGroups tells them apart: so it is asked here, on the same connection.
//   - A group that never had a member has no protocol type; one that had keeps it when it is empty (2.1.1, 4.3.1).
//   - There is no compare-and-set: who looks, decides and commits does it back to back on one connection.
//
// Each is one coroutine at a time on the connection's loop. A Status is about the exchange: Unavailable, DataLoss and
// DeadlineExceeded leave open what the broker did; Unimplemented: the broker does not serve the API. What the broker
// says of a group is its error code (ClassifyGroupAdminError).
#ifndef REPLICATOR_KAFKA_CLIENT_GROUP_REQUESTS_H_
#define REPLICATOR_KAFKA_CLIENT_GROUP_REQUESTS_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "kafka/net/connection.h"

namespace replicator::kafka {

struct ListedGroup {
  std::string group_id;
  std::string protocol_type;  // empty: never had a member
  std::string state;          // empty before Kafka 2.6
  std::string type;           // "classic", "consumer", "share", "streams"; empty before Kafka 3.8
};

struct GroupMember {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;  // "/10.0.0.1"
  std::string metadata;     // kClassic: its protocol's own bytes; empty unless the group is stable
};

enum class GroupKind : uint8_t {
  kAbsent,    // the coordinator does not list it
  kClassic,   // managed by JoinGroup, or only ever committed for
  kConsumer,  // of the new consumer protocol (KIP-848)
  kOther,     // share, streams, or what comes after
};

struct GroupDescription {
  GroupKind kind = GroupKind::kAbsent;
  std::string type;           // as ListGroups names it, if kOther
  std::string state;          // as the broker names it; empty if kAbsent
  std::string protocol_type;  // if kClassic
  std::vector<GroupMember> members;

  // Anybody may commit: there is nobody in it, and nobody is about to be.
  bool IsEmpty() const { return kind == GroupKind::kAbsent || (state == "Empty" && members.empty()); }
  // Somebody was a member of it, now or before.
  bool HasHadMembers() const {
    return kind != GroupKind::kAbsent && !(kind == GroupKind::kClassic && protocol_type.empty());
  }
};

struct TopicPartition {
  std::string topic;
  int32_t partition = -1;
  auto operator<=>(const TopicPartition&) const = default;
};

struct CommittedOffset {
  int64_t offset = -1;
  int32_t leader_epoch = -1;  // -1: not known
  std::optional<std::string> metadata;
  int16_t error_code = 0;  // the rest counts only when it is 0
};

struct GroupOffsets {
  std::map<TopicPartition, CommittedOffset> offsets;  // those that are committed
  // An open transaction would have been told (UNSTABLE_OFFSET_COMMIT). Brokers before Kafka 2.5 cannot.
  bool is_stable = false;
};

struct OffsetToCommit {
  TopicPartition partition;
  int64_t offset = -1;
  std::optional<std::string> metadata = std::nullopt;
};

// What a broker says of one group.
template <typename Value>
struct GroupAnswer {
  int16_t error_code = 0;
  Value value;
};
template <typename Value>
using GroupAnswers = absl::flat_hash_map<std::string, GroupAnswer<Value>>;

// The groups that this broker coordinates, and may be seen by our user.
asio::awaitable<absl::StatusOr<GroupAnswer<std::vector<ListedGroup>>>> ListGroupsOn(
    std::shared_ptr<Connection> connection);

// A group that is missing in the answers was not answered for. COORDINATOR_LOAD_IN_PROGRESS also stands for a group
// that is being created or removed in this moment.
asio::awaitable<absl::StatusOr<GroupAnswers<GroupDescription>>> DescribeGroupsOn(std::shared_ptr<Connection> connection,
                                                                                 std::vector<std::string> group_ids);

// With `require_stable`, UNSTABLE_OFFSET_COMMIT of a group: a transaction holds back some of its offsets.
asio::awaitable<absl::StatusOr<GroupAnswers<GroupOffsets>>> FetchOffsetsOn(std::shared_ptr<Connection> connection,
                                                                           std::vector<std::string> group_ids,
                                                                           bool require_stable);

// Which partitions were not committed, and why; empty: all were.
struct RefusedCommit {
  TopicPartition partition;
  int16_t error_code = 0;
};
asio::awaitable<absl::StatusOr<std::vector<RefusedCommit>>> CommitOffsetsOn(std::shared_ptr<Connection> connection,
                                                                            std::string group_id,
                                                                            std::vector<OffsetToCommit> offsets);
// The same as a member of the group.
asio::awaitable<absl::StatusOr<std::vector<RefusedCommit>>> CommitAsMemberOn(std::shared_ptr<Connection> connection,
                                                                             std::string group_id,
                                                                             std::string member_id,
                                                                             int32_t generation_id,
                                                                             std::vector<OffsetToCommit> offsets);

// Members by their ids; the first error, but for one of a member that is gone already.
asio::awaitable<absl::StatusOr<int16_t>> RemoveMembersOn(std::shared_ptr<Connection> connection, std::string group_id,
                                                         std::vector<std::string> member_ids);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_GROUP_REQUESTS_H_
