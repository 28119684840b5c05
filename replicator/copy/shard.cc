#include "replicator/copy/shard.h"

#include <glog/logging.h>
#include <pthread.h>

#include <algorithm>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/net/must_not_throw.h"

namespace replicator {
namespace {

constexpr Clock::duration kDrainPoll = std::chrono::milliseconds(10);
constexpr Clock::duration kTick = std::chrono::milliseconds(250);
// What a loop that is ended may take for the handler that it is in: they all take less than a few milliseconds.
constexpr Clock::duration kLastHandler = std::chrono::milliseconds(500);
// How long bytes of a closed connection may lie in a broker before it reads them. A new producer id is no barrier
// against a batch of the old one, so it is not taken any earlier.
constexpr Clock::duration kOldRequestLife = std::chrono::seconds(10);
// The budget is shared between the sources: each may have one response on the wire while another is being sent on.
constexpr int64_t kResponsesPerSource = 2;
constexpr int64_t kResponsesPerSecondMin = 4;

Leader LeaderOf(const kafka::MetadataSnapshot& metadata, const std::string& topic, int32_t partition) {
  if (metadata == nullptr) return {};
  const kafka::PartitionMetadata* found = metadata->FindPartition(topic, partition);
  if (found == nullptr || !metadata->brokers.contains(found->leader_id)) return {};
  return {found->leader_id, found->leader_epoch, found->leader_epoch};
}

bool IsGone(const kafka::MetadataSnapshot& metadata, const std::string& topic, Absence& absence) {
  return metadata != nullptr && absence.IsGone(metadata->topics.contains(topic), Clock::now());
}

// The topic has another id than the one that was assigned: it was deleted and made anew.
bool IsAnotherTopic(const kafka::MetadataSnapshot& metadata, const std::string& topic, const kafka::Uuid& assigned) {
  if (metadata == nullptr || assigned == kafka::kNoUuid) return false;
  auto found = metadata->topics.find(topic);
  return found != metadata->topics.end() && found->second.id != kafka::kNoUuid && found->second.id != assigned;
}

}  // namespace

void ShardStatus::Add(const ShardStatus& other) {
  partitions += other.partitions;
  begun += other.begun;
  ended += other.ended;
  caught_up += other.caught_up;
  stalled += other.stalled;
  records_copied += other.records_copied;
  bytes_copied += other.bytes_copied;
  lag_records += other.lag_records;
  records_lost += other.records_lost;
  memory_used += other.memory_used;
  quarantined.insert(quarantined.end(), other.quarantined.begin(), other.quarantined.end());
  for (const std::string& why : other.waiting) {
    if (waiting.size() < kWaitingMax) waiting.push_back(why);
  }
}

Shard::SourceDesk::SourceDesk(Shard& shard, int32_t broker, const kafka::Endpoint& endpoint)
    : source(shard.io_.get_executor(), broker, endpoint, shard.options_.source, shard.memory_, shard),
      locator(shard.io_.get_executor(), broker, endpoint,
              {shard.options_.source.connection, shard.options_.source.isolation_level,
               [limit = shard.options_.source.limit](int64_t bytes) { return limit->Book(bytes, Clock::now()); }},
              shard) {}

Shard::TargetDesk::TargetDesk(Shard& shard, int32_t broker, const kafka::Endpoint& endpoint)
    : connections(shard.options_.produce_connections_max),
      settler(shard.io_.get_executor(), broker, endpoint, shard.options_.target, shard) {
  sinks.push_back(std::make_unique<Sink>(shard.io_.get_executor(), broker, endpoint, shard.options_.target,
                                         *shard.options_.target_limit, shard));
}

void Shard::TargetDesk::Stop() {
  for (const std::unique_ptr<Sink>& sink : sinks) sink->Stop();
  settler.Stop();
}

bool Shard::TargetDesk::NeedsConnection(Clock::time_point now) {
  int saturated = 0;
  int64_t bytes_sent = 0;
  for (const std::unique_ptr<Sink>& sink : sinks) {
    if (sink->stalled()) {
      connections.Forget();
      return false;
    }
    if (sink->saturated()) ++saturated;
    bytes_sent += sink->bytes_sent();
  }
  return connections.Look(now, saturated, bytes_sent);
}

Shard::Shard(Options options, std::function<void(Side)> on_stale)
    : options_(std::move(options)),
      on_stale_(std::move(on_stale)),
      io_(1),
      work_(io_.get_executor()),
      memory_(io_.get_executor(), options_.buffer_bytes_max),
      keeper_(io_.get_executor(), options_.store, options_.log, [this](Stream& stream) { Changed(stream); }),
      ticked_(io_.get_executor()) {}

Shard::~Shard() { CHECK(!thread_.joinable()); }

void Shard::Start() {
  Spawn(Tick());
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), absl::StrCat("shard-", options_.index).c_str());
    io_.run();
    ended_.Notify();
  });
}

bool Shard::Join(Clock::time_point deadline) {
  if (!thread_.joinable()) return true;
  if (!ended_.WaitUntil(deadline)) {
    LOG(ERROR) << "shard " << options_.index << " does not end by itself; ending it";
    io_.stop();
    if (!ended_.WaitUntil(std::max(deadline, Clock::now()) + kLastHandler)) return false;
  }
  thread_.join();
  return true;
}

void Shard::Assign(std::vector<Assignment> assignments) {
  asio::post(io_, [this, assignments = std::move(assignments)]() mutable { AddStreams(std::move(assignments)); });
}

void Shard::UpdateMetadata(Side side, kafka::MetadataSnapshot snapshot) {
  asio::post(io_, [this, side, snapshot = std::move(snapshot)]() mutable {
    if (stopping_) return;
    (side == Side::kSource ? source_metadata_ : target_metadata_) = std::move(snapshot);
    for (Member& member : members_) Reroute(member);
    NoteLeaderless();
  });
}

void Shard::AddStreams(std::vector<Assignment> assignments) {
  if (stopping_) return;
  for (Assignment& assignment : assignments) {
    Member& member = members_.emplace_back();
    Partition::Options partition = options_.partition;
    partition.is_compacted = assignment.facts.is_compacted;
    partition.target_has_id = assignment.target_topic_id != kafka::kNoUuid;
    member.stream = std::make_unique<Stream>(std::move(assignment), partition);
    member_of_[member.stream.get()] = &member;
    member_by_name_[{member.stream->assignment.source_topic, member.stream->assignment.partition}] = &member;
    member.stream->tombstones.Begin(absl::ToUnixMillis(absl::Now()));
    Restore(*member.stream);
    const TopicFacts facts = member.stream->assignment.facts;
    TakeFacts(*member.stream, facts);
    Reroute(member);
  }
  NoteLeaderless();
}

// Goes on where an earlier process stood.
void Shard::Restore(Stream& stream) {
  if (stream.assignment.stored == nullptr) return;
  // Its map can be large, and is in the partition from here on.
  const std::shared_ptr<const offsets::PartitionState> stored = std::exchange(stream.assignment.stored, nullptr);
  const offsets::PartitionState& state = *stored;
  stream.Restore(state);
  if (state.current_at_ms > 0) stream.tombstones.Begin(state.current_at_ms);
  if (!state.resume_from.empty()) {
    stream.resume.emplace();
    stream.resume->request = {stream.assignment.source_topic, stream.assignment.partition, state.resume_from, true};
  }
  if (!state.quarantine.has_value()) return;
  stream.quarantined_since_ms = state.quarantine->since_ms;
  stream.partition.PutInQuarantine(ParseQuarantineCode(state.quarantine->code).value_or(QuarantineCode::kTargetNotOurs),
                                   state.quarantine->reason);
}

void Shard::NoteLeaderless() {
  int partitions[2] = {0, 0};
  for (const Member& member : members_) {
    if (member.stream->partition.quarantined()) continue;
    if (member.source == nullptr) ++partitions[static_cast<int>(Side::kSource)];
    if (member.target == nullptr) ++partitions[static_cast<int>(Side::kTarget)];
  }
  for (Side side : {Side::kSource, Side::kTarget}) {
    Leaderless& leaderless = leaderless_[static_cast<int>(side)];
    const int now = partitions[static_cast<int>(side)];
    if (std::exchange(leaderless.partitions, now) != now) leaderless.pace.OnChange();
  }
}

// A target broker that hangs will soon lead no more.
void Shard::AskForLeaders(Clock::time_point now) {
  const bool target_hangs = std::any_of(target_desks_.begin(), target_desks_.end(), [](const auto& desk) {
    return std::any_of(desk.second->sinks.begin(), desk.second->sinks.end(),
                       [](const auto& sink) { return sink->stalled(); });
  });
  for (Side side : {Side::kSource, Side::kTarget}) {
    Leaderless& leaderless = leaderless_[static_cast<int>(side)];
    const bool waits = leaderless.partitions > 0 || (side == Side::kTarget && target_hangs);
    if (!waits || now < leaderless.pace.next()) continue;
    leaderless.pace.OnAsked(now);
    MetadataIsStale(side);
  }
}

void Shard::Spawn(asio::awaitable<void> coroutine) {
  asio::cancellation_signal& cancellation = cancellations_.emplace_back();
  asio::co_spawn(io_, std::move(coroutine), asio::bind_cancellation_slot(cancellation.slot(), kafka::MustNotThrow()));
}

void Shard::Reroute(Member& member) {
  CheckTopicsAreThere(*member.stream);
  CheckTopicIds(*member.stream);
  RerouteSource(member);
  RerouteTarget(member);
  Changed(*member.stream);
}

// What was only hidden (from a user whose rights were taken) goes on by itself once it is seen again.
void Shard::CheckTopicsAreThere(Stream& stream) {
  const Assignment& assignment = stream.assignment;
  const bool source_is_gone = IsGone(source_metadata_, assignment.source_topic, stream.source_absence);
  const bool target_is_gone = IsGone(target_metadata_, assignment.target_topic, stream.target_absence);
  const bool waits_for_source =
      stream.partition.has_ended() || stream.partition.IsQuarantinedFor(QuarantineCode::kSourceHidden);
  const bool waits_for_target = stream.partition.IsQuarantinedFor(QuarantineCode::kTargetDeleted);
  const bool is_back = (waits_for_source && source_metadata_ != nullptr && stream.source_absence.is_there()) ||
                       (waits_for_target && target_metadata_ != nullptr && stream.target_absence.is_there());
  if (is_back) {
    LOG(INFO) << stream.Name() << ": its topic is there again; looking whether it is the one that was copied";
    stream.ForgetQuarantine();
    stream.CheckAgain();
  }
  if (source_is_gone) OnSourceGone(stream);
  if (target_is_gone) {
    stream.partition.PutInQuarantine(
        QuarantineCode::kTargetDeleted,
        absl::StrCat("the target does not show topic ", assignment.target_topic,
                     " any more: it was deleted there, or this link's user has lost DESCRIBE on it. Exclude the topic "
                     "if it is not wanted, or give the right back and it goes on by itself"));
  }
}

void Shard::OnSourceGone(Stream& stream) {
  const std::string& topic = stream.assignment.source_topic;
  if (source_metadata_->deleted.contains(topic)) return End(stream);
  stream.partition.PutInQuarantine(
      QuarantineCode::kSourceHidden,
      absl::StrCat(
          "the source does not show topic ", topic,
          " any more, and does not say that it was deleted: this link's user has lost DESCRIBE on it. Give the "
          "right back and it goes on by itself, or exclude the topic; what was copied stays"));
}

// Whatever was wrong with it before matters no more.
void Shard::End(Stream& stream) {
  Partition& partition = stream.partition;
  if (partition.has_ended()) return;
  if (partition.queue_bytes() > 0 || partition.in_flight()) return;  // what was read is still on its way
  if (partition.quarantined()) {
    stream.ForgetQuarantine();
    stream.CheckAgain();
  }
  const bool is_known = partition.has_place() && stream.source_end >= 0;
  const int64_t left = is_known ? std::max<int64_t>(0, stream.source_end - partition.position().value) : 0;
  std::string copied;
  if (!is_known) {
    copied = "How much of it was not copied is not known";
  } else if (left == 0) {
    copied =
        absl::StrCat("All that the source had when it was asked last, up to offset ", stream.source_end, ", is copied");
  } else {
    copied = absl::StrCat("LOST: offsets ", partition.position().value, " to ", stream.source_end - 1, ", ", left,
                          " of them, which the source had when it was asked last, are not copied");
  }
  partition.End(is_known ? std::optional<int64_t>(stream.source_end) : std::nullopt,
                absl::StrCat("topic ", stream.assignment.source_topic,
                             " was deleted at the source; its copy stays on the target. ", copied));
}

void Shard::CheckTopicIds(Stream& stream) {
  const Assignment& assignment = stream.assignment;
  if (IsAnotherTopic(source_metadata_, assignment.source_topic, assignment.source_topic_id)) {
    stream.partition.PutInQuarantine(
        QuarantineCode::kSourceRecreated,
        absl::StrCat("topic ", assignment.source_topic,
                     " was deleted and made anew at the source. Exclude the topic to keep the old copy. ", kCopyAnew));
  }
  if (IsAnotherTopic(target_metadata_, assignment.target_topic, assignment.target_topic_id)) {
    stream.partition.PutInQuarantine(QuarantineCode::kTargetRecreated,
                                     absl::StrCat("topic ", assignment.target_topic,
                                                  " was deleted and made anew at the target: what was copied is gone"));
  }
}

void Shard::RerouteSource(Member& member) {
  Stream& stream = *member.stream;
  Leader leader = LeaderOf(source_metadata_, stream.assignment.source_topic, stream.assignment.partition);
  // Else nothing would be read while the source reassigns the partition. A source without epochs is no worse.
  if (source_metadata_ != nullptr && !source_metadata_->leader_epochs_are_current) leader.fence = -1;
  SourceDesk* desk = leader.broker < 0 ? nullptr : SourceDeskFor(leader.broker);
  if (leader.epoch != stream.source_leader.epoch) stream.fetch_not_before = {};
  // The same broker at another address may have another disk.
  const bool has_moved = member.source != nullptr && desk != member.source;
  if (leader != stream.source_leader || has_moved) stream.doubt.Doubt(DoubtReason::kLeaderChanged);
  stream.source_leader = leader;
  if (desk == member.source) return;
  if (member.source != nullptr) {
    member.source->source.Remove(&stream);
    member.source->locator.Remove(&stream);
  }
  member.source = desk;
  if (desk == nullptr) return;
  desk->source.Add(&stream);
  desk->locator.Add(&stream);
}

void Shard::RerouteTarget(Member& member) {
  Stream& stream = *member.stream;
  const Leader leader = LeaderOf(target_metadata_, stream.assignment.target_topic, stream.assignment.partition);
  TargetDesk* desk = leader.broker < 0 ? nullptr : TargetDeskFor(leader.broker);
  // Another leader may lack what the old one acknowledged (an unclean election): the target is asked first (F).
  if (leader != stream.target_leader) {
    stream.partition.OnTargetChange();
    stream.placement.OnTargetLeaderChange();
  }
  stream.target_leader = leader;
  if (desk == member.target) return;
  if (member.target != nullptr) {
    member.sink->LeadershipLost();
    member.sink->Remove(&stream);
    member.target->settler.Remove(&stream);
  }
  member.target = desk;
  member.sink = nullptr;
  member.next_sink = nullptr;
  if (desk == nullptr) return;
  member.sink = desk->sinks[desk->next_sink++ % desk->sinks.size()].get();
  member.sink->Add(&stream);
  desk->settler.Add(&stream);
}

// Shares the streams among the connections anew: as many busy ones to each, and as many idle ones.
void Shard::AddConnection(int32_t broker, TargetDesk& desk) {
  desk.sinks.push_back(std::make_unique<Sink>(io_.get_executor(), broker, desk.sinks.front()->endpoint(),
                                              options_.target, *options_.target_limit, *this));
  Spawn(desk.sinks.back()->Run());
  LOG(INFO) << "target broker " << broker << ": shard " << options_.index << " opens produce connection "
            << desk.sinks.size() << " of at most " << options_.produce_connections_max
            << ", since partitions wait for answers over those it has";
  size_t busy = 0;
  size_t idle = 0;
  for (Member& member : members_) {
    if (member.target != &desk) continue;
    const Partition& partition = member.stream->partition;
    size_t& rank = partition.in_flight() || partition.queue_bytes() > 0 ? busy : idle;
    member.next_sink = desk.sinks[rank++ % desk.sinks.size()].get();
    Changed(*member.stream);
  }
}

// One connection at a time carries a stream's batches (B).
void Shard::ChangeSink(Member& member) {
  if (member.next_sink == nullptr || member.stream->partition.in_flight()) return;
  Sink* next = std::exchange(member.next_sink, nullptr);
  if (next == member.sink) return;
  member.sink->Remove(member.stream.get());
  member.sink = next;
  next->TakeOver(member.stream.get());
}

Shard::SourceDesk* Shard::SourceDeskFor(int32_t broker) {
  const kafka::Endpoint& endpoint = source_metadata_->brokers.at(broker);
  std::unique_ptr<SourceDesk>& desk = source_desks_[broker];
  if (desk != nullptr && desk->source.endpoint() == endpoint) return desk.get();
  if (desk != nullptr) {
    desk->source.Stop();
    desk->locator.Stop();
    retired_sources_.push_back(std::move(desk));
  }
  desk = std::make_unique<SourceDesk>(*this, broker, endpoint);
  Spawn(desk->source.Run());
  Spawn(desk->locator.Run());
  ShareMemory();
  return desk.get();
}

Shard::TargetDesk* Shard::TargetDeskFor(int32_t broker) {
  const kafka::Endpoint& endpoint = target_metadata_->brokers.at(broker);
  std::unique_ptr<TargetDesk>& desk = target_desks_[broker];
  if (desk != nullptr && desk->sinks.front()->endpoint() == endpoint) return desk.get();
  if (desk != nullptr) {
    desk->Stop();
    retired_targets_.push_back(std::move(desk));
  }
  desk = std::make_unique<TargetDesk>(*this, broker, endpoint);
  Spawn(desk->sinks.front()->Run());
  Spawn(desk->settler.Run());
  return desk.get();
}

void Shard::ShareMemory() {
  const int64_t share = static_cast<int64_t>(options_.buffer_bytes_max) /
                        (kResponsesPerSource * static_cast<int64_t>(source_desks_.size()));
  int32_t bytes = static_cast<int32_t>(std::clamp<int64_t>(share, kFetchPartitionBytes / 2, kFetchBytesMax));
  // With a cap the pauses are to be short: responses of a fraction of a second each.
  const int64_t cap = options_.source.limit->bytes_per_second();
  if (cap > 0)
    bytes = static_cast<int32_t>(std::min<int64_t>(bytes, std::max<int64_t>(1, cap / kResponsesPerSecondMin)));
  for (auto& [broker, desk] : source_desks_) desk->source.set_fetch_bytes_max(bytes);
}

void Shard::TellQuarantine(const Stream& stream) const {
  const Partition& partition = stream.partition;
  const Quarantine& quarantine = *partition.quarantine();
  if (partition.has_ended()) {
    if (partition.records_lost() > stream.lost_noted) {
      LOG(ERROR) << stream.Name() << " has ended: " << quarantine.reason;
    } else {
      LOG(WARNING) << stream.Name() << " has ended: " << quarantine.reason;
    }
    return;
  }
  LOG(ERROR) << stream.Name() << " is quarantined (" << QuarantineCodeName(quarantine.code)
             << "): " << quarantine.reason << ". All other partitions go on. To let it go on, once that is mended: "
             << ForFolder(ResumeCommand(quarantine.code, stream.assignment.source_topic, stream.assignment.partition,
                                        partition.has_place() ? std::optional<int64_t>(partition.position().value)
                                                              : std::nullopt),
                          options_.state_dir);
}

// One look at everything that a stream can want next.
void Shard::Changed(Stream& stream) {
  if (stopping_) return;
  changed_ = true;
  Partition& partition = stream.partition;
  stream.KeepHold();
  if (partition.quarantined() && stream.TellsQuarantine(absl::ToUnixMillis(absl::Now()))) TellQuarantine(stream);
  if (stream.assignment.is_proof) TellProof(stream);
  auto found = member_of_.find(&stream);
  if (found == member_of_.end()) return;
  Member& member = *found->second;
  ChangeSink(member);
  if (partition.must_settle() && !stream.settling) {
    // The first failure is settled at once; a partition that fails again and again waits longer each time.
    stream.ask_not_before =
        Clock::now() +
        (partition.must_outwait_old_requests() ? kOldRequestLife : BackoffAfter(partition.failures() - 1));
  }
  stream.settling = partition.must_settle();
  keeper_.Note(stream);
  if (member.target != nullptr) {
    if (partition.can_send()) member.sink->Ready(&stream);
    if (partition.must_settle() || partition.must_renew_producer() || !partition.begun() || stream.resume.has_value())
      member.target->settler.Wake();
  }
  if (member.source != nullptr) {
    member.source->source.Note(stream);
    if (!stream.doubt.may_fetch() || partition.tail_question() != nullptr || stream.resume.has_value() ||
        stream.open_transaction.wants_owner() || !partition.begun())
      member.source->locator.Wake();
  }
}

// Once. What it holds was found in the source, so the topic is this link's.
void Shard::TellProof(Stream& stream) const {
  const Partition& partition = stream.partition;
  if (!partition.begun() || !partition.has_place() || partition.quarantined()) return;
  stream.assignment.is_proof = false;
  options_.on_proof(stream.assignment.source_topic);
}

asio::awaitable<void> Shard::Tick() {
  while (!stopping_) {
    const Clock::time_point now = Clock::now();
    for (auto& [broker, desk] : target_desks_) {
      for (const std::unique_ptr<Sink>& sink : desk->sinks) sink->CheckProgress(now);
      if (desk->NeedsConnection(now)) AddConnection(broker, *desk);
    }
    AskForLeaders(now);
    LookAtAll(now);
    keeper_.Tick(now);
    if (std::exchange(changed_, false)) PublishStatus();
    co_await ticked_.Wait(now + kTick);
  }
}

void Shard::AddTo(ShardStatus& status, const Stream& stream, Clock::time_point now) {
  const Partition& partition = stream.partition;
  ++status.partitions;
  status.records_copied += partition.records_copied();
  status.bytes_copied += partition.bytes_copied();
  status.records_lost += partition.records_lost();
  if (partition.has_ended()) {
    ++status.ended;
    return;
  }
  if (partition.quarantined()) {
    status.quarantined.push_back({stream.Name(), *partition.quarantine()});
    return;
  }
  const std::string why = LastError(stream);
  if (!why.empty() && status.waiting.size() < ShardStatus::kWaitingMax) {
    status.waiting.push_back(absl::StrCat(stream.Name(), ": ", why));
  }
  if (!partition.begun() || stream.source_end < 0) return;  // how far it is behind is not known
  ++status.begun;
  const int64_t lag = std::max<int64_t>(0, stream.source_end - partition.position().value);
  status.lag_records += lag;
  if (IsKnownToBeCurrent(stream, now)) ++status.caught_up;
}

void Shard::PublishStatus() {
  ShardStatus status;
  const Clock::time_point now = Clock::now();
  for (const Member& member : members_) {
    AddTo(status, *member.stream, now);
    if (member.stream->partition.quarantined()) continue;
    if ((member.sink != nullptr && member.sink->stalled()) || IsUnheard(*member.stream, now)) ++status.stalled;
  }
  status.memory_used = static_cast<int64_t>(memory_.budget.used());
  absl::MutexLock lock(&mutex_);
  status_ = std::move(status);
}

ShardStatus Shard::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

void Shard::Stop(Clock::duration drain) {
  asio::post(io_, [this, drain] { asio::co_spawn(io_, Shutdown(drain), kafka::MustNotThrow()); });
}

bool Shard::AnswersAreDue() const {
  return std::any_of(target_desks_.begin(), target_desks_.end(), [](const auto& desk) {
    return std::any_of(desk.second->sinks.begin(), desk.second->sinks.end(),
                       [](const auto& sink) { return sink->requests_in_flight() > 0 && !sink->stalled(); });
  });
}

asio::awaitable<void> Shard::Shutdown(Clock::duration drain) {
  if (stopping_) co_return;
  for (auto& [broker, desk] : source_desks_) {
    desk->source.Stop();
    desk->locator.Stop();
  }
  for (Member& member : members_) member.stream->partition.Pause();
  const Clock::time_point deadline = Clock::now() + drain;
  while (AnswersAreDue() && Clock::now() < deadline) co_await kafka::SleepFor(kDrainPoll);
  while (keeper_.is_writing() && Clock::now() < deadline) co_await kafka::SleepFor(kDrainPoll);
  keeper_.SaveAll();
  stopping_ = true;
  PublishStatus();
  for (auto& [broker, desk] : target_desks_) desk->Stop();
  ticked_.Notify();
  memory_.released.Notify();
  for (asio::cancellation_signal& cancellation : cancellations_) cancellation.emit(asio::cancellation_type::terminal);
  work_.reset();
}

}  // namespace replicator
