// How the records of a link's changelog look as bytes (docs/formats.md). Pure functions, any thread.
//
// Keys begin with a letter and end in big-endian numbers, so that they lie in the order of the store's
// (store_codec.h); but they name a topic by its name at the source, since a store's numbers mean something in its own
// folder only. No topic's name holds a zero byte.
//   L                                  the link: logged::Link
//   O                                  who writes, and the number of the flush: logged::Ownership
//   S number(4)                        a part of where a link with auto.offset.reset=latest begins
//                                      (replicator/ownership/start_offsets.h)
//   T name                             a topic: logged::Topic
//   P name 00 partition(4)             where a partition stands: as the store has it, without intents
//   R name 00 partition(4) source(8)   a chunk of its offset map: as the store has it
//   G length(4) group ..., C length(4) group ...
//                                      consumer groups, and what was moved (replicator/groups/group_ledger.h)
#ifndef REPLICATOR_OFFSETS_CHANGELOG_CODEC_H_
#define REPLICATOR_OFFSETS_CHANGELOG_CODEC_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "offsets/offsets.h"
#include "offsets/ownership.h"
#include "offsets/partition_state.h"

namespace replicator::offsets {

// Of the changelog as a whole: an older program refuses a newer one.
inline constexpr uint32_t kChangelogSchemaVersion = 1;
// Of its topic; never another number, since a key's partition follows from it.
inline constexpr int32_t kChangelogPartitions = 64;

inline constexpr char kLoggedLink = 'L';
inline constexpr char kLoggedOwnership = 'O';
inline constexpr char kLoggedStart = 'S';
inline constexpr char kLoggedTopic = 'T';
inline constexpr char kLoggedPartition = 'P';
inline constexpr char kLoggedRuns = 'R';

struct LoggedLink {
  std::string name;
  std::string source_cluster_id;
  std::string target_cluster_id;
  std::string isolation_level;
  Producer producer;
  bool operator==(const LoggedLink&) const = default;
};

struct LoggedTopic {
  std::string source_id;  // 16 bytes; empty where brokers have no topic ids
  std::string target_id;
  std::string target_name;
  bool operator==(const LoggedTopic&) const = default;
};

// A partition by the name that its topic has at the source.
using TopicPartition = std::pair<std::string, int32_t>;

std::string LoggedLinkKey();
std::string LoggedOwnershipKey();
std::string LoggedStartKey(uint32_t number);
std::string LoggedTopicKey(absl::string_view topic);
std::string LoggedPartitionKey(const TopicPartition& partition);
std::string LoggedRunsKey(const TopicPartition& partition, SourceOffset source_begin);

// InvalidArgument for a key of another form.
absl::StatusOr<std::string> ParseLoggedTopicKey(absl::string_view key);
absl::StatusOr<TopicPartition> ParseLoggedPartitionKey(absl::string_view key);
struct LoggedRunsKeyParts {
  TopicPartition partition;
  SourceOffset source_begin;
};
absl::StatusOr<LoggedRunsKeyParts> ParseLoggedRunsKey(absl::string_view key);

// Which partition of the changelog's topic a key belongs to: all of one topic-partition to one, and all of one group.
// CRC-32C, mod 64, of what stands between the letter and the source offset, or of the group's name; 0 for L, O, S and
// T, so that they lie together.
int32_t ChangelogPartitionOf(absl::string_view key);

std::string EncodeLoggedLink(const LoggedLink& link);
std::string EncodeLoggedOwnership(const Ownership& ownership, absl::string_view owner, int64_t since_ms);
std::string EncodeLoggedTopic(const LoggedTopic& topic);

// InvalidArgument for bytes that are not such a value, FailedPrecondition for a schema that this program is too old
// for.
absl::StatusOr<LoggedLink> DecodeLoggedLink(absl::string_view bytes);
absl::StatusOr<Ownership> DecodeLoggedOwnership(absl::string_view bytes);
absl::StatusOr<LoggedTopic> DecodeLoggedTopic(absl::string_view bytes);

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_CHANGELOG_CODEC_H_
