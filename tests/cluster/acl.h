// Rights on one topic or group, given and taken by ACLs. Built on librdkafka alone. Calls block, for at most
// ClusterAdmin::kRequestTimeout.
#ifndef REPLICATOR_TESTS_CLUSTER_ACL_H_
#define REPLICATOR_TESTS_CLUSTER_ACL_H_

#include <string>

#include "absl/status/status.h"

namespace replicator::tests {

// The cluster has an authorizer that lets everybody do everything where no ACL says otherwise
// (allow.everyone.if.no.acl.found), and its clients are User:ANONYMOUS.

enum class AclResource { kTopic, kGroup };
enum class AclOperation { kRead, kWrite, kDescribe, kDescribeConfigs };

// From now on nobody may do that to the topic or group of that name; everything else stays allowed.
absl::Status Deny(const std::string& bootstrap_servers, AclResource resource, const std::string& name,
                  AclOperation operation);

// Removes all ACLs of the topic.
absl::Status RemoveAcls(const std::string& bootstrap_servers, const std::string& topic);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_ACL_H_
