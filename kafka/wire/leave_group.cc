#include "kafka/wire/leave_group.h"

#include <glog/logging.h>

namespace replicator::kafka {
namespace {

// The least bytes that one element takes in any version that we speak.
constexpr size_t kMemberBytesMin = 2 + 2 + 2;

}  // namespace

void LeaveGroupRequest::Write(Writer& writer, int16_t version) const {
  writer.WriteString(group_id);
  if (version < kLeaveGroupMany) {
    CHECK_EQ(members.size(), 1u) << "LeaveGroup takes one member below v" << kLeaveGroupMany;
    writer.WriteString(members.front().member_id);
    return;
  }
  writer.WriteArrayLength(members.size());
  for (const Member& member : members) {
    writer.WriteString(member.member_id);
    writer.WriteNullableString(member.group_instance_id);
  }
}

int16_t LeaveGroupResponse::FirstError() const {
  if (error_code != 0) return error_code;
  for (const Member& member : members) {
    if (member.error_code != 0) return member.error_code;
  }
  return 0;
}

absl::StatusOr<LeaveGroupResponse> LeaveGroupResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = LeaveGroupRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  LeaveGroupResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  response.error_code = reader.ReadInt16();
  if (version >= kLeaveGroupMany) {
    response.members.resize(reader.ReadArrayLength(kMemberBytesMin));
    for (Member& member : response.members) {
      member.member_id = std::string(reader.ReadString());
      member.group_instance_id = OwnedString(reader.ReadNullableString());
      member.error_code = reader.ReadInt16();
    }
  }
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
