// What every topic setting of Kafka means for a copy: whether it decides which records are taken, which stay and how
// they look, and what a link does about it on a topic that it makes and on one that is there already.
//
// The names are those of org.apache.kafka.common.config.TopicConfig and LogConfig of Kafka 3.9 and 4.3; a setting that
// the table does not have is treated like kOverride. Pure functions, any thread.
#ifndef REPLICATOR_POLICY_TOPIC_SETTINGS_H_
#define REPLICATOR_POLICY_TOPIC_SETTINGS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace replicator::policy {

enum class SettingEffect : uint8_t {
  kWhichAreTaken,  // the broker refuses records by it
  kWhichStay,      // it deletes records by it, or decides when
  kHowTheyLook,    // it changes records, or their bytes
  kNone,           // nothing of these: durability, files, replication, serving
};

// On a topic that the link makes.
enum class AtCreation : uint8_t {
  // The value that holds at the source, whoever sets it there, in the CreateTopics request. It is never compared with a
  // default: those of the target can change later, and brokers do not tell the truth about them.
  kSourceValue,
  // A value of the link's own, for as long as it copies.
  kWhileCopying,
  // What the source's topic sets itself.
  kOverride,
  // Never: it belongs to a cluster.
  kLeftOut,
};

// On a topic that is there already, when the target's value is not the source's.
enum class OnExisting : uint8_t {
  kCompared,  // CompareSettings has a rule for it
  kPassed,    // no value of it deletes, changes or refuses a record of the copy
};

struct TopicSetting {
  absl::string_view name;
  SettingEffect effect;
  AtCreation at_creation;
  OnExisting on_existing;
  absl::string_view while_copying;    // the value, with kWhileCopying
  absl::string_view of_older_source;  // what a source does that does not know it, with kSourceValue; empty: not set
  absl::string_view why_left_out;     // with kLeftOut
};

// By name.
absl::Span<const TopicSetting> AllTopicSettings();
// nullptr: not in the table.
const TopicSetting* FindTopicSetting(absl::string_view name);

// The settings that CompareSettings looks at, and those that say how a topic is compacted.
std::vector<std::string> ComparedSettings();

// A setting as it holds on a topic.
struct SettingValue {
  std::string value;
  bool is_override = false;  // the topic sets it itself
  bool operator==(const SettingValue&) const = default;
};
using SettingValues = std::map<std::string, SettingValue, std::less<>>;

// The value, or nullptr.
const std::string* ValueOf(const SettingValues& values, absl::string_view name);

// Of two values of one setting the one under which a topic keeps and takes more (less) records. For cleanup.policy what
// both do (what either does). nullopt: they cannot be compared.
enum class Keeping : uint8_t { kMore, kLess };
std::optional<std::string> Choose(absl::string_view name, const std::string& a, const std::string& b, Keeping keeping);

// Whether a topic is compacted by `cleanup_policy`.
bool IsCompacted(absl::string_view cleanup_policy);

// True for a setting that the link's file leaves to the target (config.properties.exclude).
using IsExcluded = std::function<bool(absl::string_view name)>;

enum class Harm : uint8_t {
  kRefuses,       // the target refuses records, or forgets tombstones and superseded records sooner: nothing is lost in
                  // silence, or nothing that a reader of the newest state sees
  kDeletes,       // it deletes records that the source keeps
  kRecompresses,  // it writes every batch anew, the records stay what they are
  kCompacts,      // it deletes records by key that the source keeps, and refuses those without one
  kReplacesTimes,
};

struct SettingDifference {
  std::string name;
  Harm harm = Harm::kRefuses;
  std::string text;    // "retention.ms is 60000 on the target and -1 at the source: ..."
  std::string remedy;  // "retention.ms=-1", for --add-config; empty: nothing can be set
  bool operator==(const SettingDifference&) const = default;
};

// What the target's topic does to the records of the source's. Without the source's values (not authorised) only what
// is harmful in itself is found.
std::vector<SettingDifference> CompareSettings(const SettingValues& source, const SettingValues& target,
                                               const IsExcluded& is_excluded);

// Whether a topic that was not begun is not to be begun.
bool StopsBeforeTheFirstBatch(Harm harm);
// Whether a topic that is being copied is to be stopped: whatever is copied further would be another record there.
bool StopsInMidRun(Harm harm);

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_TOPIC_SETTINGS_H_
