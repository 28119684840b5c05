// A link's status for people, and the check for monitoring. Text from values; pure.
#ifndef REPLICATOR_REPLICATOR_STATUS_STATUS_TABLE_H_
#define REPLICATOR_REPLICATOR_STATUS_STATUS_TABLE_H_

#include <cstdint>
#include <string>

#include "replicator/base/exit_code.h"
#include "replicator/status/link_status.h"

namespace replicator {

// What the table has a line for.
enum class StatusRows : uint8_t { kTopics, kPartitions };

// Some lines on the link, a table of its topics or partitions with the worst first, and a paragraph for each
// quarantined partition. `now_ms`: Unix time, for ages.
std::string StatusText(const LinkStatus& status, int64_t now_ms, StatusRows rows = StatusRows::kTopics);

// kQuarantined, else kCopyBehind when no process copies, when it copies nothing yet, when it cannot store, or when a
// topic lags by more than `max_lag_seconds`, stands, is left out or does not say how far it is; else kDone. `why` gets
// a line for each finding, or one that all is well.
ExitCode CheckStatus(const LinkStatus& status, double max_lag_seconds, std::string* why);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_STATUS_STATUS_TABLE_H_
