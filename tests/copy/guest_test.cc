// A good guest: the caps of the command line and the quotas of the brokers hold the copy back.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/copy_scene.h"
#include "tests/scene/figures.h"

namespace replicator::tests {
namespace {

constexpr const char* kTopic = "guest";
constexpr int kPartitions = 4;
constexpr int64_t kRecords = 24'000;  // of 1,000 bytes, uncompressed
constexpr int64_t kCap = 2'000'000;
// A quota is judged over a window of ten seconds: the first 10 MB pass unhindered.
constexpr int64_t kQuota = 1'000'000;
// All records at the cap take twelve seconds, and with the quota fourteen. The copy may be a little ahead of the limit
// at its end.
constexpr double kCapSecondsMin = 10;
constexpr double kQuotaSecondsMin = 11;

class GuestTest : public ::testing::Test {
 protected:
  void StartScene(SceneOptions options) {
    options.source.brokers = options.target.brokers = 1;
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start(std::move(options));
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = *std::move(scene);
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = kTopic, .partitions = kPartitions}));
    LoadOptions load = scene_->Load(kTopic, kPartitions);
    load.records_total = kRecords;
    absl::StatusOr<LoadCounts> written = WriteLoad(load, kPatience);
    ASSERT_TRUE(written.ok()) << written.status();
  }

  // Copies everything, in no less than `seconds_min`; `words` stand in the log.
  void ExpectHeldBack(double seconds_min, const std::vector<std::string>& flags,
                      const std::vector<std::string>& words) {
    ReplicatorOptions options = scene_->Replicator(kTopic);
    options.replication_factor = 1;
    options.flags = flags;
    absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(options);
    ASSERT_TRUE(replicator.ok()) << replicator.status();
    EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords)) << (*replicator)->LogTail();
    const double seconds = absl::ToDoubleSeconds(absl::Now() - (*replicator)->started());
    Figure(absl::StrCat("guest/", ::testing::UnitTest::GetInstance()->current_test_info()->name()), seconds, "s");
    EXPECT_GE(seconds, seconds_min) << (*replicator)->Log();
    EXPECT_TRUE(scene_->Equal({kTopic}));
    EXPECT_TRUE(StopsHealthy(**replicator));
    for (const std::string& word : words) EXPECT_TRUE((*replicator)->LogHas(word)) << word << (*replicator)->Log();
  }

  std::unique_ptr<CopyScene> scene_;
};

TEST_F(GuestTest, TheCapOfTheSource) {
  ASSERT_NO_FATAL_FAILURE(StartScene({}));
  ExpectHeldBack(kCapSecondsMin, {absl::StrCat("--source-bytes-per-second=", kCap)},
                 {"caps: source 2.0 MB/s, target no cap", "quotas apply to client.id replicator.old->new"});
}

TEST_F(GuestTest, TheCapOfTheTarget) {
  ASSERT_NO_FATAL_FAILURE(StartScene({}));
  ExpectHeldBack(kCapSecondsMin, {absl::StrCat("--target-bytes-per-second=", kCap)},
                 {"caps: source no cap, target 2.0 MB/s"});
}

// Brokers up to 2.8 take a default quota from their properties.
TEST_F(GuestTest, TheQuotaOfTheSource) {
  SceneOptions options;
  options.source.version = options.target.version = "2.8.2";
  options.source.properties = {{"quota.consumer.default", absl::StrCat(kQuota)}};
  ASSERT_NO_FATAL_FAILURE(StartScene(std::move(options)));
  ExpectHeldBack(kQuotaSecondsMin, {}, {"throttles client.id replicator.old->new"});
}

TEST_F(GuestTest, TheQuotaOfTheTarget) {
  SceneOptions options;
  options.source.version = options.target.version = "2.8.2";
  options.target.properties = {{"quota.producer.default", absl::StrCat(kQuota)}};
  ASSERT_NO_FATAL_FAILURE(StartScene(std::move(options)));
  ExpectHeldBack(kQuotaSecondsMin, {}, {"throttles client.id replicator.old->new"});
}

}  // namespace
}  // namespace replicator::tests
