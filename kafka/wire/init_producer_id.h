// InitProducerId (key 22): a producer id and epoch from the cluster, for idempotent producing.
//   - Without a transactional id: any broker answers, with an id that nobody had before and epoch 0.
//   - With one (KIP-98): to be sent to its coordinator. The same id as before, with the next epoch, so that whoever had
//     the one before is fenced. A transaction that it left open is aborted first: CONCURRENT_TRANSACTIONS until that is
//     done. INVALID_TRANSACTION_TIMEOUT above the broker's transaction.max.timeout.ms.
// Source: InitProducerIdRequest.json of Kafka 4.3; TransactionCoordinator.handleInitProducerId.
#ifndef REPLICATOR_KAFKA_WIRE_INIT_PRODUCER_ID_H_
#define REPLICATOR_KAFKA_WIRE_INIT_PRODUCER_ID_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
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

struct InitProducerIdRequest {
  using Response = InitProducerIdResponse;
  static constexpr ApiSpec kApi = {ApiKey::kInitProducerId, "InitProducerId", {1}, /*version_flexible=*/2};

  std::optional<std::string> transactional_id;
  // After so long without an end the coordinator aborts a transaction, and fences its producer. Without a transactional
  // id brokers ignore it; Kafka's own producer sends the largest.
  int32_t transaction_timeout_ms = std::numeric_limits<int32_t>::max();

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_INIT_PRODUCER_ID_H_
