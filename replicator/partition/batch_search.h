// Looks for one batch in a source's log without believing that times grow: producers' clocks differ, and event times
// come in any order.
//
//   log start        first record of the batch's time                                       log end
//       |                        |=====> forward            <=====  <==========| backward      |
//
// The batch is not below the first record that is as young as it. It lies near that one when the clocks differ little,
// and near the log's end when the copy was not far behind. So it is looked for from both ends of that range in turn. A
// log is read forward only: what lies before its end is read in blocks, each twice as long as the one behind it.
//
// Found means once: reading goes on for a while to see whether the same batch is there again.
//
// Pure: no I/O, no clock, no thread. One owner.
#ifndef REPLICATOR_REPLICATOR_PARTITION_BATCH_SEARCH_H_
#define REPLICATOR_REPLICATOR_PARTITION_BATCH_SEARCH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "offsets/partition_state.h"

namespace replicator {

// Where a copy goes on, and the source batch that ends there, when it was seen whole.
struct SourcePlace {
  int64_t position = -1;
  offsets::SourceEvidence evidence;
};

// What was found of a place.
struct PlaceFound {
  std::optional<SourcePlace> place;  // nullopt: there is none, or more than one
  std::string why_not;               // in words, when there is something to say
};

class BatchSearch {
 public:
  // Read at most, in all.
  static constexpr int64_t kBytesMax = int64_t{1} << 30;
  // Read on once the batch was found.
  static constexpr int64_t kBytesBehindFound = int64_t{8} << 20;
  // Source offsets in the first block.
  static constexpr int64_t kBlockMin = 1'024;

  // What to read next: one response, from `from` on. Of what it brings, batches from `end` on do not count.
  struct Read {
    int64_t from = -1;
    int64_t end = -1;
  };

  // Looks at all batches that end behind `first` and begin below `log_end`.
  BatchSearch(int64_t first, int64_t log_end);

  // nullopt: the search is over.
  std::optional<Read> next() const;
  // The batch is there.
  void OnMatch(const SourcePlace& place);
  // next() was read: all that counts below `read_to`, which is above `from`, in a response of `bytes`.
  void OnRead(int64_t read_to, int64_t bytes);

  int64_t bytes_read() const { return bytes_read_; }
  // REQUIRES: the search is over.
  PlaceFound Result() const;

 private:
  void BeginBlock();
  bool is_over() const;

  const int64_t first_;
  const int64_t log_end_;
  int64_t forward_;      // everything from first_ up to here was read
  int64_t backward_;     // everything from here up to log_end_ was read
  int64_t block_begin_;  // of the block that is read next, up to backward_
  int64_t block_next_;   // everything from block_begin_ up to here was read
  int64_t block_length_ = kBlockMin;
  bool is_forward_ = true;  // the next read
  int64_t bytes_read_ = 0;
  int64_t bytes_at_match_ = 0;
  std::optional<SourcePlace> place_;
  std::optional<int64_t> other_;  // position of another place
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_BATCH_SEARCH_H_
