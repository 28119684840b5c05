#include "replicator/locate/settler.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/client/errors.h"
#include "kafka/client/peek.h"
#include "kafka/wire/init_producer_id.h"
#include "offsets/crash_point.h"
#include "replicator/locate/content_search.h"
#include "replicator/locate/offsets_query.h"

namespace replicator {
namespace {

constexpr Clock::duration kInitProducerIdTimeout = std::chrono::seconds(15);

bool MustBeAsked(const Stream& stream) {
  if (stream.resume.has_value() && !stream.resume->target_end.has_value()) return true;
  return stream.partition.must_settle() || stream.partition.must_renew_producer() ||
         (!stream.partition.begun() && !stream.partition.quarantined() && !stream.tail.has_value());
}

kafka::PeekTarget TargetOf(const Stream& stream) {
  return {stream.assignment.target_topic, stream.assignment.target_topic_id, stream.assignment.partition,
          stream.target_leader.fence};
}

TargetTail TailOf(const kafka::RecordBatchView& batch) {
  // A sequence counts mod 2^31 (DefaultRecordBatch.incrementSequence).
  // By the last offset, not by the count: of those, compaction of the target may have taken some away.
  const int64_t next = (int64_t{batch.base_sequence()} + batch.last_offset_delta() + 1) & 0x7fffffff;
  return {
      .producer = {batch.producer_id(), batch.producer_epoch()},
      .next_sequence = static_cast<int32_t>(next),
      .content_crc = batch.ContentCrc(),
      // Times that the broker has put in are not what was copied.
      .record_count = batch.timestamp_type() == kafka::TimestampType::kCreateTime ? batch.last_offset_delta() + 1 : 0};
}

}  // namespace

Settler::Settler(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint,
                 kafka::ConnectionOptions options, StreamOwner& owner)
    : owner_(owner), broker_id_(broker_id), lane_(std::move(endpoint), std::move(options)), wake_(executor) {}

void Settler::Add(Stream* stream) {
  streams_.push_back(stream);
  Wake();
}

void Settler::Stop() {
  stopping_ = true;
  lane_.Close();
  Wake();
}

std::vector<Stream*> Settler::Due(Clock::time_point now, Clock::time_point* next_due) const {
  std::vector<Stream*> due;
  for (Stream* stream : streams_) {
    if (!MustBeAsked(*stream)) continue;
    if (stream->ask_not_before > now) {
      *next_due = std::min(*next_due, stream->ask_not_before);
    } else {
      due.push_back(stream);
    }
  }
  return due;
}

asio::awaitable<void> Settler::Run() {
  while (!stopping_) {
    Clock::time_point next_due = Clock::time_point::max();
    std::vector<Stream*> due = Due(Clock::now(), &next_due);
    if (due.empty()) {
      co_await wake_.Wait(next_due);
      continue;
    }
    absl::StatusOr<std::shared_ptr<kafka::Connection>> connected = co_await lane_.Get();
    if (stopping_) co_return;
    absl::Status asked = connected.status();
    if (connected.ok()) {
      std::shared_ptr<kafka::Connection> connection = *connected;
      asked = co_await Ask(connection, due);
    }
    if (stopping_) co_return;
    if (!asked.ok()) {
      LOG_EVERY_N(WARNING, 10) << "target broker " << broker_id_ << ": " << asked.message() << "; asking again";
      for (Stream* stream : due) Note(*stream, asked.message());
      owner_.MetadataIsStale(Side::kTarget);
    }
  }
}

asio::awaitable<absl::Status> Settler::Ask(std::shared_ptr<kafka::Connection> connection,
                                           std::vector<Stream*> streams) {
  // While this waited for the connection, others may have come to lead some.
  std::erase_if(streams, [this](const Stream* stream) { return stream->target_leader.broker != broker_id_; });
  if (streams.empty()) co_return absl::OkStatus();
  std::vector<Leader> leaders;
  for (const Stream* stream : streams) leaders.push_back(stream->target_leader);
  OffsetsQuery log_end_query = {.side = Side::kTarget, .replica_id = kafka::kDebugReplicaId};
  absl::StatusOr<std::vector<OffsetAnswer>> log_ends = co_await ListOffsetsOf(connection, streams, log_end_query);
  if (!log_ends.ok()) co_return log_ends.status();
  OffsetsQuery watermark_query = {.side = Side::kTarget};
  absl::StatusOr<std::vector<OffsetAnswer>> watermarks = co_await ListOffsetsOf(connection, streams, watermark_query);
  if (!watermarks.ok()) co_return watermarks.status();
  for (size_t i = 0; i < streams.size(); ++i) {
    Stream* stream = streams[i];
    if (stream->target_leader != leaders[i]) continue;  // the new one is asked
    const OffsetAnswer& log_end = (*log_ends)[i];
    const OffsetAnswer& watermark = (*watermarks)[i];
    if (log_end.error_code != kafka::kErrorNone || watermark.error_code != kafka::kErrorNone) {
      const int16_t code = watermark.error_code != kafka::kErrorNone ? watermark.error_code : log_end.error_code;
      owner_.MetadataIsStale(Side::kTarget);
      BackOff(*stream, absl::StrCat("the target answers ", kafka::ErrorAndRemedy(code)));
    } else {
      stream->settle_error.clear();
      absl::Status told =
          co_await Tell(connection, stream, TargetOffset(log_end.offset), TargetOffset(watermark.offset));
      if (!told.ok()) BackOff(*stream, std::string(told.message()));
    }
    owner_.Changed(*stream);
  }
  errors_.Log();
  co_return absl::OkStatus();
}

// Gives the stream what was found; Unavailable while its replicas have not caught up.
asio::awaitable<absl::Status> Settler::Tell(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                            TargetOffset log_end, TargetOffset high_watermark) {
  if (stream->resume.has_value() && !stream->resume->target_end.has_value()) {
    stream->ask_failures = 0;
    stream->resume->target_end = log_end.value;
    co_return absl::OkStatus();
  }
  if (log_end != high_watermark) {
    stream->partition.OnTargetEnd(log_end, high_watermark);
    co_return absl::UnavailableError(absl::StrCat("waiting for the target's in-sync replicas: its log ends at ",
                                                  log_end.value, ", replicated up to ", high_watermark.value));
  }
  const Leader leader = stream->target_leader;
  absl::StatusOr<kafka::PeekedBatch> last = co_await LastBatch(connection, stream, log_end);
  if (!last.ok()) co_return last.status();
  if (stream->target_leader != leader) co_return absl::OkStatus();  // the new one is asked
  stream->ask_failures = 0;
  if (!stream->partition.begun()) {
    TargetAtStart target = {leader, log_end, *std::move(last), std::nullopt};
    if (stream->tail_records_wanted > 0 && !target.last_batch.bytes.empty()) {
      absl::StatusOr<TargetTailMarks> marks = co_await ReadMarks(connection, stream, target);
      if (!marks.ok()) co_return marks.status();
      target.marks = *std::move(marks);
    }
    stream->tail = std::move(target);
    co_return absl::OkStatus();
  }
  std::optional<TargetTail> tail;
  if (!last->bytes.empty()) tail = TailOf(last->view());
  CrashPoint("before-settle");
  stream->partition.OnTargetEnd(log_end, high_watermark, tail);
  if (stream->partition.TakeCutBack()) {
    ++stream->doubts;
    stream->history_in_doubt = true;
  }
  if (!stream->partition.must_renew_producer()) co_return absl::OkStatus();
  co_return co_await RenewProducer(connection, stream);
}

asio::awaitable<absl::StatusOr<TargetTailMarks>> Settler::ReadMarks(std::shared_ptr<kafka::Connection> connection,
                                                                    Stream* stream, TargetAtStart& target) {
  OffsetsQuery query = {.side = Side::kTarget, .timestamp_ms = kafka::kEarliestTimestamp};
  std::vector<Stream*> one = {stream};
  absl::StatusOr<std::vector<OffsetAnswer>> start = co_await ListOffsetsOf(connection, one, query);
  if (!start.ok()) co_return start.status();
  if (start->front().error_code != kafka::kErrorNone)
    co_return kafka::ErrorStatus(start->front().error_code, "find where the target's log begins");
  kafka::RecordBatchView last = target.last_batch.view();
  const int64_t record_bytes = 1 + static_cast<int64_t>(last.bytes().size()) / std::max(1, last.record_count());
  const int64_t records = std::min(stream->tail_records_wanted, 1 + kTailBytesMax / record_bytes);
  const int64_t begin = std::max(start->front().offset, target.log_end.value - records);
  kafka::PeekTarget where = TargetOf(*stream);
  absl::StatusOr<TargetTailMarks> marks = co_await ReadTargetTail(connection, where, begin, target.log_end.value);
  if (marks.ok()) marks->is_whole = begin == start->front().offset;
  co_return marks;
}

asio::awaitable<absl::Status> Settler::RenewProducer(std::shared_ptr<kafka::Connection> connection, Stream* stream) {
  // One that is resumed may have used any.
  if (renewed_.id < 0 || stream->partition.HasUsed(renewed_) || stream->partition.is_resuming()) {
    kafka::InitProducerIdRequest request;
    absl::StatusOr<kafka::InitProducerIdResponse> response = co_await connection->Call(request, kInitProducerIdTimeout);
    if (!response.ok()) co_return response.status();
    absl::Status granted = kafka::ErrorStatus(response->error_code, "get a producer id");
    if (!granted.ok()) co_return granted;
    renewed_ = {response->producer_id, response->producer_epoch};
  }
  if (!stream->partition.must_renew_producer()) co_return absl::OkStatus();  // its leader changed meanwhile
  LOG(WARNING) << stream->Name() << ": "
               << (stream->partition.is_resuming() ? "resumed in place of" : "the target forgot") << " producer id "
               << stream->partition.producer().id << ", going on with " << renewed_.id;
  stream->partition.RenewProducer(renewed_);
  co_return absl::OkStatus();
}

// The batch that ends the target's log; empty when the log is, or when retention has left none.
asio::awaitable<absl::StatusOr<kafka::PeekedBatch>> Settler::LastBatch(std::shared_ptr<kafka::Connection> connection,
                                                                       Stream* stream, TargetOffset log_end) {
  if (log_end.value == 0) co_return kafka::PeekedBatch();
  kafka::PeekTarget where = TargetOf(*stream);
  absl::StatusOr<kafka::PeekedBatch> batch = co_await kafka::PeekBatch(connection, where, log_end.value - 1);
  if (absl::IsOutOfRange(batch.status())) co_return kafka::PeekedBatch();
  co_return batch;
}

// One that another broker leads by now has its own.
void Settler::Note(Stream& stream, std::string_view error) {
  if (stream.target_leader.broker == broker_id_)
    stream.settle_error = absl::StrCat("target broker ", broker_id_, ": ", error);
}

void Settler::BackOff(Stream& stream, std::string error) {
  Note(stream, error);
  ++stream.ask_failures;
  if (stream.ask_failures == 1 || stream.ask_failures % 20 == 0) errors_.Add(stream.Name(), error);
  stream.ask_not_before = Clock::now() + owner_.BackoffAfter(stream.ask_failures);
}

}  // namespace replicator
