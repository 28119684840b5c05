// KafkaCluster, ClusterAdmin and LoadGenerator against real brokers: 3.1.2 on ZooKeeper (one broker) and 4.3.1 on KRaft
// (three brokers).
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/late.h"
#include "tests/cluster/load.h"
#include "tests/cluster/process.h"
#include "tests/cluster/rdkafka_handle.h"

namespace replicator::tests {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(60);

#define ASSERT_OK(expression)                    \
  do {                                           \
    const absl::Status assert_ok = (expression); \
    ASSERT_TRUE(assert_ok.ok()) << assert_ok;    \
  } while (false)

std::unique_ptr<ClusterAdmin> AdminOf(const std::string& bootstrap_servers) {
  return ClusterAdmin::Create(bootstrap_servers).value();
}

// 'R', 'S', 'T' (stopped), 'Z' (dead, not reaped) ... or 'X' if there is no such process.
char ProcessState(pid_t pid) {
  std::ifstream in(absl::StrCat("/proc/", pid, "/stat"));
  std::string stat;
  std::getline(in, stat);
  const size_t name_end = stat.rfind(')');
  return name_end == std::string::npos ? 'X' : stat.at(name_end + 2);
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Parses "name=value" lines.
std::map<std::string, std::string> ReadPairs(const std::string& path) {
  std::map<std::string, std::string> pairs;
  for (absl::string_view line : absl::StrSplit(ReadFile(path), '\n')) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(line, absl::MaxSplits('=', 1));
    pairs.insert(pair);
  }
  return pairs;
}

// Clusters that the tests share; each test uses topics of its own and leaves all brokers running.
class ClusterTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    absl::StatusOr<std::vector<std::unique_ptr<KafkaCluster>>> clusters =
        KafkaCluster::LaunchAll({{.version = "3.1.2", .brokers = 1}, {.version = "4.3.1", .brokers = 3}});
    ASSERT_TRUE(clusters.ok()) << clusters.status();
    old_ = std::move(clusters->front());
    new_ = std::move(clusters->back());
  }

  static void TearDownTestSuite() {
    old_.reset();
    new_.reset();
  }

  static std::unique_ptr<KafkaCluster> old_;
  static std::unique_ptr<KafkaCluster> new_;
};

std::unique_ptr<KafkaCluster> ClusterTest::old_;
std::unique_ptr<KafkaCluster> ClusterTest::new_;

TEST_F(ClusterTest, AllBrokersAreMembersAndIdsDiffer) {
  const auto members = [](const std::string& bootstrap_servers, const std::vector<int>& want) {
    const std::unique_ptr<ClusterAdmin> admin = AdminOf(bootstrap_servers);
    const auto are_there = [&] {
      const absl::StatusOr<std::vector<int>> have = admin->Brokers();
      return have.ok() && *have == want;
    };
    return WaitFor(are_there, kTimeout);
  };
  EXPECT_TRUE(members(old_->bootstrap_servers(), {1}));
  EXPECT_TRUE(members(new_->bootstrap_servers(), {1, 2, 3}));
  EXPECT_TRUE(members(new_->direct_bootstrap_servers(), {1, 2, 3}));
  const absl::StatusOr<std::string> old_id = AdminOf(old_->bootstrap_servers())->ClusterId();
  ASSERT_TRUE(old_id.ok()) << old_id.status();
  const absl::StatusOr<std::string> new_id = AdminOf(new_->bootstrap_servers())->ClusterId();
  ASSERT_TRUE(new_id.ok()) << new_id.status();
  EXPECT_NE(*old_id, *new_id);
}

TEST_F(ClusterTest, TopicsCarryTheirOverridesAndReplicas) {
  for (KafkaCluster* cluster : {old_.get(), new_.get()}) {
    SCOPED_TRACE(cluster->version());
    std::unique_ptr<ClusterAdmin> admin = AdminOf(cluster->bootstrap_servers());
    ASSERT_OK(admin->CreateTopic(
        {.name = "overrides", .configs = {{"cleanup.policy", "compact"}, {"min.insync.replicas", "1"}}}));
    EXPECT_TRUE(absl::IsAlreadyExists(admin->CreateTopic({.name = "overrides"})));
    ASSERT_OK(
        admin->AlterTopicConfigs("overrides", {{"retention.ms", "1000000"}, {"min.insync.replicas", std::nullopt}}));
    const std::map<std::string, std::string> want = {{"cleanup.policy", "compact"}, {"retention.ms", "1000000"}};
    const auto are_shown = [&] {
      const absl::StatusOr<std::map<std::string, std::string>> have = admin->TopicOverrides("overrides");
      return have.ok() && *have == want;
    };
    EXPECT_TRUE(WaitFor(are_shown, kTimeout));
    EXPECT_TRUE(absl::IsNotFound(admin->DescribeTopic("no-such-topic").status()));
    EXPECT_TRUE(absl::IsNotFound(admin->DescribeTopic("no-such-topic").status())) << "asking must not create it";
    ASSERT_OK(admin->DeleteTopic("overrides"));
  }
}

TEST_F(ClusterTest, ReplicasCanBePlacedByHandAndPartitionsAdded) {
  std::unique_ptr<ClusterAdmin> admin = AdminOf(new_->bootstrap_servers());
  ASSERT_OK(admin->CreateTopic({.name = "placed", .replicas = {{3, 1}, {2, 3}}}));
  TopicState state = admin->DescribeTopic("placed").value();
  ASSERT_EQ(state.partitions.size(), 2u);
  EXPECT_EQ(state.partitions[0].replicas, std::vector<int>({3, 1}));
  EXPECT_EQ(state.partitions[0].leader, 3);
  EXPECT_EQ(state.partitions[1].leader, 2);
  ASSERT_OK(admin->CreatePartitions("placed", 4));
  EXPECT_EQ(admin->DescribeTopic("placed")->partitions.size(), 4u);
}

TEST_F(ClusterTest, LoadCountsWhatTheLogHolds) {
  for (const char* codec : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    SCOPED_TRACE(codec);
    const std::string topic = absl::StrCat("load-", codec);
    std::unique_ptr<ClusterAdmin> admin = AdminOf(old_->bootstrap_servers());
    ASSERT_OK(admin->CreateTopic({.name = topic, .partitions = 3}));
    absl::StatusOr<LoadCounts> counts = WriteLoad({.bootstrap_servers = old_->bootstrap_servers(),
                                                   .topic = topic,
                                                   .partitions = 3,
                                                   .records_total = 10001,
                                                   .value_bytes = 300,
                                                   .codec = codec,
                                                   .headers = 2});
    ASSERT_TRUE(counts.ok()) << counts.status();
    EXPECT_EQ(counts->records, 10001);
    EXPECT_EQ(counts->next_sequence, 10001);
    EXPECT_EQ(counts->partition_records, std::vector<int64_t>({3334, 3334, 3333}));
    EXPECT_GT(counts->bytes, 10001 * 300);
    const std::vector<OffsetRange> offsets = admin->Offsets(topic).value();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(offsets[i].end, counts->partition_records[i]) << i;
  }
}

TEST_F(ClusterTest, TransactionsAreCountedAsCommittedOrAborted) {
  std::unique_ptr<ClusterAdmin> admin = AdminOf(new_->bootstrap_servers());
  ASSERT_OK(admin->CreateTopic({.name = "transactions", .replication_factor = 3}));
  absl::StatusOr<LoadCounts> counts = WriteLoad({.bootstrap_servers = new_->bootstrap_servers(),
                                                 .topic = "transactions",
                                                 .records_total = 2000,
                                                 .records_per_transaction = 100,
                                                 .abort_share = 0.5});
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->records + counts->records_aborted, 2000);
  EXPECT_GT(counts->records, 0);
  EXPECT_GT(counts->records_aborted, 0);
  // Aborted records stay in the log, and each transaction adds a marker.
  EXPECT_EQ(admin->Offsets("transactions")->at(0).end, 2000 + 20);
}

// Most of the time no transaction is open, so the next one begins with a topic that the producer still knows and the
// coordinator does not: nothing of it can be aborted there.
TEST_F(ClusterTest, TransactionsGoOnAfterTheirTopicWasAwayForAWhile) {
  std::unique_ptr<ClusterAdmin> admin = AdminOf(old_->bootstrap_servers());
  ASSERT_OK(admin->CreateTopic({.name = "away"}));
  std::unique_ptr<LoadGenerator> load =
      LoadGenerator::Start({.bootstrap_servers = old_->bootstrap_servers(),
                            .topic = "away",
                            .records_per_second = 20,
                            .records_per_transaction = 1,
                            .client_properties = {{"topic.metadata.refresh.interval.ms", "200"}}})
          .value();
  auto goes_on = [&] {
    const int64_t before = load->counts().records;
    return WaitFor([&] { return load->counts().records > before + 5; }, kTimeout);
  };
  for (int times = 0; times < 3; ++times) {
    ASSERT_TRUE(goes_on());
    ASSERT_OK(admin->DeleteTopic("away"));
    absl::SleepFor(absl::Seconds(1));
    // The name is refused for as long as the controller is about to delete the old topic.
    ASSERT_TRUE(WaitFor([&] { return admin->CreateTopic({.name = "away"}).ok(); }, kTimeout));
  }
  ASSERT_TRUE(goes_on());
  EXPECT_TRUE(load->Stop().ok()) << load->Stop().status();
}

// The broker refuses a batch, and librdkafka gives up whatever else the transaction has in its queues.
TEST_F(ClusterTest, TransactionsGoOnAfterTheirRecordsWereRefusedForAWhile) {
  constexpr int kTransactionRecords = 50;
  std::unique_ptr<ClusterAdmin> admin = AdminOf(old_->bootstrap_servers());
  ASSERT_OK(admin->CreateTopic({.name = "refused", .partitions = 4}));
  std::unique_ptr<LoadGenerator> load = LoadGenerator::Start({.bootstrap_servers = old_->bootstrap_servers(),
                                                              .topic = "refused",
                                                              .partitions = 4,
                                                              .records_per_second = 1000,
                                                              .records_per_transaction = kTransactionRecords})
                                            .value();
  auto goes_on = [&] {
    const int64_t before = load->counts().records;
    return WaitFor([&] { return load->counts().records > before + 10 * kTransactionRecords; }, kTimeout);
  };
  for (int times = 0; times < 3; ++times) {
    ASSERT_TRUE(goes_on());
    ASSERT_OK(admin->AlterTopicConfigs("refused", {{"max.message.bytes", "200"}}));
    absl::SleepFor(absl::Seconds(1));
    ASSERT_OK(admin->AlterTopicConfigs("refused", {{"max.message.bytes", std::nullopt}}));
  }
  ASSERT_TRUE(goes_on());
  EXPECT_TRUE(load->Stop().ok()) << load->Stop().status();
}

TEST_F(ClusterTest, LoadKeepsItsRateUntilItIsStopped) {
  std::unique_ptr<ClusterAdmin> admin = AdminOf(new_->bootstrap_servers());
  ASSERT_OK(admin->CreateTopic({.name = "rate"}));
  const absl::Time begin = absl::Now();
  std::unique_ptr<LoadGenerator> load =
      LoadGenerator::Start({.bootstrap_servers = new_->bootstrap_servers(), .topic = "rate", .records_per_second = 500})
          .value();
  EXPECT_TRUE(WaitFor([&] { return load->counts().records >= 500; }, kTimeout));
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  absl::StatusOr<LoadCounts> counts = load->Stop();
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_GE(seconds, 0.9);
  EXPECT_EQ(counts->records, admin->Offsets("rate")->at(0).end);
}

TEST_F(ClusterTest, DeletedRecordsMoveTheLogStart) {
  std::unique_ptr<ClusterAdmin> admin = AdminOf(old_->bootstrap_servers());
  ASSERT_OK(admin->CreateTopic({.name = "truncated"}));
  ASSERT_OK(
      WriteLoad({.bootstrap_servers = old_->bootstrap_servers(), .topic = "truncated", .records_total = 100}).status());
  ASSERT_OK(admin->DeleteRecords("truncated", 0, 30));
  EXPECT_EQ(admin->Offsets("truncated")->at(0).start, 30);
  ASSERT_OK(admin->DeleteRecords("truncated", 0, -1));
  EXPECT_EQ(admin->Offsets("truncated")->at(0).start, 100);
}

TEST_F(ClusterTest, GroupOffsetsCanBeSetAndRead) {
  for (KafkaCluster* cluster : {old_.get(), new_.get()}) {
    std::unique_ptr<ClusterAdmin> admin = AdminOf(cluster->bootstrap_servers());
    ASSERT_OK(admin->CreateTopic({.name = "positions", .partitions = 3}));
    const std::map<int, int64_t> offsets = {{0, 0}, {2, 17}};
    // The coordinator's topic is created by the first request that needs it.
    absl::Status committed;
    WaitFor([&] { return (committed = admin->CommitGroupOffsets("readers", "positions", offsets)).ok(); }, kTimeout);
    ASSERT_OK(committed);
    EXPECT_EQ(admin->GroupOffsets("readers", "positions").value(), offsets);
  }
}

TEST_F(ClusterTest, KilledBrokerComesBackWithItsData) {
  std::unique_ptr<ClusterAdmin> admin = AdminOf(old_->bootstrap_servers());
  ASSERT_OK(admin->CreateTopic({.name = "killed"}));
  ASSERT_OK(
      WriteLoad({.bootstrap_servers = old_->bootstrap_servers(), .topic = "killed", .records_total = 1000}).status());
  const pid_t pid = old_->broker_pid(1);
  ASSERT_OK(old_->Kill9(1));
  EXPECT_FALSE(old_->Running(1));
  EXPECT_EQ(ProcessState(pid), 'X');
  EXPECT_EQ(old_->broker_pid(1), -1);
  EXPECT_FALSE(ProbeClusters(absl::Seconds(5)).ok()) << "a partition of it cannot say its offsets";
  ASSERT_OK(old_->AlterProperties(1, {{"num.io.threads", "3"}}));
  ASSERT_OK(old_->Start(1));
  ASSERT_OK(old_->WaitReady());
  EXPECT_NE(old_->broker_pid(1), pid);
  EXPECT_EQ(ReadPairs(old_->dir() + "/broker-1.properties")["num.io.threads"], "3");
  ASSERT_OK(admin->WaitForFullIsr("killed", kTimeout));
  EXPECT_EQ(admin->Offsets("killed")->at(0).end, 1000);
  ASSERT_OK(ProbeClusters(kTimeout));
}

TEST_F(ClusterTest, LeadersMoveWhenABrokerIsKilledOrTerminatedWhileLoadGoesOn) {
  std::unique_ptr<ClusterAdmin> admin = AdminOf(new_->bootstrap_servers());
  ASSERT_OK(
      admin->CreateTopic({.name = "failover", .configs = {{"min.insync.replicas", "2"}}, .replicas = {{2, 1, 3}}}));
  std::unique_ptr<LoadGenerator> load =
      LoadGenerator::Start(
          {.bootstrap_servers = new_->bootstrap_servers(), .topic = "failover", .records_per_second = 2000})
          .value();
  auto goes_on = [&] {
    const int64_t before = load->counts().records;
    return WaitFor([&] { return load->counts().records > before + 100; }, kTimeout);
  };
  EXPECT_TRUE(goes_on());
  for (const bool kill_hard : {true, false}) {
    SCOPED_TRACE(kill_hard ? "SIGKILL" : "SIGTERM");
    const auto leads = [&] {
      const absl::StatusOr<int> leader = admin->Leader("failover", 0);
      return leader.ok() && *leader == 2;
    };
    ASSERT_TRUE(WaitFor(leads, kTimeout));
    ASSERT_OK(kill_hard ? new_->Kill9(2) : new_->Terminate(2));
    absl::StatusOr<int> leader = admin->WaitForLeader("failover", 0, 2, kTimeout);
    ASSERT_TRUE(leader.ok()) << leader.status();
    EXPECT_TRUE(goes_on());
    ASSERT_OK(new_->Start(2));
    ASSERT_OK(new_->WaitReady());
    ASSERT_OK(admin->WaitForFullIsr("failover", kTimeout));
    ASSERT_OK(admin->ElectPreferredLeaders("failover"));
  }
  absl::StatusOr<LoadCounts> counts = load->Stop();
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_GE(admin->Offsets("failover")->at(0).end, counts->records);  // it may have written some twice
}

TEST_F(ClusterTest, StoppedBrokerHangsAndContinues) {
  std::unique_ptr<ClusterAdmin> admin = AdminOf(new_->bootstrap_servers());
  ASSERT_OK(admin->CreateTopic({.name = "stopped", .replicas = {{3, 1, 2}}}));
  ASSERT_OK(new_->Stop(3));
  EXPECT_EQ(ProcessState(new_->broker_pid(3)), 'T');
  EXPECT_TRUE(new_->Running(3));
  EXPECT_EQ(new_->Terminate(3).code(), absl::StatusCode::kFailedPrecondition);
  absl::StatusOr<int> leader = admin->WaitForLeader("stopped", 0, 3, kTimeout);
  ASSERT_TRUE(leader.ok()) << leader.status();
  ASSERT_OK(new_->WaitReady());
  ASSERT_OK(new_->Continue(3));
  ASSERT_OK(new_->WaitReady());
  ASSERT_OK(admin->WaitForFullIsr("stopped", kTimeout));
}

TEST_F(ClusterTest, UsageAndLogsOfABrokerAreAtHand) {
  absl::StatusOr<ProcessUsage> usage = new_->Usage(1);
  ASSERT_TRUE(usage.ok()) << usage.status();
  EXPECT_GT(usage->cpu(), absl::Milliseconds(100));
  EXPECT_GT(usage->rss_bytes, 20 << 20);
  EXPECT_TRUE(std::filesystem::is_directory(new_->LogDir(1) + "/__cluster_metadata-0"));
}

TEST(AdvertisedPortTest, ClientListenerNamesTheGivenPortAndTheInternalOneItsOwn) {
  const int proxy_port = FreePort();
  std::unique_ptr<KafkaCluster> cluster =
      KafkaCluster::Launch({.version = "4.3.1", .advertised_ports = {{1, proxy_port}}}).value();
  EXPECT_EQ(cluster->bootstrap_servers(), absl::StrCat("127.0.0.1:", proxy_port));
  EXPECT_EQ(cluster->direct_bootstrap_servers(), absl::StrCat("127.0.0.1:", cluster->internal_port(1)));
  auto advertised = [](int port) {
    RdHandle handle = NewClient(RD_KAFKA_PRODUCER, absl::StrCat("127.0.0.1:", port), {}).value();
    const rd_kafka_metadata_t* metadata = nullptr;
    const auto answers = [&] {
      return rd_kafka_metadata(handle.get(), 1, nullptr, &metadata, 10000) == RD_KAFKA_RESP_ERR_NO_ERROR;
    };
    EXPECT_TRUE(WaitFor(answers, kTimeout));
    if (metadata == nullptr || metadata->broker_cnt == 0) return -1;
    const int result = metadata->brokers[0].port;
    rd_kafka_metadata_destroy(metadata);
    return result;
  };
  EXPECT_EQ(advertised(cluster->client_port(1)), proxy_port);
  EXPECT_EQ(advertised(cluster->internal_port(1)), cluster->internal_port(1));
}

TEST(FailedStartTest, TellsWhatTheBrokerSaid) {
  absl::StatusOr<std::unique_ptr<KafkaCluster>> cluster =
      KafkaCluster::Launch({.version = "4.3.1", .properties = {{"num.io.threads", "many"}}});
  ASSERT_FALSE(cluster.ok());
  EXPECT_TRUE(absl::StrContains(cluster.status().message(), "num.io.threads")) << cluster.status();
  EXPECT_TRUE(absl::IsNotFound(KafkaCluster::Launch({.version = "0.0.1"}).status()));
}

TEST(OrphanTest, BrokersDieWithAKilledTestProcess) {
  TempDir dir;
  const std::string lab = std::filesystem::read_symlink("/proc/self/exe").parent_path().string() + "/lab";
  std::unique_ptr<ChildProcess> child =
      ChildProcess::Start({.argv = {lab, "up", "--source=3.1.2:1", "--target=4.3.1:1", "--nountil_stdin_closes"},
                           .environment = {{"TEST_TMPDIR", dir.path()}},
                           .log_path = dir.path() + "/lab.log"})
          .value();
  ASSERT_TRUE(WaitFor([&] { return absl::StrContains(child->LogTail(), "ready\n"); }, KafkaCluster::kReadyTimeout))
      << child->LogTail();
  std::map<std::string, std::string> printed = ReadPairs(dir.path() + "/lab.log");
  const std::vector<pid_t> brokers = {atoi(printed["source-broker-1-pid"].c_str()),
                                      atoi(printed["target-broker-1-pid"].c_str())};
  for (pid_t pid : brokers) ASSERT_EQ(ProcessState(pid), 'S') << pid;
  // Only the lab itself, not its group: what follows is the kernel's doing.
  ASSERT_EQ(kill(child->pid(), SIGKILL), 0);
  for (pid_t pid : brokers) {
    EXPECT_TRUE(WaitFor([&] { return ProcessState(pid) == 'X' || ProcessState(pid) == 'Z'; }, kTimeout)) << pid;
  }
}

}  // namespace
}  // namespace replicator::tests
