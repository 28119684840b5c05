#include "replicator/control/topic_reader.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/client/admin.h"
#include "policy/broker_values.h"

namespace replicator {
namespace {

policy::SettingValues ToPolicy(const std::vector<kafka::DescribeConfigsResponse::Config>& configs) {
  policy::SettingValues values;
  for (const kafka::DescribeConfigsResponse::Config& config : configs) {
    if (config.value.has_value()) values[config.name] = {*config.value, config.source == kafka::ConfigSource::kTopic};
  }
  return values;
}

// For each setting a topic that does not set it itself: what a broker says of that one it says of all such topics.
std::map<std::string, std::string> Samples(const TopicsRead& read) {
  std::map<std::string, std::string> topic_of;
  for (const auto& [topic, values] : read.settings) {
    for (const auto& [name, value] : values) {
      if (!value.is_override) topic_of.try_emplace(name, topic);
    }
  }
  return topic_of;
}

asio::awaitable<void> AskEachBroker(kafka::ClusterClient& cluster, TopicsRead& read, policy::Keeping keeping) {
  const std::map<std::string, std::string> topic_of = Samples(read);
  const kafka::MetadataSnapshot metadata = cluster.metadata();
  if (topic_of.empty() || metadata == nullptr || metadata->brokers.size() < 2) co_return;
  std::set<std::string> topics;
  std::vector<std::string> keys;
  for (const auto& [name, topic] : topic_of) {
    topics.insert(topic);
    keys.push_back(name);
  }
  policy::BrokerValues values(keeping);
  for (const auto& [id, endpoint] : metadata->brokers) {
    std::vector<std::string> asked(topics.begin(), topics.end());
    absl::StatusOr<kafka::TopicConfigs> told = co_await kafka::DescribeTopicsAt(cluster, id, std::move(asked), keys);
    if (!told.ok()) {
      read.notes.push_back(absl::StrCat("broker ", id, " does not tell its defaults: ", told.status().message()));
      continue;
    }
    for (const auto& [topic, configs] : told->configs) {
      for (const auto& [name, value] : ToPolicy(configs)) {
        auto sample = topic_of.find(name);
        if (sample != topic_of.end() && sample->second == topic && !value.is_override)
          values.Add(id, name, value.value);
      }
    }
  }
  for (auto& [topic, settings] : read.settings) values.ApplyTo(settings);
  read.disagreements = values.Disagreements();
  const std::vector<std::string> notes = values.Notes();
  read.notes.insert(read.notes.end(), notes.begin(), notes.end());
}

}  // namespace

asio::awaitable<absl::StatusOr<TopicsRead>> ReadTopics(kafka::ClusterClient& cluster, std::vector<std::string> topics,
                                                       std::optional<std::vector<std::string>> keys,
                                                       policy::Keeping keeping) {
  TopicsRead read;
  if (topics.empty()) co_return read;
  absl::StatusOr<kafka::TopicConfigs> described = co_await kafka::DescribeTopics(cluster, topics, std::move(keys));
  if (!described.ok()) co_return described.status();
  for (const auto& [topic, configs] : described->configs) read.settings[topic] = ToPolicy(configs);
  for (const std::string& topic : topics) {
    if (read.settings.contains(topic)) continue;
    auto error = described->errors.find(topic);
    read.errors[topic] =
        error == described->errors.end() ? absl::UnavailableError("the answer does not name it") : error->second;
  }
  co_await AskEachBroker(cluster, read, keeping);
  co_return read;
}

}  // namespace replicator
