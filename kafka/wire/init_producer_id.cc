#include "kafka/wire/init_producer_id.h"

namespace replicator::kafka {

void InitProducerIdRequest::Write(Writer& writer, int16_t) const {
  writer.WriteNullableString(transactional_id);
  writer.WriteInt32(transaction_timeout_ms);
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
