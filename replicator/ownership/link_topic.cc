#include "replicator/ownership/link_topic.h"

#include <glog/logging.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "kafka/batch/crc32c.h"
#include "kafka/client/append.h"
#include "kafka/client/errors.h"
#include "kafka/client/peek.h"

namespace replicator {
namespace {

using kafka::Clock;

// org.apache.kafka.common.internals.Topic: the longest name, and its characters.
constexpr size_t kTopicNameBytesMax = 249;
constexpr absl::string_view kPrefix = "replicator-link.";
constexpr absl::string_view kSuffix = ".internal";

// A topic that was created a moment ago gets its leader.
constexpr Clock::duration kPatience = std::chrono::seconds(30);
// Metadata shows it within this time, if it is there.
constexpr Clock::duration kTopicPatience = std::chrono::seconds(5);

bool IsLegal(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-'; }

// A broker that hangs, leaves or answers nonsense: another one may lead the topic soon, and what was sent may have
// landed.
bool CanPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsDataLoss(status);
}

// nullopt: the topic is empty.
asio::awaitable<absl::StatusOr<std::optional<kafka::ProducerIdentity>>> FirstProducer(
    std::shared_ptr<kafka::Connection> connection, kafka::PeekTarget where) {
  absl::StatusOr<kafka::PeekedBatch> first = co_await kafka::PeekBatch(connection, where, 0);
  if (!first.ok()) co_return first.status();
  if (first->bytes.empty()) co_return std::nullopt;
  const kafka::ProducerIdentity named = {first->view().producer_id(), first->view().producer_epoch()};
  if (named.id >= 0) co_return named;
  co_return absl::FailedPreconditionError(
      absl::StrCat("topic ", where.topic,
                   " on the target belongs to this link, and its first record was written by something else. Delete "
                   "the topic if no other process copies this link"));
}

// One try of AgreeOnProducer. `own` is the producer that was got for it, if one had to be.
asio::awaitable<absl::StatusOr<kafka::ProducerIdentity>> TryToAgree(kafka::ClusterClient& target, std::string topic,
                                                                    std::string key, std::string value,
                                                                    std::optional<kafka::ProducerIdentity>& own) {
  absl::StatusOr<kafka::MetadataSnapshot> metadata = co_await target.FetchMetadata();
  if (!metadata.ok()) co_return metadata.status();
  auto found = (*metadata)->topics.find(topic);
  if (found == (*metadata)->topics.end())
    co_return absl::NotFoundError(absl::StrCat("the target does not show topic ", topic));
  absl::StatusOr<std::shared_ptr<kafka::Connection>> leader = co_await target.Leader(topic, 0);
  if (!leader.ok()) co_return leader.status();
  std::shared_ptr<kafka::Connection> connection = *leader;
  kafka::PeekTarget where;
  where.topic = topic;
  where.topic_id = found->second.id;
  where.partition = 0;
  absl::StatusOr<std::optional<kafka::ProducerIdentity>> named = co_await FirstProducer(connection, where);
  if (!named.ok()) co_return named.status();
  if (named->has_value()) {
    // Else it may be what this process wrote a moment ago, without hearing of it.
    LOG_IF(INFO, !own.has_value()) << "this link has run before: going on with its producer id " << (*named)->id
                                   << ", noted in topic " << topic << " on the target";
    co_return **named;
  }
  if (!own.has_value()) {
    absl::StatusOr<kafka::ProducerIdentity> producer = co_await kafka::NewProducerId(target);
    if (!producer.ok()) co_return producer.status();
    own = *producer;
  }
  std::string batch = kafka::OneRecordBatch(key, value, absl::ToUnixMillis(absl::Now()), own->id, own->epoch);
  absl::Status appended = co_await kafka::AppendBatch(connection, topic, 0, std::move(batch));
  if (CanPass(appended)) co_return appended;
  if (!appended.ok()) {
    LOG(WARNING) << appended.message() << ". The link's producer id cannot be noted on the target: should this "
                 << "process hang and its state folder be lost, another one would use another id";
    co_return *own;
  }
  named = co_await FirstProducer(connection, where);
  if (!named.ok()) co_return named.status();
  if (!named->has_value()) co_return absl::UnavailableError(absl::StrCat("topic ", topic, " is still empty"));
  co_return **named;
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
  wanted.partition_count = 1;
  const int brokers = static_cast<int>(target.metadata()->brokers.size());
  wanted.replication_factor = static_cast<int16_t>(std::clamp(replication_factor, 1, std::max(1, brokers)));
  // Its records are read when a state folder is lost. A target whose default asks for more replicas than are there now
  // must not hold up the start for that.
  wanted.configs = {{"cleanup.policy", "compact"}, {"min.insync.replicas", "1"}};
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

asio::awaitable<absl::StatusOr<kafka::ProducerIdentity>> AgreeOnProducer(kafka::ClusterClient& target,
                                                                         std::string topic, std::string key,
                                                                         std::string value) {
  const Clock::time_point begin = Clock::now();
  kafka::Backoff backoff;
  std::optional<kafka::ProducerIdentity> own;
  for (;;) {
    absl::StatusOr<kafka::ProducerIdentity> agreed = co_await TryToAgree(target, topic, key, value, own);
    const bool is_missing = absl::IsNotFound(agreed.status());
    if (!is_missing && !CanPass(agreed.status())) co_return agreed;
    const Clock::duration wait = backoff.Next();
    if (Clock::now() + wait - begin > (is_missing ? kTopicPatience : kPatience)) {
      if (!is_missing) co_return agreed;
      LOG(WARNING) << agreed.status().message() << ", where this link notes its producer id; going on with a new one";
      co_return co_await kafka::NewProducerId(target);
    }
    co_await kafka::SleepFor(wait);
  }
}

}  // namespace replicator
