// Takes the commands for cutovers, works on some groups at once, keeps what is held at the source held, and knows what
// can be told of each.
//
// On the groups' event loop, with connections of its own to both clusters.
#ifndef REPLICATOR_REPLICATOR_GROUPS_CUTOVER_DESK_H_
#define REPLICATOR_REPLICATOR_GROUPS_CUTOVER_DESK_H_

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "kafka/client/cluster.h"
#include "kafka/client/group_hold.h"
#include "kafka/client/groups.h"
#include "kafka/net/connection.h"
#include "replicator/config/config.h"
#include "replicator/groups/cutover.h"
#include "replicator/groups/cutover_book.h"
#include "replicator/groups/prover.h"
#include "replicator/groups/translator.h"
#include "replicator/memory/link_log.h"
#include "replicator/ownership/lock_pulse.h"
#include "replicator/status/cutover_status.h"

namespace replicator {

class CutoverDesk {
 public:
  struct Options {
    const LinkConfig* config = nullptr;  // these outlive the desk
    LinkLog* log = nullptr;
    const LockPulse* pulse = nullptr;
    GroupLedger* ledger = nullptr;
    // With the ids of their clusters.
    kafka::ConnectionOptions source;
    kafka::ConnectionOptions target;
    std::vector<Translator::Ask> shards;
    std::map<std::string, CutoverRecord> records;  // CutoverBook::Restore
    std::function<LogLag()> log_lag;               // from any thread
    std::function<asio::awaitable<void>(std::string group)> sync_is_quiet;
  };
  CutoverDesk(asio::any_io_executor executor, Options options);
  ~CutoverDesk();

  // For as long as the loop runs: what is held stays held. What an earlier process held is taken again.
  asio::awaitable<void> KeepHolds();

  // Begins with each group, or joins the same command that is on its way. InvalidArgument, FailedPrecondition: nothing
  // was begun.
  absl::Status Begin(const CutoverRequest& request);
  CutoverStatus Describe() const;

 private:
  // Two clients that one cutover uses at a time.
  struct Seat;
  struct Job {
    std::string group;
    CutoverRequest request;
  };
  struct Progress {
    bool is_running = false;
    CutoverRequest::Action action = CutoverRequest::Action::kCutover;
    bool is_dry_run = false;
    int64_t run = 0;
    int step = 0;
    std::string text;
    ExitCode code = ExitCode::kDone;
    std::vector<CutoverPosition> positions;  // of a run that wrote nothing down
  };

  void Pump();
  asio::awaitable<void> Work(Seat* seat, Job job);
  void TellHolds();
  CutoverTools ToolsOf(Seat& seat);

  const asio::any_io_executor executor_;
  const Options options_;
  Translator translator_;
  CutoverBook book_;
  std::unique_ptr<kafka::ClusterClient> holding_;  // for heartbeats
  kafka::Groups held_groups_;
  kafka::HoldKeeper keeper_;
  std::unique_ptr<Prover> prover_;
  std::vector<std::unique_ptr<Seat>> seats_;
  std::deque<Job> queue_;
  std::map<std::string, Progress> progress_;
  std::map<std::string, std::string> hold_trouble_told_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_CUTOVER_DESK_H_
