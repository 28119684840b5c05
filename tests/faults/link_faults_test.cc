// Faults of the link end the program with a code and the remedy; faults of one topic leave that topic out, all of them
// named in one pass, while the rest is copied. Between one broker of 3.1.2 and one of 4.3.1.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int64_t kRecords = 300;

class LinkFaultsTest : public SceneTest<OneToOne> {
 protected:
  // A topic with kRecords.
  void Fill(const std::string& topic, int partitions) { SceneFixture::Fill(topic, partitions, kRecords); }

  void Write(const std::string& topic, int partitions, int64_t first_sequence) {
    LoadOptions load = scene_->Load(topic, partitions);
    load.records_total = kRecords;
    load.first_sequence = first_sequence;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }
};

TEST_F(LinkFaultsTest, BothSidesTheSameCluster) {
  ReplicatorOptions options = scene_->Replicator(".*");
  options.target_bootstrap_servers = options.source_bootstrap_servers;
  options.link = "new";
  ExpectRunEnds(options, ExitCode::kWrongCluster,
                {"old.bootstrap.servers and new.bootstrap.servers lead to the same cluster"});
}

// Its other listener shows other addresses. (Without topic ids: cluster_ids_test.)
TEST_F(LinkFaultsTest, BothSidesTheSameClusterByAnotherListener) {
  HaveSomeTopic();
  ReplicatorOptions options = scene_->Replicator(".*");
  options.target_bootstrap_servers = scene_->source().direct_bootstrap_servers();
  options.link = "new";
  ExpectRunEnds(options, ExitCode::kWrongCluster,
                {"old.bootstrap.servers and new.bootstrap.servers lead to the same cluster",
                 "has the same topic id on both sides"});
}

TEST_F(LinkFaultsTest, NoBrokerAtTheBootstrapAddresses) {
  ReplicatorOptions options = scene_->Replicator(".*");
  options.link = "new";
  options.source_bootstrap_servers = absl::StrCat("127.0.0.1:", FreePort());
  ExpectRunEnds(options, ExitCode::kUnreachable,
                {"no broker of source cluster old can be reached", options.source_bootstrap_servers});
  options = scene_->Replicator(".*");
  options.link = "new";
  options.target_bootstrap_servers = absl::StrCat("127.0.0.1:", FreePort());
  ExpectRunEnds(options, ExitCode::kUnreachable,
                {"no broker of target cluster new can be reached", options.target_bootstrap_servers});
}

TEST_F(LinkFaultsTest, ATargetThatIsTooOld) {
  absl::StatusOr<std::unique_ptr<KafkaCluster>> old_target = KafkaCluster::Launch({.version = "1.1.1"});
  ASSERT_TRUE(old_target.ok()) << old_target.status();
  ReplicatorOptions options = scene_->Replicator(".*");
  options.link = "new";
  options.target_bootstrap_servers = (*old_target)->bootstrap_servers();
  ExpectRunEnds(options, ExitCode::kBlocked,
                {"no broker of target cluster new can be used: ",
                 "no common protocol version for Produce (broker: v0 to v5; needed: v7 or v8)",
                 "A target has to be Kafka 2.1 or newer"});
}

TEST_F(LinkFaultsTest, AStateFolderOfAnotherLink) {
  ASSERT_NO_FATAL_FAILURE(HaveSomeTopic());
  ReplicatorOptions options = scene_->Replicator("nothing");
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ASSERT_TRUE(replicator->WaitForLog("no topic of the source is to be copied", kPatience)) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
  std::swap(options.source_bootstrap_servers, options.target_bootstrap_servers);
  ExpectRunEnds(options, ExitCode::kWrongCluster, {"belongs to a link from cluster", "use another --state-dir"});
}

TEST_F(LinkFaultsTest, AStateFolderThatAnotherProcessUses) {
  ASSERT_NO_FATAL_FAILURE(HaveSomeTopic());
  const ReplicatorOptions options = scene_->Replicator("nothing");
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ASSERT_TRUE(replicator->WaitForLog("no topic of the source is to be copied", kPatience)) << replicator->LogTail();
  ExpectRunEnds(
      options, ExitCode::kBlocked,
      {"is in use by another replicator process. If that one is starting or stopping, try", "else stop it, or"});
  EXPECT_TRUE(StopsHealthy(*replicator));
}

// As after a change of DNS: the source's address leads to the target, in the middle of a copy.
TEST_F(LinkFaultsTest, ASourceThatTurnsIntoTheTarget) {
  ASSERT_NO_FATAL_FAILURE(Fill("turning", 2));
  std::unique_ptr<ReplicatorProcess> replicator = Run(scene_->Replicator("turning"));
  ASSERT_NE(replicator, nullptr);
  ASSERT_TRUE(scene_->WaitForTargetRecords("turning", kRecords)) << replicator->LogTail();
  FaultProxy& proxy = scene_->source_proxy(1);
  ASSERT_OK(proxy.SetUpstream("127.0.0.1", static_cast<uint16_t>(scene_->target().client_port(1))));
  proxy.CutAll();
  ExpectEnds(*replicator, ExitCode::kWrongCluster,
             {"source cluster old has to be ", "correct its bootstrap servers or DNS"});
  ASSERT_OK(proxy.SetUpstream("127.0.0.1", static_cast<uint16_t>(scene_->source().client_port(1))));
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords("turning")), kRecords) << "nothing was copied in a circle";
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
  ASSERT_NO_FATAL_FAILURE(WriteAll(foreign));

  std::unique_ptr<ReplicatorProcess> replicator = Run(scene_->Replicator("faults-.*"));
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
  absl::StatusOr<ExitStatus> ended = replicator->Stop(kStopPatience);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->code, Code(ExitCode::kQuarantined)) << "quarantined partitions are told by the exit code";
}

TEST_F(LinkFaultsTest, TopicsAndPartitionsThatComeLaterAreCopied) {
  ASSERT_NO_FATAL_FAILURE(Fill("later-first", 2));
  std::unique_ptr<ReplicatorProcess> replicator = Run(scene_->Replicator("later-.*"));
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

}  // namespace
}  // namespace replicator::tests
