// Members of consumer groups, made of librdkafka: consumers that poll, and a producer that sends offsets within a
// transaction which it leaves open.
#ifndef REPLICATOR_TESTS_GROUPS_GROUP_MEMBER_H_
#define REPLICATOR_TESTS_GROUPS_GROUP_MEMBER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/cluster/rdkafka_handle.h"

namespace replicator::tests {

// A consumer that is subscribed to one topic and polls from a thread of its own. It commits what it is told to.
class GroupMember {
 public:
  // `properties`: "group.protocol=consumer" for the new protocol, "group.instance.id" for a static member.
  static absl::StatusOr<std::unique_ptr<GroupMember>> Join(const std::string& bootstrap_servers,
                                                           const std::string& group, const std::string& topic,
                                                           ClientProperties properties = {});
  // Leaves the group, unless it is a static member of the classic protocol.
  ~GroupMember();
  // As a member; refused before it has joined. From another thread than its own.
  absl::Status Commit(const std::string& topic, int32_t partition, int64_t offset);
  GroupMember(const GroupMember&) = delete;
  GroupMember& operator=(const GroupMember&) = delete;

 private:
  explicit GroupMember(RdHandle consumer);

  RdHandle consumer_;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

// Sends an offset of `group` within a transaction, and leaves that open until it is destroyed.
class OpenTransaction {
 public:
  static absl::StatusOr<std::unique_ptr<OpenTransaction>> Send(const std::string& bootstrap_servers,
                                                               const std::string& group, const std::string& topic,
                                                               int32_t partition, int64_t offset);
  absl::Status Commit();

 private:
  explicit OpenTransaction(RdHandle producer) : producer_(std::move(producer)) {}

  RdHandle producer_;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_GROUPS_GROUP_MEMBER_H_
