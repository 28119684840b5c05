// The way back: what is committed on the target, committed at the source; and the end of a hold.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/client/errors.h"
#include "offsets/crash_point.h"
#include "replicator/groups/cutover.h"

namespace replicator {
namespace {

using kafka::Clock;

constexpr Clock::duration kPatience = std::chrono::seconds(30);
constexpr Clock::duration kShardPatience = std::chrono::seconds(10);
// Brokers hold up the first member of a group for three seconds.
constexpr Clock::duration kHoldPatience = std::chrono::seconds(60);

}  // namespace

asio::awaitable<absl::Status> GroupCutover::LookForRollback(RollbackView* view) {
  view->group = group_;
  if (record_.phase != CutoverPhase::kNone) view->record = record_;
  const std::vector<std::string> ids = {group_};
  kafka::GroupResults<kafka::GroupDescription> described = co_await source_.Describe(ids, kPatience);
  if (!described.at(group_).ok()) co_return described.at(group_).status();
  view->source = *described.at(group_);
  absl::StatusOr<std::shared_ptr<kafka::Connection>> connection = co_await source_.Coordinator(group_, kPatience);
  if (!connection.ok()) co_return connection.status();
  view->is_held_by_us = kafka::IsHeldBy(view->source, (*connection)->options().client_id);
  kafka::GroupResults<kafka::GroupOffsets> at_source = co_await source_.FetchOffsets(ids, false, kPatience);
  if (!at_source.at(group_).ok()) co_return at_source.at(group_).status();
  for (const CutoverPosition& moved : record_.positions) {
    const auto found = at_source.at(group_)->offsets.find({moved.topic, moved.partition});
    const bool is_there = found != at_source.at(group_)->offsets.end();
    // What was never committed there has nothing to be compared; nor has a rollback that was begun before.
    if (record_.phase == CutoverPhase::kMoved && is_there && found->second.offset != moved.source_offset)
      view->read_on.push_back(absl::StrCat(moved.topic, "-", moved.partition));
  }
  kafka::GroupResults<kafka::GroupDescription> there = co_await target_.Describe(ids, kPatience);
  if (!there.at(group_).ok()) co_return there.at(group_).status();
  view->target = *there.at(group_);
  kafka::GroupResults<kafka::GroupOffsets> offsets = co_await target_.FetchOffsets(ids, true, kPatience);
  if (!offsets.at(group_).ok()) co_return offsets.at(group_).status();
  std::vector<TranslationQuestion> questions;
  for (const CutoverPosition& moved : record_.positions) {
    RollbackView::Item item;
    item.position = moved;
    item.position.proof.clear();
    item.position.proof_text.clear();
    const auto found = offsets.at(group_)->offsets.find({tools_.target_topic(moved.topic), moved.partition});
    if (found != offsets.at(group_)->offsets.end()) {
      item.position.target_offset = found->second.offset;
      item.position.metadata = found->second.metadata;
    }
    questions.push_back({moved.topic, moved.partition, item.position.target_offset, /*to_source=*/true});
    view->items.push_back(std::move(item));
  }
  absl::StatusOr<std::vector<TranslationAnswer>> answers =
      co_await tools_.translator->Translate(std::move(questions), kShardPatience);
  if (!answers.ok()) co_return answers.status();
  for (size_t i = 0; i < answers->size(); ++i) view->items[i].answer = (*answers)[i];
  co_return absl::OkStatus();
}

asio::awaitable<CutoverStop> GroupCutover::Rollback() {
  tell_(1, "looking at both sides");
  Stop stop = JudgeLog(tools_.log_lag());
  if (stop.has_value()) co_return *stop;
  RollbackView view;
  absl::Status looked = co_await LookForRollback(&view);
  if (!looked.ok()) co_return CutoverStopOf(looked);
  stop = JudgeRollback(view, request_);
  if (stop.has_value()) co_return *stop;
  int64_t only_on_target = 0;
  std::vector<CutoverPosition> positions = RollbackPositions(view, &only_on_target);
  positions_ = positions;
  if (request_.is_dry_run)
    co_return CutoverStop{ExitCode::kDone, "it can be rolled back; nothing was changed: this is a dry run"};
  tell_(3, "holding it at the source");
  absl::StatusOr<kafka::HeldGroup> held = co_await kafka::HoldGroup(source_, group_, kHoldPatience);
  if (!held.ok()) co_return CutoverStopOf(held.status());
  kafka::HeldGroup hold = *std::move(held);
  tools_.keeper->Keep(hold);
  record_.is_held = true;
  record_.who = request_.who;
  record_.positions = positions;
  stop = co_await WriteDown(CutoverPhase::kRollingBack);
  if (stop.has_value()) co_return *stop;
  CrashPoint("rollback-recorded");
  absl::Status lock = co_await AwaitLock();
  if (!lock.ok()) co_return CutoverStopOf(lock);
  tell_(6, absl::StrCat("committing ", positions.size(), " offsets at the source"));
  stop = co_await CommitAtSource(positions);
  if (stop.has_value())
    co_return CutoverStop{ExitCode::kPartlyDone,
                          absl::StrCat(stop->text, ". The same command again goes on; the group stays held")};
  CrashPoint("rollback-committed");
  Unmove();
  record_.moved_ms = absl::ToUnixMillis(absl::Now());
  stop = co_await WriteDown(CutoverPhase::kRolledBack);
  if (stop.has_value()) co_return *stop;
  co_return co_await Release();
}

// As the member that holds it: from outside nobody can.
asio::awaitable<GroupCutover::Stop> GroupCutover::CommitAtSource(std::vector<CutoverPosition> positions) {
  std::vector<kafka::OffsetToCommit> offsets;
  for (const CutoverPosition& position : positions)
    offsets.push_back({{position.topic, position.partition}, position.source_offset, position.metadata});
  const auto kept = tools_.keeper->kept().find(group_);
  if (kept == tools_.keeper->kept().end() || !kept->second.is_held)
    co_return CutoverStop{ExitCode::kUnreachable, "the hold at the source was lost in this moment"};
  const kafka::HeldGroup hold = kept->second.held;
  absl::StatusOr<std::shared_ptr<kafka::Connection>> connection = co_await source_.Coordinator(group_, kPatience);
  if (!connection.ok()) co_return CutoverStopOf(connection.status());
  absl::StatusOr<std::vector<kafka::RefusedCommit>> refused =
      co_await kafka::CommitAsMemberOn(*connection, group_, hold.member_id, hold.generation_id, offsets);
  if (!refused.ok()) co_return CutoverStopOf(refused.status());
  if (!refused->empty())
    co_return CutoverStopOf(kafka::ErrorStatus(refused->front().error_code, absl::StrCat("commit for group ", group_)));
  const std::vector<std::string> ids = {group_};
  kafka::GroupResults<kafka::GroupOffsets> read_back = co_await source_.FetchOffsets(ids, false, kPatience);
  if (!read_back.at(group_).ok()) co_return CutoverStopOf(read_back.at(group_).status());
  for (const kafka::OffsetToCommit& one : offsets) {
    const auto found = read_back.at(group_)->offsets.find(one.partition);
    if (found == read_back.at(group_)->offsets.end() || found->second.offset != one.offset)
      co_return CutoverStop{ExitCode::kPartlyDone, "what was committed at the source is not what is there"};
  }
  co_return std::nullopt;
}

asio::awaitable<CutoverStop> GroupCutover::Release() {
  const bool is_rolled_back = record_.phase == CutoverPhase::kRolledBack;
  if (record_.phase == CutoverPhase::kNone)
    co_return CutoverStop{ExitCode::kBlocked, "this link does not hold it: it was never cut over"};
  if (record_.phase == CutoverPhase::kCommitting || record_.phase == CutoverPhase::kRollingBack)
    co_return CutoverStop{ExitCode::kBlocked,
                          "a cutover or a rollback of it is not done: give that command again first"};
  if (record_.phase == CutoverPhase::kHolding) {
    const std::string text = co_await LetGo();
    co_return CutoverStop{record_.phase == CutoverPhase::kHolding ? ExitCode::kUnreachable : ExitCode::kDone,
                          absl::StrCat("released", text)};
  }
  tools_.keeper->Drop(group_);
  absl::Status released = co_await kafka::ReleaseGroup(source_, group_, kPatience);
  if (!released.ok()) {
    tools_.keeper->KeepAgain(group_);
    co_return CutoverStopOf(released);
  }
  record_.is_held = false;
  CutoverRecord copy = record_;
  absl::Status written = co_await tools_.book->Write(std::move(copy));
  if (!written.ok()) co_return CutoverStopOf(written);
  co_return CutoverStop{ExitCode::kDone, is_rolled_back ? "rolled back" : "released at the source"};
}

}  // namespace replicator
