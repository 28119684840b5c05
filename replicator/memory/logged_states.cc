#include "replicator/memory/logged_states.h"

#include <utility>

#include "offsets/changelog_codec.h"
#include "offsets/store_codec.h"

namespace replicator {
LinkLog::Record LoggedRecordOf(const std::string& name, const offsets::TopicRecord& topic) {
  return {offsets::LoggedTopicKey(name),
          offsets::EncodeLoggedTopic(
              {.source_id = topic.source_id, .target_id = topic.target_id, .target_name = topic.target_name})};
}

absl::StatusOr<offsets::StoreContent> ToStoreContent(const std::map<std::string, std::string>& records,
                                                     const std::map<std::string, offsets::TopicRecord>& known,
                                                     uint32_t next) {
  offsets::StoreContent content;
  for (const auto& [key, value] : records) {
    if (key.empty() || key[0] != offsets::kLoggedTopic) continue;
    absl::StatusOr<std::string> name = offsets::ParseLoggedTopicKey(key);
    if (!name.ok()) return name.status();
    absl::StatusOr<offsets::LoggedTopic> topic = offsets::DecodeLoggedTopic(value);
    if (!topic.ok()) return topic.status();
    auto found = known.find(*name);
    content.topics[*name] = {.number = found == known.end() ? next++ : found->second.number,
                             .source_id = topic->source_id,
                             .target_id = topic->target_id,
                             .target_name = topic->target_name};
  }
  // The record of a topic is written before those of its partitions.
  const auto number_of = [&](const std::string& name) -> absl::StatusOr<uint32_t> {
    auto found = content.topics.find(name);
    if (found == content.topics.end()) return absl::InvalidArgumentError("a partition of a topic without a record");
    return found->second.number;
  };
  for (const auto& [key, value] : records) {
    if (key.empty()) continue;
    if (key[0] == offsets::kLoggedPartition) {
      absl::StatusOr<offsets::TopicPartition> name = offsets::ParseLoggedPartitionKey(key);
      if (!name.ok()) return name.status();
      absl::StatusOr<uint32_t> number = number_of(name->first);
      if (!number.ok()) return number.status();
      absl::Status readable = offsets::DecodePartition(value).status();
      if (!readable.ok()) return readable;
      content.records[offsets::PartitionKeyBytes({*number, name->second})] = value;
    } else if (key[0] == offsets::kLoggedRuns) {
      absl::StatusOr<offsets::LoggedRunsKeyParts> parts = offsets::ParseLoggedRunsKey(key);
      if (!parts.ok()) return parts.status();
      absl::StatusOr<uint32_t> number = number_of(parts->partition.first);
      if (!number.ok()) return number.status();
      content.records[offsets::ChunkKey({*number, parts->partition.second}, parts->source_begin)] = value;
    }
  }
  return content;
}

absl::Status ToLogged(const offsets::Store& store, std::vector<LinkLog::Record>& records) {
  std::map<uint32_t, std::string> names;
  absl::Status unreadable;
  const auto name_of = [&](uint32_t number) {
    auto found = names.find(number);
    if (found == names.end()) unreadable = absl::DataLossError("the store has a partition of a topic that it lacks");
    return found == names.end() ? std::string() : found->second;
  };
  absl::Status visited = store.VisitAll([&](absl::string_view key, absl::string_view value) {
    if (absl::StatusOr<std::string> name = offsets::ParseTopicKey(key); name.ok()) {
      absl::StatusOr<offsets::TopicRecord> topic = offsets::DecodeTopic(value);
      unreadable.Update(topic.status());
      if (!topic.ok()) return;
      names[topic->number] = *name;
      records.push_back(LoggedRecordOf(*name, *topic));
    } else if (absl::StatusOr<offsets::PartitionKey> partition = offsets::ParsePartitionKey(key); partition.ok()) {
      absl::StatusOr<offsets::PartitionState> state = offsets::DecodePartition(value);
      unreadable.Update(state.status());
      if (!state.ok()) return;
      state->intents.clear();
      records.push_back({offsets::LoggedPartitionKey({name_of(partition->topic), partition->partition}),
                         offsets::EncodePartition(*state)});
    } else if (absl::StatusOr<offsets::ChunkKeyParts> runs = offsets::ParseChunkKey(key); runs.ok()) {
      records.push_back(
          {offsets::LoggedRunsKey({name_of(runs->partition.topic), runs->partition.partition}, runs->source_begin),
           std::string(value)});
    }
  });
  visited.Update(unreadable);
  return visited;
}

}  // namespace replicator
