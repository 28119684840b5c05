// One measured pass of a peer over a topic: what an operator would use in replicator's place. Measured like replicator
// (copier_run.h): from the start of the process until the target has all records, CPU to the process's end.
#ifndef REPLICATOR_BENCH_PEER_RUN_H_
#define REPLICATOR_BENCH_PEER_RUN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bench/copier_run.h"
#include "tests/cluster/admin.h"

namespace replicator::bench {

struct PeerRunOptions {
  std::string source_bootstrap_servers;
  std::string target_bootstrap_servers;
  std::string topic;  // must exist, empty, on the target
  int partitions = 0;
  int64_t records = 0;
  std::string codec;  // the source's: the peer compresses with the same
  std::string dir;    // an existing folder for the peer's files
};

// `program`: path of librdkafka_pipeline.
absl::StatusOr<CopierRun> RunLibrdkafka(const std::string& program, const PeerRunOptions& options,
                                        tests::ClusterAdmin& target);

// MirrorMaker 2 in dedicated mode (connect-mirror-maker.sh), with nothing to do but this topic. `jar_folder`: see
// MirrorMaker2Version. Its internal topics are deleted from the target afterwards.
absl::StatusOr<CopierRun> RunMirrorMaker2(const std::string& jar_folder, const PeerRunOptions& options,
                                          tests::ClusterAdmin& target);

// The version of MirrorMaker 2 whose jars (connect-mirror and what it needs) lie in the folder. NotFound, with the
// remedy, if there are none.
absl::StatusOr<std::string> MirrorMaker2Version(const std::string& jar_folder);

}  // namespace replicator::bench

#endif  // REPLICATOR_BENCH_PEER_RUN_H_
