#include "replicator/status/link_status.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "replicator/base/eta.h"

namespace replicator {
namespace {

using Json = nlohmann::ordered_json;

constexpr CopyState kStates[] = {CopyState::kEnded,    CopyState::kStopped, CopyState::kCaughtUp,   CopyState::kCopying,
                                 CopyState::kCreating, CopyState::kStalled, CopyState::kQuarantined};

template <typename Value>
void Put(Json& out, const char* name, const std::optional<Value>& value) {
  if (value.has_value()) out[name] = *value;
}

void Put(Json& out, const char* name, const std::string& value) {
  if (!value.empty()) out[name] = value;
}

template <typename Value>
void Get(const Json& from, const char* name, std::optional<Value>& value) {
  if (auto found = from.find(name); found != from.end()) value = found->get<Value>();
}

template <typename Value>
void Get(const Json& from, const char* name, Value& value) {
  if (auto found = from.find(name); found != from.end()) value = found->get<Value>();
}

CopyState StateNamed(const std::string& name) {
  for (CopyState state : kStates) {
    if (name == CopyStateName(state)) return state;
  }
  return CopyState::kStopped;
}

Json JsonOf(const PartitionStatus& partition) {
  Json out = {{"partition", partition.partition}, {"state", CopyStateName(partition.state)}};
  Put(out, "source_log_start", partition.source_log_start);
  Put(out, "source_last_stable", partition.source_last_stable);
  Put(out, "source_high_watermark", partition.source_high_watermark);
  Put(out, "source_heard_seconds", partition.source_heard_seconds);
  Put(out, "copied_to", partition.copied_to);
  Put(out, "target_end", partition.target_end);
  Put(out, "lag_records", partition.lag_records());
  Put(out, "lag_seconds", partition.lag_seconds);
  Put(out, "headroom_records", partition.headroom_records());
  out["records_copied"] = partition.records_copied;
  out["bytes_copied"] = partition.bytes_copied;
  out["records_lost"] = partition.records_lost;
  Put(out, "lost_at_ms", partition.lost_at_ms);
  Put(out, "records_in_per_second", partition.in_per_s);
  Put(out, "records_out_per_second", partition.out_per_s);
  Put(out, "bytes_out_per_second", partition.bytes_per_s);
  Put(out, "stalled_on", partition.stalled_on);
  Put(out, "last_error", partition.last_error);
  Put(out, "open_transaction", partition.open_transaction);
  Put(out, "tombstones_at_risk", partition.tombstones_at_risk);
  Put(out, "ended", partition.ended);
  if (partition.quarantine.has_value()) {
    const QuarantineStatus& quarantine = *partition.quarantine;
    out["quarantine"] = {{"code", quarantine.code},
                         {"reason", quarantine.reason},
                         {"since_ms", quarantine.since_ms},
                         {"remedy", quarantine.remedy}};
  }
  return out;
}

PartitionStatus PartitionOf(const Json& from) {
  PartitionStatus partition;
  partition.partition = from.at("partition").get<int32_t>();
  partition.state = StateNamed(from.at("state").get<std::string>());
  Get(from, "source_log_start", partition.source_log_start);
  Get(from, "source_last_stable", partition.source_last_stable);
  Get(from, "source_high_watermark", partition.source_high_watermark);
  Get(from, "source_heard_seconds", partition.source_heard_seconds);
  Get(from, "copied_to", partition.copied_to);
  Get(from, "target_end", partition.target_end);
  Get(from, "lag_seconds", partition.lag_seconds);
  Get(from, "records_copied", partition.records_copied);
  Get(from, "bytes_copied", partition.bytes_copied);
  Get(from, "records_lost", partition.records_lost);
  Get(from, "lost_at_ms", partition.lost_at_ms);
  Get(from, "records_in_per_second", partition.in_per_s);
  Get(from, "records_out_per_second", partition.out_per_s);
  Get(from, "bytes_out_per_second", partition.bytes_per_s);
  Get(from, "stalled_on", partition.stalled_on);
  Get(from, "last_error", partition.last_error);
  Get(from, "open_transaction", partition.open_transaction);
  Get(from, "tombstones_at_risk", partition.tombstones_at_risk);
  Get(from, "ended", partition.ended);
  if (auto found = from.find("quarantine"); found != from.end()) {
    partition.quarantine.emplace();
    Get(*found, "code", partition.quarantine->code);
    Get(*found, "reason", partition.quarantine->reason);
    Get(*found, "since_ms", partition.quarantine->since_ms);
    Get(*found, "remedy", partition.quarantine->remedy);
  }
  return partition;
}

Json JsonOf(const TopicStatus& topic) {
  Json out = {{"topic", topic.topic}, {"state", CopyStateName(topic.state)}, {"quarantined", topic.quarantined}};
  Put(out, "source_last_stable_sum", topic.source_last_stable_sum);
  Put(out, "source_high_watermark_sum", topic.source_high_watermark_sum);
  Put(out, "copied_to_sum", topic.copied_to_sum);
  Put(out, "lag_records", topic.lag_records);
  Put(out, "lag_bytes_estimate", topic.lag_bytes);
  Put(out, "lag_seconds", topic.lag_seconds);
  Put(out, "records_in_per_second", topic.in_per_s);
  Put(out, "records_out_per_second", topic.out_per_s);
  Put(out, "bytes_out_per_second", topic.bytes_per_s);
  if (topic.eta_seconds.has_value()) {
    out["eta_seconds"] = std::isinf(*topic.eta_seconds) ? Json("never") : Json(std::ceil(*topic.eta_seconds));
  }
  Put(out, "headroom_records", topic.headroom_records);
  out["records_lost"] = topic.records_lost;
  Put(out, "lost_at_ms", topic.lost_at_ms);
  Put(out, "stalled_on", topic.stalled_on);
  Put(out, "last_error", topic.last_error);
  Put(out, "open_transaction", topic.open_transaction);
  Put(out, "tombstones_at_risk", topic.tombstones_at_risk);
  return out;
}

// Adds `more` where it is known.
template <typename Value>
void Sum(std::optional<Value>& sum, const std::optional<Value>& more) {
  if (more.has_value()) sum = sum.value_or(0) + *more;
}

void FillEta(TopicStatus& topic) {
  if (!topic.lag_records.has_value()) return;
  if (*topic.lag_records == 0) {
    topic.eta_seconds = 0;
  } else if (topic.state != CopyState::kStalled && topic.in_per_s.has_value() && topic.out_per_s.has_value()) {
    topic.eta_seconds = EtaSeconds(*topic.lag_records, *topic.in_per_s, *topic.out_per_s - *topic.in_per_s);
  }
}

void AddTo(TopicStatus& topic, const PartitionStatus& partition) {
  ++topic.partitions;
  topic.state = std::max(topic.state, partition.state);
  topic.records_lost += partition.records_lost;
  topic.lost_at_ms = std::max(topic.lost_at_ms, partition.lost_at_ms);  // none is less than any
  if (topic.last_error.empty()) topic.last_error = partition.last_error;
  if (topic.open_transaction.empty() && !partition.open_transaction.empty())
    topic.open_transaction = absl::StrCat("partition ", partition.partition, ": ", partition.open_transaction);
  if (topic.tombstones_at_risk.empty() && !partition.tombstones_at_risk.empty())
    topic.tombstones_at_risk = absl::StrCat("partition ", partition.partition, ": ", partition.tombstones_at_risk);
  if (topic.stalled_on.empty()) topic.stalled_on = partition.stalled_on;
  const std::optional<int64_t> headroom = partition.headroom_records();
  if (headroom.has_value() && partition.lag_records().value_or(0) > 0)
    topic.headroom_records = std::min(topic.headroom_records.value_or(*headroom), *headroom);
  if (partition.quarantine.has_value()) {
    ++topic.quarantined;
    topic.last_error = absl::StrCat(partition.quarantine->code, ": ", partition.quarantine->reason);
    return;
  }
  Sum(topic.source_last_stable_sum, partition.source_last_stable);
  Sum(topic.source_high_watermark_sum, partition.source_high_watermark);
  Sum(topic.copied_to_sum, partition.copied_to);
  Sum(topic.lag_records, partition.lag_records());
  Sum(topic.in_per_s, partition.in_per_s);
  Sum(topic.out_per_s, partition.out_per_s);
  Sum(topic.bytes_per_s, partition.bytes_per_s);
  if (partition.lag_seconds.has_value())
    topic.lag_seconds = std::max(topic.lag_seconds.value_or(0), *partition.lag_seconds);
}

}  // namespace

const char* CopyStateName(CopyState state) {
  switch (state) {
    case CopyState::kEnded:
      return "ended";
    case CopyState::kStopped:
      return "stopped";
    case CopyState::kCaughtUp:
      return "caught up";
    case CopyState::kCopying:
      return "copying";
    case CopyState::kCreating:
      return "creating";
    case CopyState::kStalled:
      return "stalled";
    case CopyState::kQuarantined:
      return "quarantined";
  }
  return "unknown";
}

std::optional<int64_t> PartitionStatus::lag_records() const {
  if (!source_last_stable.has_value() || !copied_to.has_value()) return std::nullopt;
  return std::max<int64_t>(0, *source_last_stable - *copied_to);
}

std::optional<int64_t> PartitionStatus::headroom_records() const {
  if (!source_log_start.has_value() || !copied_to.has_value()) return std::nullopt;
  return *copied_to - *source_log_start;
}

std::vector<TopicStatus> LinkStatus::Topics() const {
  struct Parts {
    int64_t records_copied = 0;
    int64_t bytes_copied = 0;
    bool all_know_their_lag = true;
    bool all_know_their_watermark = true;
    bool all_know_their_lag_time = true;
  };
  std::map<std::string, std::pair<TopicStatus, Parts>> by_name;
  for (const PartitionStatus& partition : partitions) {
    auto& [topic, parts] = by_name[partition.topic];
    topic.topic = partition.topic;
    AddTo(topic, partition);
    parts.records_copied += partition.records_copied;
    parts.bytes_copied += partition.bytes_copied;
    if (partition.quarantine.has_value()) continue;
    if (!partition.lag_records().has_value()) parts.all_know_their_lag = false;
    if (!partition.source_high_watermark.has_value()) parts.all_know_their_watermark = false;
    if (!partition.lag_seconds.has_value()) parts.all_know_their_lag_time = false;
  }
  std::vector<TopicStatus> topics;
  for (auto& [name, both] : by_name) {
    auto& [topic, parts] = both;
    if (!parts.all_know_their_lag)
      topic.lag_records = topic.source_last_stable_sum = topic.copied_to_sum = std::nullopt;
    if (!parts.all_know_their_watermark) topic.source_high_watermark_sum.reset();
    if (!parts.all_know_their_lag_time) topic.lag_seconds.reset();
    if (topic.lag_records.has_value() && parts.records_copied > 0) {
      const double average = static_cast<double>(parts.bytes_copied) / static_cast<double>(parts.records_copied);
      topic.lag_bytes = static_cast<int64_t>(average * static_cast<double>(*topic.lag_records));
    }
    FillEta(topic);
    topics.push_back(std::move(topic));
  }
  std::stable_sort(topics.begin(), topics.end(),
                   [](const TopicStatus& a, const TopicStatus& b) { return a.state > b.state; });
  return topics;
}

LinkStatus LinkStatus::Only(const std::string& topic) const {
  LinkStatus only = *this;
  std::erase_if(only.partitions, [&](const PartitionStatus& partition) { return partition.topic != topic; });
  std::erase_if(only.left_out, [&](const auto& entry) { return entry.first != topic; });
  std::erase_if(only.ended, [&](const auto& entry) { return entry.first != topic; });
  std::erase_if(only.left_out_by_rule, [&](const std::string& name) { return name != topic; });
  std::erase_if(only.alarms, [&](const auto& entry) { return entry.first != topic; });
  return only;
}

std::string ToJson(const LinkStatus& status) {
  Json out = {{"schema_version", kStatusSchemaVersion}};
  Put(out, "link", status.link);
  out["running"] = status.is_running;
  out["as_of_ms"] = status.as_of_ms;
  Put(out, "source_cluster_id", status.source_cluster_id);
  Put(out, "target_cluster_id", status.target_cluster_id);
  Put(out, "store_trouble", status.store_trouble);
  Put(out, "changelog_age_seconds", status.changelog_age_seconds);
  Put(out, "changelog_trouble", status.changelog_trouble);
  Put(out, "topics_trouble", status.topics_trouble);
  Put(out, "groups", status.groups);
  Put(out, "standby", status.standby);
  Put(out, "waiting", status.waiting);
  Put(out, "silent", status.silent);
  out["left_out"] = Json::object();
  for (const auto& [topic, why] : status.left_out) out["left_out"][topic] = why;
  out["ended"] = Json::object();
  for (const auto& [topic, how] : status.ended) out["ended"][topic] = how;
  out["left_out_by_rule"] = status.left_out_by_rule;
  out["alarms"] = Json::object();
  for (const auto& [topic, what] : status.alarms) out["alarms"][topic] = what;
  std::map<std::string, std::vector<const PartitionStatus*>> by_topic;
  for (const PartitionStatus& partition : status.partitions) by_topic[partition.topic].push_back(&partition);
  out["topics"] = Json::array();
  for (const TopicStatus& topic : status.Topics()) {
    Json entry = JsonOf(topic);
    std::vector<const PartitionStatus*>& partitions = by_topic[topic.topic];
    std::sort(partitions.begin(), partitions.end(),
              [](const auto* a, const auto* b) { return a->partition < b->partition; });
    entry["target_topic"] = partitions.front()->target_topic;
    entry["partitions"] = Json::array();
    for (const PartitionStatus* partition : partitions) entry["partitions"].push_back(JsonOf(*partition));
    out["topics"].push_back(std::move(entry));
  }
  // Whatever stands in an error need not be UTF-8.
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<LinkStatus> ParseLinkStatus(const std::string& json) {
  const auto not_one = [](const std::string& why) {
    return absl::InvalidArgumentError(absl::StrCat("not a status of a link: ", why));
  };
  try {
    const Json from = Json::parse(json);
    const int version = from.at("schema_version").get<int>();
    if (version != kStatusSchemaVersion)
      return not_one(absl::StrCat("schema version ", version, ", and this program knows ", kStatusSchemaVersion));
    LinkStatus status;
    Get(from, "link", status.link);
    Get(from, "running", status.is_running);
    Get(from, "as_of_ms", status.as_of_ms);
    Get(from, "source_cluster_id", status.source_cluster_id);
    Get(from, "target_cluster_id", status.target_cluster_id);
    Get(from, "store_trouble", status.store_trouble);
    Get(from, "changelog_age_seconds", status.changelog_age_seconds);
    Get(from, "changelog_trouble", status.changelog_trouble);
    Get(from, "topics_trouble", status.topics_trouble);
    Get(from, "groups", status.groups);
    Get(from, "standby", status.standby);
    Get(from, "waiting", status.waiting);
    Get(from, "silent", status.silent);
    Get(from, "left_out", status.left_out);
    Get(from, "ended", status.ended);
    Get(from, "left_out_by_rule", status.left_out_by_rule);
    Get(from, "alarms", status.alarms);
    for (const Json& topic : from.at("topics")) {
      for (const Json& each : topic.at("partitions")) {
        PartitionStatus partition = PartitionOf(each);
        partition.topic = topic.at("topic").get<std::string>();
        Get(topic, "target_topic", partition.target_topic);
        status.partitions.push_back(std::move(partition));
      }
    }
    return status;
  } catch (const Json::exception& error) {
    return not_one(error.what());
  }
}

}  // namespace replicator
