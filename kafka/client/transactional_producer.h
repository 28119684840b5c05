// Writes a few small records to some partitions, all of them or none, as the only producer of its transactional id
// (KIP-98): whoever calls Init with the same id later fences this one, even if it hangs and wakes up again. No thread,
// no queue, no memory beyond the records of one call.
//
//   Init -> { Produce* -> End }*        and Init again after any error
//
// The order on the wire, and what each step is for (TransactionCoordinator, ReplicaManager; measured on 2.1.1 and 4.3.1
// by tests/groups/client_test.cc):
//   InitProducerId      to the id's coordinator: the next epoch; ends what the one before has left open. Readers of
//                       read_committed do not see anything of it, and pass it.
//   AddPartitionsToTxn  to the coordinator, before a partition is written to for the first time in a transaction
//   Produce             to the leaders, with sequences that go on from one transaction to the next
//   EndTxn              to the coordinator: the decision is durable when it answers; the markers follow
// Each can be sent again after a lost answer: the coordinator compares states, the leaders sequences.
//
// Belongs to the event loop of its ClusterClient, which nobody else uses meanwhile; one coroutine at a time.
#ifndef REPLICATOR_KAFKA_CLIENT_TRANSACTIONAL_PRODUCER_H_
#define REPLICATOR_KAFKA_CLIENT_TRANSACTIONAL_PRODUCER_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/batch/build_batch.h"
#include "kafka/client/admin.h"
#include "kafka/client/cluster.h"
#include "kafka/net/connection.h"

namespace replicator::kafka {

class TransactionalProducer {
 public:
  enum class State : uint8_t {
    kNone,    // Init has not been called, or something failed: only Init helps
    kReady,   // no transaction is open
    kOpen,    // one is
    kFenced,  // another producer has begun with the id; or the coordinator has aborted ours, which took too long
  };

  struct PartitionRecords {
    std::string topic;
    int32_t partition = -1;
    std::vector<NewRecord> records;  // not empty
  };

  // `cluster` must outlive this. The coordinator aborts a transaction that is open for longer than
  // `transaction_timeout`.
  TransactionalProducer(ClusterClient& cluster, std::string transactional_id, Clock::duration transaction_timeout);

  // All of these try again while that helps, until `patience` is over. Errors name the id and the cluster, and leave
  // the state as it says. Unavailable: may work later, after Init; Aborted: kFenced, or another cluster answers; else
  // what only the operator can help.

  // Fences whoever had the id, and ends its transaction.
  asio::awaitable<absl::Status> Init(Clock::duration patience);

  // Writes records, and opens a transaction if none is open. Nobody who reads committed sees them before End.
  // REQUIRES: kReady or kOpen; no partition twice.
  asio::awaitable<absl::Status> Produce(std::vector<PartitionRecords> batches, Clock::duration patience);

  // Commits or aborts the open transaction; without one it does nothing. After an error of a commit it is not known
  // which: Init ends it either way, and what was written last may have to be written again.
  // REQUIRES: kReady or kOpen.
  asio::awaitable<absl::Status> End(bool commit, Clock::duration patience);

  State state() const { return state_; }
  const ProducerIdentity& identity() const { return identity_; }

 private:
  using PartitionKey = std::pair<std::string, int32_t>;
  // A batch on its way: kept until it is acknowledged, so that it can be sent again as it is.
  struct Batch {
    std::string bytes;
    int32_t record_count = 0;
  };
  using Batches = std::map<PartitionKey, Batch>;

  template <typename Request>
  asio::awaitable<absl::StatusOr<typename Request::Response>> AskCoordinator(Request request);
  asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> Coordinator();
  asio::awaitable<absl::Status> FindCoordinator();
  asio::awaitable<absl::StatusOr<int16_t>> InitOnce();
  asio::awaitable<absl::StatusOr<int16_t>> AddOnce(std::vector<PartitionKey> partitions);
  asio::awaitable<absl::StatusOr<int16_t>> EndOnce(bool commit);
  asio::awaitable<absl::StatusOr<int16_t>> ProduceOnce(Batches* batches);
  asio::awaitable<absl::StatusOr<int16_t>> ProduceTo(int32_t leader, std::vector<PartitionKey> partitions,
                                                     Batches* batches);
  asio::awaitable<absl::Status> Add(const Batches& batches, Clock::time_point deadline);
  Batches Build(std::vector<PartitionRecords> batches);

  // What to do after one try: OK, it is done; nullopt, to try again; else the error, with the state set.
  std::optional<absl::Status> Judge(const absl::StatusOr<int16_t>& outcome, const char* doing,
                                    Clock::time_point retry_at, Clock::time_point deadline);

  ClusterClient& cluster_;
  const std::string transactional_id_;
  const Clock::duration transaction_timeout_;
  State state_ = State::kNone;
  ProducerIdentity identity_;
  int32_t coordinator_ = -1;      // node id; -1: not known
  bool is_stale_ = true;          // of the metadata
  std::set<PartitionKey> added_;  // to the open transaction
  std::map<PartitionKey, int32_t> next_sequences_;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_TRANSACTIONAL_PRODUCER_H_
