#include "tests/model/source_log.h"

#include <glog/logging.h>

namespace replicator::tests {

SourceLog::SourceLog(Random& random, int entries, int visible) : visible_(visible) {
  CHECK_LE(visible, entries);
  CHECK_GT(entries, 0);
  entries_.reserve(entries);
  int64_t offset = random.Below(3);
  int64_t records = 0;
  const bool transactional = random.OneIn(2);
  const bool compacted = random.OneIn(2);
  for (int i = 0; i < entries; ++i) {
    Entry entry;
    if (compacted && random.OneIn(4)) offset += 1 + random.Below(5);
    const int length = 1 + random.Below(random.OneIn(3) ? 5 : 2);
    const bool skipped = transactional && random.OneIn(3);
    entry.base = offset;
    entry.end = offset + length;
    entry.first_record = records;
    if (!skipped) entry.record_count = length;
    records += entry.record_count;
    offset = entry.end;
    entries_.push_back(entry);
  }
}

int64_t SourceLog::records() const {
  if (visible_ == 0) return 0;
  const Entry& last = entries_[visible_ - 1];
  return last.first_record + last.record_count;
}

int SourceLog::FirstAt(int64_t offset) const {
  int index = 0;
  while (index < visible_ && entries_[index].end <= offset) ++index;
  return index;
}

int64_t SourceLog::RecordsBelow(int64_t offset) const {
  const int index = FirstAt(offset);
  if (index == visible_) return records();
  CHECK(offset <= entries_[index].base) << "offset " << offset << " lies inside a batch";
  return entries_[index].first_record;
}

int SourceLog::EntryOf(int64_t record) const {
  int index = 0;
  while (record >= entries_[index].first_record + entries_[index].record_count) ++index;
  return index;
}

}  // namespace replicator::tests
