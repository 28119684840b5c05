// Topics that the target has already, with settings of their own: what would delete or change records is named and
// stops the topic before its first batch, until it is altered or accepted. And settings that are altered while the link
// copies.
#include <gtest/gtest.h>

#include <map>
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

constexpr int64_t kRecords = 1'000;
constexpr int64_t kKeyless = 100;

struct NewerTarget {
  static constexpr char kName[] = "3.1.2 x 1 to 3.9.1 x 1, ACLs at the source";
  static SceneOptions Options() {
    SceneOptions options;
    options.source.properties = {{"authorizer.class.name", "kafka.security.authorizer.AclAuthorizer"},
                                 {"allow.everyone.if.no.acl.found", "true"}};
    options.target = {.version = "3.9.1", .brokers = 1};
    return options;
  }
};

// Does not tell a record that it does not take from a damaged one.
struct OldTarget {
  static constexpr char kName[] = "3.1.2 x 1 to 2.1.1 x 1, existing topics";
  static SceneOptions Options() { return {.target = {.version = "2.1.1", .brokers = 1}}; }
};

class ExistingTopics : public SceneFixture {
 protected:
  using SceneFixture::SceneFixture;

  void Write(const std::string& topic, int64_t first = 0) {
    LoadOptions load = scene_->Load(topic, 2);
    load.records_total = kRecords;
    load.first_sequence = first;
    load.keys = kRecords;
    WriteAll(load);
  }

  // On both sides, with records at the source.
  void Make(const std::string& topic, std::map<std::string, std::string> at_source,
            std::map<std::string, std::string> at_target, int target_partitions = 2) {
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = topic, .partitions = 2, .configs = std::move(at_source)}));
    ASSERT_OK(scene_->target_admin().CreateTopic(
        {.name = topic, .partitions = target_partitions, .configs = std::move(at_target)}));
    ASSERT_NO_FATAL_FAILURE(Write(topic));
  }

  // Without keys, one batch.
  void WriteKeyless(const std::string& topic) {
    LoadOptions load = scene_->Load(topic, 1);
    load.records_total = kKeyless;
    load.value_bytes = 100;
    load.keys = 0;
    load.linger_ms = 60'000;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  // Partition 0 has stopped at the keyless batch that begins at `offset`, and says how to go on.
  void ExpectKeylessRefused(WatchedLink& link, const std::string& topic, int64_t offset, const std::string& error) {
    ASSERT_TRUE(link.ReachesCode(topic, "target-refused"));
    const std::string reason = link.PartitionStatus(topic, 0).at("quarantine").at("reason");
    for (const std::string& words : {error, absl::StrCat("for the batch at source offset ", offset),
                                     absl::StrCat(kKeyless, " of its records have no key"),
                                     std::string("cleanup.policy"), absl::StrCat("--from=", offset + kKeyless)})
      EXPECT_TRUE(absl::StrContains(reason, words)) << words << "\n" << reason;
  }

  // Until `check` ends with this code and says this.
  testing::AssertionResult ReachesCheck(WatchedLink& link, int code, const std::string& text) {
    CommandOutput output;
    const auto reached = [&] {
      output = link.Run({"status", "--check"});
      return output.code == code && absl::StrContains(output.text, text);
    };
    if (WaitFor(reached, kPatience)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "status --check: " << output.code << "\n"
                                       << output.text << "\nlog:\n"
                                       << link.process().LogTail();
  }
};

class ExistingTopicsTest : public SceneTest<NewerTarget, ExistingTopics> {};
class OldTargetTest : public SceneTest<OldTarget, ExistingTopics> {};

TEST_F(ExistingTopicsTest, WhatWouldDeleteOrChangeRecordsIsLeftOutUntilAlteredOrAccepted) {
  ASSERT_NO_FATAL_FAILURE(Make("there-equal", {}, {}));
  ASSERT_NO_FATAL_FAILURE(Make("there-retention", {{"retention.ms", "-1"}}, {{"retention.ms", "60000"}}));
  ASSERT_NO_FATAL_FAILURE(Make("there-deletes", {{"cleanup.policy", "compact"}}, {}));
  ASSERT_NO_FATAL_FAILURE(Make("there-compacts", {}, {{"cleanup.policy", "compact"}}));
  ASSERT_NO_FATAL_FAILURE(Make("there-times", {}, {{"message.timestamp.type", "LogAppendTime"}}));
  ASSERT_NO_FATAL_FAILURE(Make("there-codec", {}, {{"compression.type", "gzip"}}));
  ASSERT_NO_FATAL_FAILURE(Make("there-more", {}, {}, /*target_partitions=*/3));
  const std::vector<std::pair<std::string, std::string>> left_out = {
      {"there-retention", "retention.ms is 60000 on the target and -1 at the source"},
      {"there-deletes", "cleanup.policy=compact, at the source: the target would delete"},
      {"there-compacts", "cleanup.policy is compact on the target and delete at the source"},
      {"there-times", "message.timestamp.type is LogAppendTime"},
      {"there-codec", "compression.type is gzip"}};

  ReplicatorOptions options = scene_->Replicator("there-.*");
  options.flags = {"--dry-run"};
  std::unique_ptr<ReplicatorProcess> dry = Run(options);
  ASSERT_NE(dry, nullptr);
  ExpectEnds(*dry, ExitCode::kBlocked, {"5 topics would be left out; 1 would be copied although"});

  options.flags = {};
  WatchedLink link(options);
  ASSERT_OK(link.Start());
  EXPECT_TRUE(scene_->Equal({"there-equal"})) << link.process().LogTail();
  for (const auto& [topic, why] : left_out) {
    EXPECT_TRUE(dry->LogHas(absl::StrCat("topic ", topic, " is not copied: "))) << dry->Log();
    EXPECT_TRUE(dry->LogHas(why)) << dry->Log();
    EXPECT_TRUE(ReachesCheck(link, Code(ExitCode::kCopyBehind), absl::StrCat(topic, " is left out: "))) << topic;
    EXPECT_TRUE(absl::StrContains(link.Status()["left_out"].value(topic, ""), why)) << link.Status();
    EXPECT_EQ(RecordsOrFail(scene_->TargetRecords(topic)), 0) << topic;
  }
  EXPECT_TRUE(absl::StrContains(link.Status()["alarms"].value("there-more", ""), "has 3 partitions, the source 2"));
  EXPECT_TRUE(scene_->WaitForTargetRecords("there-more", kRecords));

  // It goes on by itself once it is altered.
  ASSERT_OK(scene_->target_admin().AlterTopicConfigs("there-retention", {{"retention.ms", "-1"}}));
  EXPECT_TRUE(scene_->Equal({"there-retention"})) << link.process().LogTail();
  ASSERT_OK(link.process().StopCleanly());
  link.options().flags = {"--accept-target-settings=there-(codec|deletes)", "--accept-target-settings=there-more"};
  ASSERT_OK(link.Start());
  EXPECT_TRUE(scene_->Equal({"there-codec", "there-deletes"})) << link.process().LogTail();
  EXPECT_TRUE(link.Status()["alarms"].empty()) << link.Status();
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords("there-compacts")), 0);
}

TEST_F(ExistingTopicsTest, SettingsThatAreAlteredInMidRun) {
  ASSERT_NO_FATAL_FAILURE(Make("mid-retention", {}, {}));
  ASSERT_NO_FATAL_FAILURE(Make("mid-times", {}, {}));
  ASSERT_NO_FATAL_FAILURE(Make("mid-compacts", {}, {}));
  WatchedLink link(scene_->Replicator("mid-.*"));
  ASSERT_OK(link.Start());
  ASSERT_TRUE(scene_->Equal({"mid-retention", "mid-times", "mid-compacts"})) << link.process().LogTail();
  ASSERT_OK(scene_->target_admin().AlterTopicConfigs("mid-retention", {{"retention.ms", "86400000"}}));
  ASSERT_OK(scene_->target_admin().AlterTopicConfigs("mid-times", {{"message.timestamp.type", "LogAppendTime"}}));
  ASSERT_OK(scene_->target_admin().AlterTopicConfigs("mid-compacts", {{"cleanup.policy", "compact"}}));
  EXPECT_TRUE(link.ReachesCode("mid-times", "target-settings"));
  EXPECT_TRUE(link.ReachesCode("mid-compacts", "target-settings", /*partition=*/1));
  EXPECT_TRUE(absl::StrContains(link.Status()["alarms"].value("mid-retention", ""), "retention.ms is 86400000"))
      << link.Status();
  for (const char* topic : {"mid-retention", "mid-times", "mid-compacts"})
    ASSERT_NO_FATAL_FAILURE(Write(topic, kRecords));
  EXPECT_TRUE(scene_->Equal({"mid-retention"})) << "only further records that would be changed are held back";
  const CommandOutput resumed = link.Run({"resume", "--topic=mid-times", "--partition=0"});
  EXPECT_EQ(resumed.code, Code(ExitCode::kBlocked)) << resumed.text;
  EXPECT_TRUE(absl::StrContains(resumed.text, "LogAppendTime")) << resumed.text;
  EXPECT_EQ(RecordsOrFail(scene_->TargetRecords("mid-times")), kRecords);

  ASSERT_OK(scene_->target_admin().AlterTopicConfigs("mid-times", {{"message.timestamp.type", std::nullopt}}));
  ASSERT_OK(scene_->target_admin().AlterTopicConfigs("mid-compacts", {{"cleanup.policy", std::nullopt}}));
  EXPECT_TRUE(scene_->Equal({"mid-times", "mid-compacts"})) << link.process().LogTail();
  EXPECT_TRUE(link.NothingIsQuarantined());
}

// Before topics are looked at again, the answer to the next batch tells.
TEST_F(ExistingTopicsTest, AnAnswerShowsThatTimesWereReplaced) {
  ASSERT_NO_FATAL_FAILURE(Make("answer-times", {}, {}));
  ReplicatorOptions options = scene_->Replicator("answer-times");
  options.properties["refresh.topics.interval.seconds"] = "3600";
  WatchedLink link(options);
  ASSERT_OK(link.Start());
  ASSERT_TRUE(scene_->Equal({"answer-times"})) << link.process().LogTail();
  ASSERT_OK(scene_->target_admin().AlterTopicConfigs("answer-times", {{"message.timestamp.type", "LogAppendTime"}}));
  ASSERT_NO_FATAL_FAILURE(Write("answer-times", kRecords));
  EXPECT_TRUE(link.ReachesCode("answer-times", "target-settings"));
  EXPECT_TRUE(link.process().LogHas("the target has replaced the times of the")) << link.process().LogTail();
}

// Before topics are looked at again, the answer to the next batch tells.
TEST_F(ExistingTopicsTest, ARecordWithoutAKeyForACompactedTopicIsNamed) {
  ASSERT_NO_FATAL_FAILURE(Make("keyless", {}, {}));
  ReplicatorOptions options = scene_->Replicator("keyless");
  options.properties["refresh.topics.interval.seconds"] = "3600";
  WatchedLink link(options);
  ASSERT_OK(link.Start());
  ASSERT_TRUE(scene_->Equal({"keyless"})) << link.process().LogTail();
  ASSERT_OK(scene_->target_admin().AlterTopicConfigs("keyless", {{"cleanup.policy", "compact"}}));
  ASSERT_NO_FATAL_FAILURE(WriteKeyless("keyless"));
  ASSERT_NO_FATAL_FAILURE(ExpectKeylessRefused(link, "keyless", kRecords / 2, "INVALID_RECORD"));
  EXPECT_EQ(link.Code("keyless", 1), WatchedLink::kNoCode);
  ASSERT_OK(scene_->target_admin().AlterTopicConfigs("keyless", {{"cleanup.policy", "delete"}}));
  const CommandOutput resumed = link.Run({"resume", "--topic=keyless", "--partition=0"});
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  EXPECT_TRUE(scene_->Equal({"keyless"})) << link.process().LogTail();
  EXPECT_TRUE(link.NothingIsQuarantined());
}

TEST_F(OldTargetTest, ARecordWithoutAKeyForACompactedTopicIsNamedAndCanBeLeftOut) {
  ASSERT_OK(scene_->source_admin().CreateTopic({.name = "old-keyless", .partitions = 2}));
  ASSERT_OK(scene_->target_admin().CreateTopic(
      {.name = "old-keyless", .partitions = 2, .configs = {{"cleanup.policy", "compact"}}}));
  ASSERT_NO_FATAL_FAILURE(WriteKeyless("old-keyless"));
  ASSERT_NO_FATAL_FAILURE(Write("old-keyless"));
  ReplicatorOptions options = scene_->Replicator("old-keyless");
  options.flags = {"--accept-target-settings=old-keyless"};
  WatchedLink link(options);
  ASSERT_OK(link.Start());
  ASSERT_NO_FATAL_FAILURE(ExpectKeylessRefused(link, "old-keyless", 0, "CORRUPT_MESSAGE"));
  const std::string from = absl::StrCat("--from=", kKeyless);
  const CommandOutput resumed = link.Run({"resume", "--topic=old-keyless", "--partition=0", from, "--yes"});
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  EXPECT_TRUE(scene_->WaitForTargetRecords("old-keyless", kRecords)) << link.process().LogTail();
  EXPECT_TRUE(link.NothingIsQuarantined());
}

TEST_F(ExistingTopicsTest, TheRightToReadSettingsIsMissingAtTheSource) {
  ASSERT_NO_FATAL_FAILURE(Make("hidden-settings", {}, {}));
  const std::string source = scene_->source().direct_bootstrap_servers();
  ASSERT_OK(Deny(source, AclResource::kTopic, "hidden-settings", AclOperation::kDescribeConfigs));
  WatchedLink link(scene_->Replicator("hidden-settings"));
  ASSERT_OK(link.Start());
  EXPECT_TRUE(ReachesCheck(link, Code(ExitCode::kCopyBehind), "--operation DescribeConfigs --topic hidden-settings"));
  EXPECT_TRUE(scene_->Equal({"hidden-settings"})) << link.process().LogTail();
  ASSERT_OK(RemoveAcls(source, "hidden-settings"));
  EXPECT_TRUE(ReachesCheck(link, Code(ExitCode::kDone), ""));
}

}  // namespace
}  // namespace replicator::tests
