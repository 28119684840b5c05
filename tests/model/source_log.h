// One partition of a source cluster, in memory: data batches, control markers, aborted and emptied batches, with holes
// between them, each written under a leader epoch. The log is made at once and grows by becoming visible. It can be cut
// back or made anew; then another history goes on from there. Each record's content is unique: {batch, index}.
#ifndef REPLICATOR_TESTS_MODEL_SOURCE_LOG_H_
#define REPLICATOR_TESTS_MODEL_SOURCE_LOG_H_

#include <cstdint>
#include <vector>

#include "tests/model/random.h"

namespace replicator::tests {

class SourceLog {
 public:
  // More batches than this are never made, in all histories of a log together.
  static constexpr int kContentsMax = 100;

  struct Entry {
    int64_t base = 0;
    int64_t end = 0;           // the next offset to look at
    int32_t record_count = 0;  // to replicate; 0: a marker, an aborted or an emptied batch
    int64_t first_record = 0;  // how many records to replicate lie below, in this batch's history
    int before = -1;           // the content of the data batch below, in this batch's history; -1: there is none
    int32_t leader_epoch = -1;
    bool is_there = true;  // in the history of now
  };

  // What a fetch that asks with the epoch of what was read is told about the log that does not go on from there.
  struct Divergence {
    int32_t epoch = -1;  // -1: it goes on from there
    int64_t end = -1;
  };

  // A random log of `entries` entries, the first `visible` of which can be fetched.
  SourceLog(Random& random, int entries, int visible);

  // Any batch that was ever made, by its content.
  const Entry& entry(int content) const { return contents_[content]; }
  int content_at(int index) const { return log_[index]; }
  int entries() const { return static_cast<int>(log_.size()); }
  int visible() const { return visible_; }
  void Grow();

  // A new leader. It is at `broker`, of two.
  void Elect(int broker);
  // The new leader lacks what lies behind the first `visible` entries; another history goes on there. REQUIRES:
  // CanChange().
  void Truncate(Random& random, int visible);
  // The topic is deleted and made anew; its log begins with epoch 0, and retention may have taken some of it.
  // REQUIRES: CanChange().
  void Recreate(Random& random);
  bool CanChange() const { return contents_.size() + log_.size() <= kContentsMax; }
  int32_t leader_epoch() const { return leader_epoch_; }
  int broker() const { return broker_; }
  int times_recreated() const { return times_recreated_; }

  int64_t start() const { return contents_[log_.front()].base; }
  // Retention: nothing below can be fetched any more.
  int64_t log_start() const { return log_start_; }
  void DeleteBelow(int64_t offset) { log_start_ = offset; }
  // The next offset to look at once everything visible was looked at.
  int64_t end() const { return visible_ == 0 ? start() : contents_[log_[visible_ - 1]].end; }
  // Records to replicate that are visible.
  int64_t records() const;

  // The index of the first entry that a Fetch from `offset` returns; visible() when there is none.
  int FirstAt(int64_t offset) const;
  // What a Fetch from `offset` by one who has read a batch of `epoch` below is told.
  Divergence DivergenceFor(int32_t epoch, int64_t offset) const;
  // How many records to replicate lie below `offset`. REQUIRES: `offset` is not inside a batch.
  int64_t RecordsBelow(int64_t offset) const;
  // The content of the batch that holds the `record`-th record to replicate. REQUIRES: it exists.
  int ContentOf(int64_t record) const;

 private:
  void Append(Random& random, int entries, int64_t offset);

  std::vector<Entry> contents_;
  std::vector<int> log_;  // the contents of the history of now
  bool has_transactions_ = false;
  bool has_holes_ = false;
  int visible_ = 0;
  int64_t log_start_ = 0;
  int32_t leader_epoch_ = 0;
  int broker_ = 0;
  int times_recreated_ = 0;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_MODEL_SOURCE_LOG_H_
