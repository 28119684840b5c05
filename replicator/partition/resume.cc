#include "replicator/partition/resume.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace replicator {
namespace {

bool SourceIsNew(const ResumeFacts& facts) {
  return facts.source_is_new || facts.code == QuarantineCode::kSourceRecreated;
}

bool TargetIsNew(const ResumeFacts& facts) {
  return facts.target_is_new || facts.code == QuarantineCode::kTargetRecreated;
}

// Nothing of what was copied is there any more. Where topics have no ids, this is how one that was made anew shows.
bool TargetIsEmptied(const ResumeFacts& facts) {
  return facts.target_end == 0 && (TargetIsNew(facts) || facts.acknowledged_end.value_or(0) > 0);
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

// In words, where it is not known what of the source the target holds. REQUIRES: facts.position is not.
std::string ConsequenceWithoutPlace(const ResumeFacts& facts, const ResumeFrom& from,
                                    const std::optional<int64_t>& offset) {
  std::string text =
      "Where this copy stands was never known: it stopped before it began. Everything that the source has from ";
  if (offset.has_value()) {
    absl::StrAppend(&text, "offset ", *offset, " on");
  } else {
    absl::StrAppend(&text, from.kind == ResumeFrom::Kind::kLatest ? "its end on" : "its beginning on",
                    " when the process starts");
  }
  std::optional<int64_t> behind;
  if (offset.has_value() && facts.log_end.has_value()) behind = *facts.log_end - *offset;
  if (behind.has_value()) absl::StrAppend(&text, ", at most ", *behind, " records,");
  absl::StrAppend(&text, " is appended behind what the target partition holds");
  if (facts.target_end == 0) {
    absl::StrAppend(&text, ", which is nothing: none comes twice");
  } else if (facts.target_end.has_value() && behind.has_value()) {
    absl::StrAppend(&text, ", ", *facts.target_end, " offsets: up to ", std::min(*facts.target_end, *behind),
                    " records may come twice");
  } else {
    absl::StrAppend(&text,
                    ": whatever of it is there already comes twice; how much is not known while no process runs");
  }
  if (from.kind == ResumeFrom::Kind::kEarliest) return text + ". What the source no longer has stays missing";
  absl::StrAppend(&text, ". What lies below ", offset.has_value() ? absl::StrCat("offset ", *offset) : "that");
  if (offset.has_value() && facts.log_start.has_value())
    absl::StrAppend(&text, ", at most ", *offset - *facts.log_start, " records,");
  return text + " is taken as copied: what of it the target lacks stays missing, and is not counted as lost";
}

// Without --from.
absl::StatusOr<ResumePlan> PlanCheck(const ResumeFacts& facts) {
  ResumePlan plan;
  if (!facts.position.has_value()) {
    plan.text =
        "Its place is looked for again, in both topics as they are now, and it goes on if that is found. Nothing is "
        "lost or doubled";
    return plan;
  }
  if (SourceIsNew(facts) || TargetIsNew(facts)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the topic was deleted and made anew at the ", SourceIsNew(facts) ? "source" : "target",
                     ", so there is nothing to go on with: say from where with --from=earliest, --from=latest or "
                     "--from=OFFSET"));
  }
  plan.text = absl::StrCat("It is checked again at source offset ", *facts.position,
                           " and goes on if the cause has passed. Nothing is lost or doubled");
  return plan;
}

ResumePlan FillAnew() {
  ResumePlan plan;
  plan.starts_anew = true;
  plan.text =
      "It is copied into the empty target partition from its beginning. Nothing is doubled; what the source no longer "
      "has stays missing";
  return plan;
}

absl::Status HoldsRecords(const ResumeFacts& facts) {
  return absl::FailedPreconditionError(absl::StrCat(
      "the topic was deleted and made anew at the target, and the new one holds ", *facts.target_end,
      " offsets in this partition already: it cannot be filled from its beginning. Delete it there once more and say ",
      "--from=earliest again, or append behind what it holds with --from=", facts.log_start.value_or(0)));
}

// The target partition is empty although records were copied into it.
void FillFrom(const ResumeFacts& facts, ResumePlan& plan) {
  plan.text = "The target partition is empty: what was copied is gone there. ";
  if (!plan.from.has_value() || !facts.log_start.has_value()) {
    absl::StrAppend(&plan.text, "What the source has below is not copied again");
    plan.target_has_lost = true;
    return;
  }
  absl::StrAppend(&plan.text, "It is filled from source offset ", *plan.from, " on; nothing is doubled");
  plan.target_has_lost = plan.needs_yes = *plan.from > *facts.log_start;
  if (plan.target_has_lost) {
    absl::StrAppend(&plan.text, ". LOST: source offsets ", *facts.log_start, " to ", *plan.from - 1, ", at most ",
                    *plan.from - *facts.log_start, " records, which the source still has: --from=earliest copies them");
  }
}

// Whether the offsets that were copied are still those of the same records.
bool KeepsMap(const ResumeFacts& facts) {
  if (SourceIsNew(facts) || TargetIsNew(facts) || !facts.position.has_value()) return false;
  if (facts.code == QuarantineCode::kSourceTruncated || facts.code == QuarantineCode::kTargetLost) return false;
  return !facts.target_end.has_value() || *facts.target_end >= facts.acknowledged_end.value_or(0);
}

void AddWhatTheTargetLost(const ResumeFacts& facts, ResumePlan& plan) {
  if (plan.from.has_value() && *plan.from < *facts.position) return;  // some of it comes again
  if (!facts.target_end.has_value()) {
    absl::StrAppend(&plan.text, ", as long as the target holds what was copied there, which is not asked now");
  } else if (facts.acknowledged_end.has_value() && *facts.target_end < *facts.acknowledged_end) {
    plan.target_has_lost = true;
    absl::StrAppend(&plan.text, ". LOST besides: the target's offsets ", *facts.target_end, " to ",
                    *facts.acknowledged_end - 1, ", which were copied and are gone there");
  } else if (facts.acknowledged_end.has_value() && *facts.target_end > *facts.acknowledged_end) {
    absl::StrAppend(&plan.text, ". The target has ", *facts.target_end - *facts.acknowledged_end,
                    " records more than this link knows of: those of them that are copies of the source's come twice");
  }
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
  if (from.kind == ResumeFrom::Kind::kWhereItStands) return PlanCheck(facts);
  if (from.kind == ResumeFrom::Kind::kEarliest) {
    const bool was_placed = facts.position.has_value();
    if (was_placed ? TargetIsNew(facts) && facts.target_end.value_or(0) == 0 : facts.target_end == 0) return FillAnew();
    if (was_placed && TargetIsNew(facts)) return HoldsRecords(facts);
  }
  absl::StatusOr<std::optional<int64_t>> offset = Resolve(facts, from);
  if (!offset.ok()) return offset.status();
  ResumePlan plan;
  plan.from = *offset;
  plan.needs_yes = true;
  if (!facts.position.has_value()) {
    plan.text = ConsequenceWithoutPlace(facts, from, plan.from);
  } else if (TargetIsEmptied(facts)) {
    FillFrom(facts, plan);
  } else if (SourceIsNew(facts)) {
    plan.text = absl::StrCat(
        "MIXED: the records of the new source topic",
        plan.from.has_value() ? absl::StrCat(", from its offset ", *plan.from, " on,") : "",
        " are appended behind those of the old one. None comes twice, but the target then holds two histories");
  } else if (TargetIsNew(facts)) {
    plan.text = Consequence(facts.log_start.value_or(0), from, plan.from);
  } else {
    plan.text = Consequence(*facts.position, from, plan.from);
    AddWhatTheTargetLost(facts, plan);
  }
  plan.keeps_map = KeepsMap(facts);
  absl::StrAppend(&plan.text, ". It is appended behind what the target has when it goes on",
                  plan.keeps_map ? "" : ", and offsets below are no longer translated");
  return plan;
}

std::string ResumeCommand(QuarantineCode code, absl::string_view topic, int32_t partition,
                          std::optional<int64_t> position) {
  std::string command = absl::StrCat("replicator resume --topic=", topic, " --partition=", partition);
  if (!position.has_value()) return command;
  switch (code) {
    case QuarantineCode::kSourceDeleted:
    case QuarantineCode::kSourceHidden:
    case QuarantineCode::kTargetDeleted:
    case QuarantineCode::kTargetRefused:
    case QuarantineCode::kTargetSettings:
    case QuarantineCode::kUnsupportedBatch:
    case QuarantineCode::kMalformedBatch:
      return command;  // once the cause is mended
    case QuarantineCode::kForeignWrite:
      return absl::StrCat(command, " --from=", *position);
    case QuarantineCode::kTargetLost:
    case QuarantineCode::kTargetNotOurs:
    case QuarantineCode::kSourceTruncated:
    case QuarantineCode::kSourceRecreated:
    case QuarantineCode::kTargetRecreated:
      return command + " --from=earliest";
  }
  return command;
}

std::string ForFolder(const std::string& command, const std::string& state_dir) {
  if (state_dir.empty()) return command;
  std::error_code error;
  std::string path = std::filesystem::absolute(state_dir, error).string();
  if (error) path = state_dir;
  const auto is_plain = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("/._-+:@", c);
  };
  if (!std::all_of(path.begin(), path.end(), is_plain))
    path = absl::StrCat("'", absl::StrReplaceAll(path, {{"'", "'\\''"}}), "'");
  return absl::StrCat(command, " --state-dir=", path);
}

}  // namespace replicator
