// Produces to one broker of the target cluster for one shard: a loop of {collect the streams that have a batch to send,
// patch the headers where they lie, write one Produce request by scatter-gather}, and one short coroutine per request
// that waits for its answer. acks=all.
//
// The batches' bytes are let go as soon as the kernel has them: after any failure a batch is fetched again, so nothing
// is kept for a retry.
//
// Thread-confined to its shard's loop.
#ifndef REPLICATOR_REPLICATOR_COPY_SINK_H_
#define REPLICATOR_REPLICATOR_COPY_SINK_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "kafka/net/lane.h"
#include "kafka/wire/produce.h"
#include "replicator/base/error_tally.h"
#include "replicator/base/failure_run.h"
#include "replicator/copy/rate_limiter.h"
#include "replicator/partition/stream.h"

namespace replicator {

class Sink {
 public:
  // `limit`, of bytes sent, outlives the sink.
  Sink(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint, kafka::ConnectionOptions options,
       RateLimiter& limit, StreamOwner& owner);

  void Add(Stream* stream);
  void Remove(Stream* stream);
  // Adds a stream that went on over another connection to the same broker so far. The broker may have been restarted
  // since it answered there: the target is asked first (F). REQUIRES: nothing of it is in flight.
  void TakeOver(Stream* stream);
  // `stream` has a batch to send.
  void Ready(Stream* stream);

  // To be called a few times a second: a broker that owes an answer for kStalledAfter, or cannot be reached for as
  // long, has its streams paused, so that they do not hold memory which others could use. A stall is logged when it
  // lasts: under load answers take long now and then.
  void CheckProgress(Clock::time_point now);

  // One of its streams has another leader now. A broker that does not answer is given up then: what is in flight to it
  // is settled with the new leader, and the connection is closed so that no byte of it can follow.
  void LeadershipLost();

  // Runs until Stop, or cancellation.
  asio::awaitable<void> Run();
  void Stop();

  // Another request has no room now, and partitions wait for it.
  bool saturated() const;
  int64_t bytes_sent() const { return bytes_sent_; }
  int requests_in_flight() const { return static_cast<int>(sent_at_.size()); }
  bool stalled() const { return stalled_; }
  int32_t broker_id() const { return broker_id_; }
  const kafka::Endpoint& endpoint() const { return endpoint_; }

 private:
  struct Sent {
    Stream* stream;
    Send send;
    int64_t max_timestamp_ms = -1;  // of the batch
  };
  struct Request {
    uint64_t number = 0;
    int16_t version = 0;
    std::vector<Sent> sent;
  };

  std::vector<Sent> TakeBatches();
  asio::awaitable<void> WriteRequest(std::shared_ptr<kafka::Connection> connection);
  static asio::awaitable<void> AwaitAnswer(Sink* sink, std::shared_ptr<Request> request,
                                           std::shared_ptr<kafka::Connection> connection,
                                           std::shared_ptr<kafka::PendingReply> reply);
  absl::Status HandleAnswer(Request& request, const kafka::PendingReply& reply, kafka::Connection& connection);
  static void CheckTimesAreKept(const Sent& sent, int64_t log_append_time_ms);
  void HandlePartition(Sent& sent, const kafka::ProduceResponse::Partition& answer);
  void FailAll(Request& request, const absl::Status& why);
  void Finish(const Request& request);
  void SetStalled(bool stalled);
  void NoteConnection(const std::shared_ptr<kafka::Connection>& connection);

  StreamOwner& owner_;
  const int32_t broker_id_;
  const kafka::Endpoint endpoint_;
  RateLimiter& limit_;
  kafka::Lane lane_;
  Clock::time_point not_before_;                 // of the next request: the cap, or the broker's throttling
  std::weak_ptr<kafka::Connection> connection_;  // the last one
  bool was_connected_ = false;
  kafka::Signal wake_;
  std::vector<Stream*> streams_;
  std::deque<Stream*> ready_;
  kafka::ProduceRequestBuilder builder_;           // kept for its memory
  std::map<uint64_t, Clock::time_point> sent_at_;  // unanswered requests by number
  uint64_t next_request_ = 1;
  int64_t bytes_sent_ = 0;
  bool writing_ = false;  // a request; its socket may be full
  Clock::time_point unreachable_since_ = Clock::time_point::max();
  FailureRun connect_failures_;
  ErrorTally errors_;  // of the present answer
  bool stalled_ = false;
  bool stall_logged_ = false;
  bool stopping_ = false;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_COPY_SINK_H_
