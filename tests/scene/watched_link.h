// A link that is killed and started again with the same file and state folder, and what an operator sees of it:
// `replicator status --json`, in both cases. One thread uses it.
#ifndef REPLICATOR_TESTS_SCENE_WATCHED_LINK_H_
#define REPLICATOR_TESTS_SCENE_WATCHED_LINK_H_

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/scene/copy_scene.h"

namespace replicator::tests {

struct CommandOutput {
  int code = -1;
  std::string text;  // of both streams
};

class WatchedLink {
 public:
  static constexpr absl::Duration kCommandTimeout = absl::Seconds(60 * kSlowness);
  // Of a topic or a partition that has none.
  static constexpr char kNoCode[] = "not quarantined";

  explicit WatchedLink(ReplicatorOptions options) : options_(std::move(options)) {}

  absl::Status Start();
  absl::Status Kill9() { return process_->Kill9(); }
  // The last process that was started. REQUIRES: one was.
  ReplicatorProcess& process() { return *process_; }
  ReplicatorOptions& options() { return options_; }

  // Runs `replicator ARGUMENTS --state-dir=...` to its end.
  CommandOutput Run(std::vector<std::string> arguments, absl::Duration timeout = kCommandTimeout);

  // All of `status --json`; an object without members while it cannot be got.
  nlohmann::json Status();
  // The part of it about one partition; an object without members for one that is not listed.
  nlohmann::json PartitionStatus(const std::string& topic, int partition);
  // Why it is quarantined; kNoCode if it is not.
  std::string Code(const std::string& topic, int partition = 0);

  // Waits; the failure tells what was there last, and the log's end.
  testing::AssertionResult ReachesCode(const std::string& topic, const std::string& code, int partition = 0,
                                       absl::Duration timeout = kPatience);
  testing::AssertionResult ReachesState(const std::string& topic, const std::string& state, int partition = 0,
                                        absl::Duration timeout = kPatience);
  testing::AssertionResult ReachesError(const std::string& topic, absl::string_view text, int partition = 0,
                                        absl::Duration timeout = kPatience);
  // Of each partition of every topic: nothing is quarantined.
  testing::AssertionResult NothingIsQuarantined();

 private:
  // The failure of a wait, with its verdict.
  testing::AssertionResult Late(const std::string& topic, int partition, const std::string& what);

  ReplicatorOptions options_;
  std::unique_ptr<ReplicatorProcess> process_;
  int commands_ = 0;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_SCENE_WATCHED_LINK_H_
