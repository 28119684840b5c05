#include "replicator/locate/content_search.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "kafka/batch/records.h"
#include "kafka/batch/same_records.h"
#include "policy/transaction_filter.h"
#include "replicator/partition/source_history.h"

namespace replicator {
namespace {

// Good within one process: the hash is seeded at its start.
policy::RecordMark MarkOf(const kafka::Record& record, bool has_times) {
  policy::RecordMark mark;
  mark.offset = record.offset;
  mark.key = absl::HashOf(record.key);
  size_t headers = record.headers.size();
  for (const kafka::RecordHeader& header : record.headers) headers = absl::HashOf(headers, header.name, header.value);
  mark.content = absl::HashOf(has_times ? record.timestamp_ms : -1, record.key, record.value, headers);
  return mark;
}

// Appends the marks of the batch's records.
absl::Status MarksOf(const kafka::RecordBatchView& batch, bool has_times, std::vector<policy::RecordMark>& marks,
                     int64_t& oldest_ms) {
  absl::Status valid = batch.Validate();
  if (!valid.ok()) return valid;
  return kafka::VisitRecords(batch, [&](const kafka::Record& record) {
    marks.push_back(MarkOf(record, has_times));
    oldest_ms = std::min(oldest_ms, record.timestamp_ms);
  });
}

// Whether the batch is copied, as replicator/copy/source.cc decides.
absl::StatusOr<bool> IsCopied(const kafka::RecordBatchView& batch, policy::TransactionFilter& transactions) {
  absl::Status valid = batch.Validate();
  if (!valid.ok()) return valid;
  bool is_abort = false;
  if (batch.is_control()) {
    absl::StatusOr<kafka::ControlMarker> marker = kafka::ReadControlMarker(batch);
    if (!marker.ok()) return marker.status();
    is_abort = *marker == kafka::ControlMarker::kAbort;
  }
  return transactions.Decide(batch.last_offset(), batch.producer_id(), batch.is_transactional(), batch.is_control(),
                             is_abort) == policy::TransactionDecision::kKeep;
}

policy::TransactionFilter FilterOf(const kafka::PeekedBatches& batches) {
  std::vector<policy::AbortedTransaction> aborted;
  for (const kafka::FetchResponse::AbortedTransaction& transaction : batches.aborted())
    aborted.push_back({transaction.producer_id, transaction.first_offset});
  return policy::TransactionFilter(std::move(aborted));
}

absl::Status AddTo(policy::TailMatch& match, kafka::PeekedBatches& batches, bool has_times, int64_t& next_offset) {
  policy::TransactionFilter transactions = FilterOf(batches);
  return batches.ForEach([&](kafka::RecordBatchView batch) -> absl::Status {
    absl::StatusOr<bool> is_copied = IsCopied(batch, transactions);
    if (!is_copied.ok()) return is_copied.status();
    next_offset = std::max(next_offset, batch.next_offset());
    if (!*is_copied) return absl::OkStatus();
    std::vector<policy::RecordMark> marks;
    int64_t oldest_ms = 0;
    absl::Status read = MarksOf(batch, has_times, marks, oldest_ms);
    if (read.ok()) match.AddBatch(batch.next_offset(), marks);
    return read;
  });
}

policy::TailPlace Unclear(std::string reason) { return {policy::TailPlace::Kind::kUnclear, -1, std::move(reason)}; }

}  // namespace

asio::awaitable<absl::StatusOr<TargetMarks>> ReadTargetMarks(std::shared_ptr<kafka::Connection> connection,
                                                             kafka::PeekTarget where, int64_t begin, int64_t end,
                                                             bool has_times) {
  TargetMarks target;
  target.begin = begin;
  target.has_times = has_times;
  target.oldest_ms = std::numeric_limits<int64_t>::max();
  for (int64_t offset = begin; offset < end;) {
    absl::StatusOr<kafka::PeekedBatches> batches =
        co_await kafka::PeekBatches(connection, where, offset, kafka::IsolationLevel::kReadUncommitted);
    if (!batches.ok()) co_return batches.status();
    int64_t next_offset = offset;
    absl::Status read = batches->ForEach([&](kafka::RecordBatchView batch) -> absl::Status {
      target.begin = std::min(target.begin, batch.base_offset());
      next_offset = std::max(next_offset, batch.next_offset());
      return batch.is_control() ? absl::OkStatus() : MarksOf(batch, has_times, target.marks, target.oldest_ms);
    });
    if (!read.ok()) {
      target.unreadable = std::string(read.message());
      co_return target;
    }
    if (next_offset == offset) co_return absl::UnavailableError(absl::StrCat("the target has nothing at ", offset));
    offset = next_offset;
  }
  if (!has_times) target.oldest_ms = -1;
  co_return target;
}

asio::awaitable<absl::StatusOr<policy::TailPlace>> FindInSource(std::shared_ptr<kafka::Connection> connection,
                                                                kafka::PeekTarget where, SourceRange range,
                                                                TargetMarks target) {
  if (!target.unreadable.empty()) co_return Unclear(absl::StrCat("on the target, ", target.unreadable));
  policy::TailMatch match(target.begin, std::move(target.marks));
  int64_t bytes = 0;
  for (int64_t offset = range.from; offset < range.end;) {
    if (match.matched() && match.records_since_match() >= kLookAheadRecords) break;
    if (bytes >= kSearchBytesMax) {
      co_return Unclear(absl::StrCat("it does not lie within ", kSearchBytesMax, " bytes from offset ", range.from));
    }
    absl::StatusOr<kafka::PeekedBatches> batches =
        co_await kafka::PeekBatches(connection, where, offset, range.isolation);
    if (absl::IsUnimplemented(batches.status())) co_return Unclear(std::string(batches.status().message()));
    if (!batches.ok()) co_return batches.status();
    bytes += batches->size_bytes();
    int64_t next_offset = offset;
    absl::Status added = AddTo(match, *batches, target.has_times, next_offset);
    if (!added.ok()) co_return Unclear(absl::StrCat("at the source, ", std::string(added.message())));
    if (next_offset == offset) break;  // an open transaction begins here: nothing behind it was copied
    offset = next_offset;
  }
  co_return match.Result();
}

namespace {

// By their headers: where codecs differ, comparing the records takes unpacking them.
bool MayHaveSameTimes(const kafka::RecordBatchView& a, const kafka::RecordBatchView& b) {
  return a.timestamp_type() != b.timestamp_type() || a.max_timestamp_ms() == b.max_timestamp_ms();
}

}  // namespace

absl::StatusOr<Copies> FindCopies(kafka::PeekedBatches& batches, const kafka::RecordBatchView& sought,
                                  BatchSearch::Read read) {
  policy::TransactionFilter transactions = FilterOf(batches);
  Copies copies;
  copies.read_to = read.from;
  absl::Status visited = batches.ForEach([&](kafka::RecordBatchView batch) -> absl::Status {
    if (copies.read_to >= read.end || batch.base_offset() >= read.end) {
      copies.read_to = read.end;
      return absl::OkStatus();
    }
    copies.read_to = std::min(read.end, batch.next_offset());
    absl::StatusOr<bool> is_copied = IsCopied(batch, transactions);
    if (!is_copied.ok()) return is_copied.status();
    if (*is_copied && MayHaveSameTimes(batch, sought) && kafka::SameRecords(batch, sought))
      copies.places.push_back({batch.next_offset(), EvidenceOf(HeaderOf(batch))});
    return absl::OkStatus();
  });
  if (!visited.ok()) return visited;
  if (copies.read_to == read.from) copies.read_to = read.end;  // there is nothing more that could have been copied
  return copies;
}

absl::StatusOr<bool> FirstIsCopied(kafka::PeekedBatches& batches) {
  policy::TransactionFilter transactions = FilterOf(batches);
  std::optional<bool> first;
  absl::Status visited = batches.ForEach([&](kafka::RecordBatchView batch) -> absl::Status {
    if (first.has_value()) return absl::OkStatus();
    absl::StatusOr<bool> is_copied = IsCopied(batch, transactions);
    if (is_copied.ok()) first = *is_copied;
    return is_copied.status();
  });
  if (!visited.ok()) return visited;
  return first.value_or(false);
}

asio::awaitable<absl::StatusOr<bool>> IsCopiedAt(std::shared_ptr<kafka::Connection> connection, kafka::PeekTarget where,
                                                 int64_t base_offset, kafka::IsolationLevel isolation) {
  absl::StatusOr<kafka::PeekedBatches> batches = co_await kafka::PeekBatches(connection, where, base_offset, isolation);
  if (!batches.ok()) co_return batches.status();
  co_return FirstIsCopied(*batches);
}

}  // namespace replicator
