// Keeps the consumer groups of the source in step on the target, one cycle at a time:
//   1. list the source's groups, in the interval of their refresh
//   2. read their committed offsets; what is as before needs nothing more (group_board.h)
//   3. translate the rest: where the copies are
//   4. what was never committed for a group is written down in the link's log, after a look at the target
//   5. look at a group on the target, decide, commit, read back: on one connection to its coordinator, back to back
//   6. write down what was committed
// Whatever cannot be asked is left as it is until the next cycle. Nothing is committed unless the lock was confirmed a
// moment before: of two processes that both think they hold the link, the one that hung must not set a group back.
//
// Belongs to one event loop and the two cluster clients; one cycle at a time.
#ifndef REPLICATOR_REPLICATOR_GROUPS_GROUP_SYNC_H_
#define REPLICATOR_REPLICATOR_GROUPS_GROUP_SYNC_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "kafka/client/cluster.h"
#include "kafka/client/groups.h"
#include "replicator/config/config.h"
#include "replicator/groups/group_board.h"
#include "replicator/groups/group_ledger.h"
#include "replicator/groups/translator.h"
#include "replicator/memory/link_log.h"
#include "replicator/ownership/lock_pulse.h"
#include "replicator/status/group_status.h"

namespace replicator {

class GroupSync {
 public:
  // All outlive this object.
  struct Parts {
    kafka::ClusterClient* source = nullptr;
    kafka::ClusterClient* target = nullptr;
    Translator* translator = nullptr;
    LinkLog* log = nullptr;
    const LockPulse* pulse = nullptr;
  };

  // `ledger`: what the link's log held when this process's turn began.
  GroupSync(asio::any_io_executor executor, const LinkConfig& config, Parts parts, GroupLedger ledger);

  // OK, or what stood in the way of all or some groups. Aborted: another process has the link now, and no further cycle
  // does anything.
  asio::awaitable<absl::Status> Cycle();

  // On the loop, also while a cycle waits for an answer.
  GroupsStatus Describe() const;

  // What is known of each group. A cutover works with it, too.
  GroupLedger& ledger() { return board_.ledger(); }
  // Until no commit for a group is under way that was decided before the ledger called it moved.
  asio::awaitable<void> AwaitQuiet(std::string group);

 private:
  struct Looked {
    std::string group;
    std::vector<PlannedCommit> planned;
    // What became of those that were sent: the first `sent` of `planned`.
    size_t sent = 0;
    absl::StatusOr<std::vector<kafka::RefusedCommit>> refused = std::vector<kafka::RefusedCommit>();
    int64_t sent_ms = 0;
  };

  asio::awaitable<absl::Status> DoCycle();
  asio::awaitable<absl::Status> Refresh();
  asio::awaitable<void> ReadRetention();
  asio::awaitable<absl::Status> ReadSource();
  asio::awaitable<absl::Status> Translate();
  asio::awaitable<absl::Status> WriteDownFirst(std::vector<std::string> groups);
  asio::awaitable<absl::Status> CommitAll(std::vector<std::string> groups);
  asio::awaitable<absl::Status> CommitSome(std::shared_ptr<kafka::Connection> connection,
                                           std::vector<std::string> groups);
  asio::awaitable<absl::Status> LookAtSome(std::shared_ptr<kafka::Connection> connection,
                                           std::vector<std::string> groups, std::vector<Looked>* looked);
  asio::awaitable<void> Send(std::shared_ptr<kafka::Connection> connection, Looked* looked);
  asio::awaitable<absl::Status> AwaitLock();
  asio::awaitable<absl::Status> WriteDown();
  void WriteDownLater();
  void TellExcluded(const std::set<std::string>& excluded);
  void TellNews();

  const asio::any_io_executor executor_;
  const LinkConfig& config_;
  const Parts parts_;
  kafka::Groups source_;
  kafka::Groups target_;
  GroupBoard board_;
  std::optional<kafka::Clock::time_point> next_refresh_;  // nullopt: never listed
  std::set<std::string> excluded_;                        // that match `groups`, and the default of groups.exclude
  bool retention_failed_ = false;                         // told
  bool had_trouble_ = false;
  bool is_cycling_ = false;
  uint64_t cycles_ = 0;  // that have ended
  std::string trouble_;
  int64_t last_cycle_ms_ = 0;
  // Set by the log when another process has the link; outlives a call that comes late.
  std::shared_ptr<bool> is_over_ = std::make_shared<bool>(false);
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_GROUP_SYNC_H_
