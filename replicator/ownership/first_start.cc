#include "replicator/ownership/first_start.h"

#include <glog/logging.h>

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/batch/records.h"
#include "kafka/client/append.h"
#include "kafka/client/errors.h"
#include "kafka/client/peek.h"
#include "kafka/wire/list_offsets.h"

namespace replicator {
namespace {

using kafka::Clock;

// Leaders that are being elected are there by then.
constexpr Clock::duration kPatience = std::chrono::seconds(60);
constexpr Clock::duration kListOffsetsTimeout = std::chrono::seconds(15);

// What the link's topic holds.
struct LinkTopicContent {
  std::string first_key;
  std::optional<StartOffsets> start;
};

// As in link_topic.cc: another broker may lead soon, and what was sent may have landed.
bool CanPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsDataLoss(status);
}

asio::awaitable<absl::StatusOr<LinkTopicContent>> ReadLinkTopic(std::shared_ptr<kafka::Connection> leader,
                                                                kafka::PeekTarget where) {
  LinkTopicContent content;
  StartReader reader;
  int64_t offset = 0;
  for (bool is_first = true;;) {
    absl::StatusOr<kafka::PeekedBatches> batches =
        co_await kafka::PeekBatches(leader, where, offset, kafka::IsolationLevel::kReadUncommitted);
    if (!batches.ok()) co_return batches.status();
    if (batches->size_bytes() == 0) break;
    const absl::Status read = batches->ForEach([&](kafka::RecordBatchView batch) {
      offset = batch.next_offset();
      absl::Status valid = batch.Validate();
      if (!valid.ok()) return valid;
      return kafka::VisitRecords(batch, [&](const kafka::Record& record) {
        if (std::exchange(is_first, false)) content.first_key = std::string(record.key.value_or(""));
        reader.Add(record.key.value_or(""), record.value.value_or(""));
      });
    });
    if (!read.ok()) co_return read;
  }
  content.start = reader.start();
  co_return content;
}

// Partitions that the link selects, by their leaders; the ids of their topics in `start`. Unavailable: one has no
// leader.
absl::StatusOr<std::map<int32_t, std::map<std::string, std::vector<int32_t>>>> SelectByLeader(
    const LinkConfig& config, const kafka::ClusterMetadata& source, StartOffsets& start) {
  std::map<int32_t, std::map<std::string, std::vector<int32_t>>> by_leader;
  for (const auto& [name, topic] : source.topics) {
    if (topic.is_internal || config.topic_filter.Decide(name) != policy::TopicDecision::kCopy) continue;
    if (config.replication_policy.IsCycle(name)) continue;
    if (topic.error_code != kafka::kErrorNone)
      return absl::UnavailableError(absl::StrCat("topic ", name, ": ", kafka::ErrorText(topic.error_code)));
    start.topics[name].id = topic.id;
    for (size_t partition = 0; partition < topic.partitions.size(); ++partition) {
      const int32_t leader = topic.partitions[partition].leader_id;
      if (!source.brokers.contains(leader))
        return absl::UnavailableError(absl::StrCat(name, "-", partition, " has no leader at the source at present"));
      by_leader[leader][name].push_back(static_cast<int32_t>(partition));
    }
  }
  return by_leader;
}

asio::awaitable<absl::StatusOr<StartOffsets>> AskEnds(const LinkConfig& config, kafka::ClusterClient& source) {
  absl::StatusOr<kafka::MetadataSnapshot> metadata = co_await source.FetchMetadata();
  if (!metadata.ok()) co_return metadata.status();
  StartOffsets start;
  auto by_leader = SelectByLeader(config, **metadata, start);
  if (!by_leader.ok()) co_return by_leader.status();
  for (const auto& [leader, topics] : *by_leader) {
    kafka::ListOffsetsRequest request(kafka::kConsumerReplicaId);
    request.isolation_level = config.isolation_level;
    for (const auto& [name, partitions] : topics) {
      request.topics.push_back({name, {}});
      for (const int32_t partition : partitions) request.topics.back().partitions.push_back({partition});
    }
    const auto& [first_topic, first_partitions] = *topics.begin();
    absl::StatusOr<std::shared_ptr<kafka::Connection>> connection =
        co_await source.Leader(first_topic, first_partitions.front());
    if (!connection.ok()) co_return connection.status();
    std::shared_ptr<kafka::Connection> open = *connection;
    absl::StatusOr<kafka::ListOffsetsResponse> response = co_await open->Call(request, kListOffsetsTimeout);
    if (!response.ok()) co_return response.status();
    for (const kafka::ListOffsetsResponse::Topic& topic : response->topics) {
      for (const kafka::ListOffsetsResponse::Partition& partition : topic.partitions) {
        if (partition.error_code != kafka::kErrorNone) {
          co_return kafka::ErrorStatus(partition.error_code,
                                       absl::StrCat("list offsets of ", topic.name, "-", partition.partition));
        }
        start.topics[topic.name].ends[partition.partition] = partition.offset;
      }
    }
  }
  for (const auto& [name, topic] : start.topics) {
    if (topic.ends.size() != (*metadata)->topics.at(name).partitions.size())
      co_return absl::UnavailableError(absl::StrCat("list offsets: an answer lacks partitions of ", name));
  }
  co_return start;
}

asio::awaitable<absl::Status> WriteNote(std::shared_ptr<kafka::Connection> leader, std::string topic,
                                        std::vector<StartRecord> records) {
  for (const StartRecord& record : records) {
    // Without a producer: should one be written twice, it says the same.
    std::string batch = kafka::OneRecordBatch(record.key, record.value, absl::ToUnixMillis(absl::Now()),
                                              /*producer_id=*/-1, /*producer_epoch=*/-1);
    absl::Status appended = co_await kafka::AppendBatch(leader, topic, 0, std::move(batch));
    if (!appended.ok()) co_return appended;
  }
  co_return absl::OkStatus();
}

// One try of AgreeOnStart. `set`: the name of the note that it may write.
asio::awaitable<absl::StatusOr<StartOffsets>> TryToAgree(const LinkConfig& config, kafka::ClusterClient& source,
                                                         kafka::ClusterClient& target, FirstStartQuestion question,
                                                         std::string set) {
  absl::StatusOr<kafka::MetadataSnapshot> metadata = co_await target.FetchMetadata();
  if (!metadata.ok()) co_return metadata.status();
  auto found = (*metadata)->topics.find(question.topic);
  if (found == (*metadata)->topics.end()) {
    co_return absl::FailedPreconditionError(
        absl::StrCat("the target does not show topic ", question.topic,
                     ", where it is noted from which offsets on a link with auto.offset.reset=latest copies"));
  }
  kafka::PeekTarget where;
  where.topic = question.topic;
  where.topic_id = found->second.id;
  where.partition = 0;
  absl::StatusOr<std::shared_ptr<kafka::Connection>> connection = co_await target.Leader(question.topic, 0);
  if (!connection.ok()) co_return connection.status();
  std::shared_ptr<kafka::Connection> leader = *connection;
  absl::StatusOr<LinkTopicContent> content = co_await ReadLinkTopic(leader, where);
  if (!content.ok()) co_return content.status();
  if (content->start.has_value()) co_return *std::move(content->start);
  if (question.has_copied || content->first_key != question.instance_id) {
    LOG(WARNING)
        << "auto.offset.reset=latest has no effect: this link was started before without it, so each partition "
           "that has not begun yet begins at its start";
    co_return StartOffsets();
  }
  absl::StatusOr<StartOffsets> ends = co_await AskEnds(config, source);
  if (!ends.ok()) co_return ends.status();
  std::vector<StartRecord> records = WriteStart(*ends, set);
  absl::Status written = co_await WriteNote(leader, question.topic, std::move(records));
  if (!written.ok()) co_return written;
  LOG(INFO) << "auto.offset.reset=latest: the first start of this link; " << ends->topics.size()
            << " topics are copied from where they end now, noted in topic " << question.topic << " on the target";
  // What the topic says counts: an earlier try may have landed after all.
  content = co_await ReadLinkTopic(leader, where);
  if (!content.ok()) co_return content.status();
  if (!content->start.has_value())
    co_return absl::UnavailableError(absl::StrCat("topic ", question.topic, " does not show what was written to it"));
  co_return *std::move(content->start);
}

}  // namespace

asio::awaitable<absl::StatusOr<StartOffsets>> AgreeOnStart(const LinkConfig& config, kafka::ClusterClient& source,
                                                           kafka::ClusterClient& target, FirstStartQuestion question) {
  const Clock::time_point begin = Clock::now();
  kafka::Backoff backoff;
  for (int attempt = 0;; ++attempt) {
    std::string set = absl::StrCat(question.instance_id, "-", absl::ToUnixMillis(absl::Now()), "-", attempt);
    absl::StatusOr<StartOffsets> agreed = co_await TryToAgree(config, source, target, question, std::move(set));
    if (agreed.ok() || !CanPass(agreed.status())) co_return agreed;
    const Clock::duration wait = backoff.Next();
    if (Clock::now() + wait - begin > kPatience) co_return agreed.status();
    co_await kafka::SleepFor(wait);
  }
}

}  // namespace replicator
