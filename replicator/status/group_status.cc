#include "replicator/status/group_status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "replicator/base/human.h"

namespace replicator {
namespace {

using Json = nlohmann::ordered_json;

constexpr GroupState kStates[] = {GroupState::kInStep,   GroupState::kMoved,     GroupState::kWaiting,
                                  GroupState::kNotMoved, GroupState::kLeftAlone, GroupState::kTrouble};

GroupState StateNamed(const std::string& name) {
  for (GroupState state : kStates) {
    if (name == GroupStateName(state)) return state;
  }
  return GroupState::kTrouble;
}

std::string Utc(int64_t unix_ms) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixMillis(unix_ms), absl::UTCTimeZone());
}

std::string Padded(const std::string& text, size_t width) {
  return text + std::string(width - std::min(width, text.size()), ' ');
}

}  // namespace

const char* GroupStateName(GroupState state) {
  switch (state) {
    case GroupState::kInStep:
      return "in step";
    case GroupState::kMoved:
      return "moved";
    case GroupState::kWaiting:
      return "waiting";
    case GroupState::kNotMoved:
      return "not moved";
    case GroupState::kLeftAlone:
      return "left alone";
    case GroupState::kTrouble:
      return "not in step";
  }
  return "unknown";
}

int GroupsStatus::Count(GroupState state) const {
  return static_cast<int>(
      std::count_if(groups.begin(), groups.end(), [state](const GroupLine& line) { return line.state == state; }));
}

std::string GroupsSummary(const GroupsStatus& status) {
  if (!status.is_enabled) return "not kept in step: sync.group.offsets.enabled is not true";
  std::string text = absl::StrCat(status.Count(GroupState::kInStep), " of ", status.groups.size(), " in step");
  for (GroupState state : kStates) {
    const int count = status.Count(state);
    if (state != GroupState::kInStep && count > 0) absl::StrAppend(&text, ", ", count, " ", GroupStateName(state));
  }
  if (!status.trouble.empty()) absl::StrAppend(&text, "; ", status.trouble);
  return text;
}

std::string GroupsText(const GroupsStatus& status, int64_t now_ms) {
  std::string text = absl::StrCat("consumer groups: ", GroupsSummary(status), "\n");
  if (!status.is_enabled) return text;
  if (status.last_cycle_ms > 0)
    absl::StrAppend(&text, "looked at every ", HumanSeconds(status.interval_seconds), ", the last time ",
                    HumanSeconds(std::max<int64_t>(0, now_ms - status.last_cycle_ms) / 1000), " ago\n");
  std::vector<const GroupLine*> lines;
  size_t width = 5;
  for (const GroupLine& line : status.groups) {
    lines.push_back(&line);
    width = std::max(width, line.group.size());
  }
  std::stable_sort(lines.begin(), lines.end(), [](const auto* a, const auto* b) { return a->state > b->state; });
  if (!lines.empty())
    absl::StrAppend(&text, "\n", Padded("GROUP", width), "  ", Padded("STATE", 11), "  IN STEP    WHY\n");
  for (const GroupLine* line : lines) {
    std::string why = line->why;
    if (line->since_ms > 0) absl::StrAppend(&why, why.empty() ? "" : " ", "(since ", Utc(line->since_ms), ")");
    const std::string share = line->partitions == 0 ? "-" : absl::StrCat(line->in_step, " of ", line->partitions);
    absl::StrAppend(&text, Padded(line->group, width), "  ", Padded(GroupStateName(line->state), 11), "  ",
                    why.empty() ? share : Padded(share, 9) + "  " + why, "\n");
  }
  if (!status.excluded_by_default.empty())
    absl::StrAppend(&text,
                    "\nleft out by the default of groups.exclude: ", absl::StrJoin(status.excluded_by_default, ", "),
                    "\n  a group is kept in step when groups has its name in full\n");
  return text;
}

std::string ToJson(const GroupsStatus& status) {
  Json out = {{"schema_version", kGroupsSchemaVersion}, {"enabled", status.is_enabled}, {"as_of_ms", status.as_of_ms}};
  if (status.last_cycle_ms > 0) out["last_cycle_ms"] = status.last_cycle_ms;
  if (status.interval_seconds > 0) out["interval_seconds"] = status.interval_seconds;
  if (!status.trouble.empty()) out["trouble"] = status.trouble;
  if (!status.excluded_by_default.empty()) out["excluded_by_default"] = status.excluded_by_default;
  out["groups"] = Json::array();
  for (const GroupLine& line : status.groups) {
    Json group = {{"group", line.group},
                  {"state", GroupStateName(line.state)},
                  {"partitions", line.partitions},
                  {"in_step", line.in_step}};
    if (line.since_ms > 0) group["since_ms"] = line.since_ms;
    if (!line.why.empty()) group["why"] = line.why;
    out["groups"].push_back(std::move(group));
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<GroupsStatus> ParseGroupsStatus(const std::string& json) {
  try {
    const Json from = Json::parse(json);
    const int version = from.at("schema_version").get<int>();
    if (version != kGroupsSchemaVersion)
      return absl::InvalidArgumentError(absl::StrCat("not a status of groups: schema version ", version,
                                                     ", and this program knows ", kGroupsSchemaVersion));
    GroupsStatus status;
    status.is_enabled = from.at("enabled").get<bool>();
    status.as_of_ms = from.value("as_of_ms", int64_t{0});
    status.last_cycle_ms = from.value("last_cycle_ms", int64_t{0});
    status.interval_seconds = from.value("interval_seconds", int64_t{0});
    status.trouble = from.value("trouble", "");
    status.excluded_by_default = from.value("excluded_by_default", std::vector<std::string>());
    for (const Json& each : from.at("groups")) {
      GroupLine line;
      line.group = each.at("group").get<std::string>();
      line.state = StateNamed(each.at("state").get<std::string>());
      line.partitions = each.value("partitions", 0);
      line.in_step = each.value("in_step", 0);
      line.since_ms = each.value("since_ms", int64_t{0});
      line.why = each.value("why", "");
      status.groups.push_back(std::move(line));
    }
    return status;
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("not a status of groups: ", error.what()));
  }
}

}  // namespace replicator
