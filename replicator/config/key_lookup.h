// The keys of one properties file on their way into the configuration: which were taken, what they hold once config
// providers have been asked, and what is to be told of them. Used by one reader at a time (config.h).
//
// Messages begin with file and line and name keys. What a config provider found may be a secret that stands in the
// wrong place: no message shows it.
#ifndef REPLICATOR_REPLICATOR_CONFIG_KEY_LOOKUP_H_
#define REPLICATOR_REPLICATOR_CONFIG_KEY_LOOKUP_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "replicator/config/config_values.h"
#include "replicator/config/properties.h"

namespace replicator {

// Keys and values in messages stay on one line and of a readable length.
std::string Quoted(absl::string_view text);

// ConfigDef's LIST: white space around commas does not count; an empty value is an empty list.
std::vector<std::string> SplitList(absl::string_view value);

class KeyLookup {
 public:
  // `properties` has to outlive this.
  explicit KeyLookup(const Properties& properties) : properties_(properties), values_(properties) {}

  const Properties& properties() const { return properties_; }
  const ConfigValues& values() const { return values_; }

  // ---- Messages

  void Error(std::string message);
  void ErrorAt(const Property& property, absl::string_view message);
  void WarnAt(const Property& property, absl::string_view message);
  // Of the file as a whole.
  void Warn(absl::string_view message);
  void Info(absl::string_view message);
  // `loser` is passed over since `winner` is there.
  void WarnOverridden(const Property& loser, const Property& winner);

  const std::vector<std::string>& errors() const { return errors_; }  // at most kConfigErrorsMax
  std::vector<std::string>& warnings() { return warnings_; }
  std::vector<std::string>& infos() { return infos_; }

  // The value, or that it is not shown.
  std::string Shown(const Property& property) const;
  // What is wrong with the value, without the value where it is not to be shown.
  std::string Why(const Property& property, const absl::Status& status) const;
  // " (line 3 has `cluster`)": a key that nobody took and that may be meant to be the missing one; or "".
  std::string NearMiss(absl::string_view missing) const;

  // ---- Look-up

  // The property with its value resolved; null when there is none or, after an error, when it has none. Lives as long
  // as this object.
  const Property* Take(absl::string_view key);
  // The first of `keys` that is there; the others of them are told to have no effect.
  const Property* TakeFirst(const std::vector<std::string>& keys);
  // A setting of the link: `A->B.name`, else `name`. REQUIRES: set_link().
  const Property* TakeSetting(absl::string_view name);
  // One that had another name before Kafka 2.8 (ConfigUtils.translateDeprecatedConfigs): the new name wins, wherever it
  // stands.
  const Property* TakeRenamed(absl::string_view name, absl::string_view old_name);
  void MarkTaken(absl::string_view key) { taken_.insert(std::string(key)); }
  bool IsTaken(absl::string_view key) const { return taken_.contains(key); }
  // "A->B".
  void set_link(std::string link) { link_ = std::move(link); }
  const std::string& link() const { return link_; }

  // False, with an error, for anything but true and false.
  bool ReadBool(const Property& property, bool& out);
  // The setting `name` of the link: from 1 to `max`, or `also`.
  int64_t ReadNumber(absl::string_view name, int64_t default_value, int64_t max, absl::string_view instead,
                     int64_t also = 1);

 private:
  bool IsFromProvider(const Property& property) const;

  const Properties& properties_;
  const ConfigValues values_;
  std::deque<Property> resolved_;  // a deque keeps pointers to its elements valid
  absl::flat_hash_set<std::string> taken_;
  std::string link_;
  std::vector<std::string> errors_;
  std::vector<std::string> warnings_;
  std::vector<std::string> infos_;
};

inline constexpr int kConfigErrorsMax = 20;

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONFIG_KEY_LOOKUP_H_
