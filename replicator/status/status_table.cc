#include "replicator/status/status_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "replicator/base/human.h"

namespace replicator {
namespace {

constexpr char kUnknown[] = "-";
// Errors stand behind the table; a longer one is cut, and whole in the JSON.
constexpr size_t kErrorCharsMax = 160;
// Nothing mends a loss at the source: `--check` alarms for that long.
constexpr int64_t kLossAlarmMs = int64_t{24} * 3600 * 1000;

using Row = std::vector<std::string>;

std::string Utc(int64_t unix_ms) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixMillis(unix_ms), absl::UTCTimeZone());
}

std::string Number(const std::optional<int64_t>& value) { return value.has_value() ? WithCommas(*value) : kUnknown; }

std::string Rate(const std::optional<double>& per_s) {
  return per_s.has_value() ? absl::StrFormat("%.1f", *per_s) : kUnknown;
}

std::string Bytes(const std::optional<int64_t>& bytes) {
  return bytes.has_value() ? "~" + HumanBytes(static_cast<double>(*bytes)) : kUnknown;
}

std::string Seconds(const std::optional<double>& seconds) {
  if (!seconds.has_value()) return kUnknown;
  return std::isinf(*seconds) ? "never" : HumanSeconds(static_cast<int64_t>(std::ceil(*seconds)));
}

// The sums are called so: an offset counts within its partition.
Row TopicHead() {
  return {"TOPIC",     "STATE",    "PARTITIONS", "LSO SUM", "HW SUM", "COPIED SUM", "LAG",
          "LAG BYTES", "LAG TIME", "IN/S",       "OUT/S",   "ETA",    "HEADROOM"};
}

Row RowOf(const TopicStatus& topic) {
  return {topic.topic,
          CopyStateName(topic.state),
          absl::StrCat(topic.partitions),
          Number(topic.source_last_stable_sum),
          Number(topic.source_high_watermark_sum),
          Number(topic.copied_to_sum),
          Number(topic.lag_records),
          Bytes(topic.lag_bytes),
          Seconds(topic.lag_seconds),
          Rate(topic.in_per_s),
          Rate(topic.out_per_s),
          Seconds(topic.eta_seconds),
          Number(topic.headroom_records)};
}

Row PartitionHead() {
  return {"PARTITION", "STATE",     "LOG START", "LSO",  "HW",    "COPIED TO", "TARGET END",
          "LAG",       "LAG BYTES", "LAG TIME",  "IN/S", "OUT/S", "ETA",       "HEADROOM"};
}

// `alone`: a topic of this partition only.
Row RowOf(const PartitionStatus& partition, const TopicStatus& alone) {
  return {absl::StrCat(partition.topic, "-", partition.partition),
          CopyStateName(partition.state),
          Number(partition.source_log_start),
          Number(partition.source_last_stable),
          Number(partition.source_high_watermark),
          Number(partition.copied_to),
          Number(partition.target_end),
          Number(partition.lag_records()),
          Bytes(alone.lag_bytes),
          Seconds(alone.lag_seconds),
          Rate(partition.in_per_s),
          Rate(partition.out_per_s),
          Seconds(alone.eta_seconds),
          Number(partition.headroom_records())};
}

std::string Table(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      // Names to the left, numbers to the right.
      const std::string pad(widths[i] - row[i].size(), ' ');
      absl::StrAppend(&line, i == 0 ? "" : "  ", i < 2 ? row[i] + pad : pad + row[i]);
    }
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string Cut(const std::string& text) {
  return text.size() <= kErrorCharsMax ? text : text.substr(0, kErrorCharsMax) + "...";
}

std::string Unanswered(const LinkStatus& status) {
  return absl::StrCat("the process that has the state folder does not answer (", status.silent, ")");
}

std::string Head(const LinkStatus& status, int64_t now_ms) {
  std::string head;
  if (!status.standby.empty()) {
    head = absl::StrCat("link ", status.link, ", STANDBY as of ", Utc(status.as_of_ms), ": ", status.standby, "\n");
  } else if (!status.waiting.empty()) {
    head = absl::StrCat("link ", status.link, ", WAITING as of ", Utc(status.as_of_ms), ": ", status.waiting, "\n");
  } else if (status.is_running) {
    head = absl::StrCat("link ", status.link, ", running; as of ", Utc(status.as_of_ms), "\n");
  } else {
    head = absl::StrCat(status.silent.empty() ? "no process answers" : Unanswered(status),
                        ": what was stored last, at ", Utc(status.as_of_ms), " (",
                        HumanSeconds(std::max<int64_t>(0, now_ms - status.as_of_ms) / 1000), " ago)\n");
  }
  absl::StrAppend(&head, "from cluster ", status.source_cluster_id, " to ", status.target_cluster_id, "\n");
  if (!status.groups.empty())
    absl::StrAppend(&head, "consumer groups: ", status.groups, " (status --groups has a line for each)\n");
  if (!status.store_trouble.empty()) absl::StrAppend(&head, "STORE: ", status.store_trouble, "\n");
  if (!status.topics_trouble.empty()) absl::StrAppend(&head, "TOPICS: ", status.topics_trouble, "\n");
  if (status.changelog_age_seconds.has_value()) {
    const int64_t age_s = static_cast<int64_t>(*status.changelog_age_seconds);
    const bool is_old = age_s >= kChangelogAgeSecondsMax;
    absl::StrAppend(&head, is_old ? "CHANGELOG" : "changelog",
                    " on the target: ", age_s == 0 ? "up to date" : absl::StrCat(HumanSeconds(age_s), " behind"),
                    status.changelog_trouble.empty() ? "" : ": ", status.changelog_trouble, "\n");
  }
  return head;
}

std::vector<const PartitionStatus*> WorstFirst(const LinkStatus& status) {
  std::vector<const PartitionStatus*> sorted;
  for (const PartitionStatus& partition : status.partitions) sorted.push_back(&partition);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->state > b->state; });
  return sorted;
}

// What does not fit into a row. `name`: of the topic or the partition.
std::string NotesOn(const std::string& name, const TopicStatus& topic) {
  std::string notes;
  if (!topic.stalled_on.empty()) absl::StrAppend(&notes, name, " is stalled: ", Cut(topic.stalled_on), "\n");
  if (topic.quarantined == 0 && !topic.last_error.empty())
    absl::StrAppend(&notes, name, ": ", Cut(topic.last_error), "\n");
  for (const std::string& note : {topic.open_transaction, topic.tombstones_at_risk}) {
    if (!note.empty()) absl::StrAppend(&notes, name, " ", note, "\n");
  }
  if (topic.state == CopyState::kEnded) absl::StrAppend(&notes, name, " has ended: ", kEndedText, "\n");
  if (topic.records_lost > 0)
    absl::StrAppend(&notes, name, ": ", WithCommas(topic.records_lost), " offsets LOST at the source\n");
  return notes;
}

// A topic of this partition only.
TopicStatus Alone(const PartitionStatus& partition) {
  LinkStatus one;
  one.partitions = {partition};
  return one.Topics().front();
}

// As the store has it: no rates, and nothing of the source.
std::string StoppedTable(const LinkStatus& status, StatusRows what) {
  std::vector<Row> rows;
  std::string notes;
  if (what == StatusRows::kTopics) {
    rows.push_back({"TOPIC", "STATE", "PARTITIONS", "QUARANTINED"});
    for (const TopicStatus& topic : status.Topics()) {
      rows.push_back(
          {topic.topic, CopyStateName(topic.state), absl::StrCat(topic.partitions), absl::StrCat(topic.quarantined)});
      notes += NotesOn(topic.topic, topic);
    }
  } else {
    rows.push_back({"PARTITION", "STATE", "COPIED TO", "TARGET END"});
    for (const PartitionStatus* partition : WorstFirst(status)) {
      rows.push_back({absl::StrCat(partition->topic, "-", partition->partition), CopyStateName(partition->state),
                      Number(partition->copied_to), Number(partition->target_end)});
      notes += NotesOn(rows.back().front(), Alone(*partition));
    }
  }
  return absl::StrCat(Table(rows), notes.empty() ? "" : "\n", notes);
}

std::string RunningTable(const LinkStatus& status, StatusRows what) {
  std::vector<Row> rows = {what == StatusRows::kTopics ? TopicHead() : PartitionHead()};
  std::string notes;
  if (what == StatusRows::kTopics) {
    for (const TopicStatus& topic : status.Topics()) {
      rows.push_back(RowOf(topic));
      notes += NotesOn(topic.topic, topic);
    }
  } else {
    for (const PartitionStatus* partition : WorstFirst(status)) {
      const TopicStatus alone = Alone(*partition);
      rows.push_back(RowOf(*partition, alone));
      notes += NotesOn(rows.back().front(), alone);
    }
  }
  return absl::StrCat(Table(rows), notes.empty() ? "" : "\n", notes);
}

std::string Quarantined(const LinkStatus& status, int64_t now_ms) {
  std::string text;
  for (const PartitionStatus& partition : status.partitions) {
    if (!partition.quarantine.has_value()) continue;
    const QuarantineStatus& quarantine = *partition.quarantine;
    absl::StrAppend(&text, "\nQUARANTINED ", partition.topic, "-", partition.partition, " (", quarantine.code,
                    ") since ", Utc(quarantine.since_ms), ", ",
                    HumanSeconds(std::max<int64_t>(0, now_ms - quarantine.since_ms) / 1000), "\n  ", quarantine.reason,
                    "\n  once that is mended: ", quarantine.remedy, "\n");
    if (!partition.last_error.empty()) absl::StrAppend(&text, "  ", partition.last_error, "\n");
  }
  return text;
}

bool SaysLosses(const LinkStatus& status, std::string* why) {
  bool lost = false;
  for (const TopicStatus& topic : status.Topics()) {
    if (!topic.lost_at_ms.has_value() || status.as_of_ms - *topic.lost_at_ms >= kLossAlarmMs) continue;
    lost = true;
    absl::StrAppend(why, topic.topic, ": ", WithCommas(topic.records_lost), " offsets LOST at the source, the last ",
                    HumanSeconds(std::max<int64_t>(0, status.as_of_ms - *topic.lost_at_ms) / 1000), " ago\n");
  }
  return lost;
}

}  // namespace

std::string StatusText(const LinkStatus& status, int64_t now_ms, StatusRows rows) {
  std::string text = Head(status, now_ms);
  if (!status.standby.empty()) {
    absl::StrAppend(&text, "\nanother process copies; this one takes over when it is gone\n");
  } else if (!status.waiting.empty()) {
    absl::StrAppend(&text, "\nthis process does not copy yet, and nobody is known to\n");
  } else if (!status.partitions.empty()) {
    absl::StrAppend(&text, "\n", status.is_running ? RunningTable(status, rows) : StoppedTable(status, rows));
  } else if (status.left_out.empty() && status.ended.empty()) {
    absl::StrAppend(&text, "\nno topic is being copied\n");
  }
  absl::StrAppend(&text, Quarantined(status, now_ms));
  for (const auto& [topic, why] : status.left_out) absl::StrAppend(&text, "\nLEFT OUT ", topic, ": ", why, "\n");
  for (const auto& [topic, how] : status.ended) {
    // Those that ended while this process ran stand in the table.
    if (status.Only(topic).partitions.empty()) absl::StrAppend(&text, "\nENDED ", topic, ": ", how, "\n");
  }
  if (!status.left_out_by_rule.empty()) {
    absl::StrAppend(
        &text, "\nleft out by their names, though topics matches them: ", absl::StrJoin(status.left_out_by_rule, ", "),
        "\n  a topic is copied when topics has its name in full\n");
  }
  for (const auto& [topic, what] : status.alarms) absl::StrAppend(&text, "\nALARM ", topic, ": ", what, "\n");
  return text;
}

ExitCode CheckStatus(const LinkStatus& status, double max_lag_seconds, std::string* why) {
  why->clear();
  if (!status.standby.empty()) {
    *why = absl::StrCat("a standby: ", status.standby, "\n");
    return ExitCode::kDone;
  }
  if (!status.waiting.empty()) {
    *why = absl::StrCat("this process does not copy yet, and nobody is known to: ", status.waiting, "\n");
    return ExitCode::kCopyBehind;
  }
  bool quarantined = false;
  for (const PartitionStatus& partition : status.partitions) {
    if (!partition.quarantine.has_value()) continue;
    quarantined = true;
    absl::StrAppend(why, partition.topic, "-", partition.partition, " is quarantined (", partition.quarantine->code,
                    ")\n");
  }
  bool behind = !status.is_running || !status.left_out.empty() || !status.alarms.empty() ||
                !status.store_trouble.empty() || !status.topics_trouble.empty() ||
                status.changelog_age_seconds.value_or(0) >= kChangelogAgeSecondsMax;
  if (SaysLosses(status, why)) behind = true;
  if (!status.store_trouble.empty()) absl::StrAppend(why, "nothing can be stored: ", status.store_trouble, "\n");
  if (!status.topics_trouble.empty())
    absl::StrAppend(why, "topics cannot be looked for: ", status.topics_trouble, "\n");
  if (status.changelog_age_seconds.value_or(0) >= kChangelogAgeSecondsMax) {
    absl::StrAppend(why, "the changelog on the target is ", Seconds(status.changelog_age_seconds),
                    " behind: ", status.changelog_trouble, "\n");
  }
  if (!status.is_running) absl::StrAppend(why, status.silent.empty() ? "no process copies" : Unanswered(status), "\n");
  if (status.is_running && status.partitions.empty() && status.left_out.empty() && status.ended.empty()) {
    behind = true;
    absl::StrAppend(why, "no topic is being copied: the process is starting, or none is to be copied\n");
  }
  for (const auto& [topic, reason] : status.left_out) absl::StrAppend(why, topic, " is left out: ", reason, "\n");
  for (const auto& [topic, what] : status.alarms) absl::StrAppend(why, topic, " is copied, but ", what, "\n");
  if (status.is_running) {
    for (const TopicStatus& topic : status.Topics()) {
      if (topic.state == CopyState::kStalled) {
        absl::StrAppend(why, topic.topic, " is stalled: ", topic.stalled_on, "\n");
      } else if (topic.quarantined == topic.partitions || topic.state == CopyState::kEnded) {
        continue;
      } else if (!topic.lag_seconds.has_value() || topic.state == CopyState::kCreating) {
        absl::StrAppend(why, topic.topic, " does not say yet how far it is behind\n");
      } else if (*topic.lag_seconds > max_lag_seconds) {
        absl::StrAppend(why, topic.topic, " is ", Seconds(topic.lag_seconds), " behind\n");
      } else if (!topic.tombstones_at_risk.empty()) {
        absl::StrAppend(why, topic.topic, " ", topic.tombstones_at_risk, "\n");
      } else {
        continue;
      }
      behind = true;
    }
  }
  if (quarantined) return ExitCode::kQuarantined;
  if (behind) return ExitCode::kCopyBehind;
  *why = "nothing is behind or quarantined\n";
  return ExitCode::kDone;
}

}  // namespace replicator
