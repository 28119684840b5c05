#include "replicator/config/unused_keys.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "replicator/base/nearest.h"
#include "replicator/config/client_security.h"
#include "replicator/config/client_settings.h"
#include "replicator/config/key_lookup.h"
#include "replicator/config/known_keys.h"

namespace replicator {
namespace {

enum class Owner { kNone, kLink, kSource, kTarget, kElsewhere };

struct OwnedKey {
  Owner owner = Owner::kNone;
  absl::string_view name;  // behind the owner and its dot
  std::string elsewhere;   // for messages, when it is that
};

OwnedKey FindOwner(const FileShape& file, absl::string_view key) {
  OwnedKey owned;
  owned.name = key;
  const std::string this_link = absl::StrCat(file.source, "->", file.target);
  for (const std::string& source : file.aliases) {
    for (const std::string& target : file.aliases) {
      const std::string link = absl::StrCat(source, "->", target);
      if (!absl::ConsumePrefix(&owned.name, absl::StrCat(link, "."))) continue;
      owned.owner = link == this_link ? Owner::kLink : Owner::kElsewhere;
      owned.elsewhere = absl::StrCat("the link ", link);
      return owned;
    }
  }
  const std::string* alias = nullptr;  // the longest that fits: one may begin with another one and a dot
  for (const std::string& candidate : file.aliases) {
    const bool fits = absl::StartsWith(key, absl::StrCat(candidate, "."));
    if (fits && (alias == nullptr || candidate.size() > alias->size())) alias = &candidate;
  }
  if (alias == nullptr) return owned;
  owned.name.remove_prefix(alias->size() + 1);
  owned.owner = *alias == file.source ? Owner::kSource : *alias == file.target ? Owner::kTarget : Owner::kElsewhere;
  owned.elsewhere = absl::StrCat("the cluster ", *alias);
  return owned;
}

class Explainer {
 public:
  Explainer(const FileShape& file, absl::string_view key, absl::string_view value)
      : file_(file), key_(key), value_(absl::StripAsciiWhitespace(value)), owned_(FindOwner(file, key)) {}

  KeyRemark Run() const {
    if (owned_.owner == Owner::kElsewhere) {
      return Info(
          absl::StrCat("of ", owned_.elsewhere, ", and this process copies ", file_.source, "->", file_.target));
    }
    const KnownKey* of_link = FindLinkKey(owned_.name);
    const ClientSetting client = ParseClientSetting(owned_.name);
    const bool has_prefix = client.name.size() != owned_.name.size();
    if (IsSecuritySetting(client.name)) return Security(client.name);
    if (client.name == "bootstrap.servers" && (has_prefix || owned_.owner == Owner::kLink)) return OtherBrokers();
    if (of_link != nullptr) return OfLink(*of_link);
    if (const KnownKey* of_client = FindClientKey(client.name)) return OfClient(*of_client, client);
    if (const KnownKey* behind_role = FindLinkKey(client.name)) return OfLink(*behind_role);
    return Unknown(client.name);
  }

 private:
  KeyRemark Info(absl::string_view reason) const { return {KeyRemark::Kind::kInfo, std::string(reason)}; }

  KeyRemark Warning(absl::string_view reason) const {
    return {KeyRemark::Kind::kWarning, absl::StrCat(Quoted(key_), " is not honoured: ", reason)};
  }

  KeyRemark Error(absl::string_view reason) const {
    return {KeyRemark::Kind::kError, absl::StrCat(Quoted(key_), " ", reason)};
  }

  // Those security.protocol keys come here that MirrorMaker's clients do not look at. Whoever wrote one of them wants
  // to be protected.
  KeyRemark Security(absl::string_view setting) const {
    if (const KnownKey* of_link = FindLinkKey(setting)) return OfLink(*of_link);
    if (setting != "security.protocol") {
      return Info("no security.protocol of this link asks for TLS or SASL, so there is nothing to set");
    }
    return absl::EqualsIgnoreCase(value_, "PLAINTEXT") ? KeyRemark() : Error(PlaintextOnly());
  }

  KeyRemark OtherBrokers() const {
    return Error(absl::StrCat("names brokers in a place that is not read: write ", file_.source,
                              ".bootstrap.servers and ", file_.target, ".bootstrap.servers"));
  }

  KeyRemark Known(const KnownKey& known) const {
    if (known.is_kept_by_false && absl::EqualsIgnoreCase(value_, "false")) return {};
    if (known.fate == KeyFate::kNotYet) return Warning(absl::StrCat("not yet: ", known.reason));
    return Info(known.reason);
  }

  KeyRemark OfLink(const KnownKey& known) const {
    if (known.fate != KeyFate::kHonoured) return Known(known);
    return WrongPlace(known.name);
  }

  KeyRemark OfClient(const KnownKey& known, const ClientSetting& client) const {
    const bool is_of_source = owned_.owner == Owner::kSource || client.side == LinkSide::kSource;
    const bool is_of_target = owned_.owner == Owner::kTarget || client.side == LinkSide::kTarget;
    if (client.role == ClientRole::kConsumer && is_of_target) {
      return Info("nothing is consumed from the target");
    }
    if (client.role == ClientRole::kProducer && is_of_source) {
      return Info("nothing is produced to the source");
    }
    return known.fate == KeyFate::kHonoured ? WrongPlace(known.name) : Known(known);
  }

  // Honoured, but not where it stands.
  KeyRemark WrongPlace(absl::string_view name) const {
    std::string place;
    if (FindClientKey(name) != nullptr) {
      place = absl::StrCat(file_.source, ".consumer.", name);
    } else if (name == "bootstrap.servers") {
      return Info(absl::StrCat(file_.source, " and ", file_.target, " have servers of their own"));
    } else if (name == "cluster.id") {
      place = absl::StrCat(file_.source, ".", name, " or ", file_.target, ".", name);
    } else if (name == "clusters" || name == "config.providers") {
      place = std::string(name);
    } else if (name == "enabled") {
      place = absl::StrCat(file_.source, "->", file_.target, ".", name);
    } else {
      place = absl::StrCat(name, " or ", file_.source, "->", file_.target, ".", name);
    }
    return Warning(absl::StrCat("it has no effect in this place: write ", place));
  }

  // A known key behind something that is neither a cluster nor a link, as told by the dot at which it ends.
  bool IsKnownBehind(size_t dot) const {
    const absl::string_view rest = key_.substr(dot + 1);
    const absl::string_view name = ParseClientSetting(rest).name;
    return FindLinkKey(rest) != nullptr || FindClientKey(name) != nullptr || IsConnectionSetting(name);
  }

  KeyRemark Unknown(absl::string_view name) const {
    std::vector<size_t> dots;
    for (size_t dot = key_.find('.'); dot != absl::string_view::npos; dot = key_.find('.', dot + 1))
      dots.push_back(dot);
    const bool may_name_owner = owned_.owner == Owner::kNone;
    // `C.topics` is like `topics` only by chance.
    if (may_name_owner && !dots.empty() && IsKnownBehind(dots[0])) return UnknownOwner(dots[0]);
    const std::string nearest = Nearest(name, KnownKeyNames());
    if (!nearest.empty()) {
      const absl::string_view before = key_.substr(0, key_.size() - name.size());
      return Warning(absl::StrCat("unknown key, did you mean ", Quoted(absl::StrCat(before, nearest)), "?"));
    }
    for (const size_t dot : dots) {
      if (may_name_owner && IsKnownBehind(dot)) return UnknownOwner(dot);
    }
    return Warning("unknown key");
  }

  KeyRemark UnknownOwner(size_t dot) const {
    const absl::string_view owner = key_.substr(0, dot);
    const absl::string_view rest = key_.substr(dot);
    std::vector<std::string> names = file_.aliases;
    names.push_back(absl::StrCat(file_.source, "->", file_.target));
    for (const char* role : {"consumer", "producer", "admin", "source.cluster", "target.cluster"})
      names.push_back(role);
    const std::string nearest = Nearest(owner, names);
    return Warning(
        absl::StrCat("unknown key, ", Quoted(owner), " is neither one of the clusters ",
                     absl::StrJoin(file_.aliases, ", "), " nor a link between them",
                     nearest.empty() ? "" : absl::StrCat("; did you mean ", Quoted(absl::StrCat(nearest, rest)), "?")));
  }

  const FileShape& file_;
  const absl::string_view key_;
  const absl::string_view value_;
  const OwnedKey owned_;
};

}  // namespace

bool BelongsElsewhere(const FileShape& file, absl::string_view key) {
  return FindOwner(file, key).owner == Owner::kElsewhere;
}

KeyRemark ExplainUnusedKey(const FileShape& file, absl::string_view key, absl::string_view value) {
  return Explainer(file, key, value).Run();
}

}  // namespace replicator
