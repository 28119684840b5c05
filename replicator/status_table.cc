#include "replicator/status_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "replicator/human.h"

namespace replicator {
namespace {

constexpr char kUnknown[] = "-";
// Errors stand behind the table; a longer one is cut, and whole in the JSON.
constexpr size_t kErrorCharsMax = 160;

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

Row RowOf(const TopicStatus& topic) {
  return {topic.topic,
          CopyStateName(topic.state),
          absl::StrCat(topic.partitions),
          Number(topic.lag_records),
          Bytes(topic.lag_bytes),
          Seconds(topic.lag_seconds),
          Rate(topic.in_per_s),
          Rate(topic.out_per_s),
          Seconds(topic.eta_seconds),
          Number(topic.headroom_records)};
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

std::string Head(const LinkStatus& status, int64_t now_ms) {
  std::string head;
  if (!status.standby.empty()) {
    head = absl::StrCat("link ", status.link, ", STANDBY as of ", Utc(status.as_of_ms), ": ", status.standby, "\n");
  } else if (status.is_running) {
    head = absl::StrCat("link ", status.link, ", running; as of ", Utc(status.as_of_ms), "\n");
  } else {
    head = absl::StrCat("no process answers: what was stored last, at ", Utc(status.as_of_ms), " (",
                        HumanSeconds(std::max<int64_t>(0, now_ms - status.as_of_ms) / 1000), " ago)\n");
  }
  absl::StrAppend(&head, "from cluster ", status.source_cluster_id, " to ", status.target_cluster_id, "\n");
  if (!status.store_trouble.empty()) absl::StrAppend(&head, "STORE: ", status.store_trouble, "\n");
  return head;
}

std::string StoppedTable(const LinkStatus& status) {
  std::vector<Row> rows = {{"TOPIC", "STATE", "PARTITION", "COPIED TO", "TARGET END"}};
  std::vector<const PartitionStatus*> sorted;
  for (const PartitionStatus& partition : status.partitions) sorted.push_back(&partition);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->state > b->state; });
  for (const PartitionStatus* partition : sorted) {
    rows.push_back({partition->topic, CopyStateName(partition->state), absl::StrCat(partition->partition),
                    Number(partition->copied_to), Number(partition->target_end)});
  }
  return Table(rows);
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

}  // namespace

std::string StatusText(const LinkStatus& status, int64_t now_ms) {
  std::string text = Head(status, now_ms);
  if (!status.standby.empty()) {
    absl::StrAppend(&text, "\nanother process copies; this one takes over when it is gone\n");
  } else if (status.partitions.empty()) {
    absl::StrAppend(&text, "\nno topic is being copied\n");
  } else if (!status.is_running) {
    absl::StrAppend(&text, "\n", StoppedTable(status));
  } else {
    const std::vector<TopicStatus> topics = status.Topics();
    std::vector<Row> rows = {
        {"TOPIC", "STATE", "PARTITIONS", "LAG", "LAG BYTES", "LAG TIME", "IN/S", "OUT/S", "ETA", "HEADROOM"}};
    std::string notes;
    for (const TopicStatus& topic : topics) {
      rows.push_back(RowOf(topic));
      if (!topic.stalled_on.empty()) absl::StrAppend(&notes, topic.topic, " is stalled: ", Cut(topic.stalled_on), "\n");
      if (topic.quarantined == 0 && !topic.last_error.empty())
        absl::StrAppend(&notes, topic.topic, ": ", Cut(topic.last_error), "\n");
      for (const std::string& note : {topic.open_transaction, topic.tombstones_at_risk}) {
        if (!note.empty()) absl::StrAppend(&notes, topic.topic, " ", note, "\n");
      }
      if (topic.records_lost > 0)
        absl::StrAppend(&notes, topic.topic, ": ", WithCommas(topic.records_lost),
                        " offsets LOST to the source's retention\n");
    }
    absl::StrAppend(&text, "\n", Table(rows), notes.empty() ? "" : "\n", notes);
  }
  absl::StrAppend(&text, Quarantined(status, now_ms));
  for (const auto& [topic, why] : status.left_out) absl::StrAppend(&text, "\nLEFT OUT ", topic, ": ", why, "\n");
  return text;
}

ExitCode CheckStatus(const LinkStatus& status, double max_lag_seconds, std::string* why) {
  why->clear();
  if (!status.standby.empty()) {
    *why = absl::StrCat("a standby: ", status.standby, "\n");
    return ExitCode::kDone;
  }
  bool quarantined = false;
  for (const PartitionStatus& partition : status.partitions) {
    if (!partition.quarantine.has_value()) continue;
    quarantined = true;
    absl::StrAppend(why, partition.topic, "-", partition.partition, " is quarantined (", partition.quarantine->code,
                    ")\n");
  }
  bool behind = !status.is_running || !status.left_out.empty();
  if (!status.is_running) absl::StrAppend(why, "no process copies\n");
  for (const auto& [topic, reason] : status.left_out) absl::StrAppend(why, topic, " is left out: ", reason, "\n");
  if (status.is_running) {
    for (const TopicStatus& topic : status.Topics()) {
      if (topic.state == CopyState::kStalled) {
        absl::StrAppend(why, topic.topic, " is stalled: ", topic.stalled_on, "\n");
      } else if (topic.quarantined == topic.partitions) {
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
