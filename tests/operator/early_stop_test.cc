// SIGTERM at any moment of a process's start ends it at once and well: what was under way (the lock, the producer, the
// topics) does not go on with what has been taken down.
#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kStarts = 40;
constexpr absl::Duration kStep = absl::Milliseconds(3);
constexpr int kPartitions = 4;

class EarlyStopTest : public SceneTest<OneToOne> {};

TEST_F(EarlyStopTest, SigtermAtAnyMomentOfAStart) {
  ASSERT_NO_FATAL_FAILURE(CreateTopic("short", kPartitions));
  ReplicatorOptions options = scene_->Replicator("short");
  for (int i = 0; i < kStarts; ++i) {
    SCOPED_TRACE(absl::StrCat("start ", i));
    // Every other one begins with a folder and a link that are new.
    options.link = i % 2 == 0 ? "short" : absl::StrCat("short", i);
    options.state_dir = absl::StrCat(options.dir, "/state-", options.link);
    const std::unique_ptr<ReplicatorProcess> process = Run(options);
    ASSERT_NE(process, nullptr);
    const absl::Time deadline = absl::Now() + kPatience;
    // From here on it handles signals.
    while (!process->LogHas("caps: ") && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(1));
    ASSERT_TRUE(process->LogHas("caps: ")) << process->LogTail();
    absl::SleepFor(kStep * i);
    EXPECT_TRUE(StopsHealthy(*process));
  }
}

}  // namespace
}  // namespace replicator::tests
