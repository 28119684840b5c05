#ifndef REPLICATOR_REPLICATOR_CONFIG_RUN_OPTIONS_H_
#define REPLICATOR_REPLICATOR_CONFIG_RUN_OPTIONS_H_

#include <cstdint>
#include <string>

#include "policy/java_pattern_list.h"

namespace replicator {

// What `replicator run` takes from its command line, beside the properties file.
struct RunOptions {
  // Folder of this link's state: what survives a crash is in it.
  std::string state_dir;
  // Keep no state and store no intents. For benchmarks alone: what the store costs.
  bool without_store = false;
  // Threads that copy, each with its own event loop and connections; at least 1, already resolved and at most
  // tasks.max.
  int shards = 1;
  // Memory for fetched batches, of the whole process. More hides longer round trips; a shard has its equal part.
  int64_t buffer_bytes_max = int64_t{64} << 20;
  // Caps of the whole process on what it fetches and on what it writes; 0: none.
  int64_t source_bytes_per_second = 0;
  int64_t target_bytes_per_second = 0;
  // Create topics with fewer replicas than replication.factor asks for when the target has too few brokers.
  bool allow_lower_replication_factor = false;
  // Topics of the source whose settings on the target the operator takes as they are, whatever they do to the copy.
  policy::JavaPatternList accept_target_settings;
  // Connect, check, tell what would be created and copied, and change nothing on either side.
  bool dry_run = false;
  // Batches in flight per partition. More than one is for benchmarks alone: a broker that has forgotten the producer id
  // would store a batch in the place of the one before it.
  int in_flight_max = 1;
  // Connections for producing to each target broker, per shard, at most: the first is opened at once, another when
  // those that are open are saturated. 1 ... 16.
  int produce_connections_max = 4;
};

// `--shards`: 0 asks for as many as there are cores. Never more than tasks.max, never less than 1.
int ResolveShards(int requested, int cores, int tasks_max);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONFIG_RUN_OPTIONS_H_
