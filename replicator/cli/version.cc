#include "replicator/cli/version.h"

#include <librdkafka/rdkafka.h>

namespace replicator {
namespace {

constexpr const char* Config() {
#if __has_feature(address_sanitizer)
  return "asan";
#elif __has_feature(thread_sanitizer)
  return "tsan";
#elif defined(NDEBUG)
  return "opt";
#else
  return "debug";
#endif
}

}  // namespace

BuildInfo GetBuildInfo() { return {kVersion, rd_kafka_version_str(), Config(), __VERSION__}; }

}  // namespace replicator
