// A consumer application as users write them, made of librdkafka: it subscribes to a topic, and its work on a few
// records counts as done when their offsets are committed, which it waits for. So records that it has done are never
// done again by whoever goes on at the committed offset, and those after it are.
#ifndef REPLICATOR_TESTS_GROUPS_APPLICATION_H_
#define REPLICATOR_TESTS_GROUPS_APPLICATION_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "tests/cluster/rdkafka_handle.h"

namespace replicator::tests {

class Application {
 public:
  struct Options {
    std::string bootstrap_servers;
    std::string group;
    std::string topic;
    ClientProperties properties;
    size_t records_per_commit = 20;
  };
  static absl::StatusOr<std::unique_ptr<Application>> Start(Options options);
  ~Application() { Stop(); }
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // Commits what it has, and leaves the group.
  void Stop();

  // Digests (RecordDigest, with the timestamp) of the records that it has done.
  std::vector<uint64_t> done() const ABSL_LOCKS_EXCLUDED(mutex_);
  size_t count() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Records that it was given, whether or not their offsets could be committed.
  size_t received() const { return received_; }
  // What brokers have refused: each error's name, as often as it came.
  std::vector<std::string> errors() const ABSL_LOCKS_EXCLUDED(mutex_);
  bool HasError(const std::string& name) const;

 private:
  explicit Application(Options options) : options_(std::move(options)) {}
  absl::Status Open();
  void Run();
  void Take(rd_kafka_message_t* message);
  void Commit();
  static void OnError(rd_kafka_t*, int error, const char* reason, void* self);
  void Note(const std::string& error) ABSL_LOCKS_EXCLUDED(mutex_);

  const Options options_;
  RdHandle consumer_;
  std::vector<uint64_t> batch_;
  RdPartitions offsets_;  // of the batch
  std::atomic<size_t> received_ = 0;
  std::atomic<bool> ends_ = false;
  mutable absl::Mutex mutex_;
  std::vector<uint64_t> done_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> errors_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_GROUPS_APPLICATION_H_
