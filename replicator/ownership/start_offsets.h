// Where the partitions of the source ended when a link with auto.offset.reset=latest was started for the first time:
// what the copy leaves out. Noted on the link's own topic (link_topic.h) before anything is copied, so that neither a
// restart nor a lost state folder nor a standby begins anywhere else.
//
// A note is a set of records with keys of their own, which compaction keeps:
//
//   start SET 0         orders 5f2c...(32 hex digits) 0:120 1:98      a line for each topic: its id, or -, and
//                       users - 0:7                                   partition:end
//   start SET 1         ...
//   start SET complete  2                                             how many records there are before this one
//
// The first set that is complete counts. Pure: first_start.h reads and writes it.
#ifndef REPLICATOR_REPLICATOR_OWNERSHIP_START_OFFSETS_H_
#define REPLICATOR_REPLICATOR_OWNERSHIP_START_OFFSETS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
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

struct StartRecord {
  std::string key;
  std::string value;
};

// Far below what any broker takes as a batch.
inline constexpr size_t kStartRecordBytesMax = size_t{64} << 10;

// The records to write, in this order. `set`: a name that no other note has, without blanks.
std::vector<StartRecord> WriteStart(const StartOffsets& start, absl::string_view set);

// Told all records of the topic in their order, other ones too.
class StartReader {
 public:
  void Add(absl::string_view key, absl::string_view value);
  // The first complete note; nullopt: there is none.
  const std::optional<StartOffsets>& start() const { return start_; }

 private:
  struct Set {
    std::map<int64_t, std::string> parts;  // by number
  };
  std::map<std::string, Set, std::less<>> sets_;
  std::optional<StartOffsets> start_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_OWNERSHIP_START_OFFSETS_H_
