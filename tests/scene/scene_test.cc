#include "tests/scene/scene_test.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace replicator::tests {
namespace {

struct OpenScene {
  std::string name;
  std::unique_ptr<CopyScene> scene;
};

OpenScene& Open() {
  static OpenScene* const open = new OpenScene;
  return *open;
}

bool AllRun(KafkaCluster& cluster) {
  const std::vector<int> ids = cluster.broker_ids();
  return std::all_of(ids.begin(), ids.end(), [&](int id) { return cluster.Running(id); });
}

// What the links of earlier tests keep on the target are 64 partitions each, which small brokers feel.
void DeleteLinkTopics(CopyScene& scene) {
  const absl::StatusOr<std::vector<TopicState>> topics = scene.target_admin().ListTopics();
  if (!topics.ok()) return;
  for (const TopicState& topic : *topics) {
    if (!absl::StartsWith(topic.name, "replicator-link.")) continue;
    const absl::Status deleted = scene.target_admin().DeleteTopic(topic.name);
    LOG_IF(WARNING, !deleted.ok()) << deleted;
  }
}

// Clusters end with the run, not with the static objects of the process.
class ClosesTheLastScene : public ::testing::Environment {
 public:
  void TearDown() override { Open() = {}; }
};
const ::testing::Environment* const kCloses = ::testing::AddGlobalTestEnvironment(new ClosesTheLastScene);

}  // namespace

void SceneFixture::SetUp() {
  OpenScene& open = Open();
  if (open.scene == nullptr || open.name != name_) {
    open = {};
    absl::StatusOr<std::unique_ptr<CopyScene>> started = CopyScene::Start(options_of_scene_);
    ASSERT_TRUE(started.ok()) << started.status();
    open = {name_, *std::move(started)};
  } else {
    DeleteLinkTopics(*open.scene);
  }
  scene_ = open.scene.get();
}

void SceneFixture::TearDown() {
  replicator_.reset();
  producer_.reset();
  if (scene_ == nullptr) return;
  if (HasFailure() || !AllRun(scene_->source()) || !AllRun(scene_->target())) CloseScene();
}

void SceneFixture::CloseScene() { Open() = {}; }

void SceneFixture::CreateTopic(const std::string& topic, int partitions, std::map<std::string, std::string> configs) {
  ASSERT_OK(
      scene_->source_admin().CreateTopic({.name = topic, .partitions = partitions, .configs = std::move(configs)}));
}

void SceneFixture::HaveSomeTopic() {
  const absl::Status created = scene_->source_admin().CreateTopic({.name = "bystander"});
  ASSERT_TRUE(created.ok() || absl::IsAlreadyExists(created)) << created;
}

void SceneFixture::WriteAll(const LoadOptions& load, LoadCounts* counts) {
  absl::StatusOr<LoadCounts> written = WriteLoad(load, kPatience);
  ASSERT_TRUE(written.ok()) << written.status();
  if (counts != nullptr) *counts = *std::move(written);
}

void SceneFixture::Fill(const std::string& topic, int partitions, int64_t records) {
  ASSERT_NO_FATAL_FAILURE(CreateTopic(topic, partitions));
  LoadOptions load = scene_->Load(topic, partitions);
  load.records_total = records;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load));
}

void SceneFixture::StartProducer(const LoadOptions& load) {
  absl::StatusOr<std::unique_ptr<LoadGenerator>> producer = LoadGenerator::Start(load);
  ASSERT_TRUE(producer.ok()) << producer.status();
  producer_ = *std::move(producer);
}

void SceneFixture::StopProducer(LoadCounts* counts) {
  absl::StatusOr<LoadCounts> written = producer_->Stop();
  ASSERT_TRUE(written.ok()) << written.status();
  if (counts != nullptr) *counts = *std::move(written);
}

std::unique_ptr<ReplicatorProcess> SceneFixture::Run(const ReplicatorOptions& options) {
  absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(options);
  EXPECT_TRUE(replicator.ok()) << replicator.status();
  return replicator.ok() ? *std::move(replicator) : nullptr;
}

void SceneFixture::StartReplicator() {
  replicator_ = Run(options_);
  ASSERT_NE(replicator_, nullptr);
}

void SceneFixture::ExpectEnds(ReplicatorProcess& replicator, ExitCode code, const std::vector<std::string>& words) {
  absl::StatusOr<ExitStatus> ended = replicator.Wait(kPatience);
  ASSERT_TRUE(ended.ok()) << ended.status() << "\n" << replicator.LogTail();
  EXPECT_EQ(ended->code, Code(code)) << replicator.Log();
  for (const std::string& word : words) EXPECT_TRUE(replicator.LogHas(word)) << word << "\n" << replicator.Log();
}

void SceneFixture::ExpectRunEnds(const ReplicatorOptions& options, ExitCode code,
                                 const std::vector<std::string>& words) {
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ExpectEnds(*replicator, code, words);
}

void SceneFixture::KillReplicator() {
  ASSERT_OK(replicator_->Kill9());
  EXPECT_TRUE(IsHealthy(*replicator_));
}

absl::Duration SceneFixture::TimeToCopyAgain(int64_t before) {
  EXPECT_TRUE(Eventually("it copies again", [&] { return scene_->TargetHas(topic_, before + 1); }))
      << replicator_->LogTail();
  return absl::Now() - replicator_->started();
}

void SceneFixture::ExpectCatchesUp(const std::string& topic) {
  const absl::StatusOr<int64_t> records = scene_->SourceRecords(topic);
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_TRUE(scene_->WaitForTargetRecords(topic, *records)) << (replicator_ == nullptr ? "" : replicator_->LogTail());
}

}  // namespace replicator::tests
