// What the operator's file asks for, with real brokers: where the copy begins, which names no pattern includes, and
// what the log says of patterns that do not reach what they were written for.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/cluster/eventually.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

using Json = nlohmann::json;

class ConfigFileTest : public SceneTest<OneToOne> {
 protected:
  // Into the partitions of the source from 0 on.
  void Write(const std::string& topic, int64_t records, int partitions = 1) {
    LoadOptions load = scene_->Load(topic, partitions);
    load.records_total = records;
    WriteAll(load);
  }

  ReplicatorOptions Options(const std::string& topics) {
    ReplicatorOptions options = scene_->Replicator(topics);
    options.replication_factor = 1;
    options.properties["refresh.topics.interval.seconds"] = "1";
    return options;
  }

  // The target has exactly these: what must not be copied has had its time, since what was written later is there.
  testing::AssertionResult TargetHasExactly(const std::string& topic, int64_t records) {
    testing::AssertionResult arrived = Eventually(absl::StrCat(topic, " has ", records, " records on the target"),
                                                  [&] { return scene_->TargetHas(topic, records); });
    if (!arrived) return arrived;
    const int64_t has = RecordsOrFail(scene_->TargetRecords(topic));
    if (has == records) return testing::AssertionSuccess();
    return testing::AssertionFailure() << topic << " has " << has << " records on the target, not " << records;
  }
};

TEST_F(ConfigFileTest, LatestCountsAtTheFirstStartAlone) {
  CreateTopic("latest-old", 2);
  CreateTopic("latest-idle");
  Write("latest-old", 1000, 2);
  Write("latest-idle", 10);
  ReplicatorOptions options = Options("latest-.*");
  options.properties["old.consumer.auto.offset.reset"] = "latest";
  WatchedLink link(std::move(options));
  ASSERT_OK(link.Start());
  ASSERT_TRUE(link.process().WaitForLog("auto.offset.reset=latest: the first start of this link", kPatience));
  ASSERT_TRUE(link.ReachesState("latest-old", "caught up"));
  Write("latest-old", 200, 2);
  EXPECT_TRUE(TargetHasExactly("latest-old", 200));

  // A later partition and a later topic, both with records before the link sees them.
  ASSERT_OK(link.process().StopCleanly());
  ASSERT_OK(scene_->source_admin().CreatePartitions("latest-old", 3));
  Write("latest-old", 300, 3);
  CreateTopic("latest-new");
  Write("latest-new", 70);
  ASSERT_OK(link.Start());
  EXPECT_TRUE(TargetHasExactly("latest-old", 500));
  EXPECT_TRUE(TargetHasExactly("latest-new", 70));
  EXPECT_FALSE(link.process().LogHas("the first start of this link")) << link.process().Log();

  // What comes in while the folder is lost lies behind the ends of the first start.
  ASSERT_OK(link.Kill9());
  std::filesystem::remove_all(link.options().state_dir);
  Write("latest-idle", 5);
  ASSERT_OK(link.Start());
  EXPECT_TRUE(TargetHasExactly("latest-idle", 5));
  Write("latest-old", 100, 2);
  EXPECT_TRUE(TargetHasExactly("latest-old", 600));
  EXPECT_TRUE(StopsHealthy(link.process()));
}

TEST_F(ConfigFileTest, InternalNamesAreCopiedByTheirFullNamesAloneAndNamedOnce) {
  const std::vector<std::string> internal = {"heartbeats", "x.checkpoints.internal", ".hidden",
                                             "__CruiseControlMetrics", "names-internal"};
  for (const std::string& topic : internal) CreateTopic(topic);
  for (const char* topic : {"replicator-link.y-to-z.internal", "names.wanted.internal", "names-1", "names-dog"})
    CreateTopic(topic);
  ReplicatorOptions options =
      Options(R"(heart.*, x\\..*, \\..*, __.*, replicator-link.*, names-.*, names\d+, paymnts, names.wanted.internal)");
  // Files that MirrorMaker takes have such lines.
  options.properties["topics.exclude"] = "foo";
  options.properties[absl::StrCat("old->", options.link, ".replication.policy.separator")] = "";
  options.properties["ssl.client.auth"] = "none";
  options.properties[absl::StrCat(options.link, ".ssl.truststore.location")] = "/no/such/file";
  options.properties["old.sasl.mechanism"] = "PLAIN";
  WatchedLink link(options);
  ASSERT_OK(link.Start());
  ASSERT_TRUE(link.ReachesState("names-dog", "caught up"));
  ASSERT_TRUE(link.ReachesState("names-1", "caught up"));
  ASSERT_TRUE(link.ReachesState("names.wanted.internal", "caught up"));
  // Topics are looked for again.
  CreateTopic("names-later");
  ASSERT_TRUE(link.ReachesState("names-later", "caught up"));
  std::vector<std::string> copied;
  const Json status = link.Status();
  for (const Json& topic : status["topics"]) copied.push_back(topic["topic"]);
  std::sort(copied.begin(), copied.end());
  EXPECT_EQ(copied, (std::vector<std::string>{"names-1", "names-dog", "names-later", "names.wanted.internal"}));
  std::vector<std::string> by_rule = internal;
  std::sort(by_rule.begin(), by_rule.end());
  EXPECT_EQ(status["left_out_by_rule"], Json(by_rule));
  EXPECT_TRUE(Eventually("nothing is amiss", [&] {
    return link.Run({"status", "--check"}).code == Code(ExitCode::kDone);
  }));
  EXPECT_TRUE(StopsHealthy(link.process()));
  ReplicatorProcess& process = link.process();
  EXPECT_EQ(process.LogLines("left out by their names").size(), 1u) << process.Log();
  EXPECT_TRUE(process.LogHas(R"(names\\d+)")) << process.Log();
  EXPECT_EQ(process.LogLines("matches no topic that the source shows to this user: namesd+, paymnts").size(), 1u)
      << process.Log();
}

}  // namespace
}  // namespace replicator::tests
