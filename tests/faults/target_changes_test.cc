// What a target can do to a topic that is being copied: somebody else writes into it, it is deleted, made anew, loses
// what it acknowledged, has too few replicas, refuses, fills its disk, or is another cluster altogether. What passes is
// waited for with its reason; what does not stops one topic by its name, and the others go on.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/cluster/acl.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

using Json = nlohmann::json;

constexpr int64_t kRecords = 1'000;
constexpr int64_t kForeign = 20;
constexpr int kRecordBytes = 1'000;

class TargetChanges : public SceneFixture {
 protected:
  using SceneFixture::SceneFixture;

  // Records that no other call of this test writes.
  void Write(const std::string& topic, int64_t records) {
    WriteTo(scene_->source().direct_bootstrap_servers(), topic, records);
  }
  void WriteTo(const std::string& bootstrap_servers, const std::string& topic, int64_t records) {
    LoadOptions load = scene_->Load(topic, 1);
    load.bootstrap_servers = bootstrap_servers;
    load.shape = RecordShape::kRandom;
    load.value_bytes = kRecordBytes;
    load.records_total = records;
    load.first_sequence = written_;
    written_ += records;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  // `topic` and a neighbour, of one partition each, copied.
  void Copy(const std::string& topic, const std::string& refresh_topics = "true") {
    ASSERT_NO_FATAL_FAILURE(Begin(topic, refresh_topics));
    ASSERT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
  }

  // The same, as soon as the process runs.
  void Begin(const std::string& topic, const std::string& refresh_topics = "true") {
    topic_ = topic;
    neighbour_ = topic + "-neighbour";
    for (const std::string& name : {topic_, neighbour_}) {
      ASSERT_OK(scene_->source_admin().CreateTopic({.name = name}));
      ASSERT_NO_FATAL_FAILURE(Write(name, kRecords));
    }
    ReplicatorOptions options = scene_->Replicator(topic + ".*");
    options.properties["refresh.topics.enabled"] = refresh_topics;
    link_ = std::make_unique<WatchedLink>(options);
    ASSERT_OK(link_->Start());
  }

  // What is under way when a replica dies may still be taken; once the leader is alone, nothing is.
  testing::AssertionResult WaitUntilLeaderIsAlone() {
    const auto is_alone = [&] {
      const absl::StatusOr<TopicState> topic = scene_->target_admin().DescribeTopic(topic_);
      return topic.ok() && topic->partitions[0].isr.size() == 1;
    };
    return Eventually("the leader is alone", is_alone);
  }

  void ExpectNeighbourGoesOn() {
    ASSERT_NO_FATAL_FAILURE(Write(neighbour_, kRecords));
    EXPECT_TRUE(scene_->Equal({neighbour_})) << link_->process().LogTail();
    EXPECT_EQ(link_->Code(neighbour_), WatchedLink::kNoCode);
  }

  void ExpectStopped(const std::string& code) {
    EXPECT_TRUE(link_->ReachesCode(topic_, code));
    ASSERT_NO_FATAL_FAILURE(ExpectNeighbourGoesOn());
    EXPECT_EQ(link_->Run({"status", "--check"}).code, Code(ExitCode::kQuarantined));
  }

  std::string neighbour_;
  int64_t written_ = 0;
  std::unique_ptr<WatchedLink> link_;
};

class TargetChangesTest : public SceneTest<OneToOne, TargetChanges> {
 protected:
  void WriteForeign() { WriteTo(scene_->target().direct_bootstrap_servers(), topic_, kForeign); }

  void ExpectEndsAtTheWrongCluster() {
    ASSERT_NO_FATAL_FAILURE(ExpectEnds(link_->process(), ExitCode::kWrongCluster));
    EXPECT_FALSE(link_->process().LogLines("orrect").empty()) << link_->process().LogTail();
  }

  // The topic that was made anew is filled once the operator says so.
  void ExpectFilledAnew() {
    const CommandOutput resumed = link_->Run({"resume", "--topic=" + topic_, "--partition=0", "--from=earliest"});
    EXPECT_EQ(resumed.code, 0) << resumed.text;
    EXPECT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
    EXPECT_TRUE(link_->NothingIsQuarantined());
  }
};

TEST_F(TargetChangesTest, ForeignWriteIsNamed) {
  ASSERT_NO_FATAL_FAILURE(Copy("foreign-running"));
  ASSERT_NO_FATAL_FAILURE(WriteForeign());
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kRecords));
  ASSERT_NO_FATAL_FAILURE(ExpectStopped("foreign-write"));
  // The one batch that told it is there; nothing behind it is.
  const int64_t records = RecordsOrFail(scene_->TargetRecords(topic_));
  EXPECT_LT(records, 2 * kRecords);
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kRecords));
  ASSERT_NO_FATAL_FAILURE(ExpectNeighbourGoesOn());
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords(topic_)), records);
}

// Deleted, made anew, filled: as the reason says, without a yes.
TEST_F(TargetChangesTest, ForeignWriteIsGotRidOfAsItsReasonSays) {
  ASSERT_NO_FATAL_FAILURE(Copy("foreign-anew"));
  ASSERT_NO_FATAL_FAILURE(WriteForeign());
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kRecords));
  ASSERT_NO_FATAL_FAILURE(ExpectStopped("foreign-write"));
  const std::string reason = link_->PartitionStatus(topic_, 0).at("quarantine").at("reason");
  EXPECT_TRUE(absl::EndsWith(reason, "delete it on the target, then resume with --from=earliest")) << reason;
  ASSERT_OK(scene_->target_admin().DeleteTopic(topic_));
  const auto is_there_again = [&] {
    const absl::Status created = scene_->target_admin().CreateTopic({.name = topic_});
    return created.ok() || absl::IsAlreadyExists(created);
  };
  ASSERT_TRUE(Eventually("the topic is there again", is_there_again));
  ASSERT_NO_FATAL_FAILURE(ExpectFilledAnew());
}

TEST_F(TargetChangesTest, ForeignWriteWhileNobodyLookedIsNamed) {
  ASSERT_NO_FATAL_FAILURE(Copy("foreign-down"));
  ASSERT_OK(link_->Kill9());
  ASSERT_NO_FATAL_FAILURE(WriteForeign());
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kRecords));
  ASSERT_OK(link_->Start());
  ASSERT_NO_FATAL_FAILURE(ExpectStopped("foreign-write"));
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords(topic_)), kRecords + kForeign);
  ASSERT_OK(link_->Kill9());
  EXPECT_EQ(link_->Code(topic_), "foreign-write") << "from the store: " << link_->Status();
}

// The link makes the topic anew, and fills it only when it is told to: what was copied may have been there for longer
// than the source keeps it.
TEST_F(TargetChangesTest, BatchesThatAreTooLargeWaitForTheirTopicToTakeThem) {
  ASSERT_NO_FATAL_FAILURE(Copy("large"));
  ASSERT_OK(scene_->target_admin().AlterTopicConfigs(topic_, {{"max.message.bytes", "500"}}));
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kRecords));
  ASSERT_NO_FATAL_FAILURE(ExpectStopped("target-refused"));
  const std::string reason = link_->PartitionStatus(topic_, 0).at("quarantine").at("reason");
  EXPECT_TRUE(absl::StrContains(reason, "MESSAGE_TOO_LARGE")) << reason;
  EXPECT_TRUE(absl::StrContains(reason, "Raise max.message.bytes of the target topic")) << reason;
  ASSERT_OK(scene_->target_admin().AlterTopicConfigs(topic_, {{"max.message.bytes", std::nullopt}}));
  const CommandOutput resumed = link_->Run({"resume", "--topic=" + topic_, "--partition=0"});
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  EXPECT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
  EXPECT_TRUE(link_->NothingIsQuarantined());
}

TEST_F(TargetChangesTest, DeletedTopicIsNamedAndFilledAnew) {
  ASSERT_NO_FATAL_FAILURE(Copy("gone-running"));
  ASSERT_OK(scene_->target_admin().DeleteTopic(topic_));
  ASSERT_NO_FATAL_FAILURE(ExpectStopped("target-recreated"));
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords(topic_)), 0);
  ASSERT_NO_FATAL_FAILURE(ExpectFilledAnew());
}

TEST_F(TargetChangesTest, DeletedTopicThatNobodyMakesAnewIsNamed) {
  ASSERT_NO_FATAL_FAILURE(Copy("gone-for-good", /*refresh_topics=*/"false"));
  ASSERT_OK(scene_->target_admin().DeleteTopic(topic_));
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kRecords));
  ASSERT_NO_FATAL_FAILURE(ExpectStopped("target-deleted"));
}

TEST_F(TargetChangesTest, TopicDeletedWhileNobodyLookedIsNamedAndFilledAnew) {
  ASSERT_NO_FATAL_FAILURE(Copy("gone-down"));
  ASSERT_OK(link_->Kill9());
  ASSERT_OK(scene_->target_admin().DeleteTopic(topic_));
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kRecords));
  ASSERT_OK(link_->Start());
  ASSERT_NO_FATAL_FAILURE(ExpectStopped("target-recreated"));
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords(topic_)), 0);
  ASSERT_NO_FATAL_FAILURE(ExpectFilledAnew());
}

// The same address, another cluster with topics of the same names: the program ends, at once and whenever it is
// started, and writes nothing there.
TEST_F(TargetChangesTest, AnotherClusterInTheTargetsPlaceEndsTheProgram) {
  ASSERT_NO_FATAL_FAILURE(Copy("replaced"));
  absl::StatusOr<std::unique_ptr<KafkaCluster>> other =
      KafkaCluster::Launch({.version = "4.3.1", .advertised_ports = {{1, scene_->target_proxy(1).port()}}});
  ASSERT_TRUE(other.ok()) << other.status();
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin = ClusterAdmin::Create((*other)->direct_bootstrap_servers());
  ASSERT_TRUE(admin.ok()) << admin.status();
  for (const std::string& name : {topic_, neighbour_}) ASSERT_OK((*admin)->CreateTopic({.name = name}));
  FaultProxy& proxy = scene_->target_proxy(1);
  ASSERT_OK(proxy.SetUpstream("127.0.0.1", static_cast<uint16_t>((*other)->client_port(1))));
  proxy.CutAll();
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kRecords));

  ASSERT_NO_FATAL_FAILURE(ExpectEndsAtTheWrongCluster());
  ASSERT_OK(link_->Start());
  ASSERT_NO_FATAL_FAILURE(ExpectEndsAtTheWrongCluster());
  for (const std::string& name : {topic_, neighbour_}) {
    absl::StatusOr<std::vector<OffsetRange>> ranges = (*admin)->Offsets(name);
    ASSERT_TRUE(ranges.ok()) << ranges.status();
    EXPECT_EQ(ranges->at(0).end, 0) << name;
  }

  ASSERT_OK(proxy.SetUpstream("127.0.0.1", static_cast<uint16_t>(scene_->target().client_port(1))));
  proxy.CutAll();
  ASSERT_OK(link_->Start());
  EXPECT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

// Brokers 1 and 2, rights that can be taken.
struct TwoReplicas {
  static constexpr char kName[] = "3.1.2 x 1 to 3.1.2 x 2 with an authorizer";
  static SceneOptions Options() {
    return {.target = {.version = "3.1.2",
                       .brokers = 2,
                       .properties = {{"authorizer.class.name", "kafka.security.authorizer.AclAuthorizer"},
                                      {"allow.everyone.if.no.acl.found", "true"}}}};
  }
};

class TargetReplicasTest : public SceneTest<TwoReplicas, TargetChanges> {
 protected:
  // Both topics on the target led by broker 1 and followed by 2; only `topic` has the settings.
  void CreateReplicated(const std::string& topic, std::map<std::string, std::string> configs) {
    for (const TopicSpec& spec : {TopicSpec{.name = topic, .configs = std::move(configs), .replicas = {{1, 2}}},
                                  TopicSpec{.name = topic + "-neighbour", .replicas = {{1, 2}}}}) {
      // After the faults of another test the controller may be about to move.
      const auto is_there = [&] {
        const absl::Status created = scene_->target_admin().CreateTopic(spec);
        return created.ok() || absl::IsAlreadyExists(created);
      };
      ASSERT_TRUE(Eventually("the topic is there", is_there));
    }
  }
  void CopyReplicated(const std::string& topic, std::map<std::string, std::string> configs) {
    ASSERT_NO_FATAL_FAILURE(CreateReplicated(topic, std::move(configs)));
    ASSERT_NO_FATAL_FAILURE(Copy(topic));
  }
};

TEST_F(TargetReplicasTest, TooFewReplicasAreWaitedForWithTheReason) {
  ASSERT_NO_FATAL_FAILURE(CopyReplicated("too-few", {{"min.insync.replicas", "2"}}));
  ASSERT_OK(scene_->target().Kill9(2));
  ASSERT_TRUE(WaitUntilLeaderIsAlone());
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kRecords));
  EXPECT_TRUE(link_->ReachesError(topic_, "NOT_ENOUGH_REPLICAS"));
  ASSERT_NO_FATAL_FAILURE(ExpectNeighbourGoesOn());
  EXPECT_EQ(link_->PartitionStatus(topic_, 0).value("copied_to", -1), kRecords);
  ASSERT_OK(scene_->target().Start(2));
  EXPECT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
  EXPECT_TRUE(link_->ReachesState(topic_, "caught up"));
  EXPECT_EQ(link_->PartitionStatus(topic_, 0).value("last_error", ""), "");
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

TEST_F(TargetReplicasTest, TooFewReplicasAtTheStartAreWaitedForWithTheReason) {
  ASSERT_NO_FATAL_FAILURE(CreateReplicated("too-few-at-first", {{"min.insync.replicas", "2"}}));
  topic_ = "too-few-at-first";
  ASSERT_OK(scene_->target().Kill9(2));
  ASSERT_TRUE(WaitUntilLeaderIsAlone());
  ASSERT_NO_FATAL_FAILURE(Begin(topic_));
  EXPECT_TRUE(link_->ReachesError(topic_, "NOT_ENOUGH_REPLICAS"));
  EXPECT_TRUE(scene_->Equal({neighbour_})) << link_->process().LogTail();
  EXPECT_EQ(link_->PartitionStatus(topic_, 0).value("copied_to", -1), 0);
  ASSERT_OK(scene_->target().Start(2));
  EXPECT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

// A replica that lacks half of what was acknowledged becomes the leader.
TEST_F(TargetReplicasTest, LostAcknowledgedRecordsAreCopiedAgain) {
  ASSERT_NO_FATAL_FAILURE(CopyReplicated("lost", {{"unclean.leader.election.enable", "true"}}));
  ASSERT_OK(scene_->target_admin().WaitForFullIsr(topic_, kPatience));
  ASSERT_OK(scene_->target().Terminate(2));
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kRecords));
  ASSERT_TRUE(scene_->Equal({topic_})) << link_->process().LogTail();
  ASSERT_OK(scene_->target().Kill9(1));
  ASSERT_OK(scene_->target().Start(2));
  ASSERT_OK(scene_->target_admin().WaitForLeader(topic_, 0, 1, kPatience).status());
  EXPECT_TRUE(scene_->Equal({topic_})) << link_->process().LogTail();
  EXPECT_TRUE(link_->process().LogHas("the target lost acknowledged records (its log ends at 1000"));
  ASSERT_OK(scene_->target().Start(1));
  ASSERT_OK(scene_->target_admin().WaitForFullIsr(topic_, kPatience));
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kRecords));
  EXPECT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

TEST_F(TargetReplicasTest, RightThatWasTakenIsNamedAndGoesOnOnceGivenBack) {
  ASSERT_NO_FATAL_FAILURE(Copy("refused"));
  const std::string admins = scene_->target().direct_bootstrap_servers();
  ASSERT_OK(Deny(admins, AclResource::kTopic, topic_, AclOperation::kWrite));
  // Not every broker hears of it at once.
  const auto is_refused = [&] {
    Write(topic_, 1);
    return link_->Code(topic_) == "target-refused";
  };
  ASSERT_TRUE(Eventually("the copy is refused", is_refused)) << link_->process().LogTail();
  const std::string reason = link_->PartitionStatus(topic_, 0).at("quarantine").at("reason");
  EXPECT_TRUE(absl::StrContains(reason, "TOPIC_AUTHORIZATION_FAILED")) << reason;
  EXPECT_TRUE(absl::StrContains(reason, "Give replicator's user")) << reason;
  ASSERT_OK(RemoveAcls(admins, topic_));
  ASSERT_NO_FATAL_FAILURE(ExpectNeighbourGoesOn());
  EXPECT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
  EXPECT_TRUE(link_->NothingIsQuarantined());
}

// Brokers 1 and 2 take a batch only together, whatever the topic.
struct TwoInSync {
  static constexpr char kName[] = "3.1.2 x 1 to 3.1.2 x 2 with min.insync.replicas=2";
  static SceneOptions Options() {
    return {.target = {.version = "3.1.2", .brokers = 2, .properties = {{"min.insync.replicas", "2"}}}};
  }
};

class TargetInSyncTest : public SceneTest<TwoInSync, TargetChanges> {};

// The first start of a link, which writes to its own topic before it copies.
TEST_F(TargetInSyncTest, AFirstStartWhileABrokerIsGoneWaitsForItAndGoesOn) {
  topic_ = "in-sync";
  for (const std::string& name : {topic_, topic_ + "-neighbour"})
    ASSERT_OK(scene_->target_admin().CreateTopic({.name = name, .replicas = {{1, 2}}}));
  // The coordinator of the link's lock writes all the same.
  ASSERT_OK(scene_->target_admin().CommitGroupOffsets("some-group", topic_, {{0, 0}}));
  ASSERT_OK(scene_->target_admin().AlterTopicConfigs("__consumer_offsets", {{"min.insync.replicas", "1"}}));
  const absl::StatusOr<int> controller = scene_->target_admin().ControllerId();
  ASSERT_TRUE(controller.ok()) << controller.status();
  const int other = 3 - *controller;
  ASSERT_OK(scene_->target().Kill9(other));
  ASSERT_TRUE(WaitUntilLeaderIsAlone());
  ASSERT_NO_FATAL_FAILURE(Begin(topic_));
  // Two replicas of the coordinator's log cannot be made.
  EXPECT_TRUE(link_->process().WaitForLog("COORDINATOR_NOT_AVAILABLE", kPatience)) << link_->process().LogTail();
  const std::string trouble = link_->Status().value("changelog_trouble", "");
  EXPECT_TRUE(absl::StrContains(trouble, "transaction.state.log.replication.factor")) << trouble;
  ASSERT_OK(scene_->target().Start(other));
  EXPECT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

// The broker's logs lie on a small disk of their own.
class FullDiskTest : public TargetChanges {
 protected:
  static constexpr char kSmall[] = "size=24m";
  static constexpr char kLarge[] = "size=256m";

  FullDiskTest() : FullDiskTest(std::make_unique<TempDir>("full-disk")) {}
  // Segments that are not set aside at once, so that the disk fills by what is written.
  explicit FullDiskTest(std::unique_ptr<TempDir> folder)
      : TargetChanges(
            "3.1.2 x 1 to 4.3.1 x 1 with a small disk",
            {.target = {.version = "4.3.1", .properties = {{"log.segment.bytes", "1048576"}}, .dir = folder->path()}}),
        folder_(std::move(folder)),
        disk_(folder_->path() + "/broker-1") {}

  void SetUp() override {
    std::filesystem::create_directories(disk_);
    if (mount("tmpfs", disk_.c_str(), "tmpfs", 0, kSmall) != 0) GTEST_SKIP() << "no right to mount a tmpfs";
    mounted_ = true;
    ASSERT_NO_FATAL_FAILURE(TargetChanges::SetUp());
  }
  void TearDown() override {
    link_.reset();
    TargetChanges::TearDown();
    CloseScene();
    if (mounted_) EXPECT_EQ(umount2(disk_.c_str(), MNT_DETACH), 0);
  }

  const std::unique_ptr<TempDir> folder_;
  const std::string disk_;
  bool mounted_ = false;
};

TEST_F(FullDiskTest, IsWaitedForUntilThereIsRoom) {
  constexpr int64_t kTooMuch = 40'000;
  ASSERT_NO_FATAL_FAILURE(Copy("filling"));
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kTooMuch));
  // It gives up by itself.
  ASSERT_TRUE(Eventually("the broker gives up", [&] { return !scene_->target().Running(1); }))
      << scene_->target().LogTail(1);
  EXPECT_TRUE(link_->process().WaitForLog("target broker 1", kPatience)) << link_->process().LogTail();
  ASSERT_OK(link_->process().CheckRunning());
  ASSERT_EQ(mount("tmpfs", disk_.c_str(), "tmpfs", MS_REMOUNT, kLarge), 0);
  ASSERT_OK(scene_->target().Start(1));
  ASSERT_OK(scene_->target().WaitReady());
  EXPECT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

}  // namespace
}  // namespace replicator::tests
