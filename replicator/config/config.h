#ifndef REPLICATOR_REPLICATOR_CONFIG_CONFIG_H_
#define REPLICATOR_REPLICATOR_CONFIG_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kafka/wire/fetch.h"
#include "policy/group_filter.h"
#include "policy/java_pattern_list.h"
#include "policy/replication_policy.h"
#include "policy/topic_filter.h"
#include "replicator/config/properties.h"

namespace replicator {

// As isolation.level has it: "read_committed" or "read_uncommitted".
const char* IsolationName(kafka::IsolationLevel level);

// "replicator-state/A-to-B", below the working folder: where the state is kept unless the command line says.
inline std::string DefaultStateDir(const std::string& source_alias, const std::string& target_alias) {
  return "replicator-state/" + source_alias + "-to-" + target_alias;
}

// One side of a link.
struct ClusterConfig {
  std::string alias;
  std::vector<std::string> bootstrap_servers;  // "host:port", IPv6 as "[::1]:9092"; at least one
  // <alias>.cluster.id: the only cluster that this side may be, as brokers tell it in Metadata; empty: not pinned.
  std::string cluster_id;
};

// The one enabled link of a MirrorMaker 2 properties file. Defaults are MirrorMaker's. Immutable after reading.
struct LinkConfig {
  std::string file_name;
  ClusterConfig source;
  ClusterConfig target;
  policy::TopicFilter topic_filter;              // topics, topics.exclude
  policy::ReplicationPolicy replication_policy;  // replication.policy.class, replication.policy.separator
  // config.properties.exclude: the topic settings that the file keeps from the target.
  policy::JavaPatternList config_properties_exclude;
  bool has_config_properties_exclude = false;  // false: policy::kConfigPropertiesExcludeDefault is in force
  // Of topics created on the target; never lowered silently. policy::kTargetsOwnFactor: what the target makes of it.
  int replication_factor = 2;
  // Of the consumer that reads the source. MirrorMaker's default is read_uncommitted; here records of aborted
  // transactions are left out unless the file asks for them.
  kafka::IsolationLevel isolation_level = kafka::IsolationLevel::kReadCommitted;
  // auto.offset.reset=latest of that consumer: the partitions that the source has when the link starts for the first
  // time are copied from their ends on, all others from their beginning.
  bool begins_at_end = false;
  int tasks_max = 1;                   // the most shards (threads) of this process
  bool refresh_topics_enabled = true;  // look for new topics and partitions while running
  absl::Duration refresh_topics_interval = absl::Minutes(10);
  // sync.group.offsets.enabled, unless emit.checkpoints.enabled is false: MirrorMaker runs no task for groups then
  // (MirrorCheckpointConnector.taskConfigs). The rest of the keys about groups is read only when it is true.
  bool sync_group_offsets = false;
  absl::Duration sync_group_offsets_interval = absl::Minutes(1);
  policy::GroupFilter group_filter;    // groups, groups.exclude
  bool refresh_groups_enabled = true;  // look for new groups while running
  absl::Duration refresh_groups_interval = absl::Minutes(10);

  // What the operator should know at start, one line each, beginning with the file. They name keys, and values only of
  // patterns of topic names.
  //  - warnings: keys that are unknown, not yet honoured or in a place where they have no effect; keys that another key
  //    overrides or that stand there twice; patterns that have lost a backslash.
  //  - infos: all keys that have nothing to act on here, in one line; what this version leaves out by default.
  std::vector<std::string> warnings;
  std::vector<std::string> infos;

  // "A->B"
  std::string Name() const { return source.alias + "->" + target.alias; }
  std::string DefaultStateDir() const { return replicator::DefaultStateDir(source.alias, target.alias); }
};

// Reads a file as MirrorMakerConfig does: `A->B.key` wins over `key`; what concerns a cluster's clients stands under
// `A.key` (replicator/config/client_settings.h); `${env:NAME}` and its like are replaced
// (replicator/config/config_values.h). Every key is either honoured, or named in `warnings` or `infos`, or an
// error. Whatever would make this process copy other topics or records, write other bytes or under other names, or talk
// less protected than MirrorMaker did is an error.
//
// INVALID_ARGUMENT: all errors found (at most kConfigErrorsMax of key_lookup.h), one line each, with file and line and
// what to write instead. NOT_FOUND: the file cannot be read.
absl::StatusOr<LinkConfig> LoadLinkConfig(const std::string& file_name);
absl::StatusOr<LinkConfig> ReadLinkConfig(const Properties& properties);

// The default state folder of the file's link. Reads the aliases and which link is enabled, and nothing else: what a
// command that asks about a link needs no more than. Errors as above.
absl::StatusOr<std::string> LoadDefaultStateDir(const std::string& file_name);

inline constexpr int kConfigKeysToldMax = 500;  // the rest of the keys that are not honoured is counted in one warning

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONFIG_CONFIG_H_
