// Asks one broker of the source cluster, for one shard, what the rules of a partition want to know of it:
//  - where a copy begins, or goes on when its place is not known (placement.h);
//  - whether the batch that ends the target's log, whose bytes the target may have changed, is the source's that it
//    should be (partition.h, TailQuestion);
//  - whether the log is still the one that was copied, and where it begins and ends (source_doubt.h);
//  - where an operator's wish would let the copy go on (resume.h);
//  - whose the transaction is that holds back the source's last stable offset for long (open_transaction.h).
//
// Thread-confined to its shard's loop.
#ifndef REPLICATOR_REPLICATOR_LOCATE_LOCATOR_H_
#define REPLICATOR_REPLICATOR_LOCATE_LOCATOR_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <memory>

#include "kafka/client/peek.h"
#include "policy/tail_match.h"
#include "replicator/locate/asker.h"

namespace replicator {

class Locator : public Asker {
 public:
  // `isolation`: which of the source's records the link copies.
  Locator(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint, kafka::ConnectionOptions options,
          kafka::IsolationLevel isolation, StreamOwner& owner)
      : Asker(executor, Side::kSource, broker_id, std::move(endpoint), std::move(options), owner),
        isolation_(isolation) {}

 private:
  using Found = Placement::Found;
  using Search = Placement::Search;

  bool MustAsk(const Stream& stream) const override;
  asio::awaitable<absl::Status> Ask(std::shared_ptr<kafka::Connection> connection, Streams streams) override;
  asio::awaitable<absl::Status> OnEnds(std::shared_ptr<kafka::Connection> connection, Stream* stream, LogEnds log);
  // Where the copy begins.
  asio::awaitable<absl::Status> Locate(std::shared_ptr<kafka::Connection> connection, Stream* stream, LogEnds log);
  asio::awaitable<absl::StatusOr<Found>> LookAtGaplessPlace(std::shared_ptr<kafka::Connection> connection,
                                                            Stream* stream, const Search* search);
  asio::awaitable<absl::StatusOr<Found>> SearchByTime(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                      const Search* search, LogEnds log);
  asio::awaitable<absl::StatusOr<Found>> SearchByRecords(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                         const Search* search, LogEnds log);
  asio::awaitable<absl::StatusOr<bool>> IsLastCopied(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                     const Search* search, kafka::PeekedBatch batch);
  // Whether the target holds what was sent.
  static asio::awaitable<absl::Status> CompareTail(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                   LogEnds log);
  // Whether it may go on.
  static asio::awaitable<absl::Status> CheckHistory(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                    LogEnds log);
  void CheckRange(Stream& stream, const LogEnds& log);
  static asio::awaitable<absl::Status> AskOwner(std::shared_ptr<kafka::Connection> connection, Stream* stream);

  const kafka::IsolationLevel isolation_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LOCATE_LOCATOR_H_
