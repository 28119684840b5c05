#include "replicator/config/config_values.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "policy/java_pattern_list.h"

namespace replicator {
namespace {

constexpr absl::string_view kClassPrefix = "org.apache.kafka.common.config.provider.";
// Strimzi had this one before Kafka 3.5 got its own (KIP-887).
constexpr absl::string_view kStrimziEnvironmentClass = "io.strimzi.kafka.EnvVarConfigProvider";

absl::Status Refuse(absl::string_view message) { return absl::InvalidArgumentError(message); }

bool IsNameCharacter(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

bool IsShellName(absl::string_view name) {
  return !name.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(name.front())) &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

bool IsInUpperCase(absl::string_view name) {
  return std::none_of(name.begin(), name.end(),
                      [](char c) { return absl::ascii_islower(static_cast<unsigned char>(c)); });
}

// The name at the start of `text`, which follows a '$': NAME or {NAME}. Empty when there is none.
absl::string_view ShellName(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "{")) {
    const absl::string_view name = text.substr(0, text.find('}'));
    return name.size() < text.size() && IsShellName(name) ? name : absl::string_view();
  }
  const size_t end = static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsNameCharacter) - text.begin());
  const absl::string_view name = text.substr(0, end);
  return IsShellName(name) ? name : absl::string_view();
}

// These hold patterns of names: '$' is an anchor there, and behind one nothing but an end or a bracket can match.
bool HoldsPatterns(absl::string_view key) {
  const absl::string_view last = key.substr(key.rfind('.') + 1);
  return last == "topics" || last == "groups" || last == "exclude" || last == "blacklist";
}

absl::string_view FindShellName(absl::string_view key, absl::string_view value) {
  for (size_t at = value.find('$'); at != absl::string_view::npos; at = value.find('$', at + 1)) {
    if (at > 0 && value[at - 1] == '\\') continue;
    const absl::string_view name = ShellName(value.substr(at + 1));
    if (name.empty()) continue;
    // The name of a nested Java class, as in `org.example.Outer$Inner`.
    const bool is_in_word = at > 0 && IsNameCharacter(value[at - 1]) && value[at + 1] != '{';
    if (!is_in_word || HoldsPatterns(key) || IsInUpperCase(name)) return name;
  }
  return absl::string_view();
}

// A password may hold a '$': only a value that is nothing else, or a JAAS option that is nothing else, counts.
bool IsShellVariableAlone(absl::string_view value) {
  value = absl::StripAsciiWhitespace(value);
  if (!absl::ConsumePrefix(&value, "$")) return false;
  const absl::string_view name = ShellName(value);
  const size_t name_size = name.size() + (absl::StartsWith(value, "{") ? 2 : 0);
  return name.size() > 1 && name_size == value.size() && IsInUpperCase(name);
}

bool SecretHoldsShellVariable(absl::string_view value) {
  if (IsShellVariableAlone(value)) return true;
  for (size_t open = value.find('"'); open != absl::string_view::npos;) {
    const size_t close = value.find('"', open + 1);
    if (close == absl::string_view::npos) return false;
    if (IsShellVariableAlone(value.substr(open + 1, close - open - 1))) return true;
    open = value.find('"', close + 1);
  }
  return false;
}

constexpr absl::string_view kSettingsPrefix = "config.providers.";
constexpr absl::string_view kClassSuffix = ".class";
constexpr absl::string_view kPathsSuffix = ".param.allowed.paths";
constexpr absl::string_view kNamesSuffix = ".param.allowlist.pattern";

std::string Shown(absl::string_view text) { return absl::StrCat("`", absl::Utf8SafeCEscape(text), "`"); }

// Whether `path` begins with all parts of `start`, as Java's Path.startsWith has it. Both are normal.
bool BeginsWith(const std::filesystem::path& path, const std::filesystem::path& start) {
  return std::mismatch(start.begin(), start.end(), path.begin(), path.end()).first == start.end();
}

// org.apache.kafka.common.config.internals.AllowedPaths. `allowed`: none or an empty one allows every path.
absl::Status CheckPath(const std::optional<std::string>& allowed, absl::string_view provider, const std::string& path) {
  if (!allowed.has_value() || allowed->empty()) return absl::OkStatus();
  const std::string key = absl::StrCat(kSettingsPrefix, provider, kPathsSuffix);
  bool is_allowed = false;
  for (const absl::string_view one : absl::StrSplit(*allowed, ',')) {
    const std::filesystem::path start = std::filesystem::path(std::string(absl::StripAsciiWhitespace(one)));
    if (!start.is_absolute()) {
      return Refuse(absl::StrCat("cannot be looked up: ", key, " holds ", Shown(start.string()),
                                 ", which is not an absolute path"));
    }
    // Without the empty part that a slash at the end makes.
    const std::string normal = start.lexically_normal().string();
    const absl::string_view trimmed = normal.size() > 1 ? absl::StripSuffix(normal, "/") : normal;
    is_allowed |=
        BeginsWith(std::filesystem::path(path).lexically_normal(), std::filesystem::path(std::string(trimmed)));
  }
  if (is_allowed) return absl::OkStatus();
  return Refuse(
      absl::StrCat("takes its value from ", Shown(path), ", which ", key, " does not allow: change one of the two"));
}

}  // namespace

// ConfigTransformer.DEFAULT_PATTERN: `${provider:key}` or `${provider:path:key}`; a path holds no colon, a key may.
struct ConfigValues::Reference {
  absl::string_view provider;
  absl::string_view path;
  absl::string_view key;
  size_t begin = 0;
  size_t end = 0;

  static std::optional<Reference> FindIn(absl::string_view value, size_t from) {
    for (size_t at = value.find("${", from); at != absl::string_view::npos; at = value.find("${", at + 2)) {
      const size_t close = value.find('}', at);
      if (close == absl::string_view::npos) return std::nullopt;
      absl::string_view inside = value.substr(at + 2, close - at - 2);
      const size_t colon = inside.find(':');
      if (colon == absl::string_view::npos) continue;
      Reference reference;
      reference.begin = at;
      reference.end = close + 1;
      reference.provider = inside.substr(0, colon);
      reference.key = inside.substr(colon + 1);
      const size_t second = reference.key.find(':');
      if (second != absl::string_view::npos) {
        reference.path = reference.key.substr(0, second);
        reference.key.remove_prefix(second + 1);
      }
      return reference;
    }
    return std::nullopt;
  }
};

bool IsProviderSetting(absl::string_view key) {
  return absl::ConsumePrefix(&key, kSettingsPrefix) &&
         (absl::EndsWith(key, kClassSuffix) || absl::EndsWith(key, kPathsSuffix) || absl::EndsWith(key, kNamesSuffix));
}

ConfigValues::ConfigValues(const Properties& properties) {
  providers_ = {{"env", {Kind::kEnvironment}}, {"file", {Kind::kFile}}, {"directory", {Kind::kDirectory}}};
  for (const Property& property : properties.entries()) {
    absl::string_view name = property.key;
    if (!absl::ConsumePrefix(&name, kSettingsPrefix)) continue;
    if (absl::ConsumeSuffix(&name, kPathsSuffix)) {
      providers_[std::string(name)].allowed_paths = property.value;
    } else if (absl::ConsumeSuffix(&name, kNamesSuffix)) {
      providers_[std::string(name)].allowlist_pattern = std::string(absl::StripAsciiWhitespace(property.value));
    } else if (absl::ConsumeSuffix(&name, kClassSuffix)) {
      absl::string_view class_name = absl::StripAsciiWhitespace(property.value);
      Kind kind = class_name == kStrimziEnvironmentClass ? Kind::kEnvironment : Kind::kUnknown;
      if (absl::ConsumePrefix(&class_name, kClassPrefix)) {
        if (class_name == "EnvVarConfigProvider") kind = Kind::kEnvironment;
        if (class_name == "FileConfigProvider") kind = Kind::kFile;
        if (class_name == "DirectoryConfigProvider") kind = Kind::kDirectory;
      }
      providers_[std::string(name)].kind = kind;
    }
  }
}

absl::StatusOr<std::string> ConfigValues::Resolve(const Property& property) const {
  absl::Status expanded = CheckExpanded(property);
  if (!expanded.ok()) return expanded;
  const absl::string_view value = property.value;
  std::string resolved;
  size_t done = 0;
  while (const std::optional<Reference> reference = Reference::FindIn(value, done)) {
    absl::StrAppend(&resolved, value.substr(done, reference->begin - done));
    absl::StatusOr<std::string> found = Find(*reference);
    if (!found.ok()) return Refuse(absl::StrCat(Shown(property.key), " ", found.status().message()));
    absl::StrAppend(&resolved, *found);
    done = reference->end;
  }
  absl::StrAppend(&resolved, value.substr(done));
  return resolved;
}

absl::StatusOr<std::string> ConfigValues::Find(const Reference& reference) const {
  const auto provider = providers_.find(reference.provider);
  if (provider == providers_.end()) {
    return Refuse(absl::StrCat("takes its value from the config provider ", Shown(reference.provider),
                               ", which the file does not declare: write config.providers.", reference.provider,
                               ".class=", kClassPrefix, "FileConfigProvider, or use ${env:NAME} or ${file:PATH:KEY}"));
  }
  switch (provider->second.kind) {
    case Kind::kEnvironment:
      return FindInEnvironment(provider->second, reference);
    case Kind::kFile:
      return FindInFile(provider->second, reference);
    case Kind::kDirectory:
      return FindInDirectory(provider->second, reference);
    case Kind::kUnknown:
      break;
  }
  return Refuse(absl::StrCat("takes its value from the config provider ", Shown(reference.provider),
                             ", whose Java class cannot be loaded: use ${env:NAME}, ${file:PATH:KEY} or "
                             "${directory:PATH:NAME}"));
}

absl::StatusOr<std::string> ConfigValues::FindInEnvironment(const Provider& provider,
                                                            const Reference& reference) const {
  if (!reference.path.empty()) {
    return Refuse(absl::StrCat("has a path in ", Shown(absl::StrCat("${", reference.provider, ":...}")),
                               ", and environment variables have none: write ${env:", reference.key, "}"));
  }
  if (provider.allowlist_pattern.has_value()) {
    const absl::StatusOr<policy::JavaPatternList> allowed =
        policy::JavaPatternList::Compile({*provider.allowlist_pattern});
    const std::string key = absl::StrCat(kSettingsPrefix, reference.provider, kNamesSuffix);
    if (!allowed.ok()) return Refuse(absl::StrCat("cannot be looked up: ", key, ": ", allowed.status().message()));
    if (!allowed->Matches(reference.key)) {
      return Refuse(absl::StrCat("takes its value from the environment variable ", Shown(reference.key), ", which ",
                                 key, " does not allow: change one of the two"));
    }
  }
  const char* value = std::getenv(std::string(reference.key).c_str());
  if (value != nullptr) return std::string(value);
  return Refuse(absl::StrCat("takes its value from the environment variable ", Shown(reference.key),
                             ", which is not set: set it where replicator is started, or write the value itself"));
}

absl::StatusOr<std::string> ConfigValues::FindInFile(const Provider& provider, const Reference& reference) const {
  const std::string path(reference.path);
  const absl::Status allowed = CheckPath(provider.allowed_paths, reference.provider, path);
  if (!allowed.ok()) return allowed;
  const absl::StatusOr<Properties> file = Properties::Load(path, Encoding::kUtf8);
  if (!file.ok()) return Refuse(absl::StrCat("takes its value from a file: ", file.status().message()));
  const Property* found = file->Find(reference.key);
  if (found != nullptr) return found->value;
  return Refuse(absl::StrCat("takes its value from the key ", Shown(reference.key), " of the file ", Shown(path),
                             ", which has no such key: add the line ", reference.key, "=VALUE to it"));
}

absl::StatusOr<std::string> ConfigValues::FindInDirectory(const Provider& provider, const Reference& reference) const {
  const std::string path(reference.path);
  const absl::Status allowed = CheckPath(provider.allowed_paths, reference.provider, path);
  if (!allowed.ok()) return allowed;
  const bool is_name = !reference.key.empty() && !absl::StrContains(reference.key, '/');
  absl::StatusOr<std::string> bytes =
      is_name ? ReadSmallFile(absl::StrCat(path, "/", reference.key))
              : absl::InvalidArgumentError(absl::StrCat(Shown(reference.key), " is not the name of a file"));
  if (bytes.ok()) return bytes;
  return Refuse(
      absl::StrCat("takes its value from a file of the folder ", Shown(path), ": ", bytes.status().message()));
}

absl::Status ConfigValues::CheckExpanded(const Property& property) const {
  if (IsSecretKey(property.key)) {
    if (!SecretHoldsShellVariable(property.value)) return absl::OkStatus();
    return Refuse(absl::StrCat(Shown(property.key),
                               " reads like a shell variable that was not expanded: a properties file is no shell "
                               "script. Write ${env:NAME} to take it from the environment; a secret that really "
                               "looks like that can be written as ${file:PATH:KEY}"));
  }
  std::string text;  // without the references, which are not for a shell
  size_t done = 0;
  while (const std::optional<Reference> reference = Reference::FindIn(property.value, done)) {
    absl::StrAppend(&text, absl::string_view(property.value).substr(done, reference->begin - done), " ");
    done = reference->end;
  }
  absl::StrAppend(&text, absl::string_view(property.value).substr(done));
  const absl::string_view name = FindShellName(property.key, text);
  if (name.empty()) return absl::OkStatus();
  return Refuse(absl::StrCat(Shown(property.key), " holds `$", name,
                             "`, which reads like a shell variable that was not expanded: a properties file is no "
                             "shell script. Write its value, or ${env:",
                             name, "} to take it from the environment"));
}

}  // namespace replicator
