// Why one partition stands still while all others go on. Values only.
#ifndef REPLICATOR_REPLICATOR_PARTITION_QUARANTINE_H_
#define REPLICATOR_REPLICATOR_PARTITION_QUARANTINE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "offsets/offsets.h"

namespace replicator {

// Why a partition stands still. The name (QuarantineCodeName) is what scripts match on.
enum class QuarantineCode : uint8_t {
  kForeignWrite,      // somebody else appended to the target partition
  kTargetLost,        // the target lost acknowledged records from before what the map still knows
  kTargetNotOurs,     // the target holds records that cannot be placed in the source
  kTargetRefused,     // the target refuses the batch or us, for good
  kTargetSettings,    // the target's topic is set so that it would change or delete what is copied
  kSourceTruncated,   // the source lost records that were copied already
  kSourceRecreated,   // the topic was deleted and made anew at the source
  kSourceDeleted,     // the topic was deleted at the source: nothing comes any more, and nothing is wrong
  kSourceHidden,      // the source does not show the topic any more, and does not say that it was deleted
  kTargetRecreated,   // the topic was deleted and made anew at the target
  kTargetDeleted,     // the target does not show the topic any more
  kUnsupportedBatch,  // the batch cannot pass as it is
  kMalformedBatch,    // the source's bytes are not a record batch
};
const char* QuarantineCodeName(QuarantineCode code);
// nullopt for a name that is none.
std::optional<QuarantineCode> ParseQuarantineCode(const std::string& name);

// What helps whenever the copy as it stands cannot be gone on with.
inline constexpr char kCopyAnew[] =
    "To have the topic copied anew, delete it on the target, then resume with --from=earliest";

struct Quarantine {
  QuarantineCode code;
  std::string reason;  // a sentence: what, why, and the remedy
};

// In words: somebody else writes to the target's partition, and how to go on at `position`. `what_follows`: what that
// loses or doubles.
std::string ForeignWriter(offsets::SourceOffset position, const std::string& what_follows);
// The same for a target that ends at `log_end`, where this link knows the records below `known_end`.
std::string LostOrDoubled(offsets::TargetOffset log_end, offsets::TargetOffset known_end);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_QUARANTINE_H_
