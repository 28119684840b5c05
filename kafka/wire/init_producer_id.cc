#include "kafka/wire/init_producer_id.h"

#include <limits>
#include <optional>

namespace replicator::kafka {

void InitProducerIdRequest::Write(Writer& writer, int16_t) const {
  // Without a transactional id brokers ignore the timeout; Kafka's own producer sends the largest.
  constexpr int32_t kTransactionTimeoutMs = std::numeric_limits<int32_t>::max();
  writer.WriteNullableString(std::nullopt);
  writer.WriteInt32(kTransactionTimeoutMs);
}

absl::StatusOr<InitProducerIdResponse> InitProducerIdResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = InitProducerIdRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  InitProducerIdResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  response.error_code = reader.ReadInt16();
  response.producer_id = reader.ReadInt64();
  response.producer_epoch = reader.ReadInt16();
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
