// Faults of the link end the program with a code and the remedy; faults of one topic leave that topic out, all of them
// named in one pass, while the rest is copied. Between one broker of 3.1.2 and one of 4.3.1.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/scene/copy_scene.h"

namespace replicator::tests {
namespace {

constexpr int kBlocked = 3;
constexpr int kUnreachable = 20;
constexpr int kWrongCluster = 22;
constexpr int64_t kRecords = 300;

class LinkFaultsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    SceneOptions options;
    options.target.brokers = 1;
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start(std::move(options));
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = scene->release();
  }
  static void TearDownTestSuite() {
    delete scene_;
    scene_ = nullptr;
  }

  static ReplicatorOptions Options(const std::string& pattern) {
    ReplicatorOptions options = scene_->Replicator(pattern);
    options.replication_factor = 1;
    return options;
  }

  static std::unique_ptr<ReplicatorProcess> Run(const ReplicatorOptions& options) {
    absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(options);
    EXPECT_TRUE(replicator.ok()) << replicator.status();
    return replicator.ok() ? *std::move(replicator) : nullptr;
  }

  // The program ends by itself, with this code and these words.
  static void ExpectEnds(const ReplicatorOptions& options, int code, const std::vector<std::string>& words) {
    std::unique_ptr<ReplicatorProcess> replicator = Run(options);
    ASSERT_NE(replicator, nullptr);
    ASSERT_TRUE(WaitFor([&] { return !replicator->Running(); }, kPatience)) << replicator->LogTail();
    absl::StatusOr<ExitStatus> ended = replicator->Stop(absl::Seconds(1));
    ASSERT_TRUE(ended.ok()) << ended.status();
    EXPECT_EQ(ended->code, code) << replicator->Log();
    for (const std::string& word : words) EXPECT_TRUE(replicator->LogHas(word)) << word << "\n" << replicator->Log();
  }

  static void Fill(const std::string& topic, int partitions) {
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = topic, .partitions = partitions}));
    ASSERT_NO_FATAL_FAILURE(Write(topic, partitions, 0));
  }

  static void Write(const std::string& topic, int partitions, int64_t first_sequence) {
    LoadOptions load = scene_->Load(topic, partitions);
    load.records_total = kRecords;
    load.first_sequence = first_sequence;
    absl::StatusOr<LoadCounts> written = WriteLoad(load, kPatience);
    ASSERT_TRUE(written.ok()) << written.status();
  }

  static CopyScene* scene_;
};

CopyScene* LinkFaultsTest::scene_ = nullptr;

TEST_F(LinkFaultsTest, BothSidesTheSameCluster) {
  ReplicatorOptions options = Options(".*");
  options.target_bootstrap_servers = options.source_bootstrap_servers;
  options.link = "new";
  ExpectEnds(options, kWrongCluster, {"old.bootstrap.servers and new.bootstrap.servers lead to the same cluster"});
}

TEST_F(LinkFaultsTest, NoBrokerAtTheBootstrapAddresses) {
  ReplicatorOptions options = Options(".*");
  options.link = "new";
  options.source_bootstrap_servers = absl::StrCat("127.0.0.1:", FreePort());
  ExpectEnds(options, kUnreachable,
             {"no broker of source cluster old can be reached", options.source_bootstrap_servers});
  options = Options(".*");
  options.link = "new";
  options.target_bootstrap_servers = absl::StrCat("127.0.0.1:", FreePort());
  ExpectEnds(options, kUnreachable,
             {"no broker of target cluster new can be reached", options.target_bootstrap_servers});
}

TEST_F(LinkFaultsTest, ATargetThatIsTooOld) {
  absl::StatusOr<std::unique_ptr<KafkaCluster>> old_target = KafkaCluster::Launch({.version = "1.1.1"});
  ASSERT_TRUE(old_target.ok()) << old_target.status();
  ReplicatorOptions options = Options(".*");
  options.link = "new";
  options.target_bootstrap_servers = (*old_target)->bootstrap_servers();
  ExpectEnds(options, kBlocked,
             {"no broker of target cluster new can be used: ",
              "no common protocol version for Produce (broker: v0 to v5; needed: v7 or v8)",
              "A target has to be Kafka 2.1 or newer"});
}

TEST_F(LinkFaultsTest, AStateFolderOfAnotherLink) {
  ReplicatorOptions options = Options("nothing");
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ASSERT_TRUE(replicator->WaitForLog("no topic of the source is to be copied", kPatience)) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
  std::swap(options.source_bootstrap_servers, options.target_bootstrap_servers);
  ExpectEnds(options, kWrongCluster, {"belongs to a link from cluster", "use another --state-dir"});
}

TEST_F(LinkFaultsTest, AStateFolderThatAnotherProcessUses) {
  const ReplicatorOptions options = Options("nothing");
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ASSERT_TRUE(replicator->WaitForLog("no topic of the source is to be copied", kPatience)) << replicator->LogTail();
  ExpectEnds(options, kBlocked,
             {"is in use by another replicator process. If that one is starting or stopping, try", "else stop it, or"});
  EXPECT_TRUE(StopsHealthy(*replicator));
}

// As after a change of DNS: the source's address leads to the target, in the middle of a copy.
TEST_F(LinkFaultsTest, ASourceThatTurnsIntoTheTarget) {
  SceneOptions with_proxies;
  with_proxies.target.brokers = 1;
  with_proxies.proxies = true;
  absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start(std::move(with_proxies));
  ASSERT_TRUE(scene.ok()) << scene.status();
  ASSERT_OK((*scene)->source_admin().CreateTopic({.name = "turning", .partitions = 2}));
  LoadOptions load = (*scene)->Load("turning", 2);
  load.records_total = kRecords;
  ASSERT_TRUE(WriteLoad(load, kPatience).ok());
  ReplicatorOptions options = (*scene)->Replicator("turning");
  options.replication_factor = 1;
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ASSERT_TRUE((*scene)->WaitForTargetRecords("turning", kRecords)) << replicator->LogTail();
  ASSERT_OK(
      (*scene)->source_proxy(1).SetUpstream("127.0.0.1", static_cast<uint16_t>((*scene)->target().client_port(1))));
  (*scene)->source_proxy(1).CutAll();
  ASSERT_TRUE(WaitFor([&] { return !replicator->Running(); }, kPatience)) << replicator->LogTail();
  absl::StatusOr<ExitStatus> ended = replicator->Stop(absl::Seconds(1));
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->code, kWrongCluster) << replicator->Log();
  EXPECT_TRUE(replicator->LogHas("source cluster old has to be ")) << replicator->Log();
  EXPECT_TRUE(replicator->LogHas("correct its bootstrap servers or DNS")) << replicator->Log();
  EXPECT_EQ(RecordsOrFail((*scene)->TargetRecords("turning")), kRecords) << "nothing was copied in a circle";
}

TEST_F(LinkFaultsTest, AnotherClusterThanTheFilePins) {
  ReplicatorOptions options = Options(".*");
  options.link = "new";
  options.properties = {{"new.cluster.id", "the-right-one"}};
  ExpectEnds(options, kWrongCluster, {"target cluster new has to be the-right-one, and answers as"});
}

TEST_F(LinkFaultsTest, AnotherIsolationLevelThanTheLinkBeganWith) {
  ReplicatorOptions options = Options("nothing");
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ASSERT_TRUE(replicator->WaitForLog("no topic of the source is to be copied", kPatience)) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
  options.properties = {{"old.consumer.isolation.level", "read_uncommitted"}};
  ExpectEnds(options, kBlocked, {"this link has copied with isolation.level=read_committed"});
}

TEST_F(LinkFaultsTest, ADryRunChecksEverythingAndChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(Fill("dry-good", 2));
  ReplicatorOptions options = Options("dry-.*");
  options.flags = {"--dry-run"};
  ExpectEnds(options, 0, {"would create topic dry-good", "nothing was changed"});
  EXPECT_FALSE(scene_->target_admin().DescribeTopic("dry-good").ok());
  options.replication_factor = 3;
  ExpectEnds(options, kBlocked, {"topic dry-good is not copied: replication.factor is 3 but the target has only 1"});
}

TEST_F(LinkFaultsTest, FewerReplicasOnlyWhenAskedFor) {
  ASSERT_NO_FATAL_FAILURE(Fill("replicas", 2));
  ReplicatorOptions options = Options("replicas");
  options.replication_factor = 3;
  options.flags = {"--allow-lower-replication-factor"};
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->WaitForTargetRecords("replicas", kRecords)) << replicator->LogTail();
  EXPECT_TRUE(replicator->LogHas("topic replicas gets 1 replicas and not 3")) << replicator->Log();
  EXPECT_TRUE(StopsHealthy(*replicator));
}

TEST_F(LinkFaultsTest, TheTargetsOwnReplicationFactor) {
  ASSERT_NO_FATAL_FAILURE(Fill("own-factor", 2));
  ReplicatorOptions options = Options("own-factor");
  options.replication_factor = -1;  // of a lone broker: 1
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->WaitForTargetRecords("own-factor", kRecords)) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
}

TEST_F(LinkFaultsTest, AnOldTargetsOwnReplicationFactorCannotBeHad) {
  absl::StatusOr<std::unique_ptr<KafkaCluster>> old_target = KafkaCluster::Launch({.version = "2.1.1"});
  ASSERT_TRUE(old_target.ok()) << old_target.status();
  ASSERT_NO_FATAL_FAILURE(Fill("no-own-factor", 2));
  ReplicatorOptions options = Options("no-own-factor");
  options.target_bootstrap_servers = (*old_target)->bootstrap_servers();
  options.replication_factor = -1;
  options.flags = {"--dry-run"};
  ExpectEnds(options, kBlocked, {"topic no-own-factor is not copied: replication.factor is -1", "before Kafka 2.4"});
}

TEST_F(LinkFaultsTest, AnOverrideThatTheTargetRefuses) {
  absl::StatusOr<std::unique_ptr<KafkaCluster>> old_target = KafkaCluster::Launch({.version = "2.1.1"});
  ASSERT_TRUE(old_target.ok()) << old_target.status();
  // Kafka 2.3 was the first to know it.
  ASSERT_OK(
      scene_->source_admin().CreateTopic({.name = "refused-new", .configs = {{"max.compaction.lag.ms", "86400000"}}}));
  ASSERT_NO_FATAL_FAILURE(Fill("refused-not", 1));
  ReplicatorOptions options = Options("refused-.*");
  options.target_bootstrap_servers = (*old_target)->bootstrap_servers();
  options.flags = {"--dry-run"};
  ExpectEnds(options, kBlocked,
             {"topic refused-new is not copied: ", "max.compaction.lag.ms", "would create topic refused-not"});
}

TEST_F(LinkFaultsTest, ANameThatIsTooLongForTheTarget) {
  const std::string name = "long-" + std::string(249 - 5, 'x');  // the longest that Kafka takes
  ASSERT_OK(scene_->source_admin().CreateTopic({.name = name}));
  ReplicatorOptions options = Options("long-.*");
  options.properties = {{"replication.policy.class", "org.apache.kafka.connect.mirror.DefaultReplicationPolicy"}};
  options.flags = {"--dry-run"};
  ExpectEnds(options, kBlocked,
             {absl::StrCat("topic ", name, " is not copied: the target's name for"), "would have 253 characters",
              "use a shorter alias"});
}

// What readers of MirrorMaker's copies are used to.
TEST_F(LinkFaultsTest, AbortedRecordsAreCopiedWhenTheFileSaysReadUncommitted) {
  ASSERT_OK(scene_->source_admin().CreateTopic({.name = "uncommitted", .partitions = 1}));
  LoadOptions load = scene_->Load("uncommitted", 1);
  load.records_total = kRecords;
  load.records_per_transaction = 20;
  load.abort_share = 0.5;
  absl::StatusOr<LoadCounts> written = WriteLoad(load, kPatience);
  ASSERT_TRUE(written.ok()) << written.status();
  ASSERT_GT(written->records_aborted, 0);
  ReplicatorOptions options = Options("uncommitted");
  options.properties = {{"old.consumer.isolation.level", "read_uncommitted"}};
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->WaitForTargetRecords("uncommitted", written->records + written->records_aborted))
      << replicator->LogTail();
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords("uncommitted")), written->records + written->records_aborted);
  EXPECT_TRUE(StopsHealthy(*replicator));
}

TEST_F(LinkFaultsTest, FaultyTopicsAreLeftOutTogetherAndTheRestIsCopied) {
  ASSERT_NO_FATAL_FAILURE(Fill("faults-good", 3));
  ASSERT_NO_FATAL_FAILURE(Fill("faults-fewer", 3));
  ASSERT_OK(scene_->target_admin().CreateTopic({.name = "faults-fewer", .partitions = 2}));
  // Could never be written to: two in-sync replicas of one.
  ASSERT_OK(scene_->source_admin().CreateTopic(
      {.name = "faults-replicas", .partitions = 1, .configs = {{"min.insync.replicas", "2"}}}));
  ASSERT_NO_FATAL_FAILURE(Fill("faults-foreign", 1));
  ASSERT_OK(scene_->target_admin().CreateTopic({.name = "faults-foreign", .partitions = 1}));
  LoadOptions foreign = scene_->Load("faults-foreign", 1);
  foreign.bootstrap_servers = scene_->target().direct_bootstrap_servers();
  foreign.records_total = 10;
  absl::StatusOr<LoadCounts> written = WriteLoad(foreign, kPatience);
  ASSERT_TRUE(written.ok()) << written.status();

  std::unique_ptr<ReplicatorProcess> replicator = Run(Options("faults-.*"));
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->WaitForTargetRecords("faults-good", kRecords)) << replicator->LogTail();
  EXPECT_TRUE(scene_->Equal({"faults-good"}));
  EXPECT_TRUE(
      replicator->WaitForLog("topic faults-fewer is not copied: the target topic faults-fewer has 2", kPatience));
  EXPECT_TRUE(replicator->LogHas("kafka-topics --alter --topic faults-fewer --partitions 3")) << replicator->Log();
  EXPECT_TRUE(replicator->LogHas("topic faults-replicas is not copied")) << replicator->Log();
  EXPECT_TRUE(replicator->WaitForLog("faults-foreign-0 is quarantined (target-not-ours)", kPatience))
      << replicator->Log();
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords("faults-fewer")), 0) << "nothing is written where it is in doubt";
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords("faults-foreign")), 10);
  absl::StatusOr<ExitStatus> ended = replicator->Stop(absl::Seconds(10));
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->code, 15) << "quarantined partitions are told by the exit code";
}

TEST_F(LinkFaultsTest, TopicsAndPartitionsThatComeLaterAreCopied) {
  ASSERT_NO_FATAL_FAILURE(Fill("later-first", 2));
  std::unique_ptr<ReplicatorProcess> replicator = Run(Options("later-.*"));
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->WaitForTargetRecords("later-first", kRecords)) << replicator->LogTail();
  ASSERT_NO_FATAL_FAILURE(Fill("later-second", 2));
  ASSERT_OK(scene_->source_admin().CreatePartitions("later-first", 4));
  ASSERT_NO_FATAL_FAILURE(Write("later-first", 4, kRecords));
  EXPECT_TRUE(scene_->WaitForTargetRecords("later-second", kRecords)) << replicator->LogTail();
  EXPECT_TRUE(scene_->WaitForTargetRecords("later-first", 2 * kRecords)) << replicator->LogTail();
  EXPECT_TRUE(scene_->Equal({"later-first", "later-second"}));
  EXPECT_TRUE(StopsHealthy(*replicator));
}

// A password that somebody left in the file, and what clients print of their settings.
TEST_F(LinkFaultsTest, NothingSecretReachesTheLog) {
  ASSERT_NO_FATAL_FAILURE(Fill("secret-topic", 1));
  const std::string secret = "hunter2-very-secret";
  ReplicatorOptions options = Options("secret-.*");
  options.properties = {
      {"some.password", secret}, {"old.producer.interceptor.token", secret}, {"client.secret", secret}};
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->WaitForTargetRecords("secret-topic", kRecords)) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
  EXPECT_TRUE(replicator->LogHas("some.password")) << "the key is named";
  EXPECT_FALSE(replicator->LogHas(secret)) << replicator->Log();

  options.properties["old.sasl.jaas.config"] = absl::StrCat("ScramLoginModule required password=\"", secret, "\";");
  replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ASSERT_TRUE(WaitFor([&] { return !replicator->Running(); }, kPatience));
  EXPECT_TRUE(replicator->LogHas("old.sasl.jaas.config")) << replicator->Log();
  EXPECT_FALSE(replicator->LogHas(secret)) << replicator->Log();
}

}  // namespace
}  // namespace replicator::tests
