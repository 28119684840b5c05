// What one source broker remembers of this shard's fetches (an incremental fetch session, KIP-227): only what changed
// since the last request is named in the next one, and a broker answers only for partitions with news. So partitions
// that stand still cost nothing on either side, however many they are.
//
// Pure bookkeeping: no I/O, no clock of its own. Owned by one Source.
#ifndef REPLICATOR_REPLICATOR_COPY_FETCH_SESSION_H_
#define REPLICATOR_REPLICATOR_COPY_FETCH_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "kafka/wire/fetch.h"
#include "replicator/partition/stream.h"

namespace replicator {

// Asked for per partition. Less makes the broker cut, and us fetch again, more of the last batch: at 1 MiB that is
// about 5 % of all bytes with batches of 100 KiB. And each response costs a write of the states that name its batches:
// with 2 MiB there are half as many, and a copy takes a tenth less CPU time.
inline constexpr int32_t kFetchPartitionBytes = 2 << 20;

class FetchSession {
 public:
  // Brings `stream` into the broker's set at its present place, or out of it. No effect if that is how it stands.
  void Include(Stream& stream);
  void Exclude(Stream& stream);

  // Puts the session's fields and all that changed since the last call into `request`. Topics are named by name and id;
  // a session speaks one Fetch version only, so the caller calls Reset() before it changes that.
  void Fill(kafka::FetchRequest& request);

  // The broker's answer, which came at `now`, names the session, or 0 when it grants none: every request is then a full
  // one. REQUIRES: it has no error.
  void OnAnswer(int32_t session_id, Clock::time_point now);

  // When the broker answered last.
  Clock::time_point answered_at() const { return answered_at_; }
  // When it answered last for `stream`: a partition that it knows and does not name in an answer is as it was. nullopt
  // for one that it does not know, or has an error for.
  std::optional<Clock::time_point> HeardAt(const Stream& stream) const;

  // The broker's set is no longer known (an error, a lost connection): the next request names every partition.
  void Reset();

  // Partitions in the set.
  size_t size() const { return members_.size(); }

 private:
  bool is_full() const { return id_ == kafka::kNewFetchSessionId; }
  void MarkChanged(Stream& stream);

  int32_t id_ = kafka::kNewFetchSessionId;
  int32_t epoch_ = kafka::kNewFetchSessionEpoch;  // of the next request
  std::vector<Stream*> members_;                  // a member knows its index (FetchPlace)
  std::vector<Stream*> changed_;                  // members that the broker does not know as they are
  std::vector<PartitionName> forgotten_;          // what the broker still has and is to forget
  size_t first_ = 0;                              // where the next full request begins
  Clock::time_point answered_at_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_COPY_FETCH_SESSION_H_
