// What a link's process remembers of its earlier life, on top of the store (offsets/store.h): which two clusters the
// link joins, at which isolation level it reads, the producer of its batches, which topics it copies into which, and
// where each partition stands.
//
// Used by the control thread; store() is handed to the shards.
#ifndef REPLICATOR_REPLICATOR_MEMORY_LINK_MEMORY_H_
#define REPLICATOR_REPLICATOR_MEMORY_LINK_MEMORY_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "offsets/ownership.h"
#include "offsets/store.h"
#include "replicator/memory/link_log.h"
#include "replicator/partition/stream.h"

namespace rocksdb {
class Env;
}

namespace replicator {

class LinkMemory {
 public:
  // As offsets::Store::Open. `env`: of its files, as there; for tests.
  static absl::StatusOr<std::unique_ptr<LinkMemory>> Open(const std::string& folder, rocksdb::Env* env = nullptr);
  // One that forgets everything when the process ends: to measure what the store costs. Makes the folder.
  static absl::StatusOr<std::unique_ptr<LinkMemory>> WithoutStore(const std::string& folder);

  // Every topic that was ever copied by the link of `folder`, by source name; none when there is no such folder.
  // Changes nothing there: it may be another process's.
  static absl::StatusOr<std::map<std::string, offsets::TopicRecord>> TopicsIn(const std::string& folder);

  // nullopt: the folder is new.
  const std::optional<offsets::LinkRecord>& link() const { return link_; }
  // Whether the folder belongs to the link that `now` describes: Aborted for other clusters, FailedPrecondition for
  // another isolation level. `file_name` is where the operator would change that. A new folder belongs to it from now
  // on, gets an instance id, and has no producer yet.
  absl::Status Recognise(const offsets::LinkRecord& now, const std::string& file_name);
  // A new producer is on disk when it returns; the rest within a second.
  absl::Status Remember(offsets::LinkRecord link);

  // Which flushes of the link's changelog the folder has; not known: it never had one.
  const offsets::StoredOwnership& ownership() const { return ownership_; }
  // On disk when it returns.
  absl::Status RememberOwnership(const offsets::StoredOwnership& ownership);
  // Before any assignment is completed: all that is known of topics and partitions is what the changelog's `records`
  // say (offsets/changelog_codec.h). On disk when it returns; FailedPrecondition for records that cannot be
  // read.
  absl::Status ReplaceBy(const std::map<std::string, std::string>& records);
  // What is stored of topics and partitions, as records of the changelog. From any thread.
  absl::Status AddStates(std::vector<LinkLog::Record>& records) const;
  // Where topics are told, too, from now on; null: nowhere.
  void SetLog(LinkLog* log) { log_ = log; }

  // Gives each assignment its key in the store, what is stored of it, and the topic ids that were copied first: a topic
  // that was deleted and made anew while nobody looked has another. Removes the assignments of topics that were copied
  // into a topic of another name, and logs them. Stored when it returns OK, and on disk before anything of their
  // partitions is; otherwise nothing may be done with the assignments, and they are to be brought again.
  absl::Status Complete(std::vector<Assignment>& assignments);

  // The operator takes the topic of `assignment` for what it is now: its topic ids are the ones to expect. On disk when
  // it returns.
  absl::Status Accept(const Assignment& assignment);

  // Topics whose assignments Complete has removed, and why.
  const std::map<std::string, std::string>& refused() const { return refused_; }

  // Every topic that was ever copied, by source name.
  const std::map<std::string, offsets::TopicRecord>& topics() const { return topics_; }

  // Whether a copy of some partition of `topic` had begun when the folder was opened.
  bool HasBegun(const std::string& topic) const;

  // nullptr: there is none.
  offsets::Store* store() const { return store_.get(); }
  // The last writes are on disk when it returns. No shard may be running.
  void Close() { store_.reset(); }

 private:
  LinkMemory(std::string folder, std::unique_ptr<offsets::Store> store)
      : folder_(std::move(folder)), store_(std::move(store)) {}
  absl::Status Load();
  absl::Status LoadStates();
  absl::Status SaveTopics(const std::map<std::string, offsets::TopicRecord>& topics, bool must_sync);
  offsets::TopicRecord& TopicOf(const Assignment& assignment);

  const std::string folder_;
  std::unique_ptr<offsets::Store> store_;
  LinkLog* log_ = nullptr;
  std::optional<offsets::LinkRecord> link_;
  offsets::StoredOwnership ownership_;
  std::map<std::string, offsets::TopicRecord> topics_;
  std::map<std::string, offsets::TopicRecord> unsaved_topics_;
  std::map<std::string, std::string> refused_;
  uint32_t next_topic_ = 1;
  std::set<uint32_t> begun_;                                             // numbers of topics
  std::map<offsets::PartitionKey, offsets::PartitionState> partitions_;  // not assigned yet
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_MEMORY_LINK_MEMORY_H_
