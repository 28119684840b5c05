#include "replicator/control/reconciler.h"

#include <glog/logging.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kafka/client/errors.h"
#include "replicator/control/begun_partitions.h"

namespace replicator {
namespace {

// What an operator is asked to alter may be altered soon.
constexpr Clock::duration kHeldInterval = std::chrono::minutes(1);
// A broker that is missing may come soon. Its controller counts it later than metadata shows it.
constexpr Clock::duration kBrokersInterval = std::chrono::seconds(15);
// What was true of a topic that was made a moment ago.
constexpr Clock::duration kUnfinishedInterval = std::chrono::seconds(10);
// Of the topics that one line of the log names.
constexpr size_t kNamedMax = 5;

std::string Names(const std::vector<std::string>& topics) {
  const size_t named = std::min(topics.size(), kNamedMax);
  const std::string names = absl::StrJoin(topics.begin(), topics.begin() + named, ", ");
  return absl::StrCat(topics.size() == 1 ? "topic " : "topics ", names,
                      named == topics.size() ? "" : absl::StrCat(" and ", topics.size() - named, " more"));
}

const policy::SettingValues* SettingsOf(const TopicsRead& read, const std::string& topic) {
  auto found = read.settings.find(topic);
  return found == read.settings.end() ? nullptr : &found->second;
}

std::string ErrorOf(const TopicsRead& read, const std::string& topic) {
  auto found = read.errors.find(topic);
  return found == read.errors.end() ? "" : std::string(found->second.message());
}

}  // namespace

Reconciler::Reconciler(const LinkConfig& config, const RunOptions& options, kafka::ClusterClient& source,
                       kafka::ClusterClient& target)
    : config_(config),
      options_(options),
      source_(source),
      target_(target),
      creator_(config, options, source, target,
               [this](const std::string& topic, std::string why) { Fault(topic, std::move(why)); }) {}

asio::awaitable<absl::StatusOr<std::vector<Assignment>>> Reconciler::Reconcile() {
  absl::StatusOr<kafka::MetadataSnapshot> source = co_await source_.FetchMetadata();
  if (!source.ok()) co_return source.status();
  absl::StatusOr<kafka::MetadataSnapshot> target = co_await target_.FetchMetadata();
  if (!target.ok()) co_return target.status();
  faults_.clear();
  alarms_.clear();
  unfinished_.clear();
  is_held_ = is_unfinished_ = false;
  creator_.Begin();
  std::vector<TopicPair> pairs = Select();
  absl::Status made = co_await MakeTopics(pairs);
  if (!made.ok()) co_return made;
  absl::Status looked = co_await LookForCopies(pairs);
  if (!looked.ok()) co_return looked;
  absl::Status judged = co_await Judge(pairs);
  if (!judged.ok()) co_return judged;
  std::vector<Assignment> assignments = Assign(pairs);
  reported_ = faults_;
  alarms_reported_ = alarms_;
  co_return assignments;
}

std::optional<Clock::duration> Reconciler::look_again_in() const {
  if (is_unfinished_) return kUnfinishedInterval;
  if (creator_.wants_brokers()) return kBrokersInterval;
  if (is_held_) return kHeldInterval;
  return std::nullopt;
}

// The topics of the link, in the order of their names.
std::vector<TopicPair> Reconciler::Select() {
  std::vector<TopicPair> pairs;
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
  std::sort(pairs.begin(), pairs.end(), [](const TopicPair& a, const TopicPair& b) { return a.source < b.source; });
  if (!config_.refresh_topics_enabled) KeepFirst(pairs);
  return pairs;
}

// Passes that only finish what the first one has begun find no new topics where the file does not want any.
void Reconciler::KeepFirst(std::vector<TopicPair>& pairs) {
  if (pairs.empty()) return;  // a source that has just started shows none of its topics for a moment
  if (!first_.has_value()) {
    first_.emplace();
    for (const TopicPair& pair : pairs) first_->insert(pair.source);
  }
  std::erase_if(pairs,
                [this](const TopicPair& pair) { return !first_->contains(pair.source) && !IsCopied(pair.source); });
}

// The target had the topic and has lost it, and the file does not want topics looked for again: it is not made again.
// Its partitions say that it was deleted.
bool Reconciler::IsGoneForGood(const TopicPair& pair) const {
  return !config_.refresh_topics_enabled && IsCopied(pair.source) && !target_.metadata()->topics.contains(pair.target);
}

bool Reconciler::HasTooFew(const TopicPair& pair) const {
  return target_.metadata()->topics.at(pair.target).partitions.size() <
         source_.metadata()->topics.at(pair.source).partitions.size();
}

// Makes what is missing. A topic that is being copied has got more partitions at the source: so does the target's.
asio::awaitable<absl::Status> Reconciler::MakeTopics(std::vector<TopicPair> pairs) {
  std::vector<TopicPair> missing;
  std::vector<TopicPair> grown;
  for (const TopicPair& pair : pairs) {
    auto to = target_.metadata()->topics.find(pair.target);
    if (to == target_.metadata()->topics.end()) {
      if (!IsGoneForGood(pair)) missing.push_back(pair);
    } else if (IsCopied(pair.source) || made_.contains(pair.source)) {
      if (HasTooFew(pair)) grown.push_back(pair);
    }
  }
  absl::Status created = co_await creator_.Create(missing);
  if (!created.ok()) co_return created;
  made_.insert(creator_.made().begin(), creator_.made().end());
  if (options_.dry_run) co_return absl::OkStatus();
  co_return co_await creator_.Grow(grown);
}

// Of the topics that nobody knows. One that never held a record, and has fewer partitions than the source's, was made
// so by somebody: that is for the operator to decide.
asio::awaitable<absl::Status> Reconciler::LookForCopies(std::vector<TopicPair> pairs) {
  std::erase_if(pairs, [this](const TopicPair& pair) {
    if (!IsOnBothSides(pair)) return true;
    if (!HasTooFew(pair)) unproven_.erase(pair.source);  // somebody has added them
    return !HasTooFew(pair) || IsCopied(pair.source) || made_.contains(pair.source);
  });
  if (pairs.empty()) co_return absl::OkStatus();
  std::vector<std::string> names;
  for (const TopicPair& pair : pairs) names.push_back(pair.target);
  absl::StatusOr<std::map<std::string, std::set<int32_t>>> begun = co_await BegunPartitions(target_, names);
  if (!begun.ok()) co_return begun.status();
  for (const TopicPair& pair : pairs) {
    auto found = begun->find(pair.target);
    if (found != begun->end()) unproven_[pair.source] = std::move(found->second);
  }
  co_return absl::OkStatus();
}

bool Reconciler::IsOnBothSides(const TopicPair& pair) const {
  return source_.metadata()->topics.contains(pair.source) && target_.metadata()->topics.contains(pair.target);
}

// Of the topics that both sides have, also of those with a fault: their partitions may be copied. Each pass, since
// settings can be altered on either side at any time.
asio::awaitable<absl::Status> Reconciler::Judge(std::vector<TopicPair> pairs) {
  std::vector<std::string> source_names;
  std::vector<std::string> target_names;
  std::erase_if(pairs, [this](const TopicPair& pair) { return !IsOnBothSides(pair); });
  for (const TopicPair& pair : pairs) {
    source_names.push_back(pair.source);
    target_names.push_back(pair.target);
  }
  std::vector<std::string> keys = policy::ComparedSettings();
  absl::StatusOr<TopicsRead> source = co_await ReadTopics(source_, source_names, keys, policy::Keeping::kMore);
  if (!source.ok()) co_return source.status();
  absl::StatusOr<TopicsRead> target = co_await ReadTopics(target_, target_names, keys, policy::Keeping::kLess);
  if (!target.ok()) co_return target.status();
  for (const TopicsRead* read : {&*source, &*target}) {
    for (const std::string& note : read->notes) {
      if (notes_told_.insert(note).second)
        LOG(WARNING) << "at the " << (read == &*source ? "source " : "target ") << note;
    }
  }
  auto facts = std::make_shared<TopicFactsMap>();
  std::map<std::string, std::vector<std::string>> topics_by_remark;
  for (const TopicPair& pair : pairs) {
    policy::TopicVerdict verdict = VerdictOn(pair, *source, *target);
    for (const std::string& remark : verdict.remarks) topics_by_remark[remark].push_back(pair.source);
    if (!verdict.alarm.empty()) Alarm(pair.source, std::move(verdict.alarm));
    if (!verdict.stop.empty()) is_held_ = true;
    if (!verdict.stop.empty() && !IsCopied(pair.source)) {
      if (!HasFault(pair.source)) Fault(pair.source, std::move(verdict.stop));
      continue;
    }
    (*facts)[pair.source] = {.is_compacted = verdict.is_compacted,
                             .tombstones_kept_ms = verdict.tombstones_kept_ms,
                             .hold = std::move(verdict.stop),
                             .is_told = verdict.is_told,
                             .replaces_times = verdict.replaces_times};
    if (creator_.made().contains(pair.source)) is_unfinished_ = true;
    CheckPartitions(pair);
  }
  TellRemarks(topics_by_remark);
  facts_ = std::move(facts);
  co_return absl::OkStatus();
}

policy::TopicVerdict Reconciler::VerdictOn(const TopicPair& pair, const TopicsRead& source,
                                           const TopicsRead& target) const {
  policy::TopicSides sides;
  sides.source_topic = pair.source;
  sides.target_topic = pair.target;
  sides.source = SettingsOf(source, pair.source);
  sides.target = SettingsOf(target, pair.target);
  sides.source_error = ErrorOf(source, pair.source);
  sides.target_error = ErrorOf(target, pair.target);
  sides.source_brokers_disagree = source.disagreements.contains("cleanup.policy");
  sides.source_partitions = source_.metadata()->topics.at(pair.source).partitions.size();
  sides.target_partitions = target_.metadata()->topics.at(pair.target).partitions.size();
  sides.is_begun = IsCopied(pair.source);
  sides.is_made = creator_.made().contains(pair.source);
  sides.is_accepted = options_.accept_target_settings.Matches(pair.source);
  sides.is_excluded = ExcludedBy(config_);
  return policy::JudgeTopic(sides);
}

void Reconciler::CheckPartitions(const TopicPair& pair) {
  if (!HasTooFew(pair)) return;
  const size_t wanted = source_.metadata()->topics.at(pair.source).partitions.size();
  const size_t present = target_.metadata()->topics.at(pair.target).partitions.size();
  if (made_.contains(pair.source) && !IsCopied(pair.source)) {
    is_unfinished_ = true;
    unfinished_.insert(pair.source);
    return Alarm(pair.source, absl::StrCat("it is being made: the target shows ", present, " of its ", wanted,
                                           " partitions so far"));
  }
  if (HasFault(pair.source)) return;  // which says why they could not be added
  const std::string counts =
      absl::StrCat("the target topic ", pair.target, " has ", present, " partitions, the source ", wanted);
  const std::string remedy = absl::StrCat("dd the missing ones on the target: kafka-topics --alter --topic ",
                                          pair.target, " --partitions ", wanted);
  if (!unproven_.contains(pair.source)) return Fault(pair.source, absl::StrCat(counts, ". A", remedy));
  Alarm(pair.source,
        absl::StrCat(counts, ", and this process does not know the topic. The missing ones are added once ",
                     "a partition that holds records is found to be a copy of the source's. If none is, ",
                     "and the topic is to be copied, a", remedy));
}

std::vector<Assignment> Reconciler::Assign(const std::vector<TopicPair>& pairs) {
  std::vector<Assignment> assignments;
  topics_ = 0;
  for (const TopicPair& pair : pairs) {
    if (HasFault(pair.source) || unfinished_.contains(pair.source)) continue;
    const kafka::TopicMetadata& from = source_.metadata()->topics.at(pair.source);
    auto to = target_.metadata()->topics.find(pair.target);
    auto facts = facts_->find(pair.source);
    if (to == target_.metadata()->topics.end() || facts == facts_->end()) {
      if (!options_.dry_run && !IsGoneForGood(pair)) {
        Fault(pair.source, "the target does not show the topic yet");
        is_unfinished_ = true;
      }
      continue;
    }
    ++topics_;
    auto unproven = unproven_.find(pair.source);
    const bool is_proof = unproven != unproven_.end();
    for (int32_t partition = 0; partition < static_cast<int32_t>(from.partitions.size()); ++partition) {
      if (is_proof && !unproven->second.contains(partition)) continue;
      if (!assigned_.insert({pair.source, partition}).second) continue;
      assignments.push_back({.source_topic = pair.source,
                             .target_topic = pair.target,
                             .partition = partition,
                             .source_topic_id = from.id,
                             .target_topic_id = to->second.id,
                             .facts = facts->second,
                             .key = {},
                             .stored = nullptr,
                             .is_proof = is_proof});
    }
  }
  return assignments;
}

void Reconciler::Fault(const std::string& topic, std::string why) {
  const bool goes_on = assigned_.contains({topic, 0});
  if (goes_on) why = absl::StrCat("the partitions that are copied go on, but ", why);
  auto reported = reported_.find(topic);
  if (reported == reported_.end() || reported->second != why)
    LOG(ERROR) << "topic " << topic << (goes_on ? ": " : " is not copied: ") << why;
  faults_[topic] = std::move(why);
}

void Reconciler::Alarm(const std::string& topic, std::string why) {
  auto reported = alarms_reported_.find(topic);
  if (reported == alarms_reported_.end() || reported->second != why) LOG(WARNING) << "topic " << topic << ": " << why;
  alarms_[topic] = std::move(why);
}

void Reconciler::TellRemarks(const std::map<std::string, std::vector<std::string>>& topics_by_remark) {
  for (const auto& [remark, topics] : topics_by_remark) {
    std::vector<std::string> untold;
    for (const std::string& topic : topics) {
      if (remarks_told_.insert({topic, remark}).second) untold.push_back(topic);
    }
    if (!untold.empty()) LOG(WARNING) << Names(untold) << ": " << remark;
  }
}

}  // namespace replicator
