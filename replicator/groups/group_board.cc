#include "replicator/groups/group_board.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/client/errors.h"

namespace replicator {
namespace {

using policy::GroupCommitWhy;
using policy::GroupTranslation;
using policy::OurCommit;
using policy::TargetGroupState;

// What is not copied, or lies where nothing is known, may be asked for again that late.
constexpr int64_t kAskAgainMsMax = int64_t{10} * 60 * 1000;

// So often in a row a partition is said to be not copied before that is believed.
constexpr int kNotCopiedYet = 2;
// As for batches (invariant B of docs/architecture.md): what a closed connection may have left in the broker is dealt
// with by then.
constexpr int64_t kLateCommitMs = 10'000;

GroupTranslation TranslationOf(const TranslationAnswer& answer) {
  if (!answer.is_copied) return GroupTranslation::kStale;
  // What the partition is stopped for may be that it is another one by now.
  if (answer.is_quarantined) return GroupTranslation::kUnknown;
  if (answer.position < 0) return GroupTranslation::kWait;
  switch (answer.kind) {
    case offsets::TranslationKind::kExact:
      return GroupTranslation::kExact;
    case offsets::TranslationKind::kWait:
      return GroupTranslation::kWait;
    case offsets::TranslationKind::kNotCopied:
      return GroupTranslation::kNotCopied;
    case offsets::TranslationKind::kUnknown:
      break;
  }
  return GroupTranslation::kUnknown;
}

TargetGroupState StateOf(const kafka::GroupDescription& group) {
  switch (group.kind) {
    case kafka::GroupKind::kAbsent:
      return TargetGroupState::kAbsent;
    case kafka::GroupKind::kConsumer:
    case kafka::GroupKind::kOther:
      return TargetGroupState::kOtherType;
    case kafka::GroupKind::kClassic:
      break;
  }
  if (!group.members.empty()) return TargetGroupState::kHasMembers;
  if (!group.IsEmpty()) return TargetGroupState::kUnknown;  // on its way from one state to another
  return group.HasHadMembers() ? TargetGroupState::kHadMembers : TargetGroupState::kEmpty;
}

std::string NameOf(const kafka::TopicPartition& partition) {
  return absl::StrCat(partition.topic, "-", partition.partition);
}

const kafka::CommittedOffset* FindIn(const kafka::GroupOffsets& offsets, const kafka::TopicPartition& partition) {
  const auto found = offsets.offsets.find(partition);
  return found == offsets.offsets.end() ? nullptr : &found->second;
}

// The worst partition of a group stands for it in its line.
constexpr int kRankStale = 0;  // nothing can be done for it, and the rest of the group goes on
constexpr int kRankWait = 1;
constexpr int kRankTrouble = 2;

int Rank(const GroupItem& item) {
  if (!item.trouble.empty()) return kRankTrouble;
  if (!item.why.has_value() || *item.why == GroupCommitWhy::kWait) return kRankWait;
  return *item.why == GroupCommitWhy::kStale ? kRankStale : kRankTrouble;
}

std::string TextOf(const GroupItem& item) {
  if (!item.trouble.empty()) return item.trouble;
  return item.why.has_value() ? std::string(policy::GroupCommitText(*item.why)) : "not committed on the target yet";
}

}  // namespace

GroupBoard::GroupBoard(GroupLedger ledger, std::function<std::string(const std::string&)> target_topic,
                       int64_t interval_ms)
    : ledger_(std::move(ledger)), target_topic_(std::move(target_topic)), interval_ms_(interval_ms) {}

void GroupBoard::SetGroups(const std::vector<std::string>& groups, std::map<std::string, std::string> not_moved) {
  const std::set<std::string> listed(groups.begin(), groups.end());
  std::erase_if(groups_, [&](const auto& entry) { return !listed.contains(entry.first); });
  for (const std::string& group : listed) groups_.try_emplace(group);
  not_moved_ = std::move(not_moved);
}

bool GroupBoard::IsUnsure(const std::string& group) const {
  const auto found = groups_.find(group);
  return found != groups_.end() && found->second.is_unsure;
}

bool GroupBoard::IsHandsOff(const std::string& group) const {
  const GroupLedger::Group* known = ledger_.Find(group);
  return known != nullptr && (known->left_alone.has_value() || known->is_moved());
}

std::vector<std::string> GroupBoard::ToFetch() const {
  std::vector<std::string> groups;
  for (const auto& [group, entry] : groups_) {
    if (!IsHandsOff(group)) groups.push_back(group);
  }
  return groups;
}

void GroupBoard::TakeSource(const std::string& group, const absl::StatusOr<kafka::GroupOffsets>& offsets) {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return;
  Entry& entry = found->second;
  entry.was_asked = true;
  entry.source = offsets.status();
  if (!offsets.ok()) return;
  std::map<kafka::TopicPartition, GroupItem>& items = entry.items;
  // Both in the same order: most of it is as it was.
  auto item = items.begin();
  for (const auto& [partition, committed] : offsets->offsets) {
    while (item != items.end() && item->first < partition) item = items.erase(item);
    if (committed.error_code != 0) {
      if (item != items.end() && item->first == partition) ++item;
      continue;
    }
    if (item == items.end() || item->first != partition) item = items.emplace_hint(item, partition, GroupItem{});
    GroupItem& known = item->second;
    ++item;
    if (known.source_offset == committed.offset && known.metadata == committed.metadata) continue;
    known.source_offset = committed.offset;
    known.metadata = committed.metadata;
    known.is_translated = known.is_settled = false;
    known.why.reset();
    known.ask_at_ms = 0;
    known.asked = 0;
  }
  items.erase(item, items.end());
}

std::vector<GroupBoard::Question> GroupBoard::Questions(int64_t now_ms) {
  std::vector<Question> questions;
  for (auto& [group, entry] : groups_) {
    if (IsHandsOff(group)) continue;
    for (auto& [partition, item] : entry.items) {
      if (item.is_settled || now_ms < item.ask_at_ms) continue;
      if (item.is_translated && item.translation == GroupTranslation::kExact) continue;
      questions.push_back({{partition.topic, partition.partition, item.source_offset}, &item});
    }
  }
  return questions;
}

void GroupBoard::TakeAnswer(GroupItem& item, const TranslationAnswer& answer, int64_t now_ms) {
  item.is_translated = true;
  item.translation = TranslationOf(answer);
  // A topic that is new, or a process that has just begun: it may be the link's in a moment.
  const bool may_come = !answer.is_copied && item.asked < kNotCopiedYet;
  if (may_come) {
    ++item.asked;
    item.translation = GroupTranslation::kWait;
  }
  item.target_offset = answer.offset;
  item.trouble.clear();
  if (item.translation == GroupTranslation::kExact) return;
  item.why = policy::WhyNotTranslated(item.translation);
  if (answer.is_quarantined)
    item.trouble = "its partition is quarantined, or its topic was deleted: `replicator status` says why";
  if (item.translation == GroupTranslation::kWait) return;
  item.asked = std::min(item.asked + 1, 20);
  item.ask_at_ms = now_ms + std::min(kAskAgainMsMax, interval_ms_ << (item.asked - 1));
}

bool GroupBoard::IsActive(const GroupItem& item, int64_t now_ms) const {
  if (!item.is_translated || item.translation != GroupTranslation::kExact) return false;
  return !item.is_settled || now_ms >= item.renew_at_ms;
}

std::vector<std::string> GroupBoard::Active(int64_t now_ms) const {
  std::vector<std::string> active;
  for (const auto& [group, entry] : groups_) {
    if (IsHandsOff(group)) continue;
    const bool is_active = std::any_of(entry.items.begin(), entry.items.end(),
                                       [&](const auto& item) { return IsActive(item.second, now_ms); });
    if (is_active) active.push_back(group);
  }
  return active;
}

bool GroupBoard::HasFirst(const std::string& group, int64_t now_ms) const {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return false;
  const GroupLedger::Group* known = ledger_.Find(group);
  return std::any_of(found->second.items.begin(), found->second.items.end(), [&](const auto& item) {
    return IsActive(item.second, now_ms) &&
           (known == nullptr || known->Find(item.first.topic, item.first.partition) == nullptr);
  });
}

void GroupBoard::Settle(GroupItem& item, int64_t at_ms) const {
  item.is_settled = true;
  item.why = GroupCommitWhy::kInStep;
  item.trouble.clear();
  item.renew_at_ms = at_ms + policy::RenewAfterMs(retention_ms_);
}

void GroupBoard::LeaveAlone(const std::string& group, GroupCommitWhy why, const std::string& where, int64_t now_ms) {
  ledger_.LeaveAlone(group, why, now_ms);
  news_.push_back(absl::StrCat("consumer group ", group, " is ", policy::GroupCommitText(why), " (", where, ")"));
}

std::vector<PlannedCommit> GroupBoard::Plan(const std::string& group, const GroupLook& look, int64_t now_ms) {
  std::vector<PlannedCommit> planned;
  const auto found = groups_.find(group);
  if (found == groups_.end() || IsHandsOff(group)) return planned;
  if (Entry& entry = found->second; entry.is_unsure) {
    if (entry.sure_at_ms == 0) entry.sure_at_ms = now_ms + kLateCommitMs;
    if (now_ms < entry.sure_at_ms) return planned;
    entry.is_unsure = false;
  }
  for (auto& [partition, item] : found->second.items) {
    if (!IsActive(item, now_ms)) continue;
    const kafka::TopicPartition on_target = {target_topic_(partition.topic), partition.partition};
    const kafka::CommittedOffset* committed = FindIn(look.offsets, on_target);
    const GroupLedger::Group* known = ledger_.Find(group);
    const OurCommit* ours = known == nullptr ? nullptr : known->Find(partition.topic, partition.partition);

    policy::GroupCommitInput input;
    input.translation = item.translation;
    input.translated_offset = item.target_offset;
    input.target_state = StateOf(look.description);
    input.is_target_commit_known = committed == nullptr || committed->error_code == 0;
    if (committed != nullptr && committed->error_code == 0) input.target_commit = committed->offset;
    if (ours != nullptr) input.ours = *ours;
    if (item.attempted.has_value() && input.target_commit == item.attempted->offset) {
      input.ours = *item.attempted;
      ledger_.SetCommit(group, partition.topic, partition.partition, *item.attempted);
    }
    if (input.is_target_commit_known) item.attempted.reset();
    input.now_ms = now_ms;
    input.target_retention_ms = retention_ms_;
    const policy::GroupCommitDecision decision = policy::DecideGroupCommit(input);
    item.why = decision.why;
    item.trouble.clear();
    if (decision.leave_for_good) {
      LeaveAlone(group, decision.why, NameOf(on_target), now_ms);
      return {};
    }
    const bool is_new_to_ledger = input.ours.has_value() && input.target_commit.has_value() &&
                                  (input.ours->offset != *input.target_commit || !input.ours->is_confirmed);
    if (is_new_to_ledger) {
      // Of a commit that was made and not written down; when, is not known better than that it was before now.
      input.ours = OurCommit{*input.target_commit, now_ms};
      ledger_.SetCommit(group, partition.topic, partition.partition, *input.ours);
    }
    if (decision.why == GroupCommitWhy::kInStep) Settle(item, input.ours->at_ms);
    if (!decision.commit.has_value()) continue;
    planned.push_back({&item, partition.topic, {on_target, *decision.commit, item.metadata}, ours == nullptr});
  }
  return planned;
}

void GroupBoard::WriteDownFirst(const std::string& group, const std::vector<PlannedCommit>& planned, int64_t now_ms) {
  for (const PlannedCommit& one : planned) {
    if (!one.is_first) continue;
    ledger_.SetCommit(group, one.source_topic, one.commit.partition.partition,
                      {.offset = one.commit.offset, .at_ms = now_ms, .is_confirmed = false});
  }
}

void GroupBoard::TakeCommitted(const std::string& group, const std::vector<PlannedCommit>& planned,
                               const absl::StatusOr<std::vector<kafka::RefusedCommit>>& refused,
                               const std::optional<kafka::GroupOffsets>& read_back, int64_t sent_ms) {
  const auto entry = groups_.find(group);
  if (entry == groups_.end()) return;
  const auto leave_open = [&entry](GroupItem& item, const OurCommit& made) {
    item.attempted = made;
    entry->second.is_unsure = true;
    entry->second.sure_at_ms = 0;
  };
  for (const PlannedCommit& one : planned) {
    GroupItem& item = *one.item;
    const OurCommit made = {one.commit.offset, sent_ms};
    if (refused.ok()) {
      const auto found = std::find_if(refused->begin(), refused->end(), [&](const kafka::RefusedCommit& refusal) {
        return refusal.partition == one.commit.partition;
      });
      if (found != refused->end()) {
        item.trouble = kafka::ErrorStatus(found->error_code,
                                          absl::StrCat("commit for ", NameOf(one.commit.partition), " on the target"))
                           .message();
        if (kafka::ClassifyGroupAdminError(found->error_code) == kafka::GroupAdminOutcome::kLookAgain)
          leave_open(item, made);
        continue;
      }
    }
    if (!refused.ok() || !read_back.has_value()) {
      item.why = GroupCommitWhy::kTargetUnknown;
      leave_open(item, made);
      continue;
    }
    const kafka::CommittedOffset* now = FindIn(*read_back, one.commit.partition);
    if (now == nullptr || now->error_code != 0) {
      leave_open(item, made);
    } else if (now->offset == made.offset) {
      ledger_.SetCommit(group, one.source_topic, one.commit.partition.partition, made);
      Settle(item, sent_ms);
    } else {
      // Committed, and in the next moment it was another one.
      LeaveAlone(group, GroupCommitWhy::kForeignCommit, NameOf(one.commit.partition), sent_ms);
    }
  }
}

void GroupBoard::SetTargetTrouble(const std::string& group, const absl::Status& why) {
  if (const auto found = groups_.find(group); found != groups_.end()) found->second.trouble = why.message();
}

GroupLine GroupBoard::LineOf(const std::string& group, const Entry& entry) const {
  GroupLine line;
  line.group = group;
  const GroupLedger::Group* known = ledger_.Find(group);
  line.partitions = static_cast<int>(entry.items.size());
  const GroupItem* worst = nullptr;
  std::string where;
  for (const auto& [partition, item] : entry.items) {
    if (item.is_settled) {
      ++line.in_step;
    } else if (worst == nullptr || Rank(item) > Rank(*worst)) {
      worst = &item;
      where = NameOf(partition);
    }
  }
  if (known != nullptr && known->is_moved()) {
    line.state = GroupState::kMoved;
    line.since_ms = known->moved_at_ms;
    line.why = policy::GroupCommitText(GroupCommitWhy::kMoved);
  } else if (known != nullptr && known->left_alone.has_value()) {
    line.state = GroupState::kLeftAlone;
    line.since_ms = known->left_alone->at_ms;
    line.why = policy::GroupCommitText(known->left_alone->why);
  } else if (!entry.was_asked) {
    line.state = GroupState::kWaiting;
    line.why = "the source was not asked for its offsets yet";
  } else if (!entry.source.ok() || !entry.trouble.empty()) {
    line.state = GroupState::kTrouble;
    line.why = entry.source.ok() ? entry.trouble : std::string(entry.source.message());
  } else if (entry.items.empty()) {
    line.state = GroupState::kInStep;
    line.why = policy::GroupCommitText(GroupCommitWhy::kNoSourceCommit);
  } else if (worst == nullptr) {
    line.state = GroupState::kInStep;
  } else {
    line.state = Rank(*worst) == kRankStale  ? GroupState::kInStep
                 : Rank(*worst) == kRankWait ? GroupState::kWaiting
                                             : GroupState::kTrouble;
    const int others = line.partitions - line.in_step - 1;
    line.why = absl::StrCat(where, ": ", TextOf(*worst),
                            others > 0 ? absl::StrCat("; and ", others, " more are not in step") : "");
  }
  return line;
}

std::vector<GroupLine> GroupBoard::Lines() const {
  std::vector<GroupLine> lines;
  for (const auto& [group, entry] : groups_) lines.push_back(LineOf(group, entry));
  for (const auto& [group, type] : not_moved_) {
    GroupLine line;
    line.group = group;
    line.state = GroupState::kNotMoved;
    line.why = absl::StrCat("a group of type ", type, ", whose positions cannot be set from outside");
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end(), [](const GroupLine& a, const GroupLine& b) { return a.group < b.group; });
  return lines;
}

}  // namespace replicator
