#include "replicator/memory/changelog_reader.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/batch/records.h"
#include "kafka/client/errors.h"
#include "kafka/net/lane.h"
#include "kafka/wire/list_offsets.h"
#include "policy/transaction_filter.h"

namespace replicator {
namespace {

using kafka::Clock;

constexpr Clock::duration kListOffsetsTimeout = std::chrono::seconds(15);

// Another broker may lead soon, and a damaged answer may come whole the next time.
bool CanPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsDataLoss(status) ||
         absl::IsNotFound(status);
}

// One leader, and what is asked of it.
struct Share {
  std::shared_ptr<kafka::Connection> leader;
  kafka::PeekManyQuestion question;
};

asio::awaitable<absl::StatusOr<std::map<int32_t, int64_t>>> ListOffsets(const Share* share, int32_t replica_id,
                                                                        int64_t timestamp) {
  kafka::ListOffsetsRequest request(replica_id);
  request.topics.push_back({share->question.topic, {}});
  for (const kafka::PeekManyQuestion::Place& place : share->question.places)
    request.topics.back().partitions.push_back({place.partition, place.leader_epoch, timestamp});
  absl::StatusOr<kafka::ListOffsetsResponse> response = co_await share->leader->Call(request, kListOffsetsTimeout);
  if (!response.ok()) co_return response.status();
  std::map<int32_t, int64_t> offsets;
  for (const kafka::ListOffsetsResponse::Topic& topic : response->topics) {
    for (const kafka::ListOffsetsResponse::Partition& partition : topic.partitions) {
      absl::Status told = kafka::ErrorStatus(partition.error_code,
                                             absl::StrCat("list offsets of ", topic.name, "-", partition.partition));
      if (!told.ok()) co_return told;
      offsets[partition.partition] = partition.offset;
    }
  }
  if (offsets.size() != share->question.places.size())
    co_return absl::UnavailableError(absl::StrCat("list offsets of ", share->question.topic, ": not all are told"));
  co_return offsets;
}

// Where the logs end; Unavailable while their replicas lack something of that.
asio::awaitable<absl::StatusOr<std::map<int32_t, int64_t>>> LogEnds(const Share* share) {
  absl::StatusOr<std::map<int32_t, int64_t>> ends =
      co_await ListOffsets(share, kafka::kDebugReplicaId, kafka::kLatestTimestamp);
  if (!ends.ok()) co_return ends;
  absl::StatusOr<std::map<int32_t, int64_t>> watermarks =
      co_await ListOffsets(share, kafka::kConsumerReplicaId, kafka::kLatestTimestamp);
  if (!watermarks.ok()) co_return watermarks;
  for (const auto& [partition, end] : *ends) {
    if (watermarks->at(partition) < end) {
      co_return absl::UnavailableError(absl::StrCat("waiting for the in-sync replicas of ", share->question.topic, "-",
                                                    partition, ": its log ends at ", end, ", replicated up to ",
                                                    watermarks->at(partition)));
    }
  }
  co_return ends;
}

// Reads the partitions of one leader to their ends.
asio::awaitable<absl::Status> ReadShare(Share* share, ChangelogContent* content) {
  absl::StatusOr<std::map<int32_t, int64_t>> ends = co_await LogEnds(share);
  if (!ends.ok()) co_return ends.status();
  std::vector<kafka::PeekManyQuestion::Place>& places = share->question.places;
  for (;;) {
    std::erase_if(places, [&](const auto& place) { return place.offset >= ends->at(place.partition); });
    if (places.empty()) co_return absl::OkStatus();
    kafka::PeekManyQuestion question = share->question;
    absl::StatusOr<kafka::PeekedPartitions> peeked = co_await kafka::PeekMany(share->leader, std::move(question));
    if (!peeked.ok()) co_return peeked.status();
    bool moved = false;
    for (kafka::PeekManyQuestion::Place& place : places) {
      auto found = peeked->find(place.partition);
      if (found == peeked->end()) continue;
      if (absl::IsOutOfRange(found->second.status())) {  // somebody has deleted records from the log's begin
        absl::StatusOr<std::map<int32_t, int64_t>> starts =
            co_await ListOffsets(share, kafka::kConsumerReplicaId, kafka::kEarliestTimestamp);
        if (!starts.ok()) co_return starts.status();
        if (starts->at(place.partition) <= place.offset)
          co_return absl::UnavailableError(found->second.status().message());
        place.offset = content->read_to[place.partition] = starts->at(place.partition);
        moved = true;
        continue;
      }
      if (!found->second.ok()) co_return found->second.status();
      absl::Status added = content->Add(place.partition, *found->second);
      if (!added.ok()) co_return added;
      moved = moved || content->read_to[place.partition] > place.offset;
      place.offset = content->read_to[place.partition];
    }
    if (!moved) {
      co_return absl::UnavailableError(absl::StrCat("topic ", share->question.topic, " gives nothing beyond offset ",
                                                    places.front().offset, " of partition ", places.front().partition,
                                                    " although there is more: a transaction is open"));
    }
  }
}

asio::awaitable<absl::Status> TryToRead(kafka::ClusterClient& target, std::string topic,
                                        std::vector<int32_t> partitions, ChangelogContent* content) {
  absl::StatusOr<kafka::MetadataSnapshot> metadata = co_await target.FetchMetadata();
  if (!metadata.ok()) co_return metadata.status();
  auto found = (*metadata)->topics.find(topic);
  if (found == (*metadata)->topics.end())
    co_return absl::NotFoundError(absl::StrCat("the target does not show topic ", topic));
  std::map<int32_t, Share> by_leader;
  for (const int32_t partition : partitions) {
    const kafka::PartitionMetadata* told = (*metadata)->FindPartition(topic, partition);
    if (told == nullptr || told->leader_id < 0)
      co_return absl::UnavailableError(absl::StrCat("topic ", topic, " has no leader of partition ", partition));
    by_leader[told->leader_id].question.places.push_back({partition, content->read_to[partition], told->leader_epoch});
  }
  for (auto& [id, share] : by_leader) {
    const int32_t leader = id;
    absl::StatusOr<std::shared_ptr<kafka::Connection>> connection = co_await target.Broker(leader);
    if (!connection.ok()) co_return connection.status();
    share.leader = *connection;
    share.question.topic = topic;
    share.question.topic_id = found->second.id;
    absl::Status read = co_await ReadShare(&share, content);
    if (!read.ok()) co_return read;
  }
  co_return absl::OkStatus();
}

}  // namespace

absl::Status ChangelogContent::Add(int32_t partition, kafka::PeekedBatches& batches) {
  bytes_read += batches.size_bytes();
  int64_t& next = read_to[partition];
  std::vector<policy::AbortedTransaction> aborted;
  for (const kafka::FetchResponse::AbortedTransaction& transaction : batches.aborted())
    aborted.push_back({transaction.producer_id, transaction.first_offset});
  policy::TransactionFilter transactions(std::move(aborted));
  return batches.ForEach([&](kafka::RecordBatchView batch) -> absl::Status {
    absl::Status valid = batch.Validate();
    if (!valid.ok()) return valid;
    bool is_abort = false;
    if (batch.is_control()) {
      absl::StatusOr<kafka::ControlMarker> marker = kafka::ReadControlMarker(batch);
      if (!marker.ok()) return marker.status();
      is_abort = *marker == kafka::ControlMarker::kAbort;
    }
    const policy::TransactionDecision decision = transactions.Decide(
        batch.last_offset(), batch.producer_id(), batch.is_transactional(), batch.is_control(), is_abort);
    const int64_t from = std::exchange(next, std::max(next, batch.next_offset()));
    if (decision != policy::TransactionDecision::kKeep) return absl::OkStatus();
    return kafka::VisitRecords(batch, [&](const kafka::Record& record) {
      if (!record.key.has_value() || record.offset < from) return;
      if (record.value.has_value()) {
        records.insert_or_assign(std::string(*record.key), std::string(*record.value));
      } else {
        records.erase(std::string(*record.key));
      }
    });
  });
}

asio::awaitable<absl::StatusOr<ChangelogContent>> ReadChangelog(kafka::ClusterClient& target, std::string topic,
                                                                std::vector<int32_t> partitions,
                                                                ChangelogContent so_far, Clock::duration patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  kafka::Backoff backoff;
  for (;;) {
    absl::Status read = co_await TryToRead(target, topic, partitions, &so_far);
    if (read.ok()) co_return so_far;
    if (!CanPass(read)) co_return read;
    const Clock::duration wait = backoff.Next();
    if (Clock::now() + wait > deadline) co_return read;
    co_await kafka::SleepFor(wait);
  }
}

}  // namespace replicator
