// A producer that dies with its transaction open: nothing behind it can be copied. The operator is told within the
// second minute whose it is and how to end it, in the log and by `status`; once it has ended, the copy goes on.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/copy_scene.h"
#include "tests/watched_link.h"

namespace replicator::tests {
namespace {

constexpr char kTopic[] = "held-back";
constexpr char kTransactionalId[] = "the-one-that-died";
constexpr int64_t kBefore = 200;
constexpr int64_t kBehind = 500;
constexpr int64_t kNever = 1'000'000;

class HangingTransactionTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    SceneOptions options;
    options.source.version = GetParam();
    options.target.brokers = 1;
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start(std::move(options));
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = *std::move(scene);
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = kTopic, .partitions = 1}));
    ASSERT_NO_FATAL_FAILURE(Write(kBefore, 0, {}));
  }

  void Write(int64_t records, int64_t first_sequence, std::map<std::string, std::string> client_properties) {
    LoadOptions load = scene_->Load(kTopic, 1);
    load.records_total = records;
    load.first_sequence = first_sequence;
    if (!client_properties.empty()) load.records_per_transaction = static_cast<int>(records);
    load.client_properties = std::move(client_properties);
    absl::StatusOr<LoadCounts> written = WriteLoad(load, kPatience);
    ASSERT_TRUE(written.ok()) << written.status();
  }

  // Some records of a transaction that nobody ends.
  void LeaveOpen() {
    LoadOptions load = scene_->Load(kTopic, 1);
    load.records_per_second = 1'000;
    load.records_per_transaction = kNever;
    load.first_sequence = kNever;
    load.client_properties = {{"transactional.id", kTransactionalId}, {"transaction.timeout.ms", "600000"}};
    absl::StatusOr<std::unique_ptr<LoadGenerator>> producer = LoadGenerator::Start(load);
    ASSERT_TRUE(producer.ok()) << producer.status();
    ASSERT_TRUE(WaitFor([&] { return scene_->SourceRecords(kTopic) > kBefore; }, kPatience));
  }

  std::unique_ptr<CopyScene> scene_;
};

TEST_P(HangingTransactionTest, IsNamedWithTheRemedyAndPasses) {
  ASSERT_NO_FATAL_FAILURE(LeaveOpen());
  ASSERT_NO_FATAL_FAILURE(Write(kBehind, kBefore, {}));
  ReplicatorOptions options = scene_->Replicator(kTopic);
  options.replication_factor = 1;
  WatchedLink link(options);
  ASSERT_OK(link.Start());
  ReplicatorProcess& replicator = link.process();
  ASSERT_TRUE(replicator.WaitForLog(
      absl::StrCat("held-back-0: a transaction that begins at source offset ", kBefore, " is open for 1 min"),
      kPatience))
      << replicator.LogTail();
  EXPECT_EQ(scene_->TargetRecords(kTopic), kBefore) << "nothing behind it";
  const bool is_told = std::string(GetParam()) != "2.1.1";
  EXPECT_TRUE(replicator.LogHas(is_told ? "It is producer id " : "the broker does not say"));
  EXPECT_EQ(replicator.LogHas(absl::StrCat("--topic held-back --partition 0 --start-offset ", kBefore)), is_told);
  const nlohmann::json status = link.PartitionStatus(kTopic, 0);
  EXPECT_EQ(status.value("open_transaction", "").rfind("a transaction that begins at source offset 200", 0), 0)
      << status;

  // Its successor ends what it left open, as every transactional producer does that begins with its id.
  ASSERT_NO_FATAL_FAILURE(Write(10, 2 * kNever, {{"transactional.id", kTransactionalId}}));
  EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kBefore + kBehind + 10)) << replicator.LogTail();
  EXPECT_TRUE(scene_->Equal({kTopic}, /*gaps=*/true)) << replicator.LogTail();
  EXPECT_TRUE(replicator.WaitForLog("goes on: the transaction that held it back has ended", kPatience));
  EXPECT_TRUE(StopsHealthy(replicator));
}

INSTANTIATE_TEST_SUITE_P(Sources, HangingTransactionTest, ::testing::Values("2.1.1", "3.1.2"),
                         [](const auto& version) { return version.index == 0 ? "V2_1_1" : "V3_1_2"; });

}  // namespace
}  // namespace replicator::tests
