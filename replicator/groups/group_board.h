// The consumer groups of a link as they are known at this moment, and what follows from it: which offsets have to be
// translated, which groups have to be looked at on the target, what is to be committed there. What has not changed
// since it was seen in step is asked nothing, until its commit on the target has to be renewed.
//
// A cycle of group_sync.h calls, in this order: SetGroups (when they were listed), TakeSource, Questions, TakeAnswer,
// Active, Plan, TakeCommitted. Pure: no I/O, clock or thread. Decisions are those of policy/group_commit.h; what must
// outlive the process is in the ledger.
#ifndef REPLICATOR_REPLICATOR_GROUPS_GROUP_BOARD_H_
#define REPLICATOR_REPLICATOR_GROUPS_GROUP_BOARD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/group_requests.h"
#include "policy/group_commit.h"
#include "replicator/copy/translation.h"
#include "replicator/groups/group_ledger.h"
#include "replicator/status/group_status.h"

namespace replicator {

// What the target says of one group.
struct GroupLook {
  kafka::GroupDescription description;
  kafka::GroupOffsets offsets;
};

// One topic-partition for which a group has committed at the source.
struct GroupItem {
  int64_t source_offset = -1;
  std::optional<std::string> metadata;
  policy::GroupTranslation translation = policy::GroupTranslation::kUnknown;
  int64_t target_offset = -1;                 // when kExact
  std::optional<policy::GroupCommitWhy> why;  // nullopt: not decided since the source's commit changed
  std::string trouble;                        // in place of `why`
  bool is_translated = false;                 // asked for since the source's commit changed
  bool is_settled = false;                    // as the target has it: nothing is to be done before renew_at_ms
  int64_t renew_at_ms = 0;
  // For what does not change soon by itself: asked again then, and less and less often.
  int64_t ask_at_ms = 0;
  int asked = 0;
  // Sent, and whether it was committed is not known.
  std::optional<policy::OurCommit> attempted;
};

struct PlannedCommit {
  GroupItem* item = nullptr;
  std::string source_topic;
  kafka::OffsetToCommit commit;
  bool is_first = false;  // to be written down before it is made
};

class GroupBoard {
 public:
  // `target_topic`: the name of a source's topic on the target. `interval_ms`: from cycle to cycle.
  GroupBoard(GroupLedger ledger, std::function<std::string(const std::string&)> target_topic, int64_t interval_ms);

  // Those that are to be kept in step; what is known of others is forgotten, but for the ledger. `not_moved`: groups of
  // other types, and their types.
  void SetGroups(const std::vector<std::string>& groups, std::map<std::string, std::string> not_moved);
  // Whose offsets at the source count: neither left alone nor moved.
  std::vector<std::string> ToFetch() const;
  // What the source says of one of these.
  void TakeSource(const std::string& group, const absl::StatusOr<kafka::GroupOffsets>& offsets);

  // A question, and where its answer belongs. The pointer holds until the next SetGroups or TakeSource.
  struct Question {
    TranslationQuestion ask;
    GroupItem* item = nullptr;
  };
  std::vector<Question> Questions(int64_t now_ms);
  void TakeAnswer(GroupItem& item, const TranslationAnswer& answer, int64_t now_ms);

  // Groups that may have something to be committed.
  std::vector<std::string> Active(int64_t now_ms) const;
  // One of them has a partition for which nothing of ours was ever committed.
  bool HasFirst(const std::string& group, int64_t now_ms) const;
  // What is to be committed for a group, by this look at it; nothing, too, when it is left alone from now on. What was
  // found to be in step already is settled.
  std::vector<PlannedCommit> Plan(const std::string& group, const GroupLook& look, int64_t now_ms);
  // Into the ledger, not confirmed: those that are first.
  void WriteDownFirst(const std::string& group, const std::vector<PlannedCommit>& planned, int64_t now_ms);

  // What became of a commit that was sent at `sent_ms`: refused partitions, or an error that leaves it open; what was
  // read back, nullopt if that was not answered.
  void TakeCommitted(const std::string& group, const std::vector<PlannedCommit>& planned,
                     const absl::StatusOr<std::vector<kafka::RefusedCommit>>& refused,
                     const std::optional<kafka::GroupOffsets>& read_back, int64_t sent_ms);
  // A group could not be asked about on the target; OK when it could again.
  void SetTargetTrouble(const std::string& group, const absl::Status& why);

  // offsets.retention.minutes of the target; nullopt: not known.
  void set_target_retention_ms(std::optional<int64_t> retention_ms) { retention_ms_ = retention_ms; }

  GroupLedger& ledger() { return ledger_; }
  // A commit for it was sent, and may still reach the broker.
  bool IsUnsure(const std::string& group) const;
  // Sentences on groups that are left alone since the last call.
  std::vector<std::string> TakeNews() { return std::exchange(news_, {}); }

  // A line for each group, by name.
  std::vector<GroupLine> Lines() const;

 private:
  struct Entry {
    std::map<kafka::TopicPartition, GroupItem> items;
    absl::Status source;  // how it was asked there last
    bool was_asked = false;
    std::string trouble;  // on the target
    // A commit was sent, and nobody knows whether it was made: bytes of a closed connection may still reach the broker.
    // Nothing is committed before that much time has passed since the target answered again.
    bool is_unsure = false;
    int64_t sure_at_ms = 0;  // 0: it has not answered again yet
  };

  bool IsHandsOff(const std::string& group) const;
  bool IsActive(const GroupItem& item, int64_t now_ms) const;
  void Settle(GroupItem& item, int64_t at_ms) const;
  void LeaveAlone(const std::string& group, policy::GroupCommitWhy why, const std::string& where, int64_t now_ms);
  GroupLine LineOf(const std::string& group, const Entry& entry) const;

  GroupLedger ledger_;
  const std::function<std::string(const std::string&)> target_topic_;
  const int64_t interval_ms_;
  std::map<std::string, Entry> groups_;
  std::map<std::string, std::string> not_moved_;
  std::optional<int64_t> retention_ms_;
  std::vector<std::string> news_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_GROUP_BOARD_H_
