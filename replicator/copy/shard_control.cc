// What the control thread and the operator ask of a shard beside its work: every partition in full, and to let a
// quarantined one go on. All on the shard's loop, all of it rare; LookAtAll every few seconds.
#include <glog/logging.h>

#include <algorithm>
#include <asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "replicator/copy/shard.h"

namespace replicator {
namespace {

// Ten thousand idle partitions are looked at in a millisecond or two: not every second.
constexpr Clock::duration kLookInterval = std::chrono::seconds(5);
// How long the source may take to say where its log begins and ends before an operator is told that it does not.
constexpr Clock::duration kResumeTimeout = std::chrono::seconds(10);
// How often a wish that waits for new metadata is looked at.
constexpr Clock::duration kMetadataPoll = std::chrono::milliseconds(100);

std::optional<int64_t> Known(int64_t offset) { return offset < 0 ? std::nullopt : std::optional<int64_t>(offset); }

// Who keeps a wish waiting.
std::string WhoIsSilent(const Stream& stream, const PendingResume& resume) {
  if (resume.waits_for_metadata) return "the clusters do not show their topics anew, so it is not certain";
  const bool is_target = !resume.target_end.has_value();
  const int32_t broker = is_target ? stream.target_leader.broker : stream.source_leader.broker;
  const char* side = is_target ? "target" : "source";
  if (broker < 0) return absl::StrCat("no leader of the ", side, "'s partition is there to say");
  return absl::StrCat(side, " broker ", broker, " does not say");
}

absl::Status HeldError(const Stream& stream) {
  return absl::FailedPreconditionError(
      absl::StrCat(stream.Name(),
                   " goes on by itself, within a minute or so, once this is altered: ", stream.assignment.facts.hold));
}

}  // namespace

void Shard::Describe(std::function<void(std::vector<PartitionStatus>)> done) {
  asio::post(io_, [this, done = std::move(done)] {
    std::vector<PartitionStatus> partitions;
    partitions.reserve(members_.size());
    const Clock::time_point now = Clock::now();
    StreamSurroundings around;
    around.store_trouble = keeper_.trouble();
    around.state_dir = options_.state_dir;
    for (const Member& member : members_) {
      around.target_is_silent = member.sink != nullptr && member.sink->stalled();
      around.source_trouble = member.source == nullptr ? "" : member.source->source.trouble();
      partitions.push_back(StatusOf(*member.stream, around, now));
    }
    done(std::move(partitions));
  });
}

void Shard::UpdateTopics(TopicFactsSnapshot facts) {
  asio::post(io_, [this, facts = std::move(facts)] {
    if (stopping_) return;
    for (Member& member : members_) {
      auto found = facts->find(member.stream->assignment.source_topic);
      if (found == facts->end()) continue;
      TakeFacts(*member.stream, found->second);
      Changed(*member.stream);
    }
  });
}

void Shard::TakeFacts(Stream& stream, const TopicFacts& facts) {
  if (stream.TakeFacts(facts))
    LOG(INFO) << stream.Name() << " goes on: the target's topic is not set any more so that it would change the copy";
}

void Shard::LookAtAll(Clock::time_point now) {
  if (now < next_look_) return;
  next_look_ = now + kLookInterval;
  ShareRuns();
  changed_ = true;  // what is not heard of grows old without anything happening
  const int64_t now_ms = absl::ToUnixMillis(absl::Now());
  for (Member& member : members_) {
    Stream& stream = *member.stream;
    const Partition& partition = stream.partition;
    if (stream.resume.has_value() && now > stream.resume->deadline) {
      const PendingResume late = *std::exchange(stream.resume, std::nullopt);
      late.done(absl::UnavailableError(absl::StrCat(WhoIsSilent(stream, late), " where the log of ", stream.Name(),
                                                    " begins and ends; nothing was changed. Try again")));
    }
    Hear(member, now);
    WatchLosses(stream, now_ms);
    if (partition.begun() && !partition.has_ended()) WatchTombstones(stream, now, now_ms);
    if (partition.quarantined()) {
      if (stream.RetryIfDue(now)) Changed(stream);
      continue;
    }
    const bool has_begun = partition.begun() && !partition.is_moving();
    stream.meter.Observe({.source_end = has_begun ? stream.source_end : -1,
                          .position = partition.position().value,
                          .bytes_copied = partition.bytes_copied(),
                          .is_current = !IsUnheard(stream, now)},
                         now);
    if (partition.begun()) {
      WatchTransaction(stream, now);
      if (stream.target_log_start > 0) {
        stream.partition.PruneBelow(SourceOffset(stream.source_log_start), TargetOffset(stream.target_log_start));
        keeper_.Note(stream);
      }
      if (stream.retries > 0 && partition.records_copied() > stream.records_at_retry) {
        LOG(INFO) << stream.Name() << " goes on: what it was quarantined for has passed";
        stream.retries = 0;
        stream.ForgetQuarantine();
      }
    }
  }
}

// Here and not with each answer of the source: a session's answer counts for thousands of partitions that it does not
// name.
void Shard::Hear(Member& member, Clock::time_point now) {
  Stream& stream = *member.stream;
  if (stream.source_end < 0) stream.source_heard_at.reset();
  if (stream.partition.quarantined() || stream.source_end < 0) return;
  if (!stream.source_heard_at.has_value()) stream.source_heard_at = now;  // the locator was told a moment ago
  if (member.source == nullptr) return;
  const std::optional<Clock::time_point> heard_at = member.source->source.HeardAt(stream);
  if (heard_at.has_value()) stream.source_heard_at = std::max(*stream.source_heard_at, *heard_at);
}

void Shard::WatchTransaction(Stream& stream, Clock::time_point now) {
  if (stream.source_end < 0) return;
  const bool was_told = stream.open_transaction.is_told();
  stream.open_transaction.Observe(stream.source_end, stream.source_high_watermark, now);
  if (was_told && !stream.open_transaction.is_told())
    LOG(INFO) << stream.Name() << " goes on: the transaction that held it back has ended";
  if (stream.open_transaction.wants_owner()) Changed(stream);
}

void Shard::WatchTombstones(Stream& stream, Clock::time_point now, int64_t now_ms) {
  if (stream.source_end < 0) return;
  const bool was_near = stream.tombstones.is_near();
  stream.tombstones.Observe(!IsKnownToBeCurrent(stream, now), stream.last_fetched_time_ms, now_ms);
  if (was_near == stream.tombstones.is_near()) return;
  if (was_near) {
    LOG(INFO) << stream.Name() << " is no longer so far behind that tombstones could be missed";
  } else {
    LOG(WARNING) << stream.Name() << ": " << stream.tombstones.Text(stream.assignment.source_topic);
  }
}

// Here and not where a gap is met: a log that was compacted once can have thousands.
void Shard::WatchLosses(Stream& stream, int64_t now_ms) {
  if (const std::optional<SourceGaps> gaps = stream.partition.TakeGaps()) {
    LOG(ERROR) << stream.Name() << ": the source's log has a gap: offsets " << gaps->begin << " to "
               << gaps->end.value - 1 << " are not there"
               << (gaps->count == 1
                       ? ""
                       : absl::StrCat(", and there are ", gaps->count - 1, " more up to ", gaps->last_end.value - 1))
               << ". They count as " << gaps->offsets
               << " LOST offsets, since the topic is not compacted; copying goes "
               << "on behind. Look for lost segments in the log of the partition's leader. Gaps from a time when the "
               << "topic was compacted look the same";
  }
  stream.NoteLost(now_ms);
  keeper_.Note(stream);
}

void Shard::Resume(ResumeRequest request, std::function<void(absl::StatusOr<ResumePlan>)> done) {
  asio::post(io_, [this, request = std::move(request), done = std::move(done)]() mutable {
    BeginResume(std::move(request), std::move(done));
  });
}

void Shard::BeginResume(ResumeRequest request, std::function<void(absl::StatusOr<ResumePlan>)> done) {
  Member* found = Find(request.topic, request.partition);
  if (found == nullptr) {
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
  if (stream.partition.has_ended()) {
    return done(absl::FailedPreconditionError(
        absl::StrCat(stream.partition.quarantine()->reason,
                     ". There is nothing to go on with, until there is a topic of this name at the source again")));
  }
  if (!stream.assignment.facts.hold.empty()) {
    return done(HeldError(stream));
  }
  if (stream.resume.has_value() && stream.resume->done != nullptr) {
    return done(absl::FailedPreconditionError(absl::StrCat(stream.Name(), " is being resumed already. Try again")));
  }
  PendingResume resume;
  resume.request = std::move(request);
  resume.deadline = Clock::now() + kResumeTimeout;
  resume.done = std::move(done);
  if (from->kind == ResumeFrom::Kind::kWhereItStands)
    return DecideResume(*found, std::move(resume), /*is_stored=*/false);
  // A topic that was made anew shows by its id: the last snapshot can be a minute old.
  resume.source_metadata = source_metadata_;
  resume.target_metadata = target_metadata_;
  MetadataIsStale(Side::kSource);
  MetadataIsStale(Side::kTarget);
  stream.resume = std::move(resume);
  stream.ask_not_before = {};
  Changed(stream);
}

void Shard::ResumeLocated(Stream& stream) {
  const auto is_old = [](const kafka::MetadataSnapshot& seen, const kafka::MetadataSnapshot& now) {
    return seen != nullptr && seen == now;
  };
  if (is_old(stream.resume->source_metadata, source_metadata_) ||
      is_old(stream.resume->target_metadata, target_metadata_)) {
    stream.resume->waits_for_metadata = true;
    stream.ask_not_before = Clock::now() + kMetadataPoll;
    return;
  }
  const bool is_held = !stream.assignment.facts.hold.empty();
  if (is_held && stream.resume->done == nullptr) {  // a stored wish waits until the hold is over
    stream.ask_not_before = Clock::now() + kLookInterval;
    return;
  }
  PendingResume resume = *std::exchange(stream.resume, std::nullopt);
  if (is_held) return resume.done(HeldError(stream));
  const bool is_stored = resume.done == nullptr;
  if (is_stored) {
    resume.done = [this, &stream](const absl::StatusOr<ResumePlan>& plan) {
      if (plan.ok()) return;
      LOG(ERROR) << stream.Name() << ": cannot be resumed: " << plan.status().message();
      stream.partition.MarkUnsaved();  // without the wish
      keeper_.Note(stream);
    };
  }
  if (!stream.partition.quarantined()) {
    return resume.done(absl::FailedPreconditionError("it goes on already"));
  }
  DecideResume(*member_of_.at(&stream), std::move(resume), is_stored);
}

// The topics as metadata shows them now.
Assignment Shard::WithIdsOfNow(Assignment assignment) const {
  const auto id_now = [](const kafka::MetadataSnapshot& metadata, const std::string& topic, kafka::Uuid known) {
    if (metadata == nullptr || known == kafka::kNoUuid) return known;
    auto found = metadata->topics.find(topic);
    return found == metadata->topics.end() || found->second.id == kafka::kNoUuid ? known : found->second.id;
  };
  assignment.source_topic_id = id_now(source_metadata_, assignment.source_topic, assignment.source_topic_id);
  assignment.target_topic_id = id_now(target_metadata_, assignment.target_topic, assignment.target_topic_id);
  return assignment;
}

void Shard::DecideResume(Member& member, PendingResume resume, bool is_stored) {
  Stream& stream = *member.stream;
  ResumeFacts facts;
  facts.code = stream.partition.quarantine()->code;
  if (stream.partition.has_place()) {
    facts.position = stream.partition.position().value;
    facts.acknowledged_end = stream.partition.target_end().value;
  }
  facts.target_end = resume.target_end;
  facts.log_start = Known(stream.source_log_start);
  facts.log_end = Known(stream.source_end);
  const Assignment ids = WithIdsOfNow(stream.assignment);
  facts.source_is_new = ids.source_topic_id != stream.assignment.source_topic_id;
  facts.target_is_new = ids.target_topic_id != stream.assignment.target_topic_id;
  absl::StatusOr<ResumePlan> plan = PlanResume(facts, *ParseResumeFrom(resume.request.from));
  if (!plan.ok() || !resume.request.Allows(*plan)) return resume.done(std::move(plan));
  if (is_stored && plan->target_has_lost) {
    return resume.done(absl::FailedPreconditionError(
        absl::StrCat("the target was not asked when this was stored. ", plan->text, ". Ask for it again")));
  }
  stream.resumes_from = resume.request.from;
  const bool same_ids = ids.source_topic_id == stream.assignment.source_topic_id &&
                        ids.target_topic_id == stream.assignment.target_topic_id;
  if (same_ids) {
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
  stream.ForgetQuarantine();
  stream.retries = 0;
  stream.retry_not_before = {};
  stream.malformed_batches = 0;
  stream.meter.Reset();
  stream.source_heard_at.reset();
  if (plan.starts_anew) {
    stream.StartAnew();
  } else if (plan.from.has_value()) {
    stream.ResumeAt(SourceOffset(*plan.from), plan.keeps_map);
  } else {
    stream.CheckAgain();
  }
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
