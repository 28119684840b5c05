// Whether a group may be cut over, or rolled back, by what both sides say of it at one moment; and the words. Whatever
// cannot be told refuses: a refusal changes nothing, and names the way on.
//
// Pure functions over plain values, any thread.
#ifndef REPLICATOR_REPLICATOR_GROUPS_CUTOVER_PLAN_H_
#define REPLICATOR_REPLICATOR_GROUPS_CUTOVER_PLAN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kafka/client/group_requests.h"
#include "replicator/base/exit_code.h"
#include "replicator/copy/translation.h"
#include "replicator/groups/group_ledger.h"
#include "replicator/groups/proof.h"
#include "replicator/status/cutover_status.h"

namespace replicator {

// Why it does not go on.
struct CutoverStop {
  ExitCode code = ExitCode::kBlocked;
  std::string text;
};

// One partition of a topic for which the group has committed.
struct CutoverItem {
  kafka::TopicPartition partition;   // of the source
  std::optional<int64_t> committed;  // at the source; nullopt: missing
  std::optional<std::string> metadata;
  std::optional<int64_t> source_end;      // of what can be read there; nullopt: not known
  TranslationAnswer answer;               // of `wanted`
  int64_t wanted = -1;                    // the source offset that is to be moved: committed, or by --missing
  std::optional<int64_t> on_target;       // committed there for the group
  std::optional<policy::OurCommit> ours;  // what we committed there last
  std::optional<int64_t> left_by_us;      // where an earlier cutover that was rolled back found or left it
};

struct CutoverView {
  std::string group;
  std::string nearest;  // another group's name that is like it
  kafka::GroupDescription source;
  bool is_held_by_us = false;
  kafka::GroupDescription target;
  bool is_stable = true;                     // GroupOffsets::is_stable at the source, or found out otherwise
  std::map<std::string, int> source_topics;  // partitions of those that exist
  std::vector<CutoverItem> items;            // by topic and partition
  std::optional<CutoverRecord> record;
  std::string target_name;  // "target cluster new"
};

// What the operator is told on the way, and nothing follows from.
using CutoverNotes = std::vector<std::string>;

// Adds the partitions for which nothing is committed, of the topics that have some; drops those of topics that do not
// exist any more, with a note.
void Complete(CutoverView& view, CutoverNotes& notes);

// nullopt: it may go on. By step: whether this is a group that can be moved at all; whether its members are gone;
// whether the target may be written.
std::optional<CutoverStop> JudgeSource(const CutoverView& view, const CutoverRequest& request);
std::optional<CutoverStop> JudgeEmpty(const CutoverView& view);
std::optional<CutoverStop> JudgeTarget(const CutoverView& view, const CutoverRequest& request);

// Members at the source that are to be removed, by their ids: all of them when all are named by their client id or
// instance id; else none.
std::vector<std::string> ToEvict(const kafka::GroupDescription& source, const CutoverRequest& request);

// How far what is kept on the target is behind what this process knows (memory/changelog.h).
struct LogLag {
  double behind_seconds = 0;
  std::string trouble;  // why it cannot be written
};
// Neither a cutover nor a rollback begins without a fresh log: what they write down has to reach it, and who takes over
// knows no more than it says.
std::optional<CutoverStop> JudgeLog(const LogLag& lag);

// How far the copy is behind the positions, in source offsets; 0: it is past all of them.
int64_t Behind(const std::vector<CutoverItem>& items);
// All of them are exact; or the first that is not.
std::optional<CutoverStop> JudgeTranslation(const std::vector<CutoverItem>& items);

std::optional<CutoverStop> JudgeProofs(const std::vector<CutoverPosition>& positions, const CutoverRequest& request);

// What stands against a rollback.
struct RollbackView {
  std::string group;
  std::optional<CutoverRecord> record;
  kafka::GroupDescription source;
  bool is_held_by_us = false;
  kafka::GroupDescription target;
  std::vector<std::string> read_on;  // partitions where the source's commits are not those that were moved
  // Of the target: what is committed there, translated back.
  struct Item {
    CutoverPosition position;  // target_offset as it is now; source_offset when it is known
    TranslationAnswer answer;  // of the way back
  };
  std::vector<Item> items;
};
std::optional<CutoverStop> JudgeRollback(const RollbackView& view, const CutoverRequest& request);
// The positions at the source, and how many records of each only the target has.
std::vector<CutoverPosition> RollbackPositions(const RollbackView& view, int64_t* only_on_target);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_CUTOVER_PLAN_H_
