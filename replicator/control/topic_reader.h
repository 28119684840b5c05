// Reads how the settings of topics hold on a cluster: what each topic sets itself, and else what its brokers do. Every
// broker is asked, since each has defaults of its own.
#ifndef REPLICATOR_REPLICATOR_CONTROL_TOPIC_READER_H_
#define REPLICATOR_REPLICATOR_CONTROL_TOPIC_READER_H_

#include <asio/awaitable.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"
#include "policy/topic_settings.h"

namespace replicator {

struct TopicsRead {
  absl::flat_hash_map<std::string, policy::SettingValues> settings;
  absl::flat_hash_map<std::string, absl::Status> errors;  // of topics whose settings were not told
  std::set<std::string> disagreements;                    // settings on which the brokers disagree
  std::vector<std::string> notes;                         // on these, and on brokers that did not answer
};

// `keys`: only these settings; nullopt: all. `keeping`: which value counts where brokers disagree.
asio::awaitable<absl::StatusOr<TopicsRead>> ReadTopics(kafka::ClusterClient& cluster, std::vector<std::string> topics,
                                                       std::optional<std::vector<std::string>> keys,
                                                       policy::Keeping keeping);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONTROL_TOPIC_READER_H_
