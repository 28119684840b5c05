// The cutover of one group, and the way back. Seven steps; what takes effect is written down before it does, so that a
// process that is killed anywhere, or another one, goes on when the same command is given again:
//
//   1 preflight     what both sides say of the group; what cannot be told refuses             nothing is changed
//   2 wait          until it has no members at the source
//   3 hold          nobody goes on there any more (kafka/client/group_hold.h)                 written: kHolding
//   4 final offsets, and the copy catches up with them
//   5 prove         translated, and compared by librdkafka (proof.h)
//   6 commit        no sync touches it from here on; commit, read back; the source is         written: kCommitting,
//   with
//                   compared before and after, and if it changed: back to 2                   the positions
//   7 done          the group stays held at the source                                        written: kMoved
//
// Until step 6 a refusal ends the hold and forgets the cutover: a group moves whole or not at all.
//
// One coroutine on the groups' event loop, with two cluster clients that nobody else uses meanwhile.
#ifndef REPLICATOR_REPLICATOR_GROUPS_CUTOVER_H_
#define REPLICATOR_REPLICATOR_GROUPS_CUTOVER_H_

#include <asio/awaitable.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"
#include "kafka/client/group_hold.h"
#include "kafka/client/groups.h"
#include "kafka/net/signal.h"
#include "replicator/groups/cutover_book.h"
#include "replicator/groups/cutover_plan.h"
#include "replicator/groups/prover.h"
#include "replicator/groups/translator.h"
#include "replicator/ownership/lock_pulse.h"
#include "replicator/status/cutover_status.h"

namespace replicator {

// All outlive the cutover.
struct CutoverTools {
  kafka::ClusterClient* source = nullptr;
  kafka::ClusterClient* target = nullptr;
  Translator* translator = nullptr;
  CutoverBook* book = nullptr;
  kafka::HoldKeeper* keeper = nullptr;
  const LockPulse* pulse = nullptr;
  Prover* prover = nullptr;
  // The name of a source's topic on the target.
  std::function<std::string(const std::string&)> target_topic;
  std::function<LogLag()> log_lag;
  // Returns once no commit of the sync for this group is under way. The ledger calls the group moved by then.
  std::function<asio::awaitable<void>(std::string group)> sync_is_quiet;
};

// An error as the end of a cutover. Aborted: another process has the link.
CutoverStop CutoverStopOf(const absl::Status& status);

class GroupCutover {
 public:
  // `tell`: a step has begun, or what it waits for.
  GroupCutover(CutoverTools tools, CutoverRequest request, std::string group,
               std::function<void(int step, const std::string& text)> tell);

  // To its end. kDone: `text` says how it ended; else why it did not.
  asio::awaitable<CutoverStop> Run();
  // What is known of the positions, for a report: also of a dry run.
  const std::vector<CutoverPosition>& positions() const { return positions_; }

 private:
  using Stop = std::optional<CutoverStop>;  // nullopt: it goes on

  asio::awaitable<CutoverStop> Cutover();
  asio::awaitable<CutoverStop> DryRun();
  asio::awaitable<CutoverStop> Rollback();
  asio::awaitable<CutoverStop> Release();

  asio::awaitable<Stop> Preflight();
  asio::awaitable<Stop> AwaitEmpty();
  asio::awaitable<Stop> AwaitStillness();
  asio::awaitable<Stop> Hold();
  asio::awaitable<Stop> FinalOffsets();
  asio::awaitable<Stop> CatchUp();
  asio::awaitable<Stop> Prove();
  // True: moved. False: the source has changed, back to 2.
  asio::awaitable<absl::StatusOr<bool>> Commit(Stop* stop);
  asio::awaitable<absl::StatusOr<bool>> CommitOnce(Stop* stop);

  asio::awaitable<Stop> Look();
  asio::awaitable<absl::Status> FindEnds();
  asio::awaitable<absl::Status> FindCompacted();
  asio::awaitable<absl::Status> IsStable(bool* is_stable);
  asio::awaitable<absl::Status> Translate();
  asio::awaitable<absl::StatusOr<bool>> IsSourceUnchanged();
  asio::awaitable<Stop> WriteDown(CutoverPhase phase);
  asio::awaitable<std::string> LetGo();
  asio::awaitable<absl::Status> AwaitLock();
  asio::awaitable<absl::Status> LookForRollback(RollbackView* view);
  asio::awaitable<Stop> CommitAtSource(std::vector<CutoverPosition> positions);
  std::vector<kafka::OffsetToCommit> ToCommit() const;
  bool IsCommitted(const kafka::GroupOffsets& offsets, bool or_beyond) const;
  bool StandsWhereItWas() const;
  void Confirm();
  void Unmove();

  const CutoverTools tools_;
  const CutoverRequest request_;
  const std::string group_;
  const std::function<void(int, const std::string&)> tell_;
  kafka::Groups source_;
  kafka::Groups target_;
  const kafka::Clock::time_point deadline_;  // of what the operator waits for
  CutoverView view_;
  CutoverRecord record_;                   // as it is written down
  std::optional<CutoverRecord> previous_;  // what stood there before, and comes back when nothing is moved
  std::vector<CutoverPosition> positions_;
  std::map<std::string, bool> is_source_compacted_;  // by topic of the source
  std::map<std::string, bool> is_target_compacted_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_CUTOVER_H_
