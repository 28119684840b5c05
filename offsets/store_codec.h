// How the store's keys and values look as bytes (docs/formats.md). Pure functions, any thread.
//
// Keys begin with one letter and hold big-endian numbers, so that they lie in the order of their numbers:
//   L                                     the link
//   O                                     which flushes of the changelog it has
//   T name                                a topic of the source
//   P topic(4) partition(4)               where a partition stands
//   R topic(4) partition(4) source(8)     a chunk of the partition's offset map
// `topic` is the number that the store gave to the topic when it was first seen.
#ifndef REPLICATOR_OFFSETS_STORE_CODEC_H_
#define REPLICATOR_OFFSETS_STORE_CODEC_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "offsets/ownership.h"
#include "offsets/partition_state.h"

namespace replicator::offsets {

struct PartitionKey {
  uint32_t topic = 0;
  int32_t partition = 0;
  auto operator<=>(const PartitionKey&) const = default;
};

// What a state folder belongs to.
struct LinkRecord {
  std::string source_cluster_id;
  std::string target_cluster_id;
  std::string isolation_level;  // as the properties file has it
  Producer producer;
  std::string instance_id;         // under which the process joins the lock of the link
  int64_t lock_held_since_ms = 0;  // when it was given the lock last
};

struct TopicRecord {
  uint32_t number = 0;
  std::string source_id;  // 16 bytes; empty where brokers have no topic ids
  std::string target_id;
  std::string target_name;
};

// Raised when a value changes its meaning: a program then refuses the folders of others instead of misreading them.
inline constexpr uint32_t kSchemaVersion = 2;

std::string LinkKey();
std::string OwnershipKey();
std::string TopicKey(absl::string_view name);
std::string PartitionKeyBytes(PartitionKey key);
std::string ChunkKey(PartitionKey key, SourceOffset source_begin);
// What lies behind every key that begins with `letter`.
std::string EndOf(char letter);

// The name in a topic's key; the parts of the others'. InvalidArgument for a key of another form.
absl::StatusOr<std::string> ParseTopicKey(absl::string_view key);
absl::StatusOr<PartitionKey> ParsePartitionKey(absl::string_view key);
struct ChunkKeyParts {
  PartitionKey partition;
  SourceOffset source_begin;
};
absl::StatusOr<ChunkKeyParts> ParseChunkKey(absl::string_view key);

std::string EncodeLink(const LinkRecord& link);
std::string EncodeOwnership(const StoredOwnership& ownership);
std::string EncodeTopic(const TopicRecord& topic);
std::string EncodePartition(const PartitionState& state);  // without its chunks
std::string EncodeChunk(const KnownRange& chunk);

// InvalidArgument for bytes that are not such a value, FailedPrecondition for another schema than this program's.
absl::StatusOr<LinkRecord> DecodeLink(absl::string_view bytes);
absl::StatusOr<StoredOwnership> DecodeOwnership(absl::string_view bytes);
absl::StatusOr<TopicRecord> DecodeTopic(absl::string_view bytes);
absl::StatusOr<PartitionState> DecodePartition(absl::string_view bytes);
absl::StatusOr<KnownRange> DecodeChunk(SourceOffset source_begin, absl::string_view bytes);

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_STORE_CODEC_H_
