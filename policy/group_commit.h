// Whether the offset that a group has committed at the source is committed for it on the target, for one partition.
//
// What is asked of it, whatever brokers, operators and crashes do in between:
//   - never backward: no value of ours is followed by a smaller one of ours;
//   - never over somebody else's value, and never again for a group that somebody uses on the target;
//   - what cannot be told (no answer, an unknown state) changes nothing.
// Kafka has no compare-and-set for committed offsets, so the caller looks and commits back to back, on one connection.
//
// N is the translated source commit, V what is committed on the target, W what we committed there last. The first row
// that fits decides:
//
//   | row | the group or its values                                            | decision                        |
//   |-----|--------------------------------------------------------------------|---------------------------------|
//   | A   | moved by a cutover: Empty, V = W, and W is old                      | commit W again (kRenew)         |
//   | B   | moved by a cutover, else                                            | leave (kMoved)                  |
//   | C   | left alone from an earlier look on                                  | leave (kLeftAlone)              |
//   | D   | state or V could not be asked                                       | leave (kTargetUnknown)          |
//   | E   | has members, had members, or is of another type                     | leave for good                  |
//   | F   | V, but no W                                                         | leave for good (kForeignCommit) |
//   | G   | V < W, or V > N while V is not W                                    | leave for good (kForeignCommit) |
//   | H   | no V, W confirmed, W younger than the target's retention            | leave for good (kDeleted)       |
//   | I   | no V, W confirmed, the target's retention is not known              | leave (kRetentionUnknown)       |
//   | J   | no N                                                                | leave, for the reason there     |
//   | K   | N < W                                                               | leave (kSourceWentBack)         |
//   | L   | no V                                                                | commit N (kFirst, kExpired)     |
//   | M   | V < N                                                               | commit N (kAdvance)             |
//   | N   | V = N, and W is old                                                 | commit N again (kRenew)         |
//   | O   | V = N                                                               | leave (kInStep)                 |
//
// Row G: a value between W and N is ours, from a commit that was made and not written down before a crash. To have that
// for a group's first commit, too, the caller writes it down, not confirmed, before it makes it. While N is not known,
// a V above W is not judged. Row E: commits from outside of a group give it no protocol type, a member does, and it
// stays when the members leave (the broker's GroupMetadata; OffsetCommit of a group that is missing). So an Empty group
// that has one had members, even if nobody saw them. Rows A, N: an offset of a group that never had a member expires so
// long after its commit (KIP-211, Kafka 2.1), so it is committed again in good time. "Old" is half of the target's
// retention; 12 hours where that is not known. Row H: an offset cannot have expired before, since W's time was taken
// before the commit was sent.
//
// Pure functions, any thread.
#ifndef REPLICATOR_POLICY_GROUP_COMMIT_H_
#define REPLICATOR_POLICY_GROUP_COMMIT_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace replicator::policy {

// Where the group's position at the source is on the target.
enum class GroupTranslation : uint8_t {
  kExact,
  kNoCommit,   // the source has no commit of the group for the partition (any more)
  kWait,       // the copy is not there yet
  kUnknown,    // what lies there was copied, and where it went is not known
  kNotCopied,  // what lies there was never copied: the copy began later
  kStale,      // the topic does not exist any more, or is not copied
};

enum class TargetGroupState : uint8_t {
  kUnknown,     // no answer, or not one that says
  kAbsent,      // ListGroups does not list it
  kEmpty,       // no members, and no protocol type: it never had any
  kHadMembers,  // no members now
  kHasMembers,
  kOtherType,  // a share or streams group, or one of the new consumer protocol
};

// What we committed on the target last. Times are Unix time in milliseconds.
struct OurCommit {
  int64_t offset = -1;
  int64_t at_ms = 0;  // taken before the commit was sent
  // false: written down before the first commit was made, and what became of that is not known.
  bool is_confirmed = true;
};

struct GroupCommitInput {
  GroupTranslation translation = GroupTranslation::kUnknown;
  int64_t translated_offset = -1;  // when kExact; 0 is a position like any other

  TargetGroupState target_state = TargetGroupState::kUnknown;
  bool is_target_commit_known = false;
  std::optional<int64_t> target_commit;  // nullopt: none, if known

  std::optional<OurCommit> ours;
  bool is_left_alone = false;  // an earlier decision said leave_for_good
  bool is_moved = false;       // a cutover has moved the group to the target
  int64_t now_ms = 0;
  std::optional<int64_t> target_retention_ms;  // offsets.retention.minutes of the target's brokers
};

enum class GroupCommitWhy : uint8_t {
  // to commit
  kFirst,
  kAdvance,
  kExpired,
  kRenew,
  // to leave
  kInStep,
  kMoved,
  kLeftAlone,
  kTargetUnknown,
  kTargetHasMembers,
  kTargetHadMembers,
  kTargetOtherType,
  kForeignCommit,
  kDeleted,
  kRetentionUnknown,
  kNoSourceCommit,
  kWait,
  kTranslationUnknown,
  kNotCopied,
  kStale,
  kSourceWentBack,
};

struct GroupCommitDecision {
  std::optional<int64_t> commit;  // nullopt: leave what is there
  GroupCommitWhy why = GroupCommitWhy::kTargetUnknown;
  // To be written down for the whole group: somebody else has it, and no later look may change that.
  bool leave_for_good = false;

  bool operator==(const GroupCommitDecision&) const = default;
};

// How old a commit of ours is when it is made again, so that it does not expire.
int64_t RenewAfterMs(std::optional<int64_t> target_retention_ms);

// Row J. REQUIRES: not kExact.
GroupCommitWhy WhyNotTranslated(GroupTranslation translation);

GroupCommitDecision DecideGroupCommit(const GroupCommitInput& input);

// For the operator: what it is, and what to do about it where something can be done.
std::string_view GroupCommitText(GroupCommitWhy why);

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_GROUP_COMMIT_H_
