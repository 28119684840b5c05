// For co_spawn, in the place of asio::detached: a coroutine that nobody waits for must not throw.
#ifndef REPLICATOR_KAFKA_NET_MUST_NOT_THROW_H_
#define REPLICATOR_KAFKA_NET_MUST_NOT_THROW_H_

#include <exception>

namespace replicator::kafka {

// Called with the exception that has left the coroutine, or with none. A coroutine that is cancelled at the end ends
// with one, and that is all right. Any other is a mistake in this program, and what the coroutine did would be done no
// more, without a word: the process ends with the exception's text instead. Started again, it goes on from its state
// folder.
struct MustNotThrow {
  void operator()(const std::exception_ptr& exception) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_NET_MUST_NOT_THROW_H_
