#include "replicator/locate/locator.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/client/errors.h"
#include "kafka/client/peek.h"
#include "kafka/wire/describe_producers.h"
#include "replicator/locate/content_search.h"
#include "replicator/locate/offsets_query.h"
#include "replicator/partition/source_history.h"

namespace replicator {
namespace {

// How many batches from the first one of the right time are compared. Batches of one producer run share a millisecond;
// more than this share one only in a log that was written in bulk, and then the offset of a gapless copy finds the
// place first.
constexpr int kSearchBatchesMax = 64;
constexpr Clock::duration kDescribeTimeout = std::chrono::seconds(15);
// A leader that was elected a moment ago does not know yet how far its replicas are, and brokers before 2.2 (KIP-207)
// then tell an end that lies too low: a log counts as shorter than what was copied once it was for this long.
constexpr Clock::duration kShortLogGrace = std::chrono::seconds(5);

bool MustBeLocated(const Stream& stream) {
  if (stream.resume.has_value()) return stream.resume->target_end.has_value();
  if (stream.partition.quarantined()) return false;
  if (stream.history_in_doubt && stream.partition.begun()) return stream.partition.is_drained();
  if (stream.range_in_doubt && stream.partition.begun()) return stream.IsAtRest();
  return stream.partition.begun() ? stream.open_transaction.wants_owner() : stream.tail.has_value();
}

kafka::PeekTarget SourceOf(const Stream& stream) {
  return {stream.assignment.source_topic, stream.assignment.source_topic_id, stream.assignment.partition,
          stream.source_leader.fence};
}

}  // namespace

Locator::Locator(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint,
                 kafka::ConnectionOptions options, kafka::IsolationLevel isolation, StreamOwner& owner)
    : owner_(owner),
      broker_id_(broker_id),
      isolation_(isolation),
      lane_(std::move(endpoint), std::move(options)),
      wake_(executor) {}

void Locator::Add(Stream* stream) {
  streams_.push_back(stream);
  Wake();
}

void Locator::Stop() {
  stopping_ = true;
  lane_.Close();
  Wake();
}

std::vector<Stream*> Locator::Due(Clock::time_point now, Clock::time_point* next_due) const {
  std::vector<Stream*> due;
  for (Stream* stream : streams_) {
    if (!MustBeLocated(*stream)) continue;
    if (stream->ask_not_before > now) {
      *next_due = std::min(*next_due, stream->ask_not_before);
    } else {
      due.push_back(stream);
    }
  }
  return due;
}

asio::awaitable<void> Locator::Run() {
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
      LOG_EVERY_N(WARNING, 10) << "source broker " << broker_id_ << ": " << asked.message() << "; asking again";
      for (Stream* stream : due) Note(*stream, asked.message());
      owner_.MetadataIsStale(Side::kSource);
    }
  }
}

asio::awaitable<absl::Status> Locator::Ask(std::shared_ptr<kafka::Connection> connection,
                                           std::vector<Stream*> streams) {
  // While this waited for the connection, others may have come to lead some.
  std::erase_if(streams, [this](const Stream* stream) { return stream->source_leader.broker != broker_id_; });
  if (streams.empty()) co_return absl::OkStatus();
  std::vector<uint64_t> doubts;
  for (const Stream* stream : streams) doubts.push_back(stream->doubts);
  OffsetsQuery start_query = {.side = Side::kSource, .timestamp_ms = kafka::kEarliestTimestamp};
  absl::StatusOr<std::vector<OffsetAnswer>> starts = co_await ListOffsetsOf(connection, streams, start_query);
  if (!starts.ok()) co_return starts.status();
  OffsetsQuery end_query = {.side = Side::kSource};
  absl::StatusOr<std::vector<OffsetAnswer>> ends = co_await ListOffsetsOf(connection, streams, end_query);
  if (!ends.ok()) co_return ends.status();
  for (size_t i = 0; i < streams.size(); ++i) {
    Stream* stream = streams[i];
    if (!MustBeLocated(*stream) || stream->doubts != doubts[i]) continue;
    const int16_t code = (*starts)[i].error_code != kafka::kErrorNone ? (*starts)[i].error_code : (*ends)[i].error_code;
    if (code != kafka::kErrorNone) {
      owner_.MetadataIsStale(Side::kSource);
      BackOff(*stream, absl::StrCat("the source answers ", kafka::ErrorAndRemedy(code)));
      continue;
    }
    stream->locate_error.clear();
    const int64_t log_start = (*starts)[i].offset;
    const int64_t log_end = (*ends)[i].offset;
    stream->NoteLogStart(log_start);
    if (!stream->open_transaction.wants_owner()) stream->source_end = log_end;  // not the last stable offset
    absl::Status located;
    if (stream->resume.has_value()) {
      owner_.ResumeLocated(*stream);
    } else if (stream->history_in_doubt && stream->partition.begun()) {
      located = co_await CheckHistory(connection, stream, log_start, log_end);
    } else if (stream->range_in_doubt && stream->partition.begun()) {
      CheckRange(*stream, log_start, log_end);
    } else if (stream->partition.begun()) {
      located = co_await AskOwner(connection, stream);
    } else {
      ++stream->being_located;
      located = co_await Locate(connection, stream, log_start, log_end);
      --stream->being_located;
    }
    if (!located.ok()) BackOff(*stream, std::string(located.message()));
    owner_.Changed(*stream);
  }
  errors_.Log();
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Locator::Locate(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                              int64_t log_start, int64_t log_end) {
  // With another leader another locator may have begun, or said that there is nothing to begin with.
  const auto is_overtaken = [stream, doubts = stream->doubts] {
    return stream->doubts != doubts || !stream->tail.has_value() || TailIsOld(*stream);
  };
  stream->ClearRangeDoubt();  // wherever it was, it begins elsewhere
  if (is_overtaken()) co_return absl::OkStatus();
  const TargetOffset target_end = stream->tail->log_end;
  const bool has_tail = !stream->tail->last_batch.bytes.empty();
  if (target_end.value == 0) {
    stream->partition.Begin(SourceOffset(log_start), target_end, Ordinal(0));
    stream->tail.reset();
    co_return absl::OkStatus();
  }
  std::optional<SourcePlace> found;
  if (has_tail) {
    const int64_t candidate = target_end.value - 1;  // where it lies in a gapless copy of a log that began at 0
    kafka::PeekTarget where = SourceOf(*stream);
    absl::StatusOr<kafka::PeekedBatch> batch = co_await kafka::PeekBatch(connection, where, candidate);
    if (!batch.ok() && !absl::IsOutOfRange(batch.status())) co_return batch.status();
    if (is_overtaken()) co_return absl::OkStatus();
    bool is_it = batch.ok() && !batch->bytes.empty() && batch->view().last_offset() == candidate;
    if (is_it) {
      absl::StatusOr<bool> copied = co_await IsLastCopied(connection, stream, *batch);
      if (!copied.ok()) co_return copied.status();
      is_it = *copied;
    }
    if (is_overtaken()) co_return absl::OkStatus();
    if (is_it) {
      found = PlaceBehind(batch->view());
    } else if (!stream->partition.is_compacted()) {
      absl::StatusOr<std::optional<SourcePlace>> by_time = co_await SearchByTime(connection, stream, log_end);
      if (!by_time.ok()) co_return by_time.status();
      found = *by_time;
    }
  }
  std::string doubt;
  if (is_overtaken()) co_return absl::OkStatus();
  if (!found.has_value() && has_tail && stream->partition.is_compacted()) {
    absl::StatusOr<policy::TailPlace> place = co_await SearchByRecords(connection, stream, log_start, log_end);
    if (!place.ok()) co_return place.status();
    if (is_overtaken()) co_return absl::OkStatus();
    if (place->kind == policy::TailPlace::Kind::kFound) {
      found = SourcePlace{place->position, {}};
      LOG(INFO) << stream->Name() << ": the place in the compacted source was found record by record";
    } else if (WantMoreOfTheTail(*stream)) {
      co_return absl::OkStatus();
    }
    doubt = std::move(place->reason);
  }
  // Else it was stopped, or let go on, in some other way meanwhile.
  if (!stream->partition.begun()) {
    if (found.has_value()) {
      BeginBehind(*stream, *found);
    } else {
      QuarantineNotOurs(*stream, doubt);
    }
  }
  stream->tail.reset();
  stream->tail_records_wanted = 0;
  co_return absl::OkStatus();
}

// A batch at its very offset is the one that was copied. One that is the same elsewhere need not be: a producer may
// have written it twice, and compaction removed the first. So compacted topics are searched record by record, with all
// that lies around it. Nothing, while the target's records were not read yet.
asio::awaitable<absl::StatusOr<policy::TailPlace>> Locator::SearchByRecords(
    std::shared_ptr<kafka::Connection> connection, Stream* stream, int64_t log_start, int64_t log_end) {
  if (!stream->tail->marks.has_value()) co_return policy::TailPlace();
  TargetTailMarks marks = *stream->tail->marks;
  SourceRange range = {log_start, log_end, isolation_};
  if (marks.oldest_ms >= 0) {
    OffsetsQuery query = {.side = Side::kSource, .timestamp_ms = marks.oldest_ms};
    std::vector<Stream*> one = {stream};
    absl::StatusOr<std::vector<OffsetAnswer>> first = co_await ListOffsetsOf(connection, one, query);
    if (!first.ok()) co_return first.status();
    if (first->front().error_code != kafka::kErrorNone)
      co_return kafka::ErrorStatus(first->front().error_code, "find a time");
    if (first->front().offset < 0) co_return policy::TailPlace();  // the source has nothing that young
    // Somewhat earlier, to see what stands right before the first that both sides have.
    range.from = std::max(log_start, first->front().offset - static_cast<int64_t>(marks.marks.size()));
  }
  kafka::PeekTarget where = SourceOf(*stream);
  co_return co_await FindInSource(connection, where, range, std::move(marks));
}

// Another leader may have lost what that one had: the settler asks it.
bool Locator::TailIsOld(Stream& stream) {
  if (stream.tail->leader == stream.target_leader) return false;
  stream.tail.reset();
  return true;
}

// Has the settler read more of the target's end, if there is more, and the search begun anew.
bool Locator::WantMoreOfTheTail(Stream& stream) {
  if (stream.tail_records_wanted >= kTailRecordsMax) return false;
  if (stream.tail->marks.has_value() && stream.tail->marks->is_whole) return false;
  stream.tail_records_wanted = stream.tail_records_wanted == 0 ? kTailRecordsFirst : kTailRecordsMax;
  stream.tail.reset();
  return true;
}

void Locator::QuarantineNotOurs(Stream& stream, const std::string& doubt) {
  stream.partition.PutInQuarantine(
      stream.partition.is_foreign_unless_found() ? QuarantineCode::kForeignWrite : QuarantineCode::kTargetNotOurs,
      absl::StrCat("the target topic ", stream.assignment.target_topic, " already holds ", stream.tail->log_end.value,
                   " offsets in this partition, and its last records cannot be found at one place in the source",
                   doubt.empty() ? "" : absl::StrCat(" (", doubt, ")"),
                   ": they were not copied by this link, or the source no longer has them. Compare both sides and say ",
                   "where to go on, or exclude the topic. ", kCopyAnew));
}

// Whether the target's last batch is a copy of `batch`. One of an aborted transaction is not: the same records may have
// been written again, in one that was committed.
asio::awaitable<absl::StatusOr<bool>> Locator::IsLastCopied(std::shared_ptr<kafka::Connection> connection,
                                                            Stream* stream, kafka::PeekedBatch batch) {
  kafka::RecordBatchView view = batch.view();
  if (!kafka::SameRecords(view, stream->tail->last_batch.view())) co_return false;
  if (!view.is_transactional()) co_return true;
  kafka::PeekTarget where = SourceOf(*stream);
  co_return co_await IsCopiedAt(connection, where, view.base_offset(), isolation_);
}

// Compares the batches that follow the first record of the right time. nullopt: none is the same, or more than one.
asio::awaitable<absl::StatusOr<std::optional<Locator::SourcePlace>>> Locator::SearchByTime(
    std::shared_ptr<kafka::Connection> connection, Stream* stream, int64_t log_end) {
  const uint64_t doubts = stream->doubts;
  OffsetsQuery query = {.side = Side::kSource, .timestamp_ms = stream->tail->last_batch.view().max_timestamp_ms()};
  std::vector<Stream*> one = {stream};
  absl::StatusOr<std::vector<OffsetAnswer>> first = co_await ListOffsetsOf(connection, one, query);
  if (!first.ok()) co_return first.status();
  if (first->front().error_code != kafka::kErrorNone)
    co_return kafka::ErrorStatus(first->front().error_code, "find a time");
  std::optional<SourcePlace> found;
  int64_t offset = first->front().offset;
  for (int i = 0; i < kSearchBatchesMax && offset >= 0 && offset < log_end; ++i) {
    kafka::PeekTarget where = SourceOf(*stream);
    absl::StatusOr<kafka::PeekedBatch> batch = co_await kafka::PeekBatch(connection, where, offset);
    if (!batch.ok()) co_return batch.status();
    if (batch->bytes.empty() || stream->doubts != doubts) break;  // what was found then counts no more
    offset = batch->view().next_offset();
    absl::StatusOr<bool> copied = co_await IsLastCopied(connection, stream, *batch);
    if (!copied.ok()) co_return copied.status();
    if (!*copied) continue;
    if (found.has_value()) co_return std::nullopt;
    found = PlaceBehind(batch->view());
  }
  co_return found;
}

Locator::SourcePlace Locator::PlaceBehind(const kafka::RecordBatchView& batch) {
  return {batch.next_offset(), EvidenceOf(batch)};
}

// The tail's own header says with which producer and sequence the target goes on (invariant B).
void Locator::BeginBehind(Stream& stream, const SourcePlace& place) {
  kafka::RecordBatchView last = stream.tail->last_batch.view();
  if (last.producer_id() < 0) {
    return stream.partition.PutInQuarantine(
        QuarantineCode::kTargetNotOurs,
        absl::StrCat("the last batch of the target topic ", stream.assignment.target_topic,
                     " was written by a producer that is not idempotent, so not by this link. Exclude the topic if it "
                     "is not to be copied. ",
                     kCopyAnew));
  }
  if (!stream.partition.CanGoOnAt(SourceOffset(place.position), stream.tail->log_end)) {
    return QuarantineNotOurs(stream, absl::StrCat("the last of them is the source's up to offset ", place.position,
                                                  ", which was copied long before"));
  }
  stream.partition.UseProducer({last.producer_id(), last.producer_epoch()});
  LOG(INFO) << stream.Name() << ": goes on at source offset " << place.position << ", target offset "
            << stream.tail->log_end;
  stream.partition.Begin(SourceOffset(place.position), stream.tail->log_end,
                         Ordinal(int64_t{last.base_sequence()} + last.last_offset_delta() + 1), place.evidence);
}

// The last copied batch must still be what it was, or what compaction has made of it. Where retention has removed it,
// it can only be seen that the log goes on behind it.
asio::awaitable<absl::Status> Locator::CheckHistory(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                    int64_t log_start, int64_t log_end) {
  const int64_t position = stream->partition.position().value;
  const uint64_t doubts = stream->doubts;
  if (log_end < position) co_return CheckShortLog(*stream, log_end);
  stream->source_short_since.reset();
  absl::StatusOr<std::string> contradiction = co_await FindContradiction(connection, stream, log_start);
  if (!contradiction.ok()) co_return contradiction.status();
  if (stream->doubts != doubts) co_return absl::OkStatus();  // by another log, perhaps: it is asked once more
  if (!contradiction->empty()) {
    QuarantineHistory(*stream, *std::move(contradiction));
    co_return absl::OkStatus();
  }
  stream->history_in_doubt = false;
  const offsets::SourceEvidence& evidence = stream->partition.evidence();
  if (evidence.base_offset + evidence.record_count <= log_start) {
    stream->ClearRangeDoubt();
    stream->range_in_doubt = log_start > position;
  }
  co_return absl::OkStatus();
}

// What shows that the log is not the one that was copied; empty: nothing does.
asio::awaitable<absl::StatusOr<std::string>> Locator::FindContradiction(std::shared_ptr<kafka::Connection> connection,
                                                                        Stream* stream, int64_t log_start) {
  const Partition& partition = stream->partition;
  const offsets::SourceEvidence evidence = partition.evidence();
  const int64_t position = partition.position().value;
  kafka::PeekTarget where = SourceOf(*stream);
  // A log that begins within a batch still has all of it.
  const bool is_left = evidence.base_offset + evidence.record_count > log_start;
  if (is_left) {
    const int64_t offset = std::max(evidence.base_offset, log_start);
    absl::StatusOr<kafka::PeekedBatch> batch = co_await kafka::PeekBatch(connection, where, offset);
    if (!batch.ok() && !absl::IsOutOfRange(batch.status())) co_return batch.status();
    const bool is_there = batch.ok() && !batch->bytes.empty();
    if (!is_there && !partition.is_compacted()) {
      // The log that was asked for its ends may have gone since: this one is to be asked for its own.
      co_return absl::UnavailableError(absl::StrCat("the source does not give the batch at offset ",
                                                    evidence.base_offset, " that was copied last; asking again"));
    }
    const bool is_the_same = partition.is_compacted()
                                 ? !is_there || !ContradictsCompacted(batch->view(), evidence, position)
                                 : IsCopiedBatch(batch->view(), evidence);
    if (!is_the_same)
      co_return absl::StrCat("the batch at offset ", evidence.base_offset,
                             " that was copied last is another one there now");
  } else if (stream->assignment.source_topic_id == kafka::kNoUuid && log_start < stream->source_log_start_max) {
    co_return absl::StrCat("the source's log begins at offset ", log_start, " now, but everything below ",
                           stream->source_log_start_max, " was deleted before (if a broker that crashed has ",
                           "brought that back, resume with --from=", position, ")");
  }
  const bool is_known = is_left || partition.position_epoch() >= 0;
  const int64_t skipped_from = std::max(log_start, evidence.base_offset + evidence.record_count);
  if (partition.is_compacted() || !is_known || position <= skipped_from) co_return std::string();
  absl::StatusOr<kafka::PeekedBatch> skipped = co_await kafka::PeekBatch(connection, where, position - 1);
  if (!skipped.ok()) co_return skipped.status();
  if (skipped->bytes.empty() || !ContradictsSkipped(skipped->view(), position, partition.position_epoch()))
    co_return std::string();
  co_return absl::StrCat("what was left out below offset ", position, ", behind the last batch that was copied, is ",
                         "something else now");
}

absl::Status Locator::CheckShortLog(Stream& stream, int64_t log_end) {
  const std::string what = absl::StrCat("the source's log ends at ", log_end, ", but everything below offset ",
                                        stream.partition.position().value, " was copied already");
  const Clock::time_point now = Clock::now();
  if (!stream.source_short_since.has_value()) stream.source_short_since = now;
  if (now - *stream.source_short_since < kShortLogGrace)
    return absl::UnavailableError(absl::StrCat(what, "; asking again"));
  QuarantineHistory(stream, what);
  return absl::OkStatus();
}

void Locator::QuarantineHistory(Stream& stream, std::string what) {
  stream.partition.PutInQuarantine(
      QuarantineCode::kSourceTruncated,
      absl::StrCat(what, ": the source lost records (an unclean leader election?), or the topic was deleted and made ",
                   "anew. Compare both sides. Exclude the topic to keep the copy as it is. ", kCopyAnew));
}

// Told once; status goes on telling it.
asio::awaitable<absl::Status> Locator::AskOwner(std::shared_ptr<kafka::Connection> connection, Stream* stream) {
  std::optional<TransactionOwner> owner;
  if (connection->versions().Serves(kafka::ApiKey::kDescribeProducers)) {
    kafka::DescribeProducersRequest request;
    request.topics = {{stream->assignment.source_topic, {stream->assignment.partition}}};
    absl::StatusOr<kafka::DescribeProducersResponse> response = co_await connection->Call(request, kDescribeTimeout);
    if (!response.ok()) co_return response.status();
    for (const kafka::DescribeProducersResponse::Partition& partition : response->partitions) {
      for (const kafka::DescribeProducersResponse::Producer& producer : partition.producers) {
        if (producer.transaction_start == stream->open_transaction.offset())
          owner = TransactionOwner{producer.id, producer.epoch, producer.last_timestamp_ms};
      }
    }
  }
  if (!stream->open_transaction.wants_owner()) co_return absl::OkStatus();  // it ended meanwhile
  stream->open_transaction.Tell(owner);
  LOG(WARNING) << stream->Name() << ": "
               << stream->open_transaction.Text(stream->assignment.source_topic, stream->assignment.partition,
                                                Clock::now());
  co_return absl::OkStatus();
}

// What was read before it was deleted is on the target by now (MustBeLocated).
void Locator::CheckRange(Stream& stream, int64_t log_start, int64_t log_end) {
  const int64_t wanted = stream.partition.position().value;
  if (wanted < log_start) {
    if (stream.PassRetention(log_start) == 0) return;
    LOG(ERROR) << stream.Name() << ": the source deleted offsets " << wanted << " to " << log_start - 1
               << " by retention before they were copied; going on at " << log_start
               << ". Raise retention.ms and retention.bytes of this topic at the source until the copy has caught up";
    return;
  }
  stream.ClearRangeDoubt();
  if (wanted > log_end) {
    stream.partition.PutInQuarantine(QuarantineCode::kSourceTruncated,
                                     absl::StrCat("the source's log ends at ", log_end, ", but offset ", wanted,
                                                  " is the next to copy: the source lost records ",
                                                  "(an unclean leader election?) or was made anew. Exclude the topic "
                                                  "to keep the copy as it is. ",
                                                  kCopyAnew));
  } else {
    // Its log was shorter a moment ago: it may be another one, which has grown past the offset since (G).
    stream.history_in_doubt = true;
    stream.partition.OnTargetChange();
    BackOff(stream, absl::StrCat("the source refused offset ", wanted, " although its log holds it"));
    stream.fetch_not_before = stream.ask_not_before;
  }
}

// One that another broker leads by now has its own.
void Locator::Note(Stream& stream, std::string_view error) {
  if (stream.source_leader.broker == broker_id_)
    stream.locate_error = absl::StrCat("source broker ", broker_id_, ": ", error);
}

void Locator::BackOff(Stream& stream, std::string error) {
  Note(stream, error);
  ++stream.ask_failures;
  if (stream.ask_failures == 1 || stream.ask_failures % 20 == 0) errors_.Add(stream.Name(), error);
  stream.ask_not_before = Clock::now() + owner_.BackoffAfter(stream.ask_failures);
}

}  // namespace replicator
