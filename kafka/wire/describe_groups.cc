#include "kafka/wire/describe_groups.h"

namespace replicator::kafka {
namespace {

constexpr int16_t kVersionAuthorizedOperations = 3;
constexpr int16_t kVersionInstanceId = 4;

// The least bytes that one element takes in any version that we speak.
constexpr size_t kGroupBytesMin = 2 + 2 + 2 + 2 + 2 + 4;
constexpr size_t kMemberBytesMin = 2 + 2 + 2 + 4 + 4;

}  // namespace

void DescribeGroupsRequest::Write(Writer& writer, int16_t version) const {
  writer.WriteArrayLength(group_ids.size());
  for (const std::string& group_id : group_ids) writer.WriteString(group_id);
  if (version >= kVersionAuthorizedOperations) writer.WriteBool(false);
}

absl::StatusOr<DescribeGroupsResponse> DescribeGroupsResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = DescribeGroupsRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  DescribeGroupsResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  const size_t group_count = reader.ReadArrayLength(kGroupBytesMin);
  response.groups.reserve(group_count);
  for (size_t g = 0; g < group_count && reader.ok(); ++g) {
    Group& group = response.groups.emplace_back();
    group.error_code = reader.ReadInt16();
    group.group_id = std::string(reader.ReadString());
    group.state = std::string(reader.ReadString());
    group.protocol_type = std::string(reader.ReadString());
    reader.ReadString();  // the chosen protocol
    group.members.resize(reader.ReadArrayLength(kMemberBytesMin));
    for (Member& member : group.members) {
      member.member_id = std::string(reader.ReadString());
      if (version >= kVersionInstanceId) member.group_instance_id = OwnedString(reader.ReadNullableString());
      member.client_id = std::string(reader.ReadString());
      member.client_host = std::string(reader.ReadString());
      member.metadata = std::string(reader.ReadBytes());
      member.assignment = std::string(reader.ReadBytes());
    }
    if (version >= kVersionAuthorizedOperations) reader.ReadInt32();
  }
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
