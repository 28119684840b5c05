// Asks one broker of the source cluster, for one shard, where a copy begins or goes on:
//  - the target partition is empty: at the source's log start;
//  - the target holds records: behind the source batch whose records are the target's last batch, byte for byte, and
//    that is not of an aborted transaction. Found by the offset that a gapless copy gives, else by the batch's time. On
//    a compacted topic, where the source may have that batch no more, instead of by time: behind the last of the
//    target's records that the source still has (content_search.h). No such place, or more than one: the partition is
//    quarantined, nothing is guessed;
//  - an earlier process has stored where it stood: the last copied batch is read again; if it is another now, the
//    source's history is not the one that was copied (invariant G: quarantine);
//  - the source said OFFSET_OUT_OF_RANGE: confirmed by its leader, either retention has passed the position (the lost
//    range is counted and logged, copying goes on at the new log start) or the source was truncated (quarantine). Where
//    the target holds more than is known of, the place is found by content instead, as above.
//  - a transaction holds back the source's last stable offset for long: whose it is.
//
// Thread-confined to its shard's loop.
#ifndef REPLICATOR_REPLICATOR_LOCATE_LOCATOR_H_
#define REPLICATOR_REPLICATOR_LOCATE_LOCATOR_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/net/lane.h"
#include "replicator/base/error_tally.h"
#include "replicator/partition/stream.h"

namespace replicator {

class Locator {
 public:
  // `isolation`: which of the source's records the link copies.
  Locator(asio::any_io_executor executor, int32_t broker_id, kafka::Endpoint endpoint, kafka::ConnectionOptions options,
          kafka::IsolationLevel isolation, StreamOwner& owner);

  void Add(Stream* stream);
  void Remove(Stream* stream) { std::erase(streams_, stream); }
  void Wake() { wake_.Notify(); }

  asio::awaitable<void> Run();
  void Stop();

 private:
  // Where a copy goes on, and the batch that ends there, when it was seen whole.
  struct SourcePlace {
    int64_t position = -1;
    offsets::SourceEvidence evidence;
  };

  std::vector<Stream*> Due(Clock::time_point now, Clock::time_point* next_due) const;
  asio::awaitable<absl::Status> Ask(std::shared_ptr<kafka::Connection> connection, std::vector<Stream*> streams);
  asio::awaitable<absl::Status> Locate(std::shared_ptr<kafka::Connection> connection, Stream* stream, int64_t log_start,
                                       int64_t log_end);
  asio::awaitable<absl::StatusOr<std::optional<SourcePlace>>> SearchByTime(
      std::shared_ptr<kafka::Connection> connection, Stream* stream, int64_t log_end);
  asio::awaitable<absl::StatusOr<policy::TailPlace>> SearchByRecords(std::shared_ptr<kafka::Connection> connection,
                                                                     Stream* stream, int64_t log_start,
                                                                     int64_t log_end);
  static bool TailIsOld(Stream& stream);
  static bool WantMoreOfTheTail(Stream& stream);
  asio::awaitable<absl::StatusOr<bool>> IsLastCopied(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                                     kafka::PeekedBatch batch);
  static SourcePlace PlaceBehind(const kafka::RecordBatchView& batch);
  void BeginBehind(Stream& stream, const SourcePlace& place);
  static void QuarantineNotOurs(Stream& stream, const std::string& doubt);
  asio::awaitable<absl::Status> CheckHistory(std::shared_ptr<kafka::Connection> connection, Stream* stream,
                                             int64_t log_start, int64_t log_end);
  asio::awaitable<absl::StatusOr<std::string>> FindContradiction(std::shared_ptr<kafka::Connection> connection,
                                                                 Stream* stream, int64_t log_start);
  static absl::Status CheckShortLog(Stream& stream, int64_t log_end);
  static void QuarantineHistory(Stream& stream, std::string what);
  asio::awaitable<absl::Status> AskOwner(std::shared_ptr<kafka::Connection> connection, Stream* stream);
  void CheckRange(Stream& stream, int64_t log_start, int64_t log_end);
  void Note(Stream& stream, std::string_view error);
  void BackOff(Stream& stream, std::string error);

  StreamOwner& owner_;
  const int32_t broker_id_;
  const kafka::IsolationLevel isolation_;
  kafka::Lane lane_;
  kafka::Signal wake_;
  std::vector<Stream*> streams_;
  ErrorTally errors_;  // of the present answer
  bool stopping_ = false;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LOCATE_LOCATOR_H_
