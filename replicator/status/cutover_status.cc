#include "replicator/status/cutover_status.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "replicator/base/human.h"

namespace replicator {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::pair<CutoverPhase, const char*> kPhases[] = {
    {CutoverPhase::kNone, "none"},
    {CutoverPhase::kHolding, "holding"},
    {CutoverPhase::kCommitting, "committing"},
    {CutoverPhase::kMoved, "moved"},
    {CutoverPhase::kRollingBack, "rolling-back"},
    {CutoverPhase::kRolledBack, "rolled-back"},
};

constexpr std::pair<CutoverRequest::Action, const char*> kActions[] = {
    {CutoverRequest::Action::kCutover, "cutover"},
    {CutoverRequest::Action::kRollback, "rollback"},
    {CutoverRequest::Action::kRelease, "release"},
};

constexpr std::pair<MissingCommits, const char*> kMissing[] = {
    {MissingCommits::kFail, "fail"},
    {MissingCommits::kEarliest, "earliest"},
    {MissingCommits::kEnd, "end"},
};

template <typename Value, size_t kCount>
const char* NameIn(const std::pair<Value, const char*> (&names)[kCount], Value value) {
  for (const auto& [one, name] : names) {
    if (one == value) return name;
  }
  return "";
}

template <typename Value, size_t kCount>
std::optional<Value> NamedIn(const std::pair<Value, const char*> (&names)[kCount], const std::string& name) {
  for (const auto& [one, known] : names) {
    if (known == name) return one;
  }
  return std::nullopt;
}

std::string Dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json ToJsonValue(const CutoverPosition& position) {
  Json json = {{"topic", position.topic},
               {"partition", position.partition},
               {"source_offset", position.source_offset},
               {"target_offset", position.target_offset},
               {"target_end", position.target_end},
               {"lag", position.lag()},
               {"proof", position.proof},
               {"proof_text", position.proof_text}};
  if (position.target_before.has_value()) json["target_before"] = *position.target_before;
  if (position.metadata.has_value()) json["metadata"] = *position.metadata;
  return json;
}

CutoverPosition ToPosition(const Json& json) {
  CutoverPosition position;
  position.topic = json.at("topic").get<std::string>();
  position.partition = json.at("partition").get<int32_t>();
  position.source_offset = json.at("source_offset").get<int64_t>();
  position.target_offset = json.at("target_offset").get<int64_t>();
  position.target_end = json.value("target_end", int64_t{-1});
  position.proof = json.value("proof", "");
  position.proof_text = json.value("proof_text", "");
  if (json.contains("target_before")) position.target_before = json.at("target_before").get<int64_t>();
  if (json.contains("metadata")) position.metadata = json.at("metadata").get<std::string>();
  return position;
}

Json ToJsonValue(const CutoverLine& line) {
  const CutoverRecord& record = line.record;
  Json json = {{"group", record.group},
               {"phase", CutoverPhaseName(record.phase)},
               {"who", record.who},
               {"started_ms", record.started_ms},
               {"held_ms", record.held_ms},
               {"moved_ms", record.moved_ms},
               {"is_held", record.is_held},
               {"hold_trouble", line.hold_trouble},
               {"is_running", line.is_running},
               {"run", line.run},
               {"step", line.step},
               {"text", line.text},
               {"exit_code", static_cast<int>(line.code)}};
  json["positions"] = Json::array();
  for (const CutoverPosition& position : record.positions) json["positions"].push_back(ToJsonValue(position));
  return json;
}

CutoverLine ToLine(const Json& json) {
  CutoverLine line;
  line.record.group = json.at("group").get<std::string>();
  line.record.phase = CutoverPhaseNamed(json.at("phase").get<std::string>()).value_or(CutoverPhase::kNone);
  line.record.who = json.value("who", "");
  line.record.started_ms = json.value("started_ms", int64_t{0});
  line.record.held_ms = json.value("held_ms", int64_t{0});
  line.record.moved_ms = json.value("moved_ms", int64_t{0});
  line.record.is_held = json.value("is_held", false);
  line.hold_trouble = json.value("hold_trouble", "");
  line.is_running = json.value("is_running", false);
  line.run = json.value("run", int64_t{0});
  line.step = json.value("step", 0);
  line.text = json.value("text", "");
  line.code = static_cast<ExitCode>(json.value("exit_code", 0));
  for (const Json& position : json.at("positions")) line.record.positions.push_back(ToPosition(position));
  return line;
}

std::string OffsetText(int64_t offset) { return offset < 0 ? "-" : WithCommas(offset); }

std::string TableText(const std::vector<CutoverPosition>& positions) {
  std::vector<std::array<std::string, 5>> rows = {{"partition", "source offset", "target offset", "lag", "proof"}};
  for (const CutoverPosition& position : positions) {
    rows.push_back(
        {absl::StrCat(position.topic, "-", position.partition), OffsetText(position.source_offset),
         OffsetText(position.target_offset), OffsetText(position.lag()),
         position.proof_text.empty() ? position.proof : absl::StrCat(position.proof, ": ", position.proof_text)});
  }
  std::array<size_t, 5> widths = {};
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    absl::StrAppendFormat(&text, "  %-*s  %*s  %*s  %*s  %s\n", widths[0], row[0], widths[1], row[1], widths[2], row[2],
                          widths[3], row[3], row[4]);
  }
  return text;
}

std::string NextText(const CutoverStatus& status, const CutoverRecord& record) {
  switch (record.phase) {
    case CutoverPhase::kMoved:
      return absl::StrCat("Start its consumers with bootstrap.servers=", status.target_bootstrap_servers, ".\n",
                          record.is_held ? "The group is held at the source: a consumer that is started there is "
                                           "refused (INCONSISTENT_GROUP_PROTOCOL).\n"
                                         : "",
                          "The way back: replicator cutover --rollback --group ", record.group, "\n");
    case CutoverPhase::kRolledBack:
      return "Start its consumers with the source's bootstrap.servers again.\n";
    case CutoverPhase::kHolding:
    case CutoverPhase::kCommitting:
    case CutoverPhase::kRollingBack:
      return "It is not done: the same command again goes on.\n";
    case CutoverPhase::kNone:
      break;
  }
  return "";
}

}  // namespace

const char* CutoverPhaseName(CutoverPhase phase) { return NameIn(kPhases, phase); }
std::optional<CutoverPhase> CutoverPhaseNamed(const std::string& name) { return NamedIn(kPhases, name); }

std::string CutoverTimeText(int64_t unix_ms) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixMillis(unix_ms), absl::UTCTimeZone());
}

std::string ToJson(const CutoverRequest& request) {
  return Dump({{"action", NameIn(kActions, request.action)},
               {"groups", request.groups},
               {"wait_ms", request.wait_ms},
               {"dry_run", request.is_dry_run},
               {"missing", NameIn(kMissing, request.missing)},
               {"overwrite_target", request.overwrite_target},
               {"strict", request.is_strict},
               {"yes", request.yes},
               {"evict", request.evict},
               {"who", request.who}});
}

absl::StatusOr<CutoverRequest> ParseCutoverRequest(const std::string& json) {
  try {
    const Json body = Json::parse(json);
    CutoverRequest request;
    const auto action = NamedIn(kActions, body.value("action", "cutover"));
    const auto missing = NamedIn(kMissing, body.value("missing", "fail"));
    if (!action.has_value()) return absl::InvalidArgumentError("action is cutover, rollback or release");
    if (!missing.has_value()) return absl::InvalidArgumentError("missing is fail, earliest or end");
    request.action = *action;
    request.missing = *missing;
    request.groups = body.at("groups").get<std::vector<std::string>>();
    request.wait_ms = body.value("wait_ms", int64_t{0});
    request.is_dry_run = body.value("dry_run", false);
    request.overwrite_target = body.value("overwrite_target", false);
    request.is_strict = body.value("strict", false);
    request.yes = body.value("yes", false);
    request.evict = body.value("evict", std::vector<std::string>());
    request.who = body.value("who", "");
    return request;
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("the body has to be like {\"action\": \"cutover\", \"groups\": [\"orders-app\"], \"wait_ms\": 0, ",
                     "\"yes\": false}: ", error.what()));
  }
}

std::string ToJson(const CutoverStatus& status) {
  Json json = {{"schema_version", kCutoverSchemaVersion},
               {"link", status.link},
               {"source_cluster_id", status.source_cluster_id},
               {"target_cluster_id", status.target_cluster_id},
               {"target_bootstrap_servers", status.target_bootstrap_servers}};
  json["groups"] = Json::array();
  for (const CutoverLine& line : status.groups) json["groups"].push_back(ToJsonValue(line));
  return Dump(json);
}

absl::StatusOr<CutoverStatus> ParseCutoverStatus(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    const int version = json.at("schema_version").get<int>();
    if (version != kCutoverSchemaVersion)
      return absl::InvalidArgumentError(absl::StrCat("the process tells of cutovers in schema version ", version,
                                                     ", and this program knows ", kCutoverSchemaVersion,
                                                     ": use the same version of both"));
    CutoverStatus status;
    status.link = json.value("link", "");
    status.source_cluster_id = json.value("source_cluster_id", "");
    status.target_cluster_id = json.value("target_cluster_id", "");
    status.target_bootstrap_servers = json.value("target_bootstrap_servers", "");
    for (const Json& line : json.at("groups")) status.groups.push_back(ToLine(line));
    return status;
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("not what a link tells of cutovers: ", error.what()));
  }
}

std::string CutoverListText(const CutoverStatus& status) {
  if (status.groups.empty()) return absl::StrCat("link ", status.link, ": no group has been cut over\n");
  std::string text;
  for (const CutoverLine& line : status.groups) {
    const CutoverRecord& record = line.record;
    absl::StrAppend(&text, record.group, ": ", CutoverPhaseName(record.phase));
    if (record.moved_ms > 0) absl::StrAppend(&text, " ", CutoverTimeText(record.moved_ms));
    if (!record.who.empty()) absl::StrAppend(&text, ", by ", record.who);
    if (record.is_held)
      absl::StrAppend(&text, line.hold_trouble.empty() ? "; held at the source"
                                                       : absl::StrCat("; NOT held at the source: ", line.hold_trouble));
    if (line.is_running) absl::StrAppend(&text, "; step ", line.step, " of 7: ", line.text);
    absl::StrAppend(&text, "\n");
  }
  return text;
}

std::string CutoverReportText(const CutoverStatus& status, const CutoverLine& line) {
  const CutoverRecord& record = line.record;
  std::string text = absl::StrCat("group ", record.group, ": ", line.text, "\n");
  if (record.phase == CutoverPhase::kNone && record.positions.empty()) return text;
  absl::StrAppend(&text, "  link ", status.link, ", from cluster ", status.source_cluster_id, " to cluster ",
                  status.target_cluster_id, "\n");
  if (!record.who.empty()) absl::StrAppend(&text, "  by ", record.who, "\n");
  if (record.moved_ms > 0) {
    absl::StrAppend(&text, "  at ", CutoverTimeText(record.moved_ms));
    if (record.held_ms > 0)
      absl::StrAppendFormat(&text, "; without a home for %.1f s",
                            static_cast<double>(record.moved_ms - record.held_ms) / 1000);
    absl::StrAppend(&text, "\n");
  }
  absl::StrAppend(&text, TableText(record.positions), NextText(status, record));
  return text;
}

}  // namespace replicator
