// AddPartitionsToTxn (key 24): tells the transaction coordinator which partitions a transaction is going to write to,
// before it does; the first call begins the transaction (KIP-98). To be sent to the coordinator of the transactional
// id. Brokers of 4.x refuse a transactional batch for a partition that was not added (KIP-890). A producer that another
// one has fenced is answered with INVALID_PRODUCER_EPOCH; so is one whose transaction the coordinator has aborted
// because it took longer than its timeout. Source: AddPartitionsToTxnRequest.json of Kafka 4.3 (v4 and later are for
// brokers); TransactionCoordinator.handleAddPartitionsToTransaction.
#ifndef REPLICATOR_KAFKA_WIRE_ADD_PARTITIONS_TO_TXN_H_
#define REPLICATOR_KAFKA_WIRE_ADD_PARTITIONS_TO_TXN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct AddPartitionsToTxnResponse {
  struct Partition {
    int32_t partition = -1;
    // OPERATION_NOT_ATTEMPTED: another partition of the request has an error, so none was added.
    int16_t error_code = 0;
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<AddPartitionsToTxnResponse> Read(std::string_view body, int16_t version);
};

struct AddPartitionsToTxnRequest {
  using Response = AddPartitionsToTxnResponse;
  static constexpr ApiSpec kApi = {ApiKey::kAddPartitionsToTxn, "AddPartitionsToTxn", {1}, /*version_flexible=*/3};

  struct Topic {
    std::string name;
    std::vector<int32_t> partitions;
  };

  std::string transactional_id;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  std::vector<Topic> topics;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_ADD_PARTITIONS_TO_TXN_H_
