// A topic-partition in a shard's hands: its state machine (partition.h, source_doubt.h, placement.h), where its leaders
// are, and when it may be asked for again. Owned by its shard; touched only on that shard's event loop.
#ifndef REPLICATOR_REPLICATOR_PARTITION_STREAM_H_
#define REPLICATOR_REPLICATOR_PARTITION_STREAM_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kafka/batch/same_records.h"
#include "kafka/client/cluster.h"
#include "kafka/net/signal.h"
#include "kafka/wire/primitives.h"
#include "offsets/store_codec.h"
#include "replicator/partition/absence.h"
#include "replicator/partition/meter.h"
#include "replicator/partition/open_transaction.h"
#include "replicator/partition/partition.h"
#include "replicator/partition/placement.h"
#include "replicator/partition/resume.h"
#include "replicator/partition/source_doubt.h"
#include "replicator/partition/tombstone_watch.h"
#include "replicator/partition/topic_facts.h"

namespace replicator {

using kafka::Clock;

enum class Side : uint8_t { kSource, kTarget };

// What the control loop hands to a shard: one partition of a topic that exists on both sides.
struct Assignment {
  std::string source_topic;
  std::string target_topic;
  int32_t partition = -1;
  kafka::Uuid source_topic_id = kafka::kNoUuid;
  kafka::Uuid target_topic_id = kafka::kNoUuid;
  TopicFacts facts;                                       // changes while the process runs
  offsets::PartitionKey key;                              // in the store
  std::shared_ptr<const offsets::PartitionState> stored;  // what an earlier process left; null: nothing
  // Source offset at which a copy into an empty target partition begins; -1: at the start of the source's log.
  int64_t begin_at = -1;
  // If it is found to be a copy, its topic is one of this link, which the control loop does not know.
  bool is_proof = false;
};

// Where a partition's leader is, by the last metadata. broker -1: it has none at present.
struct Leader {
  int32_t broker = -1;
  int32_t epoch = -1;
  // The epoch that requests carry: who is no longer, or not yet, the leader of that epoch refuses them. -1: anyone
  // answers.
  int32_t fence = -1;
  bool operator==(const Leader&) const = default;
};

// A partition of the source as Fetch requests name it: by topic name or id, as the version has it.
struct PartitionName {
  std::string topic;
  kafka::Uuid topic_id = kafka::kNoUuid;
  int32_t partition = -1;
  bool operator==(const PartitionName&) const = default;
};

// Where a stream stands in its source broker's fetch session. Kept by FetchSession.
struct FetchPlace {
  static constexpr size_t kNoIndex = static_cast<size_t>(-1);

  SourceOffset offset;  // what the broker is asked for
  int32_t leader_epoch = -1;
  int32_t last_fetched_epoch = -1;
  size_t index = kNoIndex;  // among the session's members
  bool is_known = false;    // to the broker
  bool is_changed = false;  // since the broker was told

  bool is_member() const { return index != kNoIndex; }
  bool operator==(const FetchPlace&) const = default;
};

// An operator's wish to let a quarantined stream go on from elsewhere, while the source is asked what it has.
struct PendingResume {
  ResumeRequest request;
  Clock::time_point deadline = Clock::time_point::max();
  std::function<void(absl::StatusOr<ResumePlan>)> done;  // called once; null for a wish that the store has kept
  std::optional<int64_t> target_end;                     // the target is asked first, then the source
  // Of when it was asked for: what is decided rests on newer ones. Null: on any.
  kafka::MetadataSnapshot source_metadata;
  kafka::MetadataSnapshot target_metadata;
  bool waits_for_metadata = false;  // everything else was told
};

struct Stream {
  static constexpr Clock::duration kRetryMin = std::chrono::minutes(1);
  static constexpr int kRetryDoublingsMax = 4;

  Stream(Assignment assigned, const Partition::Options& options)
      : assignment(std::move(assigned)),
        partition(options),
        doubt(partition, assignment.source_topic_id != kafka::kNoUuid),
        placement(partition, doubt, assignment.target_topic) {}

  Assignment assignment;  // changes by its shard only: topic ids that the operator accepts, and facts
  // The state machine, in three classes: what is copied, whether the source may be read, where the copy begins.
  Partition partition;
  SourceDoubt doubt;
  Placement placement;

  Leader source_leader;
  Leader target_leader;

  // As the source last told; -1: not known yet.
  int64_t source_log_start = -1;
  int64_t source_end = -1;  // the last stable offset: what a read_committed reader can see
  int64_t source_high_watermark = -1;
  // When it told these last, or that they are as they were; to within a look (Shard::LookAtAll). nullopt: not known
  // yet.
  std::optional<Clock::time_point> source_heard_at;
  int64_t target_log_start = -1;      // as the target last told; -1: nothing was sent yet
  int64_t last_fetched_time_ms = -1;  // the last accepted batch's largest timestamp

  // Of the topic, by metadata.
  Absence source_absence;
  Absence target_absence;

  // What partition.tail_question() is about, as the target has it; nullopt: it cannot be read.
  std::optional<kafka::BatchContent> target_tail;

  FetchPlace fetch_place;
  bool noted_by_source = false;  // waits in its source's list of those to look at
  Clock::time_point fetch_not_before;
  Clock::time_point ask_not_before;  // settling and locating
  int ask_failures = 0;              // of settling and locating, in a row
  std::string settle_error;          // the last failure of asking the target where it stands; empty once that went well
  std::string locate_error;          // of asking the source where the copy begins or goes on, likewise. Both say who
  int source_failures = 0;           // of fetching, in a row
  int malformed_batches = 0;         // in a row
  std::string source_error;          // the last failure, empty once a fetch went well

  bool queued_for_send = false;                     // in its sink's ready list
  bool settling = false;                            // must_settle() was seen, and the wait before it begun
  std::optional<QuarantineCode> quarantine_logged;  // what it was told for last; nullopt once that is over
  int64_t quarantined_since_ms = 0;                 // Unix time
  std::optional<PendingResume> resume;
  // The last wish that was carried out, and what it was for: stored until the partition has begun there.
  std::string resumes_from;
  std::optional<offsets::StoredQuarantine> resumes_out_of;
  int retries = 0;  // of a quarantine whose cause can pass, in a row
  int64_t records_at_retry = 0;
  Clock::time_point retry_not_before;
  Meter meter;
  OpenTransaction open_transaction;
  TombstoneWatch tombstones;
  bool noted_waiting = false;  // waits in its keeper's lists
  bool noted_moved = false;
  Clock::time_point saved_at;  // when its state was handed to the store last
  int64_t lost_noted = 0;      // of partition.records_lost()
  int64_t lost_at_ms = 0;      // when that rose last; Unix time, 0: never

  void NoteLogStart(int64_t log_start) {
    source_log_start = log_start;
    doubt.OnLogStart(log_start);
  }

  // Goes on from what an earlier process stored.
  void Restore(const offsets::PartitionState& state) {
    partition.Restore(state);
    lost_noted = partition.records_lost();
    lost_at_ms = state.lost_at_ms;
    doubt.OnRestored(state.source_log_start_max);
  }

  // Whether more was lost at the source since it was looked at last.
  void NoteLost(int64_t now_ms) {
    if (partition.records_lost() > std::exchange(lost_noted, partition.records_lost())) {
      lost_at_ms = now_ms;
      partition.MarkUnsaved();
    }
  }

  // Of its topic, by the control loop's last look. True when a hold is over and the stream goes on.
  bool TakeFacts(TopicFacts facts) {
    if (!facts.is_told && facts.hold.empty()) facts.hold = assignment.facts.hold;
    assignment.facts = std::move(facts);
    tombstones.set_retention_ms(assignment.facts.tombstones_kept_ms);
    if (assignment.facts.is_compacted) {
      partition.NoteCompacted();
    } else {
      partition.NoteNotCompacted();
    }
    KeepHold();
    const bool is_over = assignment.facts.hold.empty() && assignment.facts.is_told;
    if (!is_over || !partition.IsQuarantinedFor(QuarantineCode::kTargetSettings)) return false;
    ForgetQuarantine();
    CheckAgain();
    return true;
  }

  // Whatever led it out of a quarantine: nothing is copied to a topic that would change it.
  void KeepHold() {
    if (!assignment.facts.hold.empty())
      partition.PutInQuarantine(QuarantineCode::kTargetSettings, assignment.facts.hold);
  }

  // Out of a quarantine, to go on where it stands if the cause has passed. REQUIRES: partition.quarantined().
  void CheckAgain() {
    partition.CheckAgain();
    doubt.OnCheckedAgain();
    placement.OnCheckedAgain();
  }

  // Out of a quarantine, to go on at `from`, or from the beginning of an empty target: see partition.h. REQUIRES:
  // partition.quarantined().
  void ResumeAt(SourceOffset from, bool keeps_map) {
    partition.ResumeAt(from, keeps_map);
    doubt.OnBegunElsewhere();
    placement.OnCheckedAgain();
  }
  void StartAnew() {
    assignment.begin_at = -1;  // of the copy that was; this one begins at the start of the source's log
    partition.StartAnew();
    doubt.OnBegunElsewhere();
    placement.OnCheckedAgain();
  }

  // A target that refused a batch or us (rights, a policy, a size) may be mended without a word: it is tried again,
  // less and less often. Only what it was quarantined for is known then: of the source nobody has asked meanwhile.
  // True when it was let go on. REQUIRES: partition.quarantined().
  bool RetryIfDue(Clock::time_point now) {
    if (partition.quarantine()->code != QuarantineCode::kTargetRefused) return false;
    if (retry_not_before == Clock::time_point()) {
      retry_not_before = now + kRetryMin * (1 << std::min(retries, kRetryDoublingsMax));
      return false;
    }
    if (now < retry_not_before) return false;
    retry_not_before = {};
    ++retries;
    records_at_retry = partition.records_copied();
    source_heard_at.reset();
    CheckAgain();
    return true;
  }

  // Whether the quarantine it is in is to be told: once, however often what can pass is tried again in between, and
  // anew when it stops for another reason than before. REQUIRES: partition.quarantined().
  bool TellsQuarantine(int64_t now_ms) {
    const QuarantineCode code = partition.quarantine()->code;
    if (quarantine_logged == code) return false;
    if (quarantine_logged.has_value() || quarantined_since_ms == 0) quarantined_since_ms = now_ms;
    quarantine_logged = code;
    return true;
  }
  // What it was quarantined for has passed, or was accepted.
  void ForgetQuarantine() {
    quarantine_logged.reset();
    quarantined_since_ms = 0;
  }

  std::string Name() const { return absl::StrCat(assignment.source_topic, "-", assignment.partition); }
};

// What Source, Sink, Settler and Locator tell the shard that owns them. Same loop.
class StreamOwner {
 public:
  virtual ~StreamOwner() = default;
  // Something happened to `stream`: look at what it wants next.
  virtual void Changed(Stream& stream) = 0;
  // A broker's answer shows that the metadata of `side` is out of date.
  virtual void MetadataIsStale(Side side) = 0;
  // The source was asked where its log begins and ends, for stream.resume.
  virtual void ResumeLocated(Stream& stream) = 0;
  // The wait after `failures` failures in a row.
  virtual Clock::duration BackoffAfter(int failures) = 0;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_STREAM_H_
