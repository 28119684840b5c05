#include "offsets/store.h"

#include <glog/logging.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "offsets/unreliable_files.h"

namespace replicator::offsets {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);
constexpr PartitionKey kKey = {1, 0};
constexpr size_t kAllRuns = 1'000'000;

Run MakeRun(int64_t source, int64_t target, int64_t count) {
  return {SourceOffset(source), TargetOffset(target), count};
}

PartitionState StateAt(int64_t position) {
  PartitionState state;
  state.position = SourceOffset(position);
  state.target_end = TargetOffset(position);
  state.eras = {{TargetOffset(0), {.id = 1, .epoch = 0}, 0}};
  return state;
}

class StoreTest : public testing::Test {
 protected:
  StoreTest()
      : folder_(testing::TempDir() + "/store-" + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<Store> Open() {
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options());
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  Store::Options options() const {
    Store::Options options;
    options.folder = folder_;
    options.sync_interval = std::chrono::milliseconds(100);
    options.env = env_;
    return options;
  }

  // Returns once it is written.
  static void Write(Store& store, PartitionKey key, PartitionState state) {
    auto written = std::make_shared<absl::Notification>();
    store.Write({{key, std::move(state)}}, [written] { written->Notify(); });
    ASSERT_TRUE(written->WaitForNotificationWithTimeout(kPatience));
  }

  static PartitionState Read(const Store& store, PartitionKey key = kKey) {
    absl::StatusOr<std::map<PartitionKey, PartitionState>> partitions = store.LoadPartitions(kAllRuns);
    EXPECT_TRUE(partitions.ok()) << partitions.status();
    return partitions.ok() && partitions->contains(key) ? partitions->at(key) : PartitionState();
  }

  const std::string folder_;
  rocksdb::Env* env_ = nullptr;
};

// All that was logged as an error while it lives.
class LoggedErrors : public google::LogSink {
 public:
  LoggedErrors() { google::AddLogSink(this); }
  ~LoggedErrors() override { google::RemoveLogSink(this); }
  void send(google::LogSeverity severity, const char*, const char*, int, const google::LogMessageTime&,
            const char* message, size_t length) override {
    if (severity >= google::GLOG_ERROR) absl::StrAppend(&text_, std::string(message, length), "\n");
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

TEST_F(StoreTest, NoErrorIsLoggedForANewFolder) {
  const LoggedErrors errors;
  ASSERT_NE(Open(), nullptr);
  ASSERT_NE(Open(), nullptr) << "nor for one that is there";
  EXPECT_EQ(errors.text(), "");
}

TEST_F(StoreTest, WhatWasWrittenIsThereAgain) {
  {
    std::unique_ptr<Store> store = Open();
    EXPECT_FALSE(store->LoadLink()->has_value());
    ASSERT_TRUE(store->SaveLink({"s", "t", "read_committed", {.id = 9, .epoch = 0}, "me", 0}, true).ok());
    ASSERT_TRUE(store
                    ->SaveTopics({{"orders", {.number = 1, .source_id = "", .target_id = "", .target_name = "orders"}}},
                                 /*must_sync=*/true)
                    .ok());
    Write(*store, kKey, StateAt(100));
    Write(*store, kKey, StateAt(200));
    Write(*store, {1, 7}, StateAt(300));
  }
  std::unique_ptr<Store> store = Open();
  EXPECT_EQ((*store->LoadLink())->producer.id, 9);
  EXPECT_EQ(store->LoadTopics()->at("orders").number, 1u);
  EXPECT_EQ(Read(*store).position, SourceOffset(200));
  EXPECT_EQ(Read(*store, {1, 7}).position, SourceOffset(300));
}

TEST_F(StoreTest, RunsAreAddedForgottenAndLoadedFromTheLatest) {
  std::unique_ptr<Store> store = Open();
  PartitionState state = StateAt(1'000);
  for (int i = 0; i < 10; ++i) state.runs.closed.push_back(MakeRun(i * 100, i * 50, 50));
  Write(*store, kKey, state);
  Write(*store, {1, 1}, state);
  state.runs = {.forget_from = SourceOffset(800), .forget_below = SourceOffset(200), .closed = {MakeRun(800, 400, 7)}};
  Write(*store, kKey, state);
  const PartitionState read = Read(*store);
  ASSERT_EQ(read.runs.closed.size(), 7u);
  EXPECT_EQ(read.runs.closed.front(), MakeRun(200, 100, 50));
  EXPECT_EQ(read.runs.closed.back(), MakeRun(800, 400, 7));
  EXPECT_FALSE(read.older_runs_omitted);
  EXPECT_EQ(Read(*store, {1, 1}).runs.closed.size(), 10u);  // another partition's stay
  const PartitionState latest = store->LoadPartitions(3)->at(kKey);
  EXPECT_EQ(latest.runs.closed.front(), MakeRun(600, 300, 50));
  EXPECT_TRUE(latest.older_runs_omitted);
}

// So that a process that loads few of many runs can prune the others.
TEST_F(StoreTest, RunsThatAreNotLoadedLeaveMarks) {
  constexpr int kRuns = 5'000;
  std::unique_ptr<Store> store = Open();
  PartitionState state = StateAt(kRuns * 10);
  for (int i = 0; i < kRuns; ++i) state.runs.closed.push_back(MakeRun(i * 10, i * 5, 5));
  Write(*store, kKey, state);
  const PartitionState read = store->LoadPartitions(10)->at(kKey);
  ASSERT_GT(read.marks.size(), 200u);
  OffsetMap map;
  map.Restore(read.origin, read.runs.closed, std::nullopt, {read.position, read.target_end}, read.older_runs_omitted,
              read.marks);
  ASSERT_TRUE(map.PruneBelow(SourceOffset(40'000), TargetOffset(20'000)));
  state = StateAt(kRuns * 10);
  state.origin = map.origin();
  state.runs = map.TakeChanges();
  Write(*store, kKey, state);
  const PartitionState pruned = Read(*store);
  EXPECT_EQ(pruned.runs.closed.front().source_base, map.origin().source);
  EXPECT_LE(pruned.runs.closed.front().source_base, SourceOffset(40'000));
  EXPECT_LT(pruned.runs.closed.size(), 1'100u);
  EXPECT_GE(pruned.runs.closed.size(), 1'000u);
}

TEST_F(StoreTest, ASecondProcessIsKeptOut) {
  std::unique_ptr<Store> store = Open();
  const absl::Status second = Store::Open(options()).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(second.message(), "in use by another replicator process")) << second;
}

TEST_F(StoreTest, AReaderSeesWhatARunningProcessHasWritten) {
  Store::Options reading = options();
  reading.read_only = true;
  EXPECT_EQ(Store::Open(reading).status().code(), absl::StatusCode::kNotFound);
  std::unique_ptr<Store> store = Open();
  Write(*store, kKey, StateAt(100));
  absl::StatusOr<std::unique_ptr<Store>> reader = Store::Open(reading);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(Read(**reader).position, SourceOffset(100));
}

// What a kill -9 leaves of a store with many states in its log: a copy of its files, with `change` made to the log.
class LogDamageTest : public StoreTest {
 protected:
  absl::StatusOr<std::unique_ptr<Store>> OpenAfter(absl::FunctionRef<void(std::string&)> change) {
    {
      std::unique_ptr<Store> store = Open();
      for (int i = 1; i <= kStates; ++i) Write(*store, kKey, StateAt(i));
      std::filesystem::remove_all(copy_.folder);
      std::filesystem::copy(folder_, copy_.folder, std::filesystem::copy_options::recursive);
    }
    std::filesystem::path log;
    for (const auto& file : std::filesystem::directory_iterator(copy_.folder + "/store")) {
      if (file.path().extension() == ".log") log = file.path();
    }
    std::ifstream in(log, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    change(bytes);
    std::ofstream(log, std::ios::binary | std::ios::trunc) << bytes;
    return Store::Open(copy_);
  }

  static constexpr int kStates = 100;
  Store::Options copy_{.folder = folder_ + "-copy"};
};

TEST_F(LogDamageTest, AByteThatChangedInTheLogIsNamed) {
  const absl::Status opened = OpenAfter([](std::string& log) { log[log.size() / 2] ^= 1; }).status();
  EXPECT_EQ(opened.code(), absl::StatusCode::kDataLoss) << opened;
  EXPECT_TRUE(absl::StrContains(opened.message(), copy_.folder)) << opened;
}

TEST_F(LogDamageTest, ALastRecordThatIsCutOffWasNeverTold) {
  absl::StatusOr<std::unique_ptr<Store>> opened = OpenAfter([](std::string& log) { log.resize(log.size() - 5); });
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(Read(**opened).position, SourceOffset(kStates - 1));
}

TEST_F(LogDamageTest, AfterAPowerCutTheLogEndsWhereItIsWhole) {
  absl::StatusOr<std::unique_ptr<Store>> opened = OpenAfter([&](std::string& log) {
    log[log.size() / 2] ^= 1;
    std::ofstream(copy_.folder + "/lock") << "another run of the machine's kernel\n";
  });
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_GT(Read(**opened).position, SourceOffset(kStates / 4));
  EXPECT_LT(Read(**opened).position, SourceOffset(kStates * 3 / 4));
}

TEST_F(StoreTest, DamageIsNamedWithItsRemedy) {
  {
    std::unique_ptr<Store> store = Open();
    Write(*store, kKey, StateAt(100));
  }
  for (const auto& file : std::filesystem::directory_iterator(folder_ + "/store")) {
    if (absl::StartsWith(file.path().filename().string(), "MANIFEST"))
      std::ofstream(file.path(), std::ios::trunc) << "this is not a manifest";
  }
  const absl::Status opened = Store::Open(options()).status();
  EXPECT_EQ(opened.code(), absl::StatusCode::kDataLoss) << opened;
  EXPECT_TRUE(absl::StrContains(opened.message(), folder_)) << opened;
  EXPECT_TRUE(absl::StrContains(opened.message(), "Restore it from a backup")) << opened;
}

class UnreliableStoreTest : public StoreTest {
 protected:
  UnreliableStoreTest() { env_ = files_.env(); }
  UnreliableFiles files_;
};

// After a power cut the state is one that was written once, and not older than the last sync.
TEST_F(UnreliableStoreTest, APowerCutTakesNoMoreThanWhatWasNotSynced) {
  int64_t synced = 0;
  int64_t last = 0;
  for (int cut = 0; cut < 5; ++cut) {
    std::unique_ptr<Store> store = Open();
    const int64_t found = Read(*store).position.value;
    EXPECT_GE(found, synced);
    EXPECT_LE(found, last);
    last = found;
    for (int i = 0; i < 200; ++i) Write(*store, kKey, StateAt(++last));
    const int64_t before = last;
    const int64_t syncs = files_.syncs();
    const absl::Time deadline = absl::Now() + kPatience;
    while (files_.syncs() == syncs && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    ASSERT_GT(files_.syncs(), syncs);
    synced = before;
    for (int i = 0; i < 200; ++i) Write(*store, kKey, StateAt(++last));
    files_.CutPower();
    store.reset();
    files_.RestorePower();
  }
}

// D: what cannot be stored is not told to be.
TEST_F(UnreliableStoreTest, AFullDiskHoldsWritesBackUntilThereIsRoom) {
  for (rocksdb::IOStatus fault : {rocksdb::IOStatus::NoSpace("injected"), rocksdb::IOStatus::IOError("injected")}) {
    std::unique_ptr<Store> store = Open();
    Write(*store, kKey, StateAt(100));
    files_.FailWrites(fault);
    auto written = std::make_shared<absl::Notification>();
    store->Write({{kKey, StateAt(200)}}, [written] { written->Notify(); });
    const absl::Time deadline = absl::Now() + kPatience;
    while (store->trouble().empty() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_TRUE(absl::StrContains(store->trouble(), folder_)) << store->trouble();
    EXPECT_FALSE(written->HasBeenNotified());
    files_.FailWrites(rocksdb::IOStatus::OK());
    EXPECT_TRUE(written->WaitForNotificationWithTimeout(kPatience));
    EXPECT_EQ(store->trouble(), "");
    EXPECT_EQ(Read(*store).position, SourceOffset(200));
    store.reset();
    store = Open();
    EXPECT_EQ(Read(*store).position, SourceOffset(200));
  }
}

// All that was written before is in a table: what failed is the first write to its log.
TEST_F(UnreliableStoreTest, AFirstWriteThatFailsIsTriedAgain) {
  std::unique_ptr<Store> store = Open();
  files_.FailWrites(rocksdb::IOStatus::NoSpace("injected"));
  auto written = std::make_shared<absl::Notification>();
  store->Write({{kKey, StateAt(100)}}, [written] { written->Notify(); });
  const absl::Time deadline = absl::Now() + kPatience;
  while (store->trouble().empty() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
  files_.FailWrites(rocksdb::IOStatus::OK());
  ASSERT_TRUE(written->WaitForNotificationWithTimeout(kPatience));
  EXPECT_EQ(Read(*store).position, SourceOffset(100));
}

int64_t BytesOf(const std::string& folder) {
  int64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.is_regular_file()) bytes += static_cast<int64_t>(file.file_size());
  }
  return bytes;
}

TEST_F(StoreTest, AHundredMillionRecordsWithoutAGapAreOneRun) {
  constexpr int64_t kRecords = 100'000'000;
  constexpr int64_t kRecordsPerWrite = 100'000;
  std::unique_ptr<Store> store = Open();
  OffsetMap map;
  map.Reset({SourceOffset(0), TargetOffset(0)});
  for (int64_t record = 0; record < kRecords; record += kRecordsPerWrite) {
    map.Append(MakeRun(record, record, kRecordsPerWrite));
    PartitionState state = StateAt(record + kRecordsPerWrite);
    state.runs = map.TakeChanges();
    state.last_run = map.runs().back();
    ASSERT_NO_FATAL_FAILURE(Write(*store, kKey, std::move(state)));
  }
  store.reset();
  EXPECT_LT(BytesOf(folder_), 1 << 20);
  const PartitionState state = Read(*Open());
  EXPECT_TRUE(state.runs.closed.empty());
  EXPECT_EQ(state.last_run, MakeRun(0, 0, kRecords));
}

TEST_F(StoreTest, AMillionGapsCostAtMost64BytesEachOnDisk) {
  constexpr int kRuns = 1'000'000;
  constexpr int kRunsPerWrite = 1'000;
  std::unique_ptr<Store> store = Open();
  int64_t bytes_peak = 0;
  for (int i = 0; i < kRuns; i += kRunsPerWrite) {
    PartitionState state = StateAt(int64_t{i} * 12);
    for (int j = i; j < i + kRunsPerWrite; ++j)
      state.runs.closed.push_back(MakeRun(int64_t{j} * 12, int64_t{j} * 10, 10));
    Write(*store, kKey, std::move(state));
    if (i % 50'000 == 0) bytes_peak = std::max(bytes_peak, BytesOf(folder_));
  }
  store.reset();
  const int64_t bytes = std::max(bytes_peak, BytesOf(folder_));
  RecordProperty("bytes_per_run", std::to_string(static_cast<double>(bytes) / kRuns));
  EXPECT_LE(bytes, int64_t{64} * kRuns);
  EXPECT_EQ(Read(*Open()).runs.closed.size(), static_cast<size_t>(kRuns));
}

}  // namespace
}  // namespace replicator::offsets
