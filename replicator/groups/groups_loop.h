// The thread on which a link's consumer groups are kept in step and cut over: one event loop with its own connections
// to both clusters, a cycle of group_sync.h in each interval if the file asks for it, and the desk of cutover_desk.h.
// The copy needs nothing of it.
//
// The control loop (link.cc) starts it when the shards run, and stops it before them.
#ifndef REPLICATOR_REPLICATOR_GROUPS_GROUPS_LOOP_H_
#define REPLICATOR_REPLICATOR_GROUPS_GROUPS_LOOP_H_

#include <asio/awaitable.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "kafka/client/cluster.h"
#include "kafka/net/connection.h"
#include "replicator/config/config.h"
#include "replicator/groups/cutover_desk.h"
#include "replicator/groups/group_sync.h"
#include "replicator/groups/translator.h"
#include "replicator/memory/link_log.h"
#include "replicator/ownership/lock_pulse.h"
#include "replicator/status/cutover_status.h"
#include "replicator/status/group_status.h"

namespace replicator {

class GroupsLoop {
 public:
  struct Options {
    const LinkConfig* config = nullptr;  // outlives this
    // With the ids of their clusters.
    kafka::ConnectionOptions source;
    kafka::ConnectionOptions target;
    std::vector<Translator::Ask> shards;
    LinkLog* log = nullptr;           // outlives the thread; calls back no more once this object goes
    std::function<LogLag()> log_lag;  // of that log, from any thread
    std::shared_ptr<const LockPulse> pulse;
  };

  // Starts the thread. FailedPrecondition: what the log holds of groups cannot be read by this version.
  static absl::StatusOr<std::unique_ptr<GroupsLoop>> Start(Options options);
  ~GroupsLoop();

  // Ends the thread, whatever it waits for. What was sent and not answered is settled by whoever has the link next.
  void Stop();

  // From any thread. `done` is called on the loop; never, when it ends before.
  void Describe(std::function<void(GroupsStatus)> done);
  // CutoverDesk::Begin, and what can be told of cutovers behind it.
  void Cutover(CutoverRequest request, std::function<void(absl::StatusOr<CutoverStatus>)> done);
  void DescribeCutovers(std::function<void(CutoverStatus)> done);
  // From any thread: how it stood at the end of the last cycle; "" before the first.
  std::string summary() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The same, as the end of a progress line.
  std::string progress() const {
    const std::string text = summary();
    return text.empty() ? "" : "; groups: " + text;
  }

 private:
  GroupsLoop(Options options, GroupLedger ledger, std::map<std::string, CutoverRecord> cutovers);
  asio::awaitable<void> Run();

  const Options options_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::unique_ptr<kafka::ClusterClient> source_;
  std::unique_ptr<kafka::ClusterClient> target_;
  Translator translator_;
  std::unique_ptr<GroupSync> sync_;
  std::unique_ptr<CutoverDesk> desk_;

  mutable absl::Mutex mutex_;
  std::string summary_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_GROUPS_LOOP_H_
