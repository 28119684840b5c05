// Where committed offsets of the source lie on the target, whichever shard copies their partitions: asks all shards,
// and joins what they say.
//
// Lives on one event loop; the shards answer on theirs. They must outlive this, or end without answering any more.
#ifndef REPLICATOR_REPLICATOR_GROUPS_TRANSLATOR_H_
#define REPLICATOR_REPLICATOR_GROUPS_TRANSLATOR_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <functional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/net/signal.h"
#include "replicator/copy/translation.h"

namespace replicator {

class Translator {
 public:
  // Shard::Translate: answers in the order of the questions, on another thread; never, when the shard ends before.
  using Ask =
      std::function<void(std::vector<TranslationQuestion>, std::function<void(std::vector<TranslationAnswer>)> done)>;

  Translator(asio::any_io_executor executor, std::vector<Ask> shards)
      : executor_(std::move(executor)), shards_(std::move(shards)) {}

  // In the order of the questions; of a partition that no shard has, an answer whose is_copied is false. Unavailable: a
  // shard has not answered in time.
  asio::awaitable<absl::StatusOr<std::vector<TranslationAnswer>>> Translate(std::vector<TranslationQuestion> questions,
                                                                            kafka::Clock::duration patience);

 private:
  const asio::any_io_executor executor_;
  const std::vector<Ask> shards_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_TRANSLATOR_H_
