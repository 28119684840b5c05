// What is needed before a Kafka JVM can start: its command line, its property files, and the things that are made once
// per Kafka version and kept in the cache folder. Used by KafkaCluster only.
#ifndef REPLICATOR_TESTS_CLUSTER_KAFKA_SETUP_H_
#define REPLICATOR_TESTS_CLUSTER_KAFKA_SETUP_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace replicator::tests {

using Properties = std::map<std::string, std::string>;

// Whether "2.8.2" is before major.minor. False for what is no version: then the jars are missing, and that is the
// better message.
bool IsBefore(absl::string_view version, int major, int minor);

// True for versions before 3.3: from there on KRaft is ready for production (KIP-833), and that is how we run them.
bool UsesZooKeeper(absl::string_view version);

// Folder with the jars of a version. NotFound, with the remedy, if it is missing.
absl::StatusOr<std::string> JarFolder(absl::string_view version);

enum class JvmRole { kBroker, kZooKeeper };

struct JvmOptions {
  std::string version;
  JvmRole role = JvmRole::kBroker;
  int heap_mib_max = 320;
  bool full_jit = false;
  // Write the class archive of this role when the JVM exits, instead of using it.
  bool record_archive = false;
};

// The start of a command line: java, flags, class path and main class; the property file's path follows.
std::vector<std::string> JavaCommand(const JvmOptions& options);

// A class-data archive (JEP 350) of the role, made by the JVM that is installed now: with it a broker is up in 1.4 s
// instead of 3 s.
std::string ArchivePath(absl::string_view version, JvmRole role);

// Small buffers and few threads for every broker; with `default_timings` false also short sessions, elections and
// rebalance delays.
Properties CommonProperties(absl::string_view version, int brokers, bool default_timings);

// ZooKeeper's own configuration.
Properties ZooKeeperProperties(int port, const std::string& data_dir);

// Writes "key=value" lines.
absl::Status WriteProperties(const std::string& path, const Properties& properties);

// A new cluster id: 16 random bytes in URL-safe base64 (org.apache.kafka.common.Uuid), not beginning with '-'.
std::string RandomKafkaUuid();

// Formats a KRaft node's log folder without a JVM: meta.properties by hand (version 1, KIP-853 keeps it) and the
// bootstrap.checkpoint of the version, which is the same for every node and cluster; it is made by Kafka's own
// StorageTool once and kept in the cache.
absl::Status FormatKraftStorage(absl::string_view version, const std::string& log_dir, const std::string& cluster_id,
                                int node_id);

// Sessions that hold the ephemeral node of this broker, asked of ZooKeeper by its four-letter command "dump".
absl::StatusOr<bool> ZooKeeperKnowsBroker(int zookeeper_port, int broker_id);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_KAFKA_SETUP_H_
