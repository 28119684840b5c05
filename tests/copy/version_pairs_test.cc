// The program between pairs of Kafka versions, from the oldest source to the newest one: topics in each codec that the
// source knows, plain and in transactions of which 30 % are aborted, 200 partitions in all, with producers that write
// all the while and leaders that die or shut down on both sides in mid-copy. Each pair ends with both sides equal.
#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kPartitionsTotal = 200;
constexpr int kReplicas = 2;
constexpr int64_t kPlainRecords = 10'000;
constexpr int64_t kTransactionalRecords = 4'000;
constexpr int kRecordsPerTransaction = 200;
constexpr double kAbortShare = 0.3;
constexpr double kRecordsPerSecond = 500;

struct VersionPair {
  std::string source;
  std::string target;
  // KRaft wants three voters to outlive one; on ZooKeeper two brokers are enough.
  int source_brokers;
  int target_brokers;
  std::vector<std::string> codecs;
};

void PrintTo(const VersionPair& pair, std::ostream* out) { *out << pair.source << " to " << pair.target; }

enum class Side { kSource, kTarget };
enum class End { kKill, kTerminate };

SceneOptions OptionsOf(const VersionPair& pair) {
  return {.source = {.version = pair.source, .brokers = pair.source_brokers},
          .target = {.version = pair.target, .brokers = pair.target_brokers}};
}

class VersionPairsTest : public SceneFixture, public ::testing::WithParamInterface<VersionPair> {
 protected:
  VersionPairsTest() : SceneFixture(::testing::PrintToString(GetParam()), OptionsOf(GetParam())) {}

  int Partitions() const { return kPartitionsTotal / 2 / static_cast<int>(GetParam().codecs.size()); }

  LoadOptions PlainLoad(const std::string& codec) const {
    LoadOptions load = scene_->Load("plain-" + codec, Partitions());
    load.codec = codec;
    load.value_bytes = 300;
    load.keys = 100;
    load.tombstone_every = 7;
    load.headers = 3;
    return load;
  }

  LoadOptions TransactionalLoad(const std::string& codec) const {
    LoadOptions load = scene_->Load("transactional-" + codec, Partitions());
    load.codec = codec;
    load.value_bytes = 300;
    load.linger_ms = 5;  // every transaction waits for its last records
    load.records_per_transaction = kRecordsPerTransaction;
    load.abort_share = kAbortShare;
    return load;
  }

  // All topics with a past, written at once.
  void WritePast() {
    std::vector<std::unique_ptr<LoadGenerator>> writers;
    for (const std::string& codec : GetParam().codecs) {
      for (LoadOptions load : {PlainLoad(codec), TransactionalLoad(codec)}) {
        const bool plain = load.records_per_transaction == 0;
        ASSERT_OK(scene_->source_admin().CreateTopic(
            {.name = load.topic, .partitions = load.partitions, .replication_factor = kReplicas}));
        (plain ? plain_ : transactional_).push_back(load.topic);
        load.records_total = plain ? kPlainRecords : kTransactionalRecords;
        absl::StatusOr<std::unique_ptr<LoadGenerator>> writer = LoadGenerator::Start(load);
        ASSERT_TRUE(writer.ok()) << writer.status();
        writers.push_back(*std::move(writer));
      }
    }
    for (const std::unique_ptr<LoadGenerator>& writer : writers) {
      absl::StatusOr<LoadCounts> written = writer->Wait(kPatience);
      ASSERT_TRUE(written.ok()) << written.status();
    }
  }

  void StartOneProducer(LoadOptions load, int64_t first_sequence) {
    load.records_per_second = kRecordsPerSecond;
    load.first_sequence = first_sequence;
    ASSERT_NO_FATAL_FAILURE(StartProducer(load));
    producers_.push_back(std::move(producer_));
  }

  void BeginCopy() {
    options_ = scene_->Replicator("plain-.*, transactional-.*");
    options_.replication_factor = kReplicas;
    ASSERT_NO_FATAL_FAILURE(StartReplicator());
    ASSERT_TRUE(scene_->WaitForTargetRecords(plain_.front(), 1)) << replicator_->LogTail();
  }

  // A broker that leads partitions leaves, its partitions get other leaders, the copy goes on without it, it comes back
  // and the copy goes on.
  void FailOver(Side side, End end) {
    KafkaCluster& cluster = side == Side::kSource ? scene_->source() : scene_->target();
    ClusterAdmin& admin = side == Side::kSource ? scene_->source_admin() : scene_->target_admin();
    const absl::Time begin = absl::Now();
    absl::StatusOr<int> leader = admin.Leader(plain_.front(), 0);
    ASSERT_TRUE(leader.ok()) << leader.status();
    ASSERT_OK(end == End::kKill ? cluster.Kill9(*leader) : cluster.Terminate(*leader));
    for (const std::vector<std::string>& topics : {plain_, transactional_}) {
      for (const std::string& topic : topics) ASSERT_OK(admin.WaitForLeader(topic, 0, *leader, kPatience).status());
    }
    ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp(plain_.front()));
    ASSERT_OK(cluster.Start(*leader));
    ASSERT_OK(cluster.WaitReady());
    for (const std::vector<std::string>& topics : {plain_, transactional_}) {
      for (const std::string& topic : topics) ASSERT_OK(admin.WaitForFullIsr(topic, kPatience));
    }
    ASSERT_NO_FATAL_FAILURE(ExpectCatchesUp(plain_.front()));
    std::cout << cluster.version() << " lost broker " << *leader << " and got it back in " << absl::Now() - begin
              << std::endl;
  }

  std::vector<std::string> plain_;
  std::vector<std::string> transactional_;
  std::vector<std::unique_ptr<LoadGenerator>> producers_;
};

TEST_P(VersionPairsTest, EndsEqualThoughLeadersLeaveOnBothSides) {
  ASSERT_NO_FATAL_FAILURE(WritePast());
  ASSERT_NO_FATAL_FAILURE(StartOneProducer(PlainLoad(GetParam().codecs.front()), kPlainRecords));
  ASSERT_NO_FATAL_FAILURE(StartOneProducer(TransactionalLoad(GetParam().codecs.back()), kTransactionalRecords));
  ASSERT_NO_FATAL_FAILURE(BeginCopy());
  ASSERT_NO_FATAL_FAILURE(FailOver(Side::kSource, End::kKill));
  ASSERT_NO_FATAL_FAILURE(FailOver(Side::kTarget, End::kKill));
  ASSERT_NO_FATAL_FAILURE(FailOver(Side::kTarget, End::kTerminate));
  for (const std::unique_ptr<LoadGenerator>& producer : producers_) {
    absl::StatusOr<LoadCounts> counts = producer->Stop();
    ASSERT_TRUE(counts.ok()) << counts.status();
    EXPECT_GT(counts->records, 0);
  }
  EXPECT_TRUE(scene_->Equal(plain_)) << replicator_->LogTail();
  EXPECT_TRUE(scene_->Equal(transactional_, /*gaps=*/true)) << replicator_->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator_));
}

const std::vector<std::string> kCodecsBeforeZstd = {"lz4", "none", "gzip", "snappy"};
const std::vector<std::string> kCodecs = {"lz4", "none", "gzip", "snappy", "zstd"};

// Their names stand in BUILD.bazel too, where each is a test of its own.
INSTANTIATE_TEST_SUITE_P(
    All, VersionPairsTest,
    ::testing::Values(VersionPair{"1.1.1", "2.1.1", 2, 2, kCodecsBeforeZstd},
                      // The jumps that users make.
                      VersionPair{"1.1.1", "4.3.1", 2, 3, kCodecsBeforeZstd},
                      VersionPair{"2.1.1", "4.3.1", 2, 3, kCodecs}, VersionPair{"2.8.2", "3.7.2", 2, 3, kCodecs},
                      VersionPair{"3.1.2", "4.3.1", 2, 3, kCodecs}, VersionPair{"3.9.1", "4.3.1", 3, 3, kCodecs},
                      VersionPair{"4.3.1", "4.3.1", 3, 3, kCodecs}),
    [](const auto& info) {
      return absl::StrReplaceAll(absl::StrCat("From", info.param.source, "To", info.param.target), {{".", "_"}});
    });

}  // namespace
}  // namespace replicator::tests
