// Where offsets lie on the other side: every offset of a topic that was written in transactions, and of one whose head
// was deleted, after three kills and a resume, against what librdkafka reads on both sides.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/record_stream.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

using Json = nlohmann::json;

constexpr char kTransactional[] = "translated-transactions";
constexpr char kPlain[] = "translated-plain";
constexpr int64_t kRecords = 6'000;  // for each life
constexpr double kRecordsPerSecond = 1'500;
constexpr int kRecordsPerTransaction = 5;  // so that the map has many chunks
constexpr int64_t kDeletedHead = 1'234;
constexpr int64_t kForeign = 20;
constexpr size_t kOffsetsPerCommand = 2'000;

// A partition as a reader finds it: records by offset, as digests that differ between any two.
struct Log {
  int64_t start = 0;
  int64_t end = 0;
  std::map<int64_t, uint64_t> records;

  // The first record at or behind `offset`; the end when there is none.
  int64_t At(int64_t offset) const {
    auto record = records.lower_bound(offset);
    return record == records.end() ? end : record->first;
  }
};

absl::StatusOr<Log> ReadLog(ClusterAdmin& admin, const std::string& servers, const std::string& topic,
                            bool read_committed) {
  absl::StatusOr<std::vector<OffsetRange>> range = admin.Offsets(topic);
  if (!range.ok()) return range.status();
  Log log = {.start = range->front().start, .end = range->front().end, .records = {}};
  StreamOptions options;
  options.bootstrap_servers = servers;
  options.read_committed = read_committed;
  options.ranges = {{topic, 0, log.start, log.end}};
  absl::StatusOr<std::unique_ptr<RecordStream>> stream = RecordStream::Open(options);
  if (!stream.ok()) return stream.status();
  const absl::Time deadline = absl::Now() + kPatience;
  while (!(*stream)->all_finished() && !(*stream)->at_end(0)) {
    const absl::Status polled = (*stream)->Poll(absl::Seconds(1), [&](size_t, const rd_kafka_message_t& message) {
      log.records[message.offset] = RecordDigest(message, /*with_timestamp=*/true, /*with_offset=*/false);
    });
    if (!polled.ok()) return polled;
    if (absl::Now() > deadline) return absl::DeadlineExceededError(absl::StrCat(topic, " is not read to its end"));
  }
  return log;
}

class TranslationTest : public SceneTest<OneToOne> {
 protected:
  LoadOptions LoadOf(const std::string& topic) {
    LoadOptions load = scene_->Load(topic, 1);
    load.first_sequence = next_sequence_[topic];
    load.value_bytes = 100;
    load.linger_ms = 1;
    if (topic == kTransactional) {
      load.records_per_transaction = kRecordsPerTransaction;
      load.abort_share = 0.2;
    }
    return load;
  }

  void Write(const std::string& topic, int64_t records, double records_per_second = 0) {
    LoadOptions load = LoadOf(topic);
    load.records_total = records;
    load.records_per_second = records_per_second;
    LoadCounts counts;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load, &counts));
    next_sequence_[topic] = counts.next_sequence;
  }

  // The process dies in the middle of what is written, and another one goes on.
  void KillWhileItCopies() {
    ASSERT_NO_FATAL_FAILURE(StartProducer(LoadOf(kTransactional)));
    ASSERT_NO_FATAL_FAILURE(Write(kPlain, kRecords, kRecordsPerSecond));
    ASSERT_OK(link_->process().Kill9());
    ASSERT_OK(link_->Start());
    LoadCounts counts;
    ASSERT_NO_FATAL_FAILURE(StopProducer(&counts));
    next_sequence_[kTransactional] = counts.next_sequence;
  }

  // Somebody writes into the target of both topics, and the operator goes on behind that.
  void ResumeBehindForeignRecords() {
    for (const char* topic : {kTransactional, kPlain}) {
      LoadOptions foreign = scene_->Load(topic, 1);
      foreign.bootstrap_servers = scene_->target().bootstrap_servers();
      foreign.first_sequence = 1'000'000'000;  // so that its records are no copies
      foreign.records_total = kForeign;
      ASSERT_NO_FATAL_FAILURE(WriteAll(foreign));
      ASSERT_NO_FATAL_FAILURE(Write(topic, 500));
      ASSERT_TRUE(link_->ReachesCode(topic, "foreign-write"));
      const int64_t position = link_->PartitionStatus(topic, 0).at("copied_to").get<int64_t>();
      const CommandOutput resumed = link_->Run(
          {"resume", absl::StrCat("--topic=", topic), "--partition=0", absl::StrCat("--from=", position), "--yes"});
      ASSERT_EQ(resumed.code, 0) << resumed.text;
    }
  }

  // The answers to `offsets`, as the command gives them.
  std::vector<Json> Ask(const std::string& topic, const std::vector<int64_t>& offsets, bool reverse) {
    std::vector<Json> answers;
    for (size_t at = 0; at < offsets.size(); at += kOffsetsPerCommand) {
      std::vector<std::string> arguments = {"offsets",       "translate",
                                            "--json",        "--topic=" + topic,
                                            "--partition=0", absl::StrCat("--reverse=", reverse ? "true" : "false")};
      for (size_t i = at; i < std::min(at + kOffsetsPerCommand, offsets.size()); ++i)
        arguments.push_back(absl::StrCat("--offset=", offsets[i]));
      const CommandOutput output = link_->Run(arguments);
      const Json told = Json::parse(output.text, nullptr, /*allow_exceptions=*/false);
      EXPECT_TRUE(told.is_object()) << output.code << ": " << output.text.substr(0, 1000);
      if (!told.is_object()) return {};
      for (const Json& answer : told.at("answers")) answers.push_back(answer);
    }
    EXPECT_EQ(answers.size(), offsets.size());
    return answers;
  }

  // Each offset of the source, and each of the target.
  void ExpectExact(const std::string& topic) {
    const absl::StatusOr<Log> source =
        ReadLog(scene_->source_admin(), scene_->source().bootstrap_servers(), topic, /*read_committed=*/true);
    ASSERT_OK(source.status());
    const absl::StatusOr<Log> target =
        ReadLog(scene_->target_admin(), scene_->target().bootstrap_servers(), topic, /*read_committed=*/false);
    ASSERT_OK(target.status());
    // A batch that was under way when the partition stopped has landed behind the foreign records, and comes again: the
    // link knows the second.
    std::map<uint64_t, int64_t> target_of;
    for (const auto& [offset, digest] : target->records) target_of[digest] = offset;
    ExpectExactForward(topic, *source, *target, target_of);
    ExpectExactBack(topic, *source, *target, target_of);
  }

  void ExpectExactForward(const std::string& topic, const Log& source, const Log& target,
                          const std::map<uint64_t, int64_t>& target_of) {
    std::vector<int64_t> offsets;
    for (int64_t offset = std::max<int64_t>(0, source.start - 50); offset <= source.end; ++offset)
      offsets.push_back(offset);
    const std::vector<Json> answers = Ask(topic, offsets, /*reverse=*/false);
    ASSERT_EQ(answers.size(), offsets.size());
    int wrong = 0;
    for (size_t i = 0; i < offsets.size() && wrong < 10; ++i) {
      const int64_t next = source.At(offsets[i]);
      const auto record = source.records.find(next);
      const int64_t expected = record == source.records.end() ? target.end : target_of.at(record->second);
      const bool is_right = answers[i].value("kind", "") == "exact" && answers[i].value("translated", -1) == expected &&
                            answers[i].value("is_same_record", false) == (next == offsets[i] && next < source.end);
      wrong += is_right ? 0 : 1;
      EXPECT_TRUE(is_right) << topic << ": source offset " << offsets[i] << " should be " << expected
                            << ", the record of " << next << ": " << answers[i].dump();
    }
  }

  void ExpectExactBack(const std::string& topic, const Log& source, const Log& target,
                       const std::map<uint64_t, int64_t>& target_of) {
    std::map<uint64_t, int64_t> source_of;
    for (const auto& [offset, digest] : source.records) source_of[digest] = offset;
    std::vector<int64_t> offsets;
    for (const auto& [offset, digest] : target.records) offsets.push_back(offset);
    const std::vector<Json> answers = Ask(topic, offsets, /*reverse=*/true);
    ASSERT_EQ(answers.size(), offsets.size());
    int wrong = 0;
    int64_t unknown = 0;
    for (size_t i = 0; i < offsets.size() && wrong < 10; ++i) {
      const uint64_t digest = target.records.at(offsets[i]);
      const auto source_offset = source_of.find(digest);
      const bool is_unknown = source_offset == source_of.end() || target_of.at(digest) != offsets[i];
      unknown += is_unknown ? 1 : 0;
      const bool is_right = is_unknown ? answers[i].value("kind", "") == "unknown"
                                       : answers[i].value("kind", "") == "exact" &&
                                             answers[i].value("translated", -1) == source_offset->second &&
                                             answers[i].value("is_same_record", false);
      wrong += is_right ? 0 : 1;
      EXPECT_TRUE(is_right) << topic << ": target offset " << offsets[i] << ": " << answers[i].dump();
    }
    EXPECT_GE(unknown, kForeign);
  }

  std::unique_ptr<WatchedLink> link_;
  std::map<std::string, int64_t> next_sequence_;
};

TEST_F(TranslationTest, EveryOffsetIsExactAfterKillsAndAResume) {
  ASSERT_NO_FATAL_FAILURE(CreateTopic(kTransactional));
  ASSERT_NO_FATAL_FAILURE(CreateTopic(kPlain));
  ASSERT_NO_FATAL_FAILURE(Write(kTransactional, kRecords));
  ASSERT_NO_FATAL_FAILURE(Write(kPlain, kDeletedHead));
  ASSERT_NO_FATAL_FAILURE(Write(kPlain, kRecords));  // another batch begins behind the head
  ASSERT_OK(scene_->source_admin().DeleteRecords(kPlain, 0, kDeletedHead));
  link_ = std::make_unique<WatchedLink>(scene_->Replicator("translated-.*"));
  ASSERT_OK(link_->Start());
  for (int kill = 1; kill <= 3; ++kill) ASSERT_NO_FATAL_FAILURE(KillWhileItCopies());
  ASSERT_TRUE(link_->ReachesState(kTransactional, "caught up"));
  ASSERT_TRUE(link_->ReachesState(kPlain, "caught up"));
  ASSERT_NO_FATAL_FAILURE(ResumeBehindForeignRecords());
  ASSERT_NO_FATAL_FAILURE(KillWhileItCopies());
  ASSERT_TRUE(link_->ReachesState(kTransactional, "caught up"));
  ASSERT_TRUE(link_->ReachesState(kPlain, "caught up"));
  for (const char* topic : {kTransactional, kPlain}) ASSERT_NO_FATAL_FAILURE(ExpectExact(topic));
}

}  // namespace
}  // namespace replicator::tests
