#include "policy/group_commit.h"

namespace replicator::policy {
namespace {

// Well within the least that any broker has by default: a day (offsets.retention.minutes before Kafka 2.0).
constexpr int64_t kRenewAfterMs = int64_t{12} * 60 * 60 * 1000;

GroupCommitDecision Commit(int64_t offset, GroupCommitWhy why) { return {.commit = offset, .why = why}; }
GroupCommitDecision Leave(GroupCommitWhy why) { return {.commit = std::nullopt, .why = why}; }
GroupCommitDecision LeaveForGood(GroupCommitWhy why) {
  return {.commit = std::nullopt, .why = why, .leave_for_good = true};
}

bool IsOld(const GroupCommitInput& in) { return in.now_ms - in.ours->at_ms >= RenewAfterMs(in.target_retention_ms); }

// Rows A and B.
GroupCommitDecision DecideMoved(const GroupCommitInput& in) {
  const bool is_untouched = in.target_state == TargetGroupState::kEmpty && in.is_target_commit_known &&
                            in.ours.has_value() && in.target_commit == in.ours->offset;
  if (is_untouched && IsOld(in)) return Commit(in.ours->offset, GroupCommitWhy::kRenew);
  return Leave(GroupCommitWhy::kMoved);
}

// Rows D and E: whether the group may be touched at all.
std::optional<GroupCommitDecision> RefuseState(const GroupCommitInput& in) {
  switch (in.target_state) {
    case TargetGroupState::kUnknown:
      return Leave(GroupCommitWhy::kTargetUnknown);
    case TargetGroupState::kHasMembers:
      return LeaveForGood(GroupCommitWhy::kTargetHasMembers);
    case TargetGroupState::kHadMembers:
      return LeaveForGood(GroupCommitWhy::kTargetHadMembers);
    case TargetGroupState::kOtherType:
      return LeaveForGood(GroupCommitWhy::kTargetOtherType);
    case TargetGroupState::kAbsent:
    case TargetGroupState::kEmpty:
      break;
  }
  if (!in.is_target_commit_known) return Leave(GroupCommitWhy::kTargetUnknown);
  return std::nullopt;
}

// Rows F to I: whether what is there, or is there no more, is ours.
std::optional<GroupCommitDecision> RefuseCommit(const GroupCommitInput& in) {
  if (in.target_commit.has_value()) {
    if (!in.ours.has_value() || *in.target_commit < in.ours->offset)
      return LeaveForGood(GroupCommitWhy::kForeignCommit);
    const bool is_beyond = in.translation == GroupTranslation::kExact && *in.target_commit > in.translated_offset;
    if (is_beyond && *in.target_commit != in.ours->offset) return LeaveForGood(GroupCommitWhy::kForeignCommit);
    return std::nullopt;
  }
  if (!in.ours.has_value() || !in.ours->is_confirmed) return std::nullopt;
  if (!in.target_retention_ms.has_value()) return Leave(GroupCommitWhy::kRetentionUnknown);
  if (in.now_ms - in.ours->at_ms < *in.target_retention_ms) return LeaveForGood(GroupCommitWhy::kDeleted);
  return std::nullopt;
}

}  // namespace

int64_t RenewAfterMs(std::optional<int64_t> target_retention_ms) {
  return target_retention_ms.has_value() ? *target_retention_ms / 2 : kRenewAfterMs;
}

GroupCommitWhy WhyNotTranslated(GroupTranslation translation) {
  switch (translation) {
    case GroupTranslation::kNoCommit:
      return GroupCommitWhy::kNoSourceCommit;
    case GroupTranslation::kWait:
      return GroupCommitWhy::kWait;
    case GroupTranslation::kNotCopied:
      return GroupCommitWhy::kNotCopied;
    case GroupTranslation::kStale:
      return GroupCommitWhy::kStale;
    case GroupTranslation::kExact:
    case GroupTranslation::kUnknown:
      break;
  }
  return GroupCommitWhy::kTranslationUnknown;
}

GroupCommitDecision DecideGroupCommit(const GroupCommitInput& in) {
  if (in.is_moved) return DecideMoved(in);
  if (in.is_left_alone) return Leave(GroupCommitWhy::kLeftAlone);
  if (std::optional<GroupCommitDecision> refused = RefuseState(in); refused.has_value()) return *refused;
  if (std::optional<GroupCommitDecision> refused = RefuseCommit(in); refused.has_value()) return *refused;

  if (in.translation != GroupTranslation::kExact) return Leave(WhyNotTranslated(in.translation));
  const int64_t translated = in.translated_offset;
  if (in.ours.has_value() && translated < in.ours->offset) return Leave(GroupCommitWhy::kSourceWentBack);
  if (!in.target_commit.has_value()) {
    const bool had_one = in.ours.has_value() && in.ours->is_confirmed;
    return Commit(translated, had_one ? GroupCommitWhy::kExpired : GroupCommitWhy::kFirst);
  }
  if (*in.target_commit < translated) return Commit(translated, GroupCommitWhy::kAdvance);
  if (IsOld(in)) return Commit(translated, GroupCommitWhy::kRenew);
  return Leave(GroupCommitWhy::kInStep);
}

std::string_view GroupCommitText(GroupCommitWhy why) {
  switch (why) {
    case GroupCommitWhy::kFirst:
      return "committed for the first time";
    case GroupCommitWhy::kAdvance:
      return "committed";
    case GroupCommitWhy::kExpired:
      return "committed again, since it had expired on the target";
    case GroupCommitWhy::kRenew:
      return "committed again, so that it does not expire";
    case GroupCommitWhy::kInStep:
      return "in step";
    case GroupCommitWhy::kMoved:
      return "moved to the target";
    case GroupCommitWhy::kLeftAlone:
      return "left alone: somebody else has used the group on the target";
    case GroupCommitWhy::kTargetUnknown:
      return "the target does not tell the group's state or its offsets at present; asked again";
    case GroupCommitWhy::kTargetHasMembers:
      return "left alone from now on: the group has members on the target";
    case GroupCommitWhy::kTargetHadMembers:
      return "left alone from now on: the group has had members on the target";
    case GroupCommitWhy::kTargetOtherType:
      return "left alone from now on: the group on the target is not of the classic type";
    case GroupCommitWhy::kForeignCommit:
      return "left alone from now on: somebody else has committed an offset for the group on the target";
    case GroupCommitWhy::kDeleted:
      return "left alone from now on: somebody has deleted the group's offset on the target";
    case GroupCommitWhy::kRetentionUnknown:
      return "the offset is gone from the target, and whether it expired or was deleted cannot be told: give "
             "replicator's user DESCRIBE_CONFIGS on the target's cluster resource";
    case GroupCommitWhy::kNoSourceCommit:
      return "no offset is committed at the source";
    case GroupCommitWhy::kWait:
      return "the copy has not come to the group's offset yet";
    case GroupCommitWhy::kTranslationUnknown:
      return "where the group's offset lies on the target is not known";
    case GroupCommitWhy::kNotCopied:
      return "the group's next records were not copied: the copy of the partition began behind them";
    case GroupCommitWhy::kStale:
      return "the topic does not exist any more, or is not copied";
    case GroupCommitWhy::kSourceWentBack:
      return "the group went back at the source, and its offset on the target is never taken back";
  }
  return "";
}

}  // namespace replicator::policy
