// EndTxn (key 26): commits or aborts the open transaction of a transactional id (KIP-98). To be sent to the id's
// coordinator. It answers when the decision is durable in its log; the markers follow. Sent again with the same
// decision it is answered with success, or with CONCURRENT_TRANSACTIONS while the markers are being written; without an
// open transaction, with INVALID_TXN_STATE. Source: EndTxnRequest.json of Kafka 4.3 (v5, KIP-890, would bump the epoch:
// not ours); TransactionCoordinator.endTransaction.
#ifndef REPLICATOR_KAFKA_WIRE_END_TXN_H_
#define REPLICATOR_KAFKA_WIRE_END_TXN_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct EndTxnResponse {
  int32_t throttle_time_ms = 0;
  int16_t error_code = 0;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<EndTxnResponse> Read(std::string_view body, int16_t version);
};

struct EndTxnRequest {
  using Response = EndTxnResponse;
  static constexpr ApiSpec kApi = {ApiKey::kEndTxn, "EndTxn", {1}, /*version_flexible=*/3};

  std::string transactional_id;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  bool commit = false;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_END_TXN_H_
