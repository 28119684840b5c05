#include "policy/topic_config.h"

#include <array>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace replicator::policy {
namespace {

// KIP-1030: LogConfig of 4.0 and newer refuses smaller segments.
constexpr int64_t kSegmentBytesMinSince4 = 1 << 20;

constexpr absl::string_view kTimestampDifference = "message.timestamp.difference.max.ms";

// What decides which records stay and which fit: these follow the source even when only its brokers say so.
constexpr std::array<absl::string_view, 4> kFollowsBrokers = {"cleanup.policy", "max.message.bytes", "retention.bytes",
                                                              "retention.ms"};

bool IsSetByBroker(ConfigSource source) {
  return source == ConfigSource::kDynamicBroker || source == ConfigSource::kDynamicDefaultBroker ||
         source == ConfigSource::kStaticBroker;
}

bool FollowsBrokers(absl::string_view name) {
  for (const absl::string_view candidate : kFollowsBrokers) {
    if (candidate == name) return true;
  }
  return false;
}

// The reason for leaving an override out, or empty.
absl::string_view ReasonToDrop(absl::string_view name, const TargetTraits& target) {
  if (absl::EndsWith(name, ".replication.throttled.replicas")) return "it names broker ids of the source cluster";
  if (name == "message.format.version") {
    return "record batches are copied in format v2, and a target that stored an older one would rewrite them";
  }
  if (name == "message.downconversion.enable" && target.is_4_or_newer) return "Kafka 4.0 removed it";
  if (name == "remote.storage.enable" || absl::StartsWith(name, "remote.log.") ||
      absl::StartsWith(name, "local.retention.")) {
    return "tiered storage belongs to a cluster: set it on the target's topic if that cluster has it";
  }
  if (absl::StartsWith(name, "confluent.")) return "Apache Kafka does not know it and would refuse the topic";
  return "";
}

class Planner {
 public:
  explicit Planner(const TargetTraits& target) : target_(target) {}

  void AddOverride(absl::string_view name, absl::string_view value) {
    const absl::string_view reason = ReasonToDrop(name, target_);
    if (!reason.empty()) {
      notes_.push_back(absl::StrCat(name, " is not copied: ", reason));
    } else if (name == kTimestampDifference && target_.is_4_or_newer) {
      difference_ = std::string(value);
    } else if (name == "segment.bytes") {
      configs_[std::string(name)] = SegmentBytes(value);
    } else {
      configs_[std::string(name)] = std::string(value);
    }
  }

  void AddBrokerValue(absl::string_view name, absl::string_view value) {
    configs_[std::string(name)] = std::string(value);
    notes_.push_back(absl::StrCat(name, "=", value,
                                  " is set on the target's topic: the source's brokers say so, and the "
                                  "target's may differ"));
  }

  TopicConfigPlan Finish() {
    TranslateTimestampDifference();
    TopicConfigPlan plan;
    plan.configs.assign(configs_.begin(), configs_.end());
    plan.notes = std::move(notes_);
    return plan;
  }

 private:
  std::string SegmentBytes(absl::string_view value) {
    int64_t bytes = 0;
    if (!target_.is_4_or_newer || !absl::SimpleAtoi(value, &bytes) || bytes >= kSegmentBytesMinSince4) {
      return std::string(value);
    }
    notes_.push_back(
        absl::StrCat("segment.bytes is raised from ", bytes, " to ", kSegmentBytesMinSince4,
                     ", the least that Kafka 4.0 and newer accept: retention and compaction, which work on "
                     "whole segments, come later there"));
    return absl::StrCat(kSegmentBytesMinSince4);
  }

  // KIP-937 split it in two. Where the source (3.6 to 3.9) already set one of these, that one counts there as well.
  void TranslateTimestampDifference() {
    if (!difference_.has_value()) return;
    std::string replacements;
    for (const char* name : {"message.timestamp.before.max.ms", "message.timestamp.after.max.ms"}) {
      if (!configs_.emplace(name, *difference_).second) continue;
      absl::StrAppend(&replacements, replacements.empty() ? "" : " and ", name);
    }
    notes_.push_back(
        replacements.empty()
            ? absl::StrCat(kTimestampDifference, " is not copied: the topic already sets both of its successors")
            : absl::StrCat(kTimestampDifference, " is written as ", replacements,
                           ", its successors: Kafka 4.0 removed it"));
  }

  const TargetTraits target_;
  std::map<std::string, std::string> configs_;
  std::optional<std::string> difference_;
  std::vector<std::string> notes_;
};

}  // namespace

TopicConfigPlan PlanTopicConfigs(absl::Span<const SourceTopicConfig> source, const TargetTraits& target) {
  Planner planner(target);
  for (const SourceTopicConfig& config : source) {
    if (!config.value.has_value()) continue;
    if (config.source == ConfigSource::kTopicOverride) {
      planner.AddOverride(config.name, *config.value);
    } else if (IsSetByBroker(config.source) && FollowsBrokers(config.name)) {
      planner.AddBrokerValue(config.name, *config.value);
    }
  }
  return planner.Finish();
}

}  // namespace replicator::policy
