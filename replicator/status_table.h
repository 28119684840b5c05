// A link's status for people, and the check for monitoring. Text from values; pure.
#ifndef REPLICATOR_REPLICATOR_STATUS_TABLE_H_
#define REPLICATOR_REPLICATOR_STATUS_TABLE_H_

#include <cstdint>
#include <string>

#include "replicator/exit_code.h"
#include "replicator/link_status.h"

namespace replicator {

// Some lines on the link, a table of its topics with the worst first, and a paragraph for each quarantined partition.
// `now_ms`: Unix time, for ages.
std::string StatusText(const LinkStatus& status, int64_t now_ms);

// kQuarantined, else kCopyBehind when no process copies, or when a topic lags by more than `max_lag_seconds`, stands,
// is left out or does not say how far it is; else kDone. `why` gets a line for each finding, or one that all is well.
ExitCode CheckStatus(const LinkStatus& status, double max_lag_seconds, std::string* why);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_STATUS_TABLE_H_
