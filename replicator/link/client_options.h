// How the control loop and the shards of a link present themselves to brokers.
#ifndef REPLICATOR_REPLICATOR_LINK_CLIENT_OPTIONS_H_
#define REPLICATOR_REPLICATOR_LINK_CLIENT_OPTIONS_H_

#include "absl/strings/str_cat.h"
#include "kafka/net/connection.h"
#include "replicator/config/config.h"

namespace replicator {

inline kafka::ConnectionOptions ClientOptions(const LinkConfig& config, kafka::BrokerUse use) {
  kafka::ConnectionOptions options;
  options.client_id = absl::StrCat("replicator.", config.Name());
  options.use = use;
  return options;
}

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LINK_CLIENT_OPTIONS_H_
