#ifndef REPLICATOR_REPLICATOR_CONFIG_KNOWN_KEYS_H_
#define REPLICATOR_REPLICATOR_CONFIG_KNOWN_KEYS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace replicator {

// What becomes of a key that may stand in a MirrorMaker 2 properties file.
enum class KeyFate {
  kHonoured,       // replicator/config/config.h reads it
  kNotApplicable,  // has nothing to act on here, and never will
  kNotYet,         // MirrorMaker does something that this version does not do
};

struct KnownKey {
  absl::string_view name;  // without the cluster, the link and the client role; a '*' at its end stands for any rest
  KeyFate fate = KeyFate::kNotApplicable;
  absl::string_view reason = {};  // half a sentence; empty for kHonoured
  bool is_kept_by_false = false;  // the value `false` asks for what happens anyway: nothing to tell
};

// Settings of a link (MirrorSourceConfig, MirrorCheckpointConfig, MirrorHeartbeatConfig), of the whole file
// (MirrorMakerConfig) and of Connect's worker (DistributedConfig) in Kafka 2.4 ... 4.x, old names included; and those
// of this program. Null for an unknown name.
const KnownKey* FindLinkKey(absl::string_view name);

// Settings of Kafka clients (ConsumerConfig, ProducerConfig, AdminClientConfig), which stand behind a role, as in
// `A.consumer.fetch.min.bytes`; without those of TLS and SASL. Null for an unknown name.
const KnownKey* FindClientKey(absl::string_view name);

// All names without a '*', those that are honoured first.
std::vector<std::string> KnownKeyNames();

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONFIG_KNOWN_KEYS_H_
