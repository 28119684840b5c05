// ApiVersions (key 18): which versions of each API a broker serves. The first request on every connection.
#ifndef REPLICATOR_KAFKA_WIRE_API_VERSIONS_H_
#define REPLICATOR_KAFKA_WIRE_API_VERSIONS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct ApiVersionsResponse {
  struct Range {
    int16_t api_key = 0;  // May be one that ApiKey does not name.
    int16_t version_min = 0;
    int16_t version_max = 0;  // Inclusive.
  };

  int16_t error_code = 0;
  std::vector<Range> apis;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<ApiVersionsResponse> Read(std::string_view body, int16_t version);
};

struct ApiVersionsRequest {
  using Response = ApiVersionsResponse;
  // Version 0 is served by every broker, so no second try after UNSUPPORTED_VERSION is ever needed.
  static constexpr ApiSpec kApi = {ApiKey::kApiVersions, "ApiVersions", {0}, /*version_flexible=*/3};

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_API_VERSIONS_H_
