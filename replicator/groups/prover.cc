#include "replicator/groups/prover.h"

#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#include <utility>

#include "kafka/net/signal.h"

namespace replicator {
namespace {

using kafka::RecordWindow;
using kafka::WindowQuestion;
using kafka::WindowReader;
using kafka::WindowReaderOptions;

// Reads one side; its connections stay open for the next question.
class Reader {
 public:
  explicit Reader(WindowReaderOptions options) : options_(std::move(options)) {}

  absl::StatusOr<std::vector<RecordWindow>> Read(const std::vector<WindowQuestion>& questions,
                                                 absl::Duration patience) {
    if (reader_ == nullptr) {
      absl::StatusOr<std::unique_ptr<WindowReader>> opened = WindowReader::Open(options_);
      if (!opened.ok()) return opened.status();
      reader_ = *std::move(opened);
    }
    return reader_->Read(questions, patience);
  }

 private:
  const WindowReaderOptions options_;
  std::unique_ptr<WindowReader> reader_;
};

class RdProver : public Prover {
 public:
  RdProver(asio::any_io_executor executor, WindowReaderOptions source, WindowReaderOptions target)
      : executor_(std::move(executor)), source_(std::move(source)), target_(std::move(target)) {}
  ~RdProver() override { thread_.join(); }

  asio::awaitable<absl::StatusOr<std::vector<Proof>>> Prove(std::vector<ProofQuestion> questions,
                                                            absl::Duration patience) override {
    auto pending = std::make_shared<Pending>(executor_);
    asio::post(thread_, [this, pending, executor = executor_, questions = std::move(questions), patience] {
      absl::StatusOr<std::vector<Proof>> proofs = ProveNow(questions, patience);
      asio::post(executor, [pending, proofs = std::move(proofs)]() mutable {
        pending->proofs = std::move(proofs);
        pending->done.Notify();
      });
    });
    while (!pending->proofs.has_value()) co_await pending->done.Wait();
    co_return *std::move(pending->proofs);
  }

 private:
  struct Pending {
    explicit Pending(asio::any_io_executor executor) : done(std::move(executor)) {}
    std::optional<absl::StatusOr<std::vector<Proof>>> proofs;
    kafka::Signal done;
  };

  // On the thread. The target first: what it has by then, the source has too.
  absl::StatusOr<std::vector<Proof>> ProveNow(const std::vector<ProofQuestion>& questions, absl::Duration patience) {
    std::vector<WindowQuestion> at_target;
    std::vector<WindowQuestion> at_source;
    for (const ProofQuestion& question : questions) {
      at_target.push_back({question.target_topic, question.partition, question.target_offset});
      at_source.push_back({question.source_topic, question.partition, question.source_offset});
    }
    absl::StatusOr<std::vector<RecordWindow>> target = target_.Read(at_target, patience);
    if (!target.ok()) return target.status();
    absl::StatusOr<std::vector<RecordWindow>> source = source_.Read(at_source, patience);
    if (!source.ok()) return source.status();
    std::vector<Proof> proofs;
    for (size_t i = 0; i < questions.size(); ++i) {
      ProofInput input;
      input.target = std::move((*target)[i]);
      input.source = std::move((*source)[i]);
      input.is_source_compacted = questions[i].is_source_compacted;
      input.is_target_compacted = questions[i].is_target_compacted;
      input.run = questions[i].run;
      proofs.push_back(replicator::Prove(input));
    }
    return proofs;
  }

  const asio::any_io_executor executor_;
  Reader source_;
  Reader target_;
  asio::thread_pool thread_{1};  // last: it uses the rest
};

}  // namespace

std::unique_ptr<Prover> Prover::Create(asio::any_io_executor executor, WindowReaderOptions source,
                                       WindowReaderOptions target) {
  return std::make_unique<RdProver>(std::move(executor), std::move(source), std::move(target));
}

}  // namespace replicator
