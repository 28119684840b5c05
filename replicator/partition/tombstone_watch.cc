#include "replicator/partition/tombstone_watch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "replicator/base/human.h"

namespace replicator {

void TombstoneWatch::Observe(bool lags, int64_t fetched_ms, int64_t now_ms) {
  if (!lags) {
    current_at_ms_ = now_ms;
    behind_ms_ = 0;
    is_near_ = false;
    return;
  }
  if (fetched_ms < 0) return;
  // Producers may write old times, and a topic may have been idle while all was copied: the lesser of both is true.
  behind_ms_ = std::max<int64_t>(0, now_ms - std::max(current_at_ms_, fetched_ms));
  is_near_ =
      retention_ms_.has_value() && static_cast<double>(behind_ms_) >= kNear * static_cast<double>(*retention_ms_);
}

std::string TombstoneWatch::Text(const std::string& topic) const {
  return absl::StrCat("the copy is ", HumanSeconds(behind_ms_ / 1000), " behind, and the source may remove tombstones ",
                      HumanSeconds(*retention_ms_ / 1000), " old (delete.retention.ms): keys that were deleted there ",
                      "could stay on the target. Until the copy has caught up: kafka-configs --alter --entity-type ",
                      "topics --entity-name ", topic, " --add-config delete.retention.ms=", 10 * *retention_ms_,
                      " on the source");
}

}  // namespace replicator
