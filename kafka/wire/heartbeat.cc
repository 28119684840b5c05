#include "kafka/wire/heartbeat.h"

namespace replicator::kafka {

void HeartbeatRequest::Write(Writer& writer, int16_t version) const {
  constexpr int16_t kVersionStatic = 3;
  writer.WriteString(group_id);
  writer.WriteInt32(generation_id);
  writer.WriteString(member_id);
  if (version >= kVersionStatic) writer.WriteNullableString(group_instance_id);
}

absl::StatusOr<HeartbeatResponse> HeartbeatResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = HeartbeatRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  HeartbeatResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  response.error_code = reader.ReadInt16();
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
