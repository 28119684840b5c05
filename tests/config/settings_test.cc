// What a properties file and flags ask for, where only clusters can say whether it can be had: replicas, overrides,
// names, isolation levels, pinned clusters, a dry run. And what never gets from the file into the log.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int64_t kRecords = 300;

class Settings : public SceneFixture {
 protected:
  using SceneFixture::SceneFixture;

  // A topic with kRecords.
  void Fill(const std::string& topic, int partitions) { SceneFixture::Fill(topic, partitions, kRecords); }
};

class SettingsTest : public SceneTest<OneToOne, Settings> {};

struct OldTarget {
  static constexpr char kName[] = "3.1.2 x 1 to 2.1.1 x 1";
  static SceneOptions Options() { return {.source = {.version = "3.1.2"}, .target = {.version = "2.1.1"}}; }
};
class OldTargetSettingsTest : public SceneTest<OldTarget, Settings> {};

TEST_F(SettingsTest, AnotherClusterThanTheFilePins) {
  ReplicatorOptions options = scene_->Replicator(".*");
  options.link = "new";
  options.properties = {{"new.cluster.id", "the-right-one"}};
  ExpectRunEnds(options, ExitCode::kWrongCluster, {"target cluster new has to be the-right-one, and answers as"});
}

TEST_F(SettingsTest, AnotherIsolationLevelThanTheLinkBeganWith) {
  ASSERT_NO_FATAL_FAILURE(HaveSomeTopic());
  ReplicatorOptions options = scene_->Replicator("nothing");
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ASSERT_TRUE(replicator->WaitForLog("no topic of the source is to be copied", kPatience)) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
  options.properties = {{"old.consumer.isolation.level", "read_uncommitted"}};
  ExpectRunEnds(options, ExitCode::kBlocked, {"this link has copied with isolation.level=read_committed"});
}

TEST_F(SettingsTest, ADryRunChecksEverythingAndChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(Fill("dry-good", 2));
  ReplicatorOptions options = scene_->Replicator("dry-.*");
  options.flags = {"--dry-run"};
  ExpectRunEnds(options, ExitCode::kDone, {"would create topic dry-good", "nothing was changed"});
  EXPECT_FALSE(scene_->target_admin().DescribeTopic("dry-good").ok());
  options.replication_factor = 3;
  ExpectRunEnds(options, ExitCode::kBlocked,
                {"topic dry-good is not copied: replication.factor is 3 but the target has only 1"});
}

TEST_F(SettingsTest, FewerReplicasOnlyWhenAskedFor) {
  ASSERT_NO_FATAL_FAILURE(Fill("replicas", 2));
  ReplicatorOptions options = scene_->Replicator("replicas");
  options.replication_factor = 3;
  options.flags = {"--allow-lower-replication-factor"};
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->WaitForTargetRecords("replicas", kRecords)) << replicator->LogTail();
  EXPECT_TRUE(replicator->LogHas("topic replicas gets 1 replicas and not 3")) << replicator->Log();
  EXPECT_TRUE(StopsHealthy(*replicator));
}

TEST_F(SettingsTest, TheTargetsOwnReplicationFactor) {
  ASSERT_NO_FATAL_FAILURE(Fill("own-factor", 2));
  ReplicatorOptions options = scene_->Replicator("own-factor");
  options.replication_factor = -1;  // of a lone broker: 1
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->WaitForTargetRecords("own-factor", kRecords)) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
}

TEST_F(SettingsTest, ANameThatIsTooLongForTheTarget) {
  const std::string name = "long-" + std::string(249 - 5, 'x');  // the longest that Kafka takes
  ASSERT_OK(scene_->source_admin().CreateTopic({.name = name}));
  ReplicatorOptions options = scene_->Replicator("long-.*");
  options.properties = {{"replication.policy.class", "org.apache.kafka.connect.mirror.DefaultReplicationPolicy"}};
  options.flags = {"--dry-run"};
  ExpectRunEnds(options, ExitCode::kBlocked,
                {absl::StrCat("topic ", name, " is not copied: the target's name for"), "would have 253 characters",
                 "use a shorter alias"});
}

// What readers of MirrorMaker's copies are used to.
TEST_F(SettingsTest, AbortedRecordsAreCopiedWhenTheFileSaysReadUncommitted) {
  ASSERT_OK(scene_->source_admin().CreateTopic({.name = "uncommitted", .partitions = 1}));
  LoadOptions load = scene_->Load("uncommitted", 1);
  load.records_total = kRecords;
  load.records_per_transaction = 20;
  load.abort_share = 0.5;
  LoadCounts written;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load, &written));
  ASSERT_GT(written.records_aborted, 0);
  ReplicatorOptions options = scene_->Replicator("uncommitted");
  options.properties = {{"old.consumer.isolation.level", "read_uncommitted"}};
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->WaitForTargetRecords("uncommitted", written.records + written.records_aborted))
      << replicator->LogTail();
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords("uncommitted")), written.records + written.records_aborted);
  EXPECT_TRUE(StopsHealthy(*replicator));
}

// A password that somebody left in the file, and what clients print of their settings.
TEST_F(SettingsTest, NothingSecretReachesTheLog) {
  ASSERT_NO_FATAL_FAILURE(Fill("secret-topic", 1));
  const std::string secret = "hunter2-very-secret";
  ReplicatorOptions options = scene_->Replicator("secret-.*");
  options.properties = {{"some.password", secret},
                        {"old.producer.interceptor.token", secret},
                        {"client.secret", secret},
                        {"old.sasl.jaas.config", absl::StrCat("ScramLoginModule required password=\"", secret, "\";")}};
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->WaitForTargetRecords("secret-topic", kRecords)) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
  EXPECT_TRUE(replicator->LogHas("some.password")) << "the key is named";
  EXPECT_TRUE(replicator->LogHas("old.sasl.jaas.config")) << "so is this one, which has no effect on a plaintext side";
  EXPECT_FALSE(replicator->LogHas(secret)) << replicator->Log();

  options.properties["old.security.protocol"] = "SASL_PLAINTEXT";
  replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ExpectEnds(*replicator, ExitCode::kUsage, {"old.security.protocol"});
  EXPECT_FALSE(replicator->LogHas(secret)) << replicator->Log();
}

TEST_F(OldTargetSettingsTest, AnOldTargetsOwnReplicationFactorCannotBeHad) {
  ASSERT_NO_FATAL_FAILURE(Fill("no-own-factor", 2));
  ReplicatorOptions options = scene_->Replicator("no-own-factor");
  options.replication_factor = -1;
  options.flags = {"--dry-run"};
  ExpectRunEnds(options, ExitCode::kBlocked,
                {"topic no-own-factor is not copied: replication.factor is -1", "before Kafka 2.4"});
}

TEST_F(OldTargetSettingsTest, AnOverrideThatTheTargetDoesNotKnowIsLeftOutAndNotItsTopic) {
  // Kafka 2.3 was the first to know it.
  ASSERT_OK(
      scene_->source_admin().CreateTopic({.name = "unknown-new", .configs = {{"max.compaction.lag.ms", "86400000"}}}));
  ASSERT_NO_FATAL_FAILURE(Fill("unknown-not", 1));
  ReplicatorOptions options = scene_->Replicator("unknown-.*");
  options.flags = {"--dry-run"};
  ExpectRunEnds(options, ExitCode::kDone,
                {"topic unknown-new: max.compaction.lag.ms=86400000 is not copied: the target does not know this "
                 "setting",
                 "would create topic unknown-new", "would create topic unknown-not"});
  options.flags = {};
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->Equal({"unknown-not"})) << replicator->LogTail();
  absl::StatusOr<std::map<std::string, std::string>> set = scene_->target_admin().TopicOverrides("unknown-new");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ((*set)["retention.ms"], "604800000");
  EXPECT_EQ((*set)["message.timestamp.difference.max.ms"], "9223372036854775807");
  EXPECT_FALSE(set->contains("max.compaction.lag.ms"));
}

}  // namespace
}  // namespace replicator::tests
