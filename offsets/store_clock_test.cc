// What the store does while the wall clock is set back.
#include <gtest/gtest.h>
#include <rocksdb/io_status.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "kafka/net/steady_event.h"
#include "offsets/store.h"
#include "offsets/unreliable_files.h"

namespace {

constexpr time_t kAheadSeconds = 3600;

}  // namespace

// In this process the wall clock is an hour ahead of the kernel's. Whoever reads it and asks the kernel to wait until a
// moment a little later waits for an hour: just as if the clock had been set back by an hour in between.
extern "C" __attribute__((disable_sanitizer_instrumentation)) int clock_gettime(clockid_t clock, timespec* now) {
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
  if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec += kAheadSeconds;
  return result;
}

namespace replicator::offsets {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Much longer than any of the waits that are looked at, much shorter than kAheadSeconds.
constexpr std::chrono::minutes kPatience(1);
constexpr PartitionKey kKey = {1, 0};

PartitionState StateAt(int64_t position) {
  PartitionState state;
  state.position = SourceOffset(position);
  state.target_end = TargetOffset(position);
  return state;
}

bool WaitFor(const std::function<bool()>& condition) {
  const SteadyClock::time_point deadline = SteadyClock::now() + kPatience;
  while (!condition()) {
    if (SteadyClock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class StoreClockTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string folder =
        testing::TempDir() + "/store-clock-" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder);
    Store::Options options;
    options.folder = folder;
    options.sync_interval = std::chrono::milliseconds(100);
    options.env = files_.env();
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  std::shared_ptr<kafka::SteadyEvent> Write(int64_t position) {
    auto written = std::make_shared<kafka::SteadyEvent>();
    store_->Write({{kKey, StateAt(position)}}, [written] { written->Notify(); });
    return written;
  }

  UnreliableFiles files_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreClockTest, WhatIsWrittenIsSyncedWithinTheInterval) {
  const int64_t syncs = files_.syncs();
  ASSERT_TRUE(Write(1)->WaitUntil(SteadyClock::now() + kPatience));
  EXPECT_TRUE(WaitFor([&] { return files_.syncs() > syncs; }));
}

TEST_F(StoreClockTest, AWriteThatFailedIsTriedAgain) {
  files_.FailWrites(rocksdb::IOStatus::NoSpace("injected"));
  const std::shared_ptr<kafka::SteadyEvent> written = Write(1);
  ASSERT_TRUE(WaitFor([&] { return !store_->trouble().empty(); }));
  files_.FailWrites(rocksdb::IOStatus::OK());
  EXPECT_TRUE(written->WaitUntil(SteadyClock::now() + kPatience));
}

}  // namespace
}  // namespace replicator::offsets
