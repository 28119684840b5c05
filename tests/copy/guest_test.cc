// A good guest: the caps of the command line and the quotas of the brokers hold the copy back.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/figures.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 4;
constexpr int64_t kRecords = 24'000;  // of 1,000 bytes, uncompressed
constexpr int64_t kCap = 2'000'000;
// A quota is judged over a window of ten seconds: the first 10 MB pass unhindered.
constexpr int64_t kQuota = 1'000'000;
// All records at the cap take twelve seconds, and with the quota fourteen. The copy may be a little ahead of the limit
// at its end.
constexpr double kCapSecondsMin = 10;
constexpr double kQuotaSecondsMin = 11;

class Guest : public SceneFixture {
 protected:
  using SceneFixture::SceneFixture;

  // A topic of the test's name.
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(SceneFixture::SetUp());
    topic_ = absl::StrCat("guest-", ::testing::UnitTest::GetInstance()->current_test_info()->test_suite_name(), "-",
                          ::testing::UnitTest::GetInstance()->current_test_info()->name());
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topic_, kPartitions));
    LoadOptions load = scene_->Load(topic_, kPartitions);
    load.records_total = kRecords;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  // Copies everything, in no less than `seconds_min`; `words` stand in the log.
  void ExpectHeldBack(double seconds_min, const std::vector<std::string>& flags,
                      const std::vector<std::string>& words) {
    ReplicatorOptions options = scene_->Replicator(topic_);
    options.flags = flags;
    const std::unique_ptr<ReplicatorProcess> replicator = Run(options);
    ASSERT_NE(replicator, nullptr);
    EXPECT_TRUE(scene_->WaitForTargetRecords(topic_, kRecords)) << replicator->LogTail();
    const double seconds = absl::ToDoubleSeconds(absl::Now() - replicator->started());
    Figure(absl::StrCat("guest/", ::testing::UnitTest::GetInstance()->current_test_info()->name()), seconds, "s");
    EXPECT_GE(seconds, seconds_min) << replicator->Log();
    EXPECT_TRUE(scene_->Equal({topic_}));
    EXPECT_TRUE(StopsHealthy(*replicator));
    for (const std::string& word : words) EXPECT_TRUE(replicator->LogHas(word)) << word << replicator->Log();
  }
};

class GuestCapTest : public SceneTest<OneToOne, Guest> {};

TEST_F(GuestCapTest, TheCapOfTheSource) {
  ExpectHeldBack(kCapSecondsMin, {absl::StrCat("--source-bytes-per-second=", kCap)},
                 {"caps: source 2.0 MB/s, target no cap", "quotas apply to client.id replicator.old->new"});
}

TEST_F(GuestCapTest, TheCapOfTheTarget) {
  ExpectHeldBack(kCapSecondsMin, {absl::StrCat("--target-bytes-per-second=", kCap)},
                 {"caps: source no cap, target 2.0 MB/s"});
}

// Brokers up to 2.8 take a default quota from their properties.
struct SourceWithAQuota {
  static constexpr char kName[] = "2.8.2 with a quota for consumers to 2.8.2";
  static SceneOptions Options() {
    return {.source = {.version = "2.8.2", .properties = {{"quota.consumer.default", absl::StrCat(kQuota)}}},
            .target = {.version = "2.8.2"}};
  }
};
class SourceQuotaTest : public SceneTest<SourceWithAQuota, Guest> {};

TEST_F(SourceQuotaTest, HoldsTheCopyBack) {
  ExpectHeldBack(kQuotaSecondsMin, {}, {"throttles client.id replicator.old->new"});
}

struct TargetWithAQuota {
  static constexpr char kName[] = "2.8.2 to 2.8.2 with a quota for producers";
  static SceneOptions Options() {
    return {.source = {.version = "2.8.2"},
            .target = {.version = "2.8.2", .properties = {{"quota.producer.default", absl::StrCat(kQuota)}}}};
  }
};
class TargetQuotaTest : public SceneTest<TargetWithAQuota, Guest> {};

TEST_F(TargetQuotaTest, HoldsTheCopyBack) {
  ExpectHeldBack(kQuotaSecondsMin, {}, {"throttles client.id replicator.old->new"});
}

}  // namespace
}  // namespace replicator::tests
