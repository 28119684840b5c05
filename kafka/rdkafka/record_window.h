// The records around one offset of a partition, as digests: what two clusters are compared by. Plain values.
#ifndef REPLICATOR_KAFKA_RDKAFKA_RECORD_WINDOW_H_
#define REPLICATOR_KAFKA_RDKAFKA_RECORD_WINDOW_H_

#include <cstdint>
#include <vector>

namespace replicator::kafka {

struct WindowRecord {
  int64_t offset = -1;
  int64_t timestamp_ms = -1;
  bool is_log_append_time = false;  // the broker's own time, not the producer's
  // 64 bits each, equal within one process if what they stand for is. Null and empty differ.
  uint64_t key = 0;
  uint64_t content = 0;  // key, value, headers
  bool operator==(const WindowRecord&) const = default;
};

struct RecordWindow {
  int64_t offset = -1;  // that was asked for
  // As the broker told before the records were read.
  int64_t log_start = -1;
  int64_t high_watermark = -1;
  std::vector<WindowRecord> before;  // the last ones below `offset`, ascending
  std::vector<WindowRecord> after;   // the first ones from `offset` on, ascending
  bool reaches_start = false;        // nothing that can be read lies before `before`
  bool reaches_end = false;          // nor behind `after`, when it was read
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_RDKAFKA_RECORD_WINDOW_H_
