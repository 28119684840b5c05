// The memory of one Fetch: how much of a shard's budget is reserved for its response, and how much it asks for.
#ifndef REPLICATOR_REPLICATOR_COPY_FETCH_ROOM_H_
#define REPLICATOR_REPLICATOR_COPY_FETCH_ROOM_H_

#include <cstddef>

namespace replicator {

struct FetchRoom {
  size_t reserved_bytes = 0;
  size_t records_bytes_max = 0;  // what the broker is asked for; a first batch may be larger
};

// For a fetch session of `partitions`, where one response may take `fetch_bytes_max` of records. What is reserved
// always fits into a budget of `budget_bytes`. What a response takes besides records, in a session of thousands of
// partitions, may be more than is reserved for it: such a response waits for the rest of its room when it comes
// (kafka/net/connection.cc).
FetchRoom RoomFor(size_t partitions, size_t fetch_bytes_max, size_t budget_bytes);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_COPY_FETCH_ROOM_H_
