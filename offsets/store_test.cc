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
#include <vector>

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
constexpr size_t kAllChunks = 1'000'000;

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
    absl::StatusOr<std::map<PartitionKey, PartitionState>> partitions = store.LoadPartitions(kAllChunks);
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

// Ten chunks, each of `records` records and as many offsets that hold none, one behind the other.
std::vector<KnownRange> MakeChunks(int64_t records) {
  std::vector<KnownRange> chunks;
  for (int64_t i = 0; i < 10; ++i) {
    const MapBegin begin = {SourceOffset(2 * i * records), TargetOffset(i * records)};
    chunks.push_back({begin, begin.source + 2 * records, {{begin.source, begin.target, records}}});
  }
  return chunks;
}

PartitionState StateWith(std::vector<KnownRange> chunks) {
  PartitionState state = StateAt(chunks.back().source_end.value);
  state.tail_begin = {chunks.back().source_end, chunks.back().target_end()};
  state.target_end = state.tail_begin.target;
  state.has_chunks = true;
  state.map.chunks = std::move(chunks);
  return state;
}

TEST_F(StoreTest, ChunksAreReplacedForgottenAndLoadedFromTheLatest) {
  std::unique_ptr<Store> store = Open();
  PartitionState state = StateWith(MakeChunks(50));
  Write(*store, kKey, state);
  Write(*store, {1, 1}, state);
  EXPECT_EQ(Read(*store).map.chunks, MakeChunks(50));
  KnownRange changed = MakeChunks(50)[8];
  changed.runs[0].count = 7;
  state.map = {.forget_below = LogStarts{SourceOffset(250), TargetOffset(1'000)},
               .forget_from = SourceOffset(800),
               .chunks = {changed}};
  Write(*store, kKey, state);
  const PartitionState read = Read(*store);
  ASSERT_EQ(read.map.chunks.size(), 7u);
  EXPECT_EQ(read.map.chunks.front(), MakeChunks(50)[2]) << "the one below was still needed at the source";
  EXPECT_EQ(read.map.chunks.back(), changed);
  EXPECT_FALSE(read.older_chunks_omitted);
  EXPECT_EQ(Read(*store, {1, 1}).map.chunks.size(), 10u) << "another partition's stay";
  const PartitionState latest = store->LoadPartitions(3)->at(kKey);
  EXPECT_EQ(latest.map.chunks.front(), MakeChunks(50)[6]);
  EXPECT_TRUE(latest.older_chunks_omitted);
  EXPECT_FALSE(store->LoadPartitions(7)->at(kKey).older_chunks_omitted);
}

TEST_F(StoreTest, WhatIsWrittenAnewStaysWhenWhatItWasIsPruned) {
  std::unique_ptr<Store> store = Open();
  Write(*store, kKey, StateWith(MakeChunks(50)));
  PartitionState state = StateWith({MakeChunks(50)[9]});
  state.map.forget_below = LogStarts{SourceOffset(100'000), TargetOffset(100'000)};
  Write(*store, kKey, state);
  EXPECT_EQ(Read(*store).map.chunks, (std::vector<KnownRange>{MakeChunks(50)[9]}));
}

// While it is written.
TEST_F(StoreTest, ChunksAroundAnOffsetAreFound) {
  std::unique_ptr<Store> store = Open();
  const std::vector<KnownRange> chunks = MakeChunks(50);
  Write(*store, kKey, StateWith({chunks.begin() + 2, chunks.end()}));
  Write(*store, {1, 1}, StateWith(MakeChunks(3)));
  struct Case {
    ChunkQuestion question;
    std::vector<int> found;
  };
  const std::vector<Case> cases = {
      {{kKey, 0}, {2}},
      {{kKey, 199}, {2}},
      {{kKey, 200}, {2, 3}},
      {{kKey, 650}, {6, 7}},
      {{kKey, 900}, {9}},
      {{kKey, 5'000}, {9}},
      {{kKey, 99, /*by_target=*/true}, {2}},
      {{kKey, 100, /*by_target=*/true}, {2, 3}},
      {{kKey, 399, /*by_target=*/true}, {7, 8}},
      {{kKey, 400, /*by_target=*/true}, {8, 9}},
      {{kKey, 5'000, /*by_target=*/true}, {9}},
      {{{1, 2}, 5}, {}},
      {{{1, 2}, 5, /*by_target=*/true}, {}},
  };
  std::vector<ChunkQuestion> questions;
  for (const Case& c : cases) questions.push_back(c.question);
  std::vector<std::vector<KnownRange>> answers;
  absl::Notification answered;
  store->ReadChunks(questions, [&](std::vector<std::vector<KnownRange>> read) {
    answers = std::move(read);
    answered.Notify();
  });
  ASSERT_TRUE(answered.WaitForNotificationWithTimeout(kPatience));
  ASSERT_EQ(answers.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    std::vector<KnownRange> expected;
    for (const int chunk : cases[i].found) expected.push_back(chunks[chunk]);
    EXPECT_EQ(answers[i], expected) << i;
  }
  EXPECT_EQ(store->ReadChunksNow(questions), answers);
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
    map.Append({SourceOffset(record), TargetOffset(record), kRecordsPerWrite});
    PartitionState state = StateAt(record + kRecordsPerWrite);
    state.map = map.TakeChanges();
    state.last_run = map.tail().runs.back();
    ASSERT_NO_FATAL_FAILURE(Write(*store, kKey, std::move(state)));
  }
  store.reset();
  EXPECT_LT(BytesOf(folder_), 1 << 20);
  const PartitionState state = Read(*Open());
  EXPECT_TRUE(state.map.chunks.empty());
  EXPECT_EQ(state.last_run, (offsets::Run{SourceOffset(0), TargetOffset(0), kRecords}));
}

TEST_F(StoreTest, AMillionGapsCostAtMost8BytesEachOnDisk) {
  constexpr int kRuns = 1'000'000;
  constexpr int kRunsPerWrite = 1'000;
  std::unique_ptr<Store> store = Open();
  OffsetMap map;
  int64_t bytes_peak = 0;
  for (int i = 0; i < kRuns; i += kRunsPerWrite) {
    for (int j = i; j < i + kRunsPerWrite; ++j)
      map.Append({SourceOffset(int64_t{j} * 12), TargetOffset(int64_t{j} * 10), 10});
    PartitionState state = StateAt(map.position().value);
    state.map = map.TakeChanges();
    state.tail_begin = map.tail().begin;
    state.target_end = map.target_end();
    state.has_chunks = true;
    Write(*store, kKey, std::move(state));
    if (i % 50'000 == 0) bytes_peak = std::max(bytes_peak, BytesOf(folder_));
  }
  store.reset();
  const int64_t bytes = std::max(bytes_peak, BytesOf(folder_));
  RecordProperty("bytes_per_run", std::to_string(static_cast<double>(bytes) / kRuns));
  EXPECT_LE(bytes, int64_t{8} * kRuns);
  size_t runs = 1;
  for (const KnownRange& chunk : Read(*Open()).map.chunks) runs += chunk.runs.size();
  EXPECT_EQ(runs, static_cast<size_t>(kRuns));
}

}  // namespace
}  // namespace replicator::offsets
