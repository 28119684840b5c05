// Fetches from one broker of the source cluster for one shard: a loop of {look at the streams that something happened
// to, reserve memory, Fetch, plan each batch, hand it to its partition}. One fetch is out at a time; a fetch session
// (fetch_session.h) makes that cheap for partitions that stand still.
//
// Memory is reserved before the request is sent; the response's buffer goes back when the last slice of it has been
// written to a target or was dropped.
//
// Thread-confined to its shard's loop.
#ifndef REPLICATOR_REPLICATOR_COPY_SOURCE_H_
#define REPLICATOR_REPLICATOR_COPY_SOURCE_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "kafka/batch/record_batch.h"
#include "kafka/net/fetch_memory.h"
#include "kafka/net/lane.h"
#include "kafka/wire/fetch.h"
#include "policy/transaction_filter.h"
#include "replicator/base/error_tally.h"
#include "replicator/base/failure_run.h"
#include "replicator/copy/fetch_room.h"
#include "replicator/copy/fetch_session.h"
#include "replicator/copy/rate_limiter.h"
#include "replicator/partition/stream.h"

namespace replicator {

// Asked for per response.
inline constexpr int32_t kFetchBytesMax = 32 << 20;

struct SourceOptions {
  kafka::ConnectionOptions connection;
  kafka::IsolationLevel isolation_level = kafka::IsolationLevel::kReadCommitted;
  RateLimiter* limit = nullptr;  // of bytes fetched; outlives the source
};

class Source {
 public:
  Source(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint, const SourceOptions& options,
         kafka::FetchMemory& memory, StreamOwner& owner);

  void Add(Stream* stream);
  void Remove(Stream* stream);
  // Something happened to `stream`: it may want records now, or no longer, or from elsewhere.
  void Note(Stream& stream);
  // The most that one response may take: a share of the budget, so that no source can starve the others.
  void set_fetch_bytes_max(int32_t bytes) { fetch_bytes_max_ = bytes; }

  // Runs until Stop, or cancellation.
  asio::awaitable<void> Run();
  void Stop();

  // When the broker said last how far `stream` is there; nullopt while it is not asked for that, or has an error.
  std::optional<Clock::time_point> HeardAt(const Stream& stream) const { return session_.HeardAt(stream); }
  // Why the broker gives no answer; empty while it does.
  const std::string& trouble() const { return trouble_; }

  int32_t broker_id() const { return broker_id_; }
  const kafka::Endpoint& endpoint() const { return endpoint_; }

 private:
  // The streams of one topic, by partition; nullptr where this broker does not lead.
  using TopicStreams = std::vector<Stream*>;

  bool IsAnotherOne(const std::shared_ptr<kafka::Connection>& connection);
  // For a new connection: what stood behind the old one is in doubt.
  void DoubtHistories();
  bool Collect(Clock::time_point now, Clock::time_point* next_due);
  void UseVersion(const kafka::NegotiatedVersions& versions);
  kafka::FetchRequest NextRequest(const FetchRoom& room, bool is_long_poll);
  asio::awaitable<absl::Status> Exchange(std::shared_ptr<kafka::Connection> connection, FetchRoom room,
                                         bool is_long_poll);
  absl::Status HandleResponse(kafka::PendingReply& reply);
  Stream* Find(const kafka::FetchResponse::Topic& topic, int32_t partition) const;
  void HandlePartition(Stream& stream, const kafka::FetchResponse::Partition& answer, const kafka::BufferRef& buffer);
  void HandleError(Stream& stream, const kafka::FetchResponse::Partition& answer);
  void HandleRecords(Stream& stream, const kafka::FetchResponse::Partition& answer, const kafka::BufferRef& buffer);
  bool HandleBatch(Stream& stream, kafka::RecordBatchView batch, policy::TransactionFilter& transactions,
                   const kafka::BufferRef& buffer);
  void BackOff(Stream& stream, std::string error);
  void Malformed(Stream& stream, const std::string& reason);
  void Damaged(Stream& stream, const kafka::RecordBatchView& batch);
  void Refuse(Stream& stream, QuarantineCode code, std::string reason);

  kafka::FetchMemory& memory_;
  StreamOwner& owner_;
  const int32_t broker_id_;
  const kafka::Endpoint endpoint_;
  const kafka::IsolationLevel isolation_level_;
  RateLimiter& limit_;
  kafka::Lane lane_;
  std::weak_ptr<kafka::Connection> connection_;  // that was asked last
  bool had_connection_ = false;                  // and nothing was doubted since
  FailureRun connect_failures_;
  kafka::Signal wake_;
  kafka::Signal stopped_;
  Clock::time_point not_before_;  // of the next request: the cap, or the broker's throttling
  FetchSession session_;
  int16_t version_ = -1;        // of Fetch, that the session speaks
  std::vector<Stream*> noted_;  // to be looked at before the next request
  absl::flat_hash_map<std::string, TopicStreams> by_name_;
  absl::flat_hash_map<kafka::Uuid, TopicStreams> by_id_;
  size_t streams_without_id_ = 0;
  int32_t fetch_bytes_max_ = kFetchBytesMax;
  kafka::FetchResponse response_;  // kept for its memory
  ErrorTally errors_;              // of the response
  std::string trouble_;
  bool stopping_ = false;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_COPY_SOURCE_H_
