#include "replicator/locate/settler.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/batch/same_records.h"
#include "kafka/client/errors.h"
#include "kafka/client/peek.h"
#include "kafka/wire/init_producer_id.h"
#include "offsets/crash_point.h"
#include "replicator/locate/content_search.h"
#include "replicator/locate/offsets_query.h"

namespace replicator {
namespace {

constexpr Clock::duration kInitProducerIdTimeout = std::chrono::seconds(15);

kafka::PeekTarget TargetOf(const Stream& stream) {
  return {stream.assignment.target_topic, stream.assignment.target_topic_id, stream.assignment.partition,
          stream.target_leader.fence};
}

TargetTail TailOf(const kafka::RecordBatchView& batch) {
  // A sequence counts mod 2^31 (DefaultRecordBatch.incrementSequence).
  // By the last offset, not by the count: of those, compaction of the target may have taken some away.
  const int64_t next = (int64_t{batch.base_sequence()} + batch.last_offset_delta() + 1) & 0x7fffffff;
  return {.producer = {batch.producer_id(), batch.producer_epoch()},
          .next_sequence = static_cast<int32_t>(next),
          .content_crc = batch.ContentCrc(),
          .record_count = batch.last_offset_delta() + 1,
          .codec = batch.codec(),
          .has_append_times = batch.timestamp_type() == kafka::TimestampType::kLogAppendTime};
}

}  // namespace

bool Settler::MustAsk(const Stream& stream) const {
  if (stream.resume.has_value() && !stream.resume->target_end.has_value()) return true;
  return stream.partition.must_settle() || stream.partition.must_renew_producer() || stream.placement.must_ask_target();
}

asio::awaitable<absl::Status> Settler::Ask(std::shared_ptr<kafka::Connection> connection, Streams streams) {
  std::vector<Leader> leaders;
  for (const Stream* stream : streams) leaders.push_back(stream->target_leader);
  OffsetsQuery log_end_query = {.side = Side::kTarget, .replica_id = kafka::kDebugReplicaId};
  absl::StatusOr<std::vector<OffsetAnswer>> log_ends = co_await ListOffsetsOf(connection, streams, log_end_query);
  if (!log_ends.ok()) co_return log_ends.status();
  OffsetsQuery watermark_query = {.side = Side::kTarget};
  absl::StatusOr<std::vector<OffsetAnswer>> watermarks = co_await ListOffsetsOf(connection, streams, watermark_query);
  if (!watermarks.ok()) co_return watermarks.status();
  // Nothing rests on it here: what a partition's offsets are on the other side is told with it.
  OffsetsQuery start_query = {.side = Side::kTarget, .timestamp_ms = kafka::kEarliestTimestamp};
  absl::StatusOr<std::vector<OffsetAnswer>> starts = co_await ListOffsetsOf(connection, streams, start_query);
  if (!starts.ok()) co_return starts.status();
  for (size_t i = 0; i < streams.size(); ++i) {
    Stream* stream = streams[i];
    if (stream->target_leader != leaders[i]) continue;  // the new one is asked
    if ((*starts)[i].error_code == kafka::kErrorNone) stream->target_log_start = (*starts)[i].offset;
    const OffsetAnswer& log_end = (*log_ends)[i];
    const OffsetAnswer& watermark = (*watermarks)[i];
    if (log_end.error_code != kafka::kErrorNone || watermark.error_code != kafka::kErrorNone) {
      const int16_t code = watermark.error_code != kafka::kErrorNone ? watermark.error_code : log_end.error_code;
      if (kafka::ShowsStaleMetadata(code)) owner().MetadataIsStale(Side::kTarget);
      BackOff(*stream, absl::StrCat("the target answers ", kafka::ErrorAndRemedy(code)));
    } else {
      ClearError(*stream);
      absl::Status told =
          co_await OnEnds(connection, stream, TargetOffset(log_end.offset), TargetOffset(watermark.offset));
      if (!told.ok()) BackOff(*stream, std::string(told.message()));
    }
    owner().Changed(*stream);
  }
  LogErrors();
  co_return absl::OkStatus();
}

// Gives the stream what was found; Unavailable while its replicas have not caught up.
asio::awaitable<absl::Status> Settler::OnEnds(std::shared_ptr<kafka::Connection> connection, Stream* stream,
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
    kafka::PeekedBatch batch = *std::move(last);
    co_return co_await OnEndsAtStart(connection, stream, log_end, std::move(batch));
  }
  std::optional<TargetTail> tail;
  if (!last->bytes.empty()) tail = TailOf(last->view());
  CrashPoint("before-settle");
  stream->partition.OnTargetEnd(log_end, high_watermark, tail);
  stream->doubt.OnTargetSettled();
  stream->target_tail.reset();
  if (stream->partition.tail_question() != nullptr) {
    absl::StatusOr<kafka::BatchContent> content = kafka::ContentOf(last->view());
    if (content.ok()) stream->target_tail = *content;
  }
  if (!stream->partition.must_renew_producer()) co_return absl::OkStatus();
  co_return co_await RenewProducer(connection, stream);
}

asio::awaitable<absl::Status> Settler::OnEndsAtStart(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                     TargetOffset log_end, kafka::PeekedBatch last) {
  const Leader leader = stream->target_leader;
  TargetAtStart target;
  target.log_end = log_end;
  if (!last.bytes.empty()) target.last_batch = LastBatchOf(std::move(last.bytes));
  if (stream->placement.marks_wanted() > 0 && target.last_batch.has_value()) {
    absl::StatusOr<TargetMarks> marks = co_await ReadMarks(connection, stream, &target);
    if (!marks.ok()) co_return marks.status();
    target.marks = *std::move(marks);
  }
  if (stream->target_leader == leader) stream->placement.OnTarget(std::move(target));  // else the new one is asked
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<TargetMarks>> Settler::ReadMarks(std::shared_ptr<kafka::Connection> connection,
                                                                Stream* stream, const TargetAtStart* target) {
  OffsetsQuery query = {.side = Side::kTarget, .timestamp_ms = kafka::kEarliestTimestamp};
  Streams one = {stream};
  absl::StatusOr<std::vector<OffsetAnswer>> start = co_await ListOffsetsOf(connection, one, query);
  if (!start.ok()) co_return start.status();
  if (start->front().error_code != kafka::kErrorNone)
    co_return kafka::ErrorStatus(start->front().error_code, "find where the target's log begins");
  const kafka::RecordBatchView last = target->last_batch->view();
  const int64_t record_bytes = 1 + static_cast<int64_t>(last.bytes().size()) / std::max(1, last.record_count());
  const int64_t records = std::min(stream->placement.marks_wanted(), 1 + kMarksBytesMax / record_bytes);
  const int64_t begin = std::max(start->front().offset, target->log_end.value - records);
  kafka::PeekTarget where = TargetOf(*stream);
  const bool has_times = !target->last_batch->has_append_times;
  absl::StatusOr<TargetMarks> marks =
      co_await ReadTargetMarks(connection, where, begin, target->log_end.value, has_times);
  if (marks.ok()) marks->is_whole = begin == start->front().offset;
  co_return marks;
}

asio::awaitable<absl::Status> Settler::RenewProducer(std::shared_ptr<kafka::Connection> connection, Stream* stream) {
  // One that begins elsewhere may have used any.
  if (renewed_.id < 0 || stream->partition.HasUsed(renewed_) || stream->partition.is_moving()) {
    kafka::InitProducerIdRequest request;
    absl::StatusOr<kafka::InitProducerIdResponse> response = co_await connection->Call(request, kInitProducerIdTimeout);
    if (!response.ok()) co_return response.status();
    absl::Status granted = kafka::ErrorStatus(response->error_code, "get a producer id");
    if (!granted.ok()) co_return granted;
    renewed_ = {response->producer_id, response->producer_epoch};
  }
  if (!stream->partition.must_renew_producer()) co_return absl::OkStatus();  // its leader changed meanwhile
  LOG(WARNING) << stream->Name() << ": "
               << (stream->partition.is_moving() ? "begins elsewhere in place of" : "the target forgot")
               << " producer id " << stream->partition.producer().id << ", going on with " << renewed_.id;
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

}  // namespace replicator
