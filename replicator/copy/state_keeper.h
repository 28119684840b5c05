// Keeps what the streams of one shard must not forget: hands their states to the store and to the link's changelog,
// and tells the shard when they are written. What even the loss of this machine must not take (a new producer, a
// quarantine, a resume) counts as written when the changelog has it, too, or some seconds later. A state goes at once
// when it is a quarantine, or when it names batches and the partition has hardly any left to send that a stored one
// names; with it go all states that name new batches. What only moved goes within two seconds.
//
// Thread-confined to its shard's loop.
#ifndef REPLICATOR_REPLICATOR_COPY_STATE_KEEPER_H_
#define REPLICATOR_REPLICATOR_COPY_STATE_KEEPER_H_

#include <asio/any_io_executor.hpp>
#include <functional>
#include <vector>

#include "offsets/store.h"
#include "replicator/memory/state_log.h"
#include "replicator/partition/stream.h"

namespace replicator {

class StateKeeper {
 public:
  // `store` may be null: then nothing is kept. `log` is told of all that the store is; null: nobody is. `stored` is
  // called on the loop for each stream whose state was written. All outlive the keeper, and the last call back of store
  // and log comes before the loop is gone.
  StateKeeper(asio::any_io_executor executor, offsets::Store* store, StateLog* log, std::function<void(Stream&)> stored)
      : executor_(std::move(executor)), store_(store), log_(log), stored_(std::move(stored)) {}

  // Something happened to `stream`.
  void Note(Stream& stream);
  // To be called a few times a second: once a second, what moved goes that was not written in the second before.
  void Tick(Clock::time_point now);
  // Writes everything that moved. For the end.
  void SaveAll();
  bool is_writing() const { return writes_in_flight_ > 0; }
  // Why states cannot be written; empty when they can.
  std::string trouble() const { return store_ == nullptr ? "" : store_->trouble(); }

 private:
  // Of `streams`, those that have something new.
  void Save(std::vector<Stream*> streams);
  void Write(std::vector<Stream*> streams);
  void OnWritten(const std::vector<Stream*>& streams);

  asio::any_io_executor executor_;
  offsets::Store* store_;
  StateLog* log_;
  std::function<void(Stream&)> stored_;
  std::vector<Stream*> waiting_;  // for the next write that cannot wait
  std::vector<Stream*> moved_;
  bool flush_posted_ = false;
  int writes_in_flight_ = 0;
  Clock::time_point next_save_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_COPY_STATE_KEEPER_H_
