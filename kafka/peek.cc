#include "kafka/peek.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "kafka/errors.h"
#include "kafka/wire/fetch.h"

namespace replicator::kafka {
namespace {

constexpr Clock::duration kPeekTimeout = std::chrono::seconds(15);
constexpr int32_t kPeekBytes = 64 * 1024;  // a broker sends the first batch whole, even if it is larger (KIP-74)

FetchRequest RequestFor(const PeekTarget& where, int64_t offset) {
  FetchRequest request;
  request.max_wait_ms = 0;
  request.bytes_max = kPeekBytes;
  request.isolation_level = IsolationLevel::kReadUncommitted;
  FetchRequest::Partition partition;
  partition.partition = where.partition;
  partition.current_leader_epoch = where.leader_epoch;
  partition.fetch_offset = offset;
  partition.partition_bytes_max = kPeekBytes;
  request.topics.push_back({where.topic, where.topic_id, {partition}});
  return request;
}

absl::StatusOr<PeekedBatch> FirstBatch(const PeekTarget& where, int64_t offset, const FetchResponse& response) {
  const std::string what = absl::StrCat("read ", where.topic, "-", where.partition, " at offset ", offset);
  if (response.error_code != kErrorNone) return ErrorStatus(response.error_code, what);
  if (response.partitions.size() != 1)
    return absl::UnavailableError(absl::StrCat(what, ": the answer lacks the partition"));
  const FetchResponse::Partition& partition = response.partitions.front();
  if (partition.error_code == kErrorOffsetOutOfRange) return absl::OutOfRangeError(ErrorText(partition.error_code));
  if (partition.error_code != kErrorNone) return ErrorStatus(partition.error_code, what);
  PeekedBatch batch;
  std::string records(partition.records);
  NextBatchResult next = NextBatch(absl::MakeSpan(records));
  if (next.kind == BatchKind::kOldMagic) return absl::UnimplementedError(absl::StrCat(what, ": ", next.reason));
  if (next.kind == BatchKind::kMalformed) return absl::DataLossError(absl::StrCat(what, ": ", next.reason));
  if (next.kind != BatchKind::kBatch) return batch;
  // Decisions follow from this header, so damage on the way must not pass for what the broker has.
  if (!RecordBatchView(next.bytes).CrcMatches())
    return absl::DataLossError(absl::StrCat(what, ": the checksum does not match"));
  batch.bytes.assign(next.bytes.data(), next.bytes.size());
  return batch;
}

}  // namespace

asio::awaitable<absl::StatusOr<PeekedBatch>> PeekBatch(std::shared_ptr<Connection> connection, PeekTarget where,
                                                       int64_t offset) {
  FetchRequest request = RequestFor(where, offset);
  const int16_t version = connection->versions().Fetch(/*by_topic_id=*/where.topic_id != kNoUuid);
  const int32_t correlation_id = connection->NextCorrelationId();
  absl::StatusOr<std::string> frame = EncodeRequest(request, version, correlation_id, connection->options().client_id);
  if (!frame.ok()) co_return frame.status();
  std::vector<iovec> parts = {{frame->data(), frame->size()}};
  absl::StatusOr<std::shared_ptr<PendingReply>> sent =
      co_await connection->Send(std::move(parts), correlation_id, kPeekTimeout);
  if (!sent.ok()) co_return sent.status();
  std::shared_ptr<PendingReply> reply = *sent;
  absl::Status received = co_await Connection::Receive(reply);
  if (!received.ok()) co_return received;
  absl::StatusOr<std::string_view> body = ResponseBody(FetchRequest::kApi, version, reply->frame());
  if (!body.ok()) co_return body.status();
  absl::StatusOr<FetchResponse> response = FetchResponse::Read(*body, version);
  if (!response.ok()) co_return response.status();
  co_return FirstBatch(where, offset, *response);
}

bool SameRecords(const RecordBatchView& a, const RecordBatchView& b) {
  return a.record_count() == b.record_count() && a.codec() == b.codec() &&
         a.base_timestamp_ms() == b.base_timestamp_ms() && a.max_timestamp_ms() == b.max_timestamp_ms() &&
         a.last_offset_delta() == b.last_offset_delta() && a.payload().size() == b.payload().size() &&
         std::equal(a.payload().begin(), a.payload().end(), b.payload().begin());
}

}  // namespace replicator::kafka
