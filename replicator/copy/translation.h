// Where an offset of one side lies on the other, as a shard is asked for it (Shard::Translate). The rules are those of
// offsets/known_ranges.h; here they meet what is known of one partition at this moment, log starts included.
//
// Plain values and a pure function, any thread.
#ifndef REPLICATOR_REPLICATOR_COPY_TRANSLATION_H_
#define REPLICATOR_REPLICATOR_COPY_TRANSLATION_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "offsets/known_ranges.h"

namespace replicator {

struct TranslationQuestion {
  std::string source_topic;
  int32_t partition = -1;
  int64_t offset = -1;     // of the source's partition; of the target's when `to_source`
  bool to_source = false;  // the way back
};

struct TranslationAnswer {
  offsets::TranslationKind kind = offsets::TranslationKind::kUnknown;
  int64_t offset = -1;          // on the other side, when kExact; else -1
  bool is_same_record = false;  // when kExact: not the next one, nor an end
  int64_t position = -1;        // of the copy, source offset; -1: its place is not known yet
  bool is_quarantined = false;  // or ended with its topic: what is told is what was copied until then
  bool is_copied = true;        // false: no partition of who was asked; everything else is as above
  // As each side told last; -1: not known. Without the source's, what was never copied is told as kUnknown. An exact
  // offset is that of the record: whether the side that has it has deleted it meanwhile is not known without its log
  // start. With it such an offset becomes the log start.
  int64_t source_log_start = -1;
  int64_t target_log_start = -1;
  int64_t target_end = -1;  // where the target's log ends as acknowledged; -1: not known yet
  bool operator==(const TranslationAnswer&) const = default;
};

// The answer by what `known` says and `facts` tells of the partition: everything but kind, offset and is_same_record.
TranslationAnswer Translated(int64_t offset, bool to_source, absl::Span<const offsets::KnownRange> known,
                             TranslationAnswer facts);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_COPY_TRANSLATION_H_
