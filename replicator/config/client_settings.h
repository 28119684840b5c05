#ifndef REPLICATOR_REPLICATOR_CONFIG_CLIENT_SETTINGS_H_
#define REPLICATOR_REPLICATOR_CONFIG_CLIENT_SETTINGS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// Where a MirrorMaker 2 properties file keeps the settings of Kafka clients, and which of several places counts.
//
// The rules are those of Kafka 3.x and 4.x, of three classes one behind the other: MirrorMakerConfig.clusterProps() and
// connectorBaseConfig() gather `A.x` as `source.cluster.x` and `A.consumer.x` as `source.consumer.x`, and put `A->B.x`
// over them as `x`; MirrorConnectorConfig.sourceConsumerConfig() and its like take `source.cluster.x` (connection
// settings only), then `consumer.x`, then `source.consumer.x`. Records are written by the Connect worker's producer, to
// which MirrorMakerConfig.workerConfig() gives `B.producer.x`.
namespace replicator {

enum class LinkSide { kSource, kTarget };
enum class ClientRole { kConsumer, kProducer, kAdmin };

// The keys under which MirrorMaker looks for the setting `name` of one client of the link source->target, the one that
// counts first. Without effect there, and so not listed: `consumer.x`, and `A.x` but for connection settings.
std::vector<std::string> ClientSettingKeys(absl::string_view source, absl::string_view target, LinkSide side,
                                           ClientRole role, absl::string_view name);

// bootstrap.servers, security.protocol, ssl.* and sasl.*: what MirrorMaker also takes from `A.x` and from `x`.
bool IsConnectionSetting(absl::string_view name);

// TLS or SASL is asked for by such a setting.
bool IsSecuritySetting(absl::string_view name);

// A key without its link or cluster (`source.consumer.fetch.min.bytes`, `producer.override.acks`), taken apart.
struct ClientSetting {
  std::optional<LinkSide> side;
  std::optional<ClientRole> role;
  absl::string_view name;  // all of the key when it names neither side nor role
};
ClientSetting ParseClientSetting(absl::string_view key);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONFIG_CLIENT_SETTINGS_H_
