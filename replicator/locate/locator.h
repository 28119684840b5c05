// Asks one broker of the source cluster, for one shard, what the rules of a partition want to know of it:
//  - where a copy begins, or goes on when its place is not known (placement.h);
//  - whether the batch that ends the target's log, whose bytes the target may have changed, is the source's that it
//    should be (partition.h, TailQuestion);
//  - whether the log is still the one that was copied, and where it begins and ends (source_doubt.h);
//  - where an operator's wish would let the copy go on (resume.h);
//  - whose the transaction is that holds back the source's last stable offset for long (open_transaction.h).
// What takes long reading, the search for a batch, goes on in slices behind what is quick, so that no partition waits
// for another one's.
//
// Thread-confined to its shard's loop.
#ifndef REPLICATOR_REPLICATOR_LOCATE_LOCATOR_H_
#define REPLICATOR_REPLICATOR_LOCATE_LOCATOR_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "kafka/client/peek.h"
#include "policy/tail_match.h"
#include "replicator/locate/asker.h"
#include "replicator/partition/batch_search.h"

namespace replicator {

class Locator : public Asker {
 public:
  struct Options {
    kafka::ConnectionOptions connection;
    kafka::IsolationLevel isolation =
        kafka::IsolationLevel::kReadCommitted;  // which of the source's records are copied
    // Books bytes that a search has read, and says when it may read on.
    std::function<Clock::time_point(int64_t bytes)> book;
  };

  Locator(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint, Options options,
          StreamOwner& owner)
      : Asker(executor, Side::kSource, broker_id, std::move(endpoint), std::move(options.connection), owner),
        isolation_(options.isolation),
        book_(std::move(options.book)) {}

 private:
  using Found = Placement::Found;
  using Search = Placement::Search;
  // For a batch, under way.
  struct Running {
    Search search;
    BatchSearch batches;
    int64_t bytes_told = 0;
  };

  bool MustAsk(const Stream& stream) const override;
  asio::awaitable<absl::Status> Ask(std::shared_ptr<kafka::Connection> connection, Streams streams) override;
  asio::awaitable<absl::Status> OnEnds(std::shared_ptr<kafka::Connection> connection, Stream* stream, LogEnds log);
  // Where the copy begins.
  asio::awaitable<absl::Status> Locate(std::shared_ptr<kafka::Connection> connection, Stream* stream, LogEnds log);
  asio::awaitable<absl::StatusOr<Found>> LookAtGaplessPlace(std::shared_ptr<kafka::Connection> connection,
                                                            Stream* stream, const Search* search);
  asio::awaitable<absl::Status> BeginSearchByBatch(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                   Search search, LogEnds log);
  asio::awaitable<void> GoOnSearching(std::shared_ptr<kafka::Connection> connection, Streams streams);
  asio::awaitable<absl::StatusOr<int64_t>> ReadOn(std::shared_ptr<kafka::Connection> connection, Stream* stream);
  bool IsSearching(Stream& stream);
  void Conclude(Stream& stream, const Found& found);
  void TellProgress(Stream& stream, Running& running);
  static void TellPlace(const Stream& stream);
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
  const std::function<Clock::time_point(int64_t bytes)> book_;
  std::map<Stream*, Running> running_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LOCATE_LOCATOR_H_
