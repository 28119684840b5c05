// What a source's disk can do to a log: a batch is damaged, a length is, a segment is lost. The partition stops and
// says where, with a way past it, or the loss is counted; the other topics of the link go on.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

// Of each batch, and of each segment. The records fill several times as many bytes as a batch has in its header.
constexpr int64_t kRecords = 200;
constexpr int64_t kBatches = 4;
constexpr absl::Duration kSegmentAge = absl::Seconds(10);
// Within a segment: the length of its one batch, and the middle of its records.
constexpr int64_t kLengthAt = 8;
constexpr int64_t kPayloadAt = 5'000;

class DamagedSourceTest : public SceneTest<OneToOne> {
 protected:
  // Partition 0 of the topic has kBatches batches, each in a segment of its own. A neighbour has nothing wrong.
  void Create(const std::string& topic) {
    topic_ = topic;
    neighbour_ = topic + "-neighbour";
    configs_["segment.ms"] = absl::StrCat(absl::ToInt64Milliseconds(kSegmentAge));
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topic_, 1, configs_));
    ASSERT_NO_FATAL_FAILURE(Fill(neighbour_, 1, kRecords));
    const absl::Time begun = absl::Now();
    for (int64_t batch = 0; batch < kBatches; ++batch) {
      LoadOptions load = scene_->Load(topic_, 1);
      load.first_sequence = batch * kRecords;
      load.records_total = kRecords;
      load.value_bytes = 100;
      load.linger_ms = 60'000;  // one batch, which is sent when the load is flushed
      // Times so far apart begin a segment each.
      load.timestamp_base_ms = absl::ToUnixMillis(begun + 2 * batch * kSegmentAge);
      ASSERT_NO_FATAL_FAILURE(WriteAll(load));
    }
    for (int64_t batch = 0; batch < kBatches; ++batch) ASSERT_TRUE(std::filesystem::exists(Segment(batch))) << batch;
  }

  // Of its one batch.
  std::string Segment(int64_t batch, const std::string& ending = ".log") {
    return absl::StrCat(scene_->source().LogDir(1), "/", topic_, "-0/", absl::StrFormat("%020d", batch * kRecords),
                        ending);
  }

  // Turns a byte of the second batch over, and back the next time. The broker serves it as it is.
  void Flip(int64_t at) {
    const int file = open(Segment(1).c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_GE(file, 0);
    char byte = 0;
    ASSERT_EQ(pread(file, &byte, 1, at), 1);
    byte = static_cast<char>(~byte);
    ASSERT_EQ(pwrite(file, &byte, 1, at), 1);
    close(file);
  }

  void Start() {
    link_ = std::make_unique<WatchedLink>(scene_->Replicator(topic_ + ".*"));
    ASSERT_OK(link_->Start());
  }

  CommandOutput Resume(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"resume", "--topic=" + topic_, "--partition=0"});
    return link_->Run(more);
  }

  // At the second batch.
  void ExpectStopped(const std::vector<std::string>& words) {
    ASSERT_TRUE(link_->ReachesCode(topic_, "malformed-batch"));
    const std::string reason = link_->PartitionStatus(topic_, 0).at("quarantine").at("reason");
    for (const std::string& word : words) EXPECT_TRUE(absl::StrContains(reason, word)) << word << "\n" << reason;
    EXPECT_EQ(RecordsOrFail(scene_->TargetRecords(topic_)), kRecords);
    EXPECT_TRUE(scene_->Equal({neighbour_})) << link_->process().LogTail();
    EXPECT_EQ(link_->Code(neighbour_), WatchedLink::kNoCode);
  }

  // Behind the first batch.
  void ExpectEqualFrom(int64_t batch) {
    ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, kRecords)) << link_->process().LogTail();
    Verifier verifier({.source_bootstrap_servers = scene_->source().direct_bootstrap_servers(),
                       .target_bootstrap_servers = scene_->target().direct_bootstrap_servers(),
                       .topics = {topic_},
                       .source_start_offsets = {{{topic_, 0}, batch * kRecords}},
                       .target_start_offsets = {{{topic_, 0}, kRecords}}});
    absl::StatusOr<VerifyResult> result = verifier.WaitUntilEqual(kPatience);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_TRUE(result->equal) << result->Summary() << link_->process().LogTail();
  }

  std::map<std::string, std::string> configs_;
  std::string neighbour_;
  std::unique_ptr<WatchedLink> link_;
};

TEST_F(DamagedSourceTest, ADamagedBatchIsNamedAndCanBeLeftOut) {
  ASSERT_NO_FATAL_FAILURE(Create("damaged"));
  ASSERT_NO_FATAL_FAILURE(Flip(kPayloadAt));
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string from = absl::StrCat("--from=", 2 * kRecords);
  ASSERT_NO_FATAL_FAILURE(ExpectStopped({absl::StrCat("the batch at source offset ", kRecords, " is damaged"),
                                         absl::StrCat("holds ", kRecords, " records"), from}));
  const CommandOutput asked = Resume({from});
  EXPECT_EQ(asked.code, Code(ExitCode::kBlocked)) << asked.text;
  EXPECT_TRUE(absl::StrContains(asked.text, absl::StrCat("at most ", kRecords, " records, are never copied")))
      << asked.text;
  const CommandOutput resumed = Resume({from, "--yes"});
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  ASSERT_NO_FATAL_FAILURE(ExpectEqualFrom(2));
  EXPECT_TRUE(link_->NothingIsQuarantined());
}

TEST_F(DamagedSourceTest, ADamagedBatchThatIsMendedGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Create("mended"));
  ASSERT_NO_FATAL_FAILURE(Flip(kPayloadAt));
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(ExpectStopped({"its checksum does not match"}));
  ASSERT_OK(link_->Kill9());
  ASSERT_OK(link_->Start());
  ASSERT_TRUE(link_->ReachesState(neighbour_, "caught up"));
  EXPECT_EQ(link_->Code(topic_), "malformed-batch") << "it holds across restarts";
  CommandOutput resumed = Resume();
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  ASSERT_NO_FATAL_FAILURE(ExpectStopped({"its checksum does not match"}));
  ASSERT_NO_FATAL_FAILURE(Flip(kPayloadAt));
  resumed = Resume();
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  EXPECT_TRUE(scene_->Equal({topic_})) << link_->process().LogTail();
  EXPECT_TRUE(link_->NothingIsQuarantined());
}

// The broker itself finds no batch there.
TEST_F(DamagedSourceTest, ADamagedLengthIsNamedAndItsSegmentCanBeLeftOut) {
  ASSERT_NO_FATAL_FAILURE(Create("unreadable"));
  ASSERT_NO_FATAL_FAILURE(Flip(kLengthAt));
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(
      ExpectStopped({absl::StrCat("at offset ", kRecords), "CORRUPT_MESSAGE", "resume with --from="}));
  const CommandOutput resumed = Resume({absl::StrCat("--from=", 2 * kRecords), "--yes"});
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  ASSERT_NO_FATAL_FAILURE(ExpectEqualFrom(2));
}

// H
TEST_F(DamagedSourceTest, ALostSegmentIsAGapThatIsCountedAndNamed) {
  ASSERT_NO_FATAL_FAILURE(Create("lost-segment"));
  ASSERT_OK(scene_->source().Terminate(1));
  for (const char* ending : {".log", ".index", ".timeindex"}) std::filesystem::remove(Segment(2, ending));
  ASSERT_OK(scene_->source().Start(1));
  ASSERT_OK(scene_->source().WaitReady());
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(ExpectEqualFrom(1));
  EXPECT_TRUE(scene_->Equal({neighbour_})) << link_->process().LogTail();
  const auto lost = [&] { return link_->PartitionStatus(topic_, 0).value("records_lost", int64_t{0}); };
  EXPECT_TRUE(Eventually("the loss is counted", [&] { return lost() == kRecords; })) << link_->Status();
  const std::string line = absl::StrCat(topic_, "-0: the source's log has a gap: offsets ", 2 * kRecords, " to ",
                                        3 * kRecords - 1, " are not there");
  EXPECT_TRUE(Eventually("the loss is named", [&] { return link_->process().LogHas(line); }))
      << link_->process().LogTail();
  const auto alarms = [&] {
    const CommandOutput check = link_->Run({"status", "--check"});
    return check.code == Code(ExitCode::kCopyBehind) &&
           absl::StrContains(check.text, absl::StrCat(topic_, ": ", kRecords, " offsets LOST at the source"));
  };
  EXPECT_TRUE(Eventually("the check alarms", alarms));
  EXPECT_TRUE(link_->NothingIsQuarantined());
  // The count outlives the process, and is not counted twice.
  ASSERT_OK(link_->Kill9());
  ASSERT_OK(link_->Start());
  EXPECT_TRUE(link_->ReachesState(topic_, "caught up"));
  EXPECT_EQ(lost(), kRecords);
  EXPECT_TRUE(Eventually("the check alarms", alarms));
}

// H. What is missing from a compacted log need not be a loss.
TEST_F(DamagedSourceTest, AGapInACompactedLogIsNone) {
  configs_ = {
      {"cleanup.policy", "compact"}, {"min.cleanable.dirty.ratio", "1.0"}, {"min.compaction.lag.ms", "3600000"}};
  ASSERT_NO_FATAL_FAILURE(Create("compacted-gap"));
  ASSERT_OK(scene_->source().Terminate(1));
  for (const char* ending : {".log", ".index", ".timeindex"}) std::filesystem::remove(Segment(2, ending));
  ASSERT_OK(scene_->source().Start(1));
  ASSERT_OK(scene_->source().WaitReady());
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(ExpectEqualFrom(1));
  EXPECT_EQ(link_->PartitionStatus(topic_, 0).at("records_lost"), 0);
  EXPECT_TRUE(StopsHealthy(link_->process()));
}

}  // namespace
}  // namespace replicator::tests
