#ifndef REPLICATOR_REPLICATOR_CONFIG_BOOTSTRAP_SERVERS_H_
#define REPLICATOR_REPLICATOR_CONFIG_BOOTSTRAP_SERVERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace replicator {

// Reads a `bootstrap.servers` value as Kafka's ClientUtils does: host:port, separated by commas, IPv6 in brackets,
// optionally behind `PLAINTEXT://`, which is cut off. Host names are not resolved here.
// INVALID_ARGUMENT, as a sentence part that follows the key's name, such as "names `host`, which has no port".
absl::StatusOr<std::vector<std::string>> ParseBootstrapServers(absl::string_view value);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONFIG_BOOTSTRAP_SERVERS_H_
