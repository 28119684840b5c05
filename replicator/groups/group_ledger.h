// What must outlive this process about consumer groups: what we committed on the target for each, which are left alone
// for good, which a cutover has moved. Without it a commit of our own could not be told from somebody else's.
//
// As records of the link's log (memory/link_log.h), ordered by group:
//   G length(4) group            the group as a whole: Group of group_record.proto
//   G length(4) group topic      what was committed for one topic of it, by the source's name: GroupTopic
// `length` is that of the group's name, big-endian. A group's first commit for a partition is written down, not
// confirmed, before it is made; later ones may be written afterwards: what lies between the last one that is written
// down and where the group is by now is ours (policy/group_commit.h, row G).
//
// Plain values without I/O or locks; one thread at a time.
#ifndef REPLICATOR_REPLICATOR_GROUPS_GROUP_LEDGER_H_
#define REPLICATOR_REPLICATOR_GROUPS_GROUP_LEDGER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/group_commit.h"
#include "replicator/memory/link_log.h"

namespace replicator {

// Raised when a value changes its meaning: an older program then refuses the log instead of misreading it.
inline constexpr uint32_t kGroupSchemaVersion = 1;
inline constexpr char kGroupRecordKind = 'G';

class GroupLedger {
 public:
  struct LeftAlone {
    policy::GroupCommitWhy why;
    int64_t at_ms = 0;  // Unix time
  };
  struct Group {
    // By topic of the source, then by partition.
    std::map<std::string, std::map<int32_t, policy::OurCommit>> ours;
    std::optional<LeftAlone> left_alone;
    int64_t moved_at_ms = 0;

    bool is_moved() const { return moved_at_ms != 0; }
    const policy::OurCommit* Find(absl::string_view topic, int32_t partition) const;
  };

  // From what LinkLog::Restored(kGroupRecordKind) gives. FailedPrecondition: of a later version, or not readable.
  static absl::StatusOr<GroupLedger> Restore(const std::map<std::string, std::string>& records);

  // nullptr: nothing is known of it.
  const Group* Find(const std::string& group) const;
  const std::map<std::string, Group>& groups() const { return groups_; }

  // These change what is known, and what TakeChanges gives.
  void SetCommit(const std::string& group, const std::string& topic, int32_t partition, policy::OurCommit commit);
  // The first reason stays.
  void LeaveAlone(const std::string& group, policy::GroupCommitWhy why, int64_t now_ms);
  void SetMoved(const std::string& group, int64_t now_ms);

  // What has changed since the last call, to be written in one piece. What is said of a topic is always all of it.
  std::vector<LinkLog::Record> TakeChanges();

 private:
  std::map<std::string, Group> groups_;
  std::set<std::pair<std::string, std::string>> changed_;  // group and topic; no topic: the group as a whole
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_GROUP_LEDGER_H_
