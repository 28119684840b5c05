#include "kafka/wire/consumer_group_describe.h"

namespace replicator::kafka {
namespace {

// The least bytes that one element takes.
constexpr size_t kGroupBytesMin = 2 + 1 + 1 + 1 + 4 + 4 + 1 + 1 + 4 + 1;
constexpr size_t kMemberBytesMin = 1 + 1 + 1 + 4 + 1 + 1 + 1 + 1 + 2 + 2 + 1;
constexpr size_t kAssignedTopicBytesMin = sizeof(Uuid) + 1 + 1 + 1;
constexpr size_t kNameBytesMin = 1;

// Which partitions a member has: nobody here asks.
void SkipAssignment(Reader& reader) {
  for (size_t left = reader.ReadArrayLength(kAssignedTopicBytesMin); left > 0 && reader.ok(); --left) {
    reader.ReadUuid();
    reader.ReadString();
    for (size_t more = reader.ReadArrayLength(sizeof(int32_t)); more > 0 && reader.ok(); --more) reader.ReadInt32();
    reader.SkipTaggedFields();
  }
  reader.SkipTaggedFields();
}

ConsumerGroupDescribeResponse::Member ReadMember(Reader& reader) {
  ConsumerGroupDescribeResponse::Member member;
  member.member_id = std::string(reader.ReadString());
  member.instance_id = OwnedString(reader.ReadNullableString());
  reader.ReadNullableString();  // rack
  reader.ReadInt32();           // member epoch
  member.client_id = std::string(reader.ReadString());
  member.client_host = std::string(reader.ReadString());
  member.subscribed_topics.resize(reader.ReadArrayLength(kNameBytesMin));
  for (std::string& topic : member.subscribed_topics) topic = std::string(reader.ReadString());
  member.subscribed_regex = std::string(reader.ReadNullableString().value_or(""));
  SkipAssignment(reader);  // what it has
  SkipAssignment(reader);  // what it is to get
  reader.SkipTaggedFields();
  return member;
}

ConsumerGroupDescribeResponse::Group ReadGroup(Reader& reader) {
  ConsumerGroupDescribeResponse::Group group;
  group.error_code = reader.ReadInt16();
  group.error_message = OwnedString(reader.ReadNullableString());
  group.group_id = std::string(reader.ReadString());
  group.state = std::string(reader.ReadString());
  reader.ReadInt32();   // group epoch
  reader.ReadInt32();   // assignment epoch
  reader.ReadString();  // assignor
  const size_t member_count = reader.ReadArrayLength(kMemberBytesMin);
  group.members.reserve(member_count);
  for (size_t m = 0; m < member_count && reader.ok(); ++m) group.members.push_back(ReadMember(reader));
  reader.ReadInt32();  // authorized operations
  reader.SkipTaggedFields();
  return group;
}

}  // namespace

void ConsumerGroupDescribeRequest::Write(Writer& writer, int16_t) const {
  writer.WriteArrayLength(group_ids.size());
  for (const std::string& group_id : group_ids) writer.WriteString(group_id);
  writer.WriteBool(false);  // include_authorized_operations
  writer.WriteNoTaggedFields();
}

absl::StatusOr<ConsumerGroupDescribeResponse> ConsumerGroupDescribeResponse::Read(std::string_view body,
                                                                                  int16_t version) {
  const ApiSpec& api = ConsumerGroupDescribeRequest::kApi;
  Reader reader(body, api.BodyEncoding(version));
  ConsumerGroupDescribeResponse response;
  response.throttle_time_ms = reader.ReadInt32();
  const size_t group_count = reader.ReadArrayLength(kGroupBytesMin);
  response.groups.reserve(group_count);
  for (size_t g = 0; g < group_count && reader.ok(); ++g) response.groups.push_back(ReadGroup(reader));
  reader.SkipTaggedFields();
  absl::Status read = reader.Finish(api.ResponseName(version));
  if (!read.ok()) return read;
  return response;
}

}  // namespace replicator::kafka
