// What `replicator resume` means for one quarantined partition: where it would go on, and what that loses or doubles.
// Pure functions; the shard (a running process) and the command (on the store) both ask here.
#ifndef REPLICATOR_REPLICATOR_RESUME_H_
#define REPLICATOR_REPLICATOR_RESUME_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "replicator/partition.h"

namespace replicator {

struct ResumeFrom {
  enum class Kind : uint8_t {
    kWhereItStands,  // check again, and go on if the cause has passed
    kEarliest,       // the source's log start
    kLatest,         // the source's end
    kOffset,
  };
  Kind kind = Kind::kWhereItStands;
  int64_t offset = -1;  // when kOffset
};

// "" (where it stands), "earliest", "latest", or an offset.
absl::StatusOr<ResumeFrom> ParseResumeFrom(absl::string_view text);

struct ResumeFacts {
  QuarantineCode code = QuarantineCode::kTargetNotOurs;
  int64_t position = 0;
  // Of the source's log; nullopt: it was not asked.
  std::optional<int64_t> log_start;
  std::optional<int64_t> log_end;
};

struct ResumePlan {
  bool starts_anew = false;     // as a partition that was never copied
  std::optional<int64_t> from;  // goes on there; nullopt: where it stands, or where the source is to be asked for
  bool needs_yes = false;
  std::string text;  // sentences: what happens, what it loses or doubles
};

struct ResumeRequest {
  std::string topic;  // of the source
  int32_t partition = -1;
  std::string from;      // as ParseResumeFrom has it
  bool yes = false;      // what is lost or doubled is accepted
  bool dry_run = false;  // only say what it would do

  bool Allows(const ResumePlan& plan) const { return !dry_run && (yes || !plan.needs_yes); }
};

// InvalidArgument for an offset outside of the source's log, FailedPrecondition for what cannot help.
absl::StatusOr<ResumePlan> PlanResume(const ResumeFacts& facts, const ResumeFrom& from);

// The command with which to begin: it says what it would lose or double, and does nothing of that without --yes.
std::string ResumeCommand(QuarantineCode code, absl::string_view topic, int32_t partition, int64_t position);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_RESUME_H_
