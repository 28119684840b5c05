// What is known of the end of a target partition's log, where a copy's place is found by content.
#ifndef REPLICATOR_REPLICATOR_PARTITION_TARGET_TAIL_MARKS_H_
#define REPLICATOR_REPLICATOR_PARTITION_TARGET_TAIL_MARKS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "policy/tail_match.h"

namespace replicator {

// The end of a target partition's log.
struct TargetTailMarks {
  int64_t begin = 0;  // everything from this offset on was read
  std::vector<policy::RecordMark> marks;
  int64_t oldest_ms = 0;   // the smallest timestamp
  bool is_whole = false;   // the log has nothing before it
  std::string unreadable;  // why some of the records could not be read; empty: all were
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_TARGET_TAIL_MARKS_H_
