// What a link keeps on its target (docs/formats.md, "The link's changelog") takes the place of a state folder that is
// lost, old, or another machine's: the copy goes on where it stood, and nothing is looked for by content.
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "offsets/store.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

constexpr const char* kTakenOver = "what it knew is taken over";
constexpr const char* kByContent = "by its content";

class ChangelogTest : public SceneTest<OneToOne> {
 protected:
  void Begin(const std::string& topic, const std::string& pattern = "") {
    topic_ = topic;
    options_ = scene_->Replicator(pattern.empty() ? topic : pattern);
    link_topic_ = absl::StrCat("replicator-link.old-to-", options_.link, ".internal");
  }

  std::unique_ptr<ReplicatorProcess> RunWith(const std::string& folder) {
    options_.state_dir = options_.dir + "/" + folder;
    return Run(options_);
  }

  // Records of the topic behind those that were written before.
  void Write(const std::string& topic, int partitions, int64_t records, int per_transaction = 0) {
    LoadOptions load = scene_->Load(topic, partitions);
    load.value_bytes = 100;
    load.first_sequence = std::exchange(written_, written_ + records);
    load.records_total = records;
    load.records_per_transaction = per_transaction;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  // What a folder holds of each partition, by topic and partition.
  std::map<std::string, offsets::PartitionState> StatesIn(const std::string& folder) {
    std::map<std::string, offsets::PartitionState> states;
    auto store = offsets::Store::Open({.folder = options_.dir + "/" + folder, .read_only = true});
    if (!store.ok()) {
      ADD_FAILURE() << store.status();
      return states;
    }
    const auto topics = (*store)->LoadTopics();
    const auto partitions = (*store)->LoadPartitions(1'000'000);
    if (!topics.ok() || !partitions.ok()) {
      ADD_FAILURE() << topics.status() << partitions.status();
      return states;
    }
    for (const auto& [name, topic] : *topics) {
      for (const auto& [key, state] : *partitions) {
        if (key.topic == topic.number) states[absl::StrCat(name, "-", key.partition)] = state;
      }
    }
    return states;
  }

  std::string link_topic_;
  int64_t written_ = 0;
};

TEST_F(ChangelogTest, AnEmptyFolderGetsAllPositionsAndTheOffsetMapsBack) {
  ASSERT_NO_FATAL_FAILURE(Begin("kept", "kept.*"));
  ASSERT_NO_FATAL_FAILURE(CreateTopic("kept-plain", 3));
  ASSERT_NO_FATAL_FAILURE(CreateTopic("kept-transactions", 2));
  ASSERT_NO_FATAL_FAILURE(Write("kept-plain", 3, 1'000));
  ASSERT_NO_FATAL_FAILURE(Write("kept-transactions", 2, 3'000, /*per_transaction=*/5));
  std::unique_ptr<ReplicatorProcess> a = RunWith("a");
  ASSERT_NE(a, nullptr);
  ASSERT_TRUE(scene_->Equal({"kept-plain", "kept-transactions"}, /*gaps=*/true)) << a->LogTail();
  ASSERT_TRUE(StopsHealthy(*a));

  std::unique_ptr<ReplicatorProcess> b = RunWith("b");
  ASSERT_NE(b, nullptr);
  ASSERT_TRUE(b->WaitForLog(kTakenOver, kPatience)) << b->Log();
  ASSERT_NO_FATAL_FAILURE(Write("kept-plain", 3, 1'000));
  EXPECT_TRUE(scene_->Equal({"kept-plain", "kept-transactions"}, /*gaps=*/true)) << b->LogTail();
  EXPECT_FALSE(b->LogHas(kByContent)) << b->Log();
  ASSERT_TRUE(StopsHealthy(*b));

  const std::map<std::string, offsets::PartitionState> had = StatesIn("a");
  const std::map<std::string, offsets::PartitionState> has = StatesIn("b");
  ASSERT_EQ(had.size(), 5u);
  ASSERT_EQ(has.size(), 5u);
  for (const auto& [name, state] : had) {
    const offsets::PartitionState& again = has.at(name);
    EXPECT_EQ(again.eras, state.eras) << name;
    EXPECT_GE(again.position, state.position) << name;
    if (!absl::StartsWith(name, "kept-transactions")) continue;
    EXPECT_EQ(again.position, state.position) << name;
    EXPECT_EQ(again.evidence, state.evidence) << name;
    EXPECT_FALSE(state.map.chunks.empty()) << name << " has a gap behind each transaction";
    EXPECT_EQ(again.map.chunks, state.map.chunks) << name;
  }
}

// What was under way when it was killed is counted; nothing of the megabytes that it had copied is read again.
TEST_F(ChangelogTest, AfterKill9AnEmptyFolderReadsOnlyTheLastSeconds) {
  ASSERT_NO_FATAL_FAILURE(Begin("killed"));
  ASSERT_NO_FATAL_FAILURE(CreateTopic(topic_, 2));
  LoadOptions load = scene_->Load(topic_, 2);
  load.records_per_second = 5'000;
  load.linger_ms = 5;
  ASSERT_NO_FATAL_FAILURE(StartProducer(load));
  std::unique_ptr<ReplicatorProcess> last;
  for (int life = 0; life < 3; ++life) {
    std::unique_ptr<ReplicatorProcess> process = RunWith(absl::StrCat("life-", life));
    ASSERT_NE(process, nullptr);
    const int64_t before = RecordsOrFail(scene_->TargetRecords(topic_));
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, before + 20'000)) << process->LogTail();
    if (life > 0) {
      EXPECT_TRUE(process->LogHas(kTakenOver)) << process->Log();
      EXPECT_FALSE(process->LogHas(kByContent)) << process->Log();
    }
    if (life < 2) ASSERT_OK(process->Kill9());
    last = std::move(process);
  }
  ASSERT_OK(producer_->Stop().status());
  EXPECT_TRUE(scene_->Equal({topic_})) << last->LogTail();
  EXPECT_TRUE(StopsHealthy(*last));
}

TEST_F(ChangelogTest, AnOlderFolderIsReplacedByWhatAnotherProcessHasCopiedSince) {
  ASSERT_NO_FATAL_FAILURE(Begin("older"));
  ASSERT_NO_FATAL_FAILURE(CreateTopic(topic_, 2));
  for (const char* folder : {"a", "b", "a", "b"}) {
    ASSERT_NO_FATAL_FAILURE(Write(topic_, 2, 20'000));
    std::unique_ptr<ReplicatorProcess> process = RunWith(folder);
    ASSERT_NE(process, nullptr);
    ASSERT_TRUE(scene_->Equal({topic_})) << process->LogTail();
    EXPECT_EQ(process->LogHas(kTakenOver), written_ > 20'000) << process->Log();
    EXPECT_FALSE(process->LogHas(kByContent)) << process->Log();
    EXPECT_TRUE(StopsHealthy(*process));
  }
  // Its own folder again: nothing to take over.
  std::unique_ptr<ReplicatorProcess> same = RunWith("b");
  ASSERT_NE(same, nullptr);
  ASSERT_NO_FATAL_FAILURE(Write(topic_, 2, 100));
  EXPECT_TRUE(scene_->Equal({topic_})) << same->LogTail();
  EXPECT_FALSE(same->LogHas(kTakenOver)) << same->Log();
  EXPECT_TRUE(StopsHealthy(*same));
}

TEST_F(ChangelogTest, ATopicDeletedWhileTheLinkRunsIsMadeAnewWithAllThatItHeld) {
  ASSERT_NO_FATAL_FAILURE(Begin("deleted"));
  ASSERT_NO_FATAL_FAILURE(CreateTopic(topic_, 2));
  ASSERT_NO_FATAL_FAILURE(Write(topic_, 2, 1'000, /*per_transaction=*/5));
  std::unique_ptr<ReplicatorProcess> a = RunWith("a");
  ASSERT_NE(a, nullptr);
  ASSERT_TRUE(scene_->Equal({topic_}, /*gaps=*/true)) << a->LogTail();
  ASSERT_OK(scene_->target_admin().DeleteTopic(link_topic_));
  ASSERT_NO_FATAL_FAILURE(Write(topic_, 2, 10, /*per_transaction=*/5));
  ASSERT_TRUE(a->WaitForLog("was deleted. It is made anew", kPatience)) << a->LogTail();
  ASSERT_TRUE(Eventually("it is there again", [&] {
    const absl::StatusOr<TopicState> made = scene_->target_admin().DescribeTopic(link_topic_);
    return made.ok() && made->partitions.size() == 64;
  }));
  ASSERT_TRUE(a->WaitForLog("it can be written again", kPatience)) << a->LogTail();
  EXPECT_TRUE(scene_->Equal({topic_}, /*gaps=*/true)) << a->LogTail();
  EXPECT_TRUE(StopsHealthy(*a));
  std::unique_ptr<ReplicatorProcess> b = RunWith("b");
  ASSERT_NE(b, nullptr);
  ASSERT_TRUE(b->WaitForLog(kTakenOver, kPatience)) << b->Log();
  ASSERT_NO_FATAL_FAILURE(Write(topic_, 2, 10));
  EXPECT_TRUE(scene_->Equal({topic_}, /*gaps=*/true)) << b->LogTail();
  EXPECT_FALSE(b->LogHas(kByContent)) << b->Log();
  EXPECT_TRUE(StopsHealthy(*b));
}

TEST_F(ChangelogTest, ATopicDeletedWhileTheLinkStoodIsFilledFromTheFolder) {
  ASSERT_NO_FATAL_FAILURE(Begin("stood"));
  ASSERT_NO_FATAL_FAILURE(CreateTopic(topic_));
  ASSERT_NO_FATAL_FAILURE(Write(topic_, 1, 1'000));
  std::unique_ptr<ReplicatorProcess> a = RunWith("a");
  ASSERT_NE(a, nullptr);
  ASSERT_TRUE(scene_->Equal({topic_})) << a->LogTail();
  ASSERT_TRUE(StopsHealthy(*a));
  ASSERT_OK(scene_->target_admin().DeleteTopic(link_topic_));
  a = RunWith("a");
  ASSERT_NE(a, nullptr);
  ASSERT_TRUE(a->WaitForLog("was deleted or made anew", kPatience)) << a->Log();
  ASSERT_NO_FATAL_FAILURE(Write(topic_, 1, 1'000));
  EXPECT_TRUE(scene_->Equal({topic_})) << a->LogTail();
  EXPECT_TRUE(StopsHealthy(*a));
  std::unique_ptr<ReplicatorProcess> b = RunWith("b");
  ASSERT_NE(b, nullptr);
  ASSERT_NO_FATAL_FAILURE(Write(topic_, 1, 10));
  EXPECT_TRUE(scene_->Equal({topic_})) << b->LogTail();
  EXPECT_TRUE(b->LogHas(kTakenOver)) << b->Log();
  EXPECT_TRUE(StopsHealthy(*b));
}

TEST_F(ChangelogTest, ATopicThatWouldForgetIsNamedWithTheRemedyAndNothingIsCopied) {
  ASSERT_NO_FATAL_FAILURE(Begin("policy"));
  ASSERT_NO_FATAL_FAILURE(Fill(topic_, 1, 10));
  ASSERT_OK(scene_->target_admin().CreateTopic(
      {.name = link_topic_, .partitions = 64, .configs = {{"cleanup.policy", "delete"}}}));
  ASSERT_NO_FATAL_FAILURE(ExpectRunEnds(options_, ExitCode::kBlocked, {link_topic_, "cleanup.policy=compact"}));
  EXPECT_FALSE(scene_->target_admin().DescribeTopic(topic_).ok());
  ASSERT_OK(scene_->target_admin().AlterTopicConfigs(link_topic_, {{"cleanup.policy", "compact"}}));
  std::unique_ptr<ReplicatorProcess> a = RunWith("a");
  ASSERT_NE(a, nullptr);
  EXPECT_TRUE(scene_->Equal({topic_})) << a->LogTail();
  EXPECT_TRUE(StopsHealthy(*a));
}

}  // namespace
}  // namespace replicator::tests
