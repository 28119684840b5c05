// InitProducerId (key 22): a producer id and epoch from the cluster, for idempotent producing.
#ifndef REPLICATOR_KAFKA_WIRE_INIT_PRODUCER_ID_H_
#define REPLICATOR_KAFKA_WIRE_INIT_PRODUCER_ID_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct InitProducerIdResponse {
  int32_t throttle_time_ms = 0;
  int16_t error_code = 0;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<InitProducerIdResponse> Read(std::string_view body, int16_t version);
};

// Always without a transactional id: any broker answers, with an id that nobody had before and epoch 0.
struct InitProducerIdRequest {
  using Response = InitProducerIdResponse;
  static constexpr ApiSpec kApi = {ApiKey::kInitProducerId, "InitProducerId", {1}, /*version_flexible=*/2};

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_INIT_PRODUCER_ID_H_
