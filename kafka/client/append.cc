#include "kafka/client/append.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "kafka/batch/crc32c.h"
#include "kafka/batch/record_batch.h"
#include "kafka/client/errors.h"
#include "kafka/wire/big_endian.h"
#include "kafka/wire/primitives.h"
#include "kafka/wire/produce.h"

namespace replicator::kafka {
namespace {

constexpr int32_t kReplicationTimeoutMs = 5'000;
constexpr Clock::duration kAppendTimeout = std::chrono::seconds(15);
constexpr size_t kBatchLengthAt = 8;
constexpr size_t kCrcAt = 17;
constexpr size_t kAttributesAt = 21;

// As records.h has it.
std::string OneRecord(std::string_view key, std::string_view value) {
  std::string record;
  Writer body(&record, Encoding::kClassic);
  body.WriteInt8(0);     // attributes
  body.WriteVarlong(0);  // timestamp delta
  body.WriteVarint(0);   // offset delta
  for (std::string_view field : {key, value}) {
    body.WriteVarint(static_cast<int32_t>(field.size()));
    record.append(field);
  }
  body.WriteVarint(0);  // headers
  std::string sized;
  Writer(&sized, Encoding::kClassic).WriteVarint(static_cast<int32_t>(record.size()));
  return sized + record;
}

}  // namespace

std::string OneRecordBatch(std::string_view key, std::string_view value, int64_t timestamp_ms, int64_t producer_id,
                           int16_t producer_epoch) {
  std::string batch;
  Writer header(&batch, Encoding::kClassic);
  header.WriteInt64(0);   // base offset
  header.WriteInt32(0);   // batch length
  header.WriteInt32(-1);  // leader epoch
  header.WriteInt8(2);    // magic
  header.WriteInt32(0);   // crc
  header.WriteInt16(0);   // attributes
  header.WriteInt32(0);   // last offset delta
  header.WriteInt64(timestamp_ms);
  header.WriteInt64(timestamp_ms);
  header.WriteInt64(producer_id);
  header.WriteInt16(producer_epoch);
  header.WriteInt32(producer_id < 0 ? -1 : 0);  // base sequence
  header.WriteInt32(1);                         // record count
  batch += OneRecord(key, value);
  StoreInt32(batch.data() + kBatchLengthAt, static_cast<int32_t>(batch.size() - kLogOverheadBytes));
  const uint32_t crc = Crc32c(absl::MakeConstSpan(batch).subspan(kAttributesAt));
  StoreInt32(batch.data() + kCrcAt, static_cast<int32_t>(crc));
  return batch;
}

asio::awaitable<absl::Status> AppendBatch(std::shared_ptr<Connection> connection, std::string topic, int32_t partition,
                                          std::string batch) {
  const std::string what = absl::StrCat("append to ", topic, "-", partition);
  const int16_t version = connection->versions().For(ApiKey::kProduce);
  const int32_t correlation_id = connection->NextCorrelationId();
  ProduceRequestBuilder builder;
  builder.Begin(version, correlation_id, connection->options().client_id, kAcksAll, kReplicationTimeoutMs);
  builder.AddPartition(topic, partition, absl::MakeConstSpan(batch));
  std::vector<iovec> parts = builder.Finish();
  absl::StatusOr<std::shared_ptr<PendingReply>> sent =
      co_await connection->Send(std::move(parts), correlation_id, kAppendTimeout);
  if (!sent.ok()) co_return sent.status();
  std::shared_ptr<PendingReply> reply = *sent;
  absl::Status received = co_await Connection::Receive(reply);
  if (!received.ok()) co_return received;
  absl::StatusOr<std::string_view> body = ResponseBody(kProduceApi, version, reply->frame());
  if (!body.ok()) co_return body.status();
  absl::StatusOr<ProduceResponse> response = ProduceResponse::Read(*body, version);
  if (!response.ok()) co_return response.status();
  if (response->topics.size() != 1 || response->topics.front().partitions.size() != 1)
    co_return absl::UnavailableError(absl::StrCat(what, ": the answer lacks the partition"));
  co_return ErrorStatus(response->topics.front().partitions.front().error_code, what);
}

}  // namespace replicator::kafka
