// Two clusters that were formatted with one cluster id, and one cluster that shows itself under two addresses.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int64_t kRecords = 1'000;
// As in many a compose file: 16 bytes in base64.
constexpr char kClusterId[] = "MkU3OEVBNTcwNTJENDM2Qk";

struct OneId {
  static constexpr char kName[] = "3.9.1 x 1 to 4.3.1 x 1, one cluster id";
  static SceneOptions Options() {
    return {.source = {.version = "3.9.1", .brokers = 1, .cluster_id = kClusterId},
            .target = {.version = "4.3.1", .brokers = 1, .cluster_id = kClusterId}};
  }
};

class OneIdTest : public SceneTest<OneId> {};

TEST_F(OneIdTest, TwoClustersAreCopied) {
  ASSERT_NO_FATAL_FAILURE(Fill("orders", 2, kRecords));
  ReplicatorOptions options = scene_->Replicator("orders|later");
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->Equal({"orders"})) << replicator->LogTail();
  EXPECT_TRUE(replicator->LogHas("but they are two")) << replicator->Log();
  EXPECT_TRUE(StopsHealthy(*replicator));
  // And now there is a topic that both have.
  ASSERT_NO_FATAL_FAILURE(Fill("later", 1, kRecords));
  replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->Equal({"orders", "later"})) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
}

// Brokers before 2.8 have no topic ids: the link's topic alone tells.
struct OldPair {
  static constexpr char kName[] = "2.1.1 x 1 to 4.3.1 x 1";
  static SceneOptions Options() {
    return {.source = {.version = "2.1.1", .brokers = 1}, .target = {.version = "4.3.1", .brokers = 1}};
  }
};

class OldClusterTest : public SceneTest<OldPair> {};

TEST_F(OldClusterTest, WhatLeadsToItselfByAnotherListenerIsRefused) {
  ASSERT_NO_FATAL_FAILURE(Fill("orders", 1, kRecords));
  ReplicatorOptions options = scene_->Replicator("orders");
  options.target_bootstrap_servers = scene_->source().direct_bootstrap_servers();
  options.link = "new";
  ExpectRunEnds(options, ExitCode::kWrongCluster,
                {"old.bootstrap.servers and new.bootstrap.servers lead to the same cluster",
                 "which this link has on the target, is at the source as well"});
  EXPECT_EQ(RecordsOrFail(scene_->SourceRecords("orders")), kRecords);
}

}  // namespace
}  // namespace replicator::tests
