#include "replicator/config/key_lookup.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "replicator/base/nearest.h"

namespace replicator {

std::string Quoted(absl::string_view text) {
  constexpr size_t kShownMax = 200;
  return absl::StrCat("`", absl::Utf8SafeCEscape(text.substr(0, kShownMax)), text.size() > kShownMax ? "..." : "", "`");
}

std::vector<std::string> SplitList(absl::string_view value) {
  value = absl::StripAsciiWhitespace(value);
  std::vector<std::string> items;
  if (value.empty()) return items;
  for (const absl::string_view item : absl::StrSplit(value, ',')) items.emplace_back(absl::StripAsciiWhitespace(item));
  return items;
}

void KeyLookup::Error(std::string message) {
  if (errors_.size() < kConfigErrorsMax) errors_.push_back(std::move(message));
}

void KeyLookup::ErrorAt(const Property& property, absl::string_view message) {
  Error(absl::StrCat(properties_.Where(property), ": ", message));
}

void KeyLookup::WarnAt(const Property& property, absl::string_view message) {
  warnings_.push_back(absl::StrCat(properties_.Where(property), ": ", message));
}

void KeyLookup::Warn(absl::string_view message) {
  warnings_.push_back(absl::StrCat(properties_.file_name(), ": ", message));
}

void KeyLookup::Info(absl::string_view message) {
  infos_.push_back(absl::StrCat(properties_.file_name(), ": ", message));
}

void KeyLookup::WarnOverridden(const Property& loser, const Property& winner) {
  WarnAt(loser, absl::StrCat(loser.key, " has no effect: ", winner.key, " at line ", winner.line, " takes its place"));
}

bool KeyLookup::IsFromProvider(const Property& property) const {
  return std::any_of(resolved_.begin(), resolved_.end(), [&](const Property& p) { return &p == &property; });
}

std::string KeyLookup::Shown(const Property& property) const {
  return IsFromProvider(property) ? "something else (from a config provider, not shown)" : Quoted(property.value);
}

std::string KeyLookup::Why(const Property& property, const absl::Status& status) const {
  if (!IsFromProvider(property)) return std::string(status.message());
  return "has a value that cannot be used (from a config provider, not shown)";
}

std::string KeyLookup::NearMiss(absl::string_view missing) const {
  std::vector<std::string> keys;
  for (const Property& property : properties_.entries()) {
    if (!taken_.contains(property.key)) keys.push_back(property.key);
  }
  const std::string nearest = Nearest(missing, keys);
  if (nearest.empty()) return "";
  return absl::StrCat(" (line ", properties_.Find(nearest)->line, " has ", Quoted(nearest), ")");
}

const Property* KeyLookup::Take(absl::string_view key) {
  const Property* property = properties_.Find(key);
  if (property == nullptr) return nullptr;
  taken_.insert(property->key);
  absl::StatusOr<std::string> value = values_.Resolve(*property);
  if (!value.ok()) {
    ErrorAt(*property, value.status().message());
    return nullptr;
  }
  if (*value == property->value) return property;
  resolved_.push_back({.key = property->key, .value = *std::move(value), .line = property->line});
  return &resolved_.back();
}

const Property* KeyLookup::TakeFirst(const std::vector<std::string>& keys) {
  const Property* winner = nullptr;
  for (const std::string& key : keys) {
    const Property* property = Take(key);
    if (property == nullptr) continue;
    if (winner == nullptr) {
      winner = property;
    } else {
      WarnOverridden(*property, *winner);
    }
  }
  return winner;
}

const Property* KeyLookup::TakeSetting(absl::string_view name) {
  return TakeFirst({absl::StrCat(link_, ".", name), std::string(name)});
}

const Property* KeyLookup::TakeRenamed(absl::string_view name, absl::string_view old_name) {
  const Property* named = TakeSetting(name);
  const Property* old = TakeSetting(old_name);
  if (named == nullptr) return old;
  if (old != nullptr) WarnOverridden(*old, *named);
  return named;
}

bool KeyLookup::ReadBool(const Property& property, bool& out) {
  const std::string value = absl::AsciiStrToLower(absl::StripAsciiWhitespace(property.value));
  if (value == "true" || value == "false") {
    out = value == "true";
    return true;
  }
  ErrorAt(property, absl::StrCat(property.key, " is ", Shown(property), ": write ", property.key, "=true or ",
                                 property.key, "=false"));
  return false;
}

int64_t KeyLookup::ReadNumber(absl::string_view name, int64_t default_value, int64_t max, absl::string_view instead,
                              int64_t also) {
  const Property* property = TakeSetting(name);
  if (property == nullptr) return default_value;
  int64_t number = 0;
  const bool is_number = absl::SimpleAtoi(absl::StripAsciiWhitespace(property->value), &number);
  if (is_number && ((number >= 1 && number <= max) || number == also)) return number;
  ErrorAt(*property, absl::StrCat(property->key, " is ", Shown(*property), ", not a whole number from 1 to ", max,
                                  ": write ", instead));
  return default_value;
}

}  // namespace replicator
