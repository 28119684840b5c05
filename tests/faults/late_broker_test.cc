// A target that has too few brokers for replication.factor when the program starts.
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

// Of its own: a broker is missing for the whole of a test.
struct ThreeBrokers {
  static constexpr char kName[] = "3.1.2 x 1 to 4.3.1 x 3, one of them late";
  static SceneOptions Options() { return {}; }
};

class LateBrokerTest : public SceneTest<ThreeBrokers> {};

TEST_F(LateBrokerTest, ABrokerThatComesLaterIsNoticedBeforeTopicsAreLookedForAgain) {
  ASSERT_NO_FATAL_FAILURE(Fill("waits", 1, 1'000));
  ASSERT_OK(scene_->target().Terminate(3));
  const auto two_are_left = [&] {
    absl::StatusOr<std::vector<int>> brokers = scene_->target_admin().Brokers();
    return brokers.ok() && brokers->size() == 2;
  };
  ASSERT_TRUE(WaitFor(two_are_left, kPatience));

  ReplicatorOptions options = scene_->Replicator("waits");
  options.properties["refresh.topics.interval.seconds"] = "3600";
  std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ASSERT_TRUE(replicator->WaitForLog("replication.factor is 3 but the target has only 2", kPatience))
      << replicator->LogTail();
  ASSERT_OK(scene_->target().Start(3));
  EXPECT_TRUE(scene_->Equal({"waits"})) << replicator->LogTail();
}

}  // namespace
}  // namespace replicator::tests
