#include "kafka/wire/join_group.h"

namespace replicator::kafka {

void JoinGroupRequest::Write(Writer& writer, int16_t version) const {
  writer.WriteString(group_id);
  writer.WriteInt32(session_timeout_ms);
  writer.WriteInt32(rebalance_timeout_ms);
  writer.WriteString(member_id);
  if (version >= kJoinGroupStatic) writer.WriteNullableString(group_instance_id);
  writer.WriteString(protocol_type);
  writer.WriteArrayLength(protocols.size());
  for (const Protocol& protocol : protocols) {
    writer.WriteString(protocol.name);
    writer.WriteBytes(protocol.metadata);
  }
}

absl::StatusOr<JoinGroupResponse> JoinGroupResponse::Read(std::string_view body, int16_t version) {
  constexpr size_t kMemberBytesMin = 2 + 4;
  const ApiSpec& api = JoinGroupRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  JoinGroupResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  response.error_code = reader.ReadInt16();
  response.generation_id = reader.ReadInt32();
  response.protocol_name = std::string(reader.ReadString());
  response.leader = std::string(reader.ReadString());
  response.member_id = std::string(reader.ReadString());
  response.members.resize(reader.ReadArrayLength(kMemberBytesMin));
  for (Member& member : response.members) {
    member.member_id = std::string(reader.ReadString());
    if (version >= kJoinGroupStatic) member.group_instance_id = OwnedString(reader.ReadNullableString());
    member.metadata = std::string(reader.ReadBytes());
  }
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
