#include "policy/topic_settings.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace replicator::policy {
namespace {

constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();
constexpr absl::string_view kNoLimit = "9223372036854775807";
constexpr absl::string_view kTiered =
    "tiered storage belongs to a cluster: set it on the target's topic if that cluster has it";
constexpr absl::string_view kThrottled = "it names broker ids of the source cluster";

constexpr TopicSetting SourceValue(absl::string_view name, SettingEffect effect, OnExisting on_existing,
                                   absl::string_view of_older_source = "") {
  return {name, effect, AtCreation::kSourceValue, on_existing, "", of_older_source, ""};
}
constexpr TopicSetting WhileCopying(absl::string_view name, SettingEffect effect, absl::string_view value) {
  return {name, effect, AtCreation::kWhileCopying, OnExisting::kCompared, value, "", ""};
}
constexpr TopicSetting Override(absl::string_view name, SettingEffect effect = SettingEffect::kNone) {
  return {name, effect, AtCreation::kOverride, OnExisting::kPassed, "", "", ""};
}
constexpr TopicSetting LeftOut(absl::string_view name, absl::string_view why,
                               SettingEffect effect = SettingEffect::kNone) {
  return {name, effect, AtCreation::kLeftOut, OnExisting::kPassed, "", "", why};
}

using enum SettingEffect;
using enum OnExisting;

// Why compression.type is `producer` and the times are the producers' while the link copies: the target takes the
// batches as they are. The limits of a record's time are off: the source has judged the records already, when they were
// new. What a broker does with compression.*.level follows from compression.type.
constexpr TopicSetting kSettings[] = {
    SourceValue("cleanup.policy", kWhichStay, kCompared),
    Override("compression.gzip.level", kHowTheyLook),
    Override("compression.lz4.level", kHowTheyLook),
    WhileCopying("compression.type", kHowTheyLook, "producer"),
    Override("compression.zstd.level", kHowTheyLook),
    SourceValue("delete.retention.ms", kWhichStay, kCompared),
    Override("file.delete.delay.ms"),
    Override("flush.messages"),
    Override("flush.ms"),
    LeftOut("follower.replication.throttled.replicas", kThrottled),
    Override("index.interval.bytes"),
    LeftOut("internal.segment.bytes", "it is for Kafka's own tests"),
    LeftOut("leader.replication.throttled.replicas", kThrottled),
    LeftOut("local.retention.bytes", kTiered),
    LeftOut("local.retention.ms", kTiered),
    SourceValue("max.compaction.lag.ms", kWhichStay, kCompared, kNoLimit),
    SourceValue("max.message.bytes", kWhichAreTaken, kCompared),
    Override("message.downconversion.enable"),
    LeftOut("message.format.version",
            "record batches are copied in format v2, and a target that stored an older one would refuse them",
            kHowTheyLook),
    WhileCopying("message.timestamp.after.max.ms", kWhichAreTaken, kNoLimit),
    WhileCopying("message.timestamp.before.max.ms", kWhichAreTaken, kNoLimit),
    WhileCopying("message.timestamp.difference.max.ms", kWhichAreTaken, kNoLimit),
    WhileCopying("message.timestamp.type", kHowTheyLook, "CreateTime"),
    SourceValue("min.cleanable.dirty.ratio", kWhichStay, kPassed),
    SourceValue("min.compaction.lag.ms", kWhichStay, kCompared),
    Override("min.insync.replicas"),
    Override("preallocate"),
    LeftOut("remote.log.copy.disable", kTiered),
    LeftOut("remote.log.delete.on.disable", kTiered),
    LeftOut("remote.storage.enable", kTiered),
    SourceValue("retention.bytes", kWhichStay, kCompared),
    SourceValue("retention.ms", kWhichStay, kCompared),
    SourceValue("segment.bytes", kWhichStay, kPassed),
    Override("segment.index.bytes"),
    Override("segment.jitter.ms"),
    SourceValue("segment.ms", kWhichStay, kPassed),
    Override("unclean.leader.election.enable", kWhichStay),
};

static_assert(std::is_sorted(std::begin(kSettings), std::end(kSettings),
                             [](const TopicSetting& a, const TopicSetting& b) { return a.name < b.name; }));

constexpr absl::string_view kTimeLimits[] = {"message.timestamp.after.max.ms", "message.timestamp.before.max.ms",
                                             "message.timestamp.difference.max.ms"};

std::vector<std::string> PoliciesOf(absl::string_view cleanup_policy) {
  std::vector<std::string> policies;
  for (absl::string_view each : absl::StrSplit(cleanup_policy, ',')) {
    each = absl::StripAsciiWhitespace(each);
    if (!each.empty()) policies.emplace_back(each);
  }
  std::sort(policies.begin(), policies.end());
  return policies;
}

bool Deletes(absl::string_view cleanup_policy) {
  const std::vector<std::string> policies = PoliciesOf(cleanup_policy);
  return std::find(policies.begin(), policies.end(), "delete") != policies.end();
}

std::string ChoosePolicy(const std::string& a, const std::string& b, Keeping keeping) {
  const std::vector<std::string> of_a = PoliciesOf(a);
  const std::vector<std::string> of_b = PoliciesOf(b);
  std::vector<std::string> chosen;
  if (keeping == Keeping::kMore) {
    std::set_intersection(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(), std::back_inserter(chosen));
  } else {
    std::set_union(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(), std::back_inserter(chosen));
  }
  return absl::StrJoin(chosen, ",");
}

// -1 is no limit where retention is meant.
std::optional<int64_t> NumberOf(absl::string_view name, const std::string& value) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(value, &number)) return std::nullopt;
  const bool is_retention = name == "retention.ms" || name == "retention.bytes";
  return is_retention && number < 0 ? kEndless : number;
}

// The two sides of one topic.
class Comparison {
 public:
  Comparison(const SettingValues& source, const SettingValues& target, const IsExcluded& is_excluded)
      : source_(source), target_(target), is_excluded_(is_excluded) {}

  std::vector<SettingDifference> Run() {
    CompareLooks();
    CompareLimitsOfTime();
    if (!source_.empty()) {
      CompareCompaction();
      CompareRetention("retention.ms");
      CompareRetention("retention.bytes");
      CompareSizes();
    }
    return std::move(found_);
  }

 private:
  void Add(absl::string_view name, Harm harm, absl::string_view text, std::string remedy) {
    found_.push_back({std::string(name), harm, std::string(text), std::move(remedy)});
  }

  const std::string* Of(const SettingValues& values, absl::string_view name) const { return ValueOf(values, name); }

  std::optional<int64_t> Number(const SettingValues& values, absl::string_view name) const {
    const std::string* value = ValueOf(values, name);
    return value == nullptr ? std::nullopt : NumberOf(name, *value);
  }

  bool IsWanted(absl::string_view name) const { return is_excluded_ == nullptr || !is_excluded_(name); }

  // Whatever the source has: while the link copies these are the link's own.
  void CompareLooks() {
    const std::string* codec = Of(target_, "compression.type");
    if (codec != nullptr && *codec != "producer") {
      Add("compression.type", Harm::kRecompresses,
          absl::StrCat("compression.type is ", *codec,
                       " on the target, which would compress every batch anew that has another codec"),
          "compression.type=producer");
    }
    const std::string* type = Of(target_, "message.timestamp.type");
    if (type != nullptr && *type != "CreateTime") {
      Add("message.timestamp.type", Harm::kReplacesTimes,
          absl::StrCat("message.timestamp.type is ", *type, " on the target, which would replace every record's time"),
          "message.timestamp.type=CreateTime");
    }
  }

  void CompareLimitsOfTime() {
    for (const absl::string_view name : kTimeLimits) {
      const std::string* limit = Of(target_, name);
      if (limit == nullptr || *limit == kNoLimit) continue;
      const bool is_future = name == "message.timestamp.after.max.ms";
      Add(name, Harm::kRefuses,
          absl::StrCat(name, " is ", *limit, " on the target, which refuses records that are ",
                       is_future ? "further in the future" : "older"),
          absl::StrCat(name, "=", kNoLimit));
    }
  }

  void CompareCompaction() {
    const std::string* source = Of(source_, "cleanup.policy");
    const std::string* target = Of(target_, "cleanup.policy");
    if (source == nullptr || target == nullptr) return;
    if (IsWanted("cleanup.policy") && IsCompacted(*target) && !IsCompacted(*source)) {
      Add("cleanup.policy", Harm::kCompacts,
          absl::StrCat("cleanup.policy is ", *target, " on the target and ", *source,
                       " at the source: the target would delete records that have the key of a later one, and refuse "
                       "records without a key"),
          absl::StrCat("cleanup.policy=", BracketedIfList(*source)));
    }
    if (!IsCompacted(*target) || !IsCompacted(*source)) return;
    for (const absl::string_view name : {"delete.retention.ms", "max.compaction.lag.ms", "min.compaction.lag.ms"}) {
      const std::optional<int64_t> at_source = Number(source_, name);
      const std::optional<int64_t> at_target = Number(target_, name);
      if (!IsWanted(name) || !at_source.has_value() || !at_target.has_value() || *at_target >= *at_source) continue;
      Add(name, Harm::kRefuses,
          absl::StrCat(name, " is ", *at_target, " on the target and ", *at_source,
                       " at the source: the target removes ",
                       name == "delete.retention.ms" ? "tombstones" : "superseded records", " sooner"),
          absl::StrCat(name, "=", *at_source));
    }
  }

  // By time or size, where the policy lets it.
  void CompareRetention(absl::string_view name) {
    const std::string* source_policy = Of(source_, "cleanup.policy");
    const std::string* target_policy = Of(target_, "cleanup.policy");
    const std::string* source_value = Of(source_, name);
    const std::string* target_value = Of(target_, name);
    if (!IsWanted(name) || source_policy == nullptr || target_policy == nullptr || source_value == nullptr ||
        target_value == nullptr || !Deletes(*target_policy)) {
      return;
    }
    const bool source_deletes = Deletes(*source_policy);
    if (!source_deletes && !IsWanted("cleanup.policy")) return;
    const int64_t kept_at_source = source_deletes ? NumberOf(name, *source_value).value_or(0) : kEndless;
    if (NumberOf(name, *target_value).value_or(kEndless) >= kept_at_source) return;
    const std::string of_source =
        source_deletes ? *source_value : absl::StrCat("without effect, by cleanup.policy=", *source_policy, ",");
    Add(name, Harm::kDeletes,
        absl::StrCat(name, " is ", *target_value, " on the target and ", of_source,
                     " at the source: the target would delete records that the source keeps"),
        source_deletes ? absl::StrCat(name, "=", *source_value)
                       : absl::StrCat("cleanup.policy=", BracketedIfList(*source_policy)));
  }

  void CompareSizes() {
    constexpr absl::string_view kName = "max.message.bytes";
    const std::optional<int64_t> source = Number(source_, kName);
    const std::optional<int64_t> target = Number(target_, kName);
    if (!IsWanted(kName) || !source.has_value() || !target.has_value() || *target >= *source) return;
    Add(kName, Harm::kRefuses,
        absl::StrCat("max.message.bytes is ", *target, " on the target and ", *source,
                     " at the source: the target refuses larger batches"),
        absl::StrCat("max.message.bytes=", *source));
  }

  // As kafka-configs wants a list.
  static std::string BracketedIfList(const std::string& value) {
    return absl::StrContains(value, ',') ? absl::StrCat("[", value, "]") : value;
  }

  const SettingValues& source_;
  const SettingValues& target_;
  const IsExcluded& is_excluded_;
  std::vector<SettingDifference> found_;
};

}  // namespace

absl::Span<const TopicSetting> AllTopicSettings() { return kSettings; }

const TopicSetting* FindTopicSetting(absl::string_view name) {
  const auto* found = std::lower_bound(std::begin(kSettings), std::end(kSettings), name,
                                       [](const TopicSetting& one, absl::string_view key) { return one.name < key; });
  return found != std::end(kSettings) && found->name == name ? found : nullptr;
}

std::vector<std::string> ComparedSettings() {
  std::vector<std::string> names;
  for (const TopicSetting& setting : kSettings) {
    if (setting.on_existing == OnExisting::kCompared) names.emplace_back(setting.name);
  }
  return names;
}

const std::string* ValueOf(const SettingValues& values, absl::string_view name) {
  auto found = values.find(name);
  return found == values.end() ? nullptr : &found->second.value;
}

std::optional<std::string> Choose(absl::string_view name, const std::string& a, const std::string& b, Keeping keeping) {
  if (a == b) return a;
  if (name == "cleanup.policy") return ChoosePolicy(a, b, keeping);
  const TopicSetting* setting = FindTopicSetting(name);
  // Of what is to be the link's own: whatever is.
  if (setting != nullptr && setting->at_creation == AtCreation::kWhileCopying && setting->while_copying != kNoLimit)
    return (a == setting->while_copying) == (keeping == Keeping::kMore) ? a : b;
  const std::optional<int64_t> of_a = NumberOf(name, a);
  const std::optional<int64_t> of_b = NumberOf(name, b);
  if (!of_a.has_value() || !of_b.has_value()) return std::nullopt;
  return (*of_a > *of_b) == (keeping == Keeping::kMore) ? a : b;
}

bool IsCompacted(absl::string_view cleanup_policy) { return cleanup_policy.find("compact") != absl::string_view::npos; }

std::vector<SettingDifference> CompareSettings(const SettingValues& source, const SettingValues& target,
                                               const IsExcluded& is_excluded) {
  return Comparison(source, target, is_excluded).Run();
}

bool StopsBeforeTheFirstBatch(Harm harm) { return harm != Harm::kRefuses; }

bool StopsInMidRun(Harm harm) { return harm == Harm::kCompacts || harm == Harm::kReplacesTimes; }

}  // namespace replicator::policy
