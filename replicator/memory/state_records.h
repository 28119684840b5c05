// Which records of the changelog say what the states of partitions say: `P` for each, and `R` for the chunks of its
// offset map. A store forgets ranges of chunks; a compacted topic forgets a key for each: so which chunks the changelog
// has is kept here, 24 bytes for up to offsets::OffsetMap::kChunkRunsMax runs.
//
// Pure; one thread.
#ifndef REPLICATOR_REPLICATOR_MEMORY_STATE_RECORDS_H_
#define REPLICATOR_REPLICATOR_MEMORY_STATE_RECORDS_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "offsets/changelog_codec.h"
#include "offsets/partition_state.h"

namespace replicator {

class StateRecords {
 public:
  using Records = std::map<std::string, std::optional<std::string>>;  // nullopt: to be forgotten

  // What the changelog has. Records of other kinds are passed over; InvalidArgument for what cannot be read.
  absl::Status Restore(const std::map<std::string, std::string>& records);

  // The same of records that are written beside Add.
  absl::Status Take(const Records& records);

  // Adds what `state` changes to `records`, in place of what these say of the same keys. Intents are left out: what is
  // under way is the folder's to settle.
  void Add(const offsets::TopicPartition& partition, const offsets::PartitionState& state, Records& records);

 private:
  struct ChunkEnd {
    offsets::SourceOffset source;
    offsets::TargetOffset target;
  };
  using Chunks = std::map<offsets::SourceOffset, ChunkEnd>;  // by their source begins

  absl::Status TakeOne(const std::string& key, const std::string* value);

  std::map<offsets::TopicPartition, Chunks> chunks_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_MEMORY_STATE_RECORDS_H_
