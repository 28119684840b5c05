#include "replicator/copy/source.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/batch/record_batch.h"
#include "kafka/batch/records.h"
#include "kafka/client/errors.h"
#include "policy/batch_plan.h"

namespace replicator {
namespace {

// How long a broker may hold a fetch that has nothing to give.
constexpr int32_t kLongPollMs = 500;
// The same while some stream is outside of the request for a moment and will want to be in the next.
constexpr int32_t kShortPollMs = 10;
// On top of the long poll before the connection is given up.
constexpr Clock::duration kFetchTimeout = std::chrono::seconds(30);
// A batch that cannot be passed on is fetched again (its bytes may have been damaged on the way) this often in all.
constexpr int kMalformedTries = 3;
// From this version on a request carries the epoch of what was fetched last (KIP-595).
constexpr int16_t kVersionLastFetchedEpoch = 12;

policy::BatchFacts FactsOf(const kafka::RecordBatchView& batch) {
  policy::BatchFacts facts;
  facts.base_offset = batch.base_offset();
  facts.last_offset_delta = batch.last_offset_delta();
  facts.record_count = batch.record_count();
  facts.is_control = batch.is_control();
  facts.is_log_append_time = batch.timestamp_type() == kafka::TimestampType::kLogAppendTime;
  facts.codec = static_cast<int8_t>(batch.codec());
  return facts;
}

bool DoesNotKnow(const kafka::FetchResponse::Partition& answer) {
  const kafka::FetchOutcome outcome = kafka::ClassifyFetchError(answer.error_code);
  return outcome == kafka::FetchOutcome::kRefreshMetadata || outcome == kafka::FetchOutcome::kTopicIdChanged;
}

// Outside of the fetch set for a moment only: its queue is full, or it is about to begin.
bool ComesBackSoon(const Stream& stream) {
  const Partition& partition = stream.partition;
  return !partition.quarantined() && (!partition.begun() || partition.queue_bytes() > 0 || partition.failures() == 1);
}

// 0, too, when they cannot be read.
int32_t KeylessRecords(const kafka::RecordBatchView& batch) {
  int32_t keyless = 0;
  const absl::Status read =
      kafka::VisitRecords(batch, [&](const kafka::Record& record) { keyless += record.key.has_value() ? 0 : 1; });
  return read.ok() ? keyless : 0;
}

}  // namespace

Source::Source(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint,
               const SourceOptions& options, kafka::FetchMemory& memory, StreamOwner& owner)
    : memory_(memory),
      owner_(owner),
      broker_id_(broker_id),
      endpoint_(endpoint),
      isolation_level_(options.isolation_level),
      limit_(*options.limit),
      lane_(std::move(endpoint), options.connection),
      wake_(executor),
      stopped_(executor) {}

void Source::Add(Stream* stream) {
  const Assignment& assignment = stream->assignment;
  const auto put = [&](TopicStreams& streams) {
    const auto partition = static_cast<size_t>(assignment.partition);
    if (streams.size() <= partition) streams.resize(partition + 1);
    streams[partition] = stream;
  };
  put(by_name_[assignment.source_topic]);
  if (assignment.source_topic_id == kafka::kNoUuid) {
    ++streams_without_id_;
  } else {
    put(by_id_[assignment.source_topic_id]);
  }
  Note(*stream);
}

void Source::Remove(Stream* stream) {
  const Assignment& assignment = stream->assignment;
  by_name_[assignment.source_topic][assignment.partition] = nullptr;
  if (assignment.source_topic_id == kafka::kNoUuid) {
    --streams_without_id_;
  } else {
    by_id_[assignment.source_topic_id][assignment.partition] = nullptr;
  }
  session_.Exclude(*stream);
  if (std::exchange(stream->noted_by_source, false)) std::erase(noted_, stream);
}

void Source::Note(Stream& stream) {
  if (!std::exchange(stream.noted_by_source, true)) noted_.push_back(&stream);
  wake_.Notify();
}

void Source::Stop() {
  stopping_ = true;
  lane_.Close();
  wake_.Notify();
  stopped_.Notify();
}

asio::awaitable<void> Source::Run() {
  while (!stopping_) {
    Clock::time_point next_due = Clock::time_point::max();
    const bool is_long_poll = !Collect(Clock::now(), &next_due);
    if (session_.size() == 0) {
      co_await wake_.Wait(next_due);
      continue;
    }
    absl::StatusOr<std::shared_ptr<kafka::Connection>> connected = co_await lane_.Get();
    if (stopping_) co_return;
    if (!connected.ok()) {
      trouble_ = std::string(connected.status().message());
      if (connect_failures_.Fails()) {
        LOG(WARNING) << "source broker " << broker_id_ << ": " << connected.status().message() << "; trying again";
      }
      owner_.MetadataIsStale(Side::kSource);
      continue;
    }
    connect_failures_.Ends();
    if (IsAnotherOne(*connected)) {
      DoubtHistories();
      continue;
    }
    if (Clock::now() < not_before_) {
      co_await stopped_.Wait(not_before_);
      continue;
    }
    const FetchRoom room = RoomFor(session_.size(), fetch_bytes_max_, memory_.budget.bytes_max());
    if (!memory_.budget.TryReserve(room.reserved_bytes)) {
      co_await memory_.released.Wait();
      continue;
    }
    std::shared_ptr<kafka::Connection> connection = *connected;
    UseVersion(connection->versions());
    absl::Status exchanged = co_await Exchange(connection, room, is_long_poll);
    if (stopping_) co_return;
    if (!exchanged.ok()) {
      trouble_ = std::string(exchanged.message());
      session_.Reset();
      DoubtHistories();
      connection_ = {};  // the next one comes after that doubt
      had_connection_ = false;
      LOG(WARNING) << "source broker " << broker_id_ << ": " << exchanged.message()
                   << "; fetching again on a new connection";
      owner_.MetadataIsStale(Side::kSource);
    }
  }
}

// The last one was closed while nothing was asked on it: the broker may have been another one meanwhile.
bool Source::IsAnotherOne(const std::shared_ptr<kafka::Connection>& connection) {
  if (connection_.lock() == connection) return false;
  connection_ = connection;
  return std::exchange(had_connection_, true);
}

void Source::DoubtHistories() {
  for (const auto& [topic, streams] : by_name_) {
    for (Stream* stream : streams) {
      if (stream == nullptr) continue;
      stream->doubt.Doubt(DoubtReason::kConnectionNew);
      owner_.Changed(*stream);
    }
  }
}

// Brings the session in line with what the noted streams want. True when one that is outside of it will want to be in
// the next request soon: the present one must not be long.
bool Source::Collect(Clock::time_point now, Clock::time_point* next_due) {
  bool comes_back = false;
  std::vector<Stream*> waiting;
  for (Stream* stream : noted_) {
    const bool wants = stream->partition.wants_fetch() && stream->doubt.may_fetch();
    if (wants && stream->fetch_not_before <= now) {
      stream->noted_by_source = false;
      session_.Include(*stream);
      continue;
    }
    session_.Exclude(*stream);
    if (wants) *next_due = std::min(*next_due, stream->fetch_not_before);
    if (wants || ComesBackSoon(*stream)) {
      waiting.push_back(stream);
      comes_back = comes_back || !wants;
    } else {
      stream->noted_by_source = false;
    }
  }
  noted_ = std::move(waiting);
  return comes_back;
}

void Source::UseVersion(const kafka::NegotiatedVersions& versions) {
  const int16_t version = versions.Fetch(/*by_topic_id=*/streams_without_id_ == 0);
  if (version != std::exchange(version_, version)) session_.Reset();
}

kafka::FetchRequest Source::NextRequest(const FetchRoom& room, bool is_long_poll) {
  kafka::FetchRequest request;
  request.max_wait_ms = is_long_poll ? kLongPollMs : kShortPollMs;
  request.bytes_max = static_cast<int32_t>(room.records_bytes_max);
  request.isolation_level = isolation_level_;
  session_.Fill(request);
  return request;
}

asio::awaitable<absl::Status> Source::Exchange(std::shared_ptr<kafka::Connection> connection, FetchRoom room,
                                               bool is_long_poll) {
  kafka::FetchRequest request = NextRequest(room, is_long_poll);
  const int32_t correlation_id = connection->NextCorrelationId();
  absl::StatusOr<std::string> frame = EncodeRequest(request, version_, correlation_id, connection->options().client_id);
  if (!frame.ok()) {
    memory_.budget.Unreserve(room.reserved_bytes);
    co_return frame.status();
  }
  std::vector<iovec> parts = {{frame->data(), frame->size()}};
  absl::StatusOr<std::shared_ptr<kafka::PendingReply>> sent =
      co_await connection->Send(std::move(parts), correlation_id, kFetchTimeout, &memory_, room.reserved_bytes);
  if (!sent.ok()) co_return sent.status();
  std::shared_ptr<kafka::PendingReply> reply = *sent;
  absl::Status received = co_await kafka::Connection::Receive(reply);
  if (!received.ok()) co_return received;
  absl::Status handled = HandleResponse(*reply);
  if (handled.ok()) {
    connection->Throttle(response_.throttle_time_ms);
  } else {
    connection->Close(handled);
  }
  not_before_ =
      std::max(limit_.Book(static_cast<int64_t>(reply->frame().size()), Clock::now()), connection->throttled_until());
  co_return handled;
}

absl::Status Source::HandleResponse(kafka::PendingReply& reply) {
  absl::StatusOr<std::string_view> body = ResponseBody(kafka::FetchRequest::kApi, version_, reply.frame());
  if (!body.ok()) return body.status();
  absl::Status parsed = response_.Parse(*body, version_);
  if (!parsed.ok()) return parsed;
  if (kafka::ClassifyFetchError(response_.error_code) == kafka::FetchOutcome::kResetFetchSession) {
    session_.Reset();  // the broker restarted, or needed the room
    return absl::OkStatus();
  }
  if (response_.error_code != kafka::kErrorNone) return kafka::ErrorStatus(response_.error_code, "fetch");
  session_.OnAnswer(response_.session_id, Clock::now());
  trouble_.clear();
  for (const kafka::FetchResponse::Partition& answer : response_.partitions) {
    Stream* stream = Find(response_.topics[answer.topic_index], answer.partition);
    if (stream == nullptr) continue;
    HandlePartition(*stream, answer, reply.buffer);
    owner_.Changed(*stream);
  }
  errors_.Log();
  return absl::OkStatus();
}

// nullptr for what is no longer asked for here.
Stream* Source::Find(const kafka::FetchResponse::Topic& topic, int32_t partition) const {
  const TopicStreams* streams = nullptr;
  if (topic.id != kafka::kNoUuid) {
    auto found = by_id_.find(topic.id);
    if (found != by_id_.end()) streams = &found->second;
  } else {
    auto found = by_name_.find(topic.name);
    if (found != by_name_.end()) streams = &found->second;
  }
  if (streams == nullptr || partition < 0 || static_cast<size_t>(partition) >= streams->size()) return nullptr;
  Stream* stream = (*streams)[partition];
  return stream != nullptr && stream->fetch_place.is_known ? stream : nullptr;
}

void Source::HandlePartition(Stream& stream, const kafka::FetchResponse::Partition& answer,
                             const kafka::BufferRef& buffer) {
  // The partition may have got another leader, and what this one still has need not be what the new one has.
  if (stream.source_leader.broker != broker_id_) return;
  // While the request was out the partition may have gone back (a failure at the target): these bytes are not its next
  // ones.
  const SourceOffset asked = stream.fetch_place.offset;
  const bool is_overtaken = stream.partition.fetch_offset() != asked || !stream.doubt.may_fetch();
  // Whatever was asked for: the log behind the name may be another one when it is known again.
  if (DoesNotKnow(answer)) stream.doubt.Doubt(DoubtReason::kPartitionUnknown);
  if (is_overtaken) return;
  if (answer.error_code != kafka::kErrorNone) return HandleError(stream, answer);
  if (answer.diverging_epoch >= 0)
    return stream.doubt.OnDiverged(asked, answer.diverging_epoch, answer.diverging_end_offset);
  if (!stream.doubt.OnResponse(/*broker_tells=*/version_ >= kVersionLastFetchedEpoch)) return;
  stream.source_failures = 0;
  stream.source_error.clear();
  stream.source_heard_at = session_.answered_at();
  stream.NoteLogStart(answer.log_start_offset);
  stream.source_high_watermark = answer.high_watermark;
  const bool committed_only = isolation_level_ == kafka::IsolationLevel::kReadCommitted;
  stream.source_end =
      committed_only && answer.last_stable_offset >= 0 ? answer.last_stable_offset : answer.high_watermark;
  HandleRecords(stream, answer, buffer);
}

void Source::HandleError(Stream& stream, const kafka::FetchResponse::Partition& answer) {
  const std::string error = kafka::ErrorText(answer.error_code);
  if (kafka::ShowsStaleMetadata(answer.error_code)) owner_.MetadataIsStale(Side::kSource);
  switch (kafka::ClassifyFetchError(answer.error_code)) {
    case kafka::FetchOutcome::kOffsetOutOfRange:
      stream.doubt.OnOutOfRange();
      stream.source_error = error;
      return;
    case kafka::FetchOutcome::kOk:
    case kafka::FetchOutcome::kRefreshMetadata:
    case kafka::FetchOutcome::kTopicIdChanged:
    case kafka::FetchOutcome::kRetry:
    case kafka::FetchOutcome::kResetFetchSession:
      return BackOff(stream, error);
    case kafka::FetchOutcome::kFatal:
      if (answer.error_code == kafka::kErrorCorruptMessage) return Malformed(stream, error);
      // What the operator has to mend at the source (a missing ACL, say) passes once it is mended: keep asking.
      return BackOff(stream, kafka::ErrorAndRemedy(answer.error_code));
  }
}

void Source::BackOff(Stream& stream, std::string error) {
  ++stream.source_failures;
  if (stream.source_failures == 1 || stream.source_error != error) {
    errors_.Add(stream.Name(), absl::StrCat("the source broker ", broker_id_, " answers ", error, "; trying again"));
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
  context.transaction = transactions.Decide(batch.last_offset(), batch.producer_id(), batch.is_transactional(),
                                            batch.is_control(), is_abort);
  policy::BatchPlan plan = policy::PlanBatch(FactsOf(batch), context);
  // The target's broker checks what is sent to it, but not who damaged it. What is not sent, only we can check.
  const bool was_refused = stream.partition.refused_base() == SourceOffset(batch.base_offset());
  if ((was_refused || plan.action != policy::BatchAction::kRaw) && !batch.CrcMatches()) {
    Damaged(stream, batch);
    return false;
  }
  if (plan.action == policy::BatchAction::kRefuse) {
    // A log of other batches may stand there now.
    if (plan.reason == policy::BatchReason::kStartsEarly) stream.doubt.Doubt(DoubtReason::kBatchBeginsEarly);
    if (plan.reason == policy::BatchReason::kHoles) stream.partition.NoteCompacted();
    Refuse(stream, QuarantineCode::kUnsupportedBatch, std::move(plan.explanation));
    return false;
  }
  stream.malformed_batches = 0;
  if (batch.base_offset() > context.wanted_offset && stream.source_log_start > context.wanted_offset) {
    stream.doubt.OnOutOfRange();  // retention has passed it between two requests
    return false;
  }
  // Only the log cleaner leaves such batches.
  if (plan.reason == policy::BatchReason::kEmpty) stream.partition.NoteCompacted();
  if (batch.next_offset() > context.wanted_offset) {
    const bool is_first = stream.partition.fetch_offset() == stream.fetch_place.offset;
    const bool is_told = version_ >= kVersionLastFetchedEpoch;
    if (is_first && !is_told && !stream.doubt.OnFirstBatch(batch.partition_leader_epoch())) return false;
    stream.last_fetched_time_ms = batch.max_timestamp_ms();
  }
  const SourceOffset next(batch.next_offset());
  if (plan.action == policy::BatchAction::kSkip) {
    stream.partition.SkipTo(next, batch.partition_leader_epoch(), SourceOffset(batch.base_offset()));
    return true;
  }
  stream.partition.Accept({.source_base = SourceOffset(batch.base_offset()),
                           .source_end = next,
                           .record_count = batch.record_count(),
                           .bytes = kafka::Slice(buffer, batch.bytes()),
                           .leader_epoch = batch.partition_leader_epoch(),
                           .content_crc = batch.ContentCrc(),
                           .codec = batch.codec(),
                           .keyless_records = was_refused ? KeylessRecords(batch) : 0});
  return true;
}

void Source::Malformed(Stream& stream, const std::string& reason) {
  Refuse(stream, QuarantineCode::kMalformedBatch,
         absl::StrCat("what the source has at offset ", stream.partition.fetch_offset().value,
                      " is not a record batch: ", reason, ". ", kafka::RemedyFor(kafka::kErrorCorruptMessage),
                      " Or leave out the rest of its segment: resume with --from=OFFSET, with which the next .log "
                      "file of the partition begins"));
}

// Its header may be what is damaged, too.
void Source::Damaged(Stream& stream, const kafka::RecordBatchView& batch) {
  Refuse(stream, QuarantineCode::kMalformedBatch,
         absl::StrCat("the batch at source offset ", batch.base_offset(),
                      " is damaged at the source: its checksum does not match. By its header it holds ",
                      batch.record_count(), " records. ", kafka::RemedyFor(kafka::kErrorCorruptMessage),
                      " Or leave it out: resume with --from=", batch.next_offset()));
}

void Source::Refuse(Stream& stream, QuarantineCode code, std::string reason) {
  if (++stream.malformed_batches < kMalformedTries) return BackOff(stream, std::move(reason));
  stream.partition.PutInQuarantine(code, std::move(reason));
}

}  // namespace replicator
