// I: a broker forgets producer ids, and then sequence numbers prove nothing any more. Brokers up to 2.4 that forget one
// (its last records are old, and the broker restarts cleanly) take no sequence of it but 0: UNKNOWN_PRODUCER_ID. The
// partition then gets a new id, and nothing is lost or doubled.
#include <gtest/gtest.h>

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/client/cluster.h"
#include "kafka/client/errors.h"
#include "kafka/wire/describe_producers.h"
#include "tests/scene/run_to_end.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr const char* kTopic = "old-records";
constexpr int kPartitions = 3;
constexpr int64_t kRecords = 3'000;
constexpr int kRestarts = 2;

// It forgets only what a restart makes it forget.
struct OldTarget {
  static constexpr char kName[] = "3.1.2 x 1 to 2.1.1 x 1";
  static SceneOptions Options() { return {.target = {.version = "2.1.1", .brokers = 1}}; }
};

class ForgottenProducerTest : public SceneTest<OldTarget> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(SceneTest::SetUp());
    ASSERT_OK(scene_->source_admin().CreateTopic(
        {.name = kTopic, .partitions = kPartitions, .configs = {{"retention.ms", "-1"}}}));
  }

  void WriteYearOldRecords() {
    LoadOptions load = scene_->Load(kTopic, kPartitions);
    load.records_total = kRecords;
    load.first_sequence = next_sequence_;
    load.codec = "lz4";
    load.timestamp_base_ms = absl::ToUnixMillis(absl::Now() - absl::Hours(365 * 24));
    LoadCounts written;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load, &written));
    next_sequence_ = written.next_sequence;
  }

  int64_t next_sequence_ = 0;
};

TEST_F(ForgottenProducerTest, GetsANewIdAndLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(WriteYearOldRecords());
  options_ = scene_->Replicator(kTopic);
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords)) << replicator_->LogTail();
  for (int restart = 1; restart <= kRestarts; ++restart) {
    ASSERT_OK(scene_->target().Restart(1));
    ASSERT_NO_FATAL_FAILURE(WriteYearOldRecords());
    EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords * (restart + 1))) << replicator_->LogTail();
    EXPECT_GE(replicator_->LogLines("the target forgot producer id").size(), static_cast<size_t>(restart))
        << replicator_->Log();
  }
  EXPECT_TRUE(scene_->Equal({kTopic})) << replicator_->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator_));

  // The next life goes on with the producer that the target's last batch names.
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  ASSERT_NO_FATAL_FAILURE(WriteYearOldRecords());
  EXPECT_TRUE(scene_->Equal({kTopic})) << replicator_->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator_));
}

// Targets that forget a producer within a second, and year-old records: they forget at each clean restart of a broker
// and whenever a partition is idle. What then makes simpler designs lose or double records (an old sequence that is new
// to the broker) meets kills of the program and restarts of brokers under load.
struct Forgetful {
  const char* name;
  const char* version;
  int brokers;  // and replicas
  Properties properties;
  // It forgets while it runs, and DescribeProducers (Kafka 2.8 on) tells. Else it forgets when it restarts, and refuses
  // the next batch.
  bool tells;
};

constexpr int64_t kIdleRecords = 30;
constexpr double kRecordsPerSecond = 1'000;

// How many producers the leaders of a topic's partitions know, together.
asio::awaitable<absl::StatusOr<size_t>> CountProducers(kafka::ClusterClient& cluster, std::string topic) {
  absl::StatusOr<kafka::MetadataSnapshot> metadata = co_await cluster.FetchMetadata();
  if (!metadata.ok()) co_return metadata.status();
  size_t count = 0;
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    absl::StatusOr<std::shared_ptr<kafka::Connection>> got = co_await cluster.Leader(topic, partition);
    if (!got.ok()) co_return got.status();
    std::shared_ptr<kafka::Connection> leader = *got;
    kafka::DescribeProducersRequest request;
    request.topics = {{topic, {partition}}};
    absl::StatusOr<kafka::DescribeProducersResponse> response = co_await leader->Call(request, std::chrono::seconds(5));
    if (!response.ok()) co_return response.status();
    for (const kafka::DescribeProducersResponse::Partition& one : response->partitions) {
      absl::Status status = kafka::ErrorStatus(one.error_code, "describe producers");
      if (!status.ok()) co_return status;
      count += one.producers.size();
    }
  }
  co_return count;
}

absl::StatusOr<size_t> KnownProducers(const KafkaCluster& cluster, const std::string& topic) {
  asio::io_context io(1);
  kafka::ClusterClient client(
      "the target", kafka::ParseEndpoints(absl::StrSplit(cluster.direct_bootstrap_servers(), ',')).value(), {});
  return RunToEnd(io, CountProducers(client, topic));
}

SceneOptions OptionsOf(const Forgetful& target) {
  return {.target = {.version = target.version, .brokers = target.brokers, .properties = target.properties}};
}

class ForgetfulTargetTest : public SceneFixture, public ::testing::WithParamInterface<Forgetful> {
 protected:
  ForgetfulTargetTest() : SceneFixture(GetParam().name, OptionsOf(GetParam())) {}

  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(SceneFixture::SetUp());
    for (const char* topic : {"busy", "idle"}) {
      ASSERT_OK(scene_->source_admin().CreateTopic(
          {.name = topic, .partitions = kPartitions, .configs = {{"retention.ms", "-1"}}}));
    }
    LoadOptions load = Old("busy");
    load.records_per_second = kRecordsPerSecond;
    ASSERT_NO_FATAL_FAILURE(StartProducer(load));
    options_ = scene_->Replicator("busy|idle");
  }

  LoadOptions Old(const std::string& topic) {
    LoadOptions load = scene_->Load(topic, kPartitions);
    load.codec = "lz4";
    load.timestamp_base_ms = absl::ToUnixMillis(absl::Now() - absl::Hours(365 * 24));
    return load;
  }

  void WriteToIdle() {
    LoadOptions load = Old("idle");
    load.records_total = kIdleRecords;
    load.first_sequence = idle_;
    ASSERT_NO_FATAL_FAILURE(WriteAll(load));
    idle_ += kIdleRecords;
  }

  // Of a target that tells: it knows no producer of the idle partitions any more.
  void ExpectForgetsTheIdleProducer() {
    absl::StatusOr<size_t> known = absl::UnknownError("not asked");
    const auto is_forgotten = [&] {
      known = KnownProducers(scene_->target(), "idle");
      return known.ok() && *known == 0;
    };
    ASSERT_TRUE(Eventually("the target forgets the producer", is_forgotten))
        << (known.ok() ? absl::OkStatus() : known.status());
  }

  // Of a target that does not tell: the process that runs has met it.
  void ExpectForgotTheIdleProducer() {
    const std::vector<std::string> lines = replicator_->LogLines("the target forgot producer id");
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
      return absl::StrContains(line, " idle-");
    })) << replicator_->Log();
  }

  // What the source has of both now arrives.
  void ExpectBothCatchUp() {
    ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp("busy"));
    EXPECT_TRUE(scene_->WaitForTargetRecords("idle", idle_)) << replicator_->LogTail();
  }

  int64_t idle_ = 0;
};

TEST_P(ForgetfulTargetTest, RestartsAndKillsLeaveEveryRecordOnce) {
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  for (int round = 0; round < std::max(2, GetParam().brokers); ++round) {
    ASSERT_NO_FATAL_FAILURE(WriteToIdle());
    ASSERT_NO_FATAL_FAILURE(ExpectBothCatchUp());
    if (round > 0 && !GetParam().tells) ExpectForgotTheIdleProducer();
    const bool dies_first = round % 2 == 0;
    if (dies_first) ASSERT_OK(replicator_->Kill9());
    ASSERT_OK(scene_->target().Restart(1 + round % GetParam().brokers));
    if (!dies_first) ASSERT_OK(replicator_->Kill9());
    EXPECT_TRUE(IsHealthy(*replicator_));
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    if (GetParam().tells) ASSERT_NO_FATAL_FAILURE(ExpectForgetsTheIdleProducer());
  }
  ASSERT_NO_FATAL_FAILURE(WriteToIdle());
  absl::StatusOr<LoadCounts> written = producer_->Stop();
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_TRUE(scene_->Equal({"busy", "idle"})) << replicator_->LogTail();
  if (!GetParam().tells) ExpectForgotTheIdleProducer();
  EXPECT_TRUE(StopsHealthy(*replicator_));
}

// Before Kafka 3.4 (KIP-854) a producer expires with transactional.id.expiration.ms.
INSTANTIATE_TEST_SUITE_P(
    Targets, ForgetfulTargetTest,
    ::testing::Values(
        Forgetful{"Old", "2.1.1", 1, {{"transactional.id.expiration.ms", "1000"}}, false},
        Forgetful{"NewLoneBroker",
                  "4.3.1",
                  1,
                  {{"producer.id.expiration.ms", "1000"}, {"producer.id.expiration.check.interval.ms", "300"}},
                  true},
        Forgetful{"NewThreeBrokers",
                  "4.3.1",
                  3,
                  {{"producer.id.expiration.ms", "1000"}, {"producer.id.expiration.check.interval.ms", "300"}},
                  true}),
    [](const auto& target) { return target.param.name; });

}  // namespace
}  // namespace replicator::tests
