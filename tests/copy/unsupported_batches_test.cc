// What a target would not take as it is stops its partition, with the reason and the remedy; the rest of the link goes
// on: batches with LogAppendTime, batches in which compaction has left holes, and batches of a format before Kafka
// 0.11.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/record_stream.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

// One partition each, and one batch for each call of Write.
constexpr int64_t kRecords = 200;

class UnsupportedBatches : public SceneFixture {
 protected:
  using SceneFixture::SceneFixture;

  // The topic and a neighbour that nothing is wrong with.
  void Create(const std::string& topic, std::map<std::string, std::string> configs) {
    topic_ = topic;
    neighbour_ = topic + "-neighbour";
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = topic_, .configs = std::move(configs)}));
    ASSERT_OK(scene_->source_admin().CreateTopic({.name = neighbour_}));
    ASSERT_NO_FATAL_FAILURE(Write(neighbour_, 0));
  }

  LoadOptions Load(const std::string& topic, int64_t first_sequence) {
    LoadOptions load = scene_->Load(topic, 1);
    load.first_sequence = first_sequence;
    load.records_total = kRecords;
    load.value_bytes = 100;
    load.linger_ms = 60'000;  // one batch, which is sent when the load is flushed
    return load;
  }
  void Write(const std::string& topic, int64_t first_sequence) { Write(Load(topic, first_sequence)); }
  void Write(const LoadOptions& load) { ASSERT_NO_FATAL_FAILURE(WriteAll(load)); }

  void Start() {
    ReplicatorOptions options = scene_->Replicator(topic_ + ".*");
    link_ = std::make_unique<WatchedLink>(options);
    ASSERT_OK(link_->Start());
  }

  // The reason says `words` and ends with `remedy`; the neighbour is copied on.
  void ExpectStopped(const std::string& words, const std::string& remedy) {
    ASSERT_TRUE(link_->ReachesCode(topic_, "unsupported-batch"));
    const std::string reason = link_->PartitionStatus(topic_, 0).at("quarantine").at("reason");
    EXPECT_TRUE(absl::StrContains(reason, words)) << reason;
    EXPECT_TRUE(absl::EndsWith(reason, remedy)) << reason;
    ASSERT_NO_FATAL_FAILURE(Write(neighbour_, kRecords));
    EXPECT_TRUE(scene_->Equal({neighbour_})) << link_->process().LogTail();
    EXPECT_EQ(link_->Code(neighbour_), WatchedLink::kNoCode);
    const CommandOutput check = link_->Run({"status", "--check"});
    EXPECT_EQ(check.code, Code(ExitCode::kQuarantined)) << check.text;
  }

  void Resume(const std::string& from) {
    const CommandOutput resumed = link_->Run({"resume", "--topic=" + topic_, "--partition=0", from, "--yes"});
    ASSERT_EQ(resumed.code, 0) << resumed.text;
  }

  // The target has what the source has from `source_start` on, behind what it has below `target_start`.
  void ExpectEqualFrom(int64_t source_start, int64_t target_start) {
    Verifier verifier({.source_bootstrap_servers = scene_->source().direct_bootstrap_servers(),
                       .target_bootstrap_servers = scene_->target().direct_bootstrap_servers(),
                       .topics = {topic_},
                       .source_start_offsets = {{{topic_, 0}, source_start}},
                       .target_start_offsets = {{{topic_, 0}, target_start}}});
    absl::StatusOr<VerifyResult> result = verifier.WaitUntilEqual(kPatience);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_TRUE(result->equal) << result->Summary() << link_->process().LogTail();
  }

  // Records that the source's log of the topic still has; nullopt while it cannot be read.
  std::optional<int64_t> RecordsLeft() {
    absl::StatusOr<std::vector<OffsetRange>> ends = scene_->source_admin().Offsets(topic_);
    if (!ends.ok()) return std::nullopt;
    absl::StatusOr<std::unique_ptr<RecordStream>> stream =
        RecordStream::Open({.bootstrap_servers = scene_->source().direct_bootstrap_servers(),
                            .read_committed = true,
                            .ranges = {{topic_, 0, ends->front().start, ends->front().end}}});
    if (!stream.ok()) return std::nullopt;
    int64_t records = 0;
    const absl::Time deadline = absl::Now() + kPatience;
    while (!(*stream)->all_finished() && absl::Now() < deadline) {
      const absl::Status polled =
          (*stream)->Poll(absl::Milliseconds(100), [&](size_t, const rd_kafka_message_t&) { ++records; });
      if (!polled.ok()) return std::nullopt;
    }
    return (*stream)->all_finished() ? std::optional(records) : std::nullopt;
  }

  std::string neighbour_;
  std::unique_ptr<WatchedLink> link_;
};

class UnsupportedBatchesTest : public SceneTest<OneToOne, UnsupportedBatches> {};

TEST_F(UnsupportedBatchesTest, LogAppendTimeIsNamedAndCanBePassed) {
  ASSERT_NO_FATAL_FAILURE(Create("append-time", {{"message.timestamp.type", "LogAppendTime"}}));
  ASSERT_NO_FATAL_FAILURE(Write(topic_, 0));
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string remedy = absl::StrCat("--from=", kRecords);
  ASSERT_NO_FATAL_FAILURE(ExpectStopped("carries LogAppendTime", remedy));
  // From now on the producers' times are kept, on both sides.
  for (ClusterAdmin* admin : {&scene_->source_admin(), &scene_->target_admin()})
    ASSERT_OK(admin->AlterTopicConfigs(topic_, {{"message.timestamp.type", std::nullopt}}));
  ASSERT_NO_FATAL_FAILURE(Write(topic_, kRecords));
  ASSERT_NO_FATAL_FAILURE(Resume(remedy));
  ASSERT_NO_FATAL_FAILURE(ExpectEqualFrom(kRecords, 0));
}

TEST_F(UnsupportedBatchesTest, HolesAreNamedAndCanBePassed) {
  constexpr absl::Duration kSegmentAge = absl::Seconds(10);
  ASSERT_NO_FATAL_FAILURE(Create("holes", {{"cleanup.policy", "compact"},
                                           {"min.cleanable.dirty.ratio", "0.001"},
                                           {"segment.ms", absl::StrCat(absl::ToInt64Milliseconds(kSegmentAge))}}));
  // The second half of the first batch is overwritten by the second one. Times so far apart begin a segment each, and
  // the cleaner leaves only the last segment alone.
  const absl::Time begun = absl::Now();
  const int64_t first_sequences[] = {0, kRecords / 2, 2 * kRecords};
  for (int write = 0; write < 3; ++write) {
    LoadOptions load = Load(topic_, first_sequences[write]);
    load.timestamp_base_ms = absl::ToUnixMillis(begun + 2 * write * kSegmentAge);
    ASSERT_NO_FATAL_FAILURE(Write(load));
  }
  ASSERT_TRUE(Eventually("the cleaner has left holes", [&] { return RecordsLeft() == 3 * kRecords - kRecords / 2; }));
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string remedy = absl::StrCat("--from=", kRecords);
  ASSERT_NO_FATAL_FAILURE(ExpectStopped(
      absl::StrCat("was compacted: ", kRecords / 2, " records are left of ", kRecords, " offsets"), remedy));
  ASSERT_NO_FATAL_FAILURE(Resume(remedy));
  ASSERT_NO_FATAL_FAILURE(ExpectEqualFrom(kRecords, 0));
}

struct OldestSource {
  static constexpr char kName[] = "1.1.1 x 1 to 4.3.1 x 1";
  static SceneOptions Options() { return {.source = {.version = "1.1.1"}, .target = {.version = "4.3.1"}}; }
};
class OldFormatTest : public SceneTest<OldestSource, UnsupportedBatches> {};

TEST_F(OldFormatTest, AFormatBeforeKafka011IsNamed) {
  ASSERT_NO_FATAL_FAILURE(Create("old-format", {{"message.format.version", "0.10.2"}}));
  LoadOptions load = Load(topic_, 0);
  load.client_properties["enable.idempotence"] = "false";  // that format has no room for a producer's id
  ASSERT_NO_FATAL_FAILURE(Write(load));
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(ExpectStopped("in the old record format (magic 1", "exclude the topic"));
}

}  // namespace
}  // namespace replicator::tests
