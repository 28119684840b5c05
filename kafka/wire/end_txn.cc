#include "kafka/wire/end_txn.h"

namespace replicator::kafka {

void EndTxnRequest::Write(Writer& writer, int16_t) const {
  writer.WriteString(transactional_id);
  writer.WriteInt64(producer_id);
  writer.WriteInt16(producer_epoch);
  writer.WriteBool(commit);
}

absl::StatusOr<EndTxnResponse> EndTxnResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = EndTxnRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  EndTxnResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  response.error_code = reader.ReadInt16();
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
