#include "replicator/control/reconciler.h"

#include <glog/logging.h>

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kafka/client/errors.h"
#include "policy/replication_factor.h"
#include "policy/topic_config.h"

namespace replicator {
namespace {

// How long a new topic may take to get its leaders, and how often is looked.
constexpr Clock::duration kLeadersTimeout = std::chrono::seconds(20);
constexpr Clock::duration kLeadersPoll = std::chrono::milliseconds(30);

std::vector<policy::SourceTopicConfig> ToPolicy(const std::vector<kafka::DescribeConfigsResponse::Config>& configs) {
  std::vector<policy::SourceTopicConfig> result;
  for (const kafka::DescribeConfigsResponse::Config& config : configs) {
    result.push_back({config.name, config.value, static_cast<policy::ConfigSource>(config.source)});
  }
  return result;
}

int MinInSyncReplicas(const policy::TopicConfigPlan& plan) {
  for (const auto& [name, value] : plan.configs) {
    int replicas = 1;
    if (name == "min.insync.replicas" && absl::SimpleAtoi(value, &replicas)) return replicas;
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

asio::awaitable<absl::StatusOr<std::vector<Assignment>>> Reconciler::Reconcile() {
  absl::StatusOr<kafka::MetadataSnapshot> source = co_await source_.FetchMetadata();
  if (!source.ok()) co_return source.status();
  absl::StatusOr<kafka::MetadataSnapshot> target = co_await target_.FetchMetadata();
  if (!target.ok()) co_return target.status();
  faults_.clear();
  std::vector<Pair> pairs = Select();
  std::vector<Pair> missing;
  for (const Pair& pair : pairs) {
    if (!(*target)->topics.contains(pair.target)) missing.push_back(pair);
  }
  absl::Status created = co_await CreateMissing(missing);
  if (!created.ok()) co_return created;
  absl::Status added = co_await AddPartitions(pairs);
  if (!added.ok()) co_return added;
  absl::StatusOr<std::set<std::string>> compacted = co_await Compacted(pairs);
  if (!compacted.ok()) co_return compacted.status();
  absl::Status read = co_await ReadTombstoneRetention(pairs, *compacted);
  if (!read.ok()) co_return read;
  std::vector<Assignment> assignments = Assign(pairs, *compacted);
  reported_ = faults_;
  co_return assignments;
}

std::vector<Assignment> Reconciler::Assign(const std::vector<Pair>& pairs, const std::set<std::string>& compacted) {
  std::vector<Assignment> assignments;
  topics_ = 0;
  for (const Pair& pair : pairs) {
    if (HasFault(pair.source)) continue;
    const kafka::TopicMetadata& from = source_.metadata()->topics.at(pair.source);
    auto to = target_.metadata()->topics.find(pair.target);
    if (to == target_.metadata()->topics.end()) {
      if (!options_.dry_run) Fault(pair.source, "the target does not show the topic yet");
      continue;
    }
    if (to->second.partitions.size() < from.partitions.size()) {
      Fault(pair.source, absl::StrCat("the target topic ", pair.target, " has ", to->second.partitions.size(),
                                      " partitions, the source ", from.partitions.size(),
                                      ". Add the missing ones on the target: kafka-topics --alter --topic ",
                                      pair.target, " --partitions ", from.partitions.size()));
      continue;
    }
    ++topics_;
    for (int32_t partition = 0; partition < static_cast<int32_t>(from.partitions.size()); ++partition) {
      if (!assigned_.insert({pair.source, partition}).second) continue;
      assignments.push_back({.source_topic = pair.source,
                             .target_topic = pair.target,
                             .partition = partition,
                             .source_topic_id = from.id,
                             .target_topic_id = to->second.id,
                             .is_compacted = compacted.contains(pair.target),
                             .key = {},
                             .stored = nullptr});
    }
  }
  return assignments;
}

// A topic that is being copied has got more partitions at the source. (One that has fewer on the target when it is seen
// first was not made by this link: that is for the operator to decide.)
asio::awaitable<absl::Status> Reconciler::AddPartitions(std::vector<Pair> pairs) {
  std::vector<kafka::CreatePartitionsRequest::Topic> topics;
  std::vector<Pair> grown;
  for (const Pair& pair : pairs) {
    auto to = target_.metadata()->topics.find(pair.target);
    const size_t wanted = source_.metadata()->topics.at(pair.source).partitions.size();
    if (HasFault(pair.source) || !IsCopied(pair.source) || to == target_.metadata()->topics.end()) continue;
    if (to->second.partitions.size() >= wanted) continue;
    topics.push_back({pair.target, static_cast<int32_t>(wanted)});
    grown.push_back(pair);
  }
  if (topics.empty() || options_.dry_run) co_return absl::OkStatus();
  absl::StatusOr<absl::flat_hash_map<std::string, absl::Status>> outcomes =
      co_await kafka::CreatePartitions(target_, topics);
  if (!outcomes.ok()) co_return outcomes.status();
  for (const Pair& pair : grown) {
    const absl::Status outcome = (*outcomes)[pair.target];
    if (outcome.ok()) {
      LOG(INFO) << "topic " << pair.target << " on the target has as many partitions as at the source again";
    } else {
      Fault(pair.source, std::string(outcome.message()));
    }
  }
  std::erase_if(grown, [this](const Pair& pair) { return HasFault(pair.source); });
  co_return co_await AwaitLeaders(grown);
}

// The topics of the link, in the order of their names.
std::vector<Reconciler::Pair> Reconciler::Select() {
  std::vector<Pair> pairs;
  for (const auto& [name, topic] : source_.metadata()->topics) {
    if (topic.is_internal || config_.topic_filter.Decide(name) != policy::TopicDecision::kCopy) continue;
    if (config_.replication_policy.IsCycle(name)) continue;
    if (topic.error_code != kafka::kErrorNone) {
      Fault(name, absl::StrCat("the source says ", kafka::ErrorText(topic.error_code)));
      continue;
    }
    absl::StatusOr<std::string> target = config_.replication_policy.TargetTopic(name);
    if (!target.ok()) {
      Fault(name, std::string(target.status().message()));
      continue;
    }
    pairs.push_back({name, *target});
  }
  std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.source < b.source; });
  return pairs;
}

asio::awaitable<absl::Status> Reconciler::CreateMissing(std::vector<Pair> missing) {
  if (missing.empty()) co_return absl::OkStatus();
  absl::StatusOr<std::vector<kafka::CreateTopicsRequest::Topic>> topics = co_await PlanTopics(missing);
  if (!topics.ok()) co_return topics.status();
  absl::StatusOr<absl::flat_hash_map<std::string, absl::Status>> outcomes =
      co_await kafka::CreateTopics(target_, *topics, options_.dry_run);
  if (!outcomes.ok()) co_return outcomes.status();
  std::vector<Pair> created;
  for (const Pair& pair : missing) {
    auto outcome = outcomes->find(pair.target);
    if (outcome == outcomes->end()) continue;
    if (outcome->second.ok() || absl::IsAlreadyExists(outcome->second)) {
      if (outcome->second.ok())
        LOG(INFO) << (options_.dry_run ? "would create topic " : "created topic ") << pair.target << " on the target";
      created.push_back(pair);
    } else {
      Fault(pair.source, std::string(outcome->second.message()));
    }
  }
  if (options_.dry_run) co_return absl::OkStatus();
  co_return co_await AwaitLeaders(created);
}

// What the missing topics are to be created with. Created with the brokers' defaults instead, a compacted or unlimited
// topic would lose old records at the first retention check.
asio::awaitable<absl::StatusOr<std::vector<kafka::CreateTopicsRequest::Topic>>> Reconciler::PlanTopics(
    std::vector<Pair> missing) {
  std::vector<std::string> names;
  for (const Pair& pair : missing) names.push_back(pair.source);
  absl::StatusOr<kafka::TopicConfigs> described = co_await kafka::DescribeTopics(source_, names);
  if (!described.ok()) co_return described.status();
  absl::StatusOr<kafka::ClusterFeatures> features = co_await kafka::FeaturesOf(target_);
  if (!features.ok()) co_return features.status();
  std::vector<kafka::CreateTopicsRequest::Topic> topics;
  for (const Pair& pair : missing) {
    auto configs = described->configs.find(pair.source);
    if (configs == described->configs.end()) {
      auto error = described->errors.find(pair.source);
      Fault(pair.source, error == described->errors.end() ? "the source did not describe its configs"
                                                          : std::string(error->second.message()));
      continue;
    }
    policy::TopicConfigPlan plan =
        policy::PlanTopicConfigs(ToPolicy(configs->second), {.is_4_or_newer = features->is_4_or_newer});
    const absl::StatusOr<int> factor = ReplicationFactorFor(pair, plan, *features);
    if (!factor.ok()) {
      Fault(pair.source, std::string(factor.status().message()));
      continue;
    }
    for (const std::string& note : plan.notes) LOG(INFO) << "topic " << pair.source << ": " << note;
    kafka::CreateTopicsRequest::Topic topic;
    topic.name = pair.target;
    topic.partition_count = static_cast<int32_t>(source_.metadata()->topics.at(pair.source).partitions.size());
    topic.replication_factor = static_cast<int16_t>(*factor);
    for (const auto& [name, value] : plan.configs) topic.configs.push_back({name, value});
    topics.push_back(std::move(topic));
  }
  co_return topics;
}

absl::StatusOr<int> Reconciler::ReplicationFactorFor(const Pair& pair, const policy::TopicConfigPlan& plan,
                                                     const kafka::ClusterFeatures& target) const {
  const int brokers = static_cast<int>(target_.metadata()->brokers.size());
  int factor = config_.replication_factor;
  if (factor == policy::kTargetsOwnFactor) {
    absl::Status offered = policy::CheckTargetsOwnFactor(target.has_default_replication_factor);
    if (!offered.ok()) return offered;
    return factor;
  }
  if (options_.allow_lower_replication_factor && factor > brokers) {
    LOG(WARNING) << "topic " << pair.target << " gets " << brokers << " replicas and not " << factor
                 << ": the target has no more brokers, and --allow-lower-replication-factor is set";
    factor = brokers;
  }
  absl::Status possible = policy::CheckReplicationFactor(factor, brokers, MinInSyncReplicas(plan));
  if (!possible.ok()) return possible;
  return factor;
}

asio::awaitable<absl::Status> Reconciler::AwaitLeaders(std::vector<Pair> created) {
  const Clock::time_point deadline = Clock::now() + kLeadersTimeout;
  while (!created.empty()) {
    absl::StatusOr<kafka::MetadataSnapshot> target = co_await target_.FetchMetadata();
    if (!target.ok()) co_return target.status();
    std::erase_if(created, [&](const Pair& pair) {
      return AllHaveLeaders(**target, pair.target, source_.metadata()->topics.at(pair.source).partitions.size());
    });
    if (created.empty() || Clock::now() > deadline) break;
    co_await kafka::SleepFor(kLeadersPoll);
  }
  for (const Pair& pair : created)
    LOG(WARNING) << "topic " << pair.target << " was created, but not every partition has a leader yet";
  co_return absl::OkStatus();
}

// Names of target topics. Either side may be compacted without the other: the policy can be altered on one of them at
// any time, or was another one where the target's topic was made by hand.
asio::awaitable<absl::StatusOr<std::set<std::string>>> Reconciler::Compacted(std::vector<Pair> pairs) {
  std::set<std::string> compacted;
  for (Side side : {Side::kSource, Side::kTarget}) {
    std::map<std::string, std::string> target_of;
    std::vector<std::string> names;
    for (const Pair& pair : pairs) {
      if (HasFault(pair.source)) continue;
      names.push_back(side == Side::kSource ? pair.source : pair.target);
      target_of[names.back()] = pair.target;
    }
    kafka::ClusterClient& cluster = side == Side::kSource ? source_ : target_;
    absl::StatusOr<kafka::TopicConfigs> described =
        co_await kafka::DescribeTopics(cluster, names, std::vector<std::string>{"cleanup.policy"});
    if (!described.ok()) co_return described.status();
    for (const auto& [name, configs] : described->configs) {
      for (const kafka::DescribeConfigsResponse::Config& each : configs) {
        if (each.name == "cleanup.policy" && absl::StrContains(each.value.value_or(""), "compact"))
          compacted.insert(target_of[name]);
      }
    }
  }
  co_return compacted;
}

// `compacted`: names of target topics. A topic that does not tell its configs is left out.
asio::awaitable<absl::Status> Reconciler::ReadTombstoneRetention(std::vector<Pair> pairs,
                                                                 std::set<std::string> compacted) {
  std::vector<std::string> names;
  for (const Pair& pair : pairs) {
    if (compacted.contains(pair.target)) names.push_back(pair.source);
  }
  tombstone_retention_ms_.clear();
  if (names.empty()) co_return absl::OkStatus();
  absl::StatusOr<kafka::TopicConfigs> described =
      co_await kafka::DescribeTopics(source_, names, std::vector<std::string>{"delete.retention.ms"});
  if (!described.ok()) co_return described.status();
  for (const auto& [name, configs] : described->configs) {
    for (const kafka::DescribeConfigsResponse::Config& each : configs) {
      int64_t retention_ms = 0;
      if (each.name == "delete.retention.ms" && absl::SimpleAtoi(each.value.value_or(""), &retention_ms))
        tombstone_retention_ms_[name] = retention_ms;
    }
  }
  co_return absl::OkStatus();
}

void Reconciler::Fault(const std::string& topic, std::string why) {
  const bool goes_on = assigned_.contains({topic, 0});
  if (goes_on) why = absl::StrCat("the partitions that are copied go on, but ", why);
  auto reported = reported_.find(topic);
  if (reported == reported_.end() || reported->second != why)
    LOG(ERROR) << "topic " << topic << (goes_on ? ": " : " is not copied: ") << why;
  faults_[topic] = std::move(why);
}

}  // namespace replicator
