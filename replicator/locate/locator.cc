#include "replicator/locate/locator.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/batch/same_records.h"
#include "kafka/client/errors.h"
#include "kafka/wire/describe_producers.h"
#include "replicator/locate/content_search.h"
#include "replicator/locate/offsets_query.h"
#include "replicator/partition/source_history.h"

namespace replicator {
namespace {

// Read for searches before what is quick is asked again.
constexpr int64_t kSliceBytes = int64_t{16} << 20;
// Of one search: how often a line in the log says that it goes on.
constexpr int64_t kToldBytes = int64_t{128} << 20;
constexpr Clock::duration kDescribeTimeout = std::chrono::seconds(15);

kafka::PeekTarget SourceOf(const Stream& stream) {
  return {stream.assignment.source_topic, stream.assignment.source_topic_id, stream.assignment.partition,
          stream.source_leader.fence};
}

SourcePlace PlaceBehind(const kafka::RecordBatchView& batch) {
  return {batch.next_offset(), EvidenceOf(HeaderOf(batch))};
}

// The first offset of the source whose record is as young as `timestamp_ms`; -1: there is none.
asio::awaitable<absl::StatusOr<int64_t>> OffsetOfTime(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                      int64_t timestamp_ms) {
  OffsetsQuery query = {.side = Side::kSource, .timestamp_ms = timestamp_ms};
  std::vector<Stream*> one = {stream};
  absl::StatusOr<std::vector<OffsetAnswer>> first = co_await ListOffsetsOf(connection, one, query);
  if (!first.ok()) co_return first.status();
  if (first->front().error_code != kafka::kErrorNone)
    co_return kafka::ErrorStatus(first->front().error_code, "find a time");
  co_return first->front().offset;
}

}  // namespace

bool Locator::MustAsk(const Stream& stream) const {
  if (stream.resume.has_value()) return stream.resume->target_end.has_value();
  if (stream.partition.quarantined()) return false;
  if (stream.partition.tail_question() != nullptr) return true;
  if (stream.doubt.in_doubt()) return stream.doubt.question() != SourceDoubt::Question::kNone;
  return stream.partition.begun() ? stream.open_transaction.wants_owner() : stream.placement.must_search();
}

asio::awaitable<absl::Status> Locator::Ask(std::shared_ptr<kafka::Connection> connection, Streams streams) {
  std::vector<LogEnds> logs(streams.size());
  for (size_t i = 0; i < streams.size(); ++i) logs[i].doubts = streams[i]->doubt.doubts();
  OffsetsQuery start_query = {.side = Side::kSource, .timestamp_ms = kafka::kEarliestTimestamp};
  absl::StatusOr<std::vector<OffsetAnswer>> starts = co_await ListOffsetsOf(connection, streams, start_query);
  if (!starts.ok()) co_return starts.status();
  OffsetsQuery end_query = {.side = Side::kSource};
  absl::StatusOr<std::vector<OffsetAnswer>> ends = co_await ListOffsetsOf(connection, streams, end_query);
  if (!ends.ok()) co_return ends.status();
  Streams searching;
  for (size_t i = 0; i < streams.size(); ++i) {
    Stream* stream = streams[i];
    if (IsSearching(*stream)) searching.push_back(stream);
    if (!MustAsk(*stream) || IsSearching(*stream) || stream->doubt.doubts() != logs[i].doubts) continue;
    const int16_t code = (*starts)[i].error_code != kafka::kErrorNone ? (*starts)[i].error_code : (*ends)[i].error_code;
    if (code != kafka::kErrorNone) {
      if (kafka::ShowsStaleMetadata(code)) owner().MetadataIsStale(Side::kSource);
      BackOff(*stream, absl::StrCat("the source answers ", kafka::ErrorAndRemedy(code)));
      continue;
    }
    ClearError(*stream);
    logs[i].start = (*starts)[i].offset;
    logs[i].end = (*ends)[i].offset;
    absl::Status told = co_await OnEnds(connection, stream, logs[i]);
    if (!told.ok()) BackOff(*stream, std::string(told.message()));
    owner().Changed(*stream);
  }
  co_await GoOnSearching(connection, std::move(searching));
  LogErrors();
  co_return absl::OkStatus();
}

// Where the source's log begins and ends, for the question that is open.
asio::awaitable<absl::Status> Locator::OnEnds(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                              LogEnds log) {
  stream->NoteLogStart(log.start);
  if (!stream->open_transaction.wants_owner()) stream->source_end = log.end;  // not the last stable offset
  if (stream->resume.has_value()) {
    owner().ResumeLocated(*stream);
    co_return absl::OkStatus();
  }
  if (stream->partition.tail_question() != nullptr) co_return co_await CompareTail(connection, stream, log);
  switch (stream->doubt.question()) {
    case SourceDoubt::Question::kHistory:
      co_return co_await CheckHistory(connection, stream, log);
    case SourceDoubt::Question::kRange:
      CheckRange(*stream, log);
      co_return absl::OkStatus();
    case SourceDoubt::Question::kNone:
      break;
  }
  if (stream->partition.begun()) co_return co_await AskOwner(connection, stream);
  co_return co_await Locate(connection, stream, log);
}

asio::awaitable<absl::Status> Locator::Locate(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                              LogEnds log) {
  Placement& placement = stream->placement;
  const int64_t begin_at = stream->assignment.begin_at;
  Search search = placement.BeginSearch(log, begin_at >= 0 ? begin_at : log.start);
  while (search.step != Placement::Step::kNone) {
    absl::StatusOr<Found> found = Found();
    switch (search.step) {
      case Placement::Step::kGaplessPlace:
        found = co_await LookAtGaplessPlace(connection, stream, &search);
        break;
      case Placement::Step::kByBatch:
        co_return co_await BeginSearchByBatch(connection, stream, std::move(search), log);
      case Placement::Step::kByRecords:
        found = co_await SearchByRecords(connection, stream, &search, log);
        break;
      case Placement::Step::kNone:
        break;
    }
    if (!found.ok()) co_return found.status();
    placement.OnFound(search, *found);
  }
  if (search.target->log_end.value > 0) TellPlace(*stream);
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<Locator::Found>> Locator::LookAtGaplessPlace(
    std::shared_ptr<kafka::Connection> connection, Stream* stream, const Search* search) {
  const int64_t candidate = search->gapless_end - 1;
  kafka::PeekTarget where = SourceOf(*stream);
  absl::StatusOr<kafka::PeekedBatch> batch = co_await kafka::PeekBatch(connection, where, candidate);
  if (absl::IsOutOfRange(batch.status())) co_return Found();
  if (!batch.ok()) co_return batch.status();
  if (batch->bytes.empty() || batch->view().last_offset() != candidate) co_return Found();
  absl::StatusOr<bool> copied = co_await IsLastCopied(connection, stream, search, *batch);
  if (!copied.ok()) co_return copied.status();
  Found found;
  if (*copied) found.place = PlaceBehind(batch->view());
  co_return found;
}

// A batch at its very offset is the one that was copied. One that is the same elsewhere need not be: a producer may
// have written it twice, and compaction removed the first. So compacted topics are searched record by record, with all
// that lies around it.
asio::awaitable<absl::StatusOr<Locator::Found>> Locator::SearchByRecords(std::shared_ptr<kafka::Connection> connection,
                                                                         Stream* stream, const Search* search,
                                                                         LogEnds log) {
  TargetMarks marks = *search->target->marks;
  SourceRange range = {log.start, log.end, isolation_};
  if (marks.oldest_ms >= 0) {
    absl::StatusOr<int64_t> first = co_await OffsetOfTime(connection, stream, marks.oldest_ms);
    if (!first.ok()) co_return first.status();
    if (*first < 0) co_return Found();  // the source has nothing that young
    // Somewhat earlier, to see what stands right before the first that both sides have.
    range.from = std::max(log.start, *first - static_cast<int64_t>(marks.marks.size()));
  }
  kafka::PeekTarget where = SourceOf(*stream);
  absl::StatusOr<policy::TailPlace> place = co_await FindInSource(connection, where, range, std::move(marks));
  if (!place.ok()) co_return place.status();
  if (place->kind != policy::TailPlace::Kind::kFound) co_return Found{std::nullopt, std::move(place->reason)};
  LOG(INFO) << stream->Name() << ": the place in the compacted source was found record by record";
  co_return Found{SourcePlace{place->position, {}}, ""};
}

// Whether the target's last batch is a copy of `batch`. One of an aborted transaction is not: the same records may have
// been written again, in one that was committed.
asio::awaitable<absl::StatusOr<bool>> Locator::IsLastCopied(std::shared_ptr<kafka::Connection> connection,
                                                            Stream* stream, const Search* search,
                                                            kafka::PeekedBatch batch) {
  kafka::RecordBatchView view = batch.view();
  if (!kafka::SameRecords(view, search->target->last_batch->view())) co_return false;
  if (!view.is_transactional()) co_return true;
  kafka::PeekTarget where = SourceOf(*stream);
  co_return co_await IsCopiedAt(connection, where, view.base_offset(), isolation_);
}

// The search that this makes is gone on with in slices.
asio::awaitable<absl::Status> Locator::BeginSearchByBatch(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                          Search search, LogEnds log) {
  const int64_t time_ms = search.target->last_batch->view().max_timestamp_ms();
  int64_t first = log.start;
  if (time_ms >= 0) {
    absl::StatusOr<int64_t> young = co_await OffsetOfTime(connection, stream, time_ms);
    if (!young.ok()) co_return young.status();
    first = *young < 0 ? log.end : *young;
  }
  running_.emplace(stream, Running{std::move(search), BatchSearch(first, log.end)});
  co_return absl::OkStatus();
}

// A response for each in turn, until a slice was read.
asio::awaitable<void> Locator::GoOnSearching(std::shared_ptr<kafka::Connection> connection, Streams streams) {
  for (int64_t bytes = 0; bytes < kSliceBytes && !streams.empty();) {
    for (Stream* stream : streams) {
      absl::StatusOr<int64_t> read = co_await ReadOn(connection, stream);
      if (read.ok()) {
        bytes += *read;
      } else {
        running_.erase(stream);
        BackOff(*stream, std::string(read.status().message()));
      }
      owner().Changed(*stream);
    }
    std::erase_if(streams,
                  [&](Stream* stream) { return !IsSearching(*stream) || stream->ask_not_before > Clock::now(); });
  }
}

// One response; returns its bytes.
asio::awaitable<absl::StatusOr<int64_t>> Locator::ReadOn(std::shared_ptr<kafka::Connection> connection,
                                                         Stream* stream) {
  if (!IsSearching(*stream)) co_return 0;
  Running& running = running_.at(stream);
  const std::optional<BatchSearch::Read> read = running.batches.next();
  if (!read.has_value()) {
    Conclude(*stream, running.batches.Result());
    co_return 0;
  }
  kafka::PeekTarget where = SourceOf(*stream);
  absl::StatusOr<kafka::PeekedBatches> batches = co_await kafka::PeekBatches(connection, where, read->from, isolation_);
  if (!batches.ok() && !absl::IsUnimplemented(batches.status())) co_return batches.status();
  absl::StatusOr<Copies> copies = batches.status();
  if (batches.ok()) copies = FindCopies(*batches, running.search.target->last_batch->view(), *read);
  if (!copies.ok()) {
    Conclude(*stream, {std::nullopt, absl::StrCat("at the source, ", copies.status().message())});
    co_return 0;
  }
  for (const SourcePlace& place : copies->places) running.batches.OnMatch(place);
  const int64_t bytes = batches->size_bytes();
  running.batches.OnRead(copies->read_to, bytes);
  stream->ask_not_before = book_(bytes);
  TellProgress(*stream, running);
  co_return bytes;
}

// Whether a search for it is under way, and what is found counts yet.
bool Locator::IsSearching(Stream& stream) {
  auto running = running_.find(&stream);
  if (running == running_.end()) return false;
  if (!stream.placement.IsOvertaken(running->second.search)) return true;
  running_.erase(running);
  return false;
}

void Locator::Conclude(Stream& stream, const Found& found) {
  Search search = std::move(running_.at(&stream).search);
  running_.erase(&stream);
  ClearError(stream);
  stream.placement.OnFound(search, found);
  TellPlace(stream);
}

void Locator::TellProgress(Stream& stream, Running& running) {
  const int64_t bytes = running.batches.bytes_read();
  const std::string text =
      absl::StrCat("looking for the target's last batch at the source, ", bytes >> 20, " MiB read so far");
  Show(stream, text);
  if (bytes - running.bytes_told < kToldBytes) return;
  running.bytes_told = bytes;
  LOG(INFO) << stream.Name() << ": " << text;
}

// Of a partition whose target had an end.
void Locator::TellPlace(const Stream& stream) {
  const Partition& partition = stream.partition;
  if (partition.is_moving()) {
    LOG(WARNING) << stream.Name() << ": neither the source nor the target has a record any more; going on at the "
                 << "source's end, offset " << stream.source_end
                 << ". Whether all was copied before it was deleted cannot be told";
  } else if (partition.begun() && partition.has_place() && !partition.quarantined()) {
    LOG(INFO) << stream.Name() << ": goes on at source offset " << partition.position() << ", target offset "
              << partition.target_end();
  }
}

// Reads the source's batch that should be the target's last, and compares their records.
asio::awaitable<absl::Status> Locator::CompareTail(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                   LogEnds log) {
  const SourceOffset source_base = stream->partition.tail_question()->source_base;
  kafka::PeekTarget where = SourceOf(*stream);
  absl::StatusOr<kafka::PeekedBatch> batch = co_await kafka::PeekBatch(connection, where, source_base.value);
  // What was copied is no batch of an old format.
  const bool is_gone = absl::IsOutOfRange(batch.status()) || absl::IsUnimplemented(batch.status());
  if (!batch.ok() && !is_gone) co_return batch.status();
  const TailQuestion* question = stream->partition.tail_question();
  const bool is_overtaken = question == nullptr || question->source_base != source_base;
  if (is_overtaken || stream->doubt.doubts() != log.doubts) co_return absl::OkStatus();  // asked anew, if need be
  TailComparison comparison;
  if (batch.ok() && !batch->bytes.empty()) {
    comparison.source = HeaderOf(batch->view());
    absl::StatusOr<kafka::BatchContent> content = kafka::ContentOf(batch->view());
    const bool is_readable = content.ok() && stream->target_tail.has_value();
    const bool is_same = is_readable && kafka::HaveSameRecords(*content, *stream->target_tail);
    comparison.records = !is_readable ? TailComparison::Records::kUnreadable
                         : is_same    ? TailComparison::Records::kSame
                                      : TailComparison::Records::kDiffer;
  }
  const std::string told = stream->partition.OnTailCompared(comparison);
  stream->doubt.OnTargetSettled();
  if (!told.empty()) LOG(WARNING) << stream->Name() << ": " << told;
  co_return absl::OkStatus();
}

// Reads again what tells the source's log from another one.
asio::awaitable<absl::Status> Locator::CheckHistory(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                    LogEnds log) {
  absl::StatusOr<HistoryLook> look = stream->doubt.BeginLook(log, Clock::now());
  if (!look.ok()) co_return look.status();
  while (look->read_at.has_value()) {
    kafka::PeekTarget where = SourceOf(*stream);
    absl::StatusOr<kafka::PeekedBatch> batch = co_await kafka::PeekBatch(connection, where, *look->read_at);
    const bool is_gone = absl::IsOutOfRange(batch.status()) && look->may_be_gone;
    if (!batch.ok() && !is_gone) co_return batch.status();
    std::optional<SourceBatch> header;
    if (batch.ok() && !batch->bytes.empty()) header = HeaderOf(batch->view());
    absl::Status told = stream->doubt.OnLook(*look, header);
    if (!told.ok()) co_return told;
  }
  co_return absl::OkStatus();
}

void Locator::CheckRange(Stream& stream, const LogEnds& log) {
  const int64_t wanted = stream.partition.position().value;
  const absl::StatusOr<int64_t> lost = stream.doubt.OnRange(log);
  if (!lost.ok()) {
    BackOff(stream, std::string(lost.status().message()));
    stream.fetch_not_before = stream.ask_not_before;
  } else if (*lost > 0) {
    LOG(ERROR) << stream.Name() << ": the source deleted offsets " << wanted << " to " << log.start - 1
               << " by retention before they were copied; going on at " << log.start
               << ". Raise retention.ms and retention.bytes of this topic at the source until the copy has caught up";
  }
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

}  // namespace replicator
