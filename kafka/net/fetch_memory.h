// A shard's MemoryBudget together with the signal that tells coroutines when bytes came back. Thread-confined.
#ifndef REPLICATOR_KAFKA_NET_FETCH_MEMORY_H_
#define REPLICATOR_KAFKA_NET_FETCH_MEMORY_H_

#include <asio/any_io_executor.hpp>
#include <cstddef>

#include "kafka/net/buffer.h"
#include "kafka/net/signal.h"

namespace replicator::kafka {

struct FetchMemory {
  FetchMemory(asio::any_io_executor executor, size_t bytes_max) : budget(bytes_max), released(std::move(executor)) {
    budget.set_on_release([this] { released.Notify(); });
  }

  MemoryBudget budget;
  Signal released;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_NET_FETCH_MEMORY_H_
