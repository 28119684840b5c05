#include "replicator/config/client_settings.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace replicator {
namespace {

absl::string_view RolePrefix(ClientRole role) {
  switch (role) {
    case ClientRole::kConsumer:
      return "consumer.";
    case ClientRole::kProducer:
      return "producer.";
    case ClientRole::kAdmin:
      return "admin.";
  }
  return "";
}

}  // namespace

bool IsSecuritySetting(absl::string_view name) {
  return name == "security.protocol" || absl::StartsWith(name, "ssl.") || absl::StartsWith(name, "sasl.");
}

bool IsConnectionSetting(absl::string_view name) { return name == "bootstrap.servers" || IsSecuritySetting(name); }

std::vector<std::string> ClientSettingKeys(absl::string_view source, absl::string_view target, LinkSide side,
                                           ClientRole role, absl::string_view name) {
  const std::string link = absl::StrCat(source, "->", target, ".");
  const absl::string_view alias = side == LinkSide::kSource ? source : target;
  const absl::string_view side_prefix = side == LinkSide::kSource ? "source." : "target.";
  const std::string setting = absl::StrCat(RolePrefix(role), name);
  const bool is_workers_producer = side == LinkSide::kTarget && role == ClientRole::kProducer;
  std::vector<std::string> keys;
  if (is_workers_producer) {
    keys.push_back(absl::StrCat(link, "producer.override.", name));
  } else {
    keys.push_back(absl::StrCat(link, side_prefix, setting));
  }
  keys.push_back(absl::StrCat(alias, ".", setting));
  if (IsConnectionSetting(name)) {
    // clusterProps() writes these under every role's name, and so above what the link says for the role.
    keys.push_back(absl::StrCat(alias, ".", name));
    keys.emplace_back(name);
  }
  if (!is_workers_producer) {
    keys.push_back(absl::StrCat(link, setting));
    if (IsConnectionSetting(name)) keys.push_back(absl::StrCat(link, side_prefix, "cluster.", name));
  }
  return keys;
}

ClientSetting ParseClientSetting(absl::string_view key) {
  ClientSetting setting;
  bool found = true;
  while (found) {
    found = true;
    if (absl::ConsumePrefix(&key, "source.")) {
      setting.side = LinkSide::kSource;
    } else if (absl::ConsumePrefix(&key, "target.")) {
      setting.side = LinkSide::kTarget;
    } else if (absl::ConsumePrefix(&key, "consumer.")) {
      setting.role = ClientRole::kConsumer;
    } else if (absl::ConsumePrefix(&key, "producer.")) {
      setting.role = ClientRole::kProducer;
    } else if (absl::ConsumePrefix(&key, "admin.")) {
      setting.role = ClientRole::kAdmin;
    } else {
      // `source.cluster.`, and `producer.override.` of a connector.
      found = (setting.side.has_value() && absl::ConsumePrefix(&key, "cluster.")) ||
              (setting.role.has_value() && absl::ConsumePrefix(&key, "override."));
    }
  }
  setting.name = key;
  return setting;
}

}  // namespace replicator
