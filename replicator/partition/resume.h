// What `replicator resume` means for one quarantined partition: where it would go on, and what that loses or doubles.
// Pure functions; the shard (a running process) and the command (on the store) both ask here.
#ifndef REPLICATOR_REPLICATOR_PARTITION_RESUME_H_
#define REPLICATOR_REPLICATOR_PARTITION_RESUME_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "replicator/partition/partition.h"

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
  // The next source offset to look at; nullopt: the copy never began, so what of the source is on the target already
  // is not known.
  std::optional<int64_t> position;
  // What the target partition held when everything below `position` was on it; nullopt without a position.
  std::optional<int64_t> acknowledged_end = std::nullopt;
  // Where it ends now; nullopt: it was not asked.
  std::optional<int64_t> target_end;
  // Of the source's log; nullopt: it was not asked.
  std::optional<int64_t> log_start;
  std::optional<int64_t> log_end;
  // The topic has another id than the one that was copied from, or into.
  bool source_is_new = false;
  bool target_is_new = false;
};

struct ResumePlan {
  bool starts_anew = false;     // as a partition that was never copied
  std::optional<int64_t> from;  // goes on there; nullopt: where it stands, or where the source is to be asked for
  bool keeps_map = false;       // with `from`: what was copied below is still where it was on both sides
  bool needs_yes = false;
  // The target lacks what was copied, and some of that is not copied again: nothing that could be known before it was
  // asked.
  bool target_has_lost = false;
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
// Without a position none that could lose or double is proposed.
std::string ResumeCommand(QuarantineCode code, absl::string_view topic, int32_t partition,
                          std::optional<int64_t> position);
// The same for a shell, wherever it stands: with the folder of the link, unless that is empty.
std::string ForFolder(const std::string& command, const std::string& state_dir);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_RESUME_H_
