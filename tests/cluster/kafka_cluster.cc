#include "tests/cluster/kafka_cluster.h"

#include <fcntl.h>
#include <glog/logging.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/cluster/admin.h"

namespace replicator::tests {
namespace {

namespace fs = std::filesystem;

constexpr int kBrokersMax = 9;
// Node id of a controller in a process of its own.
constexpr int kControllerId = 100;
constexpr int kZooKeeperHeapMib = 96;
constexpr absl::Duration kKillTimeout = absl::Seconds(30);
// A broker's ZooKeeper session ends after its timeout: 18 s by default.
constexpr absl::Duration kSessionEndTimeout = absl::Seconds(40);
// One question of WaitReady; a broker that starts answers late or not at all.
constexpr absl::Duration kMetadataTry = absl::Milliseconds(500);
constexpr size_t kFailureLogBytes = 3000;

// Holds a file lock while it lives, so that only one process makes what many want.
class FileLock {
 public:
  explicit FileLock(const std::string& path) : fd_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ >= 0) flock(fd_, LOCK_EX);
  }
  ~FileLock() {
    if (fd_ >= 0) close(fd_);
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  bool held() const { return fd_ >= 0; }

 private:
  const int fd_;
};

// As in controller.quorum.voters.
std::string ControllerAt(int port) { return absl::StrCat(kControllerId, "@127.0.0.1:", port); }

absl::Mutex present_mutex(absl::kConstInit);
// Never destroyed: a scene may live as long as the process.
std::vector<KafkaCluster*>& Present() ABSL_EXCLUSIVE_LOCKS_REQUIRED(present_mutex) {
  static std::vector<KafkaCluster*>* present = new std::vector<KafkaCluster*>;
  return *present;
}

}  // namespace

std::vector<ClusterAddress> PresentClusters() {
  absl::MutexLock lock(&present_mutex);
  std::vector<ClusterAddress> addresses;
  for (const KafkaCluster* cluster : Present()) addresses.push_back(cluster->Address());
  return addresses;
}

struct KafkaCluster::Broker {
  int id = 0;
  int client_port = 0;
  int internal_port = 0;
  int controller_port = 0;
  int advertised_port = 0;
  Properties properties;  // Of the options and of AlterProperties.
  std::string log_dir;
  std::string output_path;
  std::string properties_path;
  std::unique_ptr<ChildProcess> process;  // The present or last one.
  bool wanted = false;                    // Started, and not ended by a call.
  bool stopped = false;                   // By SIGSTOP.

  bool Running() const { return process != nullptr && process->Running(); }
};

KafkaCluster::KafkaCluster(const KafkaClusterOptions& options, bool record_archives)
    : options_(options),
      zookeeper_mode_(UsesZooKeeper(options.version)),
      record_archives_(record_archives),
      cluster_id_(options.cluster_id.empty() ? RandomKafkaUuid() : options.cluster_id) {
  absl::MutexLock lock(&present_mutex);
  Present().push_back(this);
}

KafkaCluster::~KafkaCluster() {
  absl::MutexLock lock(&present_mutex);
  std::erase(Present(), this);
}

absl::StatusOr<std::unique_ptr<KafkaCluster>> KafkaCluster::Launch(const KafkaClusterOptions& options) {
  absl::StatusOr<std::vector<std::unique_ptr<KafkaCluster>>> clusters = LaunchAll({options});
  if (!clusters.ok()) return clusters.status();
  return std::move(clusters->front());
}

absl::StatusOr<std::vector<std::unique_ptr<KafkaCluster>>> KafkaCluster::LaunchAll(
    const std::vector<KafkaClusterOptions>& options) {
  // A folder that the caller names cannot be begun a second time.
  const bool once = std::any_of(options.begin(), options.end(), [](const auto& each) { return !each.dir.empty(); });
  absl::Status status;
  for (int starts = 0; starts < (once ? 1 : kStartsMax); ++starts) {
    std::vector<std::unique_ptr<KafkaCluster>> clusters;
    for (const KafkaClusterOptions& each : options) {
      absl::StatusOr<std::unique_ptr<KafkaCluster>> cluster = Create(each);
      if (!cluster.ok()) return cluster.status();
      clusters.push_back(*std::move(cluster));
    }
    status = absl::OkStatus();
    for (auto& cluster : clusters) status.Update(cluster->StartAll());
    for (auto& cluster : clusters) {
      if (status.ok()) status = cluster->WaitReady();
    }
    if (status.ok()) return clusters;
    LOG(WARNING) << "start " << starts + 1 << " of " << options.size() << " clusters failed: " << status;
  }
  return status;
}

absl::StatusOr<std::unique_ptr<KafkaCluster>> KafkaCluster::Create(const KafkaClusterOptions& options) {
  absl::StatusOr<std::string> jars = JarFolder(options.version);
  if (!jars.ok()) return AsHarness(jars.status());
  RecordArchives(options.version);
  return CreateInternal(options, /*record_archives=*/false);
}

// Runs a cluster of one broker once per version and JVM, whose processes write class archives as they exit. Without
// archives everything works, only slower: so failures here are told and not returned.
void KafkaCluster::RecordArchives(const std::string& version) {
  const std::string broker_archive = ArchivePath(version, JvmRole::kBroker);
  if (access(broker_archive.c_str(), R_OK) == 0) return;
  FileLock lock(absl::StrCat(broker_archive, ".lock"));
  if (!lock.held() || access(broker_archive.c_str(), R_OK) == 0) return;
  absl::StatusOr<std::unique_ptr<KafkaCluster>> cluster =
      CreateInternal({.version = version}, /*record_archives=*/true);
  absl::Status status = cluster.status();
  if (status.ok()) status = (*cluster)->StartAll();
  if (status.ok()) status = (*cluster)->WaitReady();
  if (status.ok()) status = (*cluster)->Terminate(1);
  if (status.ok() && (*cluster)->zookeeper_ != nullptr) {
    status = (*cluster)->zookeeper_->Terminate(kTerminateTimeout).status();
  }
  LOG_IF(WARNING, !status.ok()) << "no class archive of Kafka " << version << ", brokers start slowly: " << status;
  if (!status.ok()) return;
  // The broker's last: it tells that all is there.
  for (JvmRole role : {JvmRole::kZooKeeper, JvmRole::kBroker}) {
    const std::string path = ArchivePath(version, role);
    std::error_code error;
    if (fs::exists(path + ".new", error)) fs::rename(path + ".new", path, error);
  }
}

absl::StatusOr<std::unique_ptr<KafkaCluster>> KafkaCluster::CreateInternal(const KafkaClusterOptions& options,
                                                                           bool record_archives) {
  if (options.brokers < 1 || options.brokers > kBrokersMax) {
    return absl::InvalidArgumentError(absl::StrCat("brokers must be 1 ... ", kBrokersMax));
  }
  std::unique_ptr<KafkaCluster> cluster(new KafkaCluster(options, record_archives));
  absl::Status status = cluster->Prepare();
  if (!status.ok()) return AsHarness(status);
  return cluster;
}

absl::Status KafkaCluster::Prepare() {
  std::error_code error;
  if (options_.dir.empty()) {
    temp_dir_ = std::make_unique<TempDir>(absl::StrCat("kafka-", options_.version));
    dir_ = temp_dir_->path();
  } else {
    dir_ = fs::absolute(options_.dir).string();
    fs::create_directories(dir_, error);
    if (error) return absl::InternalError(absl::StrCat("cannot create ", dir_, ": ", error.message()));
  }
  if (zookeeper_mode_) zookeeper_port_ = FreePort();
  if (options_.controller.has_value()) {
    absl::StatusOr<std::unique_ptr<Broker>> controller = NewNode(kControllerId, "controller");
    if (!controller.ok()) return controller.status();
    controller_ = *std::move(controller);
    controller_->controller_port = FreePort();
    controller_->properties = *options_.controller;
  }
  for (int id = 1; id <= options_.brokers; ++id) {
    absl::StatusOr<std::unique_ptr<Broker>> node = NewNode(id, absl::StrCat("broker-", id));
    if (!node.ok()) return node.status();
    std::unique_ptr<Broker> broker = *std::move(node);
    broker->client_port = FreePort();
    broker->internal_port = FreePort();
    if (!zookeeper_mode_ && controller_ == nullptr) broker->controller_port = FreePort();
    const auto advertised = options_.advertised_ports.find(id);
    broker->advertised_port = advertised == options_.advertised_ports.end() ? broker->client_port : advertised->second;
    broker->properties = options_.properties;
    if (const auto own = options_.broker_properties.find(id); own != options_.broker_properties.end()) {
      for (const auto& [name, value] : own->second) broker->properties[name] = value;
    }
    brokers_[id] = std::move(broker);
  }
  keeper_ = std::make_unique<Keeper>([this](const std::string& folder) { Keep(folder); });
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<KafkaCluster::Broker>> KafkaCluster::NewNode(int id, const std::string& name) const {
  auto node = std::make_unique<Broker>();
  node->id = id;
  node->log_dir = absl::StrCat(dir_, "/", name);
  node->output_path = absl::StrCat(dir_, "/", name, ".log");
  node->properties_path = absl::StrCat(dir_, "/", name, ".properties");
  std::error_code error;
  fs::create_directories(node->log_dir, error);
  if (zookeeper_mode_) return node;
  absl::Status status = FormatKraftStorage(options_.version, node->log_dir, cluster_id_, id);
  if (!status.ok()) return status;
  return node;
}

void KafkaCluster::Keep(const std::string& folder) const {
  const std::string prefix = absl::StrCat(fs::path(dir_).filename().string(), "-");
  for (const auto& [id, broker] : brokers_) {
    KeepTail(broker->output_path, folder, prefix);
    KeepTail(broker->properties_path, folder, prefix);
  }
  if (zookeeper_mode_) KeepTail(dir_ + "/zookeeper.log", folder, prefix);
  if (controller_ != nullptr) KeepTail(controller_->output_path, folder, prefix);
}

Properties KafkaCluster::ServerProperties(const Broker& broker) const {
  Properties properties = CommonProperties(options_.version, options_.brokers, options_.default_timings);
  std::string listeners =
      absl::StrCat("INTERNAL://127.0.0.1:", broker.internal_port, ",CLIENT://127.0.0.1:", broker.client_port);
  std::string protocols = "INTERNAL:PLAINTEXT,CLIENT:PLAINTEXT";
  if (zookeeper_mode_) {
    properties["broker.id"] = absl::StrCat(broker.id);
    properties["zookeeper.connect"] = absl::StrCat("127.0.0.1:", zookeeper_port_);
    properties["zookeeper.connection.timeout.ms"] = "30000";
  } else {
    absl::StrAppend(&protocols, ",CONTROLLER:PLAINTEXT");
    properties["node.id"] = absl::StrCat(broker.id);
    properties["controller.listener.names"] = "CONTROLLER";
    if (controller_ != nullptr) {
      properties["process.roles"] = "broker";
      const auto proxy = options_.controller_ports.find(broker.id);
      properties["controller.quorum.voters"] =
          ControllerAt(proxy == options_.controller_ports.end() ? controller_->controller_port : proxy->second);
    } else {
      absl::StrAppend(&listeners, ",CONTROLLER://127.0.0.1:", broker.controller_port);
      properties["process.roles"] = "broker,controller";
      properties["controller.quorum.voters"] = absl::StrJoin(brokers_, ",", [](std::string* out, const auto& entry) {
        absl::StrAppend(out, entry.first, "@127.0.0.1:", entry.second->controller_port);
      });
    }
  }
  properties["listeners"] = listeners;
  properties["advertised.listeners"] =
      absl::StrCat("INTERNAL://127.0.0.1:", broker.internal_port, ",CLIENT://127.0.0.1:", broker.advertised_port);
  properties["listener.security.protocol.map"] = protocols;
  properties["inter.broker.listener.name"] = "INTERNAL";
  properties["log.dirs"] = broker.log_dir;
  for (const auto& [name, value] : broker.properties) properties[name] = value;
  return properties;
}

Properties KafkaCluster::ControllerProperties() const {
  Properties properties = CommonProperties(options_.version, options_.brokers, options_.default_timings);
  properties["process.roles"] = "controller";
  properties["node.id"] = absl::StrCat(controller_->id);
  properties["listeners"] = absl::StrCat("CONTROLLER://127.0.0.1:", controller_->controller_port);
  properties["listener.security.protocol.map"] = "CONTROLLER:PLAINTEXT";
  properties["controller.listener.names"] = "CONTROLLER";
  properties["controller.quorum.voters"] = ControllerAt(controller_->controller_port);
  properties["log.dirs"] = controller_->log_dir;
  for (const auto& [name, value] : controller_->properties) properties[name] = value;
  return properties;
}

absl::StatusOr<std::unique_ptr<ChildProcess>> KafkaCluster::StartJvm(JvmRole role, int heap_mib_max,
                                                                     const std::string& properties_path,
                                                                     const std::string& log_path) const {
  std::vector<std::string> argv = JavaCommand({.version = options_.version,
                                               .role = role,
                                               .heap_mib_max = heap_mib_max,
                                               .full_jit = options_.full_jit && role == JvmRole::kBroker,
                                               .record_archive = record_archives_});
  argv.push_back(properties_path);
  absl::StatusOr<std::unique_ptr<ChildProcess>> process =
      ChildProcess::Start({.argv = std::move(argv), .log_path = log_path, .working_directory = dir_});
  if (!process.ok()) return AsHarness(process.status());
  return process;
}

absl::Status KafkaCluster::StartZooKeeper() {
  const std::string path = dir_ + "/zookeeper.properties";
  absl::Status status = WriteProperties(path, ZooKeeperProperties(zookeeper_port_, dir_ + "/zookeeper"));
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<ChildProcess>> process =
      StartJvm(JvmRole::kZooKeeper, kZooKeeperHeapMib, path, dir_ + "/zookeeper.log");
  if (!process.ok()) return process.status();
  zookeeper_ = *std::move(process);
  return absl::OkStatus();
}

absl::Status KafkaCluster::StartBroker(Broker* broker) {
  absl::Status status = WriteProperties(
      broker->properties_path, broker == controller_.get() ? ControllerProperties() : ServerProperties(*broker));
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<ChildProcess>> process =
      StartJvm(JvmRole::kBroker, options_.heap_mib_max, broker->properties_path, broker->output_path);
  if (!process.ok()) return process.status();
  broker->process = *std::move(process);
  broker->wanted = true;
  broker->stopped = false;
  return absl::OkStatus();
}

absl::Status KafkaCluster::StartAll() {
  // Brokers retry until ZooKeeper is up, so all JVMs start at once.
  if (zookeeper_mode_ && zookeeper_ == nullptr) {
    absl::Status status = StartZooKeeper();
    if (!status.ok()) return status;
  }
  if (controller_ != nullptr && !controller_->Running()) {
    absl::Status status = StartBroker(controller_.get());
    if (!status.ok()) return status;
  }
  for (auto& [id, broker] : brokers_) {
    if (broker->Running()) continue;
    absl::Status status = Start(id);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

ClusterAddress KafkaCluster::Address() const {
  // A broker that has died by itself should answer, too.
  size_t wanted = 0;
  for (const auto& [id, broker] : brokers_) wanted += broker->wanted && !broker->stopped ? 1 : 0;
  return {.name = absl::StrCat("Kafka ", options_.version),
          .direct_bootstrap_servers = direct_bootstrap_servers(),
          .brokers = wanted};
}

std::vector<int> KafkaCluster::Responsive() const {
  std::vector<int> ids;
  for (const auto& [id, broker] : brokers_) {
    if (broker->Running() && !broker->stopped) ids.push_back(id);
  }
  return ids;
}

absl::Status KafkaCluster::WaitReady(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  for (auto& [id, broker] : brokers_) {
    if (broker->process == nullptr || broker->stopped) continue;
    absl::Status status = WaitBrokerReady(broker.get(), deadline);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status KafkaCluster::WaitBrokerReady(Broker* broker, absl::Time deadline) {
  // The INTERNAL listener, so that a proxy which is not there yet does not matter.
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin =
      ClusterAdmin::Create(absl::StrCat("127.0.0.1:", broker->internal_port), {{"reconnect.backoff.max.ms", "50"}});
  if (!admin.ok()) return admin.status();
  std::string seen = "no answer";
  bool dead = false;
  auto ready = [&] {
    dead = !broker->Running();
    if (dead) return true;
    absl::StatusOr<std::vector<int>> members = (*admin)->Brokers(kMetadataTry);
    seen = members.ok() ? absl::StrCat("members ", absl::StrJoin(*members, ",")) : members.status().ToString();
    const std::vector<int> wanted = Responsive();
    return members.ok() && std::includes(members->begin(), members->end(), wanted.begin(), wanted.end());
  };
  const bool done = WaitFor(ready, deadline - absl::Now());
  if (dead) return FailureOf(broker, "has died");
  return done ? absl::OkStatus() : FailureOf(broker, absl::StrCat("is not ready: ", seen));
}

absl::Status KafkaCluster::FailureOf(Broker* broker, absl::string_view what) const {
  return AsHarness(absl::UnavailableError(absl::StrCat("Kafka ", options_.version, " broker ", broker->id, " ", what,
                                                       "\n", FileTail(broker->output_path, kFailureLogBytes))));
}

KafkaCluster::Broker* KafkaCluster::At(int id) const {
  const auto found = brokers_.find(id);
  CHECK(found != brokers_.end()) << "no broker " << id;
  return found->second.get();
}

absl::StatusOr<KafkaCluster::Broker*> KafkaCluster::FindRunning(int id) {
  const auto found = brokers_.find(id);
  if (found == brokers_.end()) return absl::NotFoundError(absl::StrCat("no broker ", id));
  if (!found->second->Running()) {
    return AsHarness(absl::FailedPreconditionError(absl::StrCat("broker ", id, " does not run")));
  }
  return found->second.get();
}

std::string KafkaCluster::bootstrap_servers() const {
  return absl::StrJoin(brokers_, ",", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, "127.0.0.1:", entry.second->advertised_port);
  });
}

std::string KafkaCluster::direct_bootstrap_servers() const {
  return absl::StrJoin(brokers_, ",", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, "127.0.0.1:", entry.second->internal_port);
  });
}

std::string KafkaCluster::zookeeper() const {
  return zookeeper_mode_ ? absl::StrCat("127.0.0.1:", zookeeper_port_) : "";
}

int KafkaCluster::client_port(int id) const { return At(id)->client_port; }
int KafkaCluster::internal_port(int id) const { return At(id)->internal_port; }
int KafkaCluster::controller_port() const { return controller_->controller_port; }

std::vector<int> KafkaCluster::broker_ids() const {
  std::vector<int> ids;
  for (const auto& entry : brokers_) ids.push_back(entry.first);
  return ids;
}

absl::Status KafkaCluster::Kill9(int id) {
  absl::StatusOr<Broker*> broker = FindRunning(id);
  if (!broker.ok()) return broker.status();
  (*broker)->wanted = false;
  absl::Status status = (*broker)->process->Kill(SIGKILL);
  if (!status.ok()) return AsHarness(status);
  (*broker)->stopped = false;
  return AsHarness((*broker)->process->Wait(kKillTimeout).status());
}

absl::Status KafkaCluster::Terminate(int id) {
  absl::StatusOr<Broker*> broker = FindRunning(id);
  if (!broker.ok()) return broker.status();
  if ((*broker)->stopped)
    return absl::FailedPreconditionError(absl::StrCat("broker ", id, " is stopped: Continue it first"));
  (*broker)->wanted = false;
  absl::Status status = (*broker)->process->Kill(SIGTERM);
  if (!status.ok()) return AsHarness(status);
  status = (*broker)->process->Wait(kTerminateTimeout).status();
  return status.ok() ? status : FailureOf(*broker, status.message());
}

absl::Status KafkaCluster::Stop(int id) {
  absl::StatusOr<Broker*> broker = FindRunning(id);
  if (!broker.ok()) return broker.status();
  (*broker)->stopped = true;
  return AsHarness((*broker)->process->Stop());
}

absl::Status KafkaCluster::Continue(int id) {
  absl::StatusOr<Broker*> broker = FindRunning(id);
  if (!broker.ok()) return broker.status();
  (*broker)->stopped = false;
  return AsHarness((*broker)->process->Continue());
}

absl::Status KafkaCluster::Start(int id) {
  Broker* broker = At(id);
  if (broker->Running()) return absl::FailedPreconditionError(absl::StrCat("broker ", id, " runs already"));
  if (zookeeper_mode_ && broker->process != nullptr) {
    // Registering while the killed broker's session still lives fails with NodeExists (KafkaZkClient.registerBroker).
    auto session_gone = [&] {
      absl::StatusOr<bool> known = ZooKeeperKnowsBroker(zookeeper_port_, id);
      return known.ok() && !*known;
    };
    if (!WaitFor(session_gone, kSessionEndTimeout)) return FailureOf(broker, "still has a ZooKeeper session");
  }
  return StartBroker(broker);
}

absl::Status KafkaCluster::Restart(int id) {
  absl::Status status = Terminate(id);
  if (status.ok()) status = Start(id);
  return status.ok() ? WaitReady() : status;
}

absl::Status KafkaCluster::AlterProperties(int id, const Properties& properties) {
  const auto found = brokers_.find(id);
  if (found == brokers_.end()) return absl::NotFoundError(absl::StrCat("no broker ", id));
  for (const auto& [name, value] : properties) {
    if (value.empty()) {
      found->second->properties.erase(name);
    } else {
      found->second->properties[name] = value;
    }
  }
  return absl::OkStatus();
}

bool KafkaCluster::Running(int id) { return At(id)->Running(); }

pid_t KafkaCluster::broker_pid(int id) const { return At(id)->Running() ? At(id)->process->pid() : -1; }

std::string KafkaCluster::LogDir(int id) const { return At(id)->log_dir; }

std::string KafkaCluster::LogTail(int id, size_t bytes_max) const { return FileTail(At(id)->output_path, bytes_max); }

absl::StatusOr<ProcessUsage> KafkaCluster::Usage(int id) {
  absl::StatusOr<Broker*> broker = FindRunning(id);
  if (!broker.ok()) return broker.status();
  return (*broker)->process->Usage();
}

}  // namespace replicator::tests
