#include "replicator/ownership/link_topic.h"

#include <glog/logging.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "kafka/batch/crc32c.h"
#include "kafka/client/admin.h"
#include "kafka/client/errors.h"
#include "offsets/changelog_codec.h"

namespace replicator {
namespace {

using kafka::Clock;

// org.apache.kafka.common.internals.Topic: the longest name, and its characters.
constexpr size_t kTopicNameBytesMax = 249;
constexpr absl::string_view kPrefix = "replicator-link.";
constexpr absl::string_view kSuffix = ".internal";

// A topic that was created a moment ago gets its leader.
constexpr Clock::duration kPatience = std::chrono::seconds(30);
// Only what is in an older segment is compacted: 64 MiB. The default is a gigabyte for each partition.
constexpr char kSegmentBytes[] = "67108864";

bool IsLegal(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-'; }

// A broker that hangs, leaves or answers nonsense: another one may lead the topic soon, and what was sent may have
// landed.
bool CanPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsDataLoss(status);
}

// What the topic was set to, or the broker's default; nullopt, with a warning, when the target does not tell.
asio::awaitable<absl::StatusOr<std::optional<std::string>>> CleanupPolicyOf(kafka::ClusterClient& target,
                                                                            std::string topic) {
  std::vector<std::string> topics = {topic};
  std::optional<std::vector<std::string>> keys = std::vector<std::string>{"cleanup.policy"};
  absl::StatusOr<kafka::TopicConfigs> told = co_await kafka::DescribeTopics(target, std::move(topics), std::move(keys));
  if (!told.ok()) co_return told.status();
  auto failed = told->errors.find(topic);
  if (failed != told->errors.end() && CanPass(failed->second)) co_return failed->second;
  if (failed != told->errors.end()) {
    LOG(WARNING) << "whether topic " << topic << " is compacted cannot be looked at: " << failed->second.message();
    co_return std::nullopt;
  }
  for (const kafka::DescribeConfigsResponse::Config& config : told->configs[topic]) {
    if (config.name == "cleanup.policy" && config.value.has_value()) co_return *config.value;
  }
  co_return std::nullopt;
}

asio::awaitable<absl::Status> TryToEnsure(kafka::ClusterClient& target, std::string topic, int replication_factor) {
  absl::StatusOr<kafka::MetadataSnapshot> metadata = co_await target.FetchMetadata();
  if (!metadata.ok()) co_return metadata.status();
  auto found = (*metadata)->topics.find(topic);
  if (found == (*metadata)->topics.end()) {
    absl::StatusOr<bool> made = co_await ClaimFirstStart(target, topic, replication_factor);
    if (absl::IsPermissionDenied(made.status())) {
      co_return absl::PermissionDeniedError(
          absl::StrCat(made.status().message(), ". The link keeps what it knows in topic ", topic,
                       " on the target: give its user CREATE on it, or make it: kafka-topics --create --topic ", topic,
                       " --partitions ", offsets::kChangelogPartitions, " --config cleanup.policy=compact"));
    }
    if (!made.ok()) co_return made.status();
    co_return absl::UnavailableError(absl::StrCat("the target does not show topic ", topic));
  }
  if (found->second.error_code != kafka::kErrorNone)
    co_return absl::UnavailableError(absl::StrCat("topic ", topic, ": ", kafka::ErrorText(found->second.error_code)));
  const int partitions = static_cast<int>(found->second.partitions.size());
  absl::StatusOr<std::optional<std::string>> policy = co_await CleanupPolicyOf(target, topic);
  if (!policy.ok()) co_return policy.status();
  co_return JudgeLinkTopicSettings(topic, partitions, *policy);
}

}  // namespace

std::string LinkTopic(absl::string_view source, absl::string_view target) {
  const std::string link = absl::StrCat(source, "-to-", target);
  std::string middle = link;
  for (char& c : middle) {
    if (!IsLegal(c)) c = '_';
  }
  const std::string checksum = absl::StrFormat(".%08x", kafka::Crc32c(absl::MakeConstSpan(link.data(), link.size())));
  const size_t room = kTopicNameBytesMax - kPrefix.size() - kSuffix.size();
  if (middle != link || middle.size() > room) {
    middle.resize(std::min(middle.size(), room - checksum.size()));
    middle += checksum;
  }
  return absl::StrCat(kPrefix, middle, kSuffix);
}

asio::awaitable<absl::StatusOr<bool>> ClaimFirstStart(kafka::ClusterClient& target, std::string topic,
                                                      int replication_factor) {
  kafka::CreateTopicsRequest::Topic wanted;
  wanted.name = topic;
  wanted.partition_count = offsets::kChangelogPartitions;
  const int brokers = static_cast<int>(target.metadata()->brokers.size());
  wanted.replication_factor = static_cast<int16_t>(std::clamp(replication_factor, 1, std::max(1, brokers)));
  // Its records are read when a state folder is lost. A target whose default asks for more replicas than are there now
  // must not hold up the start for that.
  wanted.configs = {{"cleanup.policy", "compact"}, {"min.insync.replicas", "1"}, {"segment.bytes", kSegmentBytes}};
  std::vector<kafka::CreateTopicsRequest::Topic> topics = {std::move(wanted)};
  absl::StatusOr<kafka::TopicOutcomes> outcomes =
      co_await kafka::CreateTopics(target, std::move(topics), /*validate_only=*/false);
  if (!outcomes.ok()) co_return outcomes.status();
  auto outcome = outcomes->find(topic);
  if (outcome == outcomes->end()) {
    co_return absl::UnavailableError(absl::StrCat("create topic ", topic, ": the answer does not name it"));
  }
  if (absl::IsAlreadyExists(outcome->second.status)) co_return false;
  if (!outcome->second.status.ok()) co_return outcome->second.status;
  co_return true;
}

absl::Status JudgeLinkTopicSettings(absl::string_view topic, int partitions,
                                    const std::optional<std::string>& cleanup_policy) {
  if (partitions != offsets::kChangelogPartitions) {
    return absl::FailedPreconditionError(
        absl::StrCat("topic ", topic, " on the target, in which this link keeps what it knows, has ", partitions,
                     " partitions and must have ", offsets::kChangelogPartitions,
                     ". Delete it if no other process copies this link: it is made anew, from the state folder"));
  }
  if (cleanup_policy.value_or("compact") != "compact") {
    return absl::FailedPreconditionError(absl::StrCat(
        "topic ", topic, " on the target, in which this link keeps what it knows, has cleanup.policy=", *cleanup_policy,
        ", so the target would forget it: kafka-configs --alter --entity-type topics --entity-name ", topic,
        " --add-config cleanup.policy=compact"));
  }
  return absl::OkStatus();
}

asio::awaitable<absl::Status> EnsureLinkTopic(kafka::ClusterClient& target, std::string topic, int replication_factor) {
  const Clock::time_point begin = Clock::now();
  kafka::Backoff backoff;
  for (;;) {
    absl::Status ensured = co_await TryToEnsure(target, topic, replication_factor);
    if (ensured.ok() || !CanPass(ensured)) co_return ensured;
    const Clock::duration wait = backoff.Next();
    if (Clock::now() + wait - begin > kPatience) co_return ensured;
    co_await kafka::SleepFor(wait);
  }
}

}  // namespace replicator
