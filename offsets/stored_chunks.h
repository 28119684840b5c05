// The chunks of offset maps in a store's database: finds them by their keys (store_codec.h), and decodes them. For
// store.cc, which knows when the database may be read.
//
// Each call moves the iterator that it is given, and leaves errors of the database to that one's status(). Any thread,
// one at a time with one iterator.
#ifndef REPLICATOR_OFFSETS_STORED_CHUNKS_H_
#define REPLICATOR_OFFSETS_STORED_CHUNKS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "offsets/offset_map.h"
#include "offsets/partition_state.h"
#include "offsets/store_codec.h"

namespace rocksdb {
class Iterator;
}

namespace replicator::offsets {

// Every chunk begins below it: no record lies at the greatest offset.
inline constexpr SourceOffset kBehindAllChunks(INT64_MAX);

// Where an offset of one partition lies in its map.
struct ChunkQuestion {
  PartitionKey key;
  int64_t offset = 0;
  bool by_target = false;  // an offset of the target's partition
};

// The chunk that begins at or below the offset, if there is one, and the first one behind. One that cannot be read is
// not there.
std::vector<KnownRange> ChunksAround(rocksdb::Iterator& at, const ChunkQuestion& question);

// Behind the oldest chunks, those that lie below both log starts; 0: there are none such.
SourceOffset EndOfChunksBelow(rocksdb::Iterator& at, PartitionKey key, const LogStarts& below);

// Adds the latest chunks to a state that was read without them. InvalidArgument when they make no sense.
absl::Status LoadChunks(rocksdb::Iterator& at, PartitionKey key, size_t chunks_max, PartitionState& state);

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_STORED_CHUNKS_H_
