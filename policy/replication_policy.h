#ifndef REPLICATOR_POLICY_REPLICATION_POLICY_H_
#define REPLICATOR_POLICY_REPLICATION_POLICY_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace replicator::policy {

// Kafka's own limit (Topic.MAX_NAME_LENGTH).
inline constexpr size_t kTopicNameBytesMax = 249;

// Names a source topic on the target, as MirrorMaker 2's two policies do:
//   identity  orders -> orders      (IdentityReplicationPolicy)
//   prefix    orders -> A.orders    (DefaultReplicationPolicy, the default)
// Immutable, cheap to copy; any thread may call it.
class ReplicationPolicy {
 public:
  enum class Kind { kIdentity, kPrefix };

  ReplicationPolicy() = default;

  static ReplicationPolicy Identity();

  // INVALID_ARGUMENT when an alias or the separator is empty or holds a character that no topic name may hold
  // (letters, digits, '.', '_' and '-' are legal).
  static absl::StatusOr<ReplicationPolicy> Prefix(std::string source_alias, std::string target_alias,
                                                  std::string separator);

  // INVALID_ARGUMENT when the name on the target would be longer than kTopicNameBytesMax.
  absl::StatusOr<std::string> TargetTopic(absl::string_view source_topic) const;

  // True when the topic's name says that its records came from the target, at any number of hops: copying it back would
  // never end (MirrorSourceConnector.isCycle). Identity names tell nothing, so there it is always false: a link back
  // is the operator's to avoid.
  bool IsCycle(absl::string_view source_topic) const;

  Kind kind() const { return kind_; }

 private:
  Kind kind_ = Kind::kIdentity;
  std::string source_alias_;
  std::string target_alias_;
  std::string separator_;
};

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_REPLICATION_POLICY_H_
