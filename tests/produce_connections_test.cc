// A target whose answers take long, as if its replicas were far apart: one produce connection carries so many requests
// at a time and no more, and the program opens others by itself.
#include <gtest/gtest.h>

#include <iostream>
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/copy_scene.h"

namespace replicator::tests {
namespace {

constexpr const char* kTopic = "far";
constexpr int kPartitions = 40;
constexpr int64_t kRecords = 240'000;  // of 1,000 bytes, uncompressed
constexpr int16_t kProduceKey = 0;
constexpr absl::Duration kAnswerDelay = absl::Milliseconds(50);

class ProduceConnectionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SceneOptions options;
    options.source.brokers = options.target.brokers = 1;
    options.proxies = true;
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start(options);
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = *std::move(scene);
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = kTopic, .partitions = kPartitions}));
    LoadOptions load = scene_->Load(kTopic, kPartitions);
    load.records_total = kRecords;
    load.batch_bytes_max = 450'000;  // 40 of them are many more than five requests carry
    load.linger_ms = 1000;
    absl::StatusOr<LoadCounts> written = WriteLoad(load, kPatience);
    ASSERT_TRUE(written.ok()) << written.status();
    scene_->target_proxy(1).Arm({.api_key = kProduceKey,
                                 .client_id_prefix = "replicator",
                                 .times = std::numeric_limits<int64_t>::max(),
                                 .fault = Fault::DelayResponse(kAnswerDelay)});
  }

  struct Copied {
    double records_per_second = 0;
    size_t connections = 0;
  };

  // Copies everything and takes it off the target again.
  Copied Copy(const std::string& flag) {
    ReplicatorOptions options = scene_->Replicator(kTopic);
    options.replication_factor = 1;
    options.flags = {"--shards=1"};
    if (!flag.empty()) options.flags.push_back(flag);
    absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(options);
    EXPECT_TRUE(replicator.ok()) << replicator.status();
    if (!replicator.ok()) return {};
    EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords)) << (*replicator)->LogTail();
    const double seconds = absl::ToDoubleSeconds(absl::Now() - (*replicator)->started());
    EXPECT_TRUE(scene_->Equal({kTopic}));
    EXPECT_TRUE(StopsHealthy(**replicator));
    EXPECT_EQ((*replicator)->LogLines("settling").size(), 0) << (*replicator)->Log();
    EXPECT_TRUE(scene_->target_admin().DeleteTopic(kTopic).ok());
    return {.records_per_second = kRecords / seconds,
            .connections = 1 + (*replicator)->LogLines("opens produce connection").size()};
  }

  std::unique_ptr<CopyScene> scene_;
};

TEST_F(ProduceConnectionsTest, MoreAreOpenedWhereOneIsNotEnough) {
  const Copied one = Copy("--produce-connections=1");
  const Copied chosen = Copy("");
  std::cout << "records/s with one connection: " << one.records_per_second << ", with " << chosen.connections
            << " that the program chose: " << chosen.records_per_second << std::endl;
  EXPECT_EQ(one.connections, 1);
  EXPECT_GE(chosen.connections, 2);
  EXPECT_LE(chosen.connections, 4);
  EXPECT_GT(chosen.records_per_second, one.records_per_second * 1.4);
}

TEST_F(ProduceConnectionsTest, NothingIsLostWhenAllOfThemBreak) {
  ReplicatorOptions options = scene_->Replicator(kTopic);
  options.replication_factor = 1;
  options.flags = {"--shards=1"};
  absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(options);
  ASSERT_TRUE(replicator.ok()) << replicator.status();
  ASSERT_TRUE((*replicator)->WaitForLog("opens produce connection 2", kPatience)) << (*replicator)->LogTail();
  scene_->target_proxy(1).CutAll();
  EXPECT_TRUE((*replicator)->WaitForLog("settling", kPatience)) << (*replicator)->LogTail();
  EXPECT_TRUE(scene_->Equal({kTopic}));
  EXPECT_TRUE(StopsHealthy(**replicator));
}

}  // namespace
}  // namespace replicator::tests
