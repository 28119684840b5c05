// One partition of a source cluster, in memory: data batches, control markers, aborted and emptied batches, with holes
// between them. The log is made at once and grows by becoming visible. Each record's content is unique: {batch, index}.
#ifndef REPLICATOR_TESTS_MODEL_SOURCE_LOG_H_
#define REPLICATOR_TESTS_MODEL_SOURCE_LOG_H_

#include <cstdint>
#include <vector>

#include "tests/model/random.h"

namespace replicator::tests {

class SourceLog {
 public:
  struct Entry {
    int64_t base = 0;
    int64_t end = 0;           // the next offset to look at
    int32_t record_count = 0;  // to replicate; 0: a marker, an aborted or an emptied batch
    int64_t first_record = 0;  // how many records to replicate lie below
  };

  // A random log of `entries` entries, the first `visible` of which can be fetched.
  SourceLog(Random& random, int entries, int visible);

  const Entry& entry(int index) const { return entries_[index]; }
  int entries() const { return static_cast<int>(entries_.size()); }
  int visible() const { return visible_; }
  void Grow() { visible_ += visible_ < static_cast<int>(entries_.size()); }

  int64_t start() const { return entries_.front().base; }
  // Retention: nothing below can be fetched any more.
  int64_t log_start() const { return log_start_; }
  void DeleteBelow(int64_t offset) { log_start_ = offset; }
  // The next offset to look at once everything visible was looked at.
  int64_t end() const { return visible_ == 0 ? start() : entries_[visible_ - 1].end; }
  // Records to replicate that are visible.
  int64_t records() const;

  // The first entry that a Fetch from `offset` returns; visible() when there is none.
  int FirstAt(int64_t offset) const;
  // How many records to replicate lie below `offset`. REQUIRES: `offset` is not inside a batch.
  int64_t RecordsBelow(int64_t offset) const;
  // The entry that holds the `record`-th record to replicate. REQUIRES: it exists.
  int EntryOf(int64_t record) const;

 private:
  std::vector<Entry> entries_;
  int visible_;
  int64_t log_start_ = 0;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_MODEL_SOURCE_LOG_H_
