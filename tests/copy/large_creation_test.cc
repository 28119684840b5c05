// More partitions than a controller makes with one request: 10,000 metadata records are its limit.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kTopics = 105;
constexpr int kPartitions = 100;
constexpr int kPartitionsOfTheLarge = 2'100;
constexpr absl::Duration kCreateTimeout = absl::Minutes(6);

KafkaClusterOptions SmallBroker() {
  return {.version = "4.3.1",
          .brokers = 1,
          // Two index files per partition are mapped and preallocated.
          .properties = {{"log.index.size.max.bytes", "4096"}},
          .heap_mib_max = 768};
}

struct SmallBrokers {
  static constexpr char kName[] = "4.3.1 x 1 to 4.3.1 x 1, small index files";
  static SceneOptions Options() { return {.source = SmallBroker(), .target = SmallBroker()}; }
};

class LargeCreationTest : public SceneTest<SmallBrokers> {};

TEST_F(LargeCreationTest, IsDoneInSteps) {
  for (int begin = 0; begin < kTopics; begin += 35) {
    std::vector<TopicSpec> topics;
    for (int i = begin; i < begin + 35; ++i)
      topics.push_back({.name = absl::StrFormat("many-%03d", i), .partitions = kPartitions});
    ASSERT_OK(scene_->source_admin().CreateTopics(topics, kCreateTimeout));
  }
  ASSERT_OK(
      scene_->source_admin().CreateTopics({{.name = "large", .partitions = kPartitionsOfTheLarge}}, kCreateTimeout));
  ReplicatorOptions options = scene_->Replicator("many-.*");
  options.flags = {"--dry-run"};
  std::unique_ptr<ReplicatorProcess> dry = Run(options);
  ASSERT_NE(dry, nullptr);
  ExpectEnds(*dry, ExitCode::kDone, {"0 topics would be left out"});
  EXPECT_EQ(dry->LogLines("would create topic many-").size(), static_cast<size_t>(kTopics)) << dry->LogTail();

  options = scene_->Replicator("large");
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(replicator->WaitForLog(absl::StrCat(kPartitionsOfTheLarge, " partitions are new"), kPatience))
      << replicator->LogTail();
  absl::StatusOr<TopicState> made = scene_->target_admin().DescribeTopic("large");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->partitions.size(), static_cast<size_t>(kPartitionsOfTheLarge));
  EXPECT_TRUE(StopsHealthy(*replicator));
}

}  // namespace
}  // namespace replicator::tests
