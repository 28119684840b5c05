#include "offsets/store.h"

#include <glog/logging.h>
#include <pthread.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "kafka/net/steady_event.h"
#include "offsets/crash_point.h"
#include "offsets/state_folder.h"
#include "offsets/stored_chunks.h"

namespace replicator::offsets {
namespace {

// The store is small: one record per partition, written again and again, and runs where a log has gaps.
constexpr size_t kMemtableBytes = 4 << 20;
constexpr size_t kBlockCacheBytes = 2 << 20;
constexpr int kOpenFilesMax = 64;
// Of a state with eight intents, roughly.
constexpr size_t kBytesPerState = 256;
constexpr size_t kManifestBytes = 1 << 20;
// Between two tries of a write that failed.
constexpr std::chrono::seconds kRetryInterval(1);
constexpr int kTriesPerLogLine = 30;

// RocksDB writes its options to a file at each start, reads them back and never again: what a database is opened with
// stands in DatabaseOptions. That was a fifth of what opening costs.
class WithoutOptionsFiles : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "WithoutOptionsFiles"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    if (absl::StrContains(name, "/OPTIONS-")) return rocksdb::IOStatus::NotSupported(name);
    return FileSystemWrapper::NewWritableFile(name, options, file, context);
  }
};

std::unique_ptr<rocksdb::Env> EnvOf(const Store::Options& options) {
  rocksdb::Env* const base = options.env == nullptr ? rocksdb::Env::Default() : options.env;
  return rocksdb::NewCompositeEnv(std::make_shared<WithoutOptionsFiles>(base->GetFileSystem()));
}

// RocksDB's errors go where an operator looks; by itself it writes a file of its own, with all options at its head.
class ErrorLog : public rocksdb::Logger {
 public:
  ErrorLog() : Logger(rocksdb::ERROR_LEVEL) {}
  using Logger::Logv;
  void LogHeader(const char*, va_list) override {}
  void Logv(const char* format, va_list arguments) override {
    char line[1024];
    vsnprintf(line, sizeof(line), format, arguments);
    LOG(ERROR) << "the store says: " << line;
  }
};

rocksdb::Options DatabaseOptions(const Store::Options& options, rocksdb::Env* env, bool log_is_whole) {
  rocksdb::Options result;
  result.env = env;
  result.create_if_missing = !options.read_only;
  result.write_buffer_size = kMemtableBytes;
  result.max_write_buffer_number = 2;
  result.max_open_files = kOpenFilesMax;
  result.compression = rocksdb::kLZ4Compression;
  result.info_log = std::make_shared<ErrorLog>();
  result.max_manifest_file_size = kManifestBytes;
  result.max_background_jobs = 2;
  result.max_file_opening_threads = 1;  // of 16 threads, each start would make 15 for nothing
  // The same keys are written again and again, and nothing is read before the next start: a list in the order of the
  // writes, which is sorted once, costs less than one that is kept sorted.
  result.memtable_factory = std::make_shared<rocksdb::VectorRepFactory>();
  // One thread writes, and nobody reads its statistics.
  result.allow_concurrent_memtable_write = false;
  result.stats_dump_period_sec = 0;
  result.stats_persist_period_sec = 0;
  // After a power cut the log ends where the disk got to: what was synced is there, and no hole before it. Without one
  // only the last record can be cut off, by the end of the process that wrote it.
  result.wal_recovery_mode = log_is_whole ? rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords
                                          : rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return result;
}

std::string DatabasePath(const Store::Options& options) { return options.folder + "/store"; }

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

rocksdb::WriteOptions SyncedIf(bool must_sync) {
  rocksdb::WriteOptions options;
  options.sync = must_sync;
  return options;
}

absl::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// Without what is to be forgotten below the log starts: what that is, is read first.
void AddTo(rocksdb::WriteBatch& batch, const PartitionWrite& write) {
  const OffsetMap::Changes& map = write.state.map;
  if (map.forget_from.has_value())
    batch.DeleteRange(ChunkKey(write.key, *map.forget_from), ChunkKey(write.key, kBehindAllChunks));
  for (const KnownRange& chunk : map.chunks) batch.Put(ChunkKey(write.key, chunk.begin.source), EncodeChunk(chunk));
  batch.Put(PartitionKeyBytes(write.key), EncodePartition(write.state));
}

// What AddTo put into another batch.
class Appender : public rocksdb::WriteBatch::Handler {
 public:
  explicit Appender(rocksdb::WriteBatch& to) : to_(to) {}
  rocksdb::Status PutCF(uint32_t, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    return to_.Put(key, value);
  }
  rocksdb::Status DeleteRangeCF(uint32_t, const rocksdb::Slice& begin, const rocksdb::Slice& end) override {
    return to_.DeleteRange(begin, end);
  }

 private:
  rocksdb::WriteBatch& to_;
};

}  // namespace

class Store::Impl {
 public:
  Impl(Options options, std::unique_ptr<StateFolderLock> lock, std::unique_ptr<rocksdb::Env> env,
       std::unique_ptr<rocksdb::DB> db)
      : options_(std::move(options)), lock_(std::move(lock)), env_(std::move(env)), db_(std::move(db)) {
    if (options_.read_only) return;
    writer_ = std::thread([this] { RunWriter(); });
    syncer_ = std::thread([this] { RunSyncer(); });
  }

  ~Impl() {
    {
      absl::MutexLock lock(&mutex_);
      closing_.Notify();
    }
    queued_.SignalAll();
    asked_.SignalAll();
    if (reader_.joinable()) reader_.join();
    if (writer_.joinable()) writer_.join();
    if (syncer_.joinable()) syncer_.join();
    if (!options_.read_only && trouble().empty()) Sync();
    db_.reset();
  }

  const std::string& folder() const { return options_.folder; }

  // Runs `use` on the database, whose pointer is good meanwhile.
  absl::Status With(absl::FunctionRef<rocksdb::Status(rocksdb::DB&)> use) ABSL_LOCKS_EXCLUDED(db_mutex_) {
    absl::ReaderMutexLock lock(&db_mutex_);
    if (db_ == nullptr) return closed_because_;
    return StatusOf(use(*db_), options_.folder);
  }

  // As With, for a write of the control loop's. A write before may have failed: then it is tried once more on the
  // database that was opened anew.
  absl::Status Save(absl::FunctionRef<rocksdb::Status(rocksdb::DB&)> write) ABSL_LOCKS_EXCLUDED(db_mutex_, mutex_) {
    absl::Status saved = With(write);
    if (!saved.ok()) {
      CloseAfter(saved);
      OpenAnew();
      saved = With(write);
    }
    if (!saved.ok()) CloseAfter(saved);
    absl::MutexLock lock(&mutex_);
    unsynced_ = true;
    return saved;
  }

  // Of a store that has just been opened: the database must stay open meanwhile.
  std::unique_ptr<rocksdb::Iterator> Iterate() {
    absl::ReaderMutexLock lock(&db_mutex_);
    return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(rocksdb::ReadOptions()));
  }

  void Write(const std::vector<PartitionWrite>& writes, std::function<void()> stored) {
    // Encoded here, where the states have just been made: the writer finds all of it in one piece.
    Queued queued = {rocksdb::WriteBatch(kBytesPerState * writes.size()), {}, false, std::move(stored)};
    for (const PartitionWrite& write : writes) {
      AddTo(queued.batch, write);
      if (write.state.map.forget_below.has_value())
        queued.prunings.push_back({write.key, *write.state.map.forget_below});
      queued.must_sync = queued.must_sync || write.state.must_sync;
    }
    Enqueue(std::move(queued));
  }

  void WriteOwnership(const StoredOwnership& ownership, std::function<void()> stored) {
    Queued queued = {rocksdb::WriteBatch(), {}, false, std::move(stored)};
    queued.batch.Put(OwnershipKey(), EncodeOwnership(ownership));
    Enqueue(std::move(queued));
  }

  void ReadChunks(std::vector<ChunkQuestion> questions,
                  std::function<void(std::vector<std::vector<KnownRange>>)> done) {
    {
      absl::MutexLock lock(&mutex_);
      if (!reader_.joinable()) reader_ = std::thread([this] { RunReader(); });
      reads_.push_back({std::move(questions), std::move(done)});
    }
    asked_.Signal();
  }

  std::vector<std::vector<KnownRange>> ReadChunksNow(const std::vector<ChunkQuestion>& questions) {
    std::vector<std::vector<KnownRange>> answers(questions.size());
    const absl::Status read = With([&](rocksdb::DB& db) {
      // Making one sorts what was written last; it looks at one state of the database.
      const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator(rocksdb::ReadOptions()));
      for (size_t i = 0; i < questions.size(); ++i) answers[i] = ChunksAround(*at, questions[i]);
      return at->status();
    });
    if (!read.ok()) answers.assign(questions.size(), {});
    return answers;
  }

  std::string trouble() const {
    absl::MutexLock lock(&mutex_);
    return trouble_;
  }

 private:
  struct Pruning {
    PartitionKey key;
    LogStarts below;
  };
  struct Queued {
    rocksdb::WriteBatch batch;
    std::vector<Pruning> prunings;  // before the batch
    bool must_sync = false;
    std::function<void()> stored;
  };

  struct Read {
    std::vector<ChunkQuestion> questions;
    std::function<void(std::vector<std::vector<KnownRange>>)> done;
  };

  void RunReader() {
    pthread_setname_np(pthread_self(), "store-read");
    while (true) {
      std::vector<Read> reads;
      {
        absl::MutexLock lock(&mutex_);
        while (reads_.empty() && !closing_.HasHappened()) asked_.Wait(&mutex_);
        if (closing_.HasHappened()) return;
        reads.swap(reads_);
      }
      for (Read& read : reads) read.done(ReadChunksNow(read.questions));
    }
  }

  void Enqueue(Queued queued) {
    {
      absl::MutexLock lock(&mutex_);
      queue_.push_back(std::move(queued));
    }
    queued_.Signal();
  }

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
    while (queue_.empty() && !closing_.HasHappened()) queued_.Wait(&mutex_);
    group.swap(queue_);
    return !group.empty();
  }

  // All of the group in one batch, which is one write call to the log.
  rocksdb::WriteBatch& Together(std::vector<Queued>& group) {
    if (group.size() == 1 && group.front().prunings.empty()) return group.front().batch;
    together_.Clear();
    Prune(group);
    Appender appender(together_);
    for (const Queued& queued : group) CHECK(queued.batch.Iterate(&appender).ok());
    return together_;
  }

  // What cannot be read stays, until the log starts have moved on.
  void Prune(const std::vector<Queued>& group) {
    if (std::all_of(group.begin(), group.end(), [](const Queued& queued) { return queued.prunings.empty(); })) return;
    const absl::Status read = With([&](rocksdb::DB& db) {
      const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator(rocksdb::ReadOptions()));
      for (const Queued& queued : group) {
        for (const auto& [key, below] : queued.prunings) {
          const SourceOffset end = EndOfChunksBelow(*at, key, below);
          if (end > SourceOffset(0)) together_.DeleteRange(ChunkKey(key, SourceOffset(0)), ChunkKey(key, end));
        }
      }
      return at->status();
    });
    if (!read.ok()) LOG(WARNING) << read.message();
  }

  // False when the store is closed before the group could be written.
  bool WriteGroup(std::vector<Queued>& group) {
    const rocksdb::WriteOptions options =
        SyncedIf(std::any_of(group.begin(), group.end(), [](const Queued& queued) { return queued.must_sync; }));
    rocksdb::WriteBatch& batch = Together(group);
    for (int tries = 0;; ++tries) {
      const absl::Status written = With([&](rocksdb::DB& db) { return db.Write(options, &batch); });
      if (written.ok()) {
        SetTrouble("");
        return true;
      }
      if (tries % kTriesPerLogLine == 0)
        LOG(ERROR) << written.message() << ". Nothing is sent until it can be written; trying again";
      CloseAfter(written);
      SetTrouble(std::string(written.message()));
      if (ClosesWithin(kRetryInterval)) return false;
      OpenAnew();
    }
  }

  bool ClosesWithin(std::chrono::milliseconds patience) {
    return closing_.WaitUntil(std::chrono::steady_clock::now() + patience);
  }

  // Nothing may touch the log that a write has failed on: RocksDB asserts it. Its Resume() goes on with that log where
  // all that was written before is in a table already.
  void CloseAfter(const absl::Status& failed) ABSL_LOCKS_EXCLUDED(db_mutex_) {
    absl::MutexLock lock(&db_mutex_);
    db_.reset();
    closed_because_ = failed;
  }

  // Reads all that was told to be written from the log. If this fails, too, the next write says so.
  void OpenAnew() ABSL_LOCKS_EXCLUDED(db_mutex_) {
    absl::MutexLock lock(&db_mutex_);
    if (db_ != nullptr) return;  // the other thread that writes was faster
    rocksdb::DB* opened = nullptr;
    const rocksdb::Options database = DatabaseOptions(options_, env_.get(), /*log_is_whole=*/true);
    const rocksdb::Status status = rocksdb::DB::Open(database, DatabasePath(options_), &opened);
    if (status.ok()) {
      db_.reset(opened);
    } else {
      closed_because_ = StatusOf(status, options_.folder);
    }
  }

  void SetTrouble(std::string trouble) {
    absl::MutexLock lock(&mutex_);
    if (trouble.empty() && !trouble_.empty()) LOG(INFO) << "the state folder can be written again";
    trouble_ = std::move(trouble);
    unsynced_ = true;
  }

  void RunSyncer() {
    pthread_setname_np(pthread_self(), "store-sync");
    while (!ClosesWithin(options_.sync_interval)) {
      {
        absl::MutexLock lock(&mutex_);
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
  const std::unique_ptr<StateFolderLock> lock_;  // null: read only
  const std::unique_ptr<rocksdb::Env> env_;      // outlives db_
  absl::Mutex db_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  std::unique_ptr<rocksdb::DB> db_ ABSL_GUARDED_BY(db_mutex_);  // null after a failure, which is:
  absl::Status closed_because_ ABSL_GUARDED_BY(db_mutex_);
  mutable absl::Mutex mutex_;
  absl::CondVar queued_;  // or closing_
  absl::CondVar asked_;   // likewise
  kafka::SteadyEvent closing_;
  std::vector<Queued> queue_ ABSL_GUARDED_BY(mutex_);
  std::vector<Read> reads_ ABSL_GUARDED_BY(mutex_);
  std::string trouble_ ABSL_GUARDED_BY(mutex_);
  bool unsynced_ ABSL_GUARDED_BY(mutex_) = false;
  rocksdb::WriteBatch together_;  // the writer's; kept for its memory
  std::thread writer_;
  std::thread syncer_;
  std::thread reader_;  // begins with the first question
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const Options& options) {
  const std::string path = DatabasePath(options);
  std::unique_ptr<StateFolderLock> lock;
  if (options.read_only) {
    // Whether this user may look at all is the commands' to ask (replicator/memory/folder_rights.h).
    if (access((path + "/CURRENT").c_str(), F_OK) != 0)
      return absl::NotFoundError(absl::StrCat("there is no state in the folder ", options.folder));
  } else {
    absl::StatusOr<std::unique_ptr<StateFolderLock>> taken = StateFolderLock::Take(options.folder);
    if (!taken.ok()) return taken.status();
    lock = *std::move(taken);
  }
  std::unique_ptr<rocksdb::Env> env = EnvOf(options);
  if (!options.read_only) {  // by itself RocksDB makes it, too, but logs as an error before that there is none
    const rocksdb::Status made = env->CreateDirIfMissing(path);
    if (!made.ok()) return StatusOf(made, options.folder);
  }
  const rocksdb::Options database = DatabaseOptions(options, env.get(), MachineRanOnSince(options.folder));
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = options.read_only ? rocksdb::DB::OpenForReadOnly(database, path, &opened)
                                                   : rocksdb::DB::Open(database, path, &opened);
  if (!status.ok()) return StatusOf(status, options.folder);
  std::unique_ptr<rocksdb::DB> db(opened);
  if (lock != nullptr) lock->NoteBoot();
  return std::unique_ptr<Store>(
      new Store(std::make_unique<Impl>(options, std::move(lock), std::move(env), std::move(db))));
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

absl::Status Store::SaveLink(const LinkRecord& link, bool must_sync) {
  return impl_->Save([&](rocksdb::DB& db) { return db.Put(SyncedIf(must_sync), LinkKey(), EncodeLink(link)); });
}

absl::StatusOr<StoredOwnership> Store::LoadOwnership() const {
  std::string bytes;
  const absl::Status found = impl_->With([&](rocksdb::DB& db) {
    const rocksdb::Status got = db.Get(rocksdb::ReadOptions(), OwnershipKey(), &bytes);
    return got.IsNotFound() ? rocksdb::Status::OK() : got;
  });
  if (!found.ok()) return found;
  absl::StatusOr<StoredOwnership> ownership = DecodeOwnership(bytes);
  if (!ownership.ok()) return Damaged(impl_->folder(), std::string(ownership.status().message()));
  return ownership;
}

absl::Status Store::SaveOwnership(const StoredOwnership& ownership) {
  return impl_->Save([&](rocksdb::DB& db) {
    return db.Put(SyncedIf(/*must_sync=*/true), OwnershipKey(), EncodeOwnership(ownership));
  });
}

void Store::WriteOwnership(const StoredOwnership& ownership, std::function<void()> stored) {
  impl_->WriteOwnership(ownership, std::move(stored));
}

absl::Status Store::Replace(const StoreContent& content) {
  const std::string partition = PartitionKeyBytes({0, 0});
  const std::string chunks = ChunkKey({0, 0}, SourceOffset(0));
  rocksdb::WriteBatch batch;
  for (const char letter : {TopicKey("")[0], partition[0], chunks[0]})
    batch.DeleteRange(std::string(1, letter), EndOf(letter));
  for (const auto& [name, topic] : content.topics) batch.Put(TopicKey(name), EncodeTopic(topic));
  for (const auto& [key, value] : content.records) batch.Put(key, value);
  return impl_->Save([&](rocksdb::DB& db) { return db.Write(SyncedIf(/*must_sync=*/true), &batch); });
}

absl::Status Store::VisitAll(absl::FunctionRef<void(absl::string_view, absl::string_view)> visit) const {
  const std::string partition = PartitionKeyBytes({0, 0});
  const std::string chunks = ChunkKey({0, 0}, SourceOffset(0));
  return impl_->With([&](rocksdb::DB& db) {
    const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator(rocksdb::ReadOptions()));
    for (const char letter : {TopicKey("")[0], partition[0], chunks[0]}) {
      for (at->Seek(std::string(1, letter)); at->Valid() && at->key().starts_with(std::string(1, letter)); at->Next())
        visit(ViewOf(at->key()), ViewOf(at->value()));
    }
    return at->status();
  });
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

absl::Status Store::SaveTopics(const std::map<std::string, TopicRecord>& topics, bool must_sync) {
  rocksdb::WriteBatch batch;
  for (const auto& [name, topic] : topics) batch.Put(TopicKey(name), EncodeTopic(topic));
  return impl_->Save([&](rocksdb::DB& db) { return db.Write(SyncedIf(must_sync), &batch); });
}

absl::StatusOr<std::map<PartitionKey, PartitionState>> Store::LoadPartitions(size_t chunks_max) const {
  std::map<PartitionKey, PartitionState> partitions;
  std::unique_ptr<rocksdb::Iterator> at = impl_->Iterate();
  std::unique_ptr<rocksdb::Iterator> chunks = impl_->Iterate();
  const std::string first = PartitionKeyBytes({0, 0});
  const std::string end = EndOf(first[0]);
  for (at->Seek(first); at->Valid() && at->key().compare(end) < 0; at->Next()) {
    absl::StatusOr<PartitionKey> key = ParsePartitionKey(ViewOf(at->key()));
    if (!key.ok()) return Damaged(impl_->folder(), std::string(key.status().message()));
    absl::StatusOr<PartitionState> state = DecodePartition(ViewOf(at->value()));
    if (!state.ok()) return Damaged(impl_->folder(), std::string(state.status().message()));
    absl::Status loaded = state->has_chunks ? LoadChunks(*chunks, *key, chunks_max, *state) : absl::OkStatus();
    if (!loaded.ok()) return Damaged(impl_->folder(), std::string(loaded.message()));
    partitions[*key] = *std::move(state);
  }
  for (const rocksdb::Iterator* each : {at.get(), chunks.get()}) {
    if (!each->status().ok()) return StatusOf(each->status(), impl_->folder());
  }
  return partitions;
}

void Store::Write(const std::vector<PartitionWrite>& writes, std::function<void()> stored) {
  impl_->Write(writes, std::move(stored));
}

void Store::ReadChunks(std::vector<ChunkQuestion> questions,
                       std::function<void(std::vector<std::vector<KnownRange>>)> done) {
  impl_->ReadChunks(std::move(questions), std::move(done));
}

std::vector<std::vector<KnownRange>> Store::ReadChunksNow(const std::vector<ChunkQuestion>& questions) const {
  return impl_->ReadChunksNow(questions);
}

std::string Store::trouble() const { return impl_->trouble(); }

}  // namespace replicator::offsets
