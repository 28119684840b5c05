// Files that forget and fail, below a store under test: a power cut takes what was not synced, and writes can be made
// to fail. Wraps the machine's own files. Any thread.
#ifndef REPLICATOR_OFFSETS_UNRELIABLE_FILES_H_
#define REPLICATOR_OFFSETS_UNRELIABLE_FILES_H_

#include <rocksdb/env.h>
#include <rocksdb/io_status.h>

#include <cstdint>
#include <memory>

namespace replicator::offsets {

class UnreliableFiles {
 public:
  UnreliableFiles();
  ~UnreliableFiles();

  // For Store::Options.
  rocksdb::Env* env() const { return env_.get(); }

  // From now on every write is answered with `fault`; OK ends that.
  void FailWrites(rocksdb::IOStatus fault);

  // Everything that follows is lost, until RestorePower; that is for when no store has the files open: it brings each
  // file back to what had been synced. (Names of files are kept: RocksDB syncs folders itself.)
  void CutPower();
  void RestorePower();

  // Syncs of write-ahead logs so far.
  int64_t syncs() const;

  class Files;

 private:
  std::shared_ptr<Files> files_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_UNRELIABLE_FILES_H_
