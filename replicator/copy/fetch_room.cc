#include "replicator/copy/fetch_room.h"

#include <algorithm>

#include "replicator/copy/fetch_session.h"

namespace replicator {
namespace {

// What a response takes besides records, per partition and in all.
constexpr size_t kResponseOverheadBytes = 1024;
constexpr size_t kPartitionOverheadBytes = 256;
// Of the budget, at most, for that: most of the partitions of a large session have nothing to say in a response.
constexpr size_t kOverheadShare = 8;
// Never ask for less: one request per few records would be all overhead.
constexpr size_t kFetchBytesMin = 64 << 10;

}  // namespace

FetchRoom RoomFor(size_t partitions, size_t fetch_bytes_max, size_t budget_bytes) {
  const size_t records = std::max(std::min(fetch_bytes_max, partitions * kFetchPartitionBytes), kFetchBytesMin);
  const size_t overhead =
      std::min(kResponseOverheadBytes + partitions * kPartitionOverheadBytes, budget_bytes / kOverheadShare);
  return {.reserved_bytes = std::min(records + overhead, budget_bytes), .records_bytes_max = records};
}

}  // namespace replicator
