// What an operator sees of a link and does about it, with real brokers: status of a running and of a stopped process, a
// partition that somebody else wrote into, and the ways out of its quarantine.
#include <gtest/gtest.h>

#include <filesystem>
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
constexpr int64_t kRecords = 1000;

class StatusTest : public SceneTest<OneToOne> {
 protected:
  // `kRecords` in a topic, copied.
  void Copy(const std::string& topic) {
    topic_ = topic;
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topic, kPartitions));
    Produce(scene_->source().bootstrap_servers(), kRecords);
    link_ = std::make_unique<WatchedLink>(scene_->Replicator(topic));
    ASSERT_OK(link_->Start());
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic, kRecords)) << link_->process().LogTail();
  }

  void Produce(const std::string& bootstrap_servers, int64_t records) {
    LoadOptions load = scene_->Load(topic_, kPartitions);
    load.bootstrap_servers = bootstrap_servers;
    load.records_total = records;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  // Somebody writes into both partitions of the target; they stop at the next record of the source.
  void WriteForeign() {
    Produce(scene_->target().bootstrap_servers(), 20);
    Produce(scene_->source().bootstrap_servers(), 200);
    ASSERT_TRUE(Eventually("all are quarantined", [&] { return Quarantined() == kPartitions; }))
        << link_->process().LogTail();
  }

  CommandOutput Run(std::vector<std::string> arguments) { return link_->Run(std::move(arguments)); }

  Json Status() {
    const CommandOutput output = Run({"status", "--json"});
    EXPECT_EQ(output.code, 0) << output.text;
    Json status = Json::parse(output.text, nullptr, /*allow_exceptions=*/false);
    EXPECT_TRUE(status.is_object()) << output.text;
    EXPECT_EQ(status.value("schema_version", 0), 1);
    return status;
  }

  // Those of which the status can be got.
  int Quarantined() {
    int count = 0;
    const Json topics = link_->Status().value("topics", Json::array());
    for (const Json& topic : topics) count += topic.value("quarantined", 0);
    return count;
  }

  CommandOutput Resume(int partition, std::vector<std::string> more) {
    std::vector<std::string> arguments = {"resume", "--topic=" + topic_, absl::StrCat("--partition=", partition)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }

  // Both partitions go on from the offset at which they stopped.
  void ResumeAll() {
    for (int partition = 0; partition < kPartitions; ++partition) {
      const Json status = Status();
      const Json& stopped = status.at("topics").at(0).at("partitions").at(partition);
      const std::string from = absl::StrCat("--from=", stopped.at("copied_to").get<int64_t>());
      const CommandOutput rehearsed = Resume(partition, {from, "--yes", "--dry-run"});
      ASSERT_EQ(rehearsed.code, 0) << rehearsed.text;
      ASSERT_TRUE(absl::StrContains(rehearsed.text, "Nothing was changed")) << rehearsed.text;
      ASSERT_TRUE(Status().at("topics").at(0).at("partitions").at(partition).contains("quarantine"));
      const CommandOutput output = Resume(partition, {from, "--yes"});
      ASSERT_EQ(output.code, 0) << output.text;
    }
  }

  testing::AssertionResult WaitUntilCaughtUp() {
    const auto caught_up = [&] {
      const Json topics = link_->Status().value("topics", Json::array());
      return topics.size() == 1 && topics.at(0).value("state", "") == "caught up";
    };
    return Eventually("it is caught up", caught_up);
  }

  std::unique_ptr<WatchedLink> link_;
};

TEST_F(StatusTest, ARunningCopyIsCaughtUpAndAStoppedOneSaysSo) {
  ASSERT_NO_FATAL_FAILURE(Copy("followed"));
  ASSERT_TRUE(WaitUntilCaughtUp()) << Run({"status"}).text;
  EXPECT_TRUE(Eventually("--check finds no trouble", [&] {
    return Run({"status", "--check"}).code == 0;
  })) << Run({"status", "--check"}).text;
  const Json running = Status();
  EXPECT_TRUE(running.at("running").get<bool>());
  EXPECT_EQ(running.at("link"), "old->" + link_->options().link);
  const Json& topic = running.at("topics").at(0);
  EXPECT_EQ(topic.at("state"), "caught up");
  EXPECT_EQ(topic.at("lag_records"), 0);
  EXPECT_EQ(topic.at("eta_seconds"), 0);
  int64_t copied = 0;
  for (const Json& partition : topic.at("partitions")) {
    EXPECT_EQ(partition.at("copied_to"), partition.at("source_last_stable"));
    EXPECT_EQ(partition.at("source_high_watermark"), partition.at("source_last_stable"));
    copied += partition.at("copied_to").get<int64_t>();
  }
  EXPECT_EQ(copied, kRecords);
  EXPECT_TRUE(absl::StrContains(Run({"status"}).text, "followed  caught up")) << Run({"status"}).text;
  EXPECT_EQ(topic.at("copied_to_sum"), kRecords);
  EXPECT_EQ(topic.at("source_last_stable_sum"), kRecords);
  const CommandOutput partitions = Run({"status", "--topic=followed"});
  EXPECT_EQ(partitions.code, 0);
  EXPECT_TRUE(absl::StrContains(partitions.text, "followed-1  caught up")) << partitions.text;
  EXPECT_EQ(Run({"status", "--topic=folowed"}).code, Code(ExitCode::kUsage));
  EXPECT_TRUE(StopsHealthy(link_->process()));
  EXPECT_FALSE(std::filesystem::exists(link_->options().state_dir + "/socket"));

  const Json stopped = Status();
  EXPECT_FALSE(stopped.at("running").get<bool>());
  int64_t stored = 0;
  for (const Json& partition : stopped.at("topics").at(0).at("partitions"))
    stored += partition.at("copied_to").get<int64_t>();
  EXPECT_EQ(stored, kRecords);
  EXPECT_EQ(Run({"status", "--check"}).code, Code(ExitCode::kCopyBehind));
  EXPECT_TRUE(absl::StrContains(Run({"status"}).text, "no process answers"));
}

TEST_F(StatusTest, AQuarantinedPartitionGoesOnOnlyWithAYes) {
  ASSERT_NO_FATAL_FAILURE(Copy("mixed"));
  ASSERT_NO_FATAL_FAILURE(WriteForeign());
  EXPECT_EQ(Run({"status", "--check"}).code, Code(ExitCode::kQuarantined));
  const std::string text = Run({"status"}).text;
  EXPECT_TRUE(absl::StrContains(text, "QUARANTINED mixed-0 (foreign-write) since ")) << text;
  EXPECT_TRUE(absl::StrContains(text, "replicator resume --topic=mixed --partition=0 --from=")) << text;

  const CommandOutput refused = Resume(0, {"--from=earliest"});
  EXPECT_EQ(refused.code, Code(ExitCode::kBlocked));
  EXPECT_TRUE(absl::StrContains(refused.text, "DOUBLED: source offsets 0 to ")) << refused.text;
  // Checked again it is where it was: the cause has not passed.
  EXPECT_EQ(Resume(0, {}).code, 0);
  ASSERT_TRUE(Eventually("all are quarantined", [&] { return Quarantined() == kPartitions; }))
      << link_->process().LogTail();

  const int64_t before = RecordsOrFail(scene_->TargetRecords(topic_));
  ASSERT_NO_FATAL_FAILURE(ResumeAll());
  ASSERT_TRUE(WaitUntilCaughtUp()) << Run({"status"}).text;
  EXPECT_LE(RecordsOrFail(scene_->TargetRecords(topic_)) - before, 200);
  EXPECT_GE(RecordsOrFail(scene_->TargetRecords(topic_)), kRecords + 20 + 200);
  EXPECT_EQ(Resume(0, {}).code, Code(ExitCode::kBlocked)) << "it is not quarantined any more";
  // What follows is copied once, by this process and by the next.
  Produce(scene_->source().bootstrap_servers(), 100);
  const int64_t after = RecordsOrFail(scene_->TargetRecords(topic_));
  ASSERT_OK(link_->Kill9());
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(WaitUntilCaughtUp()) << Run({"status"}).text;
  EXPECT_LE(RecordsOrFail(scene_->TargetRecords(topic_)) - after, 100);
}

TEST_F(StatusTest, AWishIsKeptForTheProcessThatStartsNext) {
  ASSERT_NO_FATAL_FAILURE(Copy("kept"));
  ASSERT_NO_FATAL_FAILURE(WriteForeign());
  const absl::StatusOr<ExitStatus> ended = link_->process().Stop(ReplicatorProcess::kStopTimeout * kSlowness);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->code, Code(ExitCode::kQuarantined));
  EXPECT_EQ(Run({"status", "--check"}).code, Code(ExitCode::kQuarantined));
  EXPECT_EQ(Resume(0, {"--from=latest"}).code, Code(ExitCode::kBlocked));
  ASSERT_NO_FATAL_FAILURE(ResumeAll());
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(WaitUntilCaughtUp()) << Run({"status"}).text << link_->process().LogTail();
  EXPECT_GE(RecordsOrFail(scene_->TargetRecords(topic_)), kRecords + 20 + 200);
}

TEST_F(StatusTest, ATargetTopicThatWasMadeAnewIsFilledAnew) {
  ASSERT_NO_FATAL_FAILURE(Copy("remade"));
  ASSERT_TRUE(WaitUntilCaughtUp()) << Run({"status"}).text;
  ASSERT_OK(link_->Kill9());
  ASSERT_OK(scene_->target_admin().DeleteTopic(topic_));
  ASSERT_OK(scene_->target_admin().CreateTopic({.name = topic_, .partitions = kPartitions}));
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(Eventually("all are quarantined", [&] { return Quarantined() == kPartitions; }))
      << link_->process().LogTail();
  EXPECT_EQ(Resume(0, {}).code, Code(ExitCode::kBlocked)) << "there is nothing to go on with";
  for (int partition = 0; partition < kPartitions; ++partition) {
    const CommandOutput output = Resume(partition, {"--from=earliest"});
    EXPECT_EQ(output.code, 0) << output.text;
  }
  EXPECT_TRUE(scene_->Equal({topic_})) << link_->process().LogTail();
  // The next process takes the new topic for its own.
  ASSERT_OK(link_->Kill9());
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(WaitUntilCaughtUp()) << Run({"status"}).text;
}

}  // namespace
}  // namespace replicator::tests
