// Notices that the copy of a compacted topic is behind for nearly as long as the source keeps tombstones (invariant H).
// A tombstone that compaction takes before it was copied leaves the value that it deletes on the target for good. It
// stays for delete.retention.ms at least after compaction has met it, and by then the value was gone from the source:
// so what was read while the copy was behind for less than that is safe.
//
// One partition's; plain values, no clock, one thread.
#ifndef REPLICATOR_REPLICATOR_PARTITION_TOMBSTONE_WATCH_H_
#define REPLICATOR_REPLICATOR_PARTITION_TOMBSTONE_WATCH_H_

#include <cstdint>
#include <optional>
#include <string>

namespace replicator {

class TombstoneWatch {
 public:
  // The share of delete.retention.ms at which it is told: time to act is left.
  static constexpr double kNear = 0.5;

  // Times are Unix times. `current_at_ms`: when everything was copied last, or copying began.
  void Begin(int64_t current_at_ms) { current_at_ms_ = current_at_ms; }
  int64_t current_at_ms() const { return current_at_ms_; }
  // The source topic's delete.retention.ms; nullopt: it is not compacted, or does not tell.
  void set_retention_ms(std::optional<int64_t> retention_ms) { retention_ms_ = retention_ms; }

  // `lags`: there is more to copy. `fetched_ms`: the time of what was fetched last, -1 before anything was.
  void Observe(bool lags, int64_t fetched_ms, int64_t now_ms);

  bool is_near() const { return is_near_; }
  // For the log and for status: what, how near, and what to do. REQUIRES: is_near().
  std::string Text(const std::string& topic) const;

 private:
  int64_t current_at_ms_ = 0;
  std::optional<int64_t> retention_ms_;
  int64_t behind_ms_ = 0;
  bool is_near_ = false;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_TOMBSTONE_WATCH_H_
