#include "replicator/memory/state_records.h"

#include "absl/status/statusor.h"
#include "offsets/store_codec.h"

namespace replicator {

absl::Status StateRecords::TakeOne(const std::string& key, const std::string* value) {
  if (key.empty() || key[0] != offsets::kLoggedRuns) return absl::OkStatus();
  absl::StatusOr<offsets::LoggedRunsKeyParts> parts = offsets::ParseLoggedRunsKey(key);
  if (!parts.ok()) return parts.status();
  Chunks& chunks = chunks_[parts->partition];
  if (value == nullptr) {
    chunks.erase(parts->source_begin);
    return absl::OkStatus();
  }
  absl::StatusOr<offsets::KnownRange> chunk = offsets::DecodeChunk(parts->source_begin, *value);
  if (!chunk.ok()) return chunk.status();
  chunks[parts->source_begin] = {chunk->source_end, chunk->target_end()};
  return absl::OkStatus();
}

absl::Status StateRecords::Restore(const std::map<std::string, std::string>& records) {
  for (const auto& [key, value] : records) {
    absl::Status taken = TakeOne(key, &value);
    if (!taken.ok()) return taken;
  }
  return absl::OkStatus();
}

absl::Status StateRecords::Take(const Records& records) {
  for (const auto& [key, value] : records) {
    absl::Status taken = TakeOne(key, value.has_value() ? &*value : nullptr);
    if (!taken.ok()) return taken;
  }
  return absl::OkStatus();
}

void StateRecords::Add(const offsets::TopicPartition& partition, const offsets::PartitionState& state,
                       Records& records) {
  const offsets::OffsetMap::Changes& changes = state.map;
  auto known = chunks_.find(partition);
  if (known != chunks_.end()) {
    std::erase_if(known->second, [&](const auto& chunk) {
      const auto& [begin, end] = chunk;
      const bool is_deleted = changes.forget_below.has_value() && end.source <= changes.forget_below->source &&
                              end.target <= changes.forget_below->target;
      const bool is_void = changes.forget_from.has_value() && begin >= *changes.forget_from;
      if (is_deleted || is_void) records[offsets::LoggedRunsKey(partition, begin)] = std::nullopt;
      return is_deleted || is_void;
    });
  }
  for (const offsets::KnownRange& chunk : changes.chunks) {
    chunks_[partition][chunk.begin.source] = {chunk.source_end, chunk.target_end()};
    records[offsets::LoggedRunsKey(partition, chunk.begin.source)] = offsets::EncodeChunk(chunk);
  }
  if (state.intents.empty()) {
    records[offsets::LoggedPartitionKey(partition)] = offsets::EncodePartition(state);
    return;
  }
  offsets::PartitionState without = state;
  without.intents.clear();
  records[offsets::LoggedPartitionKey(partition)] = offsets::EncodePartition(without);
}

}  // namespace replicator
