// What is asked of a cutover of consumer groups, and what can be told of it: while it runs, when it is done, and for as
// long as the link lives. Plain values; as JSON they go over the socket of the state folder and to scripts; as text, to
// people. Pure.
#ifndef REPLICATOR_REPLICATOR_STATUS_CUTOVER_STATUS_H_
#define REPLICATOR_REPLICATOR_STATUS_CUTOVER_STATUS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "replicator/base/exit_code.h"

namespace replicator {

// Raised when a field of the JSON changes its meaning or goes away; new fields do not raise it.
inline constexpr int kCutoverSchemaVersion = 1;

// What becomes of a partition of the group's topics for which it has committed nothing.
enum class MissingCommits : uint8_t { kFail, kEarliest, kEnd };

struct CutoverRequest {
  enum class Action : uint8_t { kCutover, kRollback, kRelease };
  Action action = Action::kCutover;
  std::vector<std::string> groups;
  int64_t wait_ms = 0;  // for the group to become Empty, and for the copy
  bool is_dry_run = false;
  MissingCommits missing = MissingCommits::kFail;
  bool overwrite_target = false;
  bool is_strict = false;  // what cannot be proven is refused
  bool yes = false;
  std::vector<std::string> evict;  // members to be removed, by client id or instance id
  std::string who;                 // the user who asks, and where
};
std::string ToJson(const CutoverRequest& request);
// InvalidArgument says what the body has to be like.
absl::StatusOr<CutoverRequest> ParseCutoverRequest(const std::string& json);

enum class CutoverPhase : uint8_t {
  kNone,         // nothing is written down
  kHolding,      // the group is held at the source, nothing more
  kCommitting,   // its positions are fixed, and may be committed on the target by now
  kMoved,        // committed and read back
  kRollingBack,  // positions at the source are fixed, and may be committed there by now
  kRolledBack,
};
const char* CutoverPhaseName(CutoverPhase phase);
std::optional<CutoverPhase> CutoverPhaseNamed(const std::string& name);

struct CutoverPosition {
  std::string topic;  // of the source
  int32_t partition = -1;
  int64_t source_offset = -1;
  int64_t target_offset = -1;
  int64_t target_end = -1;               // of the target's log by then; -1: not known
  std::optional<int64_t> target_before;  // what was committed on the target before
  std::optional<std::string> metadata;
  std::string proof;       // ProofResultName; "" when none was made
  std::string proof_text;  // what was found
  bool operator==(const CutoverPosition&) const = default;

  int64_t lag() const { return target_end < 0 ? -1 : target_end > target_offset ? target_end - target_offset : 0; }
};

// What is written down of a group's last cutover. Times are Unix time in milliseconds.
struct CutoverRecord {
  std::string group;
  CutoverPhase phase = CutoverPhase::kNone;
  std::string who;
  int64_t started_ms = 0;
  int64_t held_ms = 0;   // from when on nobody could go on at the source
  int64_t moved_ms = 0;  // when it was read back on the target, or at the source after a rollback
  bool is_held = false;  // at the source
  std::vector<CutoverPosition> positions;
  bool operator==(const CutoverRecord&) const = default;
};

// One group, as a command shows it.
struct CutoverLine {
  CutoverRecord record;
  bool is_running = false;
  int64_t run = 0;   // counts the commands for this group; the last one
  int step = 0;      // 1 ... 7
  std::string text;  // what it is doing, or how it ended
  ExitCode code = ExitCode::kDone;
  std::string hold_trouble;  // why it is not, or may not be, held at present
};

struct CutoverStatus {
  std::string link;
  std::string source_cluster_id;
  std::string target_cluster_id;
  std::string target_bootstrap_servers;
  std::vector<CutoverLine> groups;  // by name
};
std::string ToJson(const CutoverStatus& status);
// InvalidArgument for what is not such a text, or of another schema version.
absl::StatusOr<CutoverStatus> ParseCutoverStatus(const std::string& json);

// A line for each group: moved, when and by whom, and whether it is held.
std::string CutoverListText(const CutoverStatus& status);
// The report on one group: a table of its partitions, and what to do next.
std::string CutoverReportText(const CutoverStatus& status, const CutoverLine& line);

// "2026-11-30 18:31:02 UTC"
std::string CutoverTimeText(int64_t unix_ms);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_STATUS_CUTOVER_STATUS_H_
