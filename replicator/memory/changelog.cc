#include "replicator/memory/changelog.h"

#include <glog/logging.h>
#include <pthread.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/net/must_not_throw.h"
#include "offsets/crash_point.h"
#include "replicator/base/await_told.h"

namespace replicator {
namespace {

using kafka::Clock;

constexpr Clock::duration kFlushInterval = std::chrono::seconds(1);
// Where nobody waits for a flush, the next one comes when a tenth of the time was spent on it, or after so long: on
// small brokers a transaction over many partitions must not take the copy's share.
constexpr int kPausePerFlush = 9;
constexpr Clock::duration kPauseMax = std::chrono::seconds(10);
// Brokers forget a transactional id that is idle for a week by default, and the operator sees that the log lives.
constexpr Clock::duration kIdleFlushInterval = std::chrono::hours(1);
// The coordinator aborts what takes longer: a process that hangs in the middle does not keep its successor waiting.
constexpr Clock::duration kTransactionTimeout = std::chrono::seconds(10);
// Of one flush: less than that.
constexpr Clock::duration kFlushPatience = std::chrono::seconds(8);
// At the start, until it is said what is waited for: leaders that are elected, a coordinator that loads its log,
// brokers that are away.
constexpr Clock::duration kOpenPatience = std::chrono::seconds(10);
// While it runs, until the next try.
constexpr Clock::duration kRenewPatience = std::chrono::seconds(20);
// Of a cluster that may only not have told everything.
constexpr Clock::duration kGonePoll = std::chrono::seconds(2);
constexpr int kGoneLooks = 3;
// Of who waits for a flush before something takes effect.
constexpr Clock::duration kUrgentPatience = std::chrono::seconds(5);
// Of one batch: far below what any broker takes (message.max.bytes is 1 MiB by default).
constexpr size_t kBatchBytesMax = size_t{256} << 10;

std::vector<int32_t> AllPartitions() {
  std::vector<int32_t> partitions;
  for (int32_t i = 0; i < offsets::kChangelogPartitions; ++i) partitions.push_back(i);
  return partitions;
}

bool IsState(const std::string& key) {
  return !key.empty() && (key[0] == offsets::kLoggedPartition || key[0] == offsets::kLoggedRuns);
}

bool ChangesNothing(const offsets::OffsetMap::Changes& changes) {
  return !changes.forget_from.has_value() && !changes.forget_below.has_value() && changes.chunks.empty();
}

// The records of one flush, as rounds of at most one batch for each partition.
class Rounds {
 public:
  void Add(const std::string& key, const std::optional<std::string>& value) {
    std::vector<Part>& parts = by_partition_[offsets::ChangelogPartitionOf(key)];
    const size_t bytes = key.size() + (value.has_value() ? value->size() : 0);
    if (parts.empty() || parts.back().bytes + bytes > kBatchBytesMax) parts.emplace_back();
    parts.back().bytes += bytes;
    parts.back().records.push_back({key, value});
  }
  // Empty: there are no more.
  std::vector<kafka::TransactionalProducer::PartitionRecords> Take(const std::string& topic) {
    std::vector<kafka::TransactionalProducer::PartitionRecords> round;
    for (auto& [partition, parts] : by_partition_) {
      if (next_ < parts.size()) round.push_back({topic, partition, std::move(parts[next_].records)});
    }
    ++next_;
    return round;
  }

 private:
  struct Part {
    size_t bytes = 0;
    std::vector<kafka::NewRecord> records;
  };
  std::map<int32_t, std::vector<Part>> by_partition_;
  size_t next_ = 0;
};

}  // namespace

void Changelog::Batch::AddOlder(Batch older) {
  records.merge(std::move(older.records));
  if (older.since.has_value()) since = older.since;
  older.waiters.insert(older.waiters.end(), std::make_move_iterator(waiters.begin()),
                       std::make_move_iterator(waiters.end()));
  waiters = std::move(older.waiters);
  is_urgent = is_urgent || older.is_urgent;
}

Changelog::Changelog(Options options)
    : options_(std::move(options)),
      io_(1),
      work_(io_.get_executor()),
      cluster_(options_.cluster_name, options_.brokers, options_.connection),
      producer_(cluster_, options_.topic, kTransactionTimeout),
      wake_(io_.get_executor()) {
  cluster_.set_expected_id(options_.connection.cluster_id);
  cluster_.Watch(options_.topic);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "changelog");
    io_.run();
    ended_.Notify();
  });
}

Changelog::~Changelog() { Stop(Clock::duration::zero()); }

void Changelog::Open(Done done) {
  asio::co_spawn(io_, OpenOnLoop(), [done = std::move(done)](const std::exception_ptr& exception, absl::Status opened) {
    kafka::MustNotThrow()(exception);
    done(std::move(opened));
  });
}

// Begins with the producer first: that ends the open transaction of a process that died.
asio::awaitable<absl::Status> Changelog::ReadAll() {
  for (;;) {
    absl::Status read = co_await producer_.Init(kOpenPatience);
    if (read.ok()) {
      std::vector<int32_t> partitions = AllPartitions();
      ChangelogContent nothing;
      absl::StatusOr<ChangelogContent> content =
          co_await ReadChangelog(cluster_, options_.topic, std::move(partitions), std::move(nothing), kOpenPatience);
      if (content.ok()) {
        content_ = *std::move(content);
        co_return absl::OkStatus();
      }
      read = content.status();
    }
    if (stopping_ || !absl::IsUnavailable(read)) co_return read;
    Told(read);
  }
}

asio::awaitable<absl::Status> Changelog::OpenOnLoop() {
  const Clock::time_point begin = Clock::now();
  {
    absl::MutexLock lock(&mutex_);
    flight_since_ = begin;  // until the first flush
  }
  absl::Status read = co_await ReadAll();
  if (!read.ok()) co_return read;
  topic_id_ = cluster_.metadata()->topics.at(options_.topic).id;
  auto ownership = content_.records.find(offsets::LoggedOwnershipKey());
  if (ownership != content_.records.end()) {
    absl::StatusOr<offsets::Ownership> logged = offsets::DecodeLoggedOwnership(ownership->second);
    if (!logged.ok()) co_return Damaged(logged.status());
    logged_ = *logged;
  }
  for (const auto& [key, value] : content_.records) {
    if (!IsState(key)) kept_.emplace(key, value);
  }
  absl::Status readable = states_.Restore(content_.records);
  if (!readable.ok()) co_return Damaged(readable);
  const int64_t took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
  LOG(INFO) << "changelog: " << content_.records.size() << " records of topic " << options_.topic << " read in "
            << took_ms << " ms";
  absl::MutexLock lock(&mutex_);
  restored_ = kept_;
  co_return absl::OkStatus();
}

absl::Status Changelog::Damaged(const absl::Status& why) const {
  return absl::FailedPreconditionError(absl::StrCat(
      "topic ", options_.topic, " on the target belongs to this link and holds something else: ", why.message(),
      ". Delete the topic if no other process copies this link: it is made anew from the "
      "state folder"));
}

void Changelog::Begin(const offsets::Ownership& own, std::vector<Record> records, Done done) {
  Records by_key;
  for (Record& record : records) by_key.insert_or_assign(std::move(record.key), std::move(record.value));
  own_ = own;
  since_ms_ = absl::ToUnixMillis(absl::Now());
  asio::co_spawn(io_, BeginOnLoop(std::move(by_key)),
                 [done = std::move(done)](const std::exception_ptr& exception, absl::Status began) {
                   kafka::MustNotThrow()(exception);
                   done(std::move(began));
                 });
}

asio::awaitable<absl::Status> Changelog::BeginOnLoop(Records records) {
  for (;;) {
    absl::Status sent =
        producer_.state() == kafka::TransactionalProducer::State::kReady ? absl::OkStatus() : co_await Renew();
    if (sent.ok()) sent = co_await Send(&records);
    if (sent.ok()) break;
    const bool may_pass =
        absl::IsUnavailable(sent) || producer_.state() == kafka::TransactionalProducer::State::kFenced;
    if (stopping_ || !may_pass || is_lost_) co_return sent;
    Told(sent);
    co_await kafka::SleepFor(backoff_.Next());
  }
  backoff_.Reset();
  Keep(records);
  absl::Status known = states_.Take(records);
  if (!known.ok()) co_return Damaged(known);
  content_.records.clear();
  Told(absl::OkStatus());
  next_flush_ = Clock::now() + kFlushInterval;
  has_begun_ = true;
  asio::co_spawn(io_, Run(), kafka::MustNotThrow());
  co_return absl::OkStatus();
}

std::map<std::string, std::string> Changelog::Restored(char kind) const {
  absl::MutexLock lock(&mutex_);
  const std::string begin(1, kind);
  const std::string end(1, static_cast<char>(kind + 1));
  return {restored_.lower_bound(begin), restored_.lower_bound(end)};
}

void Changelog::Write(std::vector<Record> records, Done done) {
  bool is_over = false;
  {
    absl::MutexLock lock(&mutex_);
    is_over = is_over_;
    if (!is_over) {
      for (Record& record : records) waiting_.records.insert_or_assign(std::move(record.key), std::move(record.value));
      if (!waiting_.since.has_value()) waiting_.since = Clock::now();
      if (done != nullptr) waiting_.waiters.push_back(std::move(done));
    }
  }
  if (!is_over) return Wake();
  if (done == nullptr) return;
  asio::post(io_, [done = std::move(done)] { done(absl::AbortedError("the changelog is not written any more")); });
}

void Changelog::NoteStates(std::vector<NotedState> states) {
  if (states.empty()) return;
  {
    absl::MutexLock lock(&mutex_);
    if (is_over_) return;
    for (NotedState& each : states) {
      const auto [last, is_first] = last_noted_.try_emplace(each.partition, waiting_.states.size());
      // Where the one before changed nothing in the offset map, this one says all that it did.
      if (!is_first && ChangesNothing(waiting_.states[last->second].state.map)) {
        waiting_.states[last->second] = std::move(each);
        continue;
      }
      last->second = waiting_.states.size();
      waiting_.states.push_back(std::move(each));
    }
    if (!waiting_.since.has_value()) waiting_.since = Clock::now();
  }
  Wake();
}

namespace {

asio::awaitable<void> TellAfter(Clock::duration wait, std::function<void()> tell) {
  co_await kafka::SleepFor(wait);
  tell();
}

}  // namespace

void Changelog::FlushStates(std::function<void()> done) {
  const auto once = std::make_shared<std::function<void()>>(std::move(done));
  const auto tell = [once] {
    if (*once != nullptr) std::exchange(*once, nullptr)();
  };
  Flush([tell](const absl::Status&) { tell(); });
  asio::co_spawn(io_, TellAfter(kUrgentPatience, tell), kafka::MustNotThrow());
}

void Changelog::Flush(Done done) {
  {
    absl::MutexLock lock(&mutex_);
    if (!is_over_) waiting_.is_urgent = true;
  }
  Write({}, std::move(done));
}

void Changelog::Wake() {
  {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(wake_posted_, true)) return;
  }
  asio::post(io_, [this] {
    {
      absl::MutexLock lock(&mutex_);
      wake_posted_ = false;
    }
    wake_.Notify();
  });
}

Changelog::Health Changelog::health() const {
  absl::MutexLock lock(&mutex_);
  Health health = health_;
  health.behind_since = flight_since_.has_value() ? flight_since_ : waiting_.since;
  return health;
}

Changelog::Batch Changelog::TakeWaiting() {
  absl::MutexLock lock(&mutex_);
  last_noted_.clear();
  if (!flight_since_.has_value()) flight_since_ = waiting_.since;
  return std::exchange(waiting_, {});
}

bool Changelog::HasWork() const {
  absl::MutexLock lock(&mutex_);
  return !waiting_.is_empty() || must_look_;
}

bool Changelog::IsWaitedFor() const {
  absl::MutexLock lock(&mutex_);
  return !waiting_.waiters.empty();
}

bool Changelog::IsUrgent() const {
  absl::MutexLock lock(&mutex_);
  return waiting_.is_urgent;
}

// Until something is to be flushed, and may be.
asio::awaitable<void> Changelog::AwaitWork() {
  while (!stopping_) {
    const Clock::time_point now = Clock::now();
    Clock::time_point due = next_flush_;
    if (!flight_.is_empty()) {
      // Tried again after its back-off, however urgent.
    } else if (IsUrgent()) {
      co_return;
    } else if (!HasWork()) {
      due = next_flush_ + (kIdleFlushInterval - kFlushInterval);
    } else if (!IsWaitedFor()) {
      due = std::max(due, next_unhurried_);
    }
    if (now >= due) co_return;
    co_await wake_.Wait(due);
  }
}

asio::awaitable<void> Changelog::Run() {
  while (!stopping_ && !is_lost_) {
    co_await AwaitWork();
    if (stopping_) break;
    const Clock::time_point begin = Clock::now();
    next_flush_ = begin + kFlushInterval;
    absl::Status flushed = co_await FlushOnce();
    const Clock::time_point end = Clock::now();
    next_unhurried_ = end + std::min<Clock::duration>(kPauseMax, kPausePerFlush * (end - begin));
    Told(flushed);
    if (flushed.ok()) {
      backoff_.Reset();
    } else {
      next_flush_ = std::max(next_flush_, Clock::now() + backoff_.Next());
    }
  }
  if (is_lost_) co_return;  // what is still asked of it is answered, until Stop
  if (HasWork() || !flight_.is_empty()) Told(co_await FlushOnce());
  io_.stop();
}

asio::awaitable<absl::Status> Changelog::FlushOnce() {
  Batch batch = TakeWaiting();
  Encode(batch);
  batch.AddOlder(std::exchange(flight_, {}));
  flight_ = std::move(batch);
  if (producer_.state() != kafka::TransactionalProducer::State::kReady) {
    absl::Status renewed = co_await Renew();
    if (!renewed.ok()) co_return renewed;
  }
  ++own_.flush;
  co_await StoreNumber();
  absl::Status made = co_await RemakeIfGone();
  if (!made.ok()) co_return made;
  if (stopping_ && is_lost_) co_return absl::CancelledError("stopped");
  absl::Status sent = co_await Send(&flight_.records);
  must_look_ = !sent.ok();
  if (!sent.ok()) co_return sent;
  Keep(flight_.records);
  for (Done& done : std::exchange(flight_, {}).waiters) done(absl::OkStatus());
  co_return absl::OkStatus();
}

// One transaction: the records, and who writes.
asio::awaitable<absl::Status> Changelog::Send(const Records* records) {
  const Clock::time_point deadline = Clock::now() + kFlushPatience;
  Rounds rounds;
  rounds.Add(offsets::LoggedOwnershipKey(), offsets::EncodeLoggedOwnership(own_, options_.owner, since_ms_));
  for (const auto& [key, value] : *records) rounds.Add(key, value);
  CrashPoint("before-changelog-flush");
  for (;;) {
    std::vector<kafka::TransactionalProducer::PartitionRecords> round = rounds.Take(options_.topic);
    if (round.empty()) break;
    absl::Status produced = co_await producer_.Produce(std::move(round), deadline - Clock::now());
    if (!produced.ok()) co_return produced;
  }
  CrashPoint("before-changelog-commit");
  absl::Status committed = co_await producer_.End(/*commit=*/true, deadline - Clock::now());
  CrashPoint("after-changelog-flush");
  co_return committed;
}

asio::awaitable<void> Changelog::StoreNumber() {
  if (options_.store_flush == nullptr) co_return;
  std::function<void(std::function<void(bool)>)> store = [this](std::function<void(bool)> stored) {
    options_.store_flush(own_, [stored = std::move(stored)] { stored(true); });
  };
  co_await AwaitTold<bool>(std::move(store));
}

asio::awaitable<bool> Changelog::TurnIsOurs() {
  if (options_.ask_turn == nullptr) co_return true;
  std::function<void(std::function<void(bool)>)> ask = options_.ask_turn;
  co_return co_await AwaitTold<bool>(std::move(ask));
}

// A new producer in place of one that failed or was fenced.
asio::awaitable<absl::Status> Changelog::Renew() {
  if (!co_await TurnIsOurs()) {
    co_return absl::UnavailableError(
        absl::StrCat("the changelog's producer is gone, and it is not certain whether this process still has the lock "
                     "of the link"));
  }
  absl::Status began = co_await producer_.Init(kRenewPatience);
  if (!began.ok()) co_return began;
  ChangelogContent tail;
  tail.read_to[0] = content_.read_to[0];
  std::vector<int32_t> first = {0};
  absl::StatusOr<ChangelogContent> content =
      co_await ReadChangelog(cluster_, options_.topic, std::move(first), std::move(tail), kRenewPatience);
  if (absl::IsNotFound(content.status())) {
    must_look_ = true;
    co_return absl::OkStatus();
  }
  if (!content.ok()) co_return content.status();
  content_.read_to[0] = content->read_to[0];
  auto ownership = content->records.find(offsets::LoggedOwnershipKey());
  if (ownership == content->records.end()) co_return absl::OkStatus();  // nothing was written since
  absl::StatusOr<offsets::Ownership> last = offsets::DecodeLoggedOwnership(ownership->second);
  if (!last.ok()) co_return Damaged(last.status());
  if (last->IsOwnerOf(own_) || last->IsOwnerOf(logged_)) co_return absl::OkStatus();
  LOG(WARNING) << "changelog: another process has begun to write topic " << options_.topic;
  Lose();
  co_return absl::AbortedError(absl::StrCat("another process writes topic ", options_.topic, " on the target now"));
}

// A topic that was deleted is made anew, with all that it held.
asio::awaitable<absl::Status> Changelog::RemakeIfGone() {
  if (!must_look_) co_return absl::OkStatus();
  for (int looks = 1;; ++looks) {
    absl::StatusOr<kafka::MetadataSnapshot> metadata = co_await cluster_.FetchMetadata();
    if (!metadata.ok()) co_return metadata.status();
    auto found = (*metadata)->topics.find(options_.topic);
    if (found != (*metadata)->topics.end() && found->second.id == topic_id_) {
      must_look_ = false;
      co_return absl::OkStatus();
    }
    if (found != (*metadata)->topics.end()) break;
    if (looks == kGoneLooks) break;
    co_await kafka::SleepFor(kGonePoll);
  }
  LOG(ERROR) << "topic " << options_.topic << " on the target, in which this link keeps what it knows, was deleted. "
             << "It is made anew from the state folder; leave it to the link";
  absl::Status made = co_await options_.make_topic(cluster_);
  if (!made.ok()) co_return made;
  absl::StatusOr<kafka::MetadataSnapshot> metadata = co_await cluster_.FetchMetadata();
  if (!metadata.ok()) co_return metadata.status();
  auto found = (*metadata)->topics.find(options_.topic);
  if (found == (*metadata)->topics.end())
    co_return absl::UnavailableError(absl::StrCat("topic ", options_.topic, " is not shown yet"));
  absl::Status remembered = RememberAll(flight_.records);
  if (!remembered.ok()) co_return remembered;
  topic_id_ = found->second.id;
  content_.read_to.clear();
  must_look_ = false;
  co_return absl::OkStatus();
}

void Changelog::Encode(Batch& batch) {
  for (const NotedState& each : std::exchange(batch.states, {})) states_.Add(each.partition, each.state, batch.records);
}

// Adds all that the log held to `records`. Of partitions the store knows all that these say, and perhaps more; of the
// rest they say the latest.
absl::Status Changelog::RememberAll(Records& records) {
  for (const auto& [key, value] : kept_) records.try_emplace(key, value);
  if (options_.all_states == nullptr) return absl::OkStatus();
  std::vector<Record> states;
  absl::Status read = options_.all_states(states);
  if (!read.ok()) return read;
  std::erase_if(records, [](const auto& record) { return IsState(record.first); });
  for (Record& state : states) records.try_emplace(std::move(state.key), std::move(state.value));
  return absl::OkStatus();
}

void Changelog::Keep(const Records& records) {
  for (const auto& [key, value] : records) {
    if (IsState(key)) continue;
    if (value.has_value()) {
      kept_.insert_or_assign(key, *value);
    } else {
      kept_.erase(key);
    }
  }
}

void Changelog::Told(const absl::Status& flushed) {
  absl::MutexLock lock(&mutex_);
  if (flushed.ok()) {
    LOG_IF(INFO, !health_.trouble.empty()) << "changelog: it can be written" << (has_begun_ ? " again" : "");
    health_.trouble.clear();
    flight_since_.reset();
    return;
  }
  LOG_IF(WARNING, health_.trouble != flushed.message())
      << "changelog: " << flushed.message()
      << (has_begun_ ? "; copying goes on without it, trying again" : "; the copy begins behind it, trying again");
  health_.trouble = std::string(flushed.message());
}

// Whether the target shows the topic that was read at the start.
bool Changelog::IsThere() const {
  const kafka::MetadataSnapshot metadata = cluster_.metadata();
  if (metadata == nullptr) return true;
  auto found = metadata->topics.find(options_.topic);
  return found != metadata->topics.end() && (found->second.id == topic_id_ || found->second.id == kafka::kNoUuid);
}

void Changelog::UpdateMetadata(kafka::MetadataSnapshot metadata) {
  asio::post(io_, [this, metadata = std::move(metadata)]() mutable {
    cluster_.UpdateMetadata(std::move(metadata));
    if (IsThere() || topic_id_ == kafka::kNoUuid) return;
    must_look_ = true;
    wake_.Notify();
  });
}

void Changelog::Lose() {
  if (std::exchange(is_lost_, true)) return;
  Batch batch = std::exchange(flight_, {});
  {
    absl::MutexLock lock(&mutex_);
    is_over_ = true;
    Batch last = std::exchange(waiting_, {});
    last.AddOlder(std::move(batch));
    batch = std::move(last);
  }
  for (Done& done : batch.waiters) done(absl::AbortedError("another process copies the link now"));
  if (options_.on_lost != nullptr) options_.on_lost();
}

void Changelog::Stop(Clock::duration patience) {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    stopping_ = true;
    wake_.Notify();
    if (!has_begun_ || is_lost_) io_.stop();
  });
  if (!ended_.WaitUntil(Clock::now() + patience)) io_.stop();
  thread_.join();
  Batch batch = TakeWaiting();
  batch.AddOlder(std::exchange(flight_, {}));
  for (Done& done : batch.waiters) done(absl::AbortedError("stopped"));
  cluster_.Close();
}

}  // namespace replicator
