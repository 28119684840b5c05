// F, G: a process without the state folder of the one before finds where it stood: also where the target has nothing
// yet (B), where retention has emptied both sides, where times do not grow, and where topics have grown meanwhile.
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/api_key.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 4;
// Longer than the lock's session and a start.
constexpr absl::Duration kOnTheWay = absl::Seconds(30);

class LostFolderTest : public SceneTest<OneToOne> {
 protected:
  // By a process that ends then, and whose folder is lost, and the link's changelog with it.
  void CopyOnce(const std::string& topic) {
    ASSERT_NO_FATAL_FAILURE(CopyOnceAndKeepTheChangelog(topic));
    ASSERT_OK(scene_->target_admin().DeleteTopic(absl::StrCat("replicator-link.old-to-", options_.link, ".internal")));
  }

  void CopyOnceAndKeepTheChangelog(const std::string& topic) {
    options_ = scene_->Replicator(topic);
    std::unique_ptr<ReplicatorProcess> a = RunWith("a");
    ASSERT_NE(a, nullptr);
    ASSERT_TRUE(scene_->Equal({topic}, /*gaps=*/true)) << a->LogTail();
    ASSERT_TRUE(StopsHealthy(*a));
  }

  // `records` of a producer whose clock shows `base_ms` at its first record of all, each in a batch of its own, 20 ms
  // apart.
  void WriteByClock(const std::string& topic, int64_t base_ms, int64_t first_sequence, int64_t records) {
    LoadOptions load = scene_->Load(topic, 1);
    load.value_bytes = 100;
    load.first_sequence = first_sequence;
    load.records_total = records;
    load.timestamp_base_ms = base_ms;
    load.timestamp_step_ms = 20;
    load.client_properties = {{"batch.num.messages", "1"}};
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  std::unique_ptr<ReplicatorProcess> RunWith(const std::string& state_dir) {
    options_.state_dir = options_.dir + "/" + state_dir;
    return Run(options_);
  }

  void Load() {
    LoadOptions load = scene_->Load("first", kPartitions);
    load.records_per_second = 1'000;
    load.linger_ms = 5;
    ASSERT_NO_FATAL_FAILURE(StartProducer(load));
  }
};

// The first batches of a process that died lie somewhere between it and the target, which is empty as yet. The next
// process copies them again, and only then they arrive.
TEST_F(LostFolderTest, FirstBatchesThatArriveAfterTheNextProcessHasSentThemAreDuplicates) {
  ASSERT_NO_FATAL_FAILURE(CreateTopic("first", kPartitions));
  options_ = scene_->Replicator("first");
  std::unique_ptr<ReplicatorProcess> a = RunWith("a");
  ASSERT_NE(a, nullptr);
  ASSERT_TRUE(a->WaitForLog("new to this process", kPatience)) << a->Log();
  FaultProxy& proxy = scene_->target_proxy(1);
  const RuleId rule = proxy.Arm({.api_key = kProduce,
                                 .client_id_prefix = "replicator",
                                 .times = 1'000,
                                 .fault = Fault::CutThenForwardLate(kOnTheWay)});
  ASSERT_NO_FATAL_FAILURE(Load());
  ASSERT_TRUE(a->WaitForLog("; settling ", kPatience)) << a->LogTail();
  ASSERT_OK(a->Kill9());
  const absl::Time last_sent = absl::Now();
  proxy.Remove(rule);
  ASSERT_EQ(RecordsOrFail(scene_->TargetRecords("first")), 0);

  std::unique_ptr<ReplicatorProcess> b = RunWith("b");
  ASSERT_NE(b, nullptr);
  ASSERT_TRUE(b->WaitForLog("this link has run before", kPatience)) << b->Log();
  ASSERT_TRUE(scene_->WaitForTargetRecords("first", 1'000)) << b->LogTail();
  ASSERT_EQ(proxy.Hits(rule), 0) << "the late bytes were not late";
  ASSERT_TRUE(proxy.WaitForHits(rule, 1, absl::Now() + kOnTheWay));
  absl::SleepFor(last_sent + kOnTheWay + absl::Seconds(1) - absl::Now());
  ASSERT_OK(producer_->Stop().status());
  EXPECT_TRUE(scene_->Equal({"first"})) << b->LogTail();
  EXPECT_TRUE(StopsHealthy(*b));
}

TEST_F(LostFolderTest, WhereRetentionHasEmptiedBothSidesTheCopyGoesOnAtTheSourcesEnd) {
  ASSERT_NO_FATAL_FAILURE(Fill("emptied", 1, 10));
  ASSERT_NO_FATAL_FAILURE(CopyOnce("emptied"));
  ASSERT_OK(scene_->source_admin().DeleteRecords("emptied", 0, -1));
  ASSERT_OK(scene_->target_admin().DeleteRecords("emptied", 0, -1));
  std::unique_ptr<ReplicatorProcess> b = RunWith("b");
  ASSERT_NE(b, nullptr);
  EXPECT_TRUE(b->WaitForLog("neither the source nor the target has a record any more", kPatience)) << b->Log();
  LoadOptions load = scene_->Load("emptied", 1);
  load.first_sequence = load.records_total = 10;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  EXPECT_TRUE(scene_->Equal({"emptied"})) << b->LogTail();
  EXPECT_TRUE(StopsHealthy(*b));
}

TEST_F(LostFolderTest, WhereRetentionHasEmptiedBothSidesTheChangelogTellsWhereToGoOn) {
  ASSERT_NO_FATAL_FAILURE(Fill("emptied-known", 1, 10));
  ASSERT_NO_FATAL_FAILURE(CopyOnceAndKeepTheChangelog("emptied-known"));
  ASSERT_OK(scene_->source_admin().DeleteRecords("emptied-known", 0, -1));
  ASSERT_OK(scene_->target_admin().DeleteRecords("emptied-known", 0, -1));
  std::unique_ptr<ReplicatorProcess> b = RunWith("b");
  ASSERT_NE(b, nullptr);
  LoadOptions load = scene_->Load("emptied-known", 1);
  load.first_sequence = load.records_total = 10;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  EXPECT_TRUE(scene_->Equal({"emptied-known"})) << b->LogTail();
  EXPECT_FALSE(b->LogHas("neither the source nor the target has a record any more")) << b->Log();
  EXPECT_TRUE(StopsHealthy(*b));
}

// The clock of one of two producers is a minute ahead: records as young as the target's last one lie thousands of
// batches before it. And what retention had deleted before the first copy is no help either: offsets differ.
TEST_F(LostFolderTest, TheLastBatchIsFoundAlthoughTimesDoNotGrow) {
  ASSERT_NO_FATAL_FAILURE(Fill("clocks", 1, 100));
  ASSERT_OK(scene_->source_admin().DeleteRecords("clocks", 0, -1));
  const int64_t base_ms = absl::ToUnixMillis(absl::Now() - absl::Minutes(10));
  constexpr int64_t kTurn = 500;
  for (int64_t first = 1'000; first < 5'000; first += 2 * kTurn) {
    ASSERT_NO_FATAL_FAILURE(WriteByClock("clocks", base_ms + 60'000, first, kTurn));
    ASSERT_NO_FATAL_FAILURE(WriteByClock("clocks", base_ms, first + kTurn, kTurn));
  }
  ASSERT_NO_FATAL_FAILURE(CopyOnce("clocks"));
  ASSERT_NO_FATAL_FAILURE(WriteByClock("clocks", base_ms, 5'000, 10));
  std::unique_ptr<ReplicatorProcess> b = RunWith("b");
  ASSERT_NE(b, nullptr);
  EXPECT_TRUE(scene_->Equal({"clocks"}, /*gaps=*/true)) << b->LogTail();
  EXPECT_TRUE(StopsHealthy(*b));
}

// What holds a copy of the source's records is this link's, and grows. What holds others is not, and stays as it is.
TEST_F(LostFolderTest, PartitionsThatWereAddedMeanwhileAreAddedToTheLinksOwnTopics) {
  ASSERT_NO_FATAL_FAILURE(Fill("grown", 2, 1'000));
  ASSERT_NO_FATAL_FAILURE(CopyOnce("grown"));
  ASSERT_OK(scene_->source_admin().CreatePartitions("grown", 4));
  LoadOptions load = scene_->Load("grown", 4);
  load.first_sequence = load.records_total = 1'000;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  ASSERT_NO_FATAL_FAILURE(Fill("grown-foreign", 2, 100));
  ASSERT_OK(scene_->target_admin().CreateTopic({.name = "grown-foreign", .partitions = 1}));
  LoadOptions foreign = scene_->Load("grown-foreign", 1);
  foreign.bootstrap_servers = scene_->target().direct_bootstrap_servers();
  foreign.seed = 7;
  foreign.records_total = 10;
  ASSERT_NO_FATAL_FAILURE(WriteAll(foreign));

  options_ = scene_->Replicator("grown.*");
  options_.link = "grown";
  options_.state_dir = options_.dir + "/state";
  WatchedLink b(options_);
  ASSERT_OK(b.Start());
  EXPECT_TRUE(scene_->Equal({"grown"})) << b.process().LogTail();
  EXPECT_TRUE(b.ReachesCode("grown-foreign", "target-not-ours"));
  EXPECT_TRUE(absl::StrContains(b.Status()["alarms"].value("grown-foreign", ""), "has 1 partitions, the source 2"))
      << b.Status();
  absl::StatusOr<std::vector<OffsetRange>> there = scene_->target_admin().Offsets("grown-foreign");
  ASSERT_TRUE(there.ok()) << there.status();
  ASSERT_EQ(there->size(), 1u);
  EXPECT_EQ(there->at(0).end, 10);
  EXPECT_EQ(b.Code("grown", 3), WatchedLink::kNoCode);
}

}  // namespace
}  // namespace replicator::tests
