#include "replicator/copy/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kafka/net/steady_event.h"

namespace replicator {
namespace {

constexpr std::chrono::minutes kPatience(1);

class ShardTest : public testing::Test {
 protected:
  std::unique_ptr<Shard> Start(offsets::Store* store = nullptr) {
    Shard::Options options;
    options.store = store;
    options.partition.stores_intents = store != nullptr;
    options.buffer_bytes_max = 8 << 20;
    options.source.limit = &limit_;
    options.target_limit = &limit_;
    auto shard = std::make_unique<Shard>(std::move(options), [](Side) {});
    shard->Start();
    return shard;
  }

  RateLimiter limit_{0};
};

TEST_F(ShardTest, OneThatIsStoppedEnds) {
  const std::unique_ptr<Shard> shard = Start();
  shard->Stop(Clock::duration::zero());
  EXPECT_TRUE(shard->Join(Clock::now() + kPatience));
}

TEST_F(ShardTest, OneThatHasMoreToDoAtTheDeadlineIsEnded) {
  const std::unique_ptr<Shard> shard = Start();
  const auto runs = std::make_shared<kafka::SteadyEvent>();  // its loop does
  shard->Describe([runs](const std::vector<PartitionStatus>&) { runs->Notify(); });
  ASSERT_TRUE(runs->WaitUntil(Clock::now() + kPatience));
  // It may be called again, on a machine that lets the thread wait.
  const Clock::time_point end = Clock::now() + kPatience;
  bool has_ended = false;
  while (!has_ended && Clock::now() < end) has_ended = shard->Join(Clock::now());
  EXPECT_TRUE(has_ended);
}

// The process has ten seconds for all of them.
TEST_F(ShardTest, TwoThatAreStuckInAHandlerAreWaitedForUntilOneDeadline) {
  kafka::SteadyEvent release;
  kafka::SteadyEvent stuck[2];
  const std::unique_ptr<Shard> shards[2] = {Start(), Start()};
  for (int i = 0; i < 2; ++i) {
    shards[i]->Describe([&release, &is_stuck = stuck[i]](const std::vector<PartitionStatus>&) {
      is_stuck.Notify();
      release.WaitUntil(Clock::now() + std::chrono::hours(1));
    });
    ASSERT_TRUE(stuck[i].WaitUntil(Clock::now() + kPatience));
    shards[i]->Stop(Clock::duration::zero());
  }
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(100);
  EXPECT_FALSE(shards[0]->Join(deadline));
  EXPECT_GE(Clock::now(), deadline);
  EXPECT_FALSE(shards[1]->Join(deadline)) << "which has passed";
  release.Notify();
  EXPECT_TRUE(shards[0]->Join(Clock::now() + kPatience));
  EXPECT_TRUE(shards[1]->Join(Clock::now() + kPatience));
}

// A partition as an earlier process left it: source records 100-109 and 112-119, and markers between.
Assignment Stored(const std::string& topic, int32_t partition) {
  auto state = std::make_shared<offsets::PartitionState>();
  state->tail_begin = {SourceOffset(110), TargetOffset(10)};
  state->has_chunks = true;
  state->position = SourceOffset(120);
  state->target_end = TargetOffset(18);
  state->eras = {{TargetOffset(0), {.id = 40, .epoch = 0}, 0}};
  state->map.chunks = {
      {{SourceOffset(100), TargetOffset(0)}, SourceOffset(110), {{SourceOffset(100), TargetOffset(0), 10}}}};
  state->last_run = {SourceOffset(112), TargetOffset(10), 8};
  state->quarantine = {QuarantineCodeName(QuarantineCode::kForeignWrite), "somebody wrote", 1};
  Assignment assignment;
  assignment.source_topic = assignment.target_topic = topic;
  assignment.partition = partition;
  assignment.stored = std::move(state);
  return assignment;
}

std::vector<TranslationAnswer> Ask(Shard& shard, std::vector<TranslationQuestion> questions) {
  std::vector<TranslationAnswer> answers;
  kafka::SteadyEvent answered;
  shard.Translate(std::move(questions), [&](std::vector<TranslationAnswer> told) {
    answers = std::move(told);
    answered.Notify();
  });
  EXPECT_TRUE(answered.WaitUntil(Clock::now() + kPatience));
  return answers;
}

TEST_F(ShardTest, OffsetsAreTranslatedInTheOrderOfTheQuestions) {
  const std::unique_ptr<Shard> shard = Start();
  Assignment empty;
  empty.source_topic = empty.target_topic = "new";
  empty.partition = 0;
  shard->Assign({Stored("a", 0), Stored("a", 3), std::move(empty)});
  const std::vector<TranslationQuestion> questions = {
      {.source_topic = "a", .partition = 3, .offset = 105},
      {.source_topic = "a", .partition = 1, .offset = 105},
      {.source_topic = "a", .partition = 0, .offset = 110},
      {.source_topic = "a", .partition = 3, .offset = 17, .to_source = true},
      {.source_topic = "new", .partition = 0, .offset = 0},
      {.source_topic = "b", .partition = 0, .offset = 105},
  };
  const std::vector<TranslationAnswer> answers = Ask(*shard, questions);
  TranslationAnswer record;
  record.kind = offsets::TranslationKind::kExact;
  record.offset = 5;
  record.is_same_record = true;
  record.position = 120;
  record.is_quarantined = true;
  record.target_end = 18;
  TranslationAnswer gap = record;
  gap.offset = 10;
  gap.is_same_record = false;
  TranslationAnswer back = record;
  back.offset = 119;
  TranslationAnswer not_here;
  not_here.is_copied = false;
  EXPECT_THAT(answers, testing::ElementsAre(record, not_here, gap, back, TranslationAnswer(), not_here));
  shard->Stop(Clock::duration::zero());
  EXPECT_TRUE(shard->Join(Clock::now() + kPatience));
}

// A record and a marker, again and again: more than a process loads.
TEST_F(ShardTest, WhatIsOnlyInTheStoreIsTranslatedFromThere) {
  constexpr int64_t kRecords = 2'000;
  const std::string folder = testing::TempDir() + "/shard-translation";
  std::filesystem::remove_all(folder);
  std::unique_ptr<offsets::Store> store = *offsets::Store::Open({.folder = folder});
  Assignment assignment = Stored("a", 0);
  assignment.key = {1, 0};
  offsets::OffsetMap map;
  for (int64_t i = 0; i < kRecords; ++i) map.Append({SourceOffset(2 * i), TargetOffset(i), 1});
  map.AdvanceTo(SourceOffset(2 * kRecords));
  offsets::PartitionState state = *assignment.stored;
  state.map = map.TakeChanges();
  state.tail_begin = map.tail().begin;
  state.last_run = map.tail().runs[0];
  state.position = map.position();
  state.target_end = map.target_end();
  kafka::SteadyEvent written;
  store->Write({{assignment.key, std::move(state)}}, [&] { written.Notify(); });
  ASSERT_TRUE(written.WaitUntil(Clock::now() + kPatience));
  store = nullptr;  // the Load calls are for one that has just been opened
  store = *offsets::Store::Open({.folder = folder});
  assignment.stored = std::make_shared<offsets::PartitionState>(store->LoadPartitions(1)->at(assignment.key));
  ASSERT_TRUE(assignment.stored->older_chunks_omitted);

  const std::unique_ptr<Shard> shard = Start(store.get());
  shard->Assign({std::move(assignment)});
  std::vector<TranslationQuestion> questions;
  for (int64_t offset = 0; offset <= 2 * kRecords; offset += 3) {
    questions.push_back({.source_topic = "a", .partition = 0, .offset = offset});
    questions.push_back({.source_topic = "a", .partition = 0, .offset = offset / 2, .to_source = true});
  }
  const std::vector<TranslationAnswer> answers = Ask(*shard, questions);
  ASSERT_EQ(answers.size(), questions.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    const int64_t offset = questions[i].offset;
    EXPECT_EQ(answers[i].kind, offsets::TranslationKind::kExact) << offset;
    EXPECT_EQ(answers[i].offset, questions[i].to_source ? 2 * offset : (offset + 1) / 2) << offset;
  }
  shard->Stop(Clock::duration::zero());
  EXPECT_TRUE(shard->Join(Clock::now() + kPatience));
  store = nullptr;
}

}  // namespace
}  // namespace replicator
