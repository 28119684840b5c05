#include "kafka/wire/find_coordinator.h"

namespace replicator::kafka {

void FindCoordinatorRequest::Write(Writer& writer, int16_t) const {
  constexpr int8_t kKeyTypeGroup = 0;
  writer.WriteString(group_id);
  writer.WriteInt8(kKeyTypeGroup);
}

absl::StatusOr<FindCoordinatorResponse> FindCoordinatorResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = FindCoordinatorRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  FindCoordinatorResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  response.error_code = reader.ReadInt16();
  response.error_message = OwnedString(reader.ReadNullableString());
  response.node_id = reader.ReadInt32();
  response.host = std::string(reader.ReadString());
  response.port = reader.ReadInt32();
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
