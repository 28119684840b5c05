// Which version of each API to speak with one broker, chosen from its ApiVersions answer.
#ifndef REPLICATOR_KAFKA_WIRE_VERSIONS_H_
#define REPLICATOR_KAFKA_WIRE_VERSIONS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "kafka/wire/api_versions.h"
#include "kafka/wire/header.h"

namespace replicator::kafka {

// Every API that this client speaks.
extern const std::array<ApiSpec, 9> kAllApis;

// Immutable and cheap to copy. One per connection: the brokers of a cluster differ while it is upgraded.
class NegotiatedVersions {
 public:
  // For each API the highest of its versions that the broker serves. FailedPrecondition, naming each API
  // for which there is none with both ranges and the remedy, or the error that the broker answered with.
  static absl::StatusOr<NegotiatedVersions> Choose(const ApiVersionsResponse& response);

  // REQUIRES: `api` is one of kAllApis.
  int16_t For(ApiKey api) const;

  // Fetch knows topics by id and shows truncation (v13); else by name and without.
  bool FetchByTopicId() const { return For(ApiKey::kFetch) >= 13; }
  // Metadata tells topic ids (v10).
  bool MetadataHasTopicIds() const { return For(ApiKey::kMetadata) >= 10; }
  // ListOffsets can be fenced by the leader epoch (v4).
  bool ListOffsetsIsFenced() const { return For(ApiKey::kListOffsets) >= 4; }

 private:
  NegotiatedVersions() = default;

  std::array<int16_t, 9> versions_ = {};  // In the order of kAllApis.
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_VERSIONS_H_
