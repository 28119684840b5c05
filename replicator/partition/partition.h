// One topic-partition on its way: the state machine that decides what is fetched, what is sent, and when nothing may
// be. A reader who opens this file first should understand the system.
//
//   source broker          Source            Partition                 Sink           target broker
//   Fetch response --> plan each batch --> Accept / SkipTo
//                                              | queue (slices of the response's buffer)
//                                              v
//                                          TakeSend ------> Produce(acks=all, idempotent) --> append
//                                                                                              |
//      position, OffsetMap <--------------- OnAnswer <----- {error class, base offset} <-------+
//                                              |
//                 anything but "appended       v
//                 where we said": drain --> must_settle --> ListOffsets: log end, then high watermark
//                                              ^                                |
//                                              +------- OnTargetEnd <-----------+   then the last batch's header
//
// Pure: no I/O, no clock, no thread, no coroutine. Events come in as method calls; what is to be done next is read from
// can_send(), must_settle(), must_renew_producer(), wants_fetch() and quarantine(). One owner, one thread.
//
// Two more pure classes stand beside it: source_doubt.h says whether the source may be read, placement.h where a copy
// begins.
//
// Invariants (docs/architecture.md; the tests cite the letters):
//   A  the k-th record to replicate becomes the k-th record of the target: batches are taken strictly in source order,
//   and
//      after any failure fetching begins again at the first source offset that is not proven to be on the target.
//   B  a batch's base sequence is the ordinal of its first record mod 2^31, from one producer id and epoch per link,
//   and one
//      batch is in flight: the broker's sequence check becomes compare-and-append.
//   D  a batch is sent only once a state that names it (its intent) is stored; a new life begins from that state.
//   C  an answer counts only for a batch that is in flight, and only when its base offset is the expected one.
//   E  after an ambiguous answer nothing is sent until the target's leader has shown log end == high watermark.
//   F  the target is the truth: less there than acknowledged cuts the map back; more is ours only if the last batch's
//   header
//      says so, else it is foreign. The truth is asked again whenever the target's leader changed.
//   J  the position moves over markers and aborted batches without a produce answer.
#ifndef REPLICATOR_REPLICATOR_PARTITION_PARTITION_H_
#define REPLICATOR_REPLICATOR_PARTITION_PARTITION_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kafka/batch/record_batch.h"
#include "kafka/net/buffer.h"
#include "offsets/offset_map.h"
#include "offsets/offsets.h"
#include "offsets/partition_state.h"
#include "replicator/partition/mutation.h"
#include "replicator/partition/quarantine.h"
#include "replicator/partition/source_history.h"

namespace replicator {

using offsets::Ordinal;
using offsets::Producer;
using offsets::SourceOffset;
using offsets::TargetOffset;

// A record batch that may pass as it is.
struct Batch {
  SourceOffset source_base;
  SourceOffset source_end;   // the next source offset to look at once this batch is on the target
  int32_t record_count = 0;  // > 0, and source_base + record_count <= source_end
  kafka::Slice bytes;        // the whole v2 batch inside the fetch buffer
  int32_t leader_epoch = -1;
  uint32_t content_crc = 0;
  kafka::Codec codec = kafka::Codec::kNone;
  int32_t end_epoch = -1;  // the partition's: of what ends at source_end, this batch or one that is skipped behind it
  int32_t keyless_records = 0;  // counted only when it is refused_base()
  int64_t lost = 0;             // the partition's: offsets up to source_end that the source has lost (H)

  int64_t size_bytes() const { return static_cast<int64_t>(bytes.bytes().size()); }
};

// A batch to be sent now. The bytes are the caller's; the partition keeps what it needs to judge the answer.
struct Send {
  uint64_t id = 0;  // unique in this partition's life; goes back in OnAnswer
  Producer producer;
  int32_t base_sequence = 0;
  TargetOffset expected;  // where the batch must land
  int32_t record_count = 0;
  kafka::Slice bytes;
};

// What the source's log was found to lack although its topic is not compacted.
struct SourceGaps {
  SourceOffset begin;  // of the first one, and the offset behind it
  SourceOffset end;
  int64_t count = 1;
  int64_t offsets = 0;    // in all of them
  SourceOffset last_end;  // of the last one
};

// What became of a Send.
struct Answer {
  enum class Verdict : uint8_t {
    kAppended,  // the leader and its in-sync replicas have it, at base_offset
    kUnclear,   // no answer, an answer that can follow an append, or a refusal that can pass: ask the target where it
                // stands
    kRefusedBytes,  // never appended: the target says that the bytes are damaged, or holds a record against them
    kForgotten,     // not appended: the broker (<= 2.4) forgot our producer id and takes no sequence but 0
    kRefused,       // never appended, and never will be as things are
  };
  Verdict verdict = Verdict::kUnclear;
  int64_t base_offset = -1;                                 // when kAppended
  QuarantineCode refusal = QuarantineCode::kTargetRefused;  // when kRefused
  std::string error;                                        // in words, unless kAppended
  std::string remedy;                                       // a sentence, when kRefused
};

// The last record batch of the target's log, as its header says.
struct TargetTail {
  Producer producer;
  int32_t next_sequence = 0;                           // its base sequence plus its record count, mod 2^31
  std::optional<uint32_t> content_crc = std::nullopt;  // when it was looked at
  // Likewise:
  int32_t record_count = 0;
  kafka::Codec codec = kafka::Codec::kNone;
  bool has_append_times = false;
};

// Whether the batch that ends the target's log, and has its place by its sequence, is the source's batch at
// `source_base`. Its checksum does not tell: the target may have compressed it anew, or put its own times in (its
// topic's compression.type, message.timestamp.type). So both are read, and their records compared.
struct TailQuestion {
  SourceOffset source_base;
  TargetOffset log_end;
  TargetTail tail;
};

struct TailComparison {
  enum class Records : uint8_t {
    kSame,
    kDiffer,
    kUnreadable,  // those of one of the two
  };

  std::optional<SourceBatch> source;  // the one that holds the offset, or the first behind it; nullopt: it is gone
  Records records = Records::kDiffer;
};

class Partition {
 public:
  struct Options {
    Producer producer;
    // Batches in flight. 1 is what B needs; more is for measuring what that costs.
    int in_flight_max = 1;
    // Fetching pauses while at least this much waits to be sent: what two responses bring. With half of that the states
    // to store would be half as large and twice as many.
    int64_t queue_bytes_max = 4 << 20;
    // Nothing is sent before a state that names it was stored (D).
    bool stores_intents = false;
    // Compaction may have changed the source since it was first read: counting its records proves nothing.
    bool is_compacted = false;
    // The target's topic has an id: one that was made anew shows. Else a place that is found by content may lie in
    // another topic than what was known before.
    bool target_has_id = true;
    // Records that the target holds more than is known, and that are read once more to be counted: what a power cut
    // takes of the last states. Of more the place is looked for by content first, since reading them could take hours.
    int64_t counted_max = 4'096;
  };
  // The same where all is known but for what was under way when a process was killed: seconds of data, or what came
  // while the changelog could not be written. More than that content finds sooner.
  static constexpr int64_t kCountedMaxOfCurrent = 1 << 20;

  explicit Partition(const Options& options) : options_(options) {}

  // ---- Where to begin.

  // The target's last batch was written with another producer than the link's (an earlier life of the link): go on with
  // that one, whose sequence the target knows. REQUIRES: !begun().
  void UseProducer(Producer producer) { options_.producer = producer; }

  // The target's log ends at `target_end` (log end == high watermark) and holds everything to replicate below
  // `position`. `ordinal` counts those records; `evidence` is the source batch that ends at `position`, when it was
  // seen. What the offset map knows below stays known, unless the target's topic has no id and another producer wrote
  // to it since.
  void Begin(SourceOffset position, TargetOffset target_end, Ordinal ordinal,
             const offsets::SourceEvidence& evidence = {});

  // The same where nothing on the target tells which producer wrote last, and with which sequence: gets a new producer
  // first. When the target is asked for that, and its log ends elsewhere by then, the partition has not begun any more.
  // REQUIRES: !begun().
  void BeginWithNewProducer(SourceOffset position, TargetOffset target_end);

  // Goes on from what an earlier life stored: the target is asked where it stands, and each intent is settled by that.
  // REQUIRES: !begun().
  void Restore(const offsets::PartitionState& state);

  // ---- What must be stored.

  // There are batches to send that no stored state names yet. They can wait while others are named: a state that is
  // stored for several partitions at once costs less than one for each.
  bool can_store() const {
    return options_.stores_intents && phase_ == Phase::kCopying && !storing_ && covered_ < kCoveredMax &&
           covered_ < queue_.size();
  }
  // The same, and sending will soon have to wait for it.
  bool must_store() const { return can_store() && covered_ < kCoveredMin; }
  // Something moved since the last state was taken: to be stored some time soon.
  bool has_unsaved() const {
    return options_.stores_intents && unsaved_ && !storing_ && begun() &&
           (!counted_from_.has_value() || counts_forward_);
  }
  // What is stored along with its state has changed.
  void MarkUnsaved() { unsaved_ = true; }
  // The state to store now; names what is in flight and the next batches to send. REQUIRES: no other is being stored.
  offsets::PartitionState TakeState();
  // The state that was taken last is stored.
  void OnStored();

  // ---- Source events. A response counts only if it was asked for at what is still fetch_offset() when it comes: else
  // a failure overtook it, and its owner drops it whole (A: taking it would leave out what lies between). Offsets must
  // not go backward; anything below fetch_offset() is ignored, and everything while paused.

  // A batch to copy. REQUIRES: wants nothing of the batch's bytes but their place.
  void Accept(Batch batch);
  // Nothing to copy below `next`: a marker, an aborted or an empty batch, or the end of a compacted range (J).
  // `leader_epoch`: of the batch that ends there; -1: not known. `base`: where what is skipped begins; nullopt: right
  // behind what came before it.
  void SkipTo(SourceOffset next, int32_t leader_epoch = -1, std::optional<SourceOffset> base = std::nullopt);
  // The source has deleted what lies below `log_start` (retention), and with it what was to be looked at next: goes on
  // at `log_start`, and returns how many source offsets were lost. None while the target holds records whose places in
  // the source are not known yet: the next ones that the source still has are others, so counting would take those for
  // them. Then the partition has not begun any more, and its place is to be found by content. REQUIRES: is_drained(),
  // not paused().
  int64_t SkipDeleted(SourceOffset log_start);

  // ---- Target events.

  // Bytes of the next batch to send. REQUIRES: can_send().
  int64_t next_batch_bytes() const { return queue_.front().size_bytes(); }
  // Hands out the next batch to send. REQUIRES: can_send().
  Send TakeSend();
  // The answer to a Send. Answers to unknown ids (sent by an earlier life of this partition) are ignored.
  void OnAnswer(uint64_t send_id, const Answer& answer);
  // The end of the target's log, asked from its leader on one connection: first the log end, then the high watermark
  // and, when the two are equal, the header of the batch that ends there (nullopt when retention has left none: then
  // only the count can be judged). Counts only while must_settle(). The count alone would take somebody else's records,
  // or an old batch of ours that a broker stored again after it forgot our id, for the batch whose answer is missing.
  void OnTargetEnd(TargetOffset log_end, TargetOffset high_watermark,
                   const std::optional<TargetTail>& tail = std::nullopt);
  // The source's batch that tail_question() asks for was read, and its records were compared with the target's. Where
  // the source has it no more, the target's batch is ours by producer, sequence and count alone. Returns what is to be
  // told about that; empty: nothing.
  std::string OnTailCompared(const TailComparison& comparison);
  // The target's leader changed, or the connection to it is a new one: what was acknowledged may be gone (an unclean
  // election). Call before anything is sent to it; nothing is until the target has been asked (F). Also when the
  // source's history is in doubt: what waits to be sent is given up, and is_drained() once that is settled.
  void OnTargetChange();

  // The producer id in place of the one that the target forgot: its sequences count from where the target's log ends
  // now. Nothing of the old one may be under way: what a closed connection may have left in the broker must have had
  // its time before the target was asked. REQUIRES: must_renew_producer().
  void RenewProducer(Producer producer);

  // ---- Control.

  // Gives all waiting slices back and leaves the fetch set until Resume: its target broker is not answering, and it
  // must not pin memory that others could use.
  void Pause();
  void Resume() { paused_ = false; }
  // What is in flight stays named in the states that are stored, since it may land: CheckAgain settles it.
  void PutInQuarantine(QuarantineCode code, std::string reason);

  // Its topic was deleted at the source, whose log ended at `source_end` when that was told last; nullopt: never. What
  // was not copied is lost, until CheckAgain. REQUIRES: not quarantined().
  void End(std::optional<int64_t> source_end, std::string reason);

  // Nothing below these is left in either log: the map forgets what belongs there.
  void PruneBelow(SourceOffset source_log_start, TargetOffset target_log_start);
  // The map keeps `runs_max` runs at most, besides those that the store has not got.
  void LeaveRunsToTheStore(size_t runs_max) { map_.LeaveToTheStore(runs_max); }

  // ---- Out of a quarantine. REQUIRES of each: quarantined().

  // (Of one that has ended: its topic is there again.)
  // The cause may have passed: the target is asked where it stands, and the partition goes on if that is where it
  // should. One that had not begun is located again.
  void CheckAgain();
  // Goes on from source offset `from` behind whatever ends the target's log when it is asked next. The offset map
  // goes on there. It keeps what it knows below if it `keeps_map`: if the same offsets are the same records still. The
  // producer is a new one: how far the old one's sequence got is not known. Until RenewProducer nothing
  // else changes.
  void ResumeAt(SourceOffset from, bool keeps_map);
  // The target topic is a new one: forgets everything that was copied into the old one, and begins like a new
  // partition.
  void StartAnew();

  // ---- What to do next.

  bool can_send() const {
    return phase_ == Phase::kCopying && !queue_.empty() && (covered_ > 0 || !waits_for_store()) &&
           in_flight_.size() < static_cast<size_t>(options_.in_flight_max);
  }
  // Nothing is in flight any more and where the target stands is not known: ask it, then OnTargetEnd.
  bool must_settle() const { return phase_ == Phase::kSettling && unanswered_ == 0 && !question_.has_value(); }
  // The target was asked, and its last batch is to be compared with one of the source: do so, then OnTailCompared.
  // nullptr: there is nothing to compare.
  const TailQuestion* tail_question() const { return question_.has_value() ? &*question_ : nullptr; }
  // The target has forgotten our producer id, and where it stands is known: get a new id, then RenewProducer.
  bool must_renew_producer() const { return phase_ == Phase::kRenewing; }
  // A new producer id will be taken: before the target is asked where it stands for that, what a closed connection may
  // have left in the broker must have had its time. The old id's sequence keeps none of that out any more (I).
  bool must_outwait_old_requests() const {
    return producer_forgotten_ && !Mutated(Mutation::kIDoesNotOutwaitOldRequests);
  }
  // It begins elsewhere, with a new producer, and has not got that yet.
  bool is_moving() const { return move_to_.has_value(); }
  // The same, for ResumeAt was called.
  bool is_resuming() const { return is_moving() && !move_from_.has_value(); }
  bool wants_fetch() const { return phase_ == Phase::kCopying && !paused_ && queue_bytes_ < options_.queue_bytes_max; }
  const std::optional<Quarantine>& quarantine() const { return quarantine_; }

  // ---- What can be seen.

  bool quarantined() const { return phase_ == Phase::kQuarantined; }
  bool IsQuarantinedFor(QuarantineCode code) const { return quarantined() && quarantine_->code == code; }
  // Its topic was deleted at the source.
  bool has_ended() const { return IsQuarantinedFor(QuarantineCode::kSourceDeleted); }
  bool begun() const { return phase_ != Phase::kNew; }
  // The target has told where it stands, since an earlier life's state was gone on from.
  bool is_settled() const { return !is_restored_; }
  // Whether position() and target_end() mean something: they do once it has begun in earnest, here or in an earlier
  // life. One that was quarantined before has none.
  bool has_place() const { return !eras_.empty(); }
  // When its place is not found by content: what the target holds more than this folder knows is somebody else's.
  bool is_foreign_unless_found() const { return foreign_unless_found_; }
  // When its place is not found by content: it is found by counting the source's records from position() on, however
  // many they are. The target is asked once more for that.
  bool counts_unless_found() const { return counts_unless_found_; }
  void CountForward();
  // Whether what the target holds up to `target_end` can come from below `place` in the source: what it holds more than
  // this copy knows of lies behind the position there.
  bool CanGoOnAt(SourceOffset place, TargetOffset target_end) const {
    return !has_place() || target_end <= target_end_ || place - position_ >= target_end - target_end_;
  }
  // Where a copy stands whose target ends at `target_end` if it has no gaps, from where it was known to stand on, or
  // from offset 0 of both sides.
  SourceOffset GaplessPosition(TargetOffset target_end) const { return position_ + (target_end - target_end_); }
  // Whether the target was found to have lost acknowledged records since this was asked last: its log then ends with
  // what the map says, and evidence() tells that, unless another leader that was cut off earlier brought back what
  // stood there before. The source's history is to be looked at, which shows it.
  bool TakeCutBack() { return std::exchange(has_cut_back_, false); }
  // Whether this partition has sent with `producer`.
  bool HasUsed(const Producer& producer) const {
    return std::any_of(eras_.begin(), eras_.end(), [&](const Era& era) { return era.producer == producer; });
  }
  // The next source offset to look at: everything below is on the target, or is nothing to copy (J).
  SourceOffset position() const { return position_; }
  // The next source offset to ask the source for.
  SourceOffset fetch_offset() const { return fetch_offset_; }
  // Where the batch begins whose bytes the target refused; nullopt once it is on the target. Whoever has it again is to
  // check it before it is accepted: only what is whole may be refused a second time.
  const std::optional<SourceOffset>& refused_base() const { return refused_base_; }
  // The one that the next batch carries.
  const Producer& producer() const { return eras_.empty() ? options_.producer : eras_.back().producer; }
  // Leader epoch of the source batch right below position(); -1: not known.
  int32_t position_epoch() const { return position_epoch_; }
  // The same below fetch_offset(). By it the source sees whether what was read is still its own history.
  int32_t fetched_epoch() const {
    if (!queue_.empty()) return queue_.back().end_epoch;
    return in_flight_.empty() ? position_epoch_ : in_flight_.back().end_epoch;
  }
  // The target's log end as acknowledged to us.
  TargetOffset target_end() const { return target_end_; }
  const offsets::OffsetMap& map() const { return map_; }
  // The last source batch below the position.
  const offsets::SourceEvidence& evidence() const { return evidence_; }
  bool is_compacted() const { return options_.is_compacted; }
  // cleanup.policy was altered, or what was read shows it. What was compacted once stays so: its holes remain. Gaps
  // that were passed since NoteNotCompacted were compaction's.
  void NoteCompacted();
  // The topic's settings were looked at.
  void NoteNotCompacted() { unsure_lost_ = 0; }
  // Offsets below position() that the source deleted or lost before they were copied, since the link began.
  int64_t records_lost() const { return records_lost_ + lost_with_topic_; }
  // The gaps of the source's log that were met since this was asked last.
  std::optional<SourceGaps> TakeGaps() { return std::exchange(gaps_, std::nullopt); }
  int64_t records_copied() const { return records_copied_; }
  int64_t bytes_copied() const { return bytes_copied_; }
  int64_t queue_bytes() const { return queue_bytes_; }
  bool in_flight() const { return unanswered_ > 0; }
  // All that was read from the source is on the target, as far as the target was asked.
  bool is_drained() const { return phase_ == Phase::kCopying && queue_.empty() && in_flight_.empty(); }
  bool paused() const { return paused_; }
  // Failures since the last acknowledged batch: what the owner's back-off grows with.
  int failures() const { return failures_; }
  // The last failure in words; empty once a batch was acknowledged again.
  const std::string& last_error() const { return last_error_; }

 private:
  enum class Phase : uint8_t { kNew, kCopying, kSettling, kRenewing, kQuarantined };

  using Era = offsets::Era;

  // A batch that was sent, without its bytes: after a failure it is fetched again, never kept for a retry.
  struct InFlight {
    uint64_t id;
    SourceOffset source_base;
    SourceOffset source_end;
    TargetOffset expected;
    int32_t record_count;
    int64_t size_bytes;
    int32_t leader_epoch;
    int32_t end_epoch;
    uint32_t content_crc;
    kafka::Codec codec;
    int32_t keyless_records = 0;
    int64_t lost = 0;
    bool answered = false;
    bool is_adopted = false;  // not sent: read from the source, and counted

    TargetOffset expected_end() const { return expected + record_count; }
  };

  // Where counting began.
  struct CountedFrom {
    offsets::MapBegin place;
    offsets::SourceEvidence evidence;
    int32_t position_epoch;
  };

  // Batches that one state names besides those in flight, so that a queue of tiny ones makes no huge record.
  static constexpr size_t kIntentsMax = 64;
  // Of the queue, named by a stored state. Below the first the next state is due, which is stored while one batch is in
  // flight and the last that is named goes out behind it; from the second on there is no use in another state.
  static constexpr size_t kCoveredMin = 2;
  static constexpr size_t kCoveredMax = 32;

  bool waits_for_store() const { return options_.stores_intents && !Mutated(Mutation::kDSendsBeforeTheIntentIsStored); }
  static InFlight InFlightOf(const Batch& batch, TargetOffset expected);
  void OnLateAnswer(const InFlight& sent, const Answer& answer);
  void OnRefused(const InFlight& sent, const Answer& answer);
  void OnRefusedBytes(const InFlight& sent, const Answer& answer);
  void ForgetRefused(const InFlight& sent);
  void Acknowledge();
  void Landed(const InFlight& batch);
  void Adopt(const Batch& batch);
  int64_t NoteGap(SourceOffset base);
  void Lose(int64_t offsets);
  void Fail(std::string error);
  void GiveUpMove();
  void RestartAt(SourceOffset position, TargetOffset target_end, TargetOffset proven_end);
  void SettleAt(TargetOffset log_end, const std::optional<TargetTail>& tail);
  void LookBeforeCuttingBack(TargetOffset log_end, const std::optional<TargetTail>& tail);
  void CutBackTo(TargetOffset log_end, const offsets::SourceEvidence& evidence);
  void ClearQueue();
  const InFlight* SentUpTo(TargetOffset log_end) const;
  static bool IsRewritten(const TargetTail& tail, kafka::Codec sent);
  void FindByContent(TargetOffset log_end, const char* why);
  bool GoesOn(SourceOffset position, TargetOffset target_end, Ordinal ordinal) const;
  void GoOnAt(offsets::MapBegin place, bool keeps_map);
  void ForgetCounted();
  bool MayBeOfAnotherHolder(const std::optional<TargetTail>& tail) const;
  bool IsOurs(TargetOffset log_end, const std::optional<TargetTail>& tail) const;
  void QuarantineForeign(TargetOffset log_end);
  void QuarantineMisplaced(const InFlight& sent, int64_t base_offset);
  static int32_t SequenceFor(const Era& era, TargetOffset target);

  Options options_;
  Phase phase_ = Phase::kNew;
  SourceOffset position_;
  int32_t position_epoch_ = -1;
  SourceOffset fetch_offset_;
  TargetOffset target_end_;
  TargetOffset next_expected_;  // target_end_ plus what is in flight
  TargetOffset proven_end_;  // proven to be on the target, though not known from where in the source beyond target_end_
  // Records of the source are being counted as what the target holds up to there, and nothing has confirmed that yet.
  // Until its last batch does, it is not stored, unless that may take hours.
  std::optional<CountedFrom> counted_from_;
  std::optional<TargetTail> proven_tail_;  // the batch that ends there, when it was looked at
  std::optional<TailQuestion> question_;   // only while settling
  std::vector<Era> eras_;                  // oldest first; one, unless the target forgot a producer
  uint64_t next_send_id_ = 1;
  std::deque<Batch> queue_;
  int64_t queue_bytes_ = 0;
  std::deque<InFlight> in_flight_;  // oldest first; kept until they are settled, since the target may hold them
  int unanswered_ = 0;
  size_t covered_ = 0;        // of the queue, from its front: named by a stored state
  size_t being_covered_ = 0;  // by the state that is being stored
  bool storing_ = false;
  bool unsaved_ = false;
  bool must_sync_ = false;
  offsets::SourceEvidence evidence_;
  bool paused_ = false;
  bool producer_forgotten_ = false;
  bool is_restored_ = false;   // and not settled yet
  bool has_cut_back_ = false;  // see TakeCutBack()
  bool foreign_unless_found_ = false;
  bool counts_unless_found_ = false;
  bool forgets_map_ = false;     // when it begins elsewhere
  bool counts_forward_ = false;  // the place was looked for by content, and not found
  std::optional<SourceOffset> move_to_;
  std::optional<TargetOffset> move_from_;  // where the target's log is to end for move_to_; nullopt: wherever it does
  std::optional<SourceOffset> refused_base_;
  int failures_ = 0;
  std::string last_error_;
  int64_t records_copied_ = 0;
  int64_t bytes_copied_ = 0;
  int64_t records_lost_ = 0;
  int64_t lost_with_topic_ = 0;
  int64_t unsure_lost_ = 0;  // of these, in gaps that were passed since the topic's settings were looked at
  std::optional<SourceGaps> gaps_;
  SourceOffset gaps_noted_to_;  // what is read again after a failure is noted once
  offsets::OffsetMap map_;
  std::optional<Quarantine> quarantine_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_PARTITION_H_
