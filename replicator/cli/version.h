#ifndef REPLICATOR_REPLICATOR_CLI_VERSION_H_
#define REPLICATOR_REPLICATOR_CLI_VERSION_H_

#include <string>

namespace replicator {

inline constexpr char kVersion[] = "0.1.0";

struct BuildInfo {
  std::string version;
  std::string librdkafka_version;  // of the library that is linked in, by its own word
  std::string config;              // "opt", "asan", "tsan" or "debug"
  std::string compiler;
};

BuildInfo GetBuildInfo();

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CLI_VERSION_H_
