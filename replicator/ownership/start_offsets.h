// Where the partitions of the source ended when a link with auto.offset.reset=latest was started for the first time:
// what the copy leaves out. It stands in the link's first flush of its changelog (replicator/memory/changelog.h),
// before anything is copied, so that neither a restart nor a lost state folder nor a standby begins anywhere else.
//
// As text, in parts that fit into a record each (keys: offsets/changelog_codec.h), a line for each topic: its id, or -,
// and partition:end
//
//   orders 5f2c...(32 hex digits) 0:120 1:98
//   users - 0:7
//
// Pure: first_start.h asks the source.
#ifndef REPLICATOR_REPLICATOR_OWNERSHIP_START_OFFSETS_H_
#define REPLICATOR_REPLICATOR_OWNERSHIP_START_OFFSETS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kafka/wire/primitives.h"

namespace replicator {

struct StartOffsets {
  struct Topic {
    kafka::Uuid id = kafka::kNoUuid;
    std::map<int32_t, int64_t> ends;  // by partition
    bool operator==(const Topic&) const = default;
  };
  std::map<std::string, Topic> topics;

  // Where the copy of a partition begins; nullopt: at the start of its log, since it was not there, or not in this life
  // of its topic. `id`: what the source says now.
  std::optional<int64_t> Of(const std::string& topic, const kafka::Uuid& id, int32_t partition) const;
  bool operator==(const StartOffsets&) const = default;
};

// Of a part: far below what any broker takes as a batch.
inline constexpr size_t kStartPartBytesMax = size_t{64} << 10;

std::vector<std::string> WriteStart(const StartOffsets& start);
// In any order. nullopt for what is no such text.
std::optional<StartOffsets> ReadStart(const std::vector<std::string>& parts);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_OWNERSHIP_START_OFFSETS_H_
