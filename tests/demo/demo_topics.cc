#include "tests/demo/demo_topics.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/cluster/verifier.h"
#include "tests/demo/interrupt.h"
#include "tests/demo/log_segments.h"

namespace replicator::tests {
namespace {

constexpr absl::Duration kFillTimeout = absl::Minutes(3);
constexpr absl::Duration kVerifyTimeout = absl::Minutes(5);
constexpr double kLiveRecordsPerSecond = 2000;
// Makes batches of some 15 records, as a producer does that is tuned a little.
constexpr int kLiveLingerMs = 50;

absl::StatusOr<std::string> SettingsDifference(const DemoTopic& topic, ClusterAdmin& source, ClusterAdmin& target) {
  const absl::StatusOr<TopicState> ours = source.DescribeTopic(topic.name);
  const absl::StatusOr<TopicState> theirs = target.DescribeTopic(topic.name);
  if (!ours.ok()) return ours.status();
  if (!theirs.ok()) return theirs.status();
  if (ours->partitions.size() != theirs->partitions.size()) {
    return absl::StrCat(ours->partitions.size(), " partitions became ", theirs->partitions.size());
  }
  const auto before = source.TopicOverrides(topic.name);
  const auto after = target.TopicOverrides(topic.name);
  if (!before.ok()) return before.status();
  if (!after.ok()) return after.status();
  for (const auto& [name, value] : *before) {
    const auto found = after->find(name);
    if (found == after->end()) return absl::StrCat("the target lacks ", name, "=", value);
    if (found->second != value) return absl::StrCat(name, "=", value, " became ", found->second);
  }
  return std::string();
}

}  // namespace

std::vector<DemoTopic> DemoTopics(double scale) {
  const auto scaled = [scale](int64_t records) { return static_cast<int64_t>(static_cast<double>(records) * scale); };
  return {
      {.name = "orders", .about = "plain", .partitions = 12, .codec = "none", .records = scaled(120'000)},
      {.name = "payments",
       .about = "with headers",
       .partitions = 6,
       .codec = "lz4",
       .records = scaled(200'000),
       .headers = 3},
      {.name = "clicks", .about = "no keys", .partitions = 8, .codec = "zstd", .records = scaled(200'000), .keys = 0},
      {.name = "audit", .about = "plain", .partitions = 3, .codec = "gzip", .records = scaled(40'000)},
      {.name = "telemetry", .about = "plain", .partitions = 4, .codec = "snappy", .records = scaled(100'000)},
      {.name = "customers",
       .about = "compacted, own settings",
       .partitions = 6,
       .codec = "lz4",
       .records = scaled(50'000),
       .keys = 500,
       .tombstone_every = 50,
       .configs = {{"cleanup.policy", "compact"},
                   {"min.cleanable.dirty.ratio", "0.9"},
                   {"delete.retention.ms", "172800000"},
                   {"max.message.bytes", "2000000"}}},
      {.name = "transfers",
       .about = "transactions, 1 in 10 aborted",
       .partitions = 4,
       .codec = "none",
       .records = scaled(40'000),
       .records_per_transaction = 100,
       .abort_share = 0.1},
      {.name = kLiveTopic, .about = "written all the while", .partitions = 6, .codec = "lz4"},
  };
}

LoadOptions LoadFor(const DemoTopic& topic, const std::string& bootstrap_servers) {
  LoadOptions load;
  load.bootstrap_servers = bootstrap_servers;
  load.topic = topic.name;
  load.partitions = topic.partitions;
  load.records_total = topic.records;
  if (topic.records == 0) {
    load.records_per_second = kLiveRecordsPerSecond;
    load.linger_ms = kLiveLingerMs;
  }
  load.codec = topic.codec;
  load.keys = topic.keys;
  load.headers = topic.headers;
  load.tombstone_every = topic.tombstone_every;
  load.records_per_transaction = topic.records_per_transaction;
  load.abort_share = topic.abort_share;
  return load;
}

absl::Status CreateTopics(const std::vector<DemoTopic>& topics, ClusterAdmin& source) {
  for (const DemoTopic& topic : topics) {
    absl::Status status =
        source.CreateTopic({.name = topic.name, .partitions = topic.partitions, .configs = topic.configs});
    if (!status.ok()) return status;
    if (Interrupted()) return absl::CancelledError("interrupted");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, int64_t>> FillTopics(const std::vector<DemoTopic>& topics,
                                                          const std::string& bootstrap_servers) {
  std::vector<std::pair<std::string, std::unique_ptr<LoadGenerator>>> loads;
  for (const DemoTopic& topic : topics) {
    if (topic.records == 0) continue;
    absl::StatusOr<std::unique_ptr<LoadGenerator>> load = LoadGenerator::Start(LoadFor(topic, bootstrap_servers));
    if (!load.ok()) return load.status();
    loads.emplace_back(topic.name, *std::move(load));
  }
  std::map<std::string, int64_t> records;
  for (const auto& [name, load] : loads) {
    const absl::StatusOr<LoadCounts> counts = WaitForLoad(*load, kFillTimeout);
    if (!counts.ok()) return counts.status();
    records[name] = counts->records;
  }
  return records;
}

absl::StatusOr<TopicVerdict> Judge(const DemoTopic& topic, KafkaCluster& source, KafkaCluster& target,
                                   ClusterAdmin& source_admin, ClusterAdmin& target_admin) {
  Verifier verifier({.source_bootstrap_servers = source.bootstrap_servers(),
                     .target_bootstrap_servers = target.bootstrap_servers(),
                     .topics = {topic.name},
                     .compare_offsets = !topic.has_gaps()});
  const absl::StatusOr<VerifyResult> result = verifier.Verify(kVerifyTimeout);
  if (!result.ok()) return result.status();
  TopicVerdict verdict = {.records = result->records, .bytes = result->bytes, .equal = result->equal};
  verdict.difference = result->first_difference;
  const absl::StatusOr<std::string> settings = SettingsDifference(topic, source_admin, target_admin);
  if (!settings.ok()) return settings.status();
  verdict.same_settings = settings->empty();
  if (verdict.difference.empty()) verdict.difference = *settings;
  const absl::StatusOr<LogSegments> segments = FindLogSegments(source.LogDir(1), topic.name, topic.partitions);
  if (!segments.ok()) return segments.status();
  verdict.log_bytes = segments->bytes;
  return verdict;
}

}  // namespace replicator::tests
