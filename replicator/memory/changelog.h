// The link's changelog: what must outlive this process and this machine, on a compacted topic of the target
// (docs/formats.md, "The link's changelog"). Only the process whose turn it is to copy writes it, as the one producer
// of the link's transactional id (KIP-98): whoever begins with the id later fences it, even if it hangs and wakes up.
//
//   Open      begins with the id, which ends what the process before has left open, then reads all that is committed
//   Begin     the first flush: who writes now. From here on the log is this process's
//   Write     collects records; a flush each second is one transaction with all that has come by then, up to ten
//   seconds
//             apart where it takes long and nobody waits for it. One an hour at least, since brokers forget an idle id
//             after a week (transactional.id.expiration.ms)
//   Stop      a last flush
//
// A flush that fails is tried again, with what has come meanwhile, until it succeeds or another process is found to
// have the link. Nothing waits for that but who asked to be told.
//
// A producer that was fenced may still be this link's: the coordinator aborts a transaction that takes too long. Then
// the lock is asked whether the turn is still ours, and the log whether the last ownership in it is; if both say so, it
// goes on with a new producer.
//
// Has a thread and an event loop of its own. Public methods from any thread, but Open, Begin and Stop from one.
#ifndef REPLICATOR_REPLICATOR_MEMORY_CHANGELOG_H_
#define REPLICATOR_REPLICATOR_MEMORY_CHANGELOG_H_

#include <asio/awaitable.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "kafka/client/cluster.h"
#include "kafka/client/transactional_producer.h"
#include "kafka/net/signal.h"
#include "kafka/net/steady_event.h"
#include "offsets/changelog_codec.h"
#include "offsets/ownership.h"
#include "replicator/memory/changelog_reader.h"
#include "replicator/memory/link_log.h"
#include "replicator/memory/state_log.h"
#include "replicator/memory/state_records.h"

namespace replicator {

class Changelog : public LinkLog, public StateLog {
 public:
  using Clock = kafka::Clock;

  struct Options {
    std::string topic;  // of the link, on the target; it is the transactional id, too
    std::string cluster_name;
    std::vector<kafka::Endpoint> brokers;
    kafka::ConnectionOptions connection;
    std::string owner;  // for whoever looks at the topic
    // Keeps the number of a flush, behind all that was handed to the store before it, and calls `stored` from any
    // thread. Null: there is no store.
    std::function<void(const offsets::Ownership&, std::function<void()> stored)> store_flush;
    // Whether the turn to copy is still this process's: calls `told` from any thread, with false while that cannot be
    // said. If it is not, the log is stopped by its owner.
    std::function<void(std::function<void(bool)> told)> ask_turn;
    // Another process has the link now. Called once, on the log's thread.
    std::function<void()> on_lost;
    // Called on the log's thread when the target does not show the topic any more: makes it. What the log does not
    // remember itself is added to `records` then: all that it was ever told to Write of `P` and `R`.
    std::function<asio::awaitable<absl::Status>(kafka::ClusterClient&)> make_topic;
    std::function<absl::Status(std::vector<Record>& records)> all_states;
  };

  // How it is, for the status.
  struct Health {
    // All that was handed over before is durable. nullopt: all that was handed over is.
    std::optional<Clock::time_point> behind_since;
    std::string trouble;  // why it cannot be flushed; empty when it can
  };

  explicit Changelog(Options options);
  ~Changelog() override;

  // `done` on the log's thread: OK, when content() and logged() are there. Errors: what the operator has to do. What
  // can pass is waited for without a limit; health() and the log say what that is.
  void Open(std::function<void(absl::Status)> done);
  // What was read. Until Begin.
  const ChangelogContent& content() const { return content_; }
  // The last ownership that the changelog has; not known: it is empty.
  const offsets::Ownership& logged() const { return logged_; }

  // The first flush, of `records` and the ownership `own`, whose number is above the one of logged(). `done` on the
  // log's thread; errors as of Open. Aborted: another process has begun meanwhile.
  void Begin(const offsets::Ownership& own, std::vector<Record> records, std::function<void(absl::Status)> done);

  std::map<std::string, std::string> Restored(char kind) const override;
  void Write(std::vector<Record> records, std::function<void(absl::Status)> done) override;

  void NoteStates(std::vector<NotedState> states) override;
  void FlushStates(std::function<void()> done) override;

  // Flushes at once what has come so far; `done` as of Write, null: nobody is told.
  void Flush(std::function<void(absl::Status)> done);

  void UpdateMetadata(kafka::MetadataSnapshot metadata);
  Health health() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends the thread, after a last flush of what has come if that takes no longer than `patience`. Who still waits to be
  // told hears Aborted.
  void Stop(Clock::duration patience);

 private:
  using Records = std::map<std::string, std::optional<std::string>>;
  using Done = std::function<void(absl::Status)>;

  struct Batch {
    Records records;
    std::vector<NotedState> states;          // newer than what `records` say of them
    std::optional<Clock::time_point> since;  // when the first of all this was handed over
    std::vector<Done> waiters;
    bool is_urgent = false;
    bool is_empty() const { return records.empty() && states.empty() && waiters.empty() && !is_urgent; }
    // Takes up what came before: what is here already is newer.
    void AddOlder(Batch older);
  };

  asio::awaitable<absl::Status> ReadAll();
  asio::awaitable<absl::Status> OpenOnLoop();
  asio::awaitable<absl::Status> BeginOnLoop(Records records);
  asio::awaitable<void> Run();
  asio::awaitable<void> AwaitWork();
  asio::awaitable<absl::Status> FlushOnce();
  asio::awaitable<absl::Status> Renew();
  asio::awaitable<bool> TurnIsOurs();
  asio::awaitable<void> StoreNumber();
  asio::awaitable<absl::Status> Send(const Records* records);
  asio::awaitable<absl::Status> RemakeIfGone();
  absl::Status RememberAll(Records& records);
  void Encode(Batch& batch);
  void Keep(const Records& records);
  void Told(const absl::Status& flushed);
  bool IsThere() const;
  absl::Status Damaged(const absl::Status& why) const;
  void Lose();
  Batch TakeWaiting() ABSL_LOCKS_EXCLUDED(mutex_);
  bool HasWork() const ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsUrgent() const ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsWaitedFor() const ABSL_LOCKS_EXCLUDED(mutex_);
  void Wake();

  const Options options_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  kafka::ClusterClient cluster_;
  kafka::TransactionalProducer producer_;
  kafka::Signal wake_;

  // Of Open and Begin, then of the loop.
  ChangelogContent content_;
  offsets::Ownership logged_;
  offsets::Ownership own_;
  int64_t since_ms_ = 0;
  StateRecords states_;
  std::map<std::string, std::string> kept_;  // the last committed values of all kinds but P and R
  kafka::Uuid topic_id_ = kafka::kNoUuid;
  Batch flight_;
  Clock::time_point next_flush_;
  Clock::time_point next_unhurried_;  // of what nobody waits for
  kafka::Backoff backoff_;
  bool must_look_ = false;  // whether the topic is there
  bool has_begun_ = false;
  bool is_lost_ = false;
  bool stopping_ = false;

  mutable absl::Mutex mutex_;
  std::map<std::string, std::string> restored_ ABSL_GUARDED_BY(mutex_);
  Batch waiting_ ABSL_GUARDED_BY(mutex_);
  std::map<offsets::TopicPartition, size_t> last_noted_ ABSL_GUARDED_BY(mutex_);  // in waiting_.states
  std::optional<Clock::time_point> flight_since_ ABSL_GUARDED_BY(mutex_);         // of what is being flushed
  Health health_ ABSL_GUARDED_BY(mutex_);
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;  // nothing is written any more
  bool wake_posted_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;
  kafka::SteadyEvent ended_;  // the thread is past the loop
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_MEMORY_CHANGELOG_H_
