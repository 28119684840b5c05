#include "kafka/client/append.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "kafka/batch/build_batch.h"
#include "kafka/client/errors.h"
#include "kafka/wire/produce.h"

namespace replicator::kafka {
namespace {

constexpr int32_t kReplicationTimeoutMs = 5'000;
constexpr Clock::duration kAppendTimeout = std::chrono::seconds(15);

}  // namespace

std::string OneRecordBatch(std::string_view key, std::string_view value, int64_t timestamp_ms, int64_t producer_id,
                           int16_t producer_epoch) {
  const NewRecord record = {std::string(key), std::string(value)};
  return BuildBatch({&record, 1}, timestamp_ms,
                    {.id = producer_id, .epoch = producer_epoch, .base_sequence = producer_id < 0 ? -1 : 0});
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
