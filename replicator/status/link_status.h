// What can be told of a link at one moment: per topic and per partition, with the quarantined ones and the command that
// resolves each. Plain values, made by the running process (shard.h) or from the store (stored_status.h); as JSON they
// go over the socket of the state folder and to scripts.
//
// Offsets are those of one partition, and where a topic has sums of them they are called so. What is not known is
// nullopt, and left out of the JSON.
#ifndef REPLICATOR_REPLICATOR_STATUS_LINK_STATUS_H_
#define REPLICATOR_REPLICATOR_STATUS_LINK_STATUS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace replicator {

// Raised when a field of the JSON changes its meaning or goes away; new fields do not raise it.
inline constexpr int kStatusSchemaVersion = 1;

// Worst last: a topic is in the worst state of its partitions.
enum class CopyState : uint8_t {
  kEnded,     // the topic was deleted at the source
  kStopped,   // no process runs: what was stored last
  kCaughtUp,  // everything that the source had when it was asked last is on the target
  kCopying,   // there is more
  kCreating,  // its place on the target is being looked for
  kStalled,   // there is more, and nothing was copied for kStalledAfterSeconds; or whether there is more is not known
  kQuarantined,  // stopped, with a reason
};
const char* CopyStateName(CopyState state);

inline constexpr int kStalledAfterSeconds = 60;

// From then on an operator is alarmed.
inline constexpr int kChangelogAgeSecondsMax = 60;

// Of a topic that has ended.
inline constexpr char kEndedText[] = "it was deleted at the source; its copy stays on the target";

struct QuarantineStatus {
  std::string code;
  std::string reason;
  int64_t since_ms = 0;  // Unix time
  std::string remedy;    // a command
  bool operator==(const QuarantineStatus&) const = default;
};

struct PartitionStatus {
  std::string topic;  // of the source
  std::string target_topic;
  int32_t partition = -1;
  CopyState state = CopyState::kStopped;
  // Offsets of the source. The last stable one is what a read_committed reader can see, the high watermark what every
  // reader can; as the source told last.
  std::optional<int64_t> source_log_start;
  std::optional<int64_t> source_last_stable;
  std::optional<int64_t> source_high_watermark;
  std::optional<double> source_heard_seconds;  // the age of these
  std::optional<int64_t> copied_to;            // the next one to look at
  std::optional<int64_t> target_end;           // the target's log end as acknowledged
  int64_t records_copied = 0;                  // by this process
  int64_t bytes_copied = 0;
  int64_t records_lost = 0;           // to the source's retention or to gaps in its log, since the link began
  std::optional<int64_t> lost_at_ms;  // when that rose last; Unix time
  std::optional<double> lag_seconds;
  std::optional<double> in_per_s;
  std::optional<double> out_per_s;
  std::optional<double> bytes_per_s;
  std::string stalled_on;  // which broker, and why if that is known
  std::string last_error;
  std::string open_transaction;    // one that holds the last stable offset for long: whose, and what to do
  std::string tombstones_at_risk;  // the copy is so far behind that it could miss some: how far, and what to do
  std::optional<QuarantineStatus> quarantine;
  std::string ended;  // in words, how far the copy came before its topic was deleted at the source

  std::optional<int64_t> lag_records() const;
  // How many offsets the source's retention may still take before it takes what was not copied.
  std::optional<int64_t> headroom_records() const;
  bool operator==(const PartitionStatus&) const = default;
};

struct TopicStatus {
  std::string topic;
  CopyState state = CopyState::kEnded;  // the least: its partitions say
  int partitions = 0;
  int quarantined = 0;
  // Of those that are not quarantined; when all of them say it.
  std::optional<int64_t> source_last_stable_sum;
  std::optional<int64_t> source_high_watermark_sum;
  std::optional<int64_t> copied_to_sum;
  std::optional<int64_t> lag_records;
  std::optional<int64_t> lag_bytes;   // an estimate: lag_records times the average size of what was copied
  std::optional<double> lag_seconds;  // the largest, when all of them say it
  std::optional<double> in_per_s;
  std::optional<double> out_per_s;
  std::optional<double> bytes_per_s;
  // Until the lag is gone, net of what producers write meanwhile; infinite when they write faster (eta.h).
  std::optional<double> eta_seconds;
  std::optional<int64_t> headroom_records;  // the smallest, of those that lag: retention takes nothing from others
  int64_t records_lost = 0;
  std::optional<int64_t> lost_at_ms;
  std::string stalled_on;
  std::string last_error;
  std::string open_transaction;    // of the first partition that has one
  std::string tombstones_at_risk;  // likewise
};

struct LinkStatus {
  std::string link;  // "A->B"; empty from a store
  bool is_running = false;
  int64_t as_of_ms = 0;  // Unix time of the figures
  std::string source_cluster_id;
  std::string target_cluster_id;
  std::vector<PartitionStatus> partitions;
  std::map<std::string, std::string> left_out;  // topics that are not copied, and why
  std::map<std::string, std::string> ended;     // topics that were copied and are deleted at the source, in words
  // Topics that match the file's patterns and are not copied for their names' sake, until the file names them in full.
  // Nothing is wrong with that.
  std::vector<std::string> left_out_by_rule;
  std::map<std::string, std::string> alarms;  // topics that are copied although something is wrong, and what
  std::string store_trouble;                  // why nothing can be stored
  // How old what the changelog on the target knows is; 0 while it knows all that this process does.
  std::optional<double> changelog_age_seconds;
  std::string changelog_trouble;  // why it cannot be written; what another machine would lack
  std::string topics_trouble;     // why topics cannot be looked for: new ones are not found meanwhile
  std::string groups;             // how consumer groups stand (group_status.h); empty: not kept in step
  std::string standby;            // who copies in place of this process; empty when it copies
  std::string waiting;            // what this process waits for before it copies, while nobody is known to copy
  std::string silent;             // of a stored status: a process has the folder, and this is how it failed to answer

  // One for each topic, the worst first, by name among equals.
  std::vector<TopicStatus> Topics() const;
  // The same link, with nothing of other topics than `topic`.
  LinkStatus Only(const std::string& topic) const;
};

std::string ToJson(const LinkStatus& status);
// InvalidArgument for what is not such a text, or of another schema version.
absl::StatusOr<LinkStatus> ParseLinkStatus(const std::string& json);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_STATUS_LINK_STATUS_H_
