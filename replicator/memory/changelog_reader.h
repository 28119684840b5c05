// Reads a link's changelog from its topic on the target: the last committed value of each key.
//
// On the loop of the cluster client.
#ifndef REPLICATOR_REPLICATOR_MEMORY_CHANGELOG_READER_H_
#define REPLICATOR_REPLICATOR_MEMORY_CHANGELOG_READER_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"
#include "kafka/client/peek.h"

namespace replicator {

struct ChangelogContent {
  std::map<std::string, std::string> records;
  std::map<int32_t, int64_t> read_to;  // by partition of the topic: the offset to go on at
  int64_t bytes_read = 0;

  // Takes up what was read of `partition`, but for aborted transactions. InvalidArgument for records that cannot be
  // read.
  absl::Status Add(int32_t partition, kafka::PeekedBatches& batches);
};

// Goes on with `so_far`: reads `partitions` of `topic` up to where their logs end when this is called, for which each
// leader is asked, and its replicas must have all of it. Whoever has begun with the transactional id before finds no
// transaction open that could hide something. Errors: NotFound while the target does not show the topic, Unavailable
// while something cannot be read; after `patience` both.
asio::awaitable<absl::StatusOr<ChangelogContent>> ReadChangelog(kafka::ClusterClient& target, std::string topic,
                                                                std::vector<int32_t> partitions,
                                                                ChangelogContent so_far,
                                                                kafka::Clock::duration patience);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_MEMORY_CHANGELOG_READER_H_
