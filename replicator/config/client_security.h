// Whether the file asks for TLS or SASL, which this version does not speak. Decided as MirrorMaker's clients decide: by
// the security.protocol that each of them ends up with. `ssl.*` and `sasl.*` alone protect nothing.
#ifndef REPLICATOR_REPLICATOR_CONFIG_CLIENT_SECURITY_H_
#define REPLICATOR_REPLICATOR_CONFIG_CLIENT_SECURITY_H_

#include "absl/strings/string_view.h"
#include "replicator/config/key_lookup.h"

namespace replicator {

// Takes each security.protocol of the link's clients. An error for one that is in force and not PLAINTEXT; a warning
// for one that asks for protection and is overridden for every client.
void CheckClientSecurity(KeyLookup& keys, absl::string_view source, absl::string_view target);

// What is wrong with a security.protocol, for messages that begin with its key.
absl::string_view PlaintextOnly();

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONFIG_CLIENT_SECURITY_H_
