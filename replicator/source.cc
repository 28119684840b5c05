#include "replicator/source.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/errors.h"
#include "kafka/record_batch.h"
#include "policy/batch_plan.h"

namespace replicator {
namespace {

// How long a broker may hold a fetch that has nothing to give.
constexpr int32_t kLongPollMs = 500;
// The same while some stream is outside of the request for a moment and will want to be in the next.
constexpr int32_t kShortPollMs = 10;
// On top of the long poll before the connection is given up.
constexpr Clock::duration kFetchTimeout = std::chrono::seconds(30);
// What a response takes besides records, per partition and in all.
constexpr size_t kResponseOverheadBytes = 1024;
constexpr size_t kPartitionOverheadBytes = 256;
// A batch that cannot be passed on is fetched again (its bytes may have been damaged on the way) this often in all.
constexpr int kMalformedTries = 3;
// Never ask for less: one request per few records would be all overhead.
constexpr size_t kFetchBytesMin = 64 << 10;

policy::BatchFacts FactsOf(const kafka::RecordBatchView& batch) {
  policy::BatchFacts facts;
  facts.base_offset = batch.base_offset();
  facts.last_offset_delta = batch.last_offset_delta();
  facts.record_count = batch.record_count();
  facts.is_control = batch.is_control();
  facts.is_log_append_time = batch.timestamp_type() == kafka::TimestampType::kLogAppendTime;
  facts.codec = static_cast<int8_t>(batch.codec());
  facts.size_bytes = static_cast<int64_t>(batch.bytes().size());
  return facts;
}

// Outside of the fetch set for a moment only: its queue is full, or it is about to begin.
bool ComesBackSoon(const Stream& stream) {
  const Partition& partition = stream.partition;
  return !partition.quarantined() && (!partition.begun() || partition.queue_bytes() > 0 || partition.failures() == 1);
}

bool StreamBefore(const Stream* a, const Stream* b) {
  if (a->assignment.source_topic != b->assignment.source_topic)
    return a->assignment.source_topic < b->assignment.source_topic;
  return a->assignment.partition < b->assignment.partition;
}

}  // namespace

Source::Source(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint,
               kafka::ConnectionOptions options, kafka::FetchMemory& memory, StreamOwner& owner)
    : memory_(memory),
      owner_(owner),
      broker_id_(broker_id),
      endpoint_(endpoint),
      lane_(std::move(endpoint), std::move(options)),
      wake_(executor) {}

void Source::Add(Stream* stream) {
  streams_.insert(std::lower_bound(streams_.begin(), streams_.end(), stream, StreamBefore), stream);
  Wake();
}

void Source::Remove(Stream* stream) { std::erase(streams_, stream); }

void Source::Stop() {
  stopping_ = true;
  lane_.Close();
  Wake();
}

asio::awaitable<void> Source::Run() {
  while (!stopping_) {
    Clock::time_point next_due = Clock::time_point::max();
    Fetch fetch = Collect(Clock::now(), &next_due);
    if (fetch.streams.empty()) {
      co_await wake_.Wait(next_due);
      continue;
    }
    absl::StatusOr<std::shared_ptr<kafka::Connection>> connected = co_await lane_.Get();
    if (stopping_) co_return;
    if (!connected.ok()) {
      LOG_EVERY_N(WARNING, 10) << "source broker " << broker_id_ << ": " << connected.status().message()
                               << "; trying again";
      owner_.MetadataIsStale(Side::kSource);
      continue;
    }
    const size_t wanted = std::min<size_t>(fetch_bytes_max_, fetch.streams.size() * kFetchPartitionBytes);
    fetch.reserved =
        std::max(wanted, kFetchBytesMin) + kResponseOverheadBytes + fetch.streams.size() * kPartitionOverheadBytes;
    if (!memory_.budget.TryReserve(fetch.reserved)) {
      co_await memory_.released.Wait();
      continue;
    }
    std::shared_ptr<kafka::Connection> connection = *connected;
    absl::Status exchanged = co_await Exchange(connection, fetch);
    if (stopping_) co_return;
    if (!exchanged.ok()) {
      LOG(WARNING) << "source broker " << broker_id_ << ": " << exchanged.message()
                   << "; fetching again on a new connection";
      owner_.MetadataIsStale(Side::kSource);
    }
  }
}

// The streams that want records, beginning behind the one that was served last: a broker fills a response in the order
// of the request.
Source::Fetch Source::Collect(Clock::time_point now, Clock::time_point* next_due) {
  Fetch fetch;
  fetch.all_streams = true;
  const size_t count = streams_.size();
  if (count > 0) first_ %= count;
  for (size_t i = 0; i < count; ++i) {
    Stream* stream = streams_[(first_ + i) % count];
    if (!stream->partition.wants_fetch() || stream->range_in_doubt) {
      if (ComesBackSoon(*stream)) fetch.all_streams = false;
      continue;
    }
    if (stream->fetch_not_before > now) {
      *next_due = std::min(*next_due, stream->fetch_not_before);
      continue;
    }
    fetch.streams.push_back(stream);
    fetch.asked.push_back(stream->partition.fetch_offset());
  }
  return fetch;
}

kafka::FetchRequest Source::ToRequest(const Fetch& fetch) const {
  kafka::FetchRequest request;
  request.max_wait_ms = fetch.all_streams ? kLongPollMs : kShortPollMs;
  request.bytes_max =
      static_cast<int32_t>(fetch.reserved - kResponseOverheadBytes - fetch.streams.size() * kPartitionOverheadBytes);
  request.isolation_level = kafka::IsolationLevel::kReadCommitted;
  for (size_t i = 0; i < fetch.streams.size(); ++i) {
    const Stream& stream = *fetch.streams[i];
    if (request.topics.empty() || request.topics.back().name != stream.assignment.source_topic) {
      request.topics.push_back({stream.assignment.source_topic, stream.assignment.source_topic_id, {}});
    }
    kafka::FetchRequest::Partition partition;
    partition.partition = stream.assignment.partition;
    partition.current_leader_epoch = stream.source_leader.epoch;
    partition.fetch_offset = fetch.asked[i].value;
    partition.last_fetched_epoch = stream.last_fetched_epoch;
    partition.partition_bytes_max = kFetchPartitionBytes;
    request.topics.back().partitions.push_back(partition);
  }
  return request;
}

asio::awaitable<absl::Status> Source::Exchange(std::shared_ptr<kafka::Connection> connection, Fetch& fetch) {
  const bool ids_known = std::all_of(fetch.streams.begin(), fetch.streams.end(),
                                     [](const Stream* s) { return s->assignment.source_topic_id != kafka::kNoUuid; });
  fetch.version = ids_known ? connection->versions().For(kafka::ApiKey::kFetch) : kafka::FetchRequest::kApi.version_low;
  kafka::FetchRequest request = ToRequest(fetch);
  const int32_t correlation_id = connection->NextCorrelationId();
  absl::StatusOr<std::string> frame =
      EncodeRequest(request, fetch.version, correlation_id, connection->options().client_id);
  if (!frame.ok()) {
    memory_.budget.Unreserve(fetch.reserved);
    co_return frame.status();
  }
  std::vector<iovec> parts = {{frame->data(), frame->size()}};
  absl::StatusOr<std::shared_ptr<kafka::PendingReply>> sent =
      co_await connection->Send(std::move(parts), correlation_id, kFetchTimeout, &memory_, fetch.reserved);
  if (!sent.ok()) co_return sent.status();
  std::shared_ptr<kafka::PendingReply> reply = *sent;
  absl::Status received = co_await kafka::Connection::Receive(reply);
  if (!received.ok()) co_return received;
  absl::Status handled = HandleResponse(fetch, *reply);
  if (!handled.ok()) connection->Close(handled);
  co_return handled;
}

absl::Status Source::HandleResponse(const Fetch& fetch, kafka::PendingReply& reply) {
  absl::StatusOr<std::string_view> body = ResponseBody(kafka::FetchRequest::kApi, fetch.version, reply.frame());
  if (!body.ok()) return body.status();
  absl::Status parsed = response_.Parse(*body, fetch.version);
  if (!parsed.ok()) return parsed;
  if (response_.error_code != kafka::kErrorNone) return kafka::ErrorStatus(response_.error_code, "fetch");
  absl::flat_hash_map<std::pair<std::string_view, int32_t>, size_t> index;
  const bool by_id = fetch.version >= 13;
  auto id_key = [](const kafka::Uuid& id) {
    return std::string_view(reinterpret_cast<const char*>(id.data()), id.size());
  };
  for (size_t i = 0; i < fetch.streams.size(); ++i) {
    const Assignment& assignment = fetch.streams[i]->assignment;
    index[{by_id ? id_key(assignment.source_topic_id) : std::string_view(assignment.source_topic),
           assignment.partition}] = i;
  }
  for (const kafka::FetchResponse::Partition& answer : response_.partitions) {
    const kafka::FetchResponse::Topic& topic = response_.topics[answer.topic_index];
    auto found = index.find({by_id ? id_key(topic.id) : topic.name, answer.partition});
    if (found == index.end()) continue;
    Stream& stream = *fetch.streams[found->second];
    if (!answer.records.empty()) first_ = IndexOf(stream) + 1;
    HandlePartition(stream, fetch.asked[found->second], answer, reply.buffer);
    owner_.Changed(stream);
  }
  return absl::OkStatus();
}

size_t Source::IndexOf(const Stream& stream) const {
  return std::lower_bound(streams_.begin(), streams_.end(), &stream, StreamBefore) - streams_.begin();
}

void Source::HandlePartition(Stream& stream, SourceOffset asked, const kafka::FetchResponse::Partition& answer,
                             const kafka::BufferRef& buffer) {
  // While the request was out the partition may have gone back (a failure at the target): these bytes are not its next
  // ones.
  if (stream.partition.fetch_offset() != asked) return;
  // It may also have got another leader, and what this one still has need not be what the new one has.
  if (stream.source_leader.broker != broker_id_) return;
  if (answer.error_code != kafka::kErrorNone) return HandleError(stream, answer);
  if (answer.diverging_epoch >= 0) {
    return stream.partition.PutInQuarantine(
        QuarantineCode::kSourceTruncated,
        absl::StrCat("the source's log was truncated: epoch ", answer.diverging_epoch, " ends at ",
                     answer.diverging_end_offset, " there, but offset ", asked.value,
                     " of a later history was copied already. Delete the target topic and let "
                     "it be copied again, or keep it as it is"));
  }
  stream.source_failures = 0;
  stream.source_error.clear();
  stream.source_log_start = answer.log_start_offset;
  stream.source_end = answer.last_stable_offset >= 0 ? answer.last_stable_offset : answer.high_watermark;
  HandleRecords(stream, answer, buffer);
}

void Source::HandleError(Stream& stream, const kafka::FetchResponse::Partition& answer) {
  const std::string error = kafka::ErrorText(answer.error_code);
  switch (kafka::ClassifyFetchError(answer.error_code)) {
    case kafka::FetchOutcome::kOffsetOutOfRange:
      stream.range_in_doubt = true;
      stream.source_error = error;
      return;
    case kafka::FetchOutcome::kRefreshMetadata:
    case kafka::FetchOutcome::kTopicIdChanged:
      owner_.MetadataIsStale(Side::kSource);
      return BackOff(stream, error);
    case kafka::FetchOutcome::kOk:
    case kafka::FetchOutcome::kRetry:
    case kafka::FetchOutcome::kResetFetchSession:
      return BackOff(stream, error);
    case kafka::FetchOutcome::kFatal:
      // What the operator has to mend at the source (a missing ACL, say) passes once it is mended: keep asking.
      return BackOff(stream, absl::StrCat(error, ". ", kafka::RemedyFor(answer.error_code)));
  }
}

void Source::BackOff(Stream& stream, std::string error) {
  ++stream.source_failures;
  if (stream.source_failures == 1 || stream.source_error != error) {
    LOG(WARNING) << stream.Name() << ": the source broker " << broker_id_ << " answers " << error << "; trying again";
  }
  stream.source_error = std::move(error);
  stream.fetch_not_before = Clock::now() + owner_.BackoffAfter(stream.source_failures);
}

void Source::HandleRecords(Stream& stream, const kafka::FetchResponse::Partition& answer,
                           const kafka::BufferRef& buffer) {
  std::vector<policy::AbortedTransaction> aborted;
  for (const kafka::FetchResponse::AbortedTransaction& transaction : response_.AbortedOf(answer)) {
    aborted.push_back({transaction.producer_id, transaction.first_offset});
  }
  policy::TransactionFilter transactions(std::move(aborted));
  // The response's bytes are this process's own: batches are patched where they lie.
  absl::Span<char> records(const_cast<char*>(answer.records.data()), answer.records.size());
  for (;;) {
    kafka::NextBatchResult next = kafka::NextBatch(records);
    switch (next.kind) {
      case kafka::BatchKind::kEnd:
      case kafka::BatchKind::kPartial:
        return;
      case kafka::BatchKind::kMalformed:
        return Malformed(stream, next.reason);
      case kafka::BatchKind::kOldMagic:
        return Refuse(stream, QuarantineCode::kUnsupportedBatch, next.reason);
      case kafka::BatchKind::kBatch:
        break;
    }
    if (!HandleBatch(stream, kafka::RecordBatchView(next.bytes), transactions, buffer)) return;
    records.remove_prefix(next.bytes.size());
  }
}

bool Source::HandleBatch(Stream& stream, kafka::RecordBatchView batch, policy::TransactionFilter& transactions,
                         const kafka::BufferRef& buffer) {
  absl::Status valid = batch.Validate();
  if (!valid.ok()) {
    Malformed(stream, std::string(valid.message()));
    return false;
  }
  bool is_abort = false;
  if (batch.is_control()) {
    absl::StatusOr<kafka::ControlMarker> marker = kafka::ReadControlMarker(batch);
    if (!marker.ok()) {
      Malformed(stream, std::string(marker.status().message()));
      return false;
    }
    is_abort = *marker == kafka::ControlMarker::kAbort;
  }
  policy::BatchContext context;
  context.wanted_offset = stream.partition.fetch_offset().value;
  context.target_batch_bytes_max = stream.assignment.target_batch_bytes_max;
  context.transaction = transactions.Decide(batch.last_offset(), batch.producer_id(), batch.is_transactional(),
                                            batch.is_control(), is_abort);
  policy::BatchPlan plan = policy::PlanBatch(FactsOf(batch), context);
  if (plan.action == policy::BatchAction::kRefuse) {
    Refuse(stream, QuarantineCode::kUnsupportedBatch, std::move(plan.explanation));
    return false;
  }
  // The target's broker checks what is sent to it; what is left out, only we can.
  if (plan.action == policy::BatchAction::kSkip && !batch.CrcMatches()) {
    Malformed(stream, "its checksum does not match");
    return false;
  }
  stream.malformed_batches = 0;
  if (batch.next_offset() > context.wanted_offset) stream.last_fetched_epoch = batch.partition_leader_epoch();
  const SourceOffset next(batch.next_offset());
  if (plan.action == policy::BatchAction::kSkip) {
    stream.partition.SkipTo(next);
    return true;
  }
  stream.partition.Accept({.source_base = SourceOffset(batch.base_offset()),
                           .source_end = next,
                           .record_count = batch.record_count(),
                           .bytes = kafka::Slice(buffer, batch.bytes())});
  return true;
}

void Source::Malformed(Stream& stream, std::string reason) {
  Refuse(stream, QuarantineCode::kMalformedBatch,
         absl::StrCat("what the source has at offset ", stream.partition.fetch_offset().value,
                      " is not a record batch: ", reason, ". Check the broker's log directory with kafka-dump-log"));
}

void Source::Refuse(Stream& stream, QuarantineCode code, std::string reason) {
  if (++stream.malformed_batches < kMalformedTries) return BackOff(stream, std::move(reason));
  stream.partition.PutInQuarantine(code, std::move(reason));
}

}  // namespace replicator
