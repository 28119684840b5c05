#include "policy/topic_verdict.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace replicator::policy {
namespace {

std::string Untold(absl::string_view side, absl::string_view topic, absl::string_view error) {
  return absl::StrCat("the ", side, " does not tell the settings of topic ", topic, " (", error, ")");
}

std::string Remedy(const TopicSides& sides, const std::vector<SettingDifference>& differences) {
  const std::string settings = absl::StrJoin(
      differences, ",", [](std::string* out, const SettingDifference& one) { absl::StrAppend(out, one.remedy); });
  return absl::StrCat(". Alter it: kafka-configs --alter --entity-type topics --entity-name ", sides.target_topic,
                      " --add-config ", settings,
                      ". Or accept it as it is: --accept-target-settings=", sides.source_topic);
}

std::string Told(const TopicSides& sides, const std::vector<SettingDifference>& differences) {
  if (differences.empty()) return "";
  const std::string texts = absl::StrJoin(
      differences, "; ", [](std::string* out, const SettingDifference& one) { absl::StrAppend(out, one.text); });
  return absl::StrCat(texts, Remedy(sides, differences));
}

void Append(std::string& all, const std::string& one) {
  if (!one.empty()) absl::StrAppend(&all, all.empty() ? "" : "; ", one);
}

// Without the source's policy a target that compacts cannot be judged. All else that stops a topic in mid-run is wrong
// whatever the source has.
bool IsTold(const TopicSides& sides) {
  if (sides.is_accepted) return true;
  if (sides.is_made || sides.target == nullptr) return false;
  constexpr absl::string_view kPolicy = "cleanup.policy";
  const std::string* target = ValueOf(*sides.target, kPolicy);
  const bool is_source_needed =
      (target == nullptr || IsCompacted(*target)) && (sides.is_excluded == nullptr || !sides.is_excluded(kPolicy));
  return !is_source_needed || (sides.source != nullptr && ValueOf(*sides.source, kPolicy) != nullptr);
}

void JudgeCompaction(const TopicSides& sides, TopicVerdict& verdict) {
  const auto may_be_compacted = [](const SettingValues* side) {
    if (side == nullptr) return true;
    const std::string* policy = ValueOf(*side, "cleanup.policy");
    return policy == nullptr || IsCompacted(*policy);
  };
  verdict.is_compacted = may_be_compacted(sides.source) || may_be_compacted(sides.target);
  if (!verdict.is_compacted || sides.source == nullptr) return;
  const std::string* kept = ValueOf(*sides.source, "delete.retention.ms");
  int64_t kept_ms = 0;
  if (kept != nullptr && absl::SimpleAtoi(*kept, &kept_ms)) verdict.tombstones_kept_ms = kept_ms;
}

void JudgeSettings(const TopicSides& sides, TopicVerdict& verdict) {
  static const SettingValues kUnknown;
  const SettingValues& source = sides.source == nullptr ? kUnknown : *sides.source;
  std::vector<SettingDifference> stops;
  std::vector<SettingDifference> alarms;
  for (SettingDifference& difference : CompareSettings(source, *sides.target, sides.is_excluded)) {
    const bool is_stop = sides.is_begun ? StopsInMidRun(difference.harm) : StopsBeforeTheFirstBatch(difference.harm);
    if (sides.is_accepted) {
      verdict.replaces_times = verdict.replaces_times || difference.harm == Harm::kReplacesTimes;
      verdict.remarks.push_back(absl::StrCat("accepted: ", difference.text));
    } else if (is_stop) {
      stops.push_back(std::move(difference));
    } else if (StopsBeforeTheFirstBatch(difference.harm)) {
      alarms.push_back(std::move(difference));
    } else {
      verdict.remarks.push_back(difference.text);
    }
  }
  Append(verdict.stop, Told(sides, stops));
  Append(verdict.alarm, Told(sides, alarms));
}

// Some of the source's brokers compact the topic, and others delete by age and size: what both do is nothing, which no
// topic can be set to.
bool HasNoPolicy(const TopicSides& sides) {
  if (!sides.source_brokers_disagree || sides.source == nullptr) return false;
  auto policy = sides.source->find("cleanup.policy");
  return policy != sides.source->end() && !policy->second.is_override && policy->second.value.empty();
}

void JudgePartitions(const TopicSides& sides, TopicVerdict& verdict) {
  if (sides.target_partitions <= sides.source_partitions) return;
  const std::string text = absl::StrCat("the target topic ", sides.target_topic, " has ", sides.target_partitions,
                                        " partitions, the source ", sides.source_partitions,
                                        ": producers that move to the target will write a key to another partition "
                                        "than the one that its older records are in");
  if (sides.is_accepted) {
    verdict.remarks.push_back(absl::StrCat("accepted: ", text));
    return;
  }
  Append(verdict.alarm, absl::StrCat(text,
                                     ". Make the topic anew with as many as the source has, or accept it: "
                                     "--accept-target-settings=",
                                     sides.source_topic));
}

TopicVerdict JudgeWhatIsKnown(const TopicSides& sides) {
  TopicVerdict verdict;
  verdict.is_told = IsTold(sides);
  JudgeCompaction(sides, verdict);
  if (sides.is_made) return verdict;
  JudgePartitions(sides, verdict);
  if (sides.source == nullptr)
    Append(verdict.alarm, absl::StrCat(Untold("source", sides.source_topic, sides.source_error),
                                       ": until then the topic is treated as compacted"));
  if (sides.target != nullptr) {
    JudgeSettings(sides, verdict);
    return verdict;
  }
  verdict.replaces_times = sides.is_accepted;  // it may
  const std::string untold = Untold("target", sides.target_topic, sides.target_error);
  if (sides.is_begun || sides.is_accepted) {
    Append(verdict.alarm, absl::StrCat(untold, ": until then the topic is treated as compacted"));
  } else {
    Append(verdict.stop, absl::StrCat(untold,
                                      ", and may delete or change records by them. To copy "
                                      "all the same: --accept-target-settings=",
                                      sides.source_topic));
  }
  return verdict;
}

}  // namespace

TopicVerdict JudgeTopic(const TopicSides& sides) {
  if (!HasNoPolicy(sides)) return JudgeWhatIsKnown(sides);
  SettingValues source = *sides.source;
  source.erase("cleanup.policy");
  TopicSides known = sides;
  known.source = &source;
  TopicVerdict verdict = JudgeWhatIsKnown(known);
  Append(verdict.alarm, absl::StrCat("the source's brokers disagree on its cleanup.policy (log.cleanup.policy): set it "
                                     "on topic ",
                                     sides.source_topic,
                                     " at the source; until then the topic is treated as "
                                     "compacted"));
  return verdict;
}

}  // namespace replicator::policy
