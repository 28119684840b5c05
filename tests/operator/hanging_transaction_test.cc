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
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

constexpr char kTopic[] = "held-back";
constexpr char kTransactionalId[] = "the-one-that-died";
constexpr int64_t kBefore = 200;
constexpr int64_t kBehind = 500;
constexpr int64_t kNever = 1'000'000;

// A link on which a transaction hangs.
class HeldBackLink {
 public:
  explicit HeldBackLink(CopyScene* scene) : scene_(scene) {}

  void Begin() {
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = kTopic, .partitions = 1}));
    ASSERT_NO_FATAL_FAILURE(Write(kBefore, 0, {}));
    ASSERT_NO_FATAL_FAILURE(LeaveOpen());
    ASSERT_NO_FATAL_FAILURE(Write(kBehind, kBefore, {}));
    link_ = std::make_unique<WatchedLink>(scene_->Replicator(kTopic));
    ASSERT_OK(link_->Start());
  }

  // `is_told`: brokers of that version say whose it is.
  void ExpectNamed(bool is_told) {
    ReplicatorProcess& replicator = link_->process();
    const std::string what =
        absl::StrCat("held-back-0: a transaction that begins at source offset ", kBefore, " is open for 1 min");
    ASSERT_TRUE(replicator.WaitForLog(what, kPatience)) << replicator.LogTail();
    EXPECT_EQ(RecordsOrFail(scene_->TargetRecords(kTopic)), kBefore) << "nothing behind it";
    EXPECT_TRUE(replicator.LogHas(is_told ? "It is producer id " : "the broker does not say"));
    EXPECT_EQ(replicator.LogHas(absl::StrCat("--topic held-back --partition 0 --start-offset ", kBefore)), is_told);
    const nlohmann::json status = link_->PartitionStatus(kTopic, 0);
    EXPECT_EQ(status.value("open_transaction", "").rfind("a transaction that begins at source offset 200", 0), 0)
        << status;
  }

  // Its successor ends what it left open, as every transactional producer does that begins with its id.
  void ExpectPasses() {
    ReplicatorProcess& replicator = link_->process();
    ASSERT_NO_FATAL_FAILURE(Write(10, 2 * kNever, {{"transactional.id", kTransactionalId}}));
    EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kBefore + kBehind + 10)) << replicator.LogTail();
    EXPECT_TRUE(scene_->Equal({kTopic}, /*gaps=*/true)) << replicator.LogTail();
    EXPECT_TRUE(replicator.WaitForLog("goes on: the transaction that held it back has ended", kPatience));
    EXPECT_TRUE(StopsHealthy(replicator));
  }

 private:
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
    ASSERT_TRUE(Eventually("the transaction has begun", [&] { return scene_->SourceHas(kTopic, kBefore + 1); }));
  }

  CopyScene* const scene_;
  std::unique_ptr<WatchedLink> link_;
};

class HangingTransactionTest : public SceneTest<OneToOne> {};

// Both at once, for the minute that passes. The older source does not say whose a transaction is.
TEST_F(HangingTransactionTest, IsNamedWithTheRemedyAndPasses) {
  absl::StatusOr<std::unique_ptr<CopyScene>> old_scene =
      CopyScene::Start({.source = {.version = "2.1.1"}, .target = {.version = "4.3.1"}});
  ASSERT_TRUE(old_scene.ok()) << old_scene.status();
  HeldBackLink with_owner(scene_);
  HeldBackLink without_owner(old_scene->get());
  ASSERT_NO_FATAL_FAILURE(with_owner.Begin());
  ASSERT_NO_FATAL_FAILURE(without_owner.Begin());
  ASSERT_NO_FATAL_FAILURE(with_owner.ExpectNamed(/*is_told=*/true));
  ASSERT_NO_FATAL_FAILURE(without_owner.ExpectNamed(/*is_told=*/false));
  with_owner.ExpectPasses();
  without_owner.ExpectPasses();
}

}  // namespace
}  // namespace replicator::tests
