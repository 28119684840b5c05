// Asks one broker of the target cluster where its partitions stand, for one shard: for streams that begin, and for
// those in which an answer was not clear (invariants E and F). All streams that are due are asked in one exchange.
//
// An ordinary ListOffsets tells the high watermark. With the debugging replica id (-2) it tells the log end, but a
// follower would answer that one too (ReplicaManager.fetchOffsetForTimestamp); so the log end is asked first and the
// high watermark second, on the same connection and with the leader epoch: an error of the second voids the first.
//
// Of a stream that begins, the last batch is read; and, where the locator could not find that one in the source, marks
// of the records before it too.
//
// A partition whose producer id the target forgot (brokers up to 2.4) gets a new one here.
//
// Thread-confined to its shard's loop.
#ifndef REPLICATOR_REPLICATOR_LOCATE_SETTLER_H_
#define REPLICATOR_REPLICATOR_LOCATE_SETTLER_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/net/lane.h"
#include "replicator/base/error_tally.h"
#include "replicator/partition/stream.h"

namespace replicator {

class Settler {
 public:
  Settler(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint, kafka::ConnectionOptions options,
          StreamOwner& owner);

  void Add(Stream* stream);
  void Remove(Stream* stream) { std::erase(streams_, stream); }
  void Wake() { wake_.Notify(); }

  asio::awaitable<void> Run();
  void Stop();

 private:
  std::vector<Stream*> Due(Clock::time_point now, Clock::time_point* next_due) const;
  asio::awaitable<absl::Status> Ask(std::shared_ptr<kafka::Connection> connection, std::vector<Stream*> streams);
  asio::awaitable<absl::Status> Tell(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                     TargetOffset log_end, TargetOffset high_watermark);
  asio::awaitable<absl::StatusOr<kafka::PeekedBatch>> LastBatch(std::shared_ptr<kafka::Connection> connection,
                                                                Stream* stream, TargetOffset log_end);
  asio::awaitable<absl::StatusOr<TargetTailMarks>> ReadMarks(std::shared_ptr<kafka::Connection> connection,
                                                             Stream* stream, TargetAtStart& target);
  asio::awaitable<absl::Status> RenewProducer(std::shared_ptr<kafka::Connection> connection, Stream* stream);
  void Note(Stream& stream, std::string_view error);
  void BackOff(Stream& stream, std::string error);

  StreamOwner& owner_;
  const int32_t broker_id_;
  kafka::Lane lane_;
  kafka::Signal wake_;
  std::vector<Stream*> streams_;
  ErrorTally errors_;  // of the present answer
  Producer renewed_;   // the last id that was got here: good for every partition that has not used it
  bool stopping_ = false;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LOCATE_SETTLER_H_
