// The state folder of one link: where each partition stands, what may be under way (intents), the offset
// maps, and which clusters the link joins. A RocksDB database below `folder`/store; formats: docs/formats.md.
//
// One thread writes: it takes what all shards have queued, writes it as one batch (one write call to the log), and
// tells each of them. Another one syncs the log to disk once per interval: after kill -9 nothing that was told is
// missing, after a power cut at most the last interval is, which costs a look at the target and the source, nothing
// else.
//
// A write that fails (disk full, I/O error) is kept and tried again until it succeeds; nothing behind it is told. So a
// batch whose intent cannot be stored is not sent.
//
// Threading: Open, Load..., Save..., Replace and the destructor from one thread; all else from any.
#ifndef REPLICATOR_OFFSETS_STORE_H_
#define REPLICATOR_OFFSETS_STORE_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "offsets/partition_state.h"
#include "offsets/store_codec.h"
#include "offsets/stored_chunks.h"

namespace rocksdb {
class Env;
}

namespace replicator::offsets {

struct PartitionWrite {
  PartitionKey key;
  PartitionState state;
};

// All that a store knows of topics, as bytes.
struct StoreContent {
  std::map<std::string, TopicRecord> topics;
  std::map<std::string, std::string> records;  // of partitions and their runs, by the store's keys
};

class Store {
 public:
  struct Options {
    std::string folder;
    // How much a power cut may take; a sync costs up to 20 ms of a disk's time, and none of the copy's.
    std::chrono::milliseconds sync_interval{1000};
    // Looks at a folder that may be another process's; Write is not allowed.
    bool read_only = false;
    // Of the files: nullptr is the machine's own. Outlives the store.
    rocksdb::Env* env = nullptr;
  };

  // Makes the folder if it is missing and locks it. FailedPrecondition when another process has it, DataLoss when what
  // is there is damaged; each says what to do. NotFound: read-only, and there is none.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const Options& options);
  // Writes and syncs what is queued; gives up on what cannot be written.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // ---- The Load calls are for a store that has just been opened, before the first Write.

  // nullopt in a new folder.
  absl::StatusOr<std::optional<LinkRecord>> LoadLink() const;
  // On disk when it returns if it `must_sync`, else after the sync interval.
  absl::Status SaveLink(const LinkRecord& link, bool must_sync);

  // Not known in a folder that never had a changelog.
  absl::StatusOr<StoredOwnership> LoadOwnership() const;
  // On disk when it returns.
  absl::Status SaveOwnership(const StoredOwnership& ownership);

  absl::StatusOr<std::map<std::string, TopicRecord>> LoadTopics() const;
  // As SaveLink. Nothing that is written later is on disk without it.
  absl::Status SaveTopics(const std::map<std::string, TopicRecord>& topics, bool must_sync);

  // In place of all topics, partitions and runs that there are. On disk when it returns.
  absl::Status Replace(const StoreContent& content);

  // Every partition, each with at most `chunks_max` of the latest chunks of its map.
  absl::StatusOr<std::map<PartitionKey, PartitionState>> LoadPartitions(size_t chunks_max) const;

  // Encodes and queues `writes`; `stored` is called on the store's thread once they, and everything queued before, are
  // written.
  void Write(const std::vector<PartitionWrite>& writes, std::function<void()> stored);

  // ---- What the map knew before, for offsets that are not in memory any more. All answers are of one moment: of each
  // question the chunk that begins at or below the offset, if there is one, and the first one behind. Empty: there are
  // none, or they cannot be read.

  // `done` is called on a thread of the store's; never, when the store is closed before.
  void ReadChunks(std::vector<ChunkQuestion> questions, std::function<void(std::vector<std::vector<KnownRange>>)> done);
  // Waits for the disk.
  std::vector<std::vector<KnownRange>> ReadChunksNow(const std::vector<ChunkQuestion>& questions) const;

  // As Write: what is queued before is written when `stored` is called.
  void WriteOwnership(const StoredOwnership& ownership, std::function<void()> stored);

  // Visits the records of topics, then of partitions, then of their runs, as they are at one moment, while others
  // write. From any thread; `visit` must be quick, since a store in trouble waits for it.
  absl::Status VisitAll(absl::FunctionRef<void(absl::string_view key, absl::string_view value)> visit) const;

  // Why nothing can be written at present; empty when all is well.
  std::string trouble() const;

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_STORE_H_
