// What is told of one stream: its state, its lag, what it waits for. Values from a stream and what its shard knows
// around it; no I/O.
#ifndef REPLICATOR_REPLICATOR_STATUS_STREAM_STATUS_H_
#define REPLICATOR_REPLICATOR_STATUS_STREAM_STATUS_H_

#include <string>

#include "replicator/partition/stream.h"
#include "replicator/status/link_status.h"

namespace replicator {

struct StreamSurroundings {
  std::string store_trouble;      // why no intent can be stored, and nothing is sent; empty when they can
  bool target_is_silent = false;  // its target broker owes an answer, or cannot be reached
  std::string source_trouble;     // why its source broker gives no answer; empty while it does
  std::string state_dir;          // of the link, for commands
};

// Nobody has said for kStalledAfterSeconds how far the source is, and what was read before is copied, or nobody asks
// since the partition is quarantined: the lag that was seen last is not known to be right.
bool IsUnheard(const Stream& stream, Clock::time_point now);

// Everything that the source has is copied, by what it said within kStalledAfterSeconds; never in a quarantine.
bool IsKnownToBeCurrent(const Stream& stream, Clock::time_point now);

// What went wrong last for `stream`, of what it still waits for; empty when nothing did.
std::string LastError(const Stream& stream);

PartitionStatus StatusOf(const Stream& stream, const StreamSurroundings& around, Clock::time_point now);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_STATUS_STREAM_STATUS_H_
