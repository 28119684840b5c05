// What an operator does who deletes a consumer group, by librdkafka.
#ifndef REPLICATOR_TESTS_GROUPS_GROUP_DELETION_H_
#define REPLICATOR_TESTS_GROUPS_GROUP_DELETION_H_

#include <string>

#include "absl/status/status.h"

namespace replicator::tests {

absl::Status DeleteGroup(const std::string& bootstrap_servers, const std::string& group);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_GROUPS_GROUP_DELETION_H_
