// The verifier against real brokers: it must call a faithful copy equal and name what was done to a spoilt one.
#include "tests/cluster/verifier.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/load.h"
#include "tests/cluster/naive_copy.h"

namespace replicator::tests {
namespace {

#define ASSERT_OK(expression)                    \
  do {                                           \
    const absl::Status assert_ok = (expression); \
    ASSERT_TRUE(assert_ok.ok()) << assert_ok;    \
  } while (false)

constexpr int64_t kYearAgoMs = 1700000000000;
constexpr absl::Duration kTimeout = absl::Seconds(60);

using Records = std::vector<CopiedRecord>;

class VerifierTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    absl::StatusOr<std::vector<std::unique_ptr<KafkaCluster>>> clusters =
        KafkaCluster::LaunchAll({{.version = "3.1.2", .brokers = 1}, {.version = "4.3.1", .brokers = 1}});
    ASSERT_TRUE(clusters.ok()) << clusters.status();
    source_ = std::move(clusters->front());
    target_ = std::move(clusters->back());
  }

  static void TearDownTestSuite() {
    source_.reset();
    target_.reset();
  }

  // Creates the topic on both sides. Its records are old, and must not be retention's victims.
  static void CreateTopic(const std::string& topic, int partitions = 2) {
    for (KafkaCluster* cluster : {source_.get(), target_.get()}) {
      const absl::Status created =
          ClusterAdmin::Create(cluster->bootstrap_servers())
              .value()
              ->CreateTopic({.name = topic, .partitions = partitions, .configs = {{"retention.ms", "-1"}}});
      ASSERT_TRUE(created.ok()) << created;
    }
  }

  static LoadOptions SmallLoad(const std::string& topic) {
    return {.bootstrap_servers = source_->bootstrap_servers(),
            .topic = topic,
            .partitions = 2,
            .records_total = 200,
            .value_bytes = 100,
            .codec = "lz4",
            .headers = 3,
            .timestamp_base_ms = kYearAgoMs};
  }

  static absl::Status Copy(const std::string& topic, const EditRecord& edit = nullptr, bool read_committed = true) {
    return NaiveCopy({.source_bootstrap_servers = source_->bootstrap_servers(),
                      .target_bootstrap_servers = target_->bootstrap_servers(),
                      .topic = topic,
                      .read_committed = read_committed,
                      .edit = edit});
  }

  static Verifier VerifierOf(const std::vector<std::string>& topics, bool compare_offsets = false) {
    return Verifier({.source_bootstrap_servers = source_->bootstrap_servers(),
                     .target_bootstrap_servers = target_->bootstrap_servers(),
                     .topics = topics,
                     .compare_offsets = compare_offsets});
  }

  // 100 records in each of two partitions, copied with `edit`.
  static VerifyResult VerifySpoilt(const std::string& topic, const EditRecord& edit) {
    CreateTopic(topic);
    const absl::StatusOr<LoadCounts> written = WriteLoad(SmallLoad(topic));
    EXPECT_TRUE(written.ok()) << written.status();
    const absl::Status copied = Copy(topic, edit);
    EXPECT_TRUE(copied.ok()) << copied;
    return VerifierOf({topic}).Verify().value();
  }

  // An edit of the record at source offset 17 of partition 1.
  static EditRecord At17(const std::function<Records(CopiedRecord)>& edit) {
    return [edit](CopiedRecord record) {
      const bool chosen = record.partition == 1 && record.source_offset == 17;
      return chosen ? edit(std::move(record)) : Records{std::move(record)};
    };
  }

  // One field of one record changed.
  static void ExpectChanged(const std::string& topic, const std::string& field,
                            const std::function<void(CopiedRecord*)>& change) {
    const VerifyResult result = VerifySpoilt(topic, At17([&](CopiedRecord record) {
                                               change(&record);
                                               return Records{record};
                                             }));
    EXPECT_FALSE(result.equal);
    EXPECT_EQ(result.changed, 1);
    EXPECT_EQ(result.missing + result.duplicated + result.reordered + result.foreign, 0);
    EXPECT_EQ(result.first_difference, absl::StrCat("topic ", topic, " partition 1: source offset 17 ", field,
                                                    " differs from target offset 17"));
  }

  static std::unique_ptr<KafkaCluster> source_;
  static std::unique_ptr<KafkaCluster> target_;
};

std::unique_ptr<KafkaCluster> VerifierTest::source_;
std::unique_ptr<KafkaCluster> VerifierTest::target_;

TEST_F(VerifierTest, FaithfulCopyInEachCodecIsEqual) {
  std::vector<std::string> topics;
  int64_t bytes = 0;
  for (const char* codec : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    topics.push_back(absl::StrCat("faithful-", codec));
    CreateTopic(topics.back(), 3);
    LoadOptions load = SmallLoad(topics.back());
    load.partitions = 3;
    load.records_total = 20000;
    load.codec = codec;
    load.tombstone_every = 10;
    const absl::StatusOr<LoadCounts> counts = WriteLoad(load);
    ASSERT_TRUE(counts.ok()) << counts.status();
    bytes += counts->bytes;
    const absl::Status copied = Copy(topics.back());
    ASSERT_TRUE(copied.ok()) << copied;
  }
  const absl::StatusOr<VerifyResult> result = VerifierOf(topics, /*compare_offsets=*/true).Verify();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->equal) << result->Summary();
  EXPECT_EQ(result->records, 5 * 20000);
  EXPECT_EQ(result->bytes, bytes);
  EXPECT_EQ(result->partitions.size(), 15u);
  EXPECT_EQ(result->first_difference, "");
}

TEST_F(VerifierTest, MissingRecordIsFound) {
  const VerifyResult result = VerifySpoilt("missing", At17([](CopiedRecord) { return Records{}; }));
  EXPECT_FALSE(result.equal);
  EXPECT_EQ(result.missing, 1);
  EXPECT_EQ(result.duplicated + result.reordered + result.changed + result.foreign, 0);
  EXPECT_EQ(
      result.first_difference,
      "topic missing partition 1: source offset 17 is missing at the target: target offset 17 holds source offset 18");
  EXPECT_TRUE(result.partitions[0].equal);
  EXPECT_EQ(result.partitions[1].source_records, 100);
  EXPECT_EQ(result.partitions[1].target_records, 99);
}

TEST_F(VerifierTest, MissingTailIsFound) {
  const VerifyResult result = VerifySpoilt("missing-tail", [](CopiedRecord record) {
    return record.source_offset >= 90 ? Records{} : Records{std::move(record)};
  });
  EXPECT_EQ(result.missing, 20);
  EXPECT_EQ(result.first_difference,
            "topic missing-tail partition 0: source offset 90 is missing at the target: the target's end is reached");
}

TEST_F(VerifierTest, DuplicatedRecordIsFound) {
  const VerifyResult result = VerifySpoilt("duplicated", At17([](CopiedRecord record) {
                                             return Records{record, record};
                                           }));
  EXPECT_FALSE(result.equal);
  EXPECT_EQ(result.duplicated, 1);
  EXPECT_EQ(result.missing + result.reordered + result.changed + result.foreign, 0);
  EXPECT_EQ(result.first_difference, "topic duplicated partition 1: target offset 18 repeats source offset 17");
}

TEST_F(VerifierTest, ReorderedRecordsAreFound) {
  CopiedRecord held;
  const VerifyResult result = VerifySpoilt("reordered", [&](CopiedRecord record) {
    if (record.partition == 1 && record.source_offset == 17) {
      held = std::move(record);
      return Records{};
    }
    if (record.partition == 1 && record.source_offset == 18) return Records{std::move(record), held};
    return Records{std::move(record)};
  });
  EXPECT_FALSE(result.equal);
  EXPECT_EQ(result.reordered, 1);
  EXPECT_EQ(result.missing + result.duplicated + result.changed + result.foreign, 0);
  EXPECT_EQ(result.first_difference,
            "topic reordered partition 1: target offset 17 holds source offset 18 where source offset 17 belongs");
}

TEST_F(VerifierTest, ChangedFieldsAreFound) {
  ExpectChanged("changed-value", "value", [](CopiedRecord* record) { record->value->back() = '?'; });
  ExpectChanged("changed-key", "key", [](CopiedRecord* record) { record->key->append("x"); });
  ExpectChanged("null-value", "value", [](CopiedRecord* record) { record->value = std::nullopt; });
  ExpectChanged("header-value", "headers", [](CopiedRecord* record) { record->headers[0].second = "other"; });
  ExpectChanged("header-null", "headers", [](CopiedRecord* record) { record->headers[1].second = std::nullopt; });
  ExpectChanged("header-order", "headers",
                [](CopiedRecord* record) { std::swap(record->headers[0], record->headers[2]); });
  const std::string want = absl::StrCat("timestamp (", kYearAgoMs + 35, ", ", kYearAgoMs + 36, ")");
  ExpectChanged("timestamp", want, [](CopiedRecord* record) { ++record->timestamp_ms; });
}

TEST_F(VerifierTest, EmptyAndNullAreDifferent) {
  CreateTopic("empty", 1);
  LoadOptions load = SmallLoad("empty");
  load.partitions = 1;
  load.tombstone_every = 10;
  ASSERT_OK(WriteLoad(load).status());
  ASSERT_OK(Copy("empty", [](CopiedRecord record) {
    if (record.source_offset == 20) record.value = "";
    return Records{record};
  }));
  const absl::StatusOr<VerifyResult> result = VerifierOf({"empty"}).Verify();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->changed, 1);
  EXPECT_EQ(result->first_difference, "topic empty partition 0: source offset 20 value differs from target offset 20");
}

TEST_F(VerifierTest, AbortedRecordsBelongInNoCopy) {
  for (const char* topic : {"committed", "uncommitted"}) {
    CreateTopic(topic);
    LoadOptions load = SmallLoad(topic);
    load.records_total = 2000;
    load.records_per_transaction = 50;
    load.abort_share = 0.4;
    const absl::StatusOr<LoadCounts> counts = WriteLoad(load);
    ASSERT_TRUE(counts.ok()) << counts.status();
    ASSERT_GT(counts->records_aborted, 0);
    const bool faithful = topic == std::string("committed");
    const absl::Status copied = Copy(topic, nullptr, faithful);
    ASSERT_TRUE(copied.ok()) << copied;
    const absl::StatusOr<VerifyResult> result = VerifierOf({topic}).Verify();
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->equal, faithful) << result->Summary();
    EXPECT_EQ(result->records, counts->records);
    EXPECT_EQ(result->foreign, faithful ? 0 : counts->records_aborted);
  }
}

TEST_F(VerifierTest, OffsetsAreComparedIfAsked) {
  CreateTopic("gaps", 1);
  LoadOptions load = SmallLoad("gaps");
  load.partitions = 1;
  load.records_per_transaction = 100;
  ASSERT_OK(WriteLoad(load).status());
  ASSERT_OK(Copy("gaps"));
  EXPECT_TRUE(VerifierOf({"gaps"}).Verify()->equal);
  const absl::StatusOr<VerifyResult> result = VerifierOf({"gaps"}, /*compare_offsets=*/true).Verify();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->equal);
  EXPECT_EQ(result->changed, 100);
  EXPECT_EQ(result->first_difference, "topic gaps partition 0: source offset 101 is target offset 100");
}

TEST_F(VerifierTest, TopicsThatDoNotMatchAreDifferent) {
  CreateTopic("narrow", 1);
  ASSERT_OK(ClusterAdmin::Create(source_->bootstrap_servers()).value()->CreatePartitions("narrow", 2));
  ASSERT_OK(ClusterAdmin::Create(source_->bootstrap_servers()).value()->CreateTopic({.name = "lonely"}));
  const absl::StatusOr<VerifyResult> result = VerifierOf({"narrow", "lonely"}).Verify();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->equal);
  ASSERT_EQ(result->partitions.size(), 2u);
  EXPECT_EQ(result->partitions[0].first_difference, "topic narrow has 2 partitions at the source and 1 at the target");
  EXPECT_EQ(result->partitions[1].first_difference, "topic lonely is missing at the target");
  EXPECT_TRUE(absl::IsNotFound(VerifierOf({"nowhere"}).Verify().status()));
}

TEST_F(VerifierTest, WaitsForATargetThatFills) {
  CreateTopic("late");
  ASSERT_OK(WriteLoad(SmallLoad("late")).status());
  absl::StatusOr<VerifyResult> result = VerifierOf({"late"}).WaitUntilEqual(absl::Seconds(3));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->missing, 200) << result->Summary();
  std::thread waiter([&] { result = VerifierOf({"late"}).WaitUntilEqual(kTimeout); });
  const absl::Status copied = Copy("late");
  waiter.join();
  ASSERT_TRUE(copied.ok()) << copied;
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->equal) << result->Summary();
}

TEST_F(VerifierTest, WaitEndsAtTheFirstDifference) {
  CreateTopic("early");
  ASSERT_OK(WriteLoad(SmallLoad("early")).status());
  ASSERT_OK(Copy("early", [](CopiedRecord record) {
    return record.source_offset == 17 ? Records{} : Records{std::move(record)};
  }));
  const absl::Time begin = absl::Now();
  const absl::StatusOr<VerifyResult> result = VerifierOf({"early"}).WaitUntilEqual(kTimeout);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_LT(absl::Now() - begin, kTimeout / 2);
  EXPECT_EQ(result->missing, 2) << result->Summary();
}

TEST_F(VerifierTest, WaitIgnoresWhatARunningProducerAddsMeanwhileButNotDuplicates) {
  CreateTopic("running");
  ASSERT_OK(WriteLoad(SmallLoad("running")).status());
  ASSERT_OK(Copy("running"));
  ASSERT_OK(Copy("running", [](CopiedRecord record) {
    return record.source_offset == 99 ? Records{std::move(record)} : Records{};
  }));
  const absl::StatusOr<VerifyResult> result = VerifierOf({"running"}).WaitUntilEqual(kTimeout);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->duplicated, 2) << result->Summary();
}

}  // namespace
}  // namespace replicator::tests
