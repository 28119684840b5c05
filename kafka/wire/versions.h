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
inline constexpr size_t kApiCount = 23;
extern const std::array<ApiSpec, kApiCount> kAllApis;

// What a broker is used for: it must serve the APIs that this takes. Brokers to consume from may be older (1.1) than
// those to produce to (2.1).
enum class BrokerUse : uint8_t { kConsume, kProduce };

// Immutable and cheap to copy. One per connection: the brokers of a cluster differ while it is upgraded.
class NegotiatedVersions {
 public:
  // For each API the highest of our versions that the broker serves. FailedPrecondition, naming each API that `use`
  // takes for which there is none, with both ranges and the remedy, or the error that the broker answered with.
  static absl::StatusOr<NegotiatedVersions> Choose(const ApiVersionsResponse& response, BrokerUse use);

  // REQUIRES: `api` is one of kAllApis, and one that the connection's use takes.
  int16_t For(ApiKey api) const;
  // Whether the broker has a version of `api` that we speak.
  bool Serves(ApiKey api) const { return versions_[IndexOf(api)] >= 0; }

  // The version of Fetch for partitions whose topic ids are known (v13 names topics by id, and shows a truncation), or
  // are not.
  int16_t Fetch(bool by_topic_id) const { return by_topic_id ? For(ApiKey::kFetch) : fetch_by_name_; }

 private:
  NegotiatedVersions() = default;
  static size_t IndexOf(ApiKey api);

  std::array<int16_t, kApiCount> versions_ = {};  // In the order of kAllApis; -1: none in common.
  int16_t fetch_by_name_ = -1;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_VERSIONS_H_
