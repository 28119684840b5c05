#include "kafka/wire/find_coordinator.h"

#include <glog/logging.h>

namespace replicator::kafka {
namespace {

// The least bytes that one element takes in any version that we speak.
constexpr size_t kCoordinatorBytesMin = 1 + 4 + 1 + 4 + 2 + 1 + 1;

FindCoordinatorResponse::Coordinator ReadOnly(Reader& reader) {
  FindCoordinatorResponse::Coordinator coordinator;
  coordinator.error_code = reader.ReadInt16();
  coordinator.error_message = OwnedString(reader.ReadNullableString());
  coordinator.node_id = reader.ReadInt32();
  coordinator.host = std::string(reader.ReadString());
  coordinator.port = reader.ReadInt32();
  return coordinator;
}

FindCoordinatorResponse::Coordinator ReadOneOfMany(Reader& reader) {
  FindCoordinatorResponse::Coordinator coordinator;
  coordinator.key = std::string(reader.ReadString());
  coordinator.node_id = reader.ReadInt32();
  coordinator.host = std::string(reader.ReadString());
  coordinator.port = reader.ReadInt32();
  coordinator.error_code = reader.ReadInt16();
  coordinator.error_message = OwnedString(reader.ReadNullableString());
  reader.SkipTaggedFields();
  return coordinator;
}

}  // namespace

void FindCoordinatorRequest::Write(Writer& writer, int16_t version) const {
  if (version >= kFindCoordinatorMany) {
    writer.WriteInt8(static_cast<int8_t>(type));
    writer.WriteArrayLength(keys.size());
    for (const std::string& key : keys) writer.WriteString(key);
    writer.WriteNoTaggedFields();
    return;
  }
  CHECK_EQ(keys.size(), 1u) << "FindCoordinator takes one key below v" << kFindCoordinatorMany;
  writer.WriteString(keys.front());
  writer.WriteInt8(static_cast<int8_t>(type));
}

absl::StatusOr<FindCoordinatorResponse> FindCoordinatorResponse::Read(std::string_view body, int16_t version) {
  const ApiSpec& api = FindCoordinatorRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  FindCoordinatorResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  if (version >= kFindCoordinatorMany) {
    const size_t count = reader.ReadArrayLength(kCoordinatorBytesMin);
    response.coordinators.reserve(count);
    for (size_t i = 0; i < count && reader.ok(); ++i) response.coordinators.push_back(ReadOneOfMany(reader));
    reader.SkipTaggedFields();
  } else {
    response.coordinators.push_back(ReadOnly(reader));
  }
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
