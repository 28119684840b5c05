#include "replicator/groups/cutover.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/client/errors.h"
#include "offsets/crash_point.h"
#include "replicator/base/human.h"
#include "replicator/base/nearest.h"
#include "replicator/groups/source_facts.h"

namespace replicator {
namespace {

using kafka::Clock;
using policy::OurCommit;

constexpr Clock::duration kPatience = std::chrono::seconds(30);
constexpr Clock::duration kShardPatience = std::chrono::seconds(10);
constexpr Clock::duration kPollInterval = std::chrono::milliseconds(200);
// Brokers hold up the first member of a group for three seconds.
constexpr Clock::duration kHoldPatience = std::chrono::seconds(60);
// A copy that keeps up is past any offset within this; more is what --wait is for.
constexpr Clock::duration kCatchUpMin = std::chrono::seconds(30);
constexpr absl::Duration kProofPatience = absl::Seconds(30);
// As for the sync of groups (group_sync.cc): a third of the lock's session, with a margin.
constexpr Clock::duration kLockAgeMax = std::chrono::seconds(3);
constexpr Clock::duration kLockPatience = std::chrono::seconds(30);
// The source changed behind our hold: so often it is begun anew.
constexpr int kRoundsMax = 3;
constexpr int kCommitTriesMax = 10;
constexpr Clock::duration kCommitRetryInterval = std::chrono::seconds(1);

int64_t NowMs() { return absl::ToUnixMillis(absl::Now()); }

}  // namespace

CutoverStop CutoverStopOf(const absl::Status& status) {
  if (absl::IsAborted(status))
    return {ExitCode::kBlocked, "another process has the link now: give the same command there"};
  return {ExitCodeFor(status), std::string(status.message())};
}

GroupCutover::GroupCutover(CutoverTools tools, CutoverRequest request, std::string group,
                           std::function<void(int, const std::string&)> tell)
    : tools_(std::move(tools)),
      request_(std::move(request)),
      group_(std::move(group)),
      tell_(std::move(tell)),
      source_(*tools_.source),
      target_(*tools_.target),
      deadline_(Clock::now() + std::chrono::milliseconds(request_.wait_ms)) {
  if (const CutoverRecord* known = tools_.book->Find(group_); known != nullptr) {
    record_ = *known;
    if (known->phase == CutoverPhase::kRolledBack) previous_ = *known;
  }
  record_.group = group_;
}

asio::awaitable<CutoverStop> GroupCutover::Run() {
  switch (request_.action) {
    case CutoverRequest::Action::kRollback:
      co_return co_await Rollback();
    case CutoverRequest::Action::kRelease:
      co_return co_await Release();
    case CutoverRequest::Action::kCutover:
      break;
  }
  if (request_.is_dry_run) co_return co_await DryRun();
  co_return co_await Cutover();
}

asio::awaitable<CutoverStop> GroupCutover::DryRun() {
  Stop stop = co_await Preflight();
  if (stop.has_value()) co_return *stop;
  if (Behind(view_.items) > 0)
    co_return CutoverStop{ExitCode::kCopyBehind, "the copy is not past its positions yet; nothing was changed"};
  stop = co_await Prove();
  if (stop.has_value()) co_return *stop;
  const Stop active = JudgeEmpty(view_);
  co_return CutoverStop{ExitCode::kDone, absl::StrCat("it can be moved, from where it stands now",
                                                      active.has_value() ? absl::StrCat("; but ", active->text) : "",
                                                      ". Nothing was changed: this is a dry run")};
}

asio::awaitable<CutoverStop> GroupCutover::Cutover() {
  Stop stop = co_await Preflight();
  if (stop.has_value()) co_return *stop;
  if (record_.phase == CutoverPhase::kMoved)
    co_return CutoverStop{ExitCode::kDone, "moved: it was committed on the target before this command"};
  for (int round = 0; round < kRoundsMax; ++round) {
    stop = co_await AwaitEmpty();
    if (!stop.has_value()) stop = co_await AwaitStillness();
    if (!stop.has_value()) stop = co_await Hold();
    if (!stop.has_value()) stop = co_await FinalOffsets();
    if (!stop.has_value()) stop = co_await CatchUp();
    if (!stop.has_value()) stop = co_await Prove();
    bool is_moved = false;
    if (!stop.has_value()) {
      absl::StatusOr<bool> committed = co_await Commit(&stop);
      if (!committed.ok()) stop = CutoverStopOf(committed.status());
      is_moved = committed.ok() && *committed;
    }
    if (stop.has_value()) {
      const std::string let_go = co_await LetGo();
      co_return CutoverStop{stop->code, absl::StrCat(stop->text, let_go)};
    }
    if (is_moved) co_return CutoverStop{ExitCode::kDone, "moved"};
    tell_(2, "it has changed at the source meanwhile; from the beginning");
    stop = co_await Look();
    if (stop.has_value()) co_return *stop;
  }
  const std::string let_go = co_await LetGo();
  co_return CutoverStop{ExitCode::kGroupActive,
                        absl::StrCat("its offsets at the source do not come to rest: somebody sets them", let_go)};
}

// What both sides say of the group now, and where its positions are.
asio::awaitable<GroupCutover::Stop> GroupCutover::Look() {
  absl::StatusOr<kafka::MetadataSnapshot> metadata = co_await tools_.source->FetchMetadata();
  if (!metadata.ok()) co_return CutoverStopOf(metadata.status());
  absl::StatusOr<kafka::MetadataSnapshot> on_target = co_await tools_.target->FetchMetadata();
  if (!on_target.ok()) co_return CutoverStopOf(on_target.status());
  view_ = {};
  view_.group = group_;
  view_.target_name = tools_.target->name();
  for (const auto& [topic, facts] : (*metadata)->topics)
    view_.source_topics[topic] = static_cast<int>(facts.partitions.size());
  const std::vector<std::string> ids = {group_};
  kafka::GroupResults<kafka::GroupDescription> described = co_await source_.Describe(ids, kPatience);
  if (!described.at(group_).ok()) co_return CutoverStopOf(described.at(group_).status());
  view_.source = *described.at(group_);
  absl::StatusOr<std::shared_ptr<kafka::Connection>> connection = co_await source_.Coordinator(group_, kPatience);
  if (!connection.ok()) co_return CutoverStopOf(connection.status());
  view_.is_held_by_us = kafka::IsHeldBy(view_.source, (*connection)->options().client_id);
  kafka::GroupResults<kafka::GroupOffsets> offsets = co_await source_.FetchOffsets(ids, false, kPatience);
  if (!offsets.at(group_).ok()) co_return CutoverStopOf(offsets.at(group_).status());
  kafka::GroupResults<kafka::GroupDescription> there = co_await target_.Describe(ids, kPatience);
  if (!there.at(group_).ok()) co_return CutoverStopOf(there.at(group_).status());
  view_.target = *there.at(group_);
  kafka::GroupResults<kafka::GroupOffsets> committed = co_await target_.FetchOffsets(ids, false, kPatience);
  if (!committed.at(group_).ok()) co_return CutoverStopOf(committed.at(group_).status());
  if (record_.phase != CutoverPhase::kNone) view_.record = record_;

  for (const auto& [partition, one] : offsets.at(group_)->offsets) {
    if (one.error_code != kafka::kErrorNone)
      co_return CutoverStopOf(kafka::ErrorStatus(
          one.error_code, absl::StrCat("read its offset of ", partition.topic, "-", partition.partition)));
    CutoverItem item;
    item.partition = partition;
    item.committed = one.offset;
    item.metadata = one.metadata;
    view_.items.push_back(std::move(item));
  }
  CutoverNotes notes;
  Complete(view_, notes);
  for (const std::string& note : notes) tell_(1, note);
  const GroupLedger::Group* known = tools_.book->ledger().Find(group_);
  for (CutoverItem& item : view_.items) {
    const kafka::TopicPartition there_as = {tools_.target_topic(item.partition.topic), item.partition.partition};
    const auto found = committed.at(group_)->offsets.find(there_as);
    if (found != committed.at(group_)->offsets.end()) item.on_target = found->second.offset;
    const OurCommit* ours = known == nullptr ? nullptr : known->Find(item.partition.topic, item.partition.partition);
    if (ours != nullptr) item.ours = *ours;
    const std::vector<CutoverPosition>& left = previous_.has_value() ? previous_->positions : record_.positions;
    for (const CutoverPosition& position : left) {
      if (position.topic == item.partition.topic && position.partition == item.partition.partition)
        item.left_by_us = position.target_offset;
    }
  }
  absl::Status status = co_await FindEnds();
  if (status.ok()) status = co_await Translate();
  if (!status.ok()) co_return CutoverStopOf(status);
  co_return std::nullopt;
}

asio::awaitable<absl::Status> GroupCutover::FindEnds() {
  std::vector<kafka::TopicPartition> partitions;
  for (const CutoverItem& item : view_.items) partitions.push_back(item.partition);
  absl::StatusOr<std::map<kafka::TopicPartition, int64_t>> ends =
      co_await AskEnds(*tools_.source, partitions, kafka::IsolationLevel::kReadUncommitted, kPatience);
  if (!ends.ok()) co_return ends.status();
  for (CutoverItem& item : view_.items) {
    item.source_end = ends->at(item.partition);
    // Earliest: what is below the log start is where the first record is that is left.
    item.wanted = item.committed.has_value()                      ? *item.committed
                  : request_.missing == MissingCommits::kEarliest ? 0
                                                                  : *item.source_end;
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> GroupCutover::Translate() {
  std::vector<TranslationQuestion> questions;
  for (const CutoverItem& item : view_.items)
    questions.push_back({item.partition.topic, item.partition.partition, item.wanted});
  absl::StatusOr<std::vector<TranslationAnswer>> answers =
      co_await tools_.translator->Translate(std::move(questions), kShardPatience);
  if (!answers.ok()) co_return answers.status();
  for (size_t i = 0; i < answers->size(); ++i) view_.items[i].answer = (*answers)[i];
  co_return absl::OkStatus();
}

asio::awaitable<GroupCutover::Stop> GroupCutover::Preflight() {
  tell_(1, "looking at both sides");
  Stop stop = JudgeLog(tools_.log_lag());
  if (!stop.has_value()) stop = co_await Look();
  if (stop.has_value()) co_return stop;
  if (view_.source.kind == kafka::GroupKind::kAbsent && view_.items.empty()) {
    absl::StatusOr<std::vector<kafka::ListedGroup>> listed = co_await source_.List(kPatience);
    std::vector<std::string> names;
    if (listed.ok()) {
      for (const kafka::ListedGroup& one : *listed) names.push_back(one.group_id);
    }
    view_.nearest = Nearest(group_, names);
  }
  if (record_.phase == CutoverPhase::kCommitting) {
    // A crash behind the commit: consumers may have begun on the target since.
    positions_ = record_.positions;
    const std::vector<std::string> ids = {group_};
    kafka::GroupResults<kafka::GroupOffsets> there = co_await target_.FetchOffsets(ids, false, kPatience);
    const bool is_committed =
        there.at(group_).ok() && IsCommitted(*there.at(group_), /*or_beyond=*/!view_.target.IsEmpty());
    if (is_committed && view_.is_held_by_us && StandsWhereItWas()) {
      Confirm();
      co_return co_await WriteDown(CutoverPhase::kMoved);
    }
  }
  stop = JudgeSource(view_, request_);
  if (!stop.has_value()) stop = JudgeTarget(view_, request_);
  if (!stop.has_value() && Behind(view_.items) == 0) stop = JudgeTranslation(view_.items);
  co_return stop;
}

asio::awaitable<GroupCutover::Stop> GroupCutover::WriteDown(CutoverPhase phase) {
  record_.phase = phase;
  if (phase == CutoverPhase::kCommitting || phase == CutoverPhase::kMoved) record_.positions = positions_;
  if (phase == CutoverPhase::kMoved) record_.moved_ms = NowMs();
  tell_(phase == CutoverPhase::kHolding ? 3
        : phase == CutoverPhase::kMoved ? 7
                                        : 6,
        absl::StrCat("writing it down on the target: ", CutoverPhaseName(phase)));
  CutoverRecord copy = record_;
  absl::Status written = co_await tools_.book->Write(std::move(copy));
  if (!written.ok()) co_return CutoverStopOf(written);
  co_return std::nullopt;
}

asio::awaitable<GroupCutover::Stop> GroupCutover::Hold() {
  tell_(3, "holding it at the source, so that nobody goes on there");
  if (record_.phase != CutoverPhase::kCommitting) {
    record_.who = request_.who;
    record_.started_ms = NowMs();
    record_.held_ms = record_.moved_ms = 0;
    record_.is_held = true;
    Stop stop = co_await WriteDown(CutoverPhase::kHolding);
    if (stop.has_value()) co_return stop;
  }
  CrashPoint("cutover-hold");
  absl::StatusOr<kafka::HeldGroup> held = co_await kafka::HoldGroup(source_, group_, kHoldPatience);
  if (absl::IsFailedPrecondition(held.status()))
    co_return CutoverStop{ExitCode::kGroupActive, std::string(held.status().message())};
  if (!held.ok()) co_return CutoverStopOf(held.status());
  tools_.keeper->Keep(*std::move(held));
  if (record_.held_ms == 0) record_.held_ms = NowMs();
  CrashPoint("cutover-held");
  co_return std::nullopt;
}

asio::awaitable<GroupCutover::Stop> GroupCutover::FinalOffsets() {
  tell_(4, "reading its final offsets");
  const std::vector<std::string> ids = {group_};
  kafka::GroupResults<kafka::GroupOffsets> offsets = co_await source_.FetchOffsets(ids, true, kPatience);
  if (!offsets.at(group_).ok()) co_return CutoverStopOf(offsets.at(group_).status());
  bool is_stable = offsets.at(group_)->is_stable;
  if (!is_stable && !request_.yes) {
    absl::Status asked = co_await AskOffsetsTopicIsStable(*tools_.source, group_, kPatience, &is_stable);
    if (!asked.ok()) co_return CutoverStopOf(asked);
    if (!is_stable)
      co_return CutoverStop{
          ExitCode::kBlocked,
          "an open transaction holds back offsets in the partition of __consumer_offsets that the group's are in, and "
          "this source (Kafka before 2.5) cannot say of which group. Try again when it has ended, or write --yes if "
          "the group's consumers commit no offsets in transactions"};
  }
  // The look of step 1 with what is there now: nobody can change it any more.
  Stop stop = co_await Look();
  if (!stop.has_value()) stop = JudgeSource(view_, request_);
  if (!stop.has_value()) stop = JudgeTarget(view_, request_);
  if (stop.has_value()) co_return stop;
  if (!view_.is_held_by_us)
    co_return CutoverStop{ExitCode::kGroupActive, "the hold at the source was lost: somebody has removed it"};
  co_return std::nullopt;
}

asio::awaitable<GroupCutover::Stop> GroupCutover::CatchUp() {
  const Clock::time_point deadline = std::max(deadline_, Clock::now() + kCatchUpMin);
  for (;;) {
    absl::Status translated = co_await Translate();
    if (!translated.ok()) co_return CutoverStopOf(translated);
    const int64_t behind = Behind(view_.items);
    if (behind == 0) break;
    tell_(4, absl::StrCat("waiting for the copy: ", WithCommas(behind), " records to its positions"));
    if (Clock::now() >= deadline)
      co_return CutoverStop{ExitCode::kCopyBehind,
                            absl::StrCat("the copy is ", WithCommas(behind),
                                         " records behind its positions. replicator status says how long it takes; "
                                         "--wait=1h waits that long")};
    co_await kafka::SleepFor(kPollInterval);
  }
  co_return JudgeTranslation(view_.items);
}

asio::awaitable<absl::Status> GroupCutover::FindCompacted() {
  std::set<std::string> topics;
  for (const CutoverItem& item : view_.items) topics.insert(item.partition.topic);
  for (const std::string& topic : topics) {
    const std::string there = tools_.target_topic(topic);
    absl::StatusOr<bool> at_source = co_await AskIsCompacted(*tools_.source, topic);
    if (!at_source.ok()) co_return at_source.status();
    absl::StatusOr<bool> at_target = co_await AskIsCompacted(*tools_.target, there);
    if (!at_target.ok()) co_return at_target.status();
    is_source_compacted_[topic] = *at_source;
    is_target_compacted_[topic] = *at_target;
  }
  co_return absl::OkStatus();
}

asio::awaitable<GroupCutover::Stop> GroupCutover::Prove() {
  tell_(5, absl::StrCat("proving ", view_.items.size(), " positions"));
  absl::Status known = co_await FindCompacted();
  if (!known.ok()) co_return CutoverStopOf(known);
  std::vector<ProofQuestion> questions;
  positions_.clear();
  for (const CutoverItem& item : view_.items) {
    const std::string& topic = item.partition.topic;
    CutoverPosition position;
    position.topic = topic;
    position.partition = item.partition.partition;
    position.source_offset = item.wanted;
    position.target_offset = item.answer.offset;
    position.target_end = item.answer.target_end;
    position.target_before = item.on_target;
    position.metadata = item.metadata;
    positions_.push_back(std::move(position));
    questions.push_back({.source_topic = topic,
                         .target_topic = tools_.target_topic(topic),
                         .partition = item.partition.partition,
                         .source_offset = item.wanted,
                         .target_offset = item.answer.offset,
                         .is_source_compacted = is_source_compacted_[topic],
                         .is_target_compacted = is_target_compacted_[topic]});
  }
  absl::StatusOr<std::vector<Proof>> proofs = co_await tools_.prover->Prove(std::move(questions), kProofPatience);
  if (!proofs.ok()) co_return CutoverStopOf(proofs.status());
  for (size_t i = 0; i < proofs->size(); ++i) {
    positions_[i].proof = ProofResultName((*proofs)[i].result);
    positions_[i].proof_text = (*proofs)[i].text;
  }
  co_return JudgeProofs(positions_, request_);
}

std::vector<kafka::OffsetToCommit> GroupCutover::ToCommit() const {
  std::vector<kafka::OffsetToCommit> offsets;
  for (const CutoverPosition& position : positions_)
    offsets.push_back(
        {{tools_.target_topic(position.topic), position.partition}, position.target_offset, position.metadata});
  return offsets;
}

bool GroupCutover::IsCommitted(const kafka::GroupOffsets& offsets, bool or_beyond) const {
  for (const kafka::OffsetToCommit& one : ToCommit()) {
    const auto found = offsets.offsets.find(one.partition);
    if (found == offsets.offsets.end() || found->second.error_code != kafka::kErrorNone) return false;
    if (or_beyond ? found->second.offset < one.offset : found->second.offset != one.offset) return false;
  }
  return true;
}

// Its offsets are those that positions_, or before these are made, view_ has, and nobody is in it but our hold.
asio::awaitable<absl::StatusOr<bool>> GroupCutover::IsSourceUnchanged() {
  std::map<kafka::TopicPartition, int64_t> expected;
  for (const CutoverItem& item : view_.items) {
    if (item.committed.has_value()) expected[item.partition] = *item.committed;
  }
  const std::vector<std::string> ids = {group_};
  kafka::GroupResults<kafka::GroupDescription> described = co_await source_.Describe(ids, kPatience);
  if (!described.at(group_).ok()) co_return described.at(group_).status();
  if (kafka::IsHeld(view_.source) && !kafka::IsHeld(*described.at(group_))) co_return false;
  kafka::GroupResults<kafka::GroupOffsets> offsets = co_await source_.FetchOffsets(ids, false, kPatience);
  if (!offsets.at(group_).ok()) co_return offsets.at(group_).status();
  std::map<kafka::TopicPartition, int64_t> now;
  for (const auto& [partition, one] : offsets.at(group_)->offsets) {
    if (view_.source_topics.contains(partition.topic)) now[partition] = one.offset;
  }
  co_return now == expected;
}

asio::awaitable<absl::Status> GroupCutover::AwaitLock() {
  const Clock::time_point deadline = Clock::now() + kLockPatience;
  while (!tools_.pulse->IsFresh(Clock::now(), kLockAgeMax)) {
    if (Clock::now() >= deadline)
      co_return absl::UnavailableError(
          "the target's coordinator does not confirm at present that this process has the lock of the link");
    co_await kafka::SleepFor(kPollInterval);
  }
  co_return absl::OkStatus();
}

// At the source it is where the positions say.
bool GroupCutover::StandsWhereItWas() const {
  return std::all_of(view_.items.begin(), view_.items.end(), [&](const CutoverItem& item) {
    return std::any_of(positions_.begin(), positions_.end(), [&](const CutoverPosition& position) {
      const bool is_it = position.topic == item.partition.topic && position.partition == item.partition.partition;
      return is_it && (!item.committed.has_value() || *item.committed == position.source_offset);
    });
  });
}

void GroupCutover::Confirm() {
  const int64_t now_ms = NowMs();
  for (const CutoverPosition& position : positions_)
    tools_.book->ledger().SetCommit(group_, position.topic, position.partition, {position.target_offset, now_ms});
}

void GroupCutover::Unmove() { tools_.book->ledger().SetMoved(group_, 0); }

asio::awaitable<absl::StatusOr<bool>> GroupCutover::Commit(Stop* stop) {
  const int64_t now_ms = NowMs();
  tools_.book->ledger().SetMoved(group_, now_ms);
  for (const CutoverPosition& position : positions_)
    tools_.book->ledger().SetCommit(group_, position.topic, position.partition,
                                    {.offset = position.target_offset, .at_ms = now_ms, .is_confirmed = false});
  *stop = co_await WriteDown(CutoverPhase::kCommitting);
  if (stop->has_value()) co_return false;
  CrashPoint("cutover-recorded");
  co_await tools_.sync_is_quiet(group_);
  for (int tries = 1;; ++tries) {
    absl::StatusOr<bool> committed = co_await CommitOnce(stop);
    const bool again =
        !committed.ok() && (absl::IsUnavailable(committed.status()) || absl::IsDeadlineExceeded(committed.status()));
    if (!again || tries == kCommitTriesMax) co_return committed;
    target_.Forget(group_);
    source_.Forget(group_);
    tell_(6, absl::StrCat("trying again: ", committed.status().message()));
    co_await kafka::SleepFor(kCommitRetryInterval);
  }
}

// One try; an error leaves open what was done.
asio::awaitable<absl::StatusOr<bool>> GroupCutover::CommitOnce(Stop* stop) {
  absl::Status held = co_await AwaitLock();
  if (!held.ok()) co_return held;
  absl::StatusOr<bool> is_same = co_await IsSourceUnchanged();
  if (!is_same.ok()) co_return is_same.status();
  if (!*is_same) co_return false;
  absl::StatusOr<std::shared_ptr<kafka::Connection>> connection = co_await target_.Coordinator(group_, kPatience);
  if (!connection.ok()) co_return connection.status();
  std::shared_ptr<kafka::Connection> open = *connection;
  // A look and the commit back to back: somebody may have begun on the target.
  const std::vector<std::string> ids = {group_};
  absl::StatusOr<kafka::GroupAnswers<kafka::GroupDescription>> look = co_await kafka::DescribeGroupsOn(open, ids);
  if (!look.ok()) co_return look.status();
  const auto found = look->find(group_);
  if (found == look->end() || found->second.error_code != kafka::kErrorNone)
    co_return absl::UnavailableError("the target does not tell the group's state at present");
  view_.target = found->second.value;
  *stop = JudgeTarget(view_, request_);
  if (stop->has_value()) co_return false;
  if (!tools_.pulse->IsFresh(Clock::now(), kLockAgeMax)) co_return absl::UnavailableError("the lock was not confirmed");
  tell_(6, absl::StrCat("committing ", positions_.size(), " offsets on the target"));
  absl::StatusOr<std::vector<kafka::RefusedCommit>> refused = co_await kafka::CommitOffsetsOn(open, group_, ToCommit());
  if (!refused.ok()) co_return refused.status();
  CrashPoint("cutover-committed");
  if (!refused->empty()) {
    const kafka::RefusedCommit& first = refused->front();
    const absl::Status why = kafka::ErrorStatus(
        first.error_code, absl::StrCat("commit for ", first.partition.topic, "-", first.partition.partition));
    const bool is_passing = kafka::ClassifyGroupAdminError(first.error_code) == kafka::GroupAdminOutcome::kLookAgain;
    if (is_passing) co_return absl::UnavailableError(why.message());
    // All or none were taken when the group is not ours to write.
    if (refused->size() == positions_.size()) {
      *stop = CutoverStop{ExitCode::kTargetInUse, std::string(why.message())};
    } else {
      *stop = CutoverStop{ExitCode::kPartlyDone, absl::StrCat(why.message(), "; the same command again goes on")};
    }
    co_return false;
  }
  kafka::GroupResults<kafka::GroupOffsets> read_back = co_await target_.FetchOffsets(ids, false, kPatience);
  if (!read_back.at(group_).ok()) co_return read_back.at(group_).status();
  if (!IsCommitted(*read_back.at(group_), /*or_beyond=*/false)) {
    *stop = CutoverStop{ExitCode::kPartlyDone,
                        "what was committed on the target was changed by somebody in the same moment; look at the "
                        "group there, and give the same command again"};
    co_return false;
  }
  is_same = co_await IsSourceUnchanged();
  if (!is_same.ok()) co_return is_same.status();
  if (!*is_same) co_return false;
  Confirm();
  CrashPoint("cutover-read-back");
  *stop = co_await WriteDown(CutoverPhase::kMoved);
  co_return !stop->has_value();
}

// Nothing is moved: nobody is kept from going on at the source. What to say of it.
asio::awaitable<std::string> GroupCutover::LetGo() {
  if (record_.phase == CutoverPhase::kCommitting) {
    // Whether it was committed on the target has to be settled first.
    const std::vector<std::string> ids = {group_};
    kafka::GroupResults<kafka::GroupOffsets> there = co_await target_.FetchOffsets(ids, false, kPatience);
    bool is_untouched = there.at(group_).ok();
    for (const CutoverItem& item : view_.items) {
      if (!is_untouched) break;
      const auto found =
          there.at(group_)->offsets.find({tools_.target_topic(item.partition.topic), item.partition.partition});
      const bool has = found != there.at(group_)->offsets.end();
      is_untouched = item.on_target.has_value() ? has && found->second.offset == *item.on_target : !has;
    }
    if (!is_untouched) co_return ". The group stays held at the source, and the same command again goes on";
    Unmove();
  } else if (record_.phase != CutoverPhase::kHolding) {
    co_return "";
  }
  tools_.keeper->Drop(group_);
  absl::Status released = co_await kafka::ReleaseGroup(source_, group_, kPatience);
  if (!released.ok()) {
    tools_.keeper->KeepAgain(group_);
    co_return absl::StrCat(". The group stays held at the source, since it could not be released (", released.message(),
                           "): replicator cutover --release --group ", group_);
  }
  absl::Status written;
  if (previous_.has_value()) {
    record_ = *previous_;
    written = co_await tools_.book->Write(*previous_);
  } else {
    record_.phase = CutoverPhase::kNone;
    written = co_await tools_.book->Forget(group_);
  }
  co_return written.ok() ? ". Nothing was moved, and the group may go on at the source"
                         : absl::StrCat(". ", written.message());
}

}  // namespace replicator
