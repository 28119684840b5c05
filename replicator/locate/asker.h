// Asks one broker about the partitions of one shard: waits until some are due, connects, has them asked all at once,
// and backs off from those that could not be told. Knows no rules: what is asked of whom, and what the answers mean,
// its two users know (settler.h, locator.h).
//
// Thread-confined to its shard's loop.
#ifndef REPLICATOR_REPLICATOR_LOCATE_ASKER_H_
#define REPLICATOR_REPLICATOR_LOCATE_ASKER_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/net/lane.h"
#include "replicator/base/error_tally.h"
#include "replicator/base/failure_run.h"
#include "replicator/partition/stream.h"

namespace replicator {

class Asker {
 public:
  // `owner` outlives this object.
  Asker(asio::any_io_executor executor, Side side, int32_t broker_id, kafka::Endpoint endpoint,
        kafka::ConnectionOptions options, StreamOwner& owner);
  virtual ~Asker() = default;

  void Add(Stream* stream);
  void Remove(Stream* stream) { std::erase(streams_, stream); }
  // Something happened to a stream: it may be due.
  void Wake() { wake_.Notify(); }

  // Runs until Stop, or cancellation.
  asio::awaitable<void> Run();
  void Stop();

 protected:
  using Streams = std::vector<Stream*>;

  // Whether there is something to ask for `stream` now, but for its back-off.
  virtual bool MustAsk(const Stream& stream) const = 0;
  // Asks for `streams`, which this broker leads, and tells them. An error is the connection's; what concerns one stream
  // only is backed off from by BackOff.
  virtual asio::awaitable<absl::Status> Ask(std::shared_ptr<kafka::Connection> connection, Streams streams) = 0;

  // The error is shown as that of `stream`, which is asked again after a while.
  void BackOff(Stream& stream, std::string error);
  // What is shown of `stream` while it is asked for.
  void Show(Stream& stream, std::string_view what) const { SetError(stream, what); }
  // `stream` was told what it asked.
  void ClearError(Stream& stream) { ErrorOf(stream).clear(); }
  // Logs what was backed off from since the last call.
  void LogErrors() { errors_.Log(); }
  StreamOwner& owner() { return owner_; }

 private:
  Streams Due(Clock::time_point now, Clock::time_point* next_due) const;
  bool Leads(const Stream& stream) const;
  std::string& ErrorOf(Stream& stream) const;
  void SetError(Stream& stream, std::string_view error) const;
  void OnFailure(const Streams& due, const absl::Status& why);

  StreamOwner& owner_;
  const Side side_;
  const int32_t broker_id_;
  const std::string broker_;  // in words
  kafka::Lane lane_;
  kafka::Signal wake_;
  Streams streams_;
  ErrorTally errors_;    // of the present answer
  FailureRun failures_;  // of the broker
  bool stopping_ = false;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LOCATE_ASKER_H_
