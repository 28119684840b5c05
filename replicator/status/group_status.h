// What can be told of a link's consumer groups at one moment: which are in step on the target, which are not, and why.
// Plain values, made by the running process (groups/group_board.h); as JSON they go over the socket of the state folder
// and to scripts; as text, to people. Pure.
#ifndef REPLICATOR_REPLICATOR_STATUS_GROUP_STATUS_H_
#define REPLICATOR_REPLICATOR_STATUS_GROUP_STATUS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace replicator {

// Raised when a field of the JSON changes its meaning or goes away; new fields do not raise it.
inline constexpr int kGroupsSchemaVersion = 1;

// Worst last.
enum class GroupState : uint8_t {
  kInStep,     // every partition that can be is committed on the target where the group stands at the source
  kMoved,      // by a cutover
  kWaiting,    // for the copy, or for the first look
  kNotMoved,   // of a type that this program does not move
  kLeftAlone,  // somebody else uses it on the target: nothing is committed for it any more
  kTrouble,    // what stands behind its name
};
const char* GroupStateName(GroupState state);

struct GroupLine {
  std::string group;
  GroupState state = GroupState::kWaiting;
  int partitions = 0;    // with a commit at the source
  int in_step = 0;       // of these
  int64_t since_ms = 0;  // left alone, or moved, since; Unix time
  std::string why;       // half a sentence; empty when there is nothing to say
  bool operator==(const GroupLine&) const = default;
};

struct GroupsStatus {
  bool is_enabled = false;    // sync.group.offsets.enabled
  int64_t as_of_ms = 0;       // Unix time
  int64_t last_cycle_ms = 0;  // when the last one ended; 0: none has
  int64_t interval_seconds = 0;
  std::string trouble;                           // why groups cannot be kept in step at present
  std::vector<std::string> excluded_by_default;  // match groups, and the default of groups.exclude
  std::vector<GroupLine> groups;                 // by name

  int Count(GroupState state) const;
};

// "48 of 50 in step, 1 waiting, 1 left alone"; with what hinders all of them.
std::string GroupsSummary(const GroupsStatus& status);

// A head, and a line for each group, the worst first. `now_ms`: Unix time, for ages.
std::string GroupsText(const GroupsStatus& status, int64_t now_ms);

std::string ToJson(const GroupsStatus& status);
// InvalidArgument for what is not such a text, or of another schema version.
absl::StatusOr<GroupsStatus> ParseGroupsStatus(const std::string& json);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_STATUS_GROUP_STATUS_H_
