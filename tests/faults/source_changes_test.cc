// What a source can do to a topic that is being copied: deleted, deleted and made anew, truncated by an unclean
// election, its head deleted, its partitions added to. Each is told by its name, nothing of another history gets into
// the target, and the other topics of the link go on.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

using Json = nlohmann::json;

constexpr int kPartitions = 2;
constexpr int64_t kFirstLife = 1'000;
constexpr int64_t kSecondLife = 3'000;
constexpr int64_t kMore = 200;
constexpr int kRecordBytes = 1'000;

class SourceChanges : public SceneFixture {
 protected:
  using SceneFixture::SceneFixture;

  // Records that no other call of this test writes.
  void Write(const std::string& topic, int partitions, int64_t records) {
    LoadOptions load = scene_->Load(topic, partitions);
    load.shape = RecordShape::kRandom;
    load.value_bytes = kRecordBytes;
    load.records_total = records;
    load.first_sequence = written_;
    written_ += records;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  void Create(const std::string& topic, int partitions = kPartitions) {
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = topic, .partitions = partitions, .configs = configs_}));
  }

  // `topic` in its first life and a neighbour, both copied.
  void Copy(const std::string& topic) {
    topic_ = topic;
    neighbour_ = topic + "-neighbour";
    for (const std::string& name : {topic_, neighbour_}) {
      ASSERT_NO_FATAL_FAILURE(Create(name));
      ASSERT_NO_FATAL_FAILURE(Write(name, kPartitions, kFirstLife));
    }
    link_ = std::make_unique<WatchedLink>(scene_->Replicator(topic + ".*"));
    ASSERT_OK(link_->Start());
    ASSERT_TRUE(scene_->Equal({topic_, neighbour_})) << link_->process().LogTail();
    first_life_ = TargetEnds();
  }

  void BeginSecondLife() {
    ASSERT_OK(scene_->source_admin().DeleteTopic(topic_));
    ASSERT_NO_FATAL_FAILURE(CreateAgain());
  }

  // The controller refuses the name for as long as it is about to delete the old topic.
  void CreateAgain() {
    const TopicSpec topic = {.name = topic_, .partitions = kPartitions, .configs = configs_};
    ASSERT_TRUE(
        Eventually("the source takes the name again", [&] { return scene_->source_admin().CreateTopic(topic).ok(); }));
    ASSERT_NO_FATAL_FAILURE(Write(topic_, kPartitions, kSecondLife));
  }

  std::vector<int64_t> TargetEnds() {
    std::vector<int64_t> ends;
    absl::StatusOr<std::vector<OffsetRange>> ranges = scene_->target_admin().Offsets(topic_);
    EXPECT_TRUE(ranges.ok()) << ranges.status();
    if (!ranges.ok()) return ends;
    for (const OffsetRange& range : *ranges) ends.push_back(range.end);
    return ends;
  }

  // Every partition of the topic is stopped for that, and the neighbour is not; a log only grows, so a target whose
  // ends stay is what it was.
  void ExpectStopped(const std::string& code) {
    for (int partition = 0; partition < kPartitions; ++partition)
      EXPECT_TRUE(link_->ReachesCode(topic_, code, partition));
    ASSERT_NO_FATAL_FAILURE(Write(neighbour_, kPartitions, kMore));
    EXPECT_TRUE(scene_->Equal({neighbour_})) << link_->process().LogTail();
    EXPECT_EQ(TargetEnds(), first_life_);
    EXPECT_EQ(link_->Code(neighbour_), WatchedLink::kNoCode);
    EXPECT_EQ(link_->Run({"status", "--check"}).code, Code(ExitCode::kQuarantined));
  }

  // All topics from now on.
  void UseCompaction() { configs_ = {{"cleanup.policy", "compact"}}; }

  void ExpectRecreatedWhileDownIsSeen(const std::string& code, const std::string& topic = "recreated-down") {
    ASSERT_NO_FATAL_FAILURE(Copy(topic));
    ASSERT_OK(link_->Kill9());
    ASSERT_NO_FATAL_FAILURE(BeginSecondLife());
    ASSERT_OK(link_->Start());
    ASSERT_NO_FATAL_FAILURE(ExpectStopped(code));
    ASSERT_OK(link_->Kill9());
    EXPECT_EQ(link_->Code(topic_), code) << "from the store: " << link_->Status();
    ASSERT_OK(link_->Start());
    ASSERT_NO_FATAL_FAILURE(ExpectStopped(code));
  }

  void ExpectRecreatedWhileRunningIsSeen(const std::string& code) {
    ASSERT_NO_FATAL_FAILURE(Copy("recreated-running"));
    ASSERT_NO_FATAL_FAILURE(BeginSecondLife());
    ASSERT_NO_FATAL_FAILURE(ExpectStopped(code));
  }

  // First it is gone; what comes under its name later is another topic.
  void ExpectDeletionIsSeen(const std::string& code_when_made_anew) {
    ASSERT_NO_FATAL_FAILURE(Copy("deleted"));
    ASSERT_OK(scene_->source_admin().DeleteTopic(topic_));
    for (int partition = 0; partition < kPartitions; ++partition)
      EXPECT_TRUE(link_->ReachesState(topic_, "ended", partition));
    ASSERT_NO_FATAL_FAILURE(ExpectNoAlarm());
    const CommandOutput resumed = link_->Run({"resume", "--topic=" + topic_, "--partition=0"});
    EXPECT_TRUE(absl::StrContains(resumed.text, "was deleted at the source")) << resumed.text;
    EXPECT_EQ(resumed.code, Code(ExitCode::kBlocked)) << resumed.text;
    ASSERT_OK(link_->Kill9());
    EXPECT_EQ(link_->PartitionStatus(topic_, 0).value("state", ""), "ended") << "from the store: " << link_->Status();
    ASSERT_OK(link_->Start());
    Json ended;
    EXPECT_TRUE(Eventually("the topic is named as ended", [&] {
      ended = link_->Status().value("ended", Json::object());
      return absl::StrContains(ended.value(topic_, ""), "deleted at the source");
    })) << ended;
    ASSERT_NO_FATAL_FAILURE(ExpectNoAlarm());
    EXPECT_EQ(TargetEnds(), first_life_);
    ASSERT_NO_FATAL_FAILURE(CreateAgain());
    ASSERT_NO_FATAL_FAILURE(ExpectStopped(code_when_made_anew));
  }

  // The topic is of no concern any more, and the neighbour goes on.
  void ExpectNoAlarm() {
    ASSERT_NO_FATAL_FAILURE(Write(neighbour_, kPartitions, kMore));
    EXPECT_TRUE(scene_->Equal({neighbour_})) << link_->process().LogTail();
    CommandOutput check;
    EXPECT_TRUE(Eventually("nothing is to be alarmed about", [&] {
      check = link_->Run({"status", "--check"});
      return check.code == Code(ExitCode::kDone);
    })) << check.text;
  }

  std::string neighbour_;
  int64_t written_ = 0;
  std::map<std::string, std::string> configs_;
  std::vector<int64_t> first_life_;
  std::unique_ptr<WatchedLink> link_;
};

class SourceChangesTest : public SceneTest<OneToOne, SourceChanges> {
 protected:
  // The target has what the source has from `source_start` on, behind what it has below `target_start`.
  void ExpectEqualFrom(const std::string& topic, int64_t source_start, int64_t target_start) {
    Verifier verifier({.source_bootstrap_servers = scene_->source().direct_bootstrap_servers(),
                       .target_bootstrap_servers = scene_->target().direct_bootstrap_servers(),
                       .topics = {topic},
                       .source_start_offsets = {{{topic, 0}, source_start}},
                       .target_start_offsets = {{{topic, 0}, target_start}}});
    absl::StatusOr<VerifyResult> result = verifier.WaitUntilEqual(kPatience);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_TRUE(result->equal) << result->Summary() << link_->process().LogTail();
  }

  // The head of the source's log went up to `start` before all of it was copied.
  void ExpectGap(const std::string& topic, int64_t start, int64_t end) {
    ASSERT_TRUE(link_->ReachesState(topic, "caught up"));
    const Json status = link_->PartitionStatus(topic, 0);
    const auto lost = status.at("records_lost").get<int64_t>();
    const auto copied = status.at("target_end").get<int64_t>();
    EXPECT_EQ(status.at("copied_to"), end);
    EXPECT_EQ(copied + lost, end) << status;
    const int64_t before_the_gap = start - lost;
    ASSERT_NO_FATAL_FAILURE(ExpectEqualFrom(topic, start, before_the_gap));
    const std::string line = absl::StrCat(topic, "-0: the source deleted offsets ", before_the_gap, " to ", start - 1);
    EXPECT_EQ(link_->process().LogLines(line).size(), 1) << link_->process().LogTail();
    EXPECT_TRUE(link_->NothingIsQuarantined());
  }
};

struct SourceWithoutTopicIds {
  static constexpr char kName[] = "2.1.1 x 1 to 4.3.1 x 1";
  static SceneOptions Options() { return {.source = {.version = "2.1.1"}, .target = {.version = "4.3.1"}}; }
};
class SourceWithoutTopicIdsTest : public SceneTest<SourceWithoutTopicIds, SourceChanges> {};

// A replica that lacks the end of the log becomes its leader, and gets longer than the log ever was.
class UncleanSource : public SourceChanges {
 protected:
  using SourceChanges::SourceChanges;

  static SceneOptions OptionsOf(const std::string& version) {
    return {.source = {.version = version, .brokers = 2}, .target = {.version = "4.3.1"}};
  }

  // One link looks on, another one is down.
  void ExpectTruncatedIsSeen();
};

class UncleanSourceTest : public UncleanSource {
 protected:
  UncleanSourceTest() : UncleanSource("3.1.2 x 2 to 4.3.1 x 1", OptionsOf("3.1.2")) {}
};
// Brokers that do not tell of a truncation (G): one whose metadata's leader epochs count, and one whose do not.
class UncleanSource282Test : public UncleanSource {
 protected:
  UncleanSource282Test() : UncleanSource("2.8.2 x 2 to 4.3.1 x 1", OptionsOf("2.8.2")) {}
};
class UncleanSource211Test : public UncleanSource {
 protected:
  UncleanSource211Test() : UncleanSource("2.1.1 x 2 to 4.3.1 x 1", OptionsOf("2.1.1")) {}
};
TEST_F(SourceChangesTest, TopicMadeAnewWhileNobodyLookedIsNotMixedIn) {
  ExpectRecreatedWhileDownIsSeen("source-recreated");
}

TEST_F(SourceChangesTest, TopicMadeAnewIsNotMixedIn) { ExpectRecreatedWhileRunningIsSeen("source-recreated"); }

TEST_F(SourceChangesTest, DeletedTopicEndsItsCopy) { ExpectDeletionIsSeen("source-recreated"); }

// What was not copied by then is told, with its count.
TEST_F(SourceChangesTest, TopicDeletedAheadOfASlowCopyIsALoss) {
  constexpr int64_t kRecords = 40'000;
  ASSERT_NO_FATAL_FAILURE(Create("deleted-early", 1));
  ASSERT_NO_FATAL_FAILURE(Write("deleted-early", 1, kRecords));
  ReplicatorOptions options = scene_->Replicator("deleted-early");
  options.flags = {absl::StrCat("--source-bytes-per-second=", 500 * kRecordBytes)};
  link_ = std::make_unique<WatchedLink>(options);
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(scene_->WaitForTargetRecords("deleted-early", 1)) << link_->process().LogTail();
  ASSERT_OK(scene_->source_admin().DeleteTopic("deleted-early"));
  ASSERT_TRUE(link_->ReachesState("deleted-early", "ended"));
  const Json status = link_->PartitionStatus("deleted-early", 0);
  const auto lost = status.value("records_lost", int64_t{-1});
  EXPECT_EQ(lost + RecordsOrFail(scene_->TargetRecords("deleted-early")), kRecords) << status;
  EXPECT_GT(lost, 0);
  EXPECT_TRUE(absl::StrContains(status.value("ended", ""), absl::StrCat(lost, " of them"))) << status;
  EXPECT_TRUE(link_->process().LogHas("deleted-early-0 has ended: ")) << link_->process().LogTail();
  CommandOutput check;
  EXPECT_TRUE(Eventually("the loss is an alarm", [&] {
    check = link_->Run({"status", "--check"});
    return check.code == Code(ExitCode::kCopyBehind) && absl::StrContains(check.text, "offsets LOST at the source");
  })) << check.text;
}

// Only the content of the last copied batch tells.
TEST_F(SourceWithoutTopicIdsTest, TopicMadeAnewWhileNobodyLookedIsNotMixedIn) {
  ExpectRecreatedWhileDownIsSeen("source-truncated");
}

TEST_F(SourceWithoutTopicIdsTest, CompactedTopicMadeAnewWhileNobodyLookedIsNotMixedIn) {
  UseCompaction();
  ExpectRecreatedWhileDownIsSeen("source-truncated", "compacted-down");
}

// Nothing of it was copied, so only where its log begins tells.
TEST_F(SourceWithoutTopicIdsTest, TopicThatHeldNothingMoreAndWasMadeAnewIsNotMixedIn) {
  topic_ = "emptied-down";
  neighbour_ = topic_ + "-neighbour";
  for (const std::string& name : {topic_, neighbour_}) {
    ASSERT_NO_FATAL_FAILURE(Create(name));
    ASSERT_NO_FATAL_FAILURE(Write(name, kPartitions, kFirstLife));
  }
  for (int partition = 0; partition < kPartitions; ++partition)
    ASSERT_OK(scene_->source_admin().DeleteRecords(topic_, partition, -1));
  link_ = std::make_unique<WatchedLink>(scene_->Replicator(topic_ + ".*"));
  ASSERT_OK(link_->Start());
  for (int partition = 0; partition < kPartitions; ++partition)
    ASSERT_TRUE(link_->ReachesState(topic_, "caught up", partition));
  ASSERT_TRUE(StopsHealthy(link_->process()));
  first_life_ = TargetEnds();
  ASSERT_NO_FATAL_FAILURE(BeginSecondLife());
  ASSERT_OK(link_->Start());
  ASSERT_NO_FATAL_FAILURE(ExpectStopped("source-truncated"));
  const std::vector<std::string> resume = {"resume", "--topic=" + topic_, "--partition=0", "--from=earliest", "--yes"};
  const CommandOutput resumed = link_->Run(resume);
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  EXPECT_TRUE(link_->ReachesState(topic_, "caught up"));
  EXPECT_EQ(TargetEnds().front(), kSecondLife / kPartitions);
}

TEST_F(SourceWithoutTopicIdsTest, TopicMadeAnewIsNotMixedIn) { ExpectRecreatedWhileRunningIsSeen("source-truncated"); }

TEST_F(SourceWithoutTopicIdsTest, DeletedTopicEndsItsCopy) { ExpectDeletionIsSeen("source-truncated"); }

// H. Tombstones that the source removes before they are copied leave on the target what they delete.
TEST_F(SourceChangesTest, ACopyThatIsBehindForAsLongAsTombstonesStayIsNamed) {
  configs_ = {{"cleanup.policy", "compact"}, {"delete.retention.ms", "10000"}};
  ASSERT_NO_FATAL_FAILURE(Create("tombstones", 1));
  ASSERT_NO_FATAL_FAILURE(Write("tombstones", 1, kSecondLife));
  ReplicatorOptions options = scene_->Replicator("tombstones");
  options.properties["refresh.topics.interval.seconds"] = "1";
  options.flags = {"--source-bytes-per-second=20000"};
  link_ = std::make_unique<WatchedLink>(options);
  ASSERT_OK(link_->Start());
  const auto risk = [&] { return link_->PartitionStatus("tombstones", 0).value("tombstones_at_risk", ""); };
  ASSERT_TRUE(Eventually("the risk is told", [&] { return !risk().empty(); })) << link_->process().LogTail();
  EXPECT_TRUE(absl::StrContains(risk(), "the source may remove tombstones 10 s old")) << risk();
  EXPECT_TRUE(link_->process().LogHas("keys that were deleted there could stay on the target"));
  const CommandOutput check = link_->Run({"status", "--check", "--max-lag-seconds=100000"});
  EXPECT_EQ(check.code, Code(ExitCode::kCopyBehind)) << check.text;
  ASSERT_OK(scene_->source_admin().AlterTopicConfigs("tombstones", {{"delete.retention.ms", "86400000"}}));
  EXPECT_TRUE(Eventually("the risk is over", [&] { return risk().empty(); })) << risk();
}

// H
TEST_F(SourceChangesTest, HeadDeletedWhileNobodyLookedIsAGap) {
  ASSERT_NO_FATAL_FAILURE(Create("head-down", 1));
  ASSERT_NO_FATAL_FAILURE(Write("head-down", 1, kFirstLife));
  link_ = std::make_unique<WatchedLink>(scene_->Replicator("head-down"));
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(scene_->Equal({"head-down"})) << link_->process().LogTail();
  ASSERT_TRUE(link_->ReachesState("head-down", "caught up"));
  ASSERT_OK(link_->Kill9());
  const int64_t start = kFirstLife + kSecondLife / 2;
  for (int half = 0; half < 2; ++half) ASSERT_NO_FATAL_FAILURE(Write("head-down", 1, kSecondLife / 2));
  ASSERT_OK(scene_->source_admin().DeleteRecords("head-down", 0, start));
  ASSERT_OK(link_->Start());
  ASSERT_NO_FATAL_FAILURE(ExpectGap("head-down", start, kFirstLife + kSecondLife));
  EXPECT_EQ(link_->PartitionStatus("head-down", 0).at("records_lost"), kSecondLife / 2);
  // The count and the place behind the gap outlive the process.
  ASSERT_OK(link_->Kill9());
  ASSERT_NO_FATAL_FAILURE(Write("head-down", 1, kMore));
  ASSERT_OK(link_->Start());
  ASSERT_NO_FATAL_FAILURE(ExpectEqualFrom("head-down", start, kFirstLife));
  EXPECT_EQ(link_->PartitionStatus("head-down", 0).at("records_lost"), kSecondLife / 2);
}

// H
TEST_F(SourceChangesTest, HeadDeletedAheadOfASlowCopyIsAGap) {
  constexpr int64_t kRecords = 8'000;
  ASSERT_NO_FATAL_FAILURE(Create("head-running", 1));
  ASSERT_NO_FATAL_FAILURE(Write("head-running", 1, kRecords - kMore));
  ASSERT_NO_FATAL_FAILURE(Write("head-running", 1, kMore));
  ReplicatorOptions options = scene_->Replicator("head-running");
  options.flags = {absl::StrCat("--source-bytes-per-second=", 500 * kRecordBytes)};
  link_ = std::make_unique<WatchedLink>(options);
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(scene_->WaitForTargetRecords("head-running", 1)) << link_->process().LogTail();
  ASSERT_OK(scene_->source_admin().DeleteRecords("head-running", 0, kRecords - kMore));
  ASSERT_NO_FATAL_FAILURE(ExpectGap("head-running", kRecords - kMore, kRecords));
  EXPECT_GT(link_->PartitionStatus("head-running", 0).at("records_lost"), 0);
}

// A, H: the folder of an earlier life comes back, as from a backup, and the source has deleted since what that life had
// not copied. What the target holds must not be counted against what the source has now.
TEST_F(SourceChangesTest, AnOldFolderBehindARangeThatIsGoneFindsItsPlaceByContent) {
  ASSERT_NO_FATAL_FAILURE(Create("old-folder", 1));
  ASSERT_NO_FATAL_FAILURE(Write("old-folder", 1, kFirstLife));
  link_ = std::make_unique<WatchedLink>(scene_->Replicator("old-folder"));
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(scene_->Equal({"old-folder"})) << link_->process().LogTail();
  ASSERT_OK(link_->Kill9());
  const std::string folder = link_->options().state_dir;
  // (Not the socket that a killed process leaves.)
  std::filesystem::create_directory(folder + "-backup");
  std::filesystem::copy(folder + "/store", folder + "-backup/store", std::filesystem::copy_options::recursive);
  std::filesystem::copy_file(folder + "/lock", folder + "-backup/lock");
  for (int half = 0; half < 2; ++half) ASSERT_NO_FATAL_FAILURE(Write("old-folder", 1, kSecondLife / 2));
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(scene_->Equal({"old-folder"})) << link_->process().LogTail();
  ASSERT_OK(link_->Kill9());
  std::filesystem::remove_all(folder);
  std::filesystem::rename(folder + "-backup", folder);
  // Else the link's changelog tells the place.
  ASSERT_OK(
      scene_->target_admin().DeleteTopic(absl::StrCat("replicator-link.old-to-", link_->options().link, ".internal")));
  const int64_t start = kFirstLife + kSecondLife / 2;
  ASSERT_OK(scene_->source_admin().DeleteRecords("old-folder", 0, start));
  ASSERT_NO_FATAL_FAILURE(Write("old-folder", 1, kMore));
  ASSERT_OK(link_->Start());
  ASSERT_NO_FATAL_FAILURE(ExpectEqualFrom("old-folder", start, start));
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords("old-folder")), kFirstLife + kSecondLife + kMore);
  EXPECT_EQ(link_->PartitionStatus("old-folder", 0).at("records_lost"), 0);
}

// Kafka keeps the whole batch that the new start lies in: it cannot pass as it is.
TEST_F(SourceChangesTest, HeadThatEndsInsideOfABatchIsNamedAndCanBePassed) {
  ASSERT_NO_FATAL_FAILURE(Create("head-inside", 1));
  for (int part = 0; part < 2; ++part) ASSERT_NO_FATAL_FAILURE(Write("head-inside", 1, kMore));
  ASSERT_OK(scene_->source_admin().DeleteRecords("head-inside", 0, kMore - 1));
  link_ = std::make_unique<WatchedLink>(scene_->Replicator("head-inside"));
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(link_->ReachesCode("head-inside", "unsupported-batch"));
  const std::string reason = link_->PartitionStatus("head-inside", 0).at("quarantine").at("reason");
  const std::string remedy = absl::StrCat("--from=", kMore);
  EXPECT_TRUE(absl::EndsWith(reason, remedy)) << reason;
  const CommandOutput resumed = link_->Run({"resume", "--topic=head-inside", "--partition=0", remedy, "--yes"});
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  ASSERT_NO_FATAL_FAILURE(ExpectEqualFrom("head-inside", kMore, 0));
}

TEST_F(SourceChangesTest, AddedPartitionsAreCopied) {
  ASSERT_NO_FATAL_FAILURE(Create("wider"));
  ASSERT_NO_FATAL_FAILURE(Write("wider", kPartitions, kFirstLife));
  link_ = std::make_unique<WatchedLink>(scene_->Replicator("wider"));
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(scene_->Equal({"wider"})) << link_->process().LogTail();
  ASSERT_OK(scene_->source_admin().CreatePartitions("wider", kPartitions + 1));
  ASSERT_NO_FATAL_FAILURE(Write("wider", kPartitions + 1, kFirstLife));
  EXPECT_TRUE(scene_->Equal({"wider"})) << link_->process().LogTail();

  ASSERT_OK(link_->Kill9());
  ASSERT_OK(scene_->source_admin().CreatePartitions("wider", kPartitions + 2));
  ASSERT_NO_FATAL_FAILURE(Write("wider", kPartitions + 2, kFirstLife));
  ASSERT_OK(link_->Start());
  EXPECT_TRUE(scene_->Equal({"wider"})) << link_->process().LogTail();
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords("wider")), 3 * kFirstLife);
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

void UncleanSource::ExpectTruncatedIsSeen() {
  const std::vector<std::string> topics = {"cut-running", "cut-down"};
  std::vector<std::unique_ptr<WatchedLink>> links;
  for (const std::string& topic : topics) {
    ASSERT_OK(scene_->source_admin().CreateTopic(
        {.name = topic, .configs = {{"unclean.leader.election.enable", "true"}}, .replicas = {{1, 2}}}));
    ASSERT_NO_FATAL_FAILURE(Write(topic, 1, kFirstLife));
  }
  ASSERT_OK(scene_->source().Terminate(2));
  for (const std::string& topic : topics) {
    ASSERT_NO_FATAL_FAILURE(Write(topic, 1, kFirstLife));
    links.push_back(std::make_unique<WatchedLink>(scene_->Replicator(topic)));
    ASSERT_OK(links.back()->Start());
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic, 2 * kFirstLife)) << links.back()->process().LogTail();
  }
  ASSERT_OK(links[1]->Kill9());
  ASSERT_OK(scene_->source().Kill9(1));
  ASSERT_OK(scene_->source().Start(2));
  for (const std::string& topic : topics) {
    ASSERT_OK(scene_->source_admin().WaitForLeader(topic, 0, 1, kPatience).status());
    ASSERT_NO_FATAL_FAILURE(Write(topic, 1, kSecondLife));
    ASSERT_EQ(RecordsOrFail(scene_->SourceRecords(topic)), kFirstLife + kSecondLife);
  }
  ASSERT_OK(links[1]->Start());
  for (size_t i = 0; i < topics.size(); ++i) {
    EXPECT_TRUE(links[i]->ReachesCode(topics[i], "source-truncated"));
    EXPECT_EQ(RecordsOrFail(scene_->TargetRecords(topics[i])), 2 * kFirstLife);
  }
}

TEST_F(UncleanSourceTest, TruncatedTopicIsNotMixedIn) { ExpectTruncatedIsSeen(); }
TEST_F(UncleanSource282Test, TruncatedTopicIsNotMixedIn) { ExpectTruncatedIsSeen(); }
TEST_F(UncleanSource211Test, TruncatedTopicIsNotMixedIn) { ExpectTruncatedIsSeen(); }

}  // namespace
}  // namespace replicator::tests
