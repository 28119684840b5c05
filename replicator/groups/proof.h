// Whether a group's position on the target is the one that it has at the source, by what lies there: the records around
// both positions, read by a client that shares nothing with the copy (kafka/rdkafka/window_reader.h).
//
//   | result       | when                                                                                         |
//   |--------------|----------------------------------------------------------------------------------------------|
//   | kEqual       | every pair of records, before and behind the positions, is equal                             |
//   | kEqualAtNext | retention or compaction removed some of them on a side; those that are left on both fit      |
//   | kUnprovable  | it removed so much that nothing is left on both; or the records are all alike, and are not   |
//   |              | counted from a known place                                                                   |
//   | kDifferent   | a pair differs, or the count from the run's start does                                       |
//
// Equal means key, value and headers, and the timestamp unless a broker has put its own there (LogAppendTime). Where
// records on both sides are alike (heartbeats without a time, say), they would fit one further as well: there the count
// from the start of the copied run, or from the start of two logs that nothing was removed from, has to say so.
//
// Pure function, any thread.
#ifndef REPLICATOR_REPLICATOR_GROUPS_PROOF_H_
#define REPLICATOR_REPLICATOR_GROUPS_PROOF_H_

#include <cstdint>
#include <optional>
#include <string>

#include "kafka/rdkafka/record_window.h"

namespace replicator {

// Source offsets [source, source + count) are the target's from `target` on.
struct ProofRun {
  int64_t source = -1;
  int64_t target = -1;
  int64_t count = 0;
};

struct ProofInput {
  // Around the position of each side (RecordWindow::offset). REQUIRES: the target's was read first, since the copy goes
  // on: what it has by then, the source has too.
  kafka::RecordWindow target;
  kafka::RecordWindow source;
  // Compaction may have removed records on the side, now or before.
  bool is_source_compacted = false;
  bool is_target_compacted = false;
  // The last run that begins at or below the source's position, as the copy has it; nullopt: there is none.
  std::optional<ProofRun> run;
};

enum class ProofResult : uint8_t { kEqual, kEqualAtNext, kUnprovable, kDifferent };
const char* ProofResultName(ProofResult result);  // "equal", "equal-at-next", "unprovable", "different"

struct Proof {
  ProofResult result = ProofResult::kUnprovable;
  int pairs = 0;     // records that were compared
  std::string text;  // what was found, half a sentence
};

Proof Prove(const ProofInput& input);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_PROOF_H_
