// What a broker says of a topic only for a moment, or never if it is sound: the topic is left out with the reason, the
// program goes on, and the topic is copied as soon as the answer is a better one. Between one broker of 3.1.2 and one
// of 4.3.1, each behind a proxy that rewrites the answer.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/scene/copy_scene.h"

namespace replicator::tests {
namespace {

constexpr int16_t kMetadata = 3;
constexpr int16_t kCreateTopics = 19;
constexpr int16_t kDescribeConfigs = 32;
constexpr char kTopic[] = "odd";
constexpr int64_t kRecords = 200;
constexpr int64_t kAlways = 1'000'000;

class TopicAnswersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SceneOptions options;
    options.target.brokers = 1;
    options.proxies = true;
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start(std::move(options));
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = *std::move(scene);
  }

  // A program that has begun, and has nothing to copy yet.
  void StartReplicator() {
    ReplicatorOptions options = scene_->Replicator(kTopic);
    options.replication_factor = 1;
    absl::StatusOr<std::unique_ptr<ReplicatorProcess>> started = ReplicatorProcess::Start(options);
    ASSERT_TRUE(started.ok()) << started.status();
    replicator_ = *std::move(started);
    ASSERT_TRUE(replicator_->WaitForLog("no topic of the source is to be copied", kPatience)) << replicator_->LogTail();
  }

  void FillTopic() {
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = kTopic, .partitions = 1}));
    LoadOptions load = scene_->Load(kTopic, 1);
    load.records_total = kRecords;
    absl::StatusOr<LoadCounts> written = WriteLoad(load, kPatience);
    ASSERT_TRUE(written.ok()) << written.status();
  }

  void ExpectLeftOut(const std::string& why) {
    EXPECT_TRUE(replicator_->WaitForLog(absl::StrCat("topic ", kTopic, " is not copied: ", why), kPatience))
        << replicator_->LogTail();
  }

  void ExpectCopied() {
    EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords)) << replicator_->LogTail();
    EXPECT_TRUE(scene_->Equal({kTopic})) << replicator_->LogTail();
  }

  static FaultRule Flip(int16_t api_key, int64_t offset, const char* mask, int64_t times) {
    return {
        .api_key = api_key, .client_id_prefix = "replicator", .times = times, .fault = Fault::FlipBody(offset, mask)};
  }

  std::unique_ptr<CopyScene> scene_;
  std::unique_ptr<ReplicatorProcess> replicator_;
};

TEST_F(TopicAnswersTest, TheSourceHasAnErrorForTheTopic) {
  ASSERT_NO_FATAL_FAILURE(FillTopic());
  // Metadata v10 of one broker and one topic (MetadataResponse.json): correlation id 4, tags 1, throttle time 4;
  // brokers 1: id 4, host 1 + 9, port 4, rack 1, tags 1; cluster id 1 + 22, controller 4, topics 1; then the error
  // code.
  constexpr int64_t kErrorCodeAt = 4 + 1 + 4 + 1 + 4 + 10 + 4 + 1 + 1 + 23 + 4 + 1;
  const RuleId rule = scene_->source_proxy(1).Arm(Flip(kMetadata, kErrorCodeAt + 1, "\x05", kAlways));
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  ExpectLeftOut("the source says LEADER_NOT_AVAILABLE (5)");
  scene_->source_proxy(1).Remove(rule);
  ExpectCopied();
}

TEST_F(TopicAnswersTest, TheSourceDoesNotDescribeTheTopic) {
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  // DescribeConfigs v1: correlation id 4, throttle time 4, count 4; error code 2, message 2, type 1; then the name.
  constexpr int64_t kNameAt = 4 + 4 + 4 + 2 + 2 + 1 + 2;
  const RuleId rule = scene_->source_proxy(1).Arm(Flip(kDescribeConfigs, kNameAt, "\x01", kAlways));
  ASSERT_NO_FATAL_FAILURE(FillTopic());
  ExpectLeftOut("the source did not describe its configs");
  scene_->source_proxy(1).Remove(rule);
  ExpectCopied();
}

TEST_F(TopicAnswersTest, TheTargetDoesNotShowTheTopicYet) {
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  // CreateTopics v4: correlation id 4, throttle time 4, count 4; then the name. The topic is created all the same.
  constexpr int64_t kNameAt = 4 + 4 + 4 + 2;
  scene_->target_proxy(1).Arm(Flip(kCreateTopics, kNameAt, "\x01", /*times=*/1));
  ASSERT_NO_FATAL_FAILURE(FillTopic());
  ExpectLeftOut("the target does not show the topic yet");
  ExpectCopied();
}

}  // namespace
}  // namespace replicator::tests
