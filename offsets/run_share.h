// How many runs of the offset maps stay in memory, for all partitions of a process together: a topic that is written in
// transactions has a run for each of them, and a cluster can have thousands of such partitions.
//
// A pure function, any thread.
#ifndef REPLICATOR_OFFSETS_RUN_SHARE_H_
#define REPLICATOR_OFFSETS_RUN_SHARE_H_

#include <cstddef>
#include <vector>

#include "offsets/offset_map.h"

namespace replicator::offsets {

// Of a process. What is older is read from the store when somebody asks for it.
inline constexpr size_t kRunBytesMax = size_t{64} << 20;
inline constexpr size_t kRunsMax = kRunBytesMax / sizeof(Run);

// How many runs each map may keep, so that maps of `counts` runs keep `runs_max` together: the largest give way first,
// and those below the answer keep all.
size_t RunsEach(std::vector<size_t> counts, size_t runs_max);

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_RUN_SHARE_H_
