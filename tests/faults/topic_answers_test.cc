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
#include "tests/cluster/api_key.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int64_t kRecords = 200;
constexpr int64_t kAlways = 1'000'000;

class TopicAnswers : public SceneFixture {
 protected:
  using SceneFixture::SceneFixture;

  // A program that has begun, and has nothing to copy yet.
  void BeginWithNothing(const std::string& topic) {
    topic_ = topic;
    options_ = scene_->Replicator(topic);
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    ASSERT_TRUE(replicator_->WaitForLog("no topic of the source is to be copied", kPatience)) << replicator_->LogTail();
  }

  void FillTopic() {
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topic_));
    LoadOptions load = scene_->Load(topic_, 1);
    load.records_total = kRecords;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  void ExpectLeftOut(const std::string& why) {
    EXPECT_TRUE(replicator_->WaitForLog(absl::StrCat("topic ", topic_, " is not copied: ", why), kPatience))
        << replicator_->LogTail();
  }

  void ExpectCopied() {
    EXPECT_TRUE(scene_->WaitForTargetRecords(topic_, kRecords)) << replicator_->LogTail();
    EXPECT_TRUE(scene_->Equal({topic_})) << replicator_->LogTail();
  }

  static FaultRule Flip(int16_t api_key, int64_t offset, const char* mask, int64_t times) {
    return {
        .api_key = api_key, .client_id_prefix = "replicator", .times = times, .fault = Fault::FlipBody(offset, mask)};
  }
};

// A source that has no other topic: the places of what it answers are known.
struct EmptySource {
  static constexpr char kName[] = "3.1.2 x 1, empty, to 4.3.1 x 1";
  static SceneOptions Options() { return OneToOne::Options(); }
};
class EmptySourceTest : public SceneTest<EmptySource, TopicAnswers> {};
class TopicAnswersTest : public SceneTest<OneToOne, TopicAnswers> {};

TEST_F(EmptySourceTest, HasAnErrorForTheTopic) {
  topic_ = "odd";
  ASSERT_NO_FATAL_FAILURE(FillTopic());
  // Metadata v10 of one broker and one topic (MetadataResponse.json): correlation id 4, tags 1, throttle time 4;
  // brokers 1: id 4, host 1 + 9, port 4, rack 1, tags 1; cluster id 1 + 22, controller 4, topics 1; then the error
  // code.
  constexpr int64_t kErrorCodeAt = 4 + 1 + 4 + 1 + 4 + 10 + 4 + 1 + 1 + 23 + 4 + 1;
  const RuleId rule = scene_->source_proxy(1).Arm(Flip(kMetadata, kErrorCodeAt + 1, "\x05", kAlways));
  ASSERT_NO_FATAL_FAILURE(BeginWithNothing(topic_));
  ExpectLeftOut("the source says LEADER_NOT_AVAILABLE (5)");
  scene_->source_proxy(1).Remove(rule);
  ExpectCopied();
}

TEST_F(TopicAnswersTest, TheSourceDoesNotDescribeTheTopic) {
  ASSERT_NO_FATAL_FAILURE(HaveSomeTopic());
  ASSERT_NO_FATAL_FAILURE(BeginWithNothing("odd-settings"));
  // DescribeConfigs v1: correlation id 4, throttle time 4, count 4; error code 2, message 2, type 1; then the name.
  constexpr int64_t kNameAt = 4 + 4 + 4 + 2 + 2 + 1 + 2;
  const RuleId rule = scene_->source_proxy(1).Arm(Flip(kDescribeConfigs, kNameAt, "\x01", kAlways));
  ASSERT_NO_FATAL_FAILURE(FillTopic());
  ExpectLeftOut("the source did not describe its configs");
  scene_->source_proxy(1).Remove(rule);
  ExpectCopied();
}

TEST_F(TopicAnswersTest, TheTargetDoesNotShowTheTopicYet) {
  ASSERT_NO_FATAL_FAILURE(HaveSomeTopic());
  ASSERT_NO_FATAL_FAILURE(BeginWithNothing("odd-creation"));
  // CreateTopics v4: correlation id 4, throttle time 4, count 4; then the name. The topic is created all the same.
  constexpr int64_t kNameAt = 4 + 4 + 4 + 2;
  scene_->target_proxy(1).Arm(Flip(kCreateTopics, kNameAt, "\x01", /*times=*/1));
  ASSERT_NO_FATAL_FAILURE(FillTopic());
  ExpectLeftOut("the target does not show the topic yet");
  ExpectCopied();
}

}  // namespace
}  // namespace replicator::tests
