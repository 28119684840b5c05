#ifndef REPLICATOR_REPLICATOR_CONFIG_CONFIG_VALUES_H_
#define REPLICATOR_REPLICATOR_CONFIG_CONFIG_VALUES_H_

#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "replicator/config/properties.h"

namespace replicator {

// Replaces `${provider:path:key}` in the values of a properties file, as Kafka's ConfigTransformer does, by what these
// config providers of Kafka (org.apache.kafka.common.config.provider) find:
//   ${env:NAME}              EnvVarConfigProvider     the environment of this process
//   ${file:/path:key}        FileConfigProvider       a key of another properties file, in UTF-8
//   ${directory:/path:name}  DirectoryConfigProvider  all of one file, as Kubernetes mounts secrets
// These three names need no declaration. The file may give the classes other names, as MirrorMaker wants it:
// config.providers=vars and config.providers.vars.class=... What a provider finds is not looked at again.
//
// What restricts a provider in Kafka restricts it here: `config.providers.NAME.param.allowed.paths` (of the two that
// read files: a list of absolute paths, nothing outside of them is read) and `...param.allowlist.pattern` (of env: a
// Java pattern of the names that may be read).
//
// No message holds a value; they name the key, the provider, the environment variable, the file. They begin with the
// key, the caller says where it stands. Not to be called from several threads at a time.
class ConfigValues {
 public:
  // `properties` has to outlive this.
  explicit ConfigValues(const Properties& properties);

  // INVALID_ARGUMENT: a variable that is not set, a file or key that is not there, a provider that is not known, or
  // what CheckExpanded() says of the text around.
  absl::StatusOr<std::string> Resolve(const Property& property) const;

  // INVALID_ARGUMENT when the value holds `$NAME` or `${NAME}`: a shell variable that nobody has expanded. A '$' that
  // can mean something else passes: at the end of a pattern, before a bracket, behind a backslash, in the name of a
  // Java class, within a secret.
  absl::Status CheckExpanded(const Property& property) const;

 private:
  enum class Kind { kEnvironment, kFile, kDirectory, kUnknown };
  struct Provider {
    Kind kind = Kind::kUnknown;
    std::optional<std::string> allowed_paths = std::nullopt;
    std::optional<std::string> allowlist_pattern = std::nullopt;
  };
  struct Reference;

  absl::StatusOr<std::string> Find(const Reference& reference) const;
  absl::StatusOr<std::string> FindInEnvironment(const Provider& provider, const Reference& reference) const;
  absl::StatusOr<std::string> FindInFile(const Provider& provider, const Reference& reference) const;
  absl::StatusOr<std::string> FindInDirectory(const Provider& provider, const Reference& reference) const;

  absl::flat_hash_map<std::string, Provider> providers_;  // by the name that stands in references
};

// A setting of a config provider that is read here: `config.providers.NAME.class` and the two restrictions.
bool IsProviderSetting(absl::string_view key);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONFIG_CONFIG_VALUES_H_
