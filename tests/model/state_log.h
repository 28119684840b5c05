// What the store holds of one partition, in memory: applies states as offsets/store.h does, and can lose what came
// after the last sync. Single-threaded.
#ifndef REPLICATOR_TESTS_MODEL_STATE_LOG_H_
#define REPLICATOR_TESTS_MODEL_STATE_LOG_H_

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "offsets/partition_state.h"

namespace replicator::tests {

class StateLog {
 public:
  void Write(offsets::PartitionState state) {
    const offsets::OffsetMap::Changes& changes = state.map;
    std::erase_if(now_.chunks, [&](const auto& chunk) {
      return (changes.forget_below.has_value() && chunk.second.source_end <= changes.forget_below->source &&
              chunk.second.target_end() <= changes.forget_below->target) ||
             (changes.forget_from.has_value() && chunk.first >= *changes.forget_from);
    });
    for (const offsets::KnownRange& chunk : changes.chunks) now_.chunks[chunk.begin.source] = chunk;
    const bool must_sync = state.must_sync;
    now_.state = std::move(state);
    is_synced_ = false;
    if (must_sync) Sync();
  }

  void Sync() {
    if (!std::exchange(is_synced_, true)) synced_ = now_;
  }
  // Whether anything is left after a power cut.
  bool OutlivesPowerCut() const { return synced_.state.has_value(); }
  void CutPower() {
    now_ = synced_;
    is_synced_ = true;
  }

  // nullopt: nothing was ever written.
  std::optional<offsets::PartitionState> Read() const {
    if (!now_.state.has_value()) return std::nullopt;
    offsets::PartitionState state = *now_.state;
    state.map = {};
    for (const auto& [begin, chunk] : now_.chunks) state.map.chunks.push_back(chunk);
    return state;
  }

  // Whether a batch that begins at `source_base` is an intent of the state.
  bool Names(offsets::SourceOffset source_base) const {
    return now_.state.has_value() &&
           std::any_of(now_.state->intents.begin(), now_.state->intents.end(),
                       [&](const offsets::Intent& intent) { return intent.source_base == source_base; });
  }

 private:
  struct Contents {
    std::optional<offsets::PartitionState> state;
    std::map<offsets::SourceOffset, offsets::KnownRange> chunks;
  };
  Contents now_;
  Contents synced_;
  bool is_synced_ = true;  // they are the same
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_MODEL_STATE_LOG_H_
