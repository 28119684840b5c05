#include "policy/topic_config.h"

#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace replicator::policy {
namespace {

constexpr int64_t kSegmentBytesMinSince4 = 1024 * 1024;

// Why the target would refuse an override, by its version or its make; or empty.
absl::string_view ReasonToDrop(absl::string_view name, const TargetTraits& target) {
  if (name == "message.downconversion.enable" && target.is_4_or_newer) return "Kafka 4.0 removed it";
  if (absl::StartsWith(name, "confluent.")) return "Apache Kafka does not know it and would refuse the topic";
  return "";
}

// Removed by KIP-937: what it limits is limited by its two successors.
bool IsGoneSince4(absl::string_view name) { return name == "message.timestamp.difference.max.ms"; }

class Planner {
 public:
  Planner(const SettingValues& source, const TargetTraits& target, const IsExcluded& is_excluded)
      : source_(source), target_(target), is_excluded_(is_excluded) {}

  TopicConfigPlan Run() {
    for (const TopicSetting& setting : AllTopicSettings()) Plan(setting);
    for (const auto& [name, value] : source_) {
      if (FindTopicSetting(name) == nullptr && value.is_override) PlanOverride(name, value.value);
    }
    TopicConfigPlan plan;
    for (auto& [name, setting] : configs_) plan.configs.push_back(std::move(setting));
    plan.notes = std::move(notes_);
    return plan;
  }

 private:
  void Plan(const TopicSetting& setting) {
    const auto found = source_.find(setting.name);
    const bool is_override = found != source_.end() && found->second.is_override;
    switch (setting.at_creation) {
      case AtCreation::kLeftOut:
        if (is_override) NoteLeftOut(setting.name, setting.why_left_out);
        return;
      case AtCreation::kOverride:
        if (is_override) PlanOverride(setting.name, found->second.value);
        return;
      case AtCreation::kWhileCopying:
        if (IsGoneSince4(setting.name) && target_.is_4_or_newer) return;
        Set(setting.name, std::string(setting.while_copying), /*is_override=*/false);
        if (is_override && found->second.value != setting.while_copying) {
          notes_.push_back(absl::StrCat(setting.name, " is ", setting.while_copying, " while the link copies, and not ",
                                        found->second.value, ": records are to arrive as they are"));
        }
        return;
      case AtCreation::kSourceValue:
        if (Excludes(setting.name, is_override)) return;
        if (found != source_.end()) {
          Set(setting.name, Allowed(setting.name, found->second.value), is_override);
        } else if (!setting.of_older_source.empty()) {
          Set(setting.name, std::string(setting.of_older_source), /*is_override=*/false);
        }
    }
  }

  void PlanOverride(absl::string_view name, const std::string& value) {
    const absl::string_view reason = ReasonToDrop(name, target_);
    if (!reason.empty()) return NoteLeftOut(name, reason);
    if (!Excludes(name, /*is_override=*/true)) Set(name, value, /*is_override=*/true);
  }

  bool Excludes(absl::string_view name, bool is_override) {
    if (is_excluded_ == nullptr || !is_excluded_(name)) return false;
    if (is_override) NoteLeftOut(name, "config.properties.exclude leaves it to the target");
    return true;
  }

  void Set(absl::string_view name, std::string value, bool is_override) {
    configs_[std::string(name)] = {std::string(name), std::move(value), is_override};
  }

  void NoteLeftOut(absl::string_view name, absl::string_view why) {
    notes_.push_back(absl::StrCat(name, " is not copied: ", why));
  }

  // What the target takes in place of `value`.
  std::string Allowed(absl::string_view name, const std::string& value) {
    int64_t bytes = 0;
    if (name != "segment.bytes" || !target_.is_4_or_newer || !absl::SimpleAtoi(value, &bytes) ||
        bytes >= kSegmentBytesMinSince4) {
      return value;
    }
    notes_.push_back(absl::StrCat("segment.bytes is raised from ", bytes, " to ", kSegmentBytesMinSince4,
                                  ", the least that Kafka 4.0 and newer accept: retention and compaction, which work "
                                  "on whole segments, come later there"));
    return absl::StrCat(kSegmentBytesMinSince4);
  }

  const SettingValues& source_;
  const TargetTraits target_;
  const IsExcluded& is_excluded_;
  std::map<std::string, PlannedSetting> configs_;
  std::vector<std::string> notes_;
};

}  // namespace

TopicConfigPlan PlanTopicConfigs(const SettingValues& source, const TargetTraits& target,
                                 const IsExcluded& is_excluded) {
  return Planner(source, target, is_excluded).Run();
}

std::string UnknownSetting(absl::string_view broker_says) {
  constexpr absl::string_view kWords = "Unknown topic config name: ";
  const size_t begin = broker_says.find(kWords);
  if (begin == absl::string_view::npos) return "";
  absl::string_view name = broker_says.substr(begin + kWords.size());
  name = name.substr(0, name.find_first_of(" ,;\n"));
  absl::ConsumeSuffix(&name, ".");
  return std::string(name);
}

}  // namespace replicator::policy
