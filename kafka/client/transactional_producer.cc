#include "kafka/client/transactional_producer.h"

#include <glog/logging.h>

#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "kafka/client/coordinator_lookup.h"
#include "kafka/client/errors.h"
#include "kafka/net/lane.h"
#include "kafka/wire/add_partitions_to_txn.h"
#include "kafka/wire/end_txn.h"
#include "kafka/wire/init_producer_id.h"
#include "kafka/wire/produce.h"

namespace replicator::kafka {
namespace {

// The coordinator writes its log, and waits for its replicas.
constexpr Clock::duration kAskTimeout = std::chrono::seconds(10);
constexpr int32_t kReplicationTimeoutMs = 5'000;

int32_t NextSequence(int32_t sequence, int32_t count) {
  const int64_t next = int64_t{sequence} + count;
  return static_cast<int32_t>(next & std::numeric_limits<int32_t>::max());
}

}  // namespace

TransactionalProducer::TransactionalProducer(ClusterClient& cluster, std::string transactional_id,
                                             Clock::duration transaction_timeout)
    : cluster_(cluster), transactional_id_(std::move(transactional_id)), transaction_timeout_(transaction_timeout) {}

asio::awaitable<absl::Status> TransactionalProducer::FindCoordinator() {
  const std::string doing =
      absl::StrCat("find the coordinator of transactional id ", transactional_id_, " on ", cluster_.name());
  absl::StatusOr<std::shared_ptr<Connection>> connection = co_await cluster_.AnyBroker();
  if (!connection.ok()) co_return connection.status();
  absl::StatusOr<FoundCoordinators> found =
      co_await FindCoordinators(*connection, CoordinatorType::kTransaction, {transactional_id_});
  if (!found.ok()) {
    cluster_.TryAnotherBroker();
    co_return found.status();
  }
  auto one = found->find(transactional_id_);
  if (one == found->end()) co_return absl::UnavailableError(absl::StrCat(doing, ": no answer"));
  if (one->second.error_code == kErrorCoordinatorNotAvailable) {
    co_return absl::UnavailableError(
        absl::StrCat(doing, ": ", ErrorText(one->second.error_code),
                     ". If it stays so, the topic __transaction_state cannot be made or has no leader: it needs "
                     "transaction.state.log.replication.factor brokers (3 by default)"));
  }
  if (one->second.error_code != kErrorNone) co_return ErrorStatus(one->second.error_code, doing);
  coordinator_ = one->second.node_id;
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> TransactionalProducer::Coordinator() {
  if (coordinator_ < 0) {
    absl::Status found = co_await FindCoordinator();
    if (!found.ok()) co_return found;
  }
  if (cluster_.metadata() == nullptr || !cluster_.metadata()->brokers.contains(coordinator_)) {
    absl::StatusOr<MetadataSnapshot> fetched = co_await cluster_.FetchMetadata();
    if (!fetched.ok()) co_return fetched.status();
  }
  co_return co_await cluster_.Broker(coordinator_);
}

template <typename Request>
asio::awaitable<absl::StatusOr<typename Request::Response>> TransactionalProducer::AskCoordinator(Request request) {
  absl::StatusOr<std::shared_ptr<Connection>> connection = co_await Coordinator();
  if (!connection.ok()) co_return connection.status();
  std::shared_ptr<Connection> open = *connection;
  co_return co_await open->Call(request, kAskTimeout);
}

std::optional<absl::Status> TransactionalProducer::Judge(const absl::StatusOr<int16_t>& outcome, const char* doing,
                                                         Clock::time_point retry_at, Clock::time_point deadline) {
  const std::string what = absl::StrCat(doing, " of transactional id ", transactional_id_, " on ", cluster_.name());
  absl::Status why = outcome.ok() ? ErrorStatus(*outcome, what) : outcome.status();
  bool helps = absl::IsUnavailable(why) || absl::IsDeadlineExceeded(why) || absl::IsDataLoss(why);
  if (!outcome.ok()) {
    coordinator_ = -1;
    is_stale_ = true;
  } else {
    switch (ClassifyTransactionError(*outcome)) {
      case TransactionOutcome::kOk:
        return absl::OkStatus();
      case TransactionOutcome::kRetry:
        helps = true;
        break;
      case TransactionOutcome::kLookAgain:
        coordinator_ = -1;
        is_stale_ = true;
        helps = true;
        break;
      case TransactionOutcome::kNewProducer:
        state_ = State::kNone;
        return absl::UnavailableError(why.message());
      case TransactionOutcome::kFenced:
        state_ = State::kFenced;
        return absl::AbortedError(absl::StrCat(what, ": ", ErrorText(*outcome)));
      case TransactionOutcome::kFatal:
        state_ = State::kNone;
        return why;
    }
  }
  if (helps && retry_at < deadline) return std::nullopt;
  state_ = State::kNone;
  return helps ? absl::UnavailableError(why.message()) : why;
}

asio::awaitable<absl::StatusOr<int16_t>> TransactionalProducer::InitOnce() {
  InitProducerIdRequest request;
  request.transactional_id = transactional_id_;
  request.transaction_timeout_ms =
      static_cast<int32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(transaction_timeout_).count());
  absl::StatusOr<InitProducerIdResponse> response = co_await AskCoordinator(std::move(request));
  if (!response.ok()) co_return response.status();
  if (response->error_code == kErrorNone) identity_ = {response->producer_id, response->producer_epoch};
  co_return response->error_code;
}

asio::awaitable<absl::Status> TransactionalProducer::Init(Clock::duration patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  state_ = State::kNone;
  added_.clear();
  next_sequences_.clear();
  Backoff backoff;
  for (;;) {
    const absl::StatusOr<int16_t> outcome = co_await InitOnce();
    const Clock::duration wait = backoff.Next();
    const std::optional<absl::Status> judged = Judge(outcome, "begin with the producer", Clock::now() + wait, deadline);
    if (judged.has_value()) {
      if (judged->ok()) state_ = State::kReady;
      co_return *judged;
    }
    co_await SleepFor(wait);
  }
}

asio::awaitable<absl::StatusOr<int16_t>> TransactionalProducer::AddOnce(std::vector<PartitionKey> partitions) {
  AddPartitionsToTxnRequest request;
  request.transactional_id = transactional_id_;
  request.producer_id = identity_.id;
  request.producer_epoch = identity_.epoch;
  for (const auto& [topic, partition] : partitions) {
    if (request.topics.empty() || request.topics.back().name != topic) request.topics.push_back({topic, {}});
    request.topics.back().partitions.push_back(partition);
  }
  absl::StatusOr<AddPartitionsToTxnResponse> response = co_await AskCoordinator(std::move(request));
  if (!response.ok()) co_return response.status();
  // That one partition was not tried says nothing beside what another one met.
  int16_t first = kErrorNone;
  for (const AddPartitionsToTxnResponse::Topic& topic : response->topics) {
    for (const AddPartitionsToTxnResponse::Partition& partition : topic.partitions) {
      if (partition.error_code == kErrorNone) continue;
      if (first == kErrorNone || first == kErrorOperationNotAttempted) first = partition.error_code;
    }
  }
  co_return first;
}

asio::awaitable<absl::Status> TransactionalProducer::Add(const Batches& batches, Clock::time_point deadline) {
  std::vector<PartitionKey> missing;
  for (const auto& [key, batch] : batches) {
    if (!added_.contains(key)) missing.push_back(key);
  }
  Backoff backoff;
  while (!missing.empty()) {
    // From here on the coordinator may have a transaction, whatever becomes of the answer.
    state_ = State::kOpen;
    const absl::StatusOr<int16_t> outcome = co_await AddOnce(missing);
    const Clock::duration wait = backoff.Next();
    const std::optional<absl::Status> judged =
        Judge(outcome, "add partitions to the transaction", Clock::now() + wait, deadline);
    if (judged.has_value() && !judged->ok()) co_return *judged;
    if (judged.has_value()) {
      added_.insert(missing.begin(), missing.end());
      co_return absl::OkStatus();
    }
    co_await SleepFor(wait);
  }
  co_return absl::OkStatus();
}

TransactionalProducer::Batches TransactionalProducer::Build(std::vector<PartitionRecords> batches) {
  Batches built;
  const int64_t now_ms = absl::ToUnixMillis(absl::Now());
  for (const PartitionRecords& one : batches) {
    const PartitionKey key = {one.topic, one.partition};
    CHECK(!built.contains(key)) << one.topic << "-" << one.partition << " twice";
    built[key] = {BuildBatch(one.records, now_ms,
                             {.id = identity_.id,
                              .epoch = identity_.epoch,
                              .base_sequence = next_sequences_[key],
                              .is_transactional = true}),
                  static_cast<int32_t>(one.records.size())};
  }
  return built;
}

// Takes out of `batches` what the leader has acknowledged. The first error of the others, or kErrorNone.
asio::awaitable<absl::StatusOr<int16_t>> TransactionalProducer::ProduceTo(int32_t leader,
                                                                          std::vector<PartitionKey> partitions,
                                                                          Batches* batches) {
  absl::StatusOr<std::shared_ptr<Connection>> got = co_await cluster_.Broker(leader);
  if (!got.ok()) co_return got.status();
  std::shared_ptr<Connection> connection = *got;
  const int16_t version = connection->versions().For(ApiKey::kProduce);
  const int32_t correlation_id = connection->NextCorrelationId();
  ProduceRequestBuilder builder;
  builder.Begin(version, correlation_id, connection->options().client_id, kAcksAll, kReplicationTimeoutMs,
                transactional_id_);
  for (const auto& [topic, partition] : partitions) {
    // What does not fit goes with the next request.
    if (!builder.AddPartition(topic, partition, absl::MakeConstSpan(batches->at({topic, partition}).bytes))) break;
  }
  std::vector<iovec> parts = builder.Finish();
  absl::StatusOr<std::shared_ptr<PendingReply>> sent =
      co_await connection->Send(std::move(parts), correlation_id, kAskTimeout);
  if (!sent.ok()) co_return sent.status();
  std::shared_ptr<PendingReply> reply = *sent;
  absl::Status received = co_await Connection::Receive(reply);
  if (!received.ok()) co_return received;
  absl::StatusOr<std::string_view> body = ResponseBody(kProduceApi, version, reply->frame());
  if (!body.ok()) co_return body.status();
  absl::StatusOr<ProduceResponse> response = ProduceResponse::Read(*body, version);
  if (!response.ok()) co_return response.status();
  int16_t first = kErrorNone;
  for (const ProduceResponse::Topic& topic : response->topics) {
    for (const ProduceResponse::Partition& partition : topic.partitions) {
      auto batch = batches->find({topic.name, partition.partition});
      if (batch == batches->end()) continue;
      if (partition.error_code == kErrorNone) {
        int32_t& sequence = next_sequences_[batch->first];
        sequence = NextSequence(sequence, batch->second.record_count);
        batches->erase(batch);
      } else if (first == kErrorNone) {
        first = partition.error_code;
      }
    }
  }
  co_return first;
}

// One round over the leaders. The first error, or kErrorNone: then go on while there are batches left.
asio::awaitable<absl::StatusOr<int16_t>> TransactionalProducer::ProduceOnce(Batches* batches) {
  if (is_stale_ || cluster_.metadata() == nullptr) {
    absl::StatusOr<MetadataSnapshot> fetched = co_await cluster_.FetchMetadata();
    if (!fetched.ok()) co_return fetched.status();
    is_stale_ = false;
  }
  const MetadataSnapshot metadata = cluster_.metadata();
  std::map<int32_t, std::vector<PartitionKey>> by_leader;
  for (const auto& [key, batch] : *batches) {
    const PartitionMetadata* partition = metadata->FindPartition(key.first, key.second);
    if (partition == nullptr) co_return int16_t{kErrorUnknownTopicOrPartition};
    if (partition->leader_id < 0) co_return int16_t{kErrorLeaderNotAvailable};
    by_leader[partition->leader_id].push_back(key);
  }
  for (auto& [leader, partitions] : by_leader) {
    const int32_t id = leader;
    absl::StatusOr<int16_t> outcome = co_await ProduceTo(id, partitions, batches);
    if (!outcome.ok() || *outcome != kErrorNone) co_return outcome;
  }
  co_return int16_t{kErrorNone};
}

asio::awaitable<absl::Status> TransactionalProducer::Produce(std::vector<PartitionRecords> records,
                                                             Clock::duration patience) {
  CHECK(state_ == State::kReady || state_ == State::kOpen);
  const Clock::time_point deadline = Clock::now() + patience;
  Batches batches = Build(std::move(records));
  absl::Status added = co_await Add(batches, deadline);
  if (!added.ok()) co_return added;
  Backoff backoff;
  while (!batches.empty()) {
    const size_t before = batches.size();
    const absl::StatusOr<int16_t> outcome = co_await ProduceOnce(&batches);
    if (batches.size() < before) backoff.Reset();
    const Clock::duration wait = backoff.Next();
    const std::optional<absl::Status> judged = Judge(outcome, "produce", Clock::now() + wait, deadline);
    if (judged.has_value() && !judged->ok()) co_return *judged;
    if (!judged.has_value() || batches.size() == before) co_await SleepFor(wait);
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<int16_t>> TransactionalProducer::EndOnce(bool commit) {
  EndTxnRequest request;
  request.transactional_id = transactional_id_;
  request.producer_id = identity_.id;
  request.producer_epoch = identity_.epoch;
  request.commit = commit;
  absl::StatusOr<EndTxnResponse> response = co_await AskCoordinator(std::move(request));
  if (!response.ok()) co_return response.status();
  co_return response->error_code;
}

asio::awaitable<absl::Status> TransactionalProducer::End(bool commit, Clock::duration patience) {
  CHECK(state_ == State::kReady || state_ == State::kOpen);
  if (state_ == State::kReady) co_return absl::OkStatus();
  const Clock::time_point deadline = Clock::now() + patience;
  Backoff backoff;
  for (;;) {
    const absl::StatusOr<int16_t> outcome = co_await EndOnce(commit);
    const Clock::duration wait = backoff.Next();
    const std::optional<absl::Status> judged =
        Judge(outcome, commit ? "commit the transaction" : "abort the transaction", Clock::now() + wait, deadline);
    if (judged.has_value()) {
      if (judged->ok()) {
        state_ = State::kReady;
        added_.clear();
      }
      co_return *judged;
    }
    co_await SleepFor(wait);
  }
}

}  // namespace replicator::kafka
