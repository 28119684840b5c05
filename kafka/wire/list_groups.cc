#include "kafka/wire/list_groups.h"

namespace replicator::kafka {
namespace {

constexpr int16_t kVersionState = 4;
constexpr int16_t kVersionType = 5;

// The least bytes that one element takes in any version that we speak.
constexpr size_t kGroupBytesMin = 1 + 1 + 1 + 1;

}  // namespace

void ListGroupsRequest::Write(Writer& writer, int16_t version) const {
  if (version >= kVersionState) writer.WriteArrayLength(0);
  if (version >= kVersionType) writer.WriteArrayLength(0);
  writer.WriteNoTaggedFields();
}

absl::StatusOr<ListGroupsResponse> ListGroupsResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = ListGroupsRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  ListGroupsResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  response.error_code = reader.ReadInt16();
  const size_t group_count = reader.ReadArrayLength(kGroupBytesMin);
  response.groups.reserve(group_count);
  for (size_t g = 0; g < group_count && reader.ok(); ++g) {
    Group& group = response.groups.emplace_back();
    group.group_id = std::string(reader.ReadString());
    group.protocol_type = std::string(reader.ReadString());
    if (version >= kVersionState) group.state = std::string(reader.ReadString());
    if (version >= kVersionType) group.type = std::string(reader.ReadString());
    reader.SkipTaggedFields();
  }
  reader.SkipTaggedFields();
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
