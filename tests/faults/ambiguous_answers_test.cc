// Answers that get lost, come late, or come as nonsense: a FaultProxy stands before every broker of both clusters, and
// each of its faults strikes a program that copies while a producer writes. The program lives on, asks where the target
// stands (invariant E), copies on, and in the end both sides are equal: nothing lost, nothing twice, nothing
// quarantined. The one exception is an answer that says that somebody else writes to the target.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/api_key.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 6;
constexpr double kRecordsPerSecond = 4'000;
// How long a fault may take to strike and its consequences to pass: above the 30 s that an answer is waited for.
constexpr absl::Duration kStrikeTimeout = absl::Seconds(90);
constexpr int32_t kHugeLength = 300 << 20;
// After a fault so many more records must arrive; more than what can be under way.
constexpr int64_t kRecordsOfRecovery = 300;

struct Case {
  std::string name;
  Fault fault;
};

// What can befall the answer of any API. None of it leaves room for another reading of the answer.
std::vector<Case> FaultsOfEveryKind() {
  return {
      {"answer lost, then connection lost", Fault::SwallowResponseThenCut()},
      {"connection lost before the request arrives", Fault::CutBeforeForward()},
      {"connection lost after the request arrived", Fault::CutAfterForward()},
      {"request arrives after its connection is gone", Fault::CutThenForwardLate(absl::Milliseconds(300))},
      {"answer late", Fault::DelayResponse(absl::Milliseconds(2500))},
      {"cut inside of the length", Fault::TruncateResponse(2)},
      {"cut inside of the header", Fault::TruncateResponse(6)},
      {"cut inside of the body", Fault::TruncateResponse(30)},
      {"length negative", Fault::GarbleLength(-1)},
      {"length most negative", Fault::GarbleLength(std::numeric_limits<int32_t>::min())},
      {"length zero", Fault::GarbleLength(0)},
      {"length smaller than a header", Fault::GarbleLength(3)},
      {"length of a header", Fault::GarbleLength(4)},
      {"length small", Fault::GarbleLength(17)},
      {"length huge", Fault::GarbleLength(kHugeLength)},
      {"length largest", Fault::GarbleLength(std::numeric_limits<int32_t>::max())},
      {"correlation id", Fault::FlipBody(0, "\x01\x02\x03\x04")},
  };
}

// One damaged byte at every `step`-th of `count` places from `first` on.
std::vector<Case> FlipsFrom(int64_t first, int64_t count, int64_t step = 1) {
  std::vector<Case> cases;
  for (int64_t at = first; at < first + count; at += step) {
    cases.push_back({absl::StrCat("byte ", at, " of the body"), Fault::FlipBody(at, "\x55")});
  }
  return cases;
}

struct OneToThreeWithProxies {
  static constexpr char kName[] = "3.1.2 x 1 to 4.3.1 x 3, with proxies";
  static SceneOptions Options() {
    SceneOptions options = OneToThree::Options();
    options.proxies = true;
    return options;
  }
};

class AmbiguousAnswersTest : public SceneTest<OneToThreeWithProxies> {
 protected:
  std::vector<FaultProxy*> Proxies(const KafkaCluster& cluster) {
    std::vector<FaultProxy*> proxies;
    for (int id : cluster.broker_ids()) {
      proxies.push_back(&cluster == &scene_->source() ? &scene_->source_proxy(id) : &scene_->target_proxy(id));
    }
    return proxies;
  }

  void FillFromNowOn(const std::string& topic, int partitions, double records_per_second = kRecordsPerSecond) {
    topic_ = topic;
    options_ = scene_->Replicator(topic);
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topic, partitions));
    LoadOptions load = scene_->Load(topic, partitions);
    load.codec = "lz4";
    load.records_per_second = records_per_second;
    ASSERT_NO_FATAL_FAILURE(StartProducer(load));
  }

  void Begin(const std::string& topic, int partitions = kPartitions) {
    ASSERT_NO_FATAL_FAILURE(FillFromNowOn(topic, partitions));
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic, 1)) << replicator_->LogTail();
  }

  using Rules = std::vector<std::pair<FaultProxy*, RuleId>>;
  static bool AnyHit(const Rules& rules) {
    return std::any_of(rules.begin(), rules.end(), [](const auto& rule) { return rule.first->Hits(rule.second) > 0; });
  }

  // Strikes the next request of the program to any broker of the cluster, and sees it recover. `provoke` makes it send
  // one.
  template <typename Provoke>
  void Strike(const KafkaCluster& cluster, int16_t api_key, const Case& fault, Provoke provoke) {
    SCOPED_TRACE(fault.name);
    Rules armed;
    for (FaultProxy* proxy : Proxies(cluster)) {
      FaultRule rule{.api_key = api_key, .client_id_prefix = "replicator", .fault = fault.fault};
      armed.emplace_back(proxy, proxy->Arm(rule));
    }
    provoke();
    const testing::AssertionResult struck = Eventually(
        "a request is struck", [&] { return AnyHit(armed); }, kStrikeTimeout);
    for (const auto& [proxy, rule] : armed) proxy->Remove(rule);
    ASSERT_TRUE(struck) << replicator_->LogTail();
    const int64_t records = RecordsOrFail(scene_->TargetRecords(topic_));
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, records + kRecordsOfRecovery)) << replicator_->LogTail();
    ASSERT_TRUE(IsHealthy(*replicator_));
    ASSERT_TRUE(replicator_->Running()) << replicator_->LogTail();
  }

  void Strike(const KafkaCluster& cluster, int16_t api_key, const Case& fault) {
    Strike(cluster, api_key, fault, [] {});
  }

  void CutConnections(const KafkaCluster& cluster) {
    for (FaultProxy* proxy : Proxies(cluster)) proxy->CutAll();
  }

  // `replicator resume` for the partition that the log names; no process runs.
  void ResumeQuarantined() {
    const std::string line = replicator_->LogLines("is quarantined (").front();
    const size_t begin = line.find(topic_ + "-") + topic_.size() + 1;
    absl::StatusOr<std::string> binary = ReplicatorBinary();
    ASSERT_TRUE(binary.ok()) << binary.status();
    ProcessOptions resume;
    resume.argv = {*binary, "resume", "--topic=" + topic_,
                   "--partition=" + line.substr(begin, line.find(' ', begin) - begin),
                   "--state-dir=" + options_.state_dir};
    resume.log_path = options_.dir + "/resume.log";
    absl::StatusOr<std::unique_ptr<ChildProcess>> process = ChildProcess::Start(resume);
    ASSERT_TRUE(process.ok()) << process.status();
    absl::StatusOr<ExitStatus> ended = (*process)->Wait(kPatience);
    ASSERT_TRUE(ended.ok()) << ended.status();
    EXPECT_EQ(ended->code, 0) << (*process)->LogTail();
  }

  void End() {
    absl::StatusOr<LoadCounts> counts = producer_->Stop();
    ASSERT_TRUE(counts.ok()) << counts.status();
    EXPECT_TRUE(scene_->Equal({topic_})) << replicator_->LogTail();
    EXPECT_TRUE(StopsHealthy(*replicator_));
  }
};

TEST_F(AmbiguousAnswersTest, ProduceAnswersOfEveryKind) {
  ASSERT_NO_FATAL_FAILURE(Begin("produce"));
  for (const Case& fault : FaultsOfEveryKind()) {
    ASSERT_NO_FATAL_FAILURE(Strike(scene_->target(), kProduce, fault));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  End();
}

TEST_F(AmbiguousAnswersTest, ProduceAnswersWithDamagedBytes) {
  ASSERT_NO_FATAL_FAILURE(Begin("damaged"));
  // Topic count, topic name, partition count, partition, error code; the base offset is another test's. The answer is
  // that of Produce v7 and v8.
  for (const Case& fault : FlipsFrom(4, 4 + 2 + 7 + 4 + 4 + 2, 2)) {
    ASSERT_NO_FATAL_FAILURE(Strike(scene_->target(), kProduce, fault));
  }
  for (const Case& fault : FlipsFrom(-16, 16, 3)) ASSERT_NO_FATAL_FAILURE(Strike(scene_->target(), kProduce, fault));
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  End();
}

// The connection stays, the answer never comes: only the request's own deadline ends the wait.
TEST_F(AmbiguousAnswersTest, AnswersThatNeverComeAreWaitedForOnlySoLong) {
  ASSERT_NO_FATAL_FAILURE(Begin("silence"));
  for (const ApiKey api_key : {kProduce, kFetch}) {
    const KafkaCluster& cluster = api_key == kProduce ? scene_->target() : scene_->source();
    ASSERT_NO_FATAL_FAILURE(Strike(cluster, api_key, {"answer swallowed", Fault::SwallowResponse()}));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  End();
}

TEST_F(AmbiguousAnswersTest, FetchAnswersOfEveryKind) {
  ASSERT_NO_FATAL_FAILURE(Begin("fetch"));
  for (const Case& fault : FaultsOfEveryKind()) ASSERT_NO_FATAL_FAILURE(Strike(scene_->source(), kFetch, fault));
  ASSERT_NO_FATAL_FAILURE(
      Strike(scene_->source(), kFetch, {"cut inside of the records", Fault::TruncateResponse(2'000)}));
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  End();
}

// One partition, so that the places of its fields are known: header, counts, errors, watermarks and lengths of Fetch
// v13; then all that the checksum of the first batch covers, as far as the header goes, and some of its records. (A
// batch's place in the log is not covered: to tell a damaged one from a gap is not possible.)
TEST_F(AmbiguousAnswersTest, FetchAnswersWithDamagedBytes) {
  ASSERT_NO_FATAL_FAILURE(Begin("damage", 1));
  for (const Case& fault : FlipsFrom(4, 66, 2)) ASSERT_NO_FATAL_FAILURE(Strike(scene_->source(), kFetch, fault));
  for (const Case& fault : FlipsFrom(90, 46, 3)) ASSERT_NO_FATAL_FAILURE(Strike(scene_->source(), kFetch, fault));
  for (const Case& fault : FlipsFrom(-20, 20, 3)) ASSERT_NO_FATAL_FAILURE(Strike(scene_->source(), kFetch, fault));
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  End();
}

// The settling itself is struck: every lost connection makes the program ask where its partitions stand.
TEST_F(AmbiguousAnswersTest, ListOffsetsAnswersOfEveryKind) {
  ASSERT_NO_FATAL_FAILURE(Begin("settle"));
  for (const Case& fault : FaultsOfEveryKind()) {
    ASSERT_NO_FATAL_FAILURE(Strike(scene_->target(), kListOffsets, fault, [&] { CutConnections(scene_->target()); }));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  End();
}

TEST_F(AmbiguousAnswersTest, ListOffsetsAnswersWithDamagedBytes) {
  ASSERT_NO_FATAL_FAILURE(Begin("broken"));
  for (const Case& fault : FlipsFrom(4, 45, 4)) {
    ASSERT_NO_FATAL_FAILURE(Strike(scene_->target(), kListOffsets, fault, [&] { CutConnections(scene_->target()); }));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  End();
}

// Settling also reads the target's last batch.
TEST_F(AmbiguousAnswersTest, LastBatchesOfEveryKind) {
  ASSERT_NO_FATAL_FAILURE(Begin("tail"));
  for (const Case& fault : FaultsOfEveryKind()) {
    ASSERT_NO_FATAL_FAILURE(Strike(scene_->target(), kFetch, fault, [&] { CutConnections(scene_->target()); }));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  End();
}

TEST_F(AmbiguousAnswersTest, LastBatchesWithDamagedBytes) {
  ASSERT_NO_FATAL_FAILURE(Begin("torn"));
  for (const Case& fault : FlipsFrom(4, 140, 9)) {
    ASSERT_NO_FATAL_FAILURE(Strike(scene_->target(), kFetch, fault, [&] { CutConnections(scene_->target()); }));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  End();
}

TEST_F(AmbiguousAnswersTest, MetadataAnswersOfEveryKind) {
  ASSERT_NO_FATAL_FAILURE(Begin("metadata"));
  std::vector<Case> cases = FaultsOfEveryKind();
  for (const Case& fault : FlipsFrom(4, 6)) cases.push_back(fault);
  bool at_source = false;
  for (const Case& fault : cases) {
    const KafkaCluster& cluster = at_source ? scene_->source() : scene_->target();
    ASSERT_NO_FATAL_FAILURE(Strike(cluster, kMetadata, fault, [&] { CutConnections(cluster); }));
    at_source = !at_source;
  }
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  End();
}

TEST_F(AmbiguousAnswersTest, ApiVersionsAnswersOfEveryKind) {
  ASSERT_NO_FATAL_FAILURE(Begin("versions"));
  bool at_source = false;
  for (const Case& fault : FaultsOfEveryKind()) {
    const KafkaCluster& cluster = at_source ? scene_->source() : scene_->target();
    ASSERT_NO_FATAL_FAILURE(Strike(cluster, kApiVersions, fault, [&] { CutConnections(cluster); }));
    at_source = !at_source;
  }
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  End();
}

// A batch that the target says to have put elsewhere means that another writer is there (invariant C). The partition
// stops, with its reason; all others go on; the exit code tells. What really lies on the target is ours, so the next
// start goes on.
TEST_F(AmbiguousAnswersTest, AnswerWithAnotherOffsetStopsOnlyItsPartition) {
  ASSERT_NO_FATAL_FAILURE(Begin("elsewhere"));
  FaultProxy& proxy = *Proxies(scene_->target()).front();
  const int64_t base_offset_at = 4 + 4 + 2 + static_cast<int64_t>(topic_.size()) + 4 + 4 + 2;
  // 65,536 further than it is.
  const RuleId rule = proxy.Arm(
      {.api_key = kProduce, .client_id_prefix = "replicator", .fault = Fault::FlipBody(base_offset_at + 5, "\x01")});
  ASSERT_TRUE(proxy.WaitForHits(rule, 1, absl::Now() + kStrikeTimeout));
  ASSERT_TRUE(replicator_->WaitForLog("is quarantined (foreign-write)", kStrikeTimeout)) << replicator_->LogTail();
  const int64_t before = RecordsOrFail(scene_->TargetRecords(topic_));
  EXPECT_TRUE(scene_->WaitForTargetRecords(topic_, before + 1'000)) << replicator_->LogTail();
  absl::StatusOr<ExitStatus> ended = replicator_->Stop(kStopPatience);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->code, Code(ExitCode::kQuarantined)) << replicator_->LogTail();
  ASSERT_NO_FATAL_FAILURE(ResumeQuarantined());
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
  End();
}

// What every broker of one cluster does not answer once, while a process starts.
struct LostAtStart {
  bool at_source;
  ApiKey api_key;
  // The process ends with the code for an unreachable cluster; else it asks again, and copies.
  bool ends;
};

// What has to be known of a cluster before anything is begun is asked once of each broker; the rest is asked again.
constexpr LostAtStart kLostAtStart[] = {
    {true, kApiVersions, true},      {true, kMetadata, true},          {true, kDescribeConfigs, false},
    {true, kListOffsets, false},     {false, kApiVersions, true},      {false, kMetadata, true},
    {false, kInitProducerId, false}, {false, kDescribeConfigs, false}, {false, kCreateTopics, false},
    {false, kListOffsets, false},
};

// A start that cannot get its answers ends, or asks again, as the table says; the next one goes on in any case.
TEST_F(AmbiguousAnswersTest, AnswersLostDuringTheStart) {
  for (const LostAtStart& lost : kLostAtStart) {
    const KafkaCluster& cluster = lost.at_source ? scene_->source() : scene_->target();
    SCOPED_TRACE(absl::StrCat("api ", lost.api_key, " of ", cluster.version()));
    ASSERT_NO_FATAL_FAILURE(
        FillFromNowOn(absl::StrCat("start-", lost.api_key, lost.at_source ? "-source" : "-target"), 1, 500));
    Rules armed;
    for (FaultProxy* proxy : Proxies(cluster)) {
      armed.emplace_back(proxy, proxy->Arm({.api_key = lost.api_key,
                                            .client_id_prefix = "replicator",
                                            .fault = Fault::SwallowResponseThenCut()}));
    }
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    const auto has_copied = [&] { return scene_->TargetHas(topic_, 1); };
    ASSERT_TRUE(Eventually("it ends or copies", [&] { return !replicator_->Running() || has_copied(); }))
        << replicator_->LogTail();
    EXPECT_TRUE(AnyHit(armed)) << "no request was struck\n" << replicator_->Log();
    for (const auto& [proxy, rule] : armed) proxy->Remove(rule);
    EXPECT_EQ(!replicator_->Running(), lost.ends) << replicator_->Log();
    if (!replicator_->Running()) {
      absl::StatusOr<ExitStatus> ended = replicator_->Wait(kPatience);
      ASSERT_TRUE(ended.ok()) << ended.status();
      EXPECT_EQ(ended->code, Code(ExitCode::kUnreachable)) << replicator_->LogTail();
      ASSERT_NO_FATAL_FAILURE(StartReplicator());
    }
    ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
    End();
  }
}

}  // namespace
}  // namespace replicator::tests
