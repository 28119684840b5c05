// SIGTERM at any moment of a process's start ends it at once and well: what was under way (the lock, the producer, the
// topics) does not go on with what has been taken down.
#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/copy_scene.h"

namespace replicator::tests {
namespace {

constexpr int kStarts = 60;
constexpr absl::Duration kStep = absl::Milliseconds(2);
constexpr int kPartitions = 4;

TEST(EarlyStopTest, SigtermAtAnyMomentOfAStart) {
  absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start({.target = {.version = "4.3.1", .brokers = 1}});
  ASSERT_TRUE(scene.ok()) << scene.status();
  ASSERT_OK((*scene)->source_admin().CreateTopic({.name = "short", .partitions = kPartitions}));
  ReplicatorOptions options = (*scene)->Replicator("short");
  options.replication_factor = 1;
  for (int i = 0; i < kStarts; ++i) {
    SCOPED_TRACE(absl::StrCat("start ", i));
    // Every other one begins with a folder and a link that are new.
    options.link = i % 2 == 0 ? "new" : absl::StrCat("new", i);
    options.state_dir = absl::StrCat(options.dir, "/state-", options.link);
    absl::StatusOr<std::unique_ptr<ReplicatorProcess>> process = ReplicatorProcess::Start(options);
    ASSERT_TRUE(process.ok()) << process.status();
    const absl::Time deadline = absl::Now() + kPatience;
    // From here on it handles signals.
    while (!(*process)->LogHas("caps: ") && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(1));
    ASSERT_TRUE((*process)->LogHas("caps: ")) << (*process)->LogTail();
    absl::SleepFor(kStep * i);
    EXPECT_TRUE(StopsHealthy(**process));
  }
}

}  // namespace
}  // namespace replicator::tests
