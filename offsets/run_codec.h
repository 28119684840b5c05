// Many runs of the offset map as one short string: where each begins behind the one before, and how long it is, as
// varints. A topic written in transactions has a run for each of them: a count below 128 and a marker behind take two
// bytes.
//
//   runs   = { run }
//   run    = varint(2 * source_gap + has_target_gap) [ varint(target_gap) ] varint(count)
//
// source_gap: from the end of the run before to this one's begin, at the source; target_gap: the same at the target,
// left out when it is 0. Those of the first run count from the offsets that the caller keeps beside the string. A
// varint has seven bits a byte, the low ones first, and the high bit set but in its last byte, as protobuf has it.
//
// Example: runs of 10 records at (source 1000, target 900), of 20 at (1011, 910) and of 300 at (1035, 935), from (1000,
// 900) on:
//   00 0a            gap 0, no target gap; count 10
//   02 14            gap 1; count 20
//   09 05 ac 02      gap 4 and a target gap; target gap 5; count 300
//
// Pure functions, any thread.
#ifndef REPLICATOR_OFFSETS_RUN_CODEC_H_
#define REPLICATOR_OFFSETS_RUN_CODEC_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "offsets/offset_map.h"

namespace replicator::offsets {

// REQUIRES: `runs` is as an OffsetMap has them: counts above 0, ascending on both sides, from `from` on, below 2^62.
std::string EncodeRuns(MapBegin from, absl::Span<const Run> runs);

// InvalidArgument for bytes that EncodeRuns did not write: cut, a count of 0, an offset beyond 2^62, a run that
// continues the one before.
absl::StatusOr<std::vector<Run>> DecodeRuns(MapBegin from, std::string_view bytes);

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_RUN_CODEC_H_
