// Where a copy goes on, found record by record: the rule for a topic whose source was compacted after it was copied, so
// that batches are not what they were.
//
// What the log cleaner leaves of a record it leaves as it was: offset, key, value, timestamp, headers, and its place in
// the order (Kafka's LogCleaner, MemoryRecords.filterTo). So of the target's last records, those that the source still
// has lie there in the same order; the last of them that does marks the place: everything before it is on the target,
// and everything behind it that the source still has is not, for the target's records behind it are gone from the
// source. That the place is this one and not that of an equal record elsewhere is proven by what lies around it:
//  - between the first and the last common record the source has none that the target lacks;
//  - the source has at least as many offsets between two of them as the target: nothing is copied twice, and what is
//    not copied (markers, aborted records, what was compacted away before) takes offsets of the source only;
//  - likewise before the first of them: a foreign record can lie no nearer than as far as the target was read;
//  - the batch holds nothing behind the last of them, for batches are copied whole;
//  - no record that occurs more than once, on either side, lies at or behind the place.
// Whatever breaks one of these, an older compaction of the target's tail for example, makes the place unclear: nothing
// is guessed.
//
// Pure, not thread-safe. Memory grows with the target's tail alone.
#ifndef REPLICATOR_POLICY_TAIL_MATCH_H_
#define REPLICATOR_POLICY_TAIL_MATCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"

namespace replicator::policy {

// A record, as far as it counts here.
struct RecordMark {
  int64_t offset = -1;
  uint64_t content = 0;  // a hash of key, value, timestamp and headers
  uint64_t key = 0;      // a hash of the key
};

struct TailPlace {
  enum class Kind : uint8_t {
    kFound,
    kNothing,  // none of the records is in the source
    kUnclear,  // some are, but where the copy goes on does not follow
  };
  Kind kind = Kind::kNothing;
  int64_t position = -1;  // when kFound: the source offset at which to go on
  std::string reason;     // when kUnclear
};

class TailMatch {
 public:
  // The target's records from offset `begin` on to the end of its log, in order.
  TailMatch(int64_t begin, std::vector<RecordMark> tail);

  // A batch of the source that is to be replicated, with the records that are left in it; in order, from a place on
  // that lies before each of the tail's records in the source. `next_offset` is where the next batch may begin.
  void AddBatch(int64_t next_offset, absl::Span<const RecordMark> records);

  // Source records since the last one that is on the target too, or since the begin.
  int64_t records_since_match() const { return records_since_match_; }
  bool matched() const { return matched_; }

  // Of what was added so far.
  TailPlace Result() const;

 private:
  // All records of one content.
  struct Entry {
    size_t index = 0;  // in the tail, of the last one
    int64_t target_offset = -1;
    int times_in_tail = 0;
    int times_in_source = 0;
    // Of the last one in the source:
    int64_t source_offset = -1;
    int64_t batch_end = -1;
    int64_t strangers_before = 0;
    int64_t last_stranger = -1;  // its offset; -1: none
    bool ends_batch = false;

    bool is_unique() const { return times_in_tail == 1 && times_in_source == 1; }
  };

  void Add(const RecordMark& record, int64_t batch_end, bool ends_batch);
  bool IsSuperseded(const RecordMark& record) const;
  std::string Doubt(const std::vector<const Entry*>& common) const;

  const int64_t begin_;
  absl::flat_hash_map<uint64_t, Entry> entries_;       // by content
  absl::flat_hash_map<uint64_t, size_t> last_of_key_;  // index in the tail; empty unless the target was compacted
  size_t furthest_ = 0;                                // behind the furthest index that the source was seen to have
  int64_t strangers_ = 0;
  int64_t last_stranger_ = -1;
  int64_t records_since_match_ = 0;
  bool matched_ = false;
};

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_TAIL_MATCH_H_
