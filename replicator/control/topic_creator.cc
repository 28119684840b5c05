#include "replicator/control/topic_creator.h"

#include <glog/logging.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kafka/client/errors.h"
#include "policy/replication_factor.h"

namespace replicator {
namespace {

using kafka::Clock;

// How long a new topic may take to get its leaders, and how often is looked.
constexpr Clock::duration kLeadersTimeout = std::chrono::seconds(20);
constexpr Clock::duration kLeadersPoll = std::chrono::milliseconds(30);

int MinInSyncReplicas(const policy::TopicConfigPlan& plan) {
  for (const policy::PlannedSetting& setting : plan.configs) {
    int replicas = 1;
    if (setting.name == "min.insync.replicas" && absl::SimpleAtoi(setting.value, &replicas)) return replicas;
  }
  return 1;
}

bool AllHaveLeaders(const kafka::ClusterMetadata& metadata, const std::string& topic, size_t partitions) {
  auto found = metadata.topics.find(topic);
  if (found == metadata.topics.end() || found->second.error_code != kafka::kErrorNone) return false;
  if (found->second.partitions.size() < partitions) return false;
  return std::all_of(found->second.partitions.begin(), found->second.partitions.end(),
                     [](const kafka::PartitionMetadata& partition) { return partition.leader_id >= 0; });
}

}  // namespace

policy::IsExcluded ExcludedBy(const LinkConfig& config) {
  if (!config.has_config_properties_exclude) return nullptr;
  return [&config](absl::string_view name) { return config.config_properties_exclude.Matches(name); };
}

asio::awaitable<absl::Status> TopicCreator::Create(std::vector<TopicPair> missing) {
  if (missing.empty()) co_return absl::OkStatus();
  std::vector<std::string> names;
  for (const TopicPair& pair : missing) names.push_back(pair.source);
  absl::StatusOr<TopicsRead> read = co_await ReadTopics(source_, names, std::nullopt, policy::Keeping::kMore);
  if (!read.ok()) co_return read.status();
  absl::StatusOr<kafka::ClusterFeatures> features = co_await kafka::FeaturesOf(target_);
  if (!features.ok()) co_return features.status();
  TellBrokersValues(*read);
  std::vector<Plan> plans;
  for (const TopicPair& pair : missing) {
    absl::StatusOr<Plan> plan = PlanTopic(pair, *read, *features);
    if (plan.ok()) {
      plans.push_back(*std::move(plan));
    } else {
      on_fault_(pair.source, std::string(plan.status().message()));
    }
  }
  absl::StatusOr<kafka::TopicOutcomes> outcomes = co_await CreateWithWhatIsKnown(plans);
  if (!outcomes.ok()) co_return outcomes.status();
  std::vector<TopicPair> created;
  for (const Plan& plan : plans) {
    auto outcome = outcomes->find(plan.pair.target);
    if (outcome == outcomes->end()) continue;
    const kafka::TopicOutcome& result = outcome->second;
    if (result.is_made) made_.insert(plan.pair.source);
    if (result.status.ok()) TellMade(plan);
    if (result.error_code == kafka::kErrorInvalidReplicationFactor) wants_brokers_ = true;
    if (result.status.ok() || absl::IsAlreadyExists(result.status)) {
      created.push_back(plan.pair);
    } else {
      on_fault_(plan.pair.source, std::string(result.status.message()));
    }
  }
  if (options_.dry_run) co_return absl::OkStatus();
  co_return co_await AwaitLeaders(created);
}

int32_t TopicCreator::PartitionsOf(const std::string& source_topic) const {
  return static_cast<int32_t>(source_.metadata()->topics.at(source_topic).partitions.size());
}

absl::StatusOr<TopicCreator::Plan> TopicCreator::PlanTopic(const TopicPair& pair, const TopicsRead& source,
                                                           const kafka::ClusterFeatures& features) {
  auto settings = source.settings.find(pair.source);
  if (settings == source.settings.end()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the source did not describe its configs (", source.errors.at(pair.source).message(), ")"));
  }
  auto cleanup = settings->second.find("cleanup.policy");
  const bool follows_brokers = cleanup != settings->second.end() && !cleanup->second.is_override;
  if (follows_brokers && source.disagreements.contains("cleanup.policy")) {
    return absl::FailedPreconditionError(
        "the source's brokers disagree on its cleanup.policy (log.cleanup.policy): set it on the topic at the source");
  }
  const policy::TopicConfigPlan configs =
      policy::PlanTopicConfigs(settings->second, {.is_4_or_newer = features.is_4_or_newer}, ExcludedBy(config_));
  const absl::StatusOr<int> factor = ReplicationFactorFor(pair, configs, features);
  if (!factor.ok()) return factor.status();
  for (const std::string& note : configs.notes) {
    if (told_.insert(absl::StrCat(pair.source, ": ", note)).second)
      LOG(INFO) << "topic " << pair.source << ": " << note;
  }
  Plan plan;
  plan.pair = pair;
  plan.request.name = pair.target;
  plan.request.partition_count = PartitionsOf(pair.source);
  plan.request.replication_factor = static_cast<int16_t>(*factor);
  for (const policy::PlannedSetting& setting : configs.configs) {
    plan.request.configs.push_back({setting.name, setting.value});
    if (setting.is_override) plan.overrides.insert(setting.name);
  }
  return plan;
}

absl::StatusOr<int> TopicCreator::ReplicationFactorFor(const TopicPair& pair, const policy::TopicConfigPlan& plan,
                                                       const kafka::ClusterFeatures& features) {
  const int brokers = static_cast<int>(target_.metadata()->brokers.size());
  int factor = config_.replication_factor;
  if (factor == policy::kTargetsOwnFactor) {
    absl::Status offered = policy::CheckTargetsOwnFactor(features.has_default_replication_factor);
    if (!offered.ok()) return offered;
    return factor;
  }
  if (options_.allow_lower_replication_factor && factor > brokers) {
    LOG(WARNING) << "topic " << pair.target << " gets " << brokers << " replicas and not " << factor
                 << ": the target has no more brokers, and --allow-lower-replication-factor is set";
    factor = brokers;
  }
  if (factor > brokers) wants_brokers_ = true;
  absl::Status possible = policy::CheckReplicationFactor(factor, brokers, MinInSyncReplicas(plan));
  if (!possible.ok()) return possible;
  return factor;
}

// A broker names one setting that it does not know and refuses the topic: it is asked again without that one. Ends,
// since each round takes a setting away from every topic that is asked for again.
asio::awaitable<absl::StatusOr<kafka::TopicOutcomes>> TopicCreator::CreateWithWhatIsKnown(std::vector<Plan>& plans) {
  kafka::TopicOutcomes all;
  std::vector<Plan*> left;
  for (Plan& plan : plans) left.push_back(&plan);
  while (!left.empty()) {
    std::vector<kafka::CreateTopicsRequest::Topic> topics;
    for (Plan* plan : left) {
      LeaveOutUnknown(*plan);
      topics.push_back(plan->request);
    }
    absl::StatusOr<kafka::TopicOutcomes> outcomes =
        co_await kafka::CreateTopics(target_, std::move(topics), options_.dry_run);
    if (!outcomes.ok()) co_return outcomes.status();
    std::erase_if(left, [&](const Plan* plan) {
      auto outcome = outcomes->find(plan->pair.target);
      if (outcome == outcomes->end()) return true;
      const std::string unknown = policy::UnknownSetting(outcome->second.broker_says);
      const std::vector<kafka::CreateTopicsRequest::Config>& asked = plan->request.configs;
      const bool was_asked =
          !outcome->second.status.ok() && !unknown.empty() &&
          std::any_of(asked.begin(), asked.end(), [&](const auto& one) { return one.name == unknown; });
      if (was_asked) {
        unknown_settings_.insert(unknown);
        return false;
      }
      all[plan->pair.target] = std::move(outcome->second);
      return true;
    });
  }
  co_return all;
}

void TopicCreator::LeaveOutUnknown(Plan& plan) {
  std::erase_if(plan.request.configs, [&](const kafka::CreateTopicsRequest::Config& config) {
    if (!unknown_settings_.contains(config.name)) return false;
    const bool is_override = plan.overrides.contains(config.name);
    if (is_override && told_.insert(absl::StrCat(plan.pair.source, " has ", config.name)).second) {
      LOG(WARNING) << "topic " << plan.pair.source << ": " << config.name << "=" << config.value.value_or("")
                   << " is not copied: the target does not know this setting";
    }
    return true;
  });
}

void TopicCreator::TellMade(const Plan& plan) const {
  if (!options_.dry_run) {
    LOG(INFO) << "created topic " << plan.pair.target << " on the target";
    return;
  }
  LOG(INFO) << "would create topic " << plan.pair.target << " on the target: " << PartitionsOf(plan.pair.source)
            << " partitions, replication factor " << plan.request.replication_factor << ", "
            << absl::StrJoin(plan.request.configs, " ", [](std::string* out, const auto& config) {
                 absl::StrAppend(out, config.name, "=", config.value.value_or(""));
               });
}

// What brokers say is the same for all topics that do not say it themselves: told once.
void TopicCreator::TellBrokersValues(const TopicsRead& source) {
  for (const std::string& note : source.notes) {
    if (told_.insert(note).second) LOG(WARNING) << "at the source " << note;
  }
  std::map<std::string, std::string> values;
  for (const auto& [topic, settings] : source.settings) {
    for (const auto& [name, value] : settings) {
      const policy::TopicSetting* setting = policy::FindTopicSetting(name);
      const bool is_set = setting != nullptr && setting->at_creation == policy::AtCreation::kSourceValue;
      if (is_set && !value.is_override) values[name] = value.value;
    }
  }
  const std::string text = absl::StrJoin(values, " ", absl::PairFormatter("="));
  if (!text.empty() && told_.insert(text).second) {
    LOG(INFO) << "what the source's brokers decide for topics that do not, new topics of the target get as settings "
              << "of their own: " << text;
  }
}

asio::awaitable<absl::Status> TopicCreator::Grow(std::vector<TopicPair> pairs) {
  // Metadata may be newer than that by which they were chosen: a topic can be gone.
  std::erase_if(pairs, [this](const TopicPair& pair) {
    return !source_.metadata()->topics.contains(pair.source) || !target_.metadata()->topics.contains(pair.target);
  });
  std::vector<kafka::TopicGrowth> topics;
  for (const TopicPair& pair : pairs) {
    const kafka::TopicMetadata& to = target_.metadata()->topics.at(pair.target);
    topics.push_back({pair.target, static_cast<int32_t>(to.partitions.size()), PartitionsOf(pair.source)});
  }
  if (topics.empty()) co_return absl::OkStatus();
  absl::StatusOr<kafka::TopicOutcomes> outcomes = co_await kafka::CreatePartitions(target_, std::move(topics));
  if (!outcomes.ok()) co_return outcomes.status();
  std::vector<TopicPair> grown;
  for (const TopicPair& pair : pairs) {
    const auto found = outcomes->find(pair.target);
    if (found == outcomes->end()) continue;
    const kafka::TopicOutcome& result = found->second;
    const absl::Status& outcome = result.status;
    // It has them already: the broker that shows metadata is behind the controller.
    if (result.error_code == kafka::kErrorInvalidPartitions) continue;
    if (outcome.ok()) {
      LOG(INFO) << "topic " << pair.target << " on the target has as many partitions as at the source again";
      grown.push_back(pair);
    } else {
      on_fault_(pair.source, std::string(outcome.message()));
    }
  }
  co_return co_await AwaitLeaders(grown);
}

asio::awaitable<absl::Status> TopicCreator::AwaitLeaders(std::vector<TopicPair> created) {
  const Clock::time_point deadline = Clock::now() + kLeadersTimeout;
  while (!created.empty()) {
    absl::StatusOr<kafka::MetadataSnapshot> target = co_await target_.FetchMetadata();
    if (!target.ok()) co_return target.status();
    std::erase_if(created, [&](const TopicPair& pair) {
      return AllHaveLeaders(**target, pair.target, source_.metadata()->topics.at(pair.source).partitions.size());
    });
    if (created.empty() || Clock::now() > deadline) break;
    co_await kafka::SleepFor(kLeadersPoll);
  }
  for (const TopicPair& pair : created)
    LOG(WARNING) << "topic " << pair.target << " was created, but not every partition has a leader yet";
  co_return absl::OkStatus();
}

}  // namespace replicator
