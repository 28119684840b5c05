#include "replicator/partition/quarantine.h"

#include "absl/strings/str_cat.h"

namespace replicator {

const char* QuarantineCodeName(QuarantineCode code) {
  switch (code) {
    case QuarantineCode::kForeignWrite:
      return "foreign-write";
    case QuarantineCode::kTargetLost:
      return "target-lost";
    case QuarantineCode::kTargetNotOurs:
      return "target-not-ours";
    case QuarantineCode::kTargetRefused:
      return "target-refused";
    case QuarantineCode::kTargetSettings:
      return "target-settings";
    case QuarantineCode::kSourceTruncated:
      return "source-truncated";
    case QuarantineCode::kSourceRecreated:
      return "source-recreated";
    case QuarantineCode::kSourceDeleted:
      return "source-deleted";
    case QuarantineCode::kSourceHidden:
      return "source-hidden";
    case QuarantineCode::kTargetRecreated:
      return "target-recreated";
    case QuarantineCode::kTargetDeleted:
      return "target-deleted";
    case QuarantineCode::kUnsupportedBatch:
      return "unsupported-batch";
    case QuarantineCode::kMalformedBatch:
      return "malformed-batch";
  }
  return "unknown";
}

std::optional<QuarantineCode> ParseQuarantineCode(const std::string& name) {
  for (QuarantineCode code :
       {QuarantineCode::kForeignWrite, QuarantineCode::kTargetLost, QuarantineCode::kTargetNotOurs,
        QuarantineCode::kTargetRefused, QuarantineCode::kTargetSettings, QuarantineCode::kSourceTruncated,
        QuarantineCode::kSourceRecreated, QuarantineCode::kSourceDeleted, QuarantineCode::kSourceHidden,
        QuarantineCode::kTargetRecreated, QuarantineCode::kTargetDeleted, QuarantineCode::kUnsupportedBatch,
        QuarantineCode::kMalformedBatch}) {
    if (name == QuarantineCodeName(code)) return code;
  }
  return std::nullopt;
}

std::string ForeignWriter(offsets::SourceOffset position, const std::string& what_follows) {
  return absl::StrCat("something else writes to this partition. Stop that producer. To go on behind what it wrote, ",
                      "resume with --from=", position.value, ": ", what_follows, ". ", kCopyAnew);
}

std::string LostOrDoubled(offsets::TargetOffset log_end, offsets::TargetOffset known_end) {
  if (log_end > known_end) {
    return absl::StrCat("of the ", log_end - known_end, " records that the target has from offset ", known_end.value,
                        " on, those that are copies of the source's then come twice");
  }
  if (log_end == known_end) return "copied records in whose place others stand now are not copied again";
  return absl::StrCat("at least ", known_end - log_end, " copied records are gone there, and are not copied again");
}

}  // namespace replicator
