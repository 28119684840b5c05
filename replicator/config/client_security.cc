#include "replicator/config/client_security.h"

#include <map>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "replicator/config/client_settings.h"

namespace replicator {
namespace {

constexpr absl::string_view kProtocol = "security.protocol";

bool IsPlaintext(absl::string_view value) {
  return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(value), "PLAINTEXT");
}

}  // namespace

absl::string_view PlaintextOnly() {
  return "asks for encryption or authentication, and this build speaks plaintext only: it does not start less "
         "protected than the file says. If the brokers have a plaintext listener, name it in bootstrap.servers and "
         "delete this key or write PLAINTEXT";
}

void CheckClientSecurity(KeyLookup& keys, absl::string_view source, absl::string_view target) {
  std::set<std::string> in_force;
  std::map<std::string, std::string> overridden_by;
  for (const LinkSide side : {LinkSide::kSource, LinkSide::kTarget}) {
    for (const ClientRole role : {ClientRole::kConsumer, ClientRole::kProducer, ClientRole::kAdmin}) {
      std::string winner;
      for (const std::string& key : ClientSettingKeys(source, target, side, role, kProtocol)) {
        if (keys.properties().Find(key) == nullptr) continue;
        if (winner.empty()) {
          winner = key;
          in_force.insert(key);
        } else {
          overridden_by.try_emplace(key, winner);
        }
      }
    }
  }
  for (const std::string& key : in_force) {
    const Property* property = keys.Take(key);
    if (property != nullptr && !IsPlaintext(property->value))
      keys.ErrorAt(*property, absl::StrCat(Quoted(key), " ", PlaintextOnly()));
  }
  for (const auto& [key, winner] : overridden_by) {
    if (in_force.contains(key)) continue;
    keys.MarkTaken(key);
    const Property& loser = *keys.properties().Find(key);
    if (!IsPlaintext(loser.value)) keys.WarnOverridden(loser, *keys.properties().Find(winner));
  }
}

}  // namespace replicator
