#include "replicator/groups/translator.h"

#include <asio/post.hpp>
#include <memory>

#include "absl/status/status.h"

namespace replicator {
namespace {

// Outlives the one who waits, if an answer comes too late for it.
struct Pending {
  explicit Pending(asio::any_io_executor executor) : answered(std::move(executor)) {}
  std::vector<TranslationAnswer> answers;
  size_t due = 0;  // shards
  kafka::Signal answered;

  void Take(std::vector<TranslationAnswer> of_shard) {
    for (size_t i = 0; i < of_shard.size() && i < answers.size(); ++i) {
      if (of_shard[i].is_copied) answers[i] = std::move(of_shard[i]);
    }
    --due;
    answered.Notify();
  }
};

}  // namespace

asio::awaitable<absl::StatusOr<std::vector<TranslationAnswer>>> Translator::Translate(
    std::vector<TranslationQuestion> questions, kafka::Clock::duration patience) {
  const kafka::Clock::time_point deadline = kafka::Clock::now() + patience;
  auto pending = std::make_shared<Pending>(executor_);
  TranslationAnswer of_nobody;
  of_nobody.is_copied = false;
  pending->answers.assign(questions.size(), of_nobody);
  pending->due = questions.empty() ? 0 : shards_.size();
  for (size_t i = 0; pending->due > 0 && i < shards_.size(); ++i) {
    shards_[i](questions, [executor = executor_, pending](std::vector<TranslationAnswer> answers) {
      asio::post(executor, [pending, answers = std::move(answers)]() mutable { pending->Take(std::move(answers)); });
    });
  }
  while (pending->due > 0 && kafka::Clock::now() < deadline) co_await pending->answered.Wait(deadline);
  if (pending->due > 0)
    co_return absl::UnavailableError("a shard has not said in time where offsets lie on the target");
  co_return std::move(pending->answers);
}

}  // namespace replicator
