#include "kafka/client/peek.h"

#include "absl/strings/str_cat.h"
#include "kafka/client/errors.h"
#include "kafka/wire/fetch.h"

namespace replicator::kafka {
namespace {

constexpr Clock::duration kPeekTimeout = std::chrono::seconds(15);
// A broker sends the first batch whole, even if it is larger (KIP-74).
constexpr int32_t kPeekBytes = 64 * 1024;
constexpr int32_t kPeekManyBytes = 1 << 20;
constexpr int32_t kPeekTogetherBytes = 16 << 20;

std::string WhatFor(const PeekTarget& where, int64_t offset) {
  return absl::StrCat("read ", where.topic, "-", where.partition, " at offset ", offset);
}

FetchRequest RequestFor(const PeekTarget& where, int64_t offset, IsolationLevel isolation, int32_t bytes_max) {
  FetchRequest request;
  request.max_wait_ms = 0;
  request.bytes_max = bytes_max;
  request.isolation_level = isolation;
  FetchRequest::Partition partition;
  partition.partition = where.partition;
  partition.current_leader_epoch = where.leader_epoch;
  partition.fetch_offset = offset;
  partition.partition_bytes_max = bytes_max;
  request.topics.push_back({where.topic, where.topic_id, {partition}});
  return request;
}

absl::Status StatusOf(const FetchResponse::Partition& partition, const std::string& what) {
  if (partition.error_code == kErrorOffsetOutOfRange) return absl::OutOfRangeError(ErrorText(partition.error_code));
  return ErrorStatus(partition.error_code, what);
}

// The one partition that was asked for.
absl::StatusOr<FetchResponse::Partition> AnswerOf(const std::string& what, const FetchResponse& response) {
  if (response.error_code != kErrorNone) return ErrorStatus(response.error_code, what);
  if (response.partitions.size() != 1)
    return absl::UnavailableError(absl::StrCat(what, ": the answer lacks the partition"));
  const FetchResponse::Partition& partition = response.partitions.front();
  absl::Status status = StatusOf(partition, what);
  if (!status.ok()) return status;
  return partition;
}

// The next batch is whole, and as the broker has it: decisions follow from it, so damage on the way must not pass.
absl::Status Check(const NextBatchResult& next, const std::string& what) {
  if (next.kind == BatchKind::kOldMagic) return absl::UnimplementedError(absl::StrCat(what, ": ", next.reason));
  if (next.kind == BatchKind::kMalformed) return absl::DataLossError(absl::StrCat(what, ": ", next.reason));
  if (next.kind == BatchKind::kBatch && !RecordBatchView(next.bytes).CrcMatches())
    return absl::DataLossError(absl::StrCat(what, ": the checksum does not match"));
  return absl::OkStatus();
}

// Those of one partition of an answer.
absl::StatusOr<PeekedBatches> WholeBatches(const FetchResponse& response, const FetchResponse::Partition& partition,
                                           const std::string& what) {
  std::string records(partition.records);
  absl::Span<char> rest = absl::MakeSpan(records);
  for (;;) {
    NextBatchResult next = NextBatch(rest);
    absl::Status checked = Check(next, what);
    if (!checked.ok()) return checked;
    if (next.kind != BatchKind::kBatch) break;
    rest.remove_prefix(next.bytes.size());
  }
  records.resize(records.size() - rest.size());
  absl::Span<const FetchResponse::AbortedTransaction> aborted = response.AbortedOf(partition);
  return PeekedBatches(std::move(records), {aborted.begin(), aborted.end()});
}

// The answer's frame, and what it says.
struct Fetched {
  std::shared_ptr<PendingReply> reply;
  FetchResponse response;
};

asio::awaitable<absl::StatusOr<Fetched>> Fetch(std::shared_ptr<Connection> connection, FetchRequest request) {
  const int16_t version = connection->versions().Fetch(/*by_topic_id=*/request.topics.front().id != kNoUuid);
  const int32_t correlation_id = connection->NextCorrelationId();
  absl::StatusOr<std::string> frame = EncodeRequest(request, version, correlation_id, connection->options().client_id);
  if (!frame.ok()) co_return frame.status();
  std::vector<iovec> parts = {{frame->data(), frame->size()}};
  absl::StatusOr<std::shared_ptr<PendingReply>> sent =
      co_await connection->Send(std::move(parts), correlation_id, kPeekTimeout);
  if (!sent.ok()) co_return sent.status();
  Fetched fetched;
  fetched.reply = *sent;
  absl::Status received = co_await Connection::Receive(fetched.reply);
  if (!received.ok()) co_return received;
  absl::StatusOr<std::string_view> body = ResponseBody(FetchRequest::kApi, version, fetched.reply->frame());
  if (!body.ok()) co_return body.status();
  absl::StatusOr<FetchResponse> response = FetchResponse::Read(*body, version);
  if (!response.ok()) co_return response.status();
  fetched.response = *std::move(response);
  co_return fetched;
}

}  // namespace

asio::awaitable<absl::StatusOr<PeekedBatch>> PeekBatch(std::shared_ptr<Connection> connection, PeekTarget where,
                                                       int64_t offset) {
  FetchRequest request = RequestFor(where, offset, IsolationLevel::kReadUncommitted, kPeekBytes);
  absl::StatusOr<Fetched> fetched = co_await Fetch(connection, std::move(request));
  if (!fetched.ok()) co_return fetched.status();
  const std::string what = WhatFor(where, offset);
  absl::StatusOr<FetchResponse::Partition> answer = AnswerOf(what, fetched->response);
  if (!answer.ok()) co_return answer.status();
  std::string records(answer->records);
  NextBatchResult next = NextBatch(absl::MakeSpan(records));
  absl::Status checked = Check(next, what);
  if (!checked.ok()) co_return checked;
  PeekedBatch batch;
  if (next.kind == BatchKind::kBatch) batch.bytes.assign(next.bytes.data(), next.bytes.size());
  co_return batch;
}

asio::awaitable<absl::StatusOr<PeekedBatches>> PeekBatches(std::shared_ptr<Connection> connection, PeekTarget where,
                                                           int64_t offset, IsolationLevel isolation) {
  FetchRequest request = RequestFor(where, offset, isolation, kPeekManyBytes);
  absl::StatusOr<Fetched> fetched = co_await Fetch(connection, std::move(request));
  if (!fetched.ok()) co_return fetched.status();
  const std::string what = WhatFor(where, offset);
  absl::StatusOr<FetchResponse::Partition> answer = AnswerOf(what, fetched->response);
  if (!answer.ok()) co_return answer.status();
  co_return WholeBatches(fetched->response, *answer, what);
}

asio::awaitable<absl::StatusOr<PeekedPartitions>> PeekMany(std::shared_ptr<Connection> connection,
                                                           PeekManyQuestion question) {
  FetchRequest request;
  request.max_wait_ms = 0;
  request.bytes_max = kPeekTogetherBytes;
  request.isolation_level = question.isolation;
  request.topics.push_back({question.topic, question.topic_id, {}});
  std::map<int32_t, std::string> what;
  for (const PeekManyQuestion::Place& place : question.places) {
    FetchRequest::Partition partition;
    partition.partition = place.partition;
    partition.current_leader_epoch = place.leader_epoch;
    partition.fetch_offset = place.offset;
    partition.partition_bytes_max = kPeekManyBytes;
    request.topics.back().partitions.push_back(partition);
    what[place.partition] = WhatFor({.topic = question.topic, .partition = place.partition}, place.offset);
  }
  absl::StatusOr<Fetched> fetched = co_await Fetch(connection, std::move(request));
  if (!fetched.ok()) co_return fetched.status();
  const FetchResponse& response = fetched->response;
  if (response.error_code != kErrorNone)
    co_return ErrorStatus(response.error_code, absl::StrCat("read topic ", question.topic));
  PeekedPartitions peeked;
  for (const FetchResponse::Partition& partition : response.partitions) {
    auto asked = what.find(partition.partition);
    if (asked == what.end()) continue;
    absl::Status status = StatusOf(partition, asked->second);
    if (status.ok()) {
      peeked.emplace(partition.partition, WholeBatches(response, partition, asked->second));
    } else {
      peeked.emplace(partition.partition, std::move(status));
    }
  }
  co_return peeked;
}

absl::Status PeekedBatches::ForEach(absl::FunctionRef<absl::Status(RecordBatchView)> visit) {
  absl::Span<char> rest = absl::MakeSpan(bytes_);
  for (;;) {
    const NextBatchResult next = NextBatch(rest);
    if (next.kind != BatchKind::kBatch) return absl::OkStatus();
    absl::Status visited = visit(RecordBatchView(next.bytes));
    if (!visited.ok()) return visited;
    rest.remove_prefix(next.bytes.size());
  }
}

}  // namespace replicator::kafka
