#include "replicator/groups/translator.h"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

namespace replicator {
namespace {

using Answers = absl::StatusOr<std::vector<TranslationAnswer>>;

// A shard that has the partitions `parity`, and answers from a thread of its own.
class FakeShard {
 public:
  explicit FakeShard(int parity) : parity_(parity) {}
  ~FakeShard() {
    for (std::thread& thread : threads_) thread.join();
  }
  Translator::Ask Ask() {
    return [this](std::vector<TranslationQuestion> questions, auto done) {
      threads_.emplace_back([this, questions = std::move(questions), done = std::move(done)] {
        std::vector<TranslationAnswer> answers(questions.size());
        for (size_t i = 0; i < questions.size(); ++i) {
          answers[i].is_copied = questions[i].partition % 2 == parity_;
          answers[i].offset = questions[i].offset + 1000 * (parity_ + 1);
        }
        done(std::move(answers));
      });
    };
  }

 private:
  const int parity_;
  std::vector<std::thread> threads_;
};

// `io` outlives the threads of the shards.
Answers TranslateAll(asio::io_context& io, const std::vector<Translator::Ask>& shards,
                     std::vector<TranslationQuestion> questions, kafka::Clock::duration patience) {
  io.restart();
  Translator translator(io.get_executor(), shards);
  std::optional<Answers> answers;
  asio::co_spawn(io, translator.Translate(std::move(questions), patience),
                 [&answers](const std::exception_ptr&, Answers result) { answers.emplace(std::move(result)); });
  io.run();
  return *std::move(answers);
}

TEST(TranslatorTest, EachQuestionIsAnsweredByTheShardThatHasThePartition) {
  asio::io_context io(1);
  FakeShard even(0);
  FakeShard odd(1);
  const Answers answers =
      TranslateAll(io, {even.Ask(), odd.Ask()}, {{"t", 0, 1}, {"t", 1, 2}, {"u", 4, 3}}, std::chrono::hours(1));
  ASSERT_TRUE(answers.ok()) << answers.status();
  ASSERT_EQ(answers->size(), 3u);
  EXPECT_EQ(answers->at(0).offset, 1001);
  EXPECT_EQ(answers->at(1).offset, 2002);
  EXPECT_EQ(answers->at(2).offset, 1003);
}

TEST(TranslatorTest, WhatNoShardHasIsNotCopied) {
  asio::io_context io(1);
  FakeShard even(0);
  const Answers answers = TranslateAll(io, {even.Ask()}, {{"t", 0, 1}, {"t", 1, 2}}, std::chrono::hours(1));
  ASSERT_TRUE(answers.ok()) << answers.status();
  EXPECT_TRUE(answers->at(0).is_copied);
  EXPECT_FALSE(answers->at(1).is_copied);
  EXPECT_FALSE(TranslateAll(io, {}, {{"t", 0, 1}}, std::chrono::hours(1))->at(0).is_copied);
  EXPECT_TRUE(TranslateAll(io, {even.Ask()}, {}, std::chrono::hours(1))->empty());
}

TEST(TranslatorTest, AShardThatDoesNotAnswerIsNotTakenForOneThatHasNothing) {
  asio::io_context io(1);
  FakeShard even(0);
  const Translator::Ask silent = [](std::vector<TranslationQuestion>, auto) {};
  const Answers answers = TranslateAll(io, {even.Ask(), silent}, {{"t", 0, 1}}, std::chrono::milliseconds(200));
  EXPECT_TRUE(absl::IsUnavailable(answers.status())) << answers.status();
}

}  // namespace
}  // namespace replicator
