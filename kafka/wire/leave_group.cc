#include "kafka/wire/leave_group.h"

namespace replicator::kafka {

void LeaveGroupRequest::Write(Writer& writer, int16_t) const {
  writer.WriteString(group_id);
  writer.WriteString(member_id);
}

absl::StatusOr<LeaveGroupResponse> LeaveGroupResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = LeaveGroupRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  LeaveGroupResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  response.error_code = reader.ReadInt16();
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
