#include "offsets/store.h"

#include <fcntl.h>
#include <glog/logging.h>
#include <pthread.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "offsets/crash_point.h"

namespace replicator::offsets {
namespace {

// The store is small: one record per partition, written again and again, and runs where a log has gaps.
constexpr size_t kMemtableBytes = 4 << 20;
constexpr size_t kBlockCacheBytes = 2 << 20;
constexpr int kOpenFilesMax = 64;
constexpr size_t kLogFileBytes = 1 << 20;
// Between two tries of a write that failed.
constexpr absl::Duration kRetryInterval = absl::Seconds(1);
constexpr int kTriesPerLogLine = 30;

rocksdb::Options DatabaseOptions(const Store::Options& options) {
  rocksdb::Options result;
  if (options.env != nullptr) result.env = options.env;
  result.create_if_missing = !options.read_only;
  result.write_buffer_size = kMemtableBytes;
  result.max_write_buffer_number = 2;
  result.max_open_files = kOpenFilesMax;
  result.compression = rocksdb::kLZ4Compression;
  result.info_log_level = rocksdb::WARN_LEVEL;
  result.keep_log_file_num = 2;
  result.max_log_file_size = kLogFileBytes;
  result.max_manifest_file_size = kLogFileBytes;
  result.max_background_jobs = 2;
  // One thread writes, and nobody reads its statistics.
  result.allow_concurrent_memtable_write = false;
  result.stats_dump_period_sec = 0;
  result.stats_persist_period_sec = 0;
  // After a power cut the log ends where the disk got to: what was synced is there, and no hole before it.
  result.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return result;
}

std::string DatabasePath(const Store::Options& options) { return options.folder + "/store"; }

absl::Status CannotDo(const std::string& what, int error) {
  return absl::FailedPreconditionError(absl::StrCat("cannot ", what, ": ", std::strerror(error)));
}

absl::Status Damaged(const std::string& folder, const std::string& why) {
  return absl::DataLossError(
      absl::StrCat("the state folder ", folder, " is damaged (", why,
                   "). Restore it from a backup, or move it away: what was copied is then recognised by its content"));
}

absl::Status StatusOf(const rocksdb::Status& status, const std::string& folder) {
  if (status.ok()) return absl::OkStatus();
  if (status.IsCorruption()) return Damaged(folder, status.ToString());
  return absl::UnavailableError(absl::StrCat("the state folder ", folder, " cannot be used: ", status.ToString(),
                                             ". Check the disk's space and the folder's rights"));
}

// flock'ed for as long as the descriptor is open; -1 and a status otherwise.
absl::StatusOr<int> LockFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return CannotDo(absl::StrCat("make the state folder ", folder), error.value());
  const std::string lock = folder + "/lock";
  const int fd = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return CannotDo(absl::StrCat("open ", lock), errno);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  close(fd);
  return absl::FailedPreconditionError(
      absl::StrCat("the state folder ", folder,
                   " is in use by another replicator process. Stop that one, or give this one a folder of its own with "
                   "--state-dir"));
}

rocksdb::WriteOptions Synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

absl::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

void AddTo(rocksdb::WriteBatch& batch, const PartitionWrite& write) {
  const OffsetMap::Changes& runs = write.state.runs;
  const std::string first = RunKey(write.key, SourceOffset(0));
  if (runs.forget_from.has_value()) {
    // A run's source base is below 2^63 - 1: no record lies at the greatest offset.
    batch.DeleteRange(RunKey(write.key, *runs.forget_from), RunKey(write.key, SourceOffset(INT64_MAX)));
  }
  if (runs.forget_below.has_value()) batch.DeleteRange(first, RunKey(write.key, *runs.forget_below));
  for (const Run& run : runs.closed) batch.Put(RunKey(write.key, run.source_base), EncodeClosedRun(run));
  batch.Put(PartitionKeyBytes(write.key), EncodePartition(write.state));
}

}  // namespace

class Store::Impl {
 public:
  Impl(Options options, int lock_fd, std::unique_ptr<rocksdb::DB> db)
      : options_(std::move(options)), lock_fd_(lock_fd), db_(std::move(db)) {
    if (options_.read_only) return;
    writer_ = std::thread([this] { RunWriter(); });
    syncer_ = std::thread([this] { RunSyncer(); });
  }

  ~Impl() {
    {
      absl::MutexLock lock(&mutex_);
      closing_ = true;
    }
    queued_.SignalAll();
    closed_.SignalAll();
    if (writer_.joinable()) writer_.join();
    if (syncer_.joinable()) syncer_.join();
    if (!options_.read_only && trouble().empty()) Sync();
    db_.reset();
    if (lock_fd_ >= 0) close(lock_fd_);
  }

  const std::string& folder() const { return options_.folder; }

  // Runs `use` on the database, whose pointer is good meanwhile.
  absl::Status With(absl::FunctionRef<rocksdb::Status(rocksdb::DB&)> use) ABSL_LOCKS_EXCLUDED(db_mutex_) {
    absl::ReaderMutexLock lock(&db_mutex_);
    if (db_ == nullptr) return StatusOf(rocksdb::Status::IOError("it cannot be opened again"), options_.folder);
    return StatusOf(use(*db_), options_.folder);
  }

  // Of a store that has just been opened: the database must stay open meanwhile.
  std::unique_ptr<rocksdb::Iterator> Iterate() {
    absl::ReaderMutexLock lock(&db_mutex_);
    return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(rocksdb::ReadOptions()));
  }

  void Write(std::vector<PartitionWrite> writes, std::function<void()> stored) {
    {
      absl::MutexLock lock(&mutex_);
      queue_.push_back({std::move(writes), std::move(stored)});
    }
    queued_.Signal();
  }

  std::string trouble() const {
    absl::MutexLock lock(&mutex_);
    return trouble_;
  }

 private:
  struct Queued {
    std::vector<PartitionWrite> writes;
    std::function<void()> stored;
  };

  void RunWriter() {
    pthread_setname_np(pthread_self(), "store");
    std::vector<Queued> group;
    while (TakeGroup(group)) {
      CrashPoint("before-store-write");
      if (!WriteGroup(group)) return;
      CrashPoint("after-store-write");
      for (Queued& queued : group) queued.stored();
      group.clear();
    }
  }

  // Waits for something to write. False at the end.
  bool TakeGroup(std::vector<Queued>& group) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    while (queue_.empty() && !closing_) queued_.Wait(&mutex_);
    group.swap(queue_);
    return !group.empty();
  }

  // False when the store is closed before the group could be written.
  bool WriteGroup(const std::vector<Queued>& group) {
    rocksdb::WriteOptions options;
    batch_.Clear();
    for (const Queued& queued : group) {
      for (const PartitionWrite& write : queued.writes) {
        AddTo(batch_, write);
        options.sync = options.sync || write.state.must_sync;
      }
    }
    for (int tries = 0;; ++tries) {
      const absl::Status written = With([&](rocksdb::DB& db) { return db.Write(options, &batch_); });
      if (written.ok()) {
        SetTrouble("");
        return true;
      }
      if (tries % kTriesPerLogLine == 0)
        LOG(ERROR) << written.message() << ". Nothing is sent until it can be written; trying again";
      SetTrouble(std::string(written.message()));
      if (ClosesWithin(kRetryInterval)) return false;
      Recover();
    }
  }

  bool ClosesWithin(absl::Duration patience) ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::Time deadline = absl::Now() + patience;
    absl::MutexLock lock(&mutex_);
    while (!closing_ && !closed_.WaitWithDeadline(&mutex_, deadline)) {
    }
    return closing_;
  }

  // After a failed write RocksDB writes nothing more. Some faults it takes back; for the others it is opened anew,
  // which reads all that was told to be written from the log. If that fails too, the next write says so.
  void Recover() ABSL_LOCKS_EXCLUDED(db_mutex_) {
    if (With([](rocksdb::DB& db) { return db.Resume(); }).ok()) return;
    absl::MutexLock lock(&db_mutex_);
    db_.reset();
    rocksdb::DB* reopened = nullptr;
    if (rocksdb::DB::Open(DatabaseOptions(options_), DatabasePath(options_), &reopened).ok()) db_.reset(reopened);
  }

  void SetTrouble(std::string trouble) {
    absl::MutexLock lock(&mutex_);
    if (trouble.empty() && !trouble_.empty()) LOG(INFO) << "the state folder can be written again";
    trouble_ = std::move(trouble);
    unsynced_ = true;
  }

  void RunSyncer() {
    pthread_setname_np(pthread_self(), "store-sync");
    while (!ClosesWithin(absl::FromChrono(options_.sync_interval))) {
      {
        absl::MutexLock lock(&mutex_);
        // The log of a database that failed must not be touched: RocksDB asserts it.
        if (!trouble_.empty() || !std::exchange(unsynced_, false)) continue;
      }
      Sync();
    }
  }

  void Sync() {
    const absl::Status synced = With([](rocksdb::DB& db) { return db.FlushWAL(/*sync=*/true); });
    if (!synced.ok()) LOG(ERROR) << synced.message();
  }

  const Options options_;
  const int lock_fd_;
  absl::Mutex db_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  std::unique_ptr<rocksdb::DB> db_ ABSL_GUARDED_BY(db_mutex_);  // null: could not be opened again
  mutable absl::Mutex mutex_;
  absl::CondVar queued_;  // or closing_
  absl::CondVar closed_;
  std::vector<Queued> queue_ ABSL_GUARDED_BY(mutex_);
  std::string trouble_ ABSL_GUARDED_BY(mutex_);
  bool unsynced_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  rocksdb::WriteBatch batch_;  // the writer's; kept for its memory
  std::thread writer_;
  std::thread syncer_;
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const Options& options) {
  const std::string path = DatabasePath(options);
  int lock_fd = -1;
  if (options.read_only) {
    if (!std::filesystem::exists(path + "/CURRENT"))
      return absl::NotFoundError(absl::StrCat("there is no state in the folder ", options.folder));
  } else {
    absl::StatusOr<int> locked = LockFolder(options.folder);
    if (!locked.ok()) return locked.status();
    lock_fd = *locked;
  }
  rocksdb::DB* db = nullptr;
  const rocksdb::Options database = DatabaseOptions(options);
  const rocksdb::Status opened =
      options.read_only ? rocksdb::DB::OpenForReadOnly(database, path, &db) : rocksdb::DB::Open(database, path, &db);
  if (!opened.ok()) {
    if (lock_fd >= 0) close(lock_fd);
    return StatusOf(opened, options.folder);
  }
  return std::unique_ptr<Store>(new Store(std::make_unique<Impl>(options, lock_fd, std::unique_ptr<rocksdb::DB>(db))));
}

absl::StatusOr<std::optional<LinkRecord>> Store::LoadLink() const {
  std::string bytes;
  bool is_new = false;
  const absl::Status found = impl_->With([&](rocksdb::DB& db) {
    const rocksdb::Status got = db.Get(rocksdb::ReadOptions(), LinkKey(), &bytes);
    is_new = got.IsNotFound();
    return is_new ? rocksdb::Status::OK() : got;
  });
  if (!found.ok()) return found;
  if (is_new) return std::nullopt;
  absl::StatusOr<LinkRecord> link = DecodeLink(bytes);
  if (absl::IsInvalidArgument(link.status())) return Damaged(impl_->folder(), std::string(link.status().message()));
  if (!link.ok())
    return absl::Status(link.status().code(),
                        absl::StrCat("the state folder ", impl_->folder(), ": ", link.status().message()));
  return *std::move(link);
}

absl::Status Store::SaveLink(const LinkRecord& link) {
  return impl_->With([&](rocksdb::DB& db) { return db.Put(Synced(), LinkKey(), EncodeLink(link)); });
}

absl::StatusOr<std::map<std::string, TopicRecord>> Store::LoadTopics() const {
  std::map<std::string, TopicRecord> topics;
  std::unique_ptr<rocksdb::Iterator> at = impl_->Iterate();
  for (at->Seek(TopicKey("")); at->Valid() && at->key().starts_with(TopicKey("")); at->Next()) {
    absl::StatusOr<std::string> name = ParseTopicKey(ViewOf(at->key()));
    absl::StatusOr<TopicRecord> topic = DecodeTopic(ViewOf(at->value()));
    if (!name.ok() || !topic.ok()) return Damaged(impl_->folder(), "a topic's record cannot be read");
    topics[*name] = *std::move(topic);
  }
  if (!at->status().ok()) return StatusOf(at->status(), impl_->folder());
  return topics;
}

absl::Status Store::SaveTopics(const std::map<std::string, TopicRecord>& topics) {
  rocksdb::WriteBatch batch;
  for (const auto& [name, topic] : topics) batch.Put(TopicKey(name), EncodeTopic(topic));
  return impl_->With([&](rocksdb::DB& db) { return db.Write(Synced(), &batch); });
}

namespace {

// The latest closed runs of a partition, oldest first.
absl::Status LoadRuns(rocksdb::Iterator& at, PartitionKey key, size_t runs_max, PartitionState& state) {
  const std::string first = RunKey(key, SourceOffset(0));
  std::vector<Run>& runs = state.runs.closed;
  for (at.SeekForPrev(RunKey(key, SourceOffset(INT64_MAX))); at.Valid() && at.key().compare(first) >= 0; at.Prev()) {
    if (runs.size() == runs_max) {
      state.older_runs_omitted = true;
      break;
    }
    absl::StatusOr<RunKeyParts> parts = ParseRunKey(ViewOf(at.key()));
    if (!parts.ok()) return parts.status();
    absl::StatusOr<Run> run = DecodeClosedRun(parts->source_base, ViewOf(at.value()));
    if (!run.ok()) return run.status();
    runs.push_back(*run);
  }
  std::reverse(runs.begin(), runs.end());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::map<PartitionKey, PartitionState>> Store::LoadPartitions(size_t runs_max) const {
  std::map<PartitionKey, PartitionState> partitions;
  std::unique_ptr<rocksdb::Iterator> at = impl_->Iterate();
  std::unique_ptr<rocksdb::Iterator> runs = impl_->Iterate();
  const std::string first = PartitionKeyBytes({0, 0});
  const std::string end = EndOf(first[0]);
  for (at->Seek(first); at->Valid() && at->key().compare(end) < 0; at->Next()) {
    absl::StatusOr<PartitionKey> key = ParsePartitionKey(ViewOf(at->key()));
    if (!key.ok()) return Damaged(impl_->folder(), std::string(key.status().message()));
    absl::StatusOr<PartitionState> state = DecodePartition(ViewOf(at->value()));
    if (!state.ok()) return Damaged(impl_->folder(), std::string(state.status().message()));
    absl::Status loaded = LoadRuns(*runs, *key, runs_max, *state);
    if (!loaded.ok()) return Damaged(impl_->folder(), std::string(loaded.message()));
    partitions[*key] = *std::move(state);
  }
  for (const rocksdb::Iterator* each : {at.get(), runs.get()}) {
    if (!each->status().ok()) return StatusOf(each->status(), impl_->folder());
  }
  return partitions;
}

void Store::Write(std::vector<PartitionWrite> writes, std::function<void()> stored) {
  impl_->Write(std::move(writes), std::move(stored));
}

std::string Store::trouble() const { return impl_->trouble(); }

}  // namespace replicator::offsets
