// Asks one broker of the target cluster where its partitions stand, for one shard: for streams that begin, and for
// those in which an answer was not clear (invariants E and F). All streams that are due are asked in one exchange.
//
// An ordinary ListOffsets tells the high watermark. With the debugging replica id (-2) it tells the log end, but a
// follower would answer that one too (ReplicaManager.fetchOffsetForTimestamp); so the log end is asked first and the
// high watermark second, on the same connection and with the leader epoch: an error of the second voids the first.
//
// Where the target may have changed the bytes of its last batch, what its records say is kept for the locator, which
// reads the source's batch that should be the same.
//
// Of a stream that begins, the last batch is read; and marks of the records before it, where the placement wants them.
//
// A partition whose producer id the target forgot (brokers up to 2.4) gets a new one here.
//
// Thread-confined to its shard's loop.
#ifndef REPLICATOR_REPLICATOR_LOCATE_SETTLER_H_
#define REPLICATOR_REPLICATOR_LOCATE_SETTLER_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <memory>

#include "kafka/client/peek.h"
#include "replicator/locate/asker.h"

namespace replicator {

class Settler : public Asker {
 public:
  Settler(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint, kafka::ConnectionOptions options,
          StreamOwner& owner)
      : Asker(executor, Side::kTarget, broker_id, std::move(endpoint), std::move(options), owner) {}

 private:
  bool MustAsk(const Stream& stream) const override;
  asio::awaitable<absl::Status> Ask(std::shared_ptr<kafka::Connection> connection, Streams streams) override;
  asio::awaitable<absl::Status> OnEnds(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                       TargetOffset log_end, TargetOffset high_watermark);
  asio::awaitable<absl::Status> OnEndsAtStart(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                              TargetOffset log_end, kafka::PeekedBatch last);
  asio::awaitable<absl::StatusOr<kafka::PeekedBatch>> LastBatch(std::shared_ptr<kafka::Connection> connection,
                                                                Stream* stream, TargetOffset log_end);
  asio::awaitable<absl::StatusOr<TargetMarks>> ReadMarks(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                         const TargetAtStart* target);
  asio::awaitable<absl::Status> RenewProducer(std::shared_ptr<kafka::Connection> connection, Stream* stream);

  Producer renewed_;  // the last id that was got here: good for every partition that has not used it
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LOCATE_SETTLER_H_
