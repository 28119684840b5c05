#include "replicator/groups/group_ledger.h"

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "replicator/groups/group_record.pb.h"

namespace replicator {
namespace {

using policy::GroupCommitWhy;
using policy::OurCommit;

constexpr size_t kLengthBytes = 4;

// The reasons for which a group is left alone for good, under the names that are kept.
constexpr std::pair<GroupCommitWhy, absl::string_view> kReasons[] = {
    {GroupCommitWhy::kTargetHasMembers, "has-members"},
    {GroupCommitWhy::kTargetHadMembers, "had-members"},
    {GroupCommitWhy::kTargetOtherType, "other-type"},
    {GroupCommitWhy::kForeignCommit, "foreign-commit"},
    {GroupCommitWhy::kDeleted, "deleted"},
};

absl::string_view NameOf(GroupCommitWhy why) {
  for (const auto& [reason, name] : kReasons) {
    if (reason == why) return name;
  }
  return "other";
}

// A reason that this version does not know is one all the same.
GroupCommitWhy ReasonNamed(absl::string_view name) {
  for (const auto& [reason, known] : kReasons) {
    if (known == name) return reason;
  }
  return GroupCommitWhy::kLeftAlone;
}

std::string KeyOf(const std::string& group, const std::string& topic) {
  std::string key(1, kGroupRecordKind);
  const auto length = static_cast<uint32_t>(group.size());
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(length >> shift));
  return absl::StrCat(key, group, topic);
}

absl::Status NotReadable(const std::string& key) {
  return absl::FailedPreconditionError(
      absl::StrCat("the link's log holds a record of a consumer group that cannot be read (key ", absl::CHexEscape(key),
                   "): it was written by a later version of this program, which has to go on"));
}

bool ParseKey(const std::string& key, std::string* group, std::string* topic) {
  if (key.size() < 1 + kLengthBytes || key[0] != kGroupRecordKind) return false;
  size_t length = 0;
  for (size_t i = 1; i <= kLengthBytes; ++i) length = length << 8 | static_cast<unsigned char>(key[i]);
  if (length == 0 || length > key.size() - 1 - kLengthBytes) return false;
  *group = key.substr(1 + kLengthBytes, length);
  *topic = key.substr(1 + kLengthBytes + length);
  return true;
}

std::string ValueOf(const GroupLedger::Group& group) {
  groups::stored::Group record;
  record.set_schema_version(kGroupSchemaVersion);
  record.set_moved_at_ms(group.moved_at_ms);
  if (group.left_alone.has_value()) {
    record.set_left_alone(std::string(NameOf(group.left_alone->why)));
    record.set_left_alone_at_ms(group.left_alone->at_ms);
  }
  return record.SerializeAsString();
}

std::string ValueOf(const std::map<int32_t, OurCommit>& commits) {
  groups::stored::GroupTopic record;
  record.set_schema_version(kGroupSchemaVersion);
  for (const auto& [partition, ours] : commits) {
    groups::stored::Commit& commit = *record.add_commits();
    commit.set_partition(partition);
    commit.set_offset(ours.offset);
    commit.set_at_ms(ours.at_ms);
    commit.set_is_unconfirmed(!ours.is_confirmed);
  }
  return record.SerializeAsString();
}

bool ReadValue(const std::string& value, GroupLedger::Group& group) {
  groups::stored::Group record;
  if (!record.ParseFromString(value) || record.schema_version() != kGroupSchemaVersion) return false;
  group.moved_at_ms = record.moved_at_ms();
  if (!record.left_alone().empty()) group.left_alone = {ReasonNamed(record.left_alone()), record.left_alone_at_ms()};
  return true;
}

bool ReadValue(const std::string& value, std::map<int32_t, OurCommit>& commits) {
  groups::stored::GroupTopic record;
  if (!record.ParseFromString(value) || record.schema_version() != kGroupSchemaVersion) return false;
  for (const groups::stored::Commit& commit : record.commits())
    commits[commit.partition()] = {commit.offset(), commit.at_ms(), !commit.is_unconfirmed()};
  return true;
}

}  // namespace

const OurCommit* GroupLedger::Group::Find(absl::string_view topic, int32_t partition) const {
  const auto by_topic = ours.find(std::string(topic));
  if (by_topic == ours.end()) return nullptr;
  const auto commit = by_topic->second.find(partition);
  return commit == by_topic->second.end() ? nullptr : &commit->second;
}

absl::StatusOr<GroupLedger> GroupLedger::Restore(const std::map<std::string, std::string>& records) {
  GroupLedger ledger;
  for (const auto& [key, value] : records) {
    std::string name;
    std::string topic;
    if (!ParseKey(key, &name, &topic)) return NotReadable(key);
    Group& group = ledger.groups_[name];
    const bool is_read = topic.empty() ? ReadValue(value, group) : ReadValue(value, group.ours[topic]);
    if (!is_read) return NotReadable(key);
  }
  return ledger;
}

const GroupLedger::Group* GroupLedger::Find(const std::string& group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? nullptr : &found->second;
}

void GroupLedger::SetCommit(const std::string& group, const std::string& topic, int32_t partition, OurCommit commit) {
  groups_[group].ours[topic][partition] = commit;
  changed_.insert({group, topic});
}

void GroupLedger::LeaveAlone(const std::string& group, GroupCommitWhy why, int64_t now_ms) {
  Group& known = groups_[group];
  if (known.left_alone.has_value()) return;
  known.left_alone = {why, now_ms};
  changed_.insert({group, ""});
}

void GroupLedger::SetMoved(const std::string& group, int64_t now_ms) {
  groups_[group].moved_at_ms = now_ms;
  changed_.insert({group, ""});
}

std::vector<LinkLog::Record> GroupLedger::TakeChanges() {
  std::vector<LinkLog::Record> records;
  for (const auto& [name, topic] : std::exchange(changed_, {})) {
    const Group& group = groups_.at(name);
    records.push_back({KeyOf(name, topic), topic.empty() ? ValueOf(group) : ValueOf(group.ours.at(topic))});
  }
  return records;
}

}  // namespace replicator
