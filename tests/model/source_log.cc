#include "tests/model/source_log.h"

#include <glog/logging.h>

namespace replicator::tests {

SourceLog::SourceLog(Random& random, int entries, int visible) {
  CHECK_LE(visible, entries);
  CHECK_GT(entries, 0);
  contents_.reserve(entries);
  log_.reserve(entries);
  const int64_t offset = random.Below(3);
  has_transactions_ = random.OneIn(2);
  has_holes_ = random.OneIn(2);
  Append(random, entries, offset);
  while (visible_ < visible) Grow();
}

void SourceLog::Append(Random& random, int entries, int64_t offset) {
  int64_t records = 0;
  int before = -1;
  if (!log_.empty()) {
    const Entry& last = contents_[log_.back()];
    records = last.first_record + last.record_count;
    before = last.record_count > 0 ? log_.back() : last.before;
  }
  for (int i = 0; i < entries; ++i) {
    Entry entry;
    if (has_holes_ && random.OneIn(4)) offset += 1 + random.Below(5);
    const int length = 1 + random.Below(random.OneIn(3) ? 5 : 2);
    const bool skipped = has_transactions_ && random.OneIn(3);
    entry.base = offset;
    entry.end = offset + length;
    entry.first_record = records;
    entry.before = before;
    if (!skipped) entry.record_count = length;
    records += entry.record_count;
    offset = entry.end;
    const int content = static_cast<int>(contents_.size());
    if (!skipped) before = content;
    contents_.push_back(entry);
    log_.push_back(content);
  }
}

void SourceLog::Grow() {
  if (visible_ == entries()) return;
  contents_[log_[visible_++]].leader_epoch = leader_epoch_;
}

void SourceLog::Elect(int broker) {
  ++leader_epoch_;
  broker_ = broker;
}

void SourceLog::Truncate(Random& random, int visible) {
  CHECK(CanChange() && visible <= visible_);
  const int removed = entries() - visible;
  const int64_t offset = visible == 0 ? start() : contents_[log_[visible - 1]].end;
  for (int index = visible; index < entries(); ++index) contents_[log_[index]].is_there = false;
  log_.resize(visible);
  visible_ = visible;
  has_holes_ = false;  // compaction has not been there
  Append(random, removed, offset);
}

void SourceLog::Recreate(Random& random) {
  CHECK(CanChange());
  const int size = entries();
  for (const int content : log_) contents_[content].is_there = false;
  log_.clear();
  visible_ = 0;
  has_holes_ = false;
  log_start_ = 0;
  leader_epoch_ = 0;
  broker_ = random.Below(2);
  ++times_recreated_;
  Append(random, size, random.Below(3));
}

int64_t SourceLog::records() const {
  if (visible_ == 0) return 0;
  const Entry& last = contents_[log_[visible_ - 1]];
  return last.first_record + last.record_count;
}

int SourceLog::FirstAt(int64_t offset) const {
  int index = 0;
  while (index < visible_ && contents_[log_[index]].end <= offset) ++index;
  return index;
}

// LeaderEpochFileCache.endOffsetFor and Partition.readRecords (KIP-595).
SourceLog::Divergence SourceLog::DivergenceFor(int32_t epoch, int64_t offset) const {
  Divergence found;
  for (int index = 0; index < visible_; ++index) {
    const Entry& entry = contents_[log_[index]];
    if (entry.leader_epoch > epoch) {
      found.end = entry.base;
      break;
    }
    found = {entry.leader_epoch, entry.end};
  }
  if (found.epoch == epoch && found.end >= offset) return {};
  if (found.epoch < 0) found.epoch = 0;
  return found;
}

int64_t SourceLog::RecordsBelow(int64_t offset) const {
  const int index = FirstAt(offset);
  if (index == visible_) return records();
  CHECK(offset <= contents_[log_[index]].base) << "offset " << offset << " lies inside a batch";
  return contents_[log_[index]].first_record;
}

int SourceLog::ContentOf(int64_t record) const {
  int index = 0;
  while (record >= contents_[log_[index]].first_record + contents_[log_[index]].record_count) ++index;
  return log_[index];
}

}  // namespace replicator::tests
