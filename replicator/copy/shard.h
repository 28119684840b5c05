// One thread, one event loop, and the topic-partitions that it copies. Shards share nothing: each has its own
// connections to every broker, its own memory budget and its own streams. The control loop (link.cc) gives a shard its
// assignments and every new metadata snapshot, and reads its status.
//
// Public methods may be called from any thread; they post to the loop.
#ifndef REPLICATOR_REPLICATOR_COPY_SHARD_H_
#define REPLICATOR_REPLICATOR_COPY_SHARD_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"
#include "kafka/client/cluster.h"
#include "kafka/net/fetch_memory.h"
#include "kafka/net/steady_event.h"
#include "offsets/known_ranges.h"
#include "offsets/run_share.h"
#include "replicator/base/ask_pace.h"
#include "replicator/copy/produce_connections.h"
#include "replicator/copy/sink.h"
#include "replicator/copy/source.h"
#include "replicator/copy/state_keeper.h"
#include "replicator/copy/translation.h"
#include "replicator/locate/locator.h"
#include "replicator/locate/settler.h"
#include "replicator/partition/stream.h"
#include "replicator/status/link_status.h"
#include "replicator/status/stream_status.h"

namespace replicator {

struct QuarantinedPartition {
  std::string name;  // topic-partition
  Quarantine quarantine;
};

// A shard's counters at one moment. Sums over its streams.
struct ShardStatus {
  int partitions = 0;
  int begun = 0;      // their place on the target is known
  int ended = 0;      // their topic was deleted at the source
  int caught_up = 0;  // nothing left to copy when last looked at
  int stalled = 0;    // their target broker does not answer, or the source has not said for long how far it is
  int64_t records_copied = 0;
  int64_t bytes_copied = 0;
  int64_t lag_records = 0;
  int64_t records_lost = 0;
  int64_t memory_used = 0;
  std::vector<QuarantinedPartition> quarantined;
  std::vector<std::string> waiting;  // "topic-partition: why", at most kWaitingMax
  static constexpr size_t kWaitingMax = 5;

  void Add(const ShardStatus& other);
};

class Shard : public StreamOwner {
 public:
  struct Options {
    int index = 0;
    size_t buffer_bytes_max = 0;
    SourceOptions source;
    kafka::ConnectionOptions target;
    RateLimiter* target_limit = nullptr;  // of bytes sent; outlives the shard
    // To each target broker, at most; see produce_connections.h.
    int produce_connections_max = 1;
    Partition::Options partition;
    // Of all offset maps together, in memory; see offsets/run_share.h.
    size_t runs_max = offsets::kRunsMax;
    offsets::Store* store = nullptr;  // null: nothing is kept. Closed between Join and the shard's end
    StateLog* log = nullptr;          // likewise
    std::string state_dir;            // of the link, for the commands that are told
    // Stores the topic ids of an assignment that the operator has accepted, then calls `then` on any thread.
    std::function<void(const Assignment& accepted, std::function<void(absl::Status)> then)> accept_ids;
    // A partition whose assignment is a proof was found to be a copy. Called on the shard's loop.
    std::function<void(const std::string& source_topic)> on_proof;
  };

  // `on_stale` is called on the shard's loop when an answer shows that a side's metadata is out of date.
  Shard(Options options, std::function<void(Side)> on_stale);
  // REQUIRES: Join has returned true.
  ~Shard() override;

  void Start();
  void Assign(std::vector<Assignment> assignments);
  void UpdateMetadata(Side side, kafka::MetadataSnapshot snapshot);
  // What the control loop knows of the topics by now. A topic that is not named stays as it is.
  void UpdateTopics(TopicFactsSnapshot facts);
  ShardStatus status() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Every partition in full. `done` is called on the loop; never, when the shard ends before.
  void Describe(std::function<void(std::vector<PartitionStatus>)> done);
  // Lets a quarantined partition go on; `done` is called on the loop with what was done, or with what would be when
  // that needs a yes. NotFound: it is not this shard's. FailedPrecondition: it is not quarantined. Unavailable: the
  // source did not answer in time.
  void Resume(ResumeRequest request, std::function<void(absl::StatusOr<ResumePlan>)> done);
  // Where offsets lie on the other side. `done` is called on the loop with an answer to each question, in their order;
  // never, when the shard ends before. A partition belongs to one shard: the others' answers are not is_copied.
  void Translate(std::vector<TranslationQuestion> questions, std::function<void(std::vector<TranslationAnswer>)> done);

  // Stops fetching, waits up to `drain` for the answers that are due, ends the loop.
  void Stop(Clock::duration drain);
  // Returns when the loop has ended. One that still has something to do at `deadline` is ended where it stands: all
  // that counts was saved before. False: it does not end even so, since a handler does not return. Call it again, or
  // end the process.
  bool Join(Clock::time_point deadline);

  // StreamOwner. On the loop only.
  void Changed(Stream& stream) override;
  void MetadataIsStale(Side side) override { on_stale_(side); }
  void ResumeLocated(Stream& stream) override;
  Clock::duration BackoffAfter(int failures) override { return kafka::Backoff::After(failures, random_); }

 private:
  // What this shard has with one broker. Made when a stream first needs the broker; retired, never destroyed, when the
  // broker's address changes, since coroutines may still be in it.
  struct SourceDesk {
    SourceDesk(Shard& shard, int32_t broker, const kafka::Endpoint& endpoint);
    Source source;
    Locator locator;
  };
  struct TargetDesk {
    TargetDesk(Shard& shard, int32_t broker, const kafka::Endpoint& endpoint);
    void Stop();
    // Whether another produce connection is to be opened.
    bool NeedsConnection(Clock::time_point now);
    std::vector<std::unique_ptr<Sink>> sinks;  // one for each produce connection
    ProduceConnections connections;
    size_t next_sink = 0;  // takes the next stream
    Settler settler;
  };
  // The partitions that wait for a leader on one side. One of them can wait for months.
  struct Leaderless {
    int partitions = 0;
    AskPace pace{std::chrono::milliseconds(250), std::chrono::seconds(5)};
  };
  struct Member {
    std::unique_ptr<Stream> stream;
    SourceDesk* source = nullptr;
    TargetDesk* target = nullptr;
    Sink* sink = nullptr;       // one of target's
    Sink* next_sink = nullptr;  // takes the stream over as soon as nothing of it is in flight
  };

  void Spawn(asio::awaitable<void> coroutine);
  asio::awaitable<void> Tick();
  asio::awaitable<void> Shutdown(Clock::duration drain);
  bool AnswersAreDue() const;
  void AddStreams(std::vector<Assignment> assignments);
  static void Restore(Stream& stream);
  static void TakeFacts(Stream& stream, const TopicFacts& facts);
  void Reroute(Member& member);
  void RerouteSource(Member& member);
  void RerouteTarget(Member& member);
  void TellProof(Stream& stream) const;
  void CheckTopicsAreThere(Stream& stream);
  void OnSourceGone(Stream& stream);
  static void End(Stream& stream);
  void CheckTopicIds(Stream& stream);
  void AddConnection(int32_t broker, TargetDesk& desk);
  void ChangeSink(Member& member);
  SourceDesk* SourceDeskFor(int32_t broker);
  TargetDesk* TargetDeskFor(int32_t broker);
  void TellQuarantine(const Stream& stream) const;
  void NoteLeaderless();
  void AskForLeaders(Clock::time_point now);
  // shard_control.cc
  void BeginResume(ResumeRequest request, std::function<void(absl::StatusOr<ResumePlan>)> done);
  Assignment WithIdsOfNow(Assignment assignment) const;
  void DecideResume(Member& member, PendingResume resume, bool is_stored);
  void CarryOut(Member& member, const ResumePlan& plan, const Assignment& ids);
  void AcceptIds(Member& member, const Assignment& ids);
  // shard_translate.cc
  struct Translation;
  Member* Find(const std::string& source_topic, int32_t partition);
  void BeginTranslation(Translation translation);
  void Answer(Translation& translation);
  static TranslationAnswer AnswerOf(const Stream& stream, const TranslationQuestion& question,
                                    offsets::KnownRanges older);
  void ShareRuns();
  // shard_control.cc again
  void LookAtAll(Clock::time_point now);
  static void Hear(Member& member, Clock::time_point now);
  void WatchTransaction(Stream& stream, Clock::time_point now);
  void WatchTombstones(Stream& stream, Clock::time_point now, int64_t now_ms);
  void WatchLosses(Stream& stream, int64_t now_ms);
  void ShareMemory();
  void PublishStatus() ABSL_LOCKS_EXCLUDED(mutex_);
  static void AddTo(ShardStatus& status, const Stream& stream, Clock::time_point now);

  const Options options_;
  const std::function<void(Side)> on_stale_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  absl::BitGen random_;
  kafka::FetchMemory memory_;
  StateKeeper keeper_;
  kafka::MetadataSnapshot source_metadata_;
  kafka::MetadataSnapshot target_metadata_;
  std::list<Member> members_;
  absl::flat_hash_map<const Stream*, Member*> member_of_;
  absl::flat_hash_map<std::pair<std::string, int32_t>, Member*> member_by_name_;  // source topic, partition
  std::map<int32_t, std::unique_ptr<SourceDesk>> source_desks_;
  std::map<int32_t, std::unique_ptr<TargetDesk>> target_desks_;
  std::vector<std::unique_ptr<SourceDesk>> retired_sources_;
  std::vector<std::unique_ptr<TargetDesk>> retired_targets_;
  std::list<asio::cancellation_signal> cancellations_;
  kafka::Signal ticked_;
  bool stopping_ = false;
  Leaderless leaderless_[2];  // by side
  bool changed_ = true;       // since the status was published
  Clock::time_point next_look_;

  mutable absl::Mutex mutex_;
  ShardStatus status_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
  kafka::SteadyEvent ended_;  // the thread is past the loop
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_COPY_SHARD_H_
