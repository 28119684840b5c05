// Records around an offset, as the proof of a cutover reads them.
#include "kafka/rdkafka/window_reader.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/load.h"

namespace replicator::tests {
namespace {

using kafka::RecordWindow;
using kafka::WindowReader;

constexpr int64_t kRecords = 1'000;

class WindowReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<KafkaCluster>> launched = KafkaCluster::Launch({});
    ASSERT_TRUE(launched.ok()) << launched.status();
    cluster_ = *std::move(launched);
    admin_ = ClusterAdmin::Create(cluster_->bootstrap_servers()).value();
    kafka::WindowReaderOptions options;
    options.cluster_name = "the cluster";
    options.bootstrap_servers = cluster_->bootstrap_servers();
    options.records_max = 10;
    absl::StatusOr<std::unique_ptr<WindowReader>> reader = WindowReader::Open(options);
    ASSERT_TRUE(reader.ok()) << reader.status();
    reader_ = *std::move(reader);
  }

  void Fill(const std::string& topic, uint64_t seed, double abort_share = 0) {
    const absl::Status created = admin_->CreateTopic({.name = topic, .partitions = 1});
    ASSERT_TRUE(created.ok()) << created;
    LoadOptions load;
    load.bootstrap_servers = cluster_->bootstrap_servers();
    load.topic = topic;
    load.records_total = kRecords;
    load.value_bytes = 100;
    load.headers = 3;
    load.seed = seed;
    load.timestamp_base_ms = absl::ToUnixMillis(absl::Now());
    if (abort_share > 0) {
      load.records_per_transaction = 100;
      load.abort_share = abort_share;
    }
    const absl::StatusOr<LoadCounts> counts = WriteLoad(load);
    ASSERT_TRUE(counts.ok()) << counts.status();
  }

  RecordWindow Read(const std::string& topic, int64_t offset) {
    const auto windows = reader_->Read({{topic, 0, offset}}, absl::Minutes(2));
    EXPECT_TRUE(windows.ok()) << windows.status();
    return windows.ok() ? windows->at(0) : RecordWindow{};
  }

  std::unique_ptr<KafkaCluster> cluster_;
  std::unique_ptr<ClusterAdmin> admin_;
  std::unique_ptr<WindowReader> reader_;
};

TEST_F(WindowReaderTest, ReadsWhatLiesAroundAnOffset) {
  ASSERT_NO_FATAL_FAILURE(Fill("plain", 1));
  const RecordWindow middle = Read("plain", 500);
  ASSERT_EQ(middle.before.size(), 10u);
  ASSERT_EQ(middle.after.size(), 10u);
  EXPECT_EQ(middle.before.front().offset, 490);
  EXPECT_EQ(middle.before.back().offset, 499);
  EXPECT_EQ(middle.after.front().offset, 500);
  EXPECT_FALSE(middle.reaches_start || middle.reaches_end);
  EXPECT_EQ(middle.log_start, 0);
  EXPECT_EQ(middle.high_watermark, kRecords);
  EXPECT_NE(middle.after[0].content, middle.after[1].content);

  const RecordWindow end = Read("plain", kRecords);
  EXPECT_EQ(end.before.size(), 10u);
  EXPECT_TRUE(end.after.empty() && end.reaches_end);
  const RecordWindow begin = Read("plain", 3);
  EXPECT_EQ(begin.before.size(), 3u);
  EXPECT_TRUE(begin.reaches_start);

  const absl::Status deleted = admin_->DeleteRecords("plain", 0, 100);
  ASSERT_TRUE(deleted.ok()) << deleted;
  const RecordWindow gone = Read("plain", 50);
  EXPECT_EQ(gone.log_start, 100);
  EXPECT_TRUE(gone.before.empty() && gone.reaches_start);
  ASSERT_FALSE(gone.after.empty());
  EXPECT_EQ(gone.after[0].offset, 100);

  // Several of one partition, in the order of the questions.
  const auto many = reader_->Read({{"plain", 0, 700}, {"plain", 0, 300}, {"plain", 0, 700}}, absl::Minutes(2));
  ASSERT_TRUE(many.ok()) << many.status();
  EXPECT_EQ(many->at(0).after, many->at(2).after);
  EXPECT_EQ(many->at(1).after[0].offset, 300);
}

TEST_F(WindowReaderTest, EqualRecordsHaveEqualDigestsAndAbortedOnesAreNotSeen) {
  ASSERT_NO_FATAL_FAILURE(Fill("one", 1));
  ASSERT_NO_FATAL_FAILURE(Fill("same", 1));
  ASSERT_NO_FATAL_FAILURE(Fill("other", 2));
  const RecordWindow one = Read("one", 500);
  const RecordWindow same = Read("same", 500);
  const RecordWindow other = Read("other", 500);
  for (size_t i = 0; i < one.after.size(); ++i) {
    EXPECT_EQ(one.after[i].content, same.after[i].content);
    EXPECT_NE(one.after[i].content, other.after[i].content);
  }
  // Behind markers and aborted records it looks further back until it finds something.
  ASSERT_NO_FATAL_FAILURE(Fill("aborted", 1, /*abort_share=*/0.5));
  const int64_t last = admin_->Offsets("aborted")->at(0).end;
  const RecordWindow seen = Read("aborted", last);
  EXPECT_FALSE(seen.before.empty());
  EXPECT_TRUE(seen.reaches_end);
}

TEST_F(WindowReaderTest, ATopicThatIsNotThereIsNamed) {
  const auto windows = reader_->Read({{"no-such-topic", 0, 1}}, absl::Seconds(20));
  ASSERT_FALSE(windows.ok());
  EXPECT_NE(windows.status().message().find("no-such-topic-0 of the cluster"), std::string::npos) << windows.status();
}

}  // namespace
}  // namespace replicator::tests
