// What the control thread and the operator ask of a shard beside its work: every partition in full, and to let a
// quarantined one go on. All on the shard's loop, all of it rare; LookAtAll every few seconds.
#include <glog/logging.h>

#include <algorithm>
#include <asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "replicator/shard.h"

namespace replicator {
namespace {

// Ten thousand idle partitions are looked at in a millisecond or two: not every second.
constexpr Clock::duration kLookInterval = std::chrono::seconds(5);
// How long the source may take to say where its log begins and ends before an operator is told that it does not.
constexpr Clock::duration kResumeTimeout = std::chrono::seconds(10);
// A target that refused a batch or us (rights, a policy, a size) may be mended without a word: it is tried again.
constexpr Clock::duration kRetryMin = std::chrono::minutes(1);
constexpr int kRetryDoublingsMax = 4;

double SecondsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::optional<int64_t> Known(int64_t offset) { return offset < 0 ? std::nullopt : std::optional<int64_t>(offset); }

// The age of what was fetched last, while there is more; what was copied when all was, is no longer part of the lag.
std::optional<double> LagSeconds(const Stream& stream, int64_t lag_records) {
  if (lag_records == 0) return 0;
  std::optional<double> lag;
  if (stream.last_fetched_time_ms > 0)
    lag = std::max(0.0, static_cast<double>(absl::ToUnixMillis(absl::Now()) - stream.last_fetched_time_ms) / 1000);
  if (stream.meter.caught_up_at().has_value()) {
    const double behind = SecondsBetween(*stream.meter.caught_up_at(), Clock::now());
    lag = std::min(lag.value_or(behind), behind);
  }
  return lag;
}

CopyState StateOf(const Stream& stream, Clock::time_point now) {
  const Partition& partition = stream.partition;
  if (partition.quarantined()) return CopyState::kQuarantined;
  const std::optional<Clock::time_point> standing = stream.meter.standing_since();
  if (standing.has_value() && now - *standing >= std::chrono::seconds(kStalledAfterSeconds)) return CopyState::kStalled;
  if (!partition.begun() || stream.source_end < 0) return CopyState::kCreating;
  return partition.position().value < stream.source_end ? CopyState::kCopying : CopyState::kCaughtUp;
}

// The broker that a standing partition waits for.
std::string StalledOn(const Stream& stream, bool target_is_silent) {
  const std::string target = absl::StrCat("target broker ", stream.target_leader.broker);
  const std::string source = absl::StrCat("source broker ", stream.source_leader.broker);
  if (stream.target_leader.broker < 0) return "the target's partition has no leader";
  if (stream.source_leader.broker < 0) return "the source's partition has no leader";
  if (target_is_silent) return target + " does not answer";
  if (!stream.partition.last_error().empty()) return absl::StrCat(target, ": ", stream.partition.last_error());
  if (!stream.source_error.empty()) return absl::StrCat(source, ": ", stream.source_error);
  return stream.partition.in_flight() || stream.partition.queue_bytes() > 0 ? target : source;
}

}  // namespace

void Shard::Describe(std::function<void(std::vector<PartitionStatus>)> done) {
  asio::post(io_, [this, done = std::move(done)] {
    std::vector<PartitionStatus> partitions;
    partitions.reserve(members_.size());
    for (const Member& member : members_) partitions.push_back(StatusOf(member));
    done(std::move(partitions));
  });
}

PartitionStatus Shard::StatusOf(const Member& member) const {
  const Stream& stream = *member.stream;
  const Partition& partition = stream.partition;
  PartitionStatus status;
  status.topic = stream.assignment.source_topic;
  status.target_topic = stream.assignment.target_topic;
  status.partition = stream.assignment.partition;
  status.state = StateOf(stream, Clock::now());
  status.source_log_start = Known(stream.source_log_start);
  status.source_last_stable = Known(stream.source_end);
  status.source_high_watermark = Known(stream.source_high_watermark);
  if (partition.begun()) {
    status.copied_to = partition.position().value;
    status.target_end = partition.target_end().value;
  }
  status.records_copied = partition.records_copied();
  status.bytes_copied = partition.bytes_copied();
  status.records_lost = stream.records_lost;
  if (status.lag_records().has_value()) status.lag_seconds = LagSeconds(stream, *status.lag_records());
  status.in_per_s = stream.meter.in_per_s();
  status.out_per_s = stream.meter.out_per_s();
  status.bytes_per_s = stream.meter.bytes_per_s();
  status.last_error = partition.last_error().empty() ? stream.source_error : partition.last_error();
  if (stream.open_transaction.is_told())
    status.open_transaction = stream.open_transaction.Text(status.topic, status.partition, Clock::now());
  if (stream.tombstones.is_near()) status.tombstones_at_risk = stream.tombstones.Text(status.topic);
  if (status.state == CopyState::kStalled)
    status.stalled_on = StalledOn(stream, member.sink != nullptr && member.sink->stalled());
  if (partition.quarantined()) {
    const Quarantine& quarantine = *partition.quarantine();
    status.quarantine = {QuarantineCodeName(quarantine.code), quarantine.reason, stream.quarantined_since_ms,
                         ResumeCommand(quarantine.code, status.topic, status.partition, partition.position().value)};
  }
  return status;
}

void Shard::UpdateTombstoneRetention(std::map<std::string, int64_t> retention_ms) {
  asio::post(io_, [this, retention_ms = std::move(retention_ms)] {
    for (Member& member : members_) {
      auto found = retention_ms.find(member.stream->assignment.source_topic);
      member.stream->tombstones.set_retention_ms(found == retention_ms.end() ? std::nullopt
                                                                             : std::optional<int64_t>(found->second));
    }
  });
}

void Shard::LookAtAll(Clock::time_point now) {
  if (now < next_look_) return;
  next_look_ = now + kLookInterval;
  const int64_t now_ms = absl::ToUnixMillis(absl::Now());
  for (Member& member : members_) {
    Stream& stream = *member.stream;
    const Partition& partition = stream.partition;
    if (stream.resume.has_value() && now > stream.resume->deadline) {
      const PendingResume late = *std::exchange(stream.resume, std::nullopt);
      late.done(absl::UnavailableError(absl::StrCat("source broker ", stream.source_leader.broker,
                                                    " does not say where the log of ", stream.Name(),
                                                    " begins and ends; nothing was changed. Try again")));
    }
    if (partition.begun()) WatchTombstones(stream, now_ms);
    if (partition.quarantined()) {
      RetryWhatCanPass(stream, now);
    } else if (partition.begun()) {
      stream.meter.Observe({.source_end = stream.source_end,
                            .position = partition.position().value,
                            .bytes_copied = partition.bytes_copied()},
                           now);
      WatchTransaction(stream, now);
      if (stream.target_log_start > 0) {
        stream.partition.PruneBelow(SourceOffset(stream.source_log_start), TargetOffset(stream.target_log_start));
        keeper_.Note(stream);
      }
      if (stream.retries > 0 && partition.records_copied() > stream.records_at_retry) {
        LOG(INFO) << stream.Name() << " goes on: what it was quarantined for has passed";
        stream.retries = 0;
        stream.quarantine_logged = false;
        stream.quarantined_since_ms = 0;
      }
    }
  }
}

void Shard::WatchTransaction(Stream& stream, Clock::time_point now) {
  if (stream.source_end < 0) return;
  const bool was_told = stream.open_transaction.is_told();
  stream.open_transaction.Observe(stream.source_end, stream.source_high_watermark, now);
  if (was_told && !stream.open_transaction.is_told())
    LOG(INFO) << stream.Name() << " goes on: the transaction that held it back has ended";
  if (stream.open_transaction.wants_owner()) Changed(stream);
}

void Shard::WatchTombstones(Stream& stream, int64_t now_ms) {
  if (stream.source_end < 0) return;
  const bool was_near = stream.tombstones.is_near();
  stream.tombstones.Observe(stream.partition.position().value < stream.source_end, stream.last_fetched_time_ms, now_ms);
  if (was_near == stream.tombstones.is_near()) return;
  if (was_near) {
    LOG(INFO) << stream.Name() << " is no longer so far behind that tombstones could be missed";
  } else {
    LOG(WARNING) << stream.Name() << ": " << stream.tombstones.Text(stream.assignment.source_topic);
  }
}

// Told once when it begins and once when it is over, however often it is tried in between.
void Shard::RetryWhatCanPass(Stream& stream, Clock::time_point now) {
  if (stream.partition.quarantine()->code != QuarantineCode::kTargetRefused) return;
  if (stream.retry_not_before == Clock::time_point()) {
    stream.retry_not_before = now + kRetryMin * (1 << std::min(stream.retries, kRetryDoublingsMax));
    return;
  }
  if (now < stream.retry_not_before) return;
  stream.retry_not_before = {};
  ++stream.retries;
  stream.records_at_retry = stream.partition.records_copied();
  stream.partition.CheckAgain();
  Changed(stream);
}

void Shard::Resume(ResumeRequest request, std::function<void(absl::StatusOr<ResumePlan>)> done) {
  asio::post(io_, [this, request = std::move(request), done = std::move(done)]() mutable {
    BeginResume(std::move(request), std::move(done));
  });
}

void Shard::BeginResume(ResumeRequest request, std::function<void(absl::StatusOr<ResumePlan>)> done) {
  auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& member) {
    const Assignment& assignment = member.stream->assignment;
    return assignment.source_topic == request.topic && assignment.partition == request.partition;
  });
  if (found == members_.end()) {
    done(absl::NotFoundError(
        absl::StrCat("partition ", request.partition, " of topic ", request.topic, " is not copied by this link")));
    return;
  }
  Stream& stream = *found->stream;
  const absl::StatusOr<ResumeFrom> from = ParseResumeFrom(request.from);
  if (!from.ok()) return done(from.status());
  if (!stream.partition.quarantined()) {
    return done(absl::FailedPreconditionError(absl::StrCat(stream.Name(), " is not quarantined: nothing to resume")));
  }
  if (stream.resume.has_value()) {
    return done(absl::UnavailableError(absl::StrCat(stream.Name(), " is being resumed already")));
  }
  PendingResume resume = {std::move(request), Clock::now() + kResumeTimeout, std::move(done)};
  if (from->kind == ResumeFrom::Kind::kWhereItStands) return DecideResume(*found, std::move(resume));
  stream.resume = std::move(resume);
  stream.ask_not_before = {};
  Changed(stream);
}

void Shard::ResumeLocated(Stream& stream) {
  PendingResume resume = *std::exchange(stream.resume, std::nullopt);
  if (resume.done == nullptr) {
    resume.done = [&stream](const absl::StatusOr<ResumePlan>& plan) {
      if (!plan.ok()) LOG(ERROR) << stream.Name() << ": cannot be resumed: " << plan.status().message();
    };
  }
  if (!stream.partition.quarantined()) {
    return resume.done(absl::FailedPreconditionError("it goes on already"));
  }
  DecideResume(*member_of_.at(&stream), std::move(resume));
}

void Shard::DecideResume(Member& member, PendingResume resume) {
  Stream& stream = *member.stream;
  ResumeFacts facts;
  facts.code = stream.partition.quarantine()->code;
  facts.position = stream.partition.position().value;
  facts.log_start = Known(stream.source_log_start);
  facts.log_end = Known(stream.source_end);
  absl::StatusOr<ResumePlan> plan = PlanResume(facts, *ParseResumeFrom(resume.request.from));
  if (!plan.ok() || !resume.request.Allows(*plan)) return resume.done(std::move(plan));
  stream.resumes_from = resume.request.from;
  Assignment ids = stream.assignment;
  const auto id_now = [](const kafka::MetadataSnapshot& metadata, const std::string& topic, kafka::Uuid known) {
    if (metadata == nullptr) return known;
    auto found = metadata->topics.find(topic);
    return found == metadata->topics.end() || found->second.id == kafka::kNoUuid ? known : found->second.id;
  };
  if (facts.code == QuarantineCode::kSourceRecreated || facts.code == QuarantineCode::kTargetRecreated) {
    ids.source_topic_id = id_now(source_metadata_, ids.source_topic, ids.source_topic_id);
    ids.target_topic_id = id_now(target_metadata_, ids.target_topic, ids.target_topic_id);
  }
  const bool same_ids = ids.source_topic_id == stream.assignment.source_topic_id &&
                        ids.target_topic_id == stream.assignment.target_topic_id;
  if (same_ids || options_.accept_ids == nullptr) {
    CarryOut(member, *plan, ids);
    return resume.done(std::move(plan));
  }
  // The ids first: a partition that went on with the old ones would be stopped again by the next process.
  options_.accept_ids(
      ids, [this, &member, ids, plan = *std::move(plan), done = std::move(resume.done)](const absl::Status& accepted) {
        asio::post(io_, [this, &member, ids, plan, done, accepted] {
          if (!accepted.ok() || !member.stream->partition.quarantined()) {
            return done(accepted.ok() ? absl::StatusOr<ResumePlan>(absl::UnavailableError("it goes on already"))
                                      : accepted);
          }
          CarryOut(member, plan, ids);
          done(plan);
        });
      });
}

void Shard::CarryOut(Member& member, const ResumePlan& plan, const Assignment& ids) {
  Stream& stream = *member.stream;
  LOG(WARNING) << stream.Name() << " is resumed by the operator. " << plan.text;
  AcceptIds(member, ids);
  const Quarantine& quarantine = *stream.partition.quarantine();
  stream.resumes_out_of = {QuarantineCodeName(quarantine.code), quarantine.reason, stream.quarantined_since_ms};
  stream.quarantine_logged = false;
  stream.quarantined_since_ms = 0;
  stream.retries = 0;
  stream.retry_not_before = {};
  stream.malformed_batches = 0;
  stream.range_in_doubt = false;
  stream.tail.reset();
  stream.meter.Reset();
  if (plan.starts_anew) {
    stream.partition.StartAnew();
  } else if (plan.from.has_value()) {
    stream.partition.ResumeAt(SourceOffset(*plan.from));
    stream.last_fetched_epoch = -1;
  } else {
    stream.partition.CheckAgain();
  }
  stream.history_in_doubt = !plan.starts_anew && !plan.from.has_value() && stream.partition.begun();
  Changed(stream);
}

void Shard::AcceptIds(Member& member, const Assignment& ids) {
  Assignment& assignment = member.stream->assignment;
  assignment.target_topic_id = ids.target_topic_id;
  if (assignment.source_topic_id == ids.source_topic_id) return;
  // A source finds its streams by their ids.
  if (member.source != nullptr) {
    member.source->source.Remove(member.stream.get());
    member.source->locator.Remove(member.stream.get());
    member.source = nullptr;
  }
  assignment.source_topic_id = ids.source_topic_id;
  RerouteSource(member);
}

}  // namespace replicator
