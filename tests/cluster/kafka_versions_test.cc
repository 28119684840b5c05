// Every Kafka version that tests use: gets ready, takes records in each codec that it knows and in transactions, loses
// a broker by kill -9 and has all of its data when that is back.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/load.h"
#include "tests/cluster/process.h"

namespace replicator::tests {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(60);
constexpr int64_t kRecords = 1000;
constexpr int kPartitions = 3;

#define ASSERT_OK(expression)                    \
  do {                                           \
    const absl::Status assert_ok = (expression); \
    ASSERT_TRUE(assert_ok.ok()) << assert_ok;    \
  } while (false)

class KafkaVersionsTest : public ::testing::TestWithParam<std::tuple<std::string, int>> {};

// Waits until all of the topic's logs together hold that much, and up to `more`: a broker that starts is a member
// before it has opened its logs.
testing::AssertionResult Holds(ClusterAdmin& admin, const std::string& topic, int64_t records, int64_t more = 0) {
  absl::Status full = admin.WaitForFullIsr(topic, kTimeout);
  if (!full.ok()) return testing::AssertionFailure() << full;
  absl::StatusOr<std::vector<OffsetRange>> ranges;
  int64_t seen = -1;
  const auto holds = [&] {
    ranges = admin.Offsets(topic);
    if (!ranges.ok()) return false;
    seen = 0;
    for (const OffsetRange& range : *ranges) seen += range.end - range.start;
    return seen >= records && seen <= records + more;
  };
  if (WaitFor(holds, kTimeout)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << topic << " holds " << seen << " in place of " << records << "; "
                                     << ranges.status();
}

TEST_P(KafkaVersionsTest, TakesRecordsAndComesBackFromAKillWithThem) {
  const auto& [version, brokers] = GetParam();
  const int replicas = std::min(brokers, 2);
  const absl::Time begin = absl::Now();
  absl::StatusOr<std::unique_ptr<KafkaCluster>> launched =
      KafkaCluster::Launch({.version = version, .brokers = brokers});
  ASSERT_TRUE(launched.ok()) << launched.status();
  KafkaCluster& cluster = **launched;
  RecordProperty("ready_ms", static_cast<int>(absl::ToInt64Milliseconds(absl::Now() - begin)));
  std::unique_ptr<ClusterAdmin> admin = ClusterAdmin::Create(cluster.bootstrap_servers()).value();
  EXPECT_EQ(admin->Brokers()->size(), brokers);

  // Kafka knows zstd since 2.1 (KIP-110).
  std::vector<std::string> codecs = {"none", "gzip", "snappy", "lz4"};
  if (version != "1.1.1") codecs.push_back("zstd");
  for (const std::string& codec : codecs) {
    ASSERT_OK(admin->CreateTopic({.name = codec, .partitions = kPartitions, .replication_factor = replicas}));
    absl::StatusOr<LoadCounts> written = WriteLoad({.bootstrap_servers = cluster.bootstrap_servers(),
                                                    .topic = codec,
                                                    .partitions = kPartitions,
                                                    .records_total = kRecords,
                                                    .codec = codec},
                                                   kTimeout);
    ASSERT_TRUE(written.ok()) << codec << ": " << written.status();
  }
  ASSERT_OK(admin->CreateTopic({.name = "transactions", .replication_factor = replicas}));
  absl::StatusOr<LoadCounts> written = WriteLoad({.bootstrap_servers = cluster.bootstrap_servers(),
                                                  .topic = "transactions",
                                                  .records_total = kRecords,
                                                  .records_per_transaction = 100,
                                                  .abort_share = 0.5},
                                                 kTimeout);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_GT(written->records_aborted, 0);

  ASSERT_OK(cluster.Kill9(1));
  ASSERT_OK(cluster.Start(1));
  ASSERT_OK(cluster.WaitReady());
  for (const std::string& codec : codecs) EXPECT_TRUE(Holds(*admin, codec, kRecords));
  // Each transaction has a marker; the last one has two when its coordinator was killed before it noted the end.
  EXPECT_TRUE(Holds(*admin, "transactions", kRecords + kRecords / 100, /*more=*/1));
}

std::string NameOf(const ::testing::TestParamInfo<std::tuple<std::string, int>>& info) {
  const auto& [version, brokers] = info.param;
  return absl::StrCat("V", absl::StrReplaceAll(version, {{".", "_"}}), "With", brokers);
}

INSTANTIATE_TEST_SUITE_P(OneBroker, KafkaVersionsTest,
                         ::testing::Combine(::testing::Values("1.1.1", "2.1.1", "2.8.2", "3.1.2", "3.7.2", "3.9.1",
                                                              "4.3.1"),
                                            ::testing::Values(1)),
                         NameOf);

// Each of the two kinds of cluster; the tests of the program run the other versions with more than one broker.
INSTANTIATE_TEST_SUITE_P(ThreeBrokers, KafkaVersionsTest,
                         ::testing::Combine(::testing::Values("1.1.1", "3.9.1"), ::testing::Values(3)), NameOf);

}  // namespace
}  // namespace replicator::tests
