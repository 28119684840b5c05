#include "replicator/copy/state_keeper.h"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "replicator/partition/partition_fixture.h"

namespace replicator {
namespace {

constexpr std::chrono::minutes kPatience(1);

// As a changelog that is flushed when the test says so.
class FakeLog : public StateLog {
 public:
  void NoteStates(std::vector<NotedState> states) override {
    for (NotedState& each : states) noted.push_back(std::move(each));
  }
  void FlushStates(std::function<void()> done) override {
    if (flushes_at_once) return done();
    waiting.push_back(std::move(done));
  }

  std::vector<NotedState> noted;
  bool flushes_at_once = true;
  std::vector<std::function<void()>> waiting;
};

class StateKeeperTest : public testing::Test {
 protected:
  StateKeeperTest()
      : folder_(testing::TempDir() + "/keeper-" + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    store_ = *offsets::Store::Open({.folder = folder_});
    keeper_ = std::make_unique<StateKeeper>(io_.get_executor(), store_.get(), &log_,
                                            [this](Stream& stream) { stored_.push_back(stream.Name()); });
  }

  std::unique_ptr<Stream> NewStream(int32_t partition) {
    Assignment assignment;
    assignment.source_topic = assignment.target_topic = "t";
    assignment.partition = partition;
    assignment.key = {1, partition};
    auto stream =
        std::make_unique<Stream>(std::move(assignment), Partition::Options{.producer = kOurs, .stores_intents = true});
    stream->partition.Begin(SourceOffset(0), TargetOffset(0), Ordinal(0));
    return stream;
  }

  static void Accept(Stream& stream, int64_t from, int64_t end) {
    for (int64_t base = from; base < end; ++base) stream.partition.Accept(MakeBatch(base, 1));
  }

  // Until all is written that was handed to the store.
  void Run() {
    const Clock::time_point deadline = Clock::now() + kPatience;
    do {
      io_.restart();
      io_.run_for(std::chrono::milliseconds(10));
    } while (keeper_->is_writing() && Clock::now() < deadline);
    ASSERT_FALSE(keeper_->is_writing());
  }

  const std::string folder_;
  asio::io_context io_;
  std::unique_ptr<offsets::Store> store_;
  std::vector<std::string> stored_;
  FakeLog log_;
  std::unique_ptr<StateKeeper> keeper_;
};

// D, at the price of as few writes as can be.
TEST_F(StateKeeperTest, StatesThatCanWaitGoWithTheNextThatCannot) {
  const std::unique_ptr<Stream> busy = NewStream(0);
  const std::unique_ptr<Stream> dry = NewStream(1);
  const std::unique_ptr<Stream> idle = NewStream(2);
  Accept(*busy, 0, 4);
  keeper_->Note(*busy);
  Run();
  EXPECT_EQ(stored_, std::vector<std::string>({"t-0"}));
  Accept(*busy, 4, 8);  // four that are named are left
  keeper_->Note(*busy);
  keeper_->Note(*idle);
  Run();
  EXPECT_EQ(stored_.size(), 1u);
  EXPECT_TRUE(busy->partition.can_store());
  Accept(*dry, 0, 1);
  keeper_->Note(*dry);
  Run();
  EXPECT_EQ(stored_, std::vector<std::string>({"t-0", "t-0", "t-1"}));
  EXPECT_FALSE(busy->partition.can_store());
  EXPECT_TRUE(dry->partition.can_send());
}

TEST_F(StateKeeperTest, AQuarantineGoesAtOnce) {
  const std::unique_ptr<Stream> stream = NewStream(0);
  stream->partition.PutInQuarantine(QuarantineCode::kSourceDeleted, "gone");
  keeper_->Note(*stream);
  Run();
  EXPECT_EQ(stored_.size(), 1u);
  EXPECT_FALSE(stream->partition.has_unsaved());
}

TEST_F(StateKeeperTest, WhatOnlyMovedWaitsForItsTick) {
  const std::unique_ptr<Stream> stream = NewStream(0);
  keeper_->Tick(Clock::now());
  stream->partition.SkipTo(SourceOffset(7));
  keeper_->Note(*stream);
  Run();
  EXPECT_TRUE(stored_.empty());
  keeper_->Tick(Clock::now() + std::chrono::seconds(2));
  Run();
  EXPECT_EQ(stored_.size(), 1u);
}

TEST_F(StateKeeperTest, WhatWasWrittenAMomentAgoSkipsOneTick) {
  const std::unique_ptr<Stream> stream = NewStream(0);
  const Clock::time_point start = Clock::now();
  keeper_->Tick(start);
  stream->partition.SkipTo(SourceOffset(7));
  keeper_->Note(*stream);
  stream->saved_at = start + std::chrono::milliseconds(900);
  keeper_->Tick(start + std::chrono::seconds(1));
  Run();
  EXPECT_TRUE(stored_.empty());
  keeper_->Tick(start + std::chrono::milliseconds(2100));
  Run();
  EXPECT_EQ(stored_.size(), 1u);
}

TEST_F(StateKeeperTest, TheChangelogIsToldOfAllThatTheStoreIs) {
  std::unique_ptr<Stream> stream = NewStream(3);
  Accept(*stream, 0, 5);
  keeper_->Note(*stream);
  ASSERT_NO_FATAL_FAILURE(Run());
  ASSERT_EQ(log_.noted.size(), 1u);
  EXPECT_EQ(log_.noted[0].partition, offsets::TopicPartition("t", 3));
  EXPECT_EQ(stored_.size(), 1u);
}

TEST_F(StateKeeperTest, AQuarantineCountsAsWrittenOnceItIsFlushedAndHoldsUpNobodyElse) {
  log_.flushes_at_once = false;
  std::unique_ptr<Stream> stopped = NewStream(0);
  std::unique_ptr<Stream> other = NewStream(1);
  stopped->partition.PutInQuarantine(QuarantineCode::kForeignWrite, "somebody else writes");
  Accept(*other, 0, 5);
  keeper_->Note(*stopped);
  keeper_->Note(*other);
  ASSERT_NO_FATAL_FAILURE(Run());
  EXPECT_EQ(stored_, std::vector<std::string>{"t-1"});
  ASSERT_EQ(log_.waiting.size(), 1u);
  log_.waiting.front()();
  ASSERT_NO_FATAL_FAILURE(Run());
  EXPECT_EQ(stored_, (std::vector<std::string>{"t-1", "t-0"}));
}

}  // namespace
}  // namespace replicator
