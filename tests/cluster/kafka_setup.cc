#include "tests/cluster/kafka_setup.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "tests/cluster/process.h"

namespace replicator::tests {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kFormatTimeout = absl::Seconds(60);
// ZooKeeper's answer to "dump" lists sessions; a harness has a few.
constexpr size_t kDumpBytesMax = 1 << 20;

std::string VersionFolder(absl::string_view version) { return absl::StrCat(CacheDir(), "/kafka/", version); }

// Path and age of the java that PATH finds: an archive made by another JVM would be ignored, so its name holds this.
std::string JavaTag() {
  std::error_code error;
  const char* path = getenv("PATH");
  for (absl::string_view folder : absl::StrSplit(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    const fs::path java = fs::canonical(absl::StrCat(folder, "/java"), error);
    if (error) continue;
    const auto age = fs::last_write_time(java, error).time_since_epoch().count();
    return absl::StrCat(absl::Hex(std::hash<std::string>()(absl::StrCat(java.string(), "@", age))));
  }
  return "none";
}

const char* MainClass(JvmRole role) {
  return role == JvmRole::kBroker ? "kafka.Kafka" : "org.apache.zookeeper.server.quorum.QuorumPeerMain";
}

// Runs StorageTool in a scratch folder and moves what it made to `checkpoint`.
absl::Status MakeBootstrapCheckpoint(absl::string_view version, const std::string& checkpoint) {
  absl::StatusOr<std::string> jars = JarFolder(version);
  if (!jars.ok()) return jars.status();
  TempDir scratch("format");
  const std::string log_dir = scratch.path() + "/log";
  const std::string properties = scratch.path() + "/server.properties";
  absl::Status status = WriteProperties(properties, {{"process.roles", "broker,controller"},
                                                     {"node.id", "1"},
                                                     {"controller.quorum.voters", "1@127.0.0.1:9"},
                                                     {"listeners", "PLAINTEXT://127.0.0.1:8,CONTROLLER://127.0.0.1:9"},
                                                     {"controller.listener.names", "CONTROLLER"},
                                                     {"log.dirs", log_dir}});
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<ChildProcess>> tool = ChildProcess::Start(
      {.argv = {"java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", *jars + "/*",
                "kafka.tools.StorageTool", "format", "-t", RandomKafkaUuid(), "-c", properties},
       .log_path = scratch.path() + "/format.log"});
  if (!tool.ok()) return tool.status();
  absl::StatusOr<ExitStatus> exit = (*tool)->Wait(kFormatTimeout);
  if (!exit.ok()) return exit.status();
  if (!exit->ok())
    return absl::InternalError(absl::StrCat("StorageTool: ", exit->ToString(), "\n", (*tool)->LogTail()));
  // Moved into place at once, so that another process never sees half of it.
  std::error_code error;
  fs::create_directories(fs::path(checkpoint).parent_path(), error);
  const std::string part = absl::StrCat(checkpoint, ".", getpid());
  fs::copy_file(log_dir + "/bootstrap.checkpoint", part, fs::copy_options::overwrite_existing, error);
  if (!error) fs::rename(part, checkpoint, error);
  if (error) return absl::InternalError(absl::StrCat("cannot keep ", checkpoint, ": ", error.message()));
  return absl::OkStatus();
}

}  // namespace

bool IsBefore(absl::string_view version, int major, int minor) {
  const std::vector<absl::string_view> parts = absl::StrSplit(version, '.');
  int numbers[2] = {};
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &numbers[0]) || !absl::SimpleAtoi(parts[1], &numbers[1])) {
    return false;
  }
  return numbers[0] != major ? numbers[0] < major : numbers[1] < minor;
}

bool UsesZooKeeper(absl::string_view version) { return IsBefore(version, 3, 3); }

absl::StatusOr<std::string> JarFolder(absl::string_view version) {
  std::string folder = VersionFolder(version) + "/libs";
  std::error_code error;
  if (fs::is_directory(folder, error)) return folder;
  return absl::NotFoundError(
      absl::StrCat("no Kafka ", version, ": ", folder,
                   " is missing. `./dev setup` downloads it; REPLICATOR_CACHE names another folder."));
}

std::string ArchivePath(absl::string_view version, JvmRole role) {
  static const std::string java_tag = JavaTag();
  return absl::StrCat(VersionFolder(version), "/", role == JvmRole::kBroker ? "broker" : "zookeeper", "-", java_tag,
                      ".jsa");
}

std::vector<std::string> JavaCommand(const JvmOptions& options) {
  std::vector<std::string> command = {
      "java",
      absl::StrCat("-Xmx", options.heap_mib_max, "m"),
      absl::StrCat("-Xms", std::min(64, options.heap_mib_max), "m"),
      "-XX:+UseSerialGC",
      "-XX:-UsePerfData",
      "-XX:+ExitOnOutOfMemoryError",
      "-Xshare:auto",
      "-Xlog:disable",
      "-Xlog:all=error:stderr",
      "-Dzookeeper.jmx.log4j.disable=true",
      "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
      "-Dorg.slf4j.simpleLogger.showDateTime=true",
      "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
  };
  if (!options.full_jit) command.push_back("-XX:TieredStopAtLevel=1");
  const std::string archive = ArchivePath(options.version, options.role);
  if (options.record_archive) {
    command.push_back(absl::StrCat("-XX:ArchiveClassesAtExit=", archive, ".new"));
  } else if (access(archive.c_str(), R_OK) == 0) {
    command.push_back(absl::StrCat("-XX:SharedArchiveFile=", archive));
  }
  command.push_back("-cp");
  command.push_back(VersionFolder(options.version) + "/libs/*");
  command.push_back(MainClass(options.role));
  return command;
}

Properties CommonProperties(absl::string_view version, int brokers, bool default_timings) {
  const std::string replicas = absl::StrCat(std::min(3, brokers));
  const std::string isr_min = absl::StrCat(brokers >= 3 ? 2 : 1);
  Properties properties = {
      {"offsets.topic.replication.factor", replicas},
      {"transaction.state.log.replication.factor", replicas},
      {"transaction.state.log.min.isr", isr_min},
      {"auto.create.topics.enable", "false"},
      {"log.cleaner.dedupe.buffer.size", "2097152"},
      {"log.cleaner.threads", "1"},
      // Index files are preallocated: 10 MiB each by default.
      {"log.index.size.max.bytes", "1048576"},
      {"num.recovery.threads.per.data.dir", "1"},
      {"background.threads", "2"},
      {"num.network.threads", "2"},
      {"num.io.threads", "4"},
  };
  if (!IsBefore(version, 4, 0)) {
    properties.insert({{"share.coordinator.state.topic.replication.factor", replicas},
                       {"share.coordinator.state.topic.min.isr", isr_min},
                       {"share.coordinator.state.topic.num.partitions", "4"}});
  }
  if (default_timings) return properties;
  properties.insert({{"offsets.topic.num.partitions", "4"},
                     {"transaction.state.log.num.partitions", "4"},
                     {"group.initial.rebalance.delay.ms", "0"},
                     {"group.min.session.timeout.ms", "1000"},
                     {"replica.fetch.wait.max.ms", "100"}});
  if (UsesZooKeeper(version)) {
    properties.insert({{"zookeeper.session.timeout.ms", "3000"}});
  } else {
    properties.insert({{"broker.session.timeout.ms", "3000"},
                       {"broker.heartbeat.interval.ms", "300"},
                       {"controller.quorum.election.timeout.ms", "300"},
                       {"controller.quorum.election.backoff.max.ms", "200"},
                       {"controller.quorum.fetch.timeout.ms", "1000"}});
  }
  return properties;
}

Properties ZooKeeperProperties(int port, const std::string& data_dir) {
  return {{"dataDir", data_dir},
          {"clientPort", absl::StrCat(port)},
          {"clientPortAddress", "127.0.0.1"},
          {"maxClientCnxns", "0"},
          {"admin.enableServer", "false"},
          {"4lw.commands.whitelist", "dump"},
          // Session timeouts lie between 2 and 20 ticks.
          {"tickTime", "1000"}};
}

absl::Status WriteProperties(const std::string& path, const Properties& properties) {
  std::ofstream out(path, std::ios::trunc);
  for (const auto& [name, value] : properties) out << name << '=' << value << '\n';
  out.close();
  return out ? absl::OkStatus() : absl::InternalError(absl::StrCat("cannot write ", path));
}

std::string RandomKafkaUuid() {
  std::random_device random;
  std::string uuid;
  do {
    std::string bytes;
    for (int i = 0; i < 16; ++i) bytes.push_back(static_cast<char>(random()));
    uuid = absl::WebSafeBase64Escape(bytes);
  } while (absl::StartsWith(uuid, "-"));
  return uuid;
}

absl::Status FormatKraftStorage(absl::string_view version, const std::string& log_dir, const std::string& cluster_id,
                                int node_id) {
  const std::string checkpoint = VersionFolder(version) + "/format/bootstrap.checkpoint";
  std::error_code error;
  if (!fs::exists(checkpoint, error)) {
    absl::Status made = MakeBootstrapCheckpoint(version, checkpoint);
    if (!made.ok()) return made;
  }
  fs::create_directories(log_dir, error);
  fs::copy_file(checkpoint, log_dir + "/bootstrap.checkpoint", fs::copy_options::overwrite_existing, error);
  if (error) return absl::InternalError(absl::StrCat("cannot format ", log_dir, ": ", error.message()));
  return WriteProperties(log_dir + "/meta.properties", {{"version", "1"},
                                                        {"cluster.id", cluster_id},
                                                        {"node.id", absl::StrCat(node_id)},
                                                        {"directory.id", RandomKafkaUuid()}});
}

absl::StatusOr<bool> ZooKeeperKnowsBroker(int zookeeper_port, int broker_id) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::InternalError("no socket");
  const timeval timeout = {.tv_sec = 2, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(zookeeper_port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
      send(fd, "dump", 4, MSG_NOSIGNAL) == 4) {
    char buffer[4096];
    ssize_t got = 0;
    while (answer.size() < kDumpBytesMax && (got = recv(fd, buffer, sizeof(buffer), 0)) > 0) answer.append(buffer, got);
  }
  close(fd);
  if (!absl::StrContains(answer, "phemerals")) return absl::UnavailableError("ZooKeeper does not answer");
  return absl::StrContains(answer, absl::StrCat("/brokers/ids/", broker_id, "\n"));
}

}  // namespace replicator::tests
