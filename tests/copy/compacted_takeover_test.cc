// The source's log cleaner rewrites what was copied last while nobody copies, and the state folder is lost: the next
// life finds its place by the records that are left, and leaves out and doubles nothing. Where nothing is left to find
// it by, the partition stops instead.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/record_stream.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 2;
// Sequences, which are keys: every partition has each second one.
constexpr int64_t kBulk = 1'000;
constexpr int64_t kLast = 40;  // 20 of each partition, written as one batch
constexpr absl::Duration kForever = absl::Hours(24 * 3650);

struct KeyedRecord {
  std::string key;
  std::optional<std::string> value;
  int64_t timestamp_ms = 0;
  auto operator<=>(const KeyedRecord&) const = default;
};
using Records = std::vector<KeyedRecord>;

// What a log cleaner that has been everywhere leaves: of each key the newest.
Records Compacted(const Records& all) {
  std::map<std::string, size_t> newest;
  for (size_t i = 0; i < all.size(); ++i) newest[all[i].key] = i;
  Records left;
  for (size_t i = 0; i < all.size(); ++i) {
    if (newest[all[i].key] == i) left.push_back(all[i]);
  }
  return left;
}

std::map<std::string, std::string> FinalState(const Records& records) {
  std::map<std::string, std::string> state;
  for (const KeyedRecord& record : records) {
    if (record.value.has_value()) {
      state[record.key] = *record.value;
    } else {
      state.erase(record.key);
    }
  }
  return state;
}

// Which keys are overwritten once the copy has stopped.
enum class Overwritten { kPartOfTheLastBatch, kAllOfTheLastBatch, kEverything };

struct Topic {
  std::string name;
  std::string codec;
  Overwritten overwritten;
  bool transactions = false;
};

class CompactedTakeoverTest : public SceneTest<OneToOne> {
 protected:
  // Not to be cleaned before LetTheCleanerRun. The target's topic takes these settings over, and stays as it is.
  void Create(const Topic& topic) {
    ASSERT_OK(scene_->source_admin().CreateTopic(
        {.name = topic.name,
         .partitions = kPartitions,
         .configs = {{"cleanup.policy", "compact"},
                     {"min.cleanable.dirty.ratio", "0.001"},
                     {"segment.ms", absl::StrCat(absl::ToInt64Milliseconds(kSegmentAge))},
                     {"min.compaction.lag.ms", absl::StrCat(absl::ToInt64Milliseconds(kForever))}}}));
  }

  // Sequences from `first` on to below `end`. Each call has times of its own, so far behind those of the call before
  // that the broker begins another segment.
  void Write(const Topic& topic, int64_t first, int64_t end) {
    LoadOptions load = scene_->Load(topic.name, kPartitions);
    load.codec = topic.codec;
    load.value_bytes = 200;
    load.headers = 2;
    load.first_sequence = first;
    load.records_total = end - first;
    load.tombstone_every = 7;
    load.seed = static_cast<uint64_t>(++writes_);
    load.timestamp_base_ms = absl::ToUnixMillis(begun_ + writes_ * 2 * kSegmentAge);
    if (topic.transactions) {
      load.records_per_transaction = 16;
      load.abort_share = 0.3;
    }
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  }

  // The partitions of which the log says so, once or more often.
  static std::set<std::string> FoundByRecords(const ReplicatorProcess& replicator) {
    std::set<std::string> partitions;
    for (const std::string& line : replicator.LogLines("found record by record")) {
      const std::vector<std::string> words = absl::StrSplit(line, ": the place");
      partitions.insert(words.front().substr(words.front().rfind(' ') + 1));
    }
    return partitions;
  }

  static absl::StatusOr<Records> Read(KafkaCluster& cluster, ClusterAdmin& admin, const std::string& topic,
                                      int partition) {
    absl::StatusOr<std::vector<OffsetRange>> ends = admin.Offsets(topic);
    if (!ends.ok()) return ends.status();
    const OffsetRange range = ends->at(static_cast<size_t>(partition));
    absl::StatusOr<std::unique_ptr<RecordStream>> stream =
        RecordStream::Open({.bootstrap_servers = cluster.direct_bootstrap_servers(),
                            .read_committed = true,
                            .ranges = {{topic, partition, range.start, range.end}}});
    if (!stream.ok()) return stream.status();
    Records records;
    const absl::Time deadline = absl::Now() + kPatience;
    while (!(*stream)->all_finished()) {
      if (absl::Now() > deadline) return absl::DeadlineExceededError(absl::StrCat("reading ", topic));
      absl::Status polled = (*stream)->Poll(absl::Milliseconds(100), [&](size_t, const rd_kafka_message_t& message) {
        KeyedRecord record;
        record.key.assign(static_cast<const char*>(message.key), message.key_len);
        if (message.payload != nullptr)
          record.value = std::string(static_cast<const char*>(message.payload), message.len);
        record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
        records.push_back(std::move(record));
      });
      if (!polled.ok()) return polled;
    }
    return records;
  }
  Records Source(const std::string& topic, int partition) {
    absl::StatusOr<Records> records = Read(scene_->source(), scene_->source_admin(), topic, partition);
    EXPECT_TRUE(records.ok()) << records.status();
    return records.ok() ? *records : Records();
  }
  Records Target(const std::string& topic, int partition) {
    absl::StatusOr<Records> records = Read(scene_->target(), scene_->target_admin(), topic, partition);
    EXPECT_TRUE(records.ok()) << records.status();
    return records.ok() ? *records : Records();
  }

  // A first life copies everything, and is killed. What it copied is kept in `copied_`.
  void CopyAll(const std::vector<Topic>& topics, ReplicatorOptions& options) {
    for (const Topic& topic : topics) {
      ASSERT_NO_FATAL_FAILURE(Create(topic));
      ASSERT_NO_FATAL_FAILURE(Write(topic, 0, kBulk));
      ASSERT_NO_FATAL_FAILURE(Write(topic, kBulk / 5, kBulk / 2));
      ASSERT_NO_FATAL_FAILURE(Write(topic, kBulk, kBulk + kLast));
    }
    const std::unique_ptr<ReplicatorProcess> replicator = Run(options);
    ASSERT_NE(replicator, nullptr);
    for (const Topic& topic : topics) {
      EXPECT_TRUE(scene_->Equal({topic.name}, topic.transactions)) << replicator->LogTail();
      for (int p = 0; p < kPartitions; ++p) copied_[topic.name].push_back(Source(topic.name, p));
    }
    ASSERT_OK(replicator->Kill9());
    EXPECT_TRUE(IsHealthy(*replicator));
  }

  // Newer records of keys that were copied, in batches without keys twice: the cleaner leaves those whole.
  void Overwrite(Topic topic) {
    topic.transactions = false;
    switch (topic.overwritten) {
      case Overwritten::kPartOfTheLastBatch:
        ASSERT_NO_FATAL_FAILURE(Write(topic, kBulk / 3, kBulk / 2));
        ASSERT_NO_FATAL_FAILURE(Write(topic, kBulk + kLast / 2, kBulk + kLast));
        break;
      case Overwritten::kAllOfTheLastBatch:
        // What comes before it too.
        ASSERT_NO_FATAL_FAILURE(Write(topic, kBulk / 2 - kLast, kBulk / 2));
        ASSERT_NO_FATAL_FAILURE(Write(topic, kBulk - kLast, kBulk + kLast));
        break;
      case Overwritten::kEverything:
        ASSERT_NO_FATAL_FAILURE(Write(topic, 0, kBulk + kLast));
        break;
    }
    ASSERT_NO_FATAL_FAILURE(Write(topic, 2 * kBulk, 2 * kBulk + 20));
  }

  // Returns when the cleaner has been through everything. What the source held before is kept in `written_`.
  void Clean(const std::vector<Topic>& topics) {
    for (const Topic& topic : topics) {
      for (int p = 0; p < kPartitions; ++p) written_[topic.name].push_back(Source(topic.name, p));
      ASSERT_OK(scene_->source_admin().AlterTopicConfigs(topic.name, {{"min.compaction.lag.ms", "0"}}));
    }
    for (const Topic& topic : topics) {
      for (int p = 0; p < kPartitions; ++p) {
        const Records left = Compacted(written_[topic.name][p]);
        ASSERT_LT(left.size(), written_[topic.name][p].size());
        ASSERT_TRUE(Eventually("the source is cleaned", [&] { return Source(topic.name, p) == left; }))
            << topic.name << "-" << p;
      }
    }
  }

  // The target, which keeps everything, gets all that was ever written, once and in order.
  void ExpectEverythingArrives(const std::vector<Topic>& topics, const ReplicatorProcess& replicator) {
    for (const Topic& topic : topics) {
      for (int p = 0; p < kPartitions; ++p) {
        const Records& written = written_[topic.name][p];
        EXPECT_TRUE(Eventually("everything arrives", [&] { return Target(topic.name, p).size() >= written.size(); }))
            << topic.name << "-" << p << ": " << replicator.LogTail();
        const Records target = Target(topic.name, p);
        EXPECT_EQ(target.size(), written.size()) << topic.name << "-" << p;
        EXPECT_TRUE(target == written) << topic.name << "-" << p;
        EXPECT_EQ(FinalState(target), FinalState(Source(topic.name, p))) << topic.name << "-" << p;
      }
    }
  }

  // Of the records that were written last before the copy stopped, how many the source still has.
  int64_t LeftOfLastBatch(const Topic& topic, int partition) {
    const Records& copied = copied_[topic.name][partition];
    const Records now = Source(topic.name, partition);
    const std::set<KeyedRecord> left(now.begin(), now.end());
    return std::count_if(copied.end() - kLast / kPartitions, copied.end(),
                         [&](const KeyedRecord& record) { return left.contains(record); });
  }

  // The next process is on a new machine, and what the link kept on the target is gone.
  void LoseAllMemory(ReplicatorOptions& options) {
    options.state_dir = options.dir + "/state-of-a-new-machine";
    ASSERT_OK(scene_->target_admin().DeleteTopic(absl::StrCat("replicator-link.old-to-", options.link, ".internal")));
  }

  static constexpr absl::Duration kSegmentAge = absl::Seconds(10);

  // The times of transactions' markers are the broker's: what is written later has to be younger, to begin a segment.
  const absl::Time begun_ = absl::Now();
  int writes_ = 0;
  std::map<std::string, std::vector<Records>> copied_;
  std::map<std::string, std::vector<Records>> written_;
};

TEST_F(CompactedTakeoverTest, WhatIsLeftOfTheCopiedRecordsTellsThePlace) {
  std::vector<Topic> topics;
  for (const std::string codec : {"none", "lz4", "zstd", "gzip", "snappy"})
    topics.push_back({absl::StrCat("compacted-part-", codec), codec, Overwritten::kPartOfTheLastBatch});
  for (const std::string codec : {"none", "lz4"})
    topics.push_back({absl::StrCat("compacted-whole-", codec), codec, Overwritten::kAllOfTheLastBatch});
  topics.push_back({"compacted-transactions", "lz4", Overwritten::kAllOfTheLastBatch, /*transactions=*/true});
  ReplicatorOptions options = scene_->Replicator("compacted-part-.*|compacted-whole-.*|compacted-transactions");
  ASSERT_NO_FATAL_FAILURE(CopyAll(topics, options));
  for (const Topic& topic : topics) ASSERT_NO_FATAL_FAILURE(Overwrite(topic));
  ASSERT_NO_FATAL_FAILURE(Clean(topics));
  for (const Topic& topic : topics) {
    for (int p = 0; p < kPartitions; ++p) {
      const int64_t left = LeftOfLastBatch(topic, p);
      EXPECT_LT(left, kLast / kPartitions) << topic.name << "-" << p;
      if (topic.overwritten == Overwritten::kPartOfTheLastBatch) EXPECT_GT(left, 0) << topic.name << "-" << p;
      if (topic.overwritten == Overwritten::kAllOfTheLastBatch) EXPECT_EQ(left, 0) << topic.name << "-" << p;
    }
  }
  ASSERT_NO_FATAL_FAILURE(LoseAllMemory(options));
  const std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ExpectEverythingArrives(topics, *replicator);
  EXPECT_EQ(FoundByRecords(*replicator).size(), topics.size() * kPartitions) << replicator->Log();
  EXPECT_TRUE(StopsHealthy(*replicator));
}

// G: what compaction made of the last copied batch is no other history.
TEST_F(CompactedTakeoverTest, WithItsStateFolderItGoesOnWhateverIsLeft) {
  std::vector<Topic> topics;
  for (const Overwritten overwritten :
       {Overwritten::kPartOfTheLastBatch, Overwritten::kAllOfTheLastBatch, Overwritten::kEverything})
    topics.push_back({absl::StrCat("compacted-own-", static_cast<int>(overwritten)), "lz4", overwritten});
  topics.push_back({"compacted-own-transactions", "zstd", Overwritten::kPartOfTheLastBatch, /*transactions=*/true});
  ReplicatorOptions options = scene_->Replicator("compacted-own-.*");
  ASSERT_NO_FATAL_FAILURE(CopyAll(topics, options));
  for (const Topic& topic : topics) ASSERT_NO_FATAL_FAILURE(Overwrite(topic));
  ASSERT_NO_FATAL_FAILURE(Clean(topics));
  const std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  ExpectEverythingArrives(topics, *replicator);
  EXPECT_TRUE(StopsHealthy(*replicator));
}

TEST_F(CompactedTakeoverTest, WithNothingLeftItStopsAndSaysWhatToDo) {
  const std::vector<Topic> topics = {{"compacted-hot", "lz4", Overwritten::kEverything}};
  ReplicatorOptions options = scene_->Replicator("compacted-hot");
  ASSERT_NO_FATAL_FAILURE(CopyAll(topics, options));
  ASSERT_NO_FATAL_FAILURE(Overwrite(topics.front()));
  ASSERT_NO_FATAL_FAILURE(Clean(topics));
  ASSERT_NO_FATAL_FAILURE(LoseAllMemory(options));
  const std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  for (int p = 0; p < kPartitions; ++p) {
    EXPECT_TRUE(
        replicator->WaitForLog(absl::StrCat("compacted-hot-", p, " is quarantined (target-not-ours)"), kPatience))
        << replicator->LogTail();
    EXPECT_TRUE(Target("compacted-hot", p) == copied_["compacted-hot"][p]);
  }
  EXPECT_TRUE(replicator->LogHas("replicator resume --topic=compacted-hot")) << replicator->LogTail();
  const absl::StatusOr<ExitStatus> stopped = replicator->Stop(ReplicatorProcess::kStopTimeout);
  EXPECT_TRUE(stopped.ok()) << stopped.status();
}

}  // namespace
}  // namespace replicator::tests
