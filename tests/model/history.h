// The inside of driver.h: one history. driver.cc has the owner's moves towards the target, source_moves.cc those
// towards the source, faults.cc and source_faults.cc what goes wrong, checks.cc what must hold.
//
// The state machine is driven as it ships: Partition, SourceDoubt, Placement. The model has the moves of their owners
// (Source, Sink, Settler, Locator, Shard), which decide nothing.
#ifndef REPLICATOR_TESTS_MODEL_HISTORY_H_
#define REPLICATOR_TESTS_MODEL_HISTORY_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "replicator/partition/partition.h"
#include "replicator/partition/placement.h"
#include "replicator/partition/source_doubt.h"
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
  kTargetRetention,
  kOtherCauses,
  kSourceElection,
  kSourceTruncation,
  kSourceRecreation,
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
  // The three classes of one partition, in the hands of one process.
  struct Machine {
    Machine(const Partition::Options& options, bool topic_has_id);
    // Out of a quarantine, as replicator/partition/stream.h has it.
    void CheckAgain();

    Partition partition;
    SourceDoubt doubt;
    Placement placement;
  };
  // A Fetch that is out.
  struct FetchOut {
    SourceOffset offset;
    int32_t epoch_below;
    int times_recreated;  // of the topic, when it was sent
  };
  // A batch that was read for a look at the source's history.
  struct LookRead {
    std::optional<SourceBatch> batch;
  };
  // The source's batch that should be the target's last, read and not compared yet.
  struct TailRead {
    SourceOffset asked;
    uint64_t doubts;
    std::optional<SourceBatch> batch;
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
  void FavourWhatIsBroken();
  void Begin(int64_t position, int64_t ordinal, const offsets::SourceEvidence& evidence = {});
  void LeaveFolder();
  void NoteBegun();
  void NoteWentOn(int64_t target_end_before);
  bool WasUnknown(int64_t target) const;
  void NewMachine();
  void Restore(const offsets::PartitionState& state);
  void Step();
  void Drain();
  bool IsDrained() const;
  void Sink();
  void Send();
  void ReadRequest();
  void DeliverAnswer();
  void BeginSettle();
  void EndSettle();
  void NoteSettled(int64_t before, int64_t log_end);
  void RenewProducer();
  void Replicate(int64_t end);
  void KeepState();
  void AskTargetAtStart();
  void OldHolderGoesOn();

  // Towards the source.
  void Source();
  void RequestFetch();
  void DeliverFetch();
  bool DeliverBatch(const FetchOut& fetch, int index);
  void Accept(int content);
  void HearOfSourceLeader();
  bool SourceRefuses();
  LogEnds SourceEnds() const;
  void CompareTail();
  void LookAtHistory();
  void NoteBlindness();
  void CheckRange();
  void Search();
  std::optional<SourcePlace> FindLast(const Placement::Search& search) const;
  std::optional<SourceBatch> SourceBatchAt(int64_t offset) const;
  SourceBatch HeaderOf(int content) const;

  // What goes wrong.
  bool Knows(FaultKind kind) const { return (menu_ >> kind & 1) != 0; }
  void Fault();
  void BreakConnection(const char* why);
  void TimeOut();
  void LandLate();
  void DeliverStaleAnswer();
  void DeleteAtSource();
  void DeleteAtTarget();
  void StopAndCheckAgain();
  void ElectCleanly();
  void ElectUncleanly();
  void RestartBroker();
  void ForgetProducer();
  void WriteForeign();
  void ElectAtSource();
  void TruncateSource();
  void RecreateSource();
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
  void CheckRanges();
  bool InPlace(const TargetLog::LogBatch& batch) const;
  bool Contaminated() const;
  int LastContent() const;
  bool HasDiverged() const;
  bool IsOfOneHistory(const TargetLog::LogBatch& batch) const;
  bool StrangerLanded() const;

  Partition& partition() { return machine_->partition; }
  const Partition& partition() const { return machine_->partition; }
  SourceDoubt& doubt() { return machine_->doubt; }
  Placement& placement() { return machine_->placement; }
  bool done() const { return !violation_.empty() || is_blind_ || partition().quarantined(); }

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
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<Machine> old_holder_;  // goes on although another process has the lock (K is broken)
  uint32_t menu_ = 0;                    // which faults this history knows
  int steps_per_fault_ = 8;
  int64_t counted_max_ = 0;  // Partition::Options
  bool tail_is_readable_ = true;
  bool target_compresses_ = false;  // so that its batches have other bytes than the source's
  bool stores_ = false;             // the owner keeps a state folder
  // Of the source's version.
  bool source_has_ids_ = false;  // topics have ids (2.8 on)
  bool source_tells_ = false;    // of a truncation, by the epoch of what was read (3.1 on)
  bool source_fences_ = true;    // refuses requests that carry another leader epoch (used from 2.4 on)
  std::string violation_;

  // The owner's memory; lost when the process dies.
  std::optional<FetchOut> fetch_;
  std::optional<LogEnds> source_ends_;  // told, and not used yet
  std::optional<HistoryLook> look_;     // under way
  std::optional<LookRead> look_read_;   // read for it, and not told yet
  std::optional<TailRead> tail_read_;
  std::optional<Placement::Search> search_;
  int32_t known_source_epoch_ = 0;
  int known_source_broker_ = 0;
  int early_batches_ = 0;   // in a row
  bool has_heard_ = false;  // the source has answered a fetch since the drain began
  SourceDoubt::Clock::time_point now_ = SourceDoubt::Clock::time_point() + std::chrono::hours(1);
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
  bool late_was_forgotten_ = false;                   // its producer, when it did
  int64_t true_high_watermark_ = 0;                   // a new leader may know a lower one
  std::set<int64_t> life_producers_;                  // ids that the process has had
  int64_t life_begin_ = 0;                            // the target's log end when the process began
  bool lost_before_life_ = false;
  int64_t lowest_cut_ = std::numeric_limits<int64_t>::max();  // where unclean elections have cut the target's log
  bool place_is_gone_ = false;                                // the source does not have the target's last batch
  // Target offsets that an offset map has left out in some life of the process, from and up to.
  std::vector<std::pair<int64_t, int64_t>> unknown_;
  bool was_cut_below_ = false;          // the source lost something that had been read
  bool is_blind_ = false;               // see NoteBlindness
  int64_t read_max_ = 0;                // how far the source was ever read
  std::array<int16_t, 256> read_ = {};  // 1 + the content that was read last, by its end
  int64_t last_target_end_ = 0;
  int64_t last_position_ = -1;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_MODEL_HISTORY_H_
