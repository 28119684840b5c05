// The inside of driver.h: one history. driver.cc has the owner's moves, faults.cc what goes wrong, checks.cc what must
// hold.
#ifndef REPLICATOR_TESTS_MODEL_HISTORY_H_
#define REPLICATOR_TESTS_MODEL_HISTORY_H_

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "replicator/partition/partition.h"
#include "tests/model/driver.h"
#include "tests/model/random.h"
#include "tests/model/source_log.h"
#include "tests/model/state_log.h"
#include "tests/model/target_log.h"

namespace replicator::tests {

// The faults, as bits of menu_: a history with few kinds goes deeper into each than one with all of them.
enum FaultKind : int {
  kLoseConnection,
  kLateRequests,
  kCleanElection,
  kUncleanElection,
  kBrokerRestart,
  kForgetProducer,
  kForeignWriter,
  kProcessDeath,
  kPauses,
  kSlowReplication,
  kStaleAnswers,
  kSourceRetention,
  kOtherCauses,
  kFaultKinds,
};

class History {
 public:
  History(uint64_t seed, Coverage& coverage, std::vector<std::string>* trace);

  std::string Run();

 private:
  // A Produce request of the present life of the process.
  struct Wire {
    uint64_t send_id;
    Produce produce;
    bool read = false;  // by the broker
    ProduceResult result;
  };
  // A settle half done: the log end is known, the high watermark not yet.
  struct Settle {
    int leader_epoch;
    int64_t log_end;
  };
  // The answer to a request that was given up.
  struct StaleAnswer {
    uint64_t send_id;
    int64_t base_offset;
  };

  // The owner's moves.
  void Setup();
  void Begin(int64_t position, int64_t ordinal);
  void BeginPartition(int64_t position, int64_t ordinal);
  Partition FreshPartition() const;
  void Restore(const offsets::PartitionState& state);
  void Step();
  void Drain();
  void Source();
  void RequestFetch();
  void DeliverFetch();
  void CheckRange();
  void Locate();
  void Sink();
  void Send();
  void ReadRequest();
  void DeliverAnswer();
  void BeginSettle();
  void EndSettle();
  void RenewProducer();
  void Replicate(int64_t end);
  void KeepState();

  // What goes wrong.
  bool Knows(FaultKind kind) const { return (menu_ >> kind & 1) != 0; }
  void Fault();
  void BreakConnection(const char* why);
  void TimeOut();
  void LandLate();
  void DeliverStaleAnswer();
  void DeleteAtSource();
  void StopAndCheckAgain();
  void ElectCleanly();
  void ElectUncleanly();
  void RestartBroker();
  void ForgetProducer();
  void WriteForeign();
  void TogglePause();
  void Die();
  void TakeOver();
  void CopyWithNewProducer();
  int64_t RandomBorder(int64_t from, int64_t to);

  // What must hold.
  void CheckStep();
  void CheckAcknowledged(int64_t from, int64_t to);
  void CheckAppend(bool late, bool producer_known_before);
  void CheckQuarantine();
  void CheckDrained();
  void CheckMap();
  bool InPlace(const TargetLog::LogBatch& batch) const;
  bool Contaminated() const;
  bool StrangerLanded() const;

  bool done() const { return !violation_.empty() || partition_->quarantined(); }

  template <typename... Parts>
  void Trace(const Parts&... parts) {
    if (trace_ != nullptr) trace_->push_back(absl::StrCat(parts...));
  }
  template <typename... Parts>
  void Violated(const Parts&... parts) {
    if (violation_.empty()) violation_ = absl::StrCat(parts...);
  }

  Random random_;
  Coverage& coverage_;
  std::vector<std::string>* const trace_;
  SourceLog source_;
  TargetLog target_;
  std::optional<Partition> partition_;
  uint32_t menu_ = 0;  // which faults this history knows
  int steps_per_fault_ = 8;
  bool tail_is_readable_ = true;
  bool stores_ = false;  // the owner keeps a state folder
  std::string violation_;

  // The owner's memory; lost when the process dies.
  std::optional<SourceOffset> fetch_;  // what was asked for
  bool range_in_doubt_ = false;        // the source said that it has no such offset
  bool range_settled_ = false;         // the target was asked since
  std::optional<Wire> wire_;
  std::optional<Settle> settle_;
  int64_t settled_end_ = 0;  // the log end that the last settle told
  std::optional<StaleAnswer> stale_;
  int known_leader_epoch_ = 0;
  bool paused_ = false;
  std::optional<offsets::PartitionState> state_on_its_way_;  // to the store
  bool state_is_written_ = false;
  bool is_restarted_ = false;  // from a stored state that is not settled yet

  StateLog states_;        // survives the process
  StateLog other_states_;  // of another process, from when that one held the link

  // What only the model knows.
  Producer producer_ = {.id = 7, .epoch = 0};         // the last one that the partition got
  std::map<int64_t, int64_t> ordinals_minus_target_;  // by producer id
  std::vector<Produce> late_;                         // requests of closed connections, still to be read
  int64_t late_end_ = -1;                             // where the last of them landed
  int64_t true_high_watermark_ = 0;                   // a new leader may know a lower one
  std::set<int64_t> life_producers_;                  // ids that the process has had
  int64_t life_begin_ = 0;                            // the target's log end when the process began
  bool lost_before_life_ = false;
  int64_t lowest_cut_ = std::numeric_limits<int64_t>::max();  // where unclean elections have cut the target's log
  bool place_is_gone_ = false;                                // the source has deleted the target's last batch
  int64_t last_target_end_ = 0;
  int64_t last_position_ = -1;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_MODEL_HISTORY_H_
