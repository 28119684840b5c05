// How the control loop and the shards of a link present themselves to brokers.
#ifndef REPLICATOR_REPLICATOR_LINK_CLIENT_OPTIONS_H_
#define REPLICATOR_REPLICATOR_LINK_CLIENT_OPTIONS_H_

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/net/connection.h"
#include "replicator/config/config.h"

namespace replicator {

// `cluster_id`: the only one that may answer; empty: any.
inline kafka::ConnectionOptions ClientOptions(const LinkConfig& config, kafka::BrokerUse use,
                                              std::string cluster_id = "") {
  kafka::ConnectionOptions options;
  options.cluster_id = std::move(cluster_id);
  options.client_id = absl::StrCat("replicator.", config.Name());
  options.use = use;
  return options;
}

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LINK_CLIENT_OPTIONS_H_
