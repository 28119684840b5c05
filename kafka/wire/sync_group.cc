#include "kafka/wire/sync_group.h"

namespace replicator::kafka {

void SyncGroupRequest::Write(Writer& writer, int16_t version) const {
  constexpr int16_t kVersionStatic = 3;
  writer.WriteString(group_id);
  writer.WriteInt32(generation_id);
  writer.WriteString(member_id);
  if (version >= kVersionStatic) writer.WriteNullableString(group_instance_id);
  writer.WriteArrayLength(assignments.size());
  for (const Assignment& assignment : assignments) {
    writer.WriteString(assignment.member_id);
    writer.WriteBytes(assignment.assignment);
  }
}

absl::StatusOr<SyncGroupResponse> SyncGroupResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = SyncGroupRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  SyncGroupResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  response.error_code = reader.ReadInt16();
  response.assignment = std::string(reader.ReadBytes());
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
