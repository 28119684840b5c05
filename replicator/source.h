// Fetches from one broker of the source cluster for one shard: a loop of {collect the streams that want records,
// reserve memory, Fetch, plan each batch, hand it to its partition}. One fetch is out at a time.
//
// Memory is reserved before the request is sent; the response's buffer goes back when the last slice of it has been
// written to a target or was dropped.
//
// Thread-confined to its shard's loop.
#ifndef REPLICATOR_REPLICATOR_SOURCE_H_
#define REPLICATOR_REPLICATOR_SOURCE_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "kafka/fetch_memory.h"
#include "kafka/lane.h"
#include "kafka/wire/fetch.h"
#include "policy/transaction_filter.h"
#include "replicator/stream.h"

namespace replicator {

// Asked for per partition. Less makes the broker cut, and us fetch again, more of the last batch: at 1 MiB that is
// about 5 % of all bytes with batches of 100 KiB.
inline constexpr int32_t kFetchPartitionBytes = 1 << 20;
// Asked for per response.
inline constexpr int32_t kFetchBytesMax = 16 << 20;

class Source {
 public:
  Source(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint, kafka::ConnectionOptions options,
         kafka::FetchMemory& memory, StreamOwner& owner);

  void Add(Stream* stream);
  void Remove(Stream* stream);
  // Some stream may want records now.
  void Wake() { wake_.Notify(); }
  // The most that one response may take: a share of the budget, so that no source can starve the others.
  void set_fetch_bytes_max(int32_t bytes) { fetch_bytes_max_ = bytes; }

  // Runs until Stop, or cancellation.
  asio::awaitable<void> Run();
  void Stop();

  int32_t broker_id() const { return broker_id_; }
  const kafka::Endpoint& endpoint() const { return endpoint_; }

 private:
  // One request on its way.
  struct Fetch {
    std::vector<Stream*> streams;
    std::vector<SourceOffset> asked;  // parallel to `streams`
    int16_t version = 0;
    size_t reserved = 0;
    bool all_streams = false;
  };

  Fetch Collect(Clock::time_point now, Clock::time_point* next_due);
  kafka::FetchRequest ToRequest(const Fetch& fetch) const;
  asio::awaitable<absl::Status> Exchange(std::shared_ptr<kafka::Connection> connection, Fetch& fetch);
  absl::Status HandleResponse(const Fetch& fetch, kafka::PendingReply& reply);
  void HandlePartition(Stream& stream, SourceOffset asked, const kafka::FetchResponse::Partition& answer,
                       const kafka::BufferRef& buffer);
  void HandleError(Stream& stream, const kafka::FetchResponse::Partition& answer);
  void HandleRecords(Stream& stream, const kafka::FetchResponse::Partition& answer, const kafka::BufferRef& buffer);
  bool HandleBatch(Stream& stream, kafka::RecordBatchView batch, policy::TransactionFilter& transactions,
                   const kafka::BufferRef& buffer);
  size_t IndexOf(const Stream& stream) const;
  void BackOff(Stream& stream, std::string error);
  void Malformed(Stream& stream, std::string reason);
  void Refuse(Stream& stream, QuarantineCode code, std::string reason);

  kafka::FetchMemory& memory_;
  StreamOwner& owner_;
  const int32_t broker_id_;
  const kafka::Endpoint endpoint_;
  kafka::Lane lane_;
  kafka::Signal wake_;
  std::vector<Stream*> streams_;  // by topic and partition
  size_t first_ = 0;              // where the next request begins, for fairness
  int32_t fetch_bytes_max_ = kFetchBytesMax;
  kafka::FetchResponse response_;  // kept for its memory
  bool stopping_ = false;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_SOURCE_H_
