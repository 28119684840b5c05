#include "offsets/unreliable_files.h"

#include <rocksdb/file_system.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"

namespace replicator::offsets {

class UnreliableFiles::Files : public rocksdb::FileSystemWrapper {
 public:
  Files() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "UnreliableFiles"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override;

  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    if (power_is_off()) return rocksdb::IOStatus::OK();
    rocksdb::IOStatus renamed = FileSystemWrapper::RenameFile(from, to, options, context);
    absl::MutexLock lock(&mutex_);
    auto found = synced_bytes_.find(from);
    if (renamed.ok() && found != synced_bytes_.end()) {
      synced_bytes_[to] = found->second;
      synced_bytes_.erase(found);
    }
    return renamed;
  }

  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    if (power_is_off()) return rocksdb::IOStatus::OK();
    absl::MutexLock lock(&mutex_);
    synced_bytes_.erase(name);
    return FileSystemWrapper::DeleteFile(name, options, context);
  }

  void Fail(rocksdb::IOStatus fault) {
    absl::MutexLock lock(&mutex_);
    fault_ = std::move(fault);
  }

  rocksdb::IOStatus fault() const {
    absl::MutexLock lock(&mutex_);
    return fault_;
  }

  void Synced(const std::string& name, uint64_t bytes) {
    absl::MutexLock lock(&mutex_);
    synced_bytes_[name] = bytes;
    if (absl::EndsWith(name, ".log")) ++syncs_;
  }

  bool power_is_off() const { return power_is_off_; }
  void CutPower() { power_is_off_ = true; }

  void RestorePower() {
    absl::MutexLock lock(&mutex_);
    for (const auto& [name, bytes] : synced_bytes_) {
      std::error_code error;  // of a file that is gone
      if (std::filesystem::file_size(name, error) > bytes && !error) std::filesystem::resize_file(name, bytes, error);
    }
    synced_bytes_.clear();
    power_is_off_ = false;
  }

  int64_t syncs() const {
    absl::MutexLock lock(&mutex_);
    return syncs_;
  }

 private:
  std::atomic<bool> power_is_off_ = false;
  mutable absl::Mutex mutex_;
  rocksdb::IOStatus fault_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, uint64_t> synced_bytes_ ABSL_GUARDED_BY(mutex_);
  int64_t syncs_ ABSL_GUARDED_BY(mutex_) = 0;
};

namespace {

class UnreliableFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  UnreliableFile(std::string name, UnreliableFiles::Files& files, std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), files_(files) {
    files_.Synced(name_, 0);
  }

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (files_.power_is_off()) return rocksdb::IOStatus::OK();
    rocksdb::IOStatus fault = files_.fault();
    if (!fault.ok()) return fault;
    bytes_ += data.size();
    return FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* context) override {
    return Append(data, options, context);
  }

  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    return SyncWith(FSWritableFileOwnerWrapper::Flush(options, context));
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    return SyncWith(FSWritableFileOwnerWrapper::Flush(options, context));
  }

 private:
  // What a sync would bring to the disk is only counted: no test waits for a disk.
  rocksdb::IOStatus SyncWith(rocksdb::IOStatus flushed) {
    if (files_.power_is_off()) return rocksdb::IOStatus::OK();
    rocksdb::IOStatus fault = files_.fault();
    if (!fault.ok()) return fault;
    if (flushed.ok()) files_.Synced(name_, bytes_);
    return flushed;
  }

  const std::string name_;
  UnreliableFiles::Files& files_;
  std::atomic<uint64_t> bytes_ = 0;
};

}  // namespace

rocksdb::IOStatus UnreliableFiles::Files::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                                          std::unique_ptr<rocksdb::FSWritableFile>* result,
                                                          rocksdb::IODebugContext* context) {
  std::unique_ptr<rocksdb::FSWritableFile> file;
  rocksdb::IOStatus made = FileSystemWrapper::NewWritableFile(name, options, &file, context);
  if (made.ok()) *result = std::make_unique<UnreliableFile>(name, *this, std::move(file));
  return made;
}

UnreliableFiles::UnreliableFiles() : files_(std::make_shared<Files>()), env_(rocksdb::NewCompositeEnv(files_)) {}
UnreliableFiles::~UnreliableFiles() = default;

void UnreliableFiles::FailWrites(rocksdb::IOStatus fault) { files_->Fail(std::move(fault)); }
void UnreliableFiles::CutPower() { files_->CutPower(); }
void UnreliableFiles::RestorePower() { files_->RestorePower(); }
int64_t UnreliableFiles::syncs() const { return files_->syncs(); }

}  // namespace replicator::offsets
