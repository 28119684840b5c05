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
#include "tests/scene/copy_scene.h"
#include "tests/scene/run_to_end.h"

namespace replicator::tests {
namespace {

constexpr const char* kTopic = "old-records";
constexpr int kPartitions = 3;
constexpr int64_t kRecords = 3'000;
constexpr int kRestarts = 2;

class ForgottenProducerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SceneOptions options;
    options.target.version = "2.1.1";
    options.target.brokers = 1;
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start(std::move(options));
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = *std::move(scene);
    ASSERT_OK(scene_->source_admin().CreateTopic(
        {.name = kTopic, .partitions = kPartitions, .configs = {{"retention.ms", "-1"}}}));
  }

  void WriteYearOldRecords() {
    LoadOptions load = scene_->Load(kTopic, kPartitions);
    load.records_total = kRecords;
    load.first_sequence = next_sequence_;
    load.codec = "lz4";
    load.timestamp_base_ms = absl::ToUnixMillis(absl::Now() - absl::Hours(365 * 24));
    absl::StatusOr<LoadCounts> written = WriteLoad(load, kPatience);
    ASSERT_TRUE(written.ok()) << written.status();
    next_sequence_ = written->next_sequence;
  }

  std::unique_ptr<CopyScene> scene_;
  int64_t next_sequence_ = 0;
};

TEST_F(ForgottenProducerTest, GetsANewIdAndLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(WriteYearOldRecords());
  ReplicatorOptions options = scene_->Replicator(kTopic);
  options.replication_factor = 1;
  absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(options);
  ASSERT_TRUE(replicator.ok()) << replicator.status();
  EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords)) << (*replicator)->LogTail();
  for (int restart = 1; restart <= kRestarts; ++restart) {
    ASSERT_OK(scene_->target().Restart(1));
    ASSERT_NO_FATAL_FAILURE(WriteYearOldRecords());
    EXPECT_TRUE(scene_->WaitForTargetRecords(kTopic, kRecords * (restart + 1))) << (*replicator)->LogTail();
    EXPECT_GE((*replicator)->LogLines("the target forgot producer id").size(), static_cast<size_t>(restart))
        << (*replicator)->Log();
  }
  EXPECT_TRUE(scene_->Equal({kTopic})) << (*replicator)->LogTail();
  EXPECT_TRUE(StopsHealthy(**replicator));

  // The next life goes on with the producer that the target's last batch names.
  replicator = ReplicatorProcess::Start(options);
  ASSERT_TRUE(replicator.ok()) << replicator.status();
  ASSERT_NO_FATAL_FAILURE(WriteYearOldRecords());
  EXPECT_TRUE(scene_->Equal({kTopic})) << (*replicator)->LogTail();
  EXPECT_TRUE(StopsHealthy(**replicator));
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

class ForgetfulTargetTest : public ::testing::TestWithParam<Forgetful> {
 protected:
  void SetUp() override {
    SceneOptions options;
    options.target.version = GetParam().version;
    options.target.brokers = GetParam().brokers;
    options.target.properties = GetParam().properties;
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = CopyScene::Start(std::move(options));
    ASSERT_TRUE(scene.ok()) << scene.status();
    scene_ = *std::move(scene);
    for (const char* topic : {"busy", "idle"}) {
      ASSERT_OK(scene_->source_admin().CreateTopic(
          {.name = topic, .partitions = kPartitions, .configs = {{"retention.ms", "-1"}}}));
    }
    LoadOptions load = Old("busy");
    load.records_per_second = kRecordsPerSecond;
    absl::StatusOr<std::unique_ptr<LoadGenerator>> producer = LoadGenerator::Start(load);
    ASSERT_TRUE(producer.ok()) << producer.status();
    producer_ = *std::move(producer);
    options_ = scene_->Replicator("busy|idle");
    options_.replication_factor = GetParam().brokers;
  }

  LoadOptions Old(const std::string& topic) {
    LoadOptions load = scene_->Load(topic, kPartitions);
    load.codec = "lz4";
    load.timestamp_base_ms = absl::ToUnixMillis(absl::Now() - absl::Hours(365 * 24));
    return load;
  }

  void StartReplicator() {
    absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(options_);
    ASSERT_TRUE(replicator.ok()) << replicator.status();
    replicator_ = *std::move(replicator);
  }

  void WriteToIdle() {
    LoadOptions load = Old("idle");
    load.records_total = kIdleRecords;
    load.first_sequence = idle_;
    absl::StatusOr<LoadCounts> written = WriteLoad(load, kPatience);
    ASSERT_TRUE(written.ok()) << written.status();
    idle_ += kIdleRecords;
  }

  // Of a target that tells: it knows no producer of the idle partitions any more.
  void ExpectForgetsTheIdleProducer() {
    absl::StatusOr<size_t> known = absl::UnknownError("not asked");
    const auto is_forgotten = [&] {
      known = KnownProducers(scene_->target(), "idle");
      return known.ok() && *known == 0;
    };
    ASSERT_TRUE(WaitFor(is_forgotten, kPatience)) << (known.ok() ? absl::OkStatus() : known.status());
  }

  // Of a target that does not tell: the process that runs has met it.
  void ExpectForgotTheIdleProducer() {
    const std::vector<std::string> lines = replicator_->LogLines("the target forgot producer id");
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
      return absl::StrContains(line, " idle-");
    })) << replicator_->Log();
  }

  // What the source has of both now arrives.
  void ExpectCatchesUp() {
    EXPECT_TRUE(scene_->WaitForTargetRecords("busy", RecordsOrFail(scene_->SourceRecords("busy"))))
        << replicator_->LogTail();
    EXPECT_TRUE(scene_->WaitForTargetRecords("idle", idle_)) << replicator_->LogTail();
  }

  std::unique_ptr<CopyScene> scene_;
  std::unique_ptr<LoadGenerator> producer_;
  ReplicatorOptions options_;
  std::unique_ptr<ReplicatorProcess> replicator_;
  int64_t idle_ = 0;
};

TEST_P(ForgetfulTargetTest, RestartsAndKillsLeaveEveryRecordOnce) {
  ASSERT_NO_FATAL_FAILURE(StartReplicator());
  for (int round = 0; round < std::max(2, GetParam().brokers); ++round) {
    ASSERT_NO_FATAL_FAILURE(WriteToIdle());
    ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp());
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
