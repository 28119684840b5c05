// Which link a properties file is about: the aliases of its clusters and the one enabled pair of them.
#ifndef REPLICATOR_REPLICATOR_CONFIG_LINK_NAMES_H_
#define REPLICATOR_REPLICATOR_CONFIG_LINK_NAMES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "replicator/config/key_lookup.h"
#include "replicator/config/properties.h"

namespace replicator {

struct LinkNames {
  std::vector<std::string> aliases;    // of all clusters of the file
  const Property* clusters = nullptr;  // the key that names them
  std::string source;
  std::string target;

  // "A->B"
  std::string Link() const { return absl::StrCat(source, "->", target); }
};

// Takes `clusters` and each `A->B.enabled`. nullopt, with errors in `keys`, unless exactly one link is enabled.
std::optional<LinkNames> TakeLinkNames(KeyLookup& keys);

// Both spellings of the policy that keeps topic names.
bool IsIdentityPolicyClass(absl::string_view name);

inline constexpr absl::string_view kIdentityPolicyClass = "org.apache.kafka.connect.mirror.IdentityReplicationPolicy";

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONFIG_LINK_NAMES_H_
