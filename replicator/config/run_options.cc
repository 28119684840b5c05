#include "replicator/config/run_options.h"

#include <algorithm>

namespace replicator {

int ResolveShards(int requested, int cores, int tasks_max) {
  const int wanted = requested == 0 ? cores : requested;
  return std::max(1, std::min(wanted, tasks_max));
}

}  // namespace replicator
