#include "replicator/status/stream_status.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace replicator {
namespace {

constexpr Clock::duration kStalledAfter = std::chrono::seconds(kStalledAfterSeconds);

double SecondsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::optional<int64_t> Known(int64_t offset) { return offset < 0 ? std::nullopt : std::optional<int64_t>(offset); }

// The age of what was fetched last, while there is more; what was copied when all was, is no longer part of the lag.
std::optional<double> LagSeconds(const Stream& stream, int64_t lag_records, Clock::time_point now) {
  if (lag_records == 0) return 0;
  std::optional<double> lag;
  if (stream.last_fetched_time_ms > 0)
    lag = std::max(0.0, static_cast<double>(absl::ToUnixMillis(absl::Now()) - stream.last_fetched_time_ms) / 1000);
  if (stream.meter.caught_up_at().has_value()) {
    const double behind = SecondsBetween(*stream.meter.caught_up_at(), now);
    lag = std::min(lag.value_or(behind), behind);
  }
  return lag;
}

CopyState StateOf(const Stream& stream, Clock::time_point now) {
  const Partition& partition = stream.partition;
  if (partition.has_ended()) return CopyState::kEnded;
  if (partition.quarantined()) return CopyState::kQuarantined;
  const std::optional<Clock::time_point> standing = stream.meter.standing_since();
  if (standing.has_value() && now - *standing >= kStalledAfter) return CopyState::kStalled;
  if (IsUnheard(stream, now)) return CopyState::kStalled;
  if (!partition.begun() || stream.source_end < 0) return CopyState::kCreating;
  return partition.position().value < stream.source_end ? CopyState::kCopying : CopyState::kCaughtUp;
}

// It waits for the target to say where it stands.
bool WaitsForTarget(const Stream& stream) {
  const Partition& partition = stream.partition;
  return partition.must_settle() || partition.must_renew_producer() || stream.placement.must_ask_target();
}

// It waits for the source to say where the copy begins or goes on.
bool WaitsForSource(const Stream& stream) {
  const Partition& partition = stream.partition;
  if (partition.quarantined()) return false;
  if (partition.tail_question() != nullptr) return true;
  return !stream.doubt.may_fetch() || stream.open_transaction.wants_owner() || stream.placement.must_search();
}

// Of the questions that are due; with the broker that was asked.
std::string AskError(const Stream& stream) {
  if (WaitsForTarget(stream) && !stream.settle_error.empty()) return stream.settle_error;
  return WaitsForSource(stream) ? stream.locate_error : "";
}

// What a standing partition waits for: the state folder, or a broker.
std::string StalledOn(const Stream& stream, const StreamSurroundings& around, Clock::time_point now) {
  if (!around.store_trouble.empty()) return around.store_trouble;
  const std::string target = absl::StrCat("target broker ", stream.target_leader.broker);
  const std::string source = absl::StrCat("source broker ", stream.source_leader.broker);
  if (stream.target_leader.broker < 0) return "the target's partition has no leader";
  if (stream.source_leader.broker < 0) return "the source's partition has no leader";
  if (around.target_is_silent) return target + " does not answer";
  if (std::string asked = AskError(stream); !asked.empty()) return asked;
  if (!stream.partition.last_error().empty()) return absl::StrCat(target, ": ", stream.partition.last_error());
  if (!stream.source_error.empty()) return absl::StrCat(source, ": ", stream.source_error);
  if (!around.source_trouble.empty()) return absl::StrCat(source, ": ", around.source_trouble);
  if (WaitsForTarget(stream)) return target;
  if (IsUnheard(stream, now)) {
    const auto seconds = static_cast<int64_t>(SecondsBetween(*stream.source_heard_at, now));
    return absl::StrCat(source, " has not said for ", seconds, " s how far it is");
  }
  return stream.partition.in_flight() || stream.partition.queue_bytes() > 0 ? target : source;
}

}  // namespace

bool IsUnheard(const Stream& stream, Clock::time_point now) {
  const Partition& partition = stream.partition;
  if (!stream.source_heard_at.has_value()) return false;
  // What has more to send than it may hold is not asked for meanwhile.
  if (partition.in_flight() || partition.queue_bytes() > 0) return false;
  return now - *stream.source_heard_at >= kStalledAfter;
}

bool IsKnownToBeCurrent(const Stream& stream, Clock::time_point now) {
  const Partition& partition = stream.partition;
  return !partition.quarantined() && !IsUnheard(stream, now) && partition.position().value >= stream.source_end;
}

std::string LastError(const Stream& stream) {
  std::string asked = AskError(stream);
  if (!asked.empty()) return asked;
  return stream.partition.last_error().empty() ? stream.source_error : stream.partition.last_error();
}

PartitionStatus StatusOf(const Stream& stream, const StreamSurroundings& around, Clock::time_point now) {
  const Partition& partition = stream.partition;
  PartitionStatus status;
  status.topic = stream.assignment.source_topic;
  status.target_topic = stream.assignment.target_topic;
  status.partition = stream.assignment.partition;
  status.state = StateOf(stream, now);
  if (!IsUnheard(stream, now) && !partition.has_ended()) {
    status.source_log_start = Known(stream.source_log_start);
    status.source_last_stable = Known(stream.source_end);
    status.source_high_watermark = Known(stream.source_high_watermark);
  }
  if (stream.source_heard_at.has_value()) status.source_heard_seconds = SecondsBetween(*stream.source_heard_at, now);
  if (partition.has_place()) {
    status.copied_to = partition.position().value;
    status.target_end = partition.target_end().value;
  }
  status.records_copied = partition.records_copied();
  status.bytes_copied = partition.bytes_copied();
  status.records_lost = partition.records_lost();
  if (stream.lost_at_ms > 0) status.lost_at_ms = stream.lost_at_ms;
  if (partition.has_ended()) {
    status.ended = partition.quarantine()->reason;
    return status;
  }
  if (status.lag_records().has_value()) status.lag_seconds = LagSeconds(stream, *status.lag_records(), now);
  status.in_per_s = stream.meter.in_per_s();
  status.out_per_s = stream.meter.out_per_s();
  status.bytes_per_s = stream.meter.bytes_per_s();
  status.last_error = LastError(stream);
  if (stream.open_transaction.is_told())
    status.open_transaction = stream.open_transaction.Text(status.topic, status.partition, now);
  if (stream.tombstones.is_near()) status.tombstones_at_risk = stream.tombstones.Text(status.topic);
  if (status.state == CopyState::kStalled) status.stalled_on = StalledOn(stream, around, now);
  if (partition.quarantined()) {
    const Quarantine& quarantine = *partition.quarantine();
    status.quarantine = {
        QuarantineCodeName(quarantine.code), quarantine.reason, stream.quarantined_since_ms,
        ForFolder(ResumeCommand(quarantine.code, status.topic, status.partition, status.copied_to), around.state_dir)};
    if (stream.resume.has_value())
      status.last_error = absl::StrCat("is being resumed, from ", stream.resume->request.from,
                                       status.last_error.empty() ? "" : ": ", status.last_error);
  }
  return status;
}

}  // namespace replicator
