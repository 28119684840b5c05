#include "replicator/resume.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace replicator {
namespace {

bool IsRecreated(QuarantineCode code) {
  return code == QuarantineCode::kSourceRecreated || code == QuarantineCode::kTargetRecreated;
}

// Where `from` is, if that can be told.
absl::StatusOr<std::optional<int64_t>> Resolve(const ResumeFacts& facts, const ResumeFrom& from) {
  if (from.kind == ResumeFrom::Kind::kEarliest) return facts.log_start;
  if (from.kind == ResumeFrom::Kind::kLatest) return facts.log_end;
  if ((facts.log_start.has_value() && from.offset < *facts.log_start) ||
      (facts.log_end.has_value() && from.offset > *facts.log_end)) {
    return absl::InvalidArgumentError(absl::StrCat("offset ", from.offset,
                                                   " is outside of the source's log, which has ", *facts.log_start,
                                                   " to ", *facts.log_end));
  }
  return from.offset;
}

// In words, for one history of the source.
std::string Consequence(int64_t position, const ResumeFrom& from, const std::optional<int64_t>& offset) {
  if (!offset.has_value()) {
    return from.kind == ResumeFrom::Kind::kEarliest
               ? absl::StrCat("Everything that was copied and is still at the source, of what lies below offset ",
                              position, ", comes into the target twice; how much is not known while no process runs")
               : absl::StrCat("Everything that the source has from offset ", position,
                              " on when the process starts is left out; how much is not known while no process runs");
  }
  if (*offset > position)
    return absl::StrCat("LOST: source offsets ", position, " to ", *offset - 1, ", at most ", *offset - position,
                        " records, are never copied");
  if (*offset < position)
    return absl::StrCat("DOUBLED: source offsets ", *offset, " to ", position - 1, ", at most ", position - *offset,
                        " records, are copied a second time");
  return "No record is left out; a batch that was under way when the partition stopped may come twice";
}

}  // namespace

absl::StatusOr<ResumeFrom> ParseResumeFrom(absl::string_view text) {
  if (text.empty()) return ResumeFrom();
  if (text == "earliest") return ResumeFrom{ResumeFrom::Kind::kEarliest};
  if (text == "latest") return ResumeFrom{ResumeFrom::Kind::kLatest};
  ResumeFrom from{ResumeFrom::Kind::kOffset};
  if (absl::SimpleAtoi(text, &from.offset) && from.offset >= 0) return from;
  return absl::InvalidArgumentError(
      absl::StrCat("--from=", text, " is none of earliest, latest and an offset of the source"));
}

absl::StatusOr<ResumePlan> PlanResume(const ResumeFacts& facts, const ResumeFrom& from) {
  ResumePlan plan;
  if (from.kind == ResumeFrom::Kind::kWhereItStands) {
    if (IsRecreated(facts.code)) {
      return absl::FailedPreconditionError(
          "the topic was deleted and made anew, so there is nothing to go on with: say from where with "
          "--from=earliest, --from=latest or --from=OFFSET");
    }
    plan.text = absl::StrCat("It is checked again at source offset ", facts.position,
                             " and goes on if the cause has passed. Nothing is lost or doubled");
    return plan;
  }
  if (facts.code == QuarantineCode::kTargetRecreated && from.kind == ResumeFrom::Kind::kEarliest) {
    plan.starts_anew = true;
    plan.text =
        "It is copied into the new target topic from its beginning. Nothing is doubled; what the source no longer has "
        "stays missing";
    return plan;
  }
  absl::StatusOr<std::optional<int64_t>> offset = Resolve(facts, from);
  if (!offset.ok()) return offset.status();
  plan.from = *offset;
  plan.needs_yes = true;
  if (facts.code == QuarantineCode::kSourceRecreated) {
    plan.text = absl::StrCat(
        "MIXED: the records of the new source topic",
        plan.from.has_value() ? absl::StrCat(", from its offset ", *plan.from, " on,") : "",
        " are appended behind those of the old one. None comes twice, but the target then holds two histories");
  } else {
    plan.text = Consequence(facts.code == QuarantineCode::kTargetRecreated ? 0 : facts.position, from, plan.from);
  }
  absl::StrAppend(&plan.text,
                  ". It is appended behind what the target has when it goes on, and offsets below are no "
                  "longer translated");
  return plan;
}

std::string ResumeCommand(QuarantineCode code, absl::string_view topic, int32_t partition, int64_t position) {
  std::string command = absl::StrCat("replicator resume --topic=", topic, " --partition=", partition);
  switch (code) {
    case QuarantineCode::kSourceDeleted:
    case QuarantineCode::kTargetDeleted:
    case QuarantineCode::kTargetRefused:
    case QuarantineCode::kUnsupportedBatch:
    case QuarantineCode::kMalformedBatch:
      return command;  // once the cause is mended
    case QuarantineCode::kForeignWrite:
      return absl::StrCat(command, " --from=", position);
    case QuarantineCode::kTargetLost:
    case QuarantineCode::kTargetNotOurs:
    case QuarantineCode::kSourceTruncated:
    case QuarantineCode::kSourceRecreated:
    case QuarantineCode::kTargetRecreated:
      return command + " --from=earliest";
  }
  return command;
}

}  // namespace replicator
