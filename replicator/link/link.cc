#include "replicator/link/link.h"

#include <glog/logging.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "kafka/client/cluster.h"
#include "kafka/net/must_not_throw.h"
#include "offsets/crash_point.h"
#include "replicator/base/exit_code.h"
#include "replicator/base/human.h"
#include "replicator/control/reconciler.h"
#include "replicator/copy/shard.h"
#include "replicator/link/client_options.h"
#include "replicator/link/cluster_pair.h"
#include "replicator/link/freshness.h"
#include "replicator/link/link_groups.h"
#include "replicator/link/recall.h"
#include "replicator/link/topic_notes.h"
#include "replicator/memory/changelog.h"
#include "replicator/memory/link_memory.h"
#include "replicator/ownership/link_topic.h"
#include "replicator/ownership/link_turn.h"
#include "replicator/partition/absence.h"
#include "replicator/serve/console.h"
#include "replicator/serve/link_service.h"
#include "replicator/serve/progress.h"

namespace replicator {
namespace {

// Metadata is read again at least this often (Kafka clients' metadata.max.age.ms).
constexpr Clock::duration kMetadataMaxAge = std::chrono::minutes(1);
// After topics could not be looked for; their interval can be hours.
constexpr Clock::duration kTopicsRetryInterval = std::chrono::seconds(10);
constexpr Clock::duration kProgressInterval = std::chrono::seconds(5);
constexpr Clock::duration kTerminalProgressInterval = std::chrono::seconds(1);
// How long answers that are due are waited for at the end, of the 10 s that service managers give.
constexpr Clock::duration kDrain = std::chrono::seconds(5);
// And how long the event loops may take to end after that.
constexpr Clock::duration kEnd = std::chrono::seconds(2);
// And the last flush of what the link keeps on the target: without it the next process counts a second of records more.
constexpr Clock::duration kLastFlush = std::chrono::seconds(2);
// How long saying good-bye to the link's lock may take after that; else its session ends by itself.
constexpr Clock::duration kLeave = std::chrono::seconds(1);

// The control loop still runs for a moment after the link has ended, to leave the lock: whatever was under way then
// must not go on with shards and a service that are gone.
absl::Status Stopped() { return absl::CancelledError("stopped"); }

class Link {
 public:
  Link(const LinkConfig& config, const RunOptions& options)
      : config_(config),
        options_(options),
        io_(1),
        source_limit_(options.source_bytes_per_second),
        target_limit_(options.target_bytes_per_second),
        stale_(io_.get_executor()),
        topic_notes_(config.topic_filter),
        progress_(Clock::now()) {}

  int Run();
  // Whether Run ended because another process has the link now.
  bool lost_its_turn() const { return lost_its_turn_; }

 private:
  asio::awaitable<void> Main();
  asio::awaitable<absl::Status> Prepare();
  asio::awaitable<absl::Status> DryRun();
  asio::awaitable<absl::Status> OpenClusters();
  asio::awaitable<absl::Status> Identify();
  asio::awaitable<absl::Status> RecallAll();
  asio::awaitable<absl::Status> AwaitTurn();
  void TurnIsOver(const absl::Status& why);
  void LeaveTurn();
  asio::awaitable<absl::Status> Reconcile();
  void TellTopics();
  void TellNoTopics();
  std::map<std::string, std::string> LeftOut();
  void LookAgain(const Absence& absence);
  asio::awaitable<void> Watch();
  asio::awaitable<void> RefreshMetadata(Side side);
  asio::awaitable<void> ShowProgress();
  void ShowTopicsTrouble(const absl::Status& reconciled);
  void Trouble(const char* doing, const absl::Status& why);
  void StartShards();
  void OnProof(const std::string& topic);
  void StartService();
  void StopShards();
  void End(ExitCode code);
  ShardStatus Total() const;
  void LogResult();

  const LinkConfig& config_;
  const RunOptions& options_;
  asio::io_context io_;
  RateLimiter source_limit_;
  RateLimiter target_limit_;
  std::unique_ptr<LinkMemory> memory_;
  std::unique_ptr<kafka::ClusterClient> source_;
  std::unique_ptr<kafka::ClusterClient> target_;
  std::unique_ptr<Reconciler> reconciler_;
  std::vector<Assignment> unsaved_;               // what was found and could not be stored yet
  std::map<std::string, Absence> topic_absence_;  // of those of this and earlier lives
  std::set<std::string> gone_reported_;
  Absence all_topics_absence_;
  Clock::time_point next_topics_;  // when topics are looked for again
  std::optional<Clock::time_point> topics_failing_since_;
  std::unique_ptr<LinkTurn> turn_;
  bool lost_its_turn_ = false;
  Recalled recalled_;
  std::unique_ptr<GroupsLoop> groups_;    // null: groups are not kept in step
  std::unique_ptr<Changelog> changelog_;  // null: nothing is kept
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<LinkService> service_;
  kafka::Signal stale_;
  Freshness metadata_[2];  // by side
  TopicNotes topic_notes_;
  Console console_;
  Progress progress_;
  bool ending_ = false;
  std::optional<ExitCode> exit_code_;
};

int Link::Run() {
  asio::signal_set signals(io_, SIGINT, SIGTERM);
  signals.async_wait([this](const asio::error_code& error, int signal) {
    if (error) return;
    LOG(INFO) << (signal == SIGTERM ? "SIGTERM" : "SIGINT") << ": stopping";
    End(ExitCode::kDone);
  });
  asio::co_spawn(io_, Main(), kafka::MustNotThrow());
  io_.run();
  StopShards();
  if (changelog_ != nullptr) changelog_->Stop(kLastFlush);
  LeaveTurn();
  if (memory_ != nullptr) memory_->Close();
  LogResult();
  const int code = static_cast<int>(exit_code_.value_or(ExitCode::kDone));
  if (code == 0 && !Total().quarantined.empty()) return static_cast<int>(ExitCode::kQuarantined);
  return code;
}

void Link::End(ExitCode code) {
  if (std::exchange(ending_, true)) return;
  exit_code_ = code;
  io_.stop();
}

asio::awaitable<void> Link::Main() {
  absl::Status prepared = co_await Prepare();
  if (ending_) co_return;
  if (!prepared.ok()) {
    LOG(ERROR) << prepared.message();
    End(prepared.code() == absl::StatusCode::kAborted ? ExitCode::kWrongCluster : ExitCodeFor(prepared));
    co_return;
  }
  asio::co_spawn(io_, ShowProgress(), kafka::MustNotThrow());
  co_await Watch();
}

asio::awaitable<absl::Status> Link::Prepare() {
  if (options_.dry_run) co_return co_await DryRun();
  absl::StatusOr<std::unique_ptr<LinkMemory>> memory =
      options_.without_store ? LinkMemory::WithoutStore(options_.state_dir) : LinkMemory::Open(options_.state_dir);
  if (!memory.ok()) co_return memory.status();
  memory_ = *std::move(memory);
  absl::Status opened = co_await OpenClusters();
  if (!opened.ok()) co_return opened;
  absl::Status identified = co_await Identify();
  if (!identified.ok()) co_return identified;
  if (ending_) co_return Stopped();
  CrashPoint("after-identity");
  StartShards();
  absl::Status reconciled = co_await Reconcile();
  if (!absl::IsUnavailable(reconciled)) co_return reconciled;
  // Both clusters have answered before. A broker that fails now is no reason to end.
  Trouble("looking for topics", reconciled);
  next_topics_ = Clock::now() + kTopicsRetryInterval;
  co_return absl::OkStatus();
}

// What a run would do, told and not done. FailedPrecondition when topics would be left out.
asio::awaitable<absl::Status> Link::DryRun() {
  absl::Status opened = co_await OpenClusters();
  if (!opened.ok()) co_return opened;
  reconciler_ = std::make_unique<Reconciler>(config_, options_, *source_, *target_);
  absl::StatusOr<std::map<std::string, offsets::TopicRecord>> copied = LinkMemory::TopicsIn(options_.state_dir);
  if (!copied.ok()) co_return copied.status();
  for (const auto& [topic, record] : *copied) reconciler_->RememberCopied(topic);
  absl::StatusOr<std::vector<Assignment>> assignments = co_await reconciler_->Reconcile();
  if (!assignments.ok()) co_return assignments.status();
  TellTopics();
  const size_t faults = reconciler_->faults().size();
  const size_t alarms = reconciler_->alarms().size();
  LOG(INFO) << "dry run: " << assignments->size() << " partitions of topics that the target has would be copied; "
            << faults << " topics would be left out; " << alarms
            << " would be copied although something is wrong; nothing was changed";
  if (faults > 0) co_return absl::FailedPreconditionError(absl::StrCat(faults, " topics would be left out, see above"));
  End(ExitCode::kDone);
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Link::OpenClusters() {
  absl::StatusOr<std::vector<kafka::Endpoint>> source = kafka::ParseEndpoints(config_.source.bootstrap_servers);
  if (!source.ok()) co_return source.status();
  absl::StatusOr<std::vector<kafka::Endpoint>> target = kafka::ParseEndpoints(config_.target.bootstrap_servers);
  if (!target.ok()) co_return target.status();
  source_ = std::make_unique<kafka::ClusterClient>(absl::StrCat("source cluster ", config_.source.alias), *source,
                                                   ClientOptions(config_, kafka::BrokerUse::kConsume));
  target_ = std::make_unique<kafka::ClusterClient>(absl::StrCat("target cluster ", config_.target.alias), *target,
                                                   ClientOptions(config_, kafka::BrokerUse::kProduce));
  source_->set_expected_id(config_.source.cluster_id);
  target_->set_expected_id(config_.target.cluster_id);
  absl::StatusOr<kafka::MetadataSnapshot> from = co_await source_->FetchMetadata();
  if (!from.ok()) co_return from.status();
  absl::StatusOr<kafka::MetadataSnapshot> to = co_await target_->FetchMetadata();
  if (!to.ok()) co_return to.status();
  absl::Status two = CheckSides(config_, **from, **to);
  if (!two.ok()) co_return two;
  if (options_.dry_run && CompareSides(**from, **to).sides == Sides::kNotTold)
    LOG(WARNING) << "both clusters have the id " << (*from)->cluster_id
                 << ". The first run makes the link's topic on the target, and ends if the source shows it as well";
  LOG(INFO) << "caps: source " << HumanCap(options_.source_bytes_per_second) << ", target "
            << HumanCap(options_.target_bytes_per_second) << "; quotas apply to client.id "
            << ClientOptions(config_, kafka::BrokerUse::kConsume).client_id;
  LOG(INFO) << "link " << config_.Name() << ": from cluster " << (*from)->cluster_id << " (" << (*from)->brokers.size()
            << " brokers) to cluster " << (*to)->cluster_id << " (" << (*to)->brokers.size() << " brokers)";
  co_return absl::OkStatus();
}

// The link's clusters, the turn to copy, and what is known.
asio::awaitable<absl::Status> Link::Identify() {
  offsets::LinkRecord link;
  link.source_cluster_id = source_->metadata()->cluster_id;
  link.target_cluster_id = target_->metadata()->cluster_id;
  link.isolation_level = IsolationName(config_.isolation_level);
  absl::Status known = memory_->Recognise(link, config_.file_name);
  if (!known.ok()) co_return known;
  StartService();
  known = co_await AwaitTurn();
  if (!known.ok()) co_return known;
  if (ending_) co_return Stopped();
  co_return co_await RecallAll();
}

asio::awaitable<absl::Status> Link::RecallAll() {
  absl::Status ensured = co_await EnsureLinkTopic(*target_, LinkTopic(config_.source.alias, config_.target.alias),
                                                  config_.replication_factor);
  if (!ensured.ok()) co_return ensured;
  absl::Status two = co_await CheckLinkTopic(config_, *source_, *target_);
  if (!two.ok()) co_return two;
  if (ending_) co_return Stopped();
  absl::StatusOr<Recalled> recalled = absl::CancelledError();
  if (memory_->store() == nullptr) {
    recalled = co_await RecallNothing(config_, *source_, *target_);
  } else {
    Changelog::Options options = ChangelogOptions(config_, *target_, *memory_);
    options.ask_turn = [this](std::function<void(bool)> told) { turn_->AskIfStillOurs(std::move(told)); };
    options.on_lost = [this] {
      asio::post(io_, [this] {
        if (!ending_) TurnIsOver(absl::OkStatus());
      });
    };
    changelog_ = std::make_unique<Changelog>(std::move(options));
    service_->SetChangelog(changelog_.get());
    recalled = co_await Recall(config_, *source_, *target_, *memory_, *changelog_);
    memory_->SetLog(changelog_.get());
  }
  if (!recalled.ok()) co_return recalled.status();
  recalled_ = *std::move(recalled);
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Link::AwaitTurn() {
  kafka::ConnectionOptions connection =
      ClientOptions(config_, kafka::BrokerUse::kProduce, target_->metadata()->cluster_id);
  turn_ = std::make_unique<LinkTurn>(
      io_.get_executor(), config_, std::move(connection), *target_, *memory_,
      [this](const absl::Status& why) { TurnIsOver(why); },
      [this](const std::string& text, bool is_known) {
        if (service_ != nullptr) service_->SetStandby(text, is_known);
      });
  co_return co_await turn_->Await();
}

void Link::TurnIsOver(const absl::Status& why) {
  lost_its_turn_ = why.ok();
  if (!why.ok()) LOG(ERROR) << why.message();
  End(why.ok() ? ExitCode::kDone : ExitCodeFor(why));
}

void Link::LeaveTurn() {
  if (turn_ == nullptr) return;
  io_.restart();
  turn_->Stop([this] { io_.stop(); });
  io_.run_for(kLeave);
}

void Link::StartShards() {
  const int count = std::max(1, options_.shards);
  for (int i = 0; i < count; ++i) {
    Shard::Options options;
    options.index = i;
    options.buffer_bytes_max = static_cast<size_t>(options_.buffer_bytes_max / count);
    options.runs_max = offsets::kRunsMax / static_cast<size_t>(count);
    options.source.connection = ClientOptions(config_, kafka::BrokerUse::kConsume, source_->metadata()->cluster_id);
    options.source.isolation_level = config_.isolation_level;
    options.source.limit = &source_limit_;
    options.target_limit = &target_limit_;
    options.produce_connections_max = options_.produce_connections_max;
    options.target = ClientOptions(config_, kafka::BrokerUse::kProduce, target_->metadata()->cluster_id);
    options.partition.producer = recalled_.producer;
    options.partition.stores_intents = memory_->store() != nullptr;
    options.store = memory_->store();
    options.log = changelog_.get();
    options.state_dir = options_.state_dir;
    options.accept_ids = [this](const Assignment& accepted, std::function<void(absl::Status)> then) {
      asio::post(io_, [this, accepted, then = std::move(then)] { then(memory_->Accept(accepted)); });
    };
    options.on_proof = [this](const std::string& topic) { asio::post(io_, [this, topic] { OnProof(topic); }); };
    options.partition.in_flight_max = options_.in_flight_max;
    if (recalled_.is_current) options.partition.counted_max = Partition::kCountedMaxOfCurrent;
    shards_.push_back(std::make_unique<Shard>(std::move(options), [this](Side side) {
      asio::post(io_, [this, side] {
        metadata_[static_cast<int>(side)].Want();
        stale_.Notify();
      });
    }));
    shards_.back()->Start();
  }
  reconciler_ = std::make_unique<Reconciler>(config_, options_, *source_, *target_);
  for (const auto& [topic, record] : memory_->topics()) {
    if (memory_->HasBegun(topic)) reconciler_->RememberCopied(topic);
    source_->Watch(topic);
  }
  std::vector<Shard*> shards;
  for (const std::unique_ptr<Shard>& shard : shards_) shards.push_back(shard.get());
  groups_ = StartGroups(config_, *source_->metadata(), *target_->metadata(), shards, changelog_.get(), turn_->pulse());
  service_->SetShards(std::move(shards), groups_.get());
}

// Looks at once for what the topic lacks on the target.
void Link::OnProof(const std::string& topic) {
  reconciler_->RememberCopied(topic);
  next_topics_ = Clock::now();
  stale_.Notify();
}

// For commands; the copy goes on without it.
void Link::StartService() {
  LinkService::Options options;
  options.folder = options_.state_dir;
  options.link.link = config_.Name();
  options.link.source_cluster_id = source_->metadata()->cluster_id;
  options.link.target_cluster_id = target_->metadata()->cluster_id;
  options.store = memory_->store();
  service_ = std::make_unique<LinkService>(std::move(options));
  if (const absl::Status started = service_->Start(); !started.ok())
    LOG(WARNING) << started.message() << "; status and resume cannot reach this process";
}

asio::awaitable<absl::Status> Link::Reconcile() {
  next_topics_ = config_.refresh_topics_enabled
                     ? Clock::now() + absl::ToChronoNanoseconds(config_.refresh_topics_interval)
                     : Clock::time_point::max();
  absl::StatusOr<std::vector<Assignment>> found = co_await reconciler_->Reconcile();
  if (!found.ok()) co_return found.status();
  if (ending_) co_return Stopped();
  for (Assignment& assignment : *found) unsaved_.push_back(std::move(assignment));
  absl::Status completed = memory_->Complete(unsaved_);
  TellTopics();
  const std::set<std::string>& by_rule = topic_notes_.left_out_by_rule();
  service_->SetLeftOut(LeftOut(), {by_rule.begin(), by_rule.end()});
  service_->SetAlarms(reconciler_->alarms());
  if (reconciler_->look_again_in().has_value())
    next_topics_ = std::min(next_topics_, Clock::now() + *reconciler_->look_again_in());
  if (!completed.ok()) co_return completed;
  std::vector<Assignment> assignments = std::exchange(unsaved_, {});
  CrashPoint("after-topics");
  std::vector<std::vector<Assignment>> by_shard(shards_.size());
  const size_t count = assignments.size();
  for (Assignment& assignment : assignments) {
    source_->Watch(assignment.source_topic);
    assignment.begin_at =
        recalled_.start.Of(assignment.source_topic, assignment.source_topic_id, assignment.partition).value_or(-1);
    const size_t shard = absl::HashOf(assignment.source_topic, assignment.partition) % shards_.size();
    by_shard[shard].push_back(std::move(assignment));
  }
  for (size_t i = 0; i < shards_.size(); ++i) {
    shards_[i]->UpdateMetadata(Side::kSource, source_->metadata());
    shards_[i]->UpdateMetadata(Side::kTarget, target_->metadata());
    if (!by_shard[i].empty()) shards_[i]->Assign(std::move(by_shard[i]));
    shards_[i]->UpdateTopics(reconciler_->facts());
  }
  if (count > 0)
    LOG(INFO) << "copying " << reconciler_->topics() << " topics; " << count << " partitions are new to this process";
  TellNoTopics();
  co_return absl::OkStatus();
}

void Link::TellTopics() {
  std::vector<std::string> topics;
  for (const auto& [name, topic] : source_->metadata()->topics) {
    if (!topic.is_internal) topics.push_back(name);
  }
  for (const std::string& sentence : topic_notes_.Look(topics)) LOG(WARNING) << sentence;
}

void Link::TellNoTopics() {
  const bool is_gone = all_topics_absence_.IsGone(!source_->metadata()->topics.empty(), Clock::now());
  if (!all_topics_absence_.is_there() && !is_gone) return LookAgain(all_topics_absence_);
  if (reconciler_->topics() == 0)
    LOG(WARNING) << "no topic of the source is to be copied: see topics and topics.exclude in " << config_.file_name;
}

// Topics that are not copied, and why; also those of earlier lives that the source does not show any more.
std::map<std::string, std::string> Link::LeftOut() {
  std::map<std::string, std::string> ended;
  std::map<std::string, std::string> left_out = reconciler_->faults();
  left_out.insert(memory_->refused().begin(), memory_->refused().end());
  for (const auto& [topic, record] : memory_->topics()) {
    if (topic_notes_.left_out_by_rule().contains(topic))
      left_out.try_emplace(topic, absl::StrCat("it was copied so far, and ", kHowToHaveThem, " from now on"));
    if (config_.topic_filter.Decide(topic) != policy::TopicDecision::kCopy) continue;
    Absence& absence = topic_absence_[topic];
    if (!absence.IsGone(source_->metadata()->topics.contains(topic), Clock::now())) {
      if (absence.is_there()) gone_reported_.erase(topic);
      LookAgain(absence);
      continue;
    }
    if (source_->metadata()->deleted.contains(topic)) {
      if (gone_reported_.insert(topic).second) LOG(WARNING) << "topic " << topic << " has ended: " << kEndedText;
      ended.try_emplace(topic, kEndedText);
      continue;
    }
    constexpr char kHidden[] =
        "the source does not show it any more, and does not say that it was deleted: this link's user has lost "
        "DESCRIBE on it. Give the right back, or exclude the topic; what was copied stays";
    if (gone_reported_.insert(topic).second) LOG(WARNING) << "topic " << topic << " is not copied: " << kHidden;
    left_out.try_emplace(topic, kHidden);
  }
  service_->SetEnded(std::move(ended));
  return left_out;
}

// What is missing now may be there soon: the interval in which topics are looked for can be hours.
void Link::LookAgain(const Absence& absence) {
  if (absence.tells_at().has_value()) next_topics_ = std::min(next_topics_, *absence.tells_at());
}

// Metadata when it is stale or old, topics in their interval.
asio::awaitable<void> Link::Watch() {
  Clock::time_point next_metadata = Clock::now() + kMetadataMaxAge;
  while (!ending_) {
    const Clock::time_point due = std::min({next_topics_, next_metadata, metadata_[0].due(), metadata_[1].due()});
    if (Clock::now() < due) {
      co_await stale_.Wait(due);
      if (ending_) co_return;
      continue;
    }
    const Clock::time_point now = Clock::now();
    if (now >= next_topics_) {
      absl::Status reconciled = co_await Reconcile();
      if (ending_) co_return;
      ShowTopicsTrouble(reconciled);
      if (!reconciled.ok()) {
        next_topics_ = std::min(next_topics_, Clock::now() + kTopicsRetryInterval);
        Trouble("looking for new topics", reconciled);
      }
    }
    const bool old = now >= next_metadata;
    if (old) next_metadata = now + kMetadataMaxAge;
    for (Side side : {Side::kSource, Side::kTarget}) {
      if (old || Clock::now() >= metadata_[static_cast<int>(side)].due()) co_await RefreshMetadata(side);
      if (ending_) co_return;
    }
    co_await kafka::SleepFor(Freshness::kIntervalMin);
  }
}

// What lasts for as long as a partition may stand still can be seen in the status, too.
void Link::ShowTopicsTrouble(const absl::Status& reconciled) {
  if (reconciled.ok()) {
    topics_failing_since_.reset();
    return service_->SetTopicsTrouble("");
  }
  const Clock::time_point now = Clock::now();
  if (!topics_failing_since_.has_value()) topics_failing_since_ = now;
  if (now - *topics_failing_since_ >= std::chrono::seconds(kStalledAfterSeconds))
    service_->SetTopicsTrouble(std::string(reconciled.message()));
}

// What passes is tried again; another cluster in the place of ours ends the link.
void Link::Trouble(const char* doing, const absl::Status& why) {
  if (ending_) return;
  if (!absl::IsAborted(why)) {
    LOG_EVERY_N(WARNING, 5) << doing << ": " << why.message() << "; trying again";
    return;
  }
  LOG(ERROR) << why.message();
  End(ExitCode::kWrongCluster);
}

asio::awaitable<void> Link::RefreshMetadata(Side side) {
  kafka::ClusterClient& cluster = side == Side::kSource ? *source_ : *target_;
  Freshness& metadata = metadata_[static_cast<int>(side)];
  metadata.OnAsked();
  const kafka::MetadataSnapshot before = cluster.metadata();
  absl::StatusOr<kafka::MetadataSnapshot> snapshot = co_await cluster.FetchMetadata();
  if (ending_) co_return;
  metadata.OnAnswer(Clock::now(), snapshot.ok() && !(*snapshot)->TellsTheSame(*before));
  if (!snapshot.ok()) {
    metadata.Want();
    Trouble("reading metadata", snapshot.status());
    co_return;
  }
  const absl::Status two = CheckSides(config_, *source_->metadata(), *target_->metadata());
  if (!two.ok()) co_return Trouble("reading metadata", two);
  if (side == Side::kTarget && turn_ != nullptr) turn_->UpdateMetadata(*snapshot);
  if (side == Side::kTarget && changelog_ != nullptr) changelog_->UpdateMetadata(*snapshot);
  for (const std::unique_ptr<Shard>& shard : shards_) shard->UpdateMetadata(side, *snapshot);
}

ShardStatus Link::Total() const {
  ShardStatus total;
  for (const std::unique_ptr<Shard>& shard : shards_) total.Add(shard->status());
  return total;
}

asio::awaitable<void> Link::ShowProgress() {
  std::string last;
  while (!ending_) {
    co_await kafka::SleepFor(console_.is_terminal() ? kTerminalProgressInterval : kProgressInterval);
    progress_.Observe(Total(), Clock::now());
    std::string line = progress_.Line(reconciler_->topics(), static_cast<int>(reconciler_->faults().size()));
    if (groups_ != nullptr) absl::StrAppend(&line, groups_->progress());
    console_.ShowProgress(line);
    if (!console_.is_terminal() && line != last) LOG(INFO) << line;  // an idle link says it once
    last = std::move(line);
  }
}

void Link::StopShards() {
  const Clock::time_point deadline = Clock::now() + kDrain + kEnd;
  if (groups_ != nullptr) groups_->Stop();
  for (const std::unique_ptr<Shard>& shard : shards_) shard->Stop(kDrain);
  // A client that sends nothing can hold it for seconds: meanwhile the shards wait for their answers.
  if (service_ != nullptr) service_->Stop();
  for (const std::unique_ptr<Shard>& shard : shards_) {
    if (!shard->Join(deadline))
      LOG(FATAL)
          << "internal error: a shard is stuck and cannot be ended; ending the process. It goes on from its state "
             "folder when it is started again";
  }
}

void Link::LogResult() {
  if (shards_.empty()) return;
  const ShardStatus total = Total();
  LOG(INFO) << "stopped: " << WithCommas(total.records_copied) << " records, "
            << HumanBytes(static_cast<double>(total.bytes_copied)) << " copied by this run; "
            << WithCommas(total.lag_records)
            << " records left; payload bytes copied in user space: " << kafka::PayloadBytesCopied();
  for (const QuarantinedPartition& partition : total.quarantined) {
    LOG(ERROR) << partition.name << " is quarantined (" << QuarantineCodeName(partition.quarantine.code)
               << "): " << partition.quarantine.reason;
  }
}

}  // namespace

int RunLink(const LinkConfig& config, const RunOptions& options) {
  for (;;) {
    Link link(config, options);
    const int code = link.Run();
    if (!link.lost_its_turn()) return code;
    LOG(INFO) << "another process copies this link now; waiting for the next turn";
  }
}

}  // namespace replicator
