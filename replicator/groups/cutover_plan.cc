#include "replicator/groups/cutover_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kafka/client/group_hold.h"
#include "replicator/base/human.h"
#include "replicator/status/link_status.h"

namespace replicator {
namespace {

using kafka::GroupKind;
using offsets::TranslationKind;

constexpr size_t kNamedMax = 5;

std::string NameOf(const kafka::TopicPartition& partition) {
  return absl::StrCat(partition.topic, "-", partition.partition);
}

// "a-0, a-1 and 17 more"
std::string Names(const std::vector<std::string>& names) {
  std::vector<std::string> some(names.begin(), names.begin() + static_cast<int64_t>(std::min(names.size(), kNamedMax)));
  std::string text = absl::StrJoin(some, ", ");
  if (names.size() > kNamedMax) absl::StrAppend(&text, " and ", names.size() - kNamedMax, " more");
  return text;
}

CutoverStop Stop(ExitCode code, std::string text) { return {code, std::move(text)}; }

// Those of which `is_one` holds.
template <typename IsOne>
std::vector<std::string> Those(const std::vector<CutoverItem>& items, IsOne is_one) {
  std::vector<std::string> names;
  for (const CutoverItem& item : items) {
    if (is_one(item)) names.push_back(NameOf(item.partition));
  }
  return names;
}

std::string ByWhom(const CutoverRecord& record) {
  return absl::StrCat(CutoverTimeText(record.moved_ms), record.who.empty() ? "" : absl::StrCat(" by ", record.who));
}

std::string MembersOf(const kafka::GroupDescription& group) {
  return group.members.empty() ? absl::StrCat("it is ", group.state) : kafka::MembersText(group.members);
}

// The value that stands on the target is one of ours: it may be replaced.
bool IsOurs(const CutoverItem& item) {
  if (!item.on_target.has_value()) return true;
  if (item.left_by_us == item.on_target) return true;
  if (!item.ours.has_value() || *item.on_target < item.ours->offset) return false;
  // Between what was written down last and where it is by now: of a commit before a crash (policy/group_commit.h).
  if (item.answer.kind == TranslationKind::kExact)
    return *item.on_target <= std::max(item.answer.offset, item.ours->offset);
  return *item.on_target == item.ours->offset;
}

}  // namespace

void Complete(CutoverView& view, CutoverNotes& notes) {
  std::set<std::string> gone;
  std::map<std::string, std::set<int32_t>> committed;
  for (const CutoverItem& item : view.items) {
    if (view.source_topics.contains(item.partition.topic)) {
      committed[item.partition.topic].insert(item.partition.partition);
    } else {
      gone.insert(item.partition.topic);
    }
  }
  std::erase_if(view.items, [&](const CutoverItem& item) { return gone.contains(item.partition.topic); });
  if (!gone.empty())
    notes.push_back(
        absl::StrCat("the group's commits for topics that do not exist any more at the source are not moved: ",
                     Names({gone.begin(), gone.end()})));
  for (const auto& [topic, partitions] : committed) {
    for (int32_t partition = 0; partition < view.source_topics.at(topic); ++partition) {
      if (partitions.contains(partition)) continue;
      CutoverItem item;
      item.partition = {topic, partition};
      view.items.push_back(std::move(item));
    }
  }
  std::sort(view.items.begin(), view.items.end(),
            [](const CutoverItem& a, const CutoverItem& b) { return a.partition < b.partition; });
}

std::optional<CutoverStop> JudgeSource(const CutoverView& view, const CutoverRequest& request) {
  const bool is_moved = view.record.has_value() && view.record->phase == CutoverPhase::kMoved;
  if (is_moved)
    return Stop(ExitCode::kBlocked,
                absl::StrCat("it was moved to ", view.target_name, " already, ", ByWhom(*view.record),
                             ". replicator cutover --status shows it; the way back is --rollback"));
  if (view.record.has_value() && view.record->phase == CutoverPhase::kRollingBack)
    return Stop(ExitCode::kBlocked, "its rollback was begun and is not done: the same command with --rollback goes on");
  if (view.source.kind == GroupKind::kAbsent && view.items.empty())
    return Stop(ExitCode::kUsage,
                absl::StrCat("there is no such group at the source",
                             view.nearest.empty() ? "" : absl::StrCat(": did you mean ", view.nearest, "?")));
  if (view.source.kind == GroupKind::kOther)
    return Stop(ExitCode::kBlocked, absl::StrCat("it is a group of type ", view.source.type,
                                                 ", whose positions cannot be set from outside"));
  if (view.items.empty())
    return Stop(ExitCode::kBlocked, "it has no committed offsets for topics that exist: there is nothing to move");
  const auto not_copied = Those(view.items, [](const CutoverItem& item) { return !item.answer.is_copied; });
  if (!not_copied.empty())
    return Stop(ExitCode::kBlocked,
                absl::StrCat("a group moves whole or not at all, and this link does not copy ", Names(not_copied),
                             ". Add the topic to `topics` in the file, or delete the group's commits for it"));
  const auto stopped = Those(view.items, [](const CutoverItem& item) { return item.answer.is_quarantined; });
  if (!stopped.empty())
    return Stop(ExitCode::kQuarantined, absl::StrCat("these partitions are quarantined: ", Names(stopped),
                                                     ". replicator status says why, and what lets them go on"));
  const auto missing = Those(view.items, [](const CutoverItem& item) { return !item.committed.has_value(); });
  if (!missing.empty() && request.missing == MissingCommits::kFail)
    return Stop(ExitCode::kBlocked,
                absl::StrCat("it has committed nothing for ", Names(missing),
                             ", and would begin there where its auto.offset.reset says. Let it commit there, or write "
                             "--missing=earliest or --missing=end"));
  const auto beyond = Those(view.items, [](const CutoverItem& item) {
    return item.committed.has_value() && item.source_end.has_value() && *item.committed > *item.source_end;
  });
  if (!beyond.empty())
    return Stop(ExitCode::kBlocked,
                absl::StrCat("its committed offset lies behind the end of the source's log in ", Names(beyond),
                             ": reset it there first, since nobody can say which record it means"));
  return std::nullopt;
}

std::optional<CutoverStop> JudgeEmpty(const CutoverView& view) {
  if (view.is_held_by_us || view.source.IsEmpty()) return std::nullopt;
  if (kafka::IsHeld(view.source))
    return Stop(ExitCode::kBlocked, absl::StrCat("another link holds it at the source: ", MembersOf(view.source)));
  return Stop(ExitCode::kGroupActive,
              absl::StrCat("it is still active at the source: ", MembersOf(view.source),
                           ". Stop its consumers, or write --wait=10m before you do; --evict=NAME removes members that "
                           "are named by their client id or instance id"));
}

std::vector<std::string> ToEvict(const kafka::GroupDescription& source, const CutoverRequest& request) {
  std::vector<std::string> member_ids;
  for (const kafka::GroupMember& member : source.members) {
    const bool is_named = std::any_of(request.evict.begin(), request.evict.end(), [&](const std::string& name) {
      return name == member.client_id || name == member.instance_id;
    });
    if (!is_named) return {};
    member_ids.push_back(member.member_id);
  }
  return member_ids;
}

std::optional<CutoverStop> JudgeTarget(const CutoverView& view, const CutoverRequest& request) {
  const kafka::GroupDescription& target = view.target;
  if (target.kind == GroupKind::kOther)
    return Stop(ExitCode::kTargetInUse,
                absl::StrCat("on the target there is a group of that name, of type ", target.type));
  if (!target.IsEmpty())
    return Stop(ExitCode::kTargetInUse,
                absl::StrCat("it is active on the target: ", MembersOf(target), ". Stop them first"));
  if (request.overwrite_target) return std::nullopt;
  const auto foreign = Those(view.items, [](const CutoverItem& item) { return !IsOurs(item); });
  if (!foreign.empty())
    return Stop(ExitCode::kTargetInUse,
                absl::StrCat("somebody else has committed for it on the target, for ", Names(foreign),
                             ". If that may be replaced, write --overwrite-target; what stands there is recorded"));
  const bool was_ours = std::any_of(view.items.begin(), view.items.end(), [](const CutoverItem& item) {
    return item.left_by_us.has_value() && item.left_by_us == item.on_target;
  });
  if (target.HasHadMembers() && !was_ours)
    return Stop(ExitCode::kTargetInUse,
                "it had members on the target before. If where they stood may be replaced, write --overwrite-target");
  return std::nullopt;
}

std::optional<CutoverStop> JudgeLog(const LogLag& lag) {
  if (lag.behind_seconds < kChangelogAgeSecondsMax) return std::nullopt;
  return Stop(ExitCode::kCopyBehind,
              absl::StrCat("the link's changelog on the target is ", static_cast<int64_t>(lag.behind_seconds),
                           " s behind, and what a cutover writes down would wait for it, too",
                           lag.trouble.empty() ? "" : absl::StrCat(" (", lag.trouble, ")"),
                           ". replicator status says how it stands; try again when it is written"));
}

int64_t Behind(const std::vector<CutoverItem>& items) {
  int64_t behind = 0;
  for (const CutoverItem& item : items) {
    const bool waits = item.answer.position < 0 || item.answer.kind == TranslationKind::kWait;
    if (waits) behind += std::max<int64_t>(1, item.wanted - std::max<int64_t>(0, item.answer.position));
  }
  return behind;
}

std::optional<CutoverStop> JudgeTranslation(const std::vector<CutoverItem>& items) {
  const auto stopped = Those(items, [](const CutoverItem& item) { return item.answer.is_quarantined; });
  if (!stopped.empty())
    return Stop(ExitCode::kQuarantined, absl::StrCat("these partitions are quarantined: ", Names(stopped)));
  const auto unknown =
      Those(items, [](const CutoverItem& item) { return item.answer.kind != TranslationKind::kExact; });
  if (unknown.empty()) return std::nullopt;
  return Stop(ExitCode::kBlocked,
              absl::StrCat("where its positions lie on the target is not known for ", Names(unknown),
                           ": what lies there was copied before this link's memory begins, or never"));
}

std::optional<CutoverStop> JudgeProofs(const std::vector<CutoverPosition>& positions, const CutoverRequest& request) {
  for (const ProofResult refused : {ProofResult::kDifferent, ProofResult::kUnprovable}) {
    if (refused == ProofResult::kUnprovable && !request.is_strict) continue;
    for (const CutoverPosition& position : positions) {
      if (position.proof != ProofResultName(refused)) continue;
      return Stop(
          ExitCode::kProofFailed,
          absl::StrCat(position.topic, "-", position.partition, ", source offset ", position.source_offset,
                       ", target offset ", position.target_offset, ": ", position.proof, ": ", position.proof_text));
    }
  }
  return std::nullopt;
}

std::optional<CutoverStop> JudgeRollback(const RollbackView& view, const CutoverRequest& request) {
  const bool was_moved = view.record.has_value() && (view.record->phase == CutoverPhase::kMoved ||
                                                     view.record->phase == CutoverPhase::kRollingBack);
  if (view.record.has_value() && view.record->phase == CutoverPhase::kRolledBack)
    return Stop(ExitCode::kBlocked, absl::StrCat("it was rolled back already, ", ByWhom(*view.record)));
  if (!was_moved) return Stop(ExitCode::kBlocked, "it was never moved by this link: there is nothing to roll back");
  if (!view.target.IsEmpty())
    return Stop(ExitCode::kGroupActive,
                absl::StrCat("it is active on the target: ", MembersOf(view.target), ". Stop them first"));
  if (!view.is_held_by_us && !view.source.IsEmpty())
    return Stop(ExitCode::kGroupActive,
                absl::StrCat("it is active at the source: ", MembersOf(view.source), ". Stop them first"));
  if (!view.read_on.empty() && !request.yes)
    return Stop(ExitCode::kBlocked,
                absl::StrCat("at the source it has committed since the move, for ", Names(view.read_on),
                             ": somebody read on there. Write --yes if that may be replaced"));
  std::vector<std::string> unknown;
  std::vector<std::string> only_there;
  for (const RollbackView::Item& item : view.items) {
    const std::string name = absl::StrCat(item.position.topic, "-", item.position.partition);
    if (!item.answer.is_copied || item.answer.is_quarantined ||
        (item.answer.kind != TranslationKind::kExact && item.answer.kind != TranslationKind::kWait)) {
      unknown.push_back(name);
    } else if (item.answer.kind == TranslationKind::kWait) {
      const int64_t count = item.position.target_offset - item.answer.target_end;
      only_there.push_back(absl::StrCat(WithCommas(count), " of ", name));
    }
  }
  if (!unknown.empty())
    return Stop(ExitCode::kBlocked,
                absl::StrCat("where its positions lie at the source is not known for ", Names(unknown)));
  if (!only_there.empty() && !request.yes)
    return Stop(ExitCode::kBlocked,
                absl::StrCat("it has read records that only the target has, and goes on at the source behind all that "
                             "was copied: ",
                             Names(only_there), ". Write --yes if that is meant"));
  return std::nullopt;
}

std::vector<CutoverPosition> RollbackPositions(const RollbackView& view, int64_t* only_on_target) {
  std::vector<CutoverPosition> positions;
  *only_on_target = 0;
  for (const RollbackView::Item& item : view.items) {
    CutoverPosition position = item.position;
    position.target_end = item.answer.target_end;
    if (item.answer.kind == TranslationKind::kExact) {
      position.source_offset = item.answer.offset;
    } else {
      position.source_offset = item.answer.position;
      *only_on_target += position.target_offset - item.answer.target_end;
      position.proof_text = absl::StrCat(WithCommas(position.target_offset - item.answer.target_end),
                                         " records before it are on the target only");
    }
    positions.push_back(std::move(position));
  }
  return positions;
}

}  // namespace replicator
