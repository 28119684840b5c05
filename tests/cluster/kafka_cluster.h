// A real Kafka cluster on loopback: each broker (and ZooKeeper, for versions before 3.3) is a JVM process of its own,
// so that a signal hits one broker.
//
// Every broker has two listeners. CLIENT is what the program under test uses: it advertises the broker's own port, or
// the port of a proxy that stands before it. INTERNAL carries replication and always advertises the broker's own port;
// the load generator, the verifier and the admin of a test use it when they must not pass the proxy.
//
//   auto cluster = KafkaCluster::Launch({.version = "4.3.1", .brokers = 3});    // ready when it returns
//   ClusterAdmin / LoadGenerator / Verifier on (*cluster)->bootstrap_servers()
//   (*cluster)->Kill9(2); ... (*cluster)->Start(2); (*cluster)->WaitReady();
//
// With a proxy:  auto proxy = FaultProxy::Start(FreePort());
//                auto cluster = KafkaCluster::Launch({.advertised_ports = {{1, (*proxy)->port()}}});
//                (*proxy)->SetUpstream("127.0.0.1", (*cluster)->client_port(1));
//
// The cluster owns its processes: its destructor kills them all, and they die with the test process in any case.
// Not thread-safe: one thread uses a cluster object at a time.
#ifndef REPLICATOR_TESTS_CLUSTER_KAFKA_CLUSTER_H_
#define REPLICATOR_TESTS_CLUSTER_KAFKA_CLUSTER_H_

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/cluster/kafka_setup.h"
#include "tests/cluster/process.h"
#include "tests/cluster/verdict.h"

namespace replicator::tests {

// Where a cluster of this process is, and how many of its brokers should answer: they were started and neither killed
// nor stopped.
struct ClusterAddress {
  std::string name;
  std::string direct_bootstrap_servers;
  size_t brokers = 0;
};
// Of all clusters that live. By the thread that uses them.
std::vector<ClusterAddress> PresentClusters();

struct KafkaClusterOptions {
  // A version whose jars lie in CacheDir()/kafka/VERSION/libs. Before 3.3 the cluster runs on ZooKeeper, from 3.3 on
  // KRaft with combined broker and controller nodes.
  std::string version = "4.3.1";
  // Broker ids are 1 ... brokers. Internal topics get replication factor min(3, brokers).
  int brokers = 1;
  // Server properties for every broker, and for one broker; the latter win. They replace the harness's own lines.
  Properties properties;
  std::map<int, Properties> broker_properties;
  // KRaft only: a controller in a process of its own, with these server properties beside the harness's own; the
  // brokers are only brokers then.
  std::optional<Properties> controller;
  // KRaft only. Empty: one of its own.
  std::string cluster_id;
  // Port that a broker's CLIENT listener advertises, in place of the port that it listens on: a proxy's.
  std::map<int, int> advertised_ports;
  // With a controller of its own: the port at which a broker looks for it, in place of the controller's: a proxy's.
  std::map<int, int> controller_ports;
  // False: short session timeouts, elections and rebalance delays, so that restarts cost 3-7 s. True: Kafka's defaults
  // for all that concerns groups, sessions and replication; for tests that quote times.
  bool default_timings = false;
  // Maximum heap of each broker. A broker that is loaded with hundreds of MB/s is content with the default.
  int heap_mib_max = 320;
  // False: only the quick compiler runs (fast start, lower peak throughput). True: Kafka's usual tiered compilation,
  // for benchmarks.
  bool full_jit = false;
  // Scratch folder, created if missing and kept. Empty: a TempDir that goes with the cluster.
  std::string dir;
};

class KafkaCluster {
 public:
  // How long a cluster may take to get ready on a busy machine, and how long SIGTERM may take.
  static constexpr absl::Duration kReadyTimeout = absl::Seconds(120);
  static constexpr absl::Duration kTerminateTimeout = absl::Seconds(60);
  // A start that fails, on a machine that does other things too, is made again.
  static constexpr int kStartsMax = 3;

  // Create, StartAll and WaitReady in one; up to kStartsMax times with new ports and a new folder, unless `dir` names
  // one.
  static absl::StatusOr<std::unique_ptr<KafkaCluster>> Launch(const KafkaClusterOptions& options);
  // The same of several clusters, which start at once.
  static absl::StatusOr<std::vector<std::unique_ptr<KafkaCluster>>> LaunchAll(
      const std::vector<KafkaClusterOptions>& options);

  // Reserves ports and writes property files and storage; starts nothing. Two clusters get ready sooner when both are
  // created and started before the first is waited for.
  static absl::StatusOr<std::unique_ptr<KafkaCluster>> Create(const KafkaClusterOptions& options);

  ~KafkaCluster();
  KafkaCluster(const KafkaCluster&) = delete;
  KafkaCluster& operator=(const KafkaCluster&) = delete;

  // Starts ZooKeeper, if any, and every broker that does not run.
  absl::Status StartAll();

  // Waits until each broker that runs (and is not stopped by a signal) answers Metadata with all of these as members.
  // The error's text holds the tail of the log of a broker that failed.
  absl::Status WaitReady(absl::Duration timeout = kReadyTimeout);

  // "127.0.0.1:port,..." of the CLIENT listeners as advertised (a proxy's port where there is one).
  std::string bootstrap_servers() const;
  // The same of the INTERNAL listeners: a client that begins here never meets a proxy.
  std::string direct_bootstrap_servers() const;
  // "127.0.0.1:port" of its ZooKeeper; empty with KRaft.
  std::string zookeeper() const;
  // The port that the broker's CLIENT / INTERNAL listener is bound to.
  int client_port(int id) const;
  int internal_port(int id) const;
  // REQUIRES: KafkaClusterOptions::controller.
  int controller_port() const;

  // For a probe (eventually.h).
  ClusterAddress Address() const;

  std::vector<int> broker_ids() const;
  const std::string& version() const { return options_.version; }
  const std::string& dir() const { return dir_; }

  // SIGKILL; returns when the process is reaped.
  absl::Status Kill9(int id);
  // SIGTERM (a controlled shutdown: leaders move away first); returns when the process is reaped.
  absl::Status Terminate(int id);
  // SIGSTOP (returns when every thread has stopped) and SIGCONT: the broker hangs with its connections open.
  absl::Status Stop(int id);
  absl::Status Continue(int id);
  // Starts a broker that was killed or terminated, on its old data and ports. Does not wait for readiness. (On
  // ZooKeeper it first waits for the session of a killed broker to expire: registering again before that is refused.)
  absl::Status Start(int id);
  // Terminate, Start, WaitReady.
  absl::Status Restart(int id);

  // Sets properties of one broker; they hold from its next Start on. An empty value removes a property that the options
  // or an earlier call have set; the harness's own lines can be replaced, not removed.
  absl::Status AlterProperties(int id, const Properties& properties);

  // True while the broker's process exists (a stopped one too).
  bool Running(int id);
  // -1 if it does not run.
  pid_t broker_pid(int id) const;
  // The broker's log.dirs folder, with one subfolder per partition replica.
  std::string LogDir(int id) const;
  // The tail of what the broker wrote to stdout and stderr.
  std::string LogTail(int id, size_t bytes_max = 4096) const;
  // CPU and memory of the broker's present process.
  absl::StatusOr<ProcessUsage> Usage(int id);

 private:
  struct Broker;

  KafkaCluster(const KafkaClusterOptions& options, bool record_archives);

  static absl::StatusOr<std::unique_ptr<KafkaCluster>> CreateInternal(const KafkaClusterOptions& options,
                                                                      bool record_archives);
  static void RecordArchives(const std::string& version);

  absl::Status Prepare();
  void Keep(const std::string& folder) const;
  Properties ServerProperties(const Broker& broker) const;
  absl::StatusOr<std::unique_ptr<ChildProcess>> StartJvm(JvmRole role, int heap_mib_max,
                                                         const std::string& properties_path,
                                                         const std::string& log_path) const;
  absl::StatusOr<std::unique_ptr<Broker>> NewNode(int id, const std::string& name) const;
  Properties ControllerProperties() const;
  absl::Status StartZooKeeper();
  absl::Status StartBroker(Broker* broker);
  absl::Status WaitBrokerReady(Broker* broker, absl::Time deadline);
  std::vector<int> Responsive() const;
  absl::StatusOr<Broker*> FindRunning(int id);
  Broker* At(int id) const;
  absl::Status FailureOf(Broker* broker, absl::string_view what) const;

  const KafkaClusterOptions options_;
  const bool zookeeper_mode_;
  const bool record_archives_;
  const std::string cluster_id_;  // KRaft only.
  std::unique_ptr<TempDir> temp_dir_;
  std::string dir_;
  int zookeeper_port_ = 0;
  std::unique_ptr<ChildProcess> zookeeper_;
  std::unique_ptr<Broker> controller_;  // One of its own.
  std::map<int, std::unique_ptr<Broker>> brokers_;
  std::unique_ptr<Keeper> keeper_;  // The brokers' logs and properties, when a test fails.
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_KAFKA_CLUSTER_H_
