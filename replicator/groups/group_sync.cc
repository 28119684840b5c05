#include "replicator/groups/group_sync.h"

#include <glog/logging.h>

#include <algorithm>
#include <asio/post.hpp>
#include <chrono>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/client/errors.h"
#include "kafka/client/group_requests.h"
#include "replicator/groups/target_retention.h"

namespace replicator {
namespace {

using kafka::Clock;
using kafka::Connection;

// A cycle goes on without who does not answer; the next one asks again.
constexpr Clock::duration kPatience = std::chrono::seconds(10);
// A busy shard answers within milliseconds.
constexpr Clock::duration kShardPatience = std::chrono::seconds(10);
// A third of the lock's session: another process cannot have it yet.
constexpr Clock::duration kLockAgeMax = std::chrono::milliseconds(3300);
constexpr Clock::duration kLockPatience = std::chrono::seconds(15);
constexpr Clock::duration kLockPollInterval = std::chrono::milliseconds(100);
// Source groups whose offsets are held at once, on their way from the answer to the board.
constexpr size_t kGroupsReadMax = 500;
constexpr size_t kQuestionsMax = 50'000;
// Looked at together before the first of them is committed: what lies between look and commit is what somebody else
// could come into.
constexpr size_t kGroupsLookedAtMax = 16;
// A commit becomes one batch of the broker's own topic, which takes 1 MiB by default.
constexpr size_t kCommitPartitionsMax = 1000;
constexpr size_t kCommitMetadataBytesMax = 256 * 1024;
constexpr size_t kNamesShownMax = 50;  // of one line of the log

int64_t NowMs() { return absl::ToUnixMillis(absl::Now()); }

std::function<std::string(const std::string&)> TargetNames(const LinkConfig& config) {
  return [policy = config.replication_policy](const std::string& topic) {
    return policy.TargetTopic(topic).value_or(topic);
  };
}

std::vector<std::vector<std::string>> Chunks(const std::vector<std::string>& all, size_t chunk) {
  std::vector<std::vector<std::string>> chunks;
  for (size_t at = 0; at < all.size(); at += chunk)
    chunks.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(at),
                        all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), at + chunk)));
  return chunks;
}

std::string Names(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kNamesShownMax);
  std::string text = absl::StrJoin(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", ");
  if (shown < names.size()) absl::StrAppend(&text, " and ", names.size() - shown, " more");
  return text;
}

void Keep(absl::Status& first, const absl::Status& status) {
  if (first.ok()) first = status;
}

constexpr Clock::duration kQuietPollInterval = std::chrono::milliseconds(20);
// What a closed connection may have left in the broker is dealt with by then (group_board.cc).
constexpr Clock::duration kLateCommit = std::chrono::seconds(10);

}  // namespace

GroupSync::GroupSync(asio::any_io_executor executor, const LinkConfig& config, Parts parts, GroupLedger ledger)
    : executor_(std::move(executor)),
      config_(config),
      parts_(parts),
      source_(*parts.source),
      target_(*parts.target),
      board_(std::move(ledger), TargetNames(config), absl::ToInt64Milliseconds(config.sync_group_offsets_interval)) {}

asio::awaitable<absl::Status> GroupSync::Cycle() {
  is_cycling_ = true;
  absl::Status cycled = co_await DoCycle();
  is_cycling_ = false;
  ++cycles_;
  co_return cycled;
}

asio::awaitable<void> GroupSync::AwaitQuiet(std::string group) {
  const uint64_t before = cycles_;
  while (is_cycling_ && cycles_ == before) co_await kafka::SleepFor(kQuietPollInterval);
  if (board_.IsUnsure(group)) co_await kafka::SleepFor(kLateCommit);
}

asio::awaitable<absl::Status> GroupSync::DoCycle() {
  if (*is_over_) co_return absl::AbortedError("another process has the link");
  absl::Status trouble;
  if (had_trouble_) {  // brokers may have other addresses by now
    absl::StatusOr<kafka::MetadataSnapshot> of_source = co_await parts_.source->FetchMetadata();
    Keep(trouble, of_source.status());
    absl::StatusOr<kafka::MetadataSnapshot> of_target = co_await parts_.target->FetchMetadata();
    Keep(trouble, of_target.status());
  }
  if (!next_refresh_.has_value() || Clock::now() >= *next_refresh_) {
    absl::Status refreshed = co_await Refresh();
    Keep(trouble, refreshed);
  }
  absl::Status read = co_await ReadSource();
  Keep(trouble, read);
  absl::Status translated = co_await Translate();
  Keep(trouble, translated);
  absl::Status committed = co_await WriteDownFirst(board_.Active(NowMs()));
  if (committed.ok()) committed = co_await CommitAll(board_.Active(NowMs()));
  Keep(trouble, committed);
  WriteDownLater();
  TellNews();
  had_trouble_ = !trouble.ok();
  trouble_ = trouble.message();
  last_cycle_ms_ = NowMs();
  if (*is_over_) co_return absl::AbortedError("another process has the link");
  co_return trouble;
}

asio::awaitable<absl::Status> GroupSync::Refresh() {
  absl::StatusOr<std::vector<kafka::ListedGroup>> listed = co_await source_.List(kPatience);
  if (!listed.ok()) co_return listed.status();
  std::vector<std::string> groups;
  std::map<std::string, std::string> not_moved;
  std::set<std::string> excluded;
  for (const kafka::ListedGroup& group : *listed) {
    const policy::GroupDecision decision = config_.group_filter.Decide(group.group_id);
    if (decision == policy::GroupDecision::kExcludedByDefault && !policy::IsThrowawayGroup(group.group_id))
      excluded.insert(group.group_id);
    if (decision != policy::GroupDecision::kSync) continue;
    // Kafka 3.8 names types; those that came after "classic" and "consumer" keep no offsets that can be committed.
    const bool is_of_offsets = group.type.empty() || group.type == "classic" || group.type == "consumer";
    if (is_of_offsets) {
      groups.push_back(group.group_id);
    } else {
      not_moved[group.group_id] = group.type;
    }
  }
  board_.SetGroups(groups, std::move(not_moved));
  TellExcluded(excluded);
  next_refresh_ = config_.refresh_groups_enabled
                      ? Clock::now() + absl::ToChronoNanoseconds(config_.refresh_groups_interval)
                      : Clock::time_point::max();
  co_await ReadRetention();
  co_return absl::OkStatus();
}

asio::awaitable<void> GroupSync::ReadRetention() {
  if (parts_.target->metadata() == nullptr) {
    absl::StatusOr<kafka::MetadataSnapshot> fetched = co_await parts_.target->FetchMetadata();
    if (!fetched.ok()) co_return;
  }
  absl::StatusOr<int64_t> retention_ms = co_await AskOffsetsRetentionMs(*parts_.target);
  board_.set_target_retention_ms(retention_ms.ok() ? std::optional<int64_t>(*retention_ms) : std::nullopt);
  if (!retention_ms.ok() && !retention_failed_)
    LOG(WARNING) << "how long the target keeps committed offsets is not known: " << retention_ms.status().message()
                 << "; groups that stand still are committed again every 12 hours";
  retention_failed_ = !retention_ms.ok();
}

void GroupSync::TellExcluded(const std::set<std::string>& excluded) {
  std::vector<std::string> is_new;
  std::set_difference(excluded.begin(), excluded.end(), excluded_.begin(), excluded_.end(), std::back_inserter(is_new));
  excluded_ = excluded;
  if (is_new.empty()) return;
  LOG(WARNING) << "consumer groups that are not kept in step, by the default of groups.exclude: " << Names(is_new)
               << ". If somebody goes on with them on the target, write: " << config_.group_filter.LineToAdd(is_new);
}

asio::awaitable<absl::Status> GroupSync::ReadSource() {
  absl::Status trouble;
  for (std::vector<std::string>& chunk : Chunks(board_.ToFetch(), kGroupsReadMax)) {
    kafka::GroupResults<kafka::GroupOffsets> offsets =
        co_await source_.FetchOffsets(chunk, /*require_stable=*/false, kPatience);
    bool is_answered = false;
    for (const std::string& group : chunk) {
      const auto found = offsets.find(group);
      if (found == offsets.end()) continue;
      board_.TakeSource(group, found->second);
      Keep(trouble, found->second.status());
      is_answered = is_answered || found->second.ok();
    }
    if (!is_answered) break;  // nor would the others be
  }
  co_return trouble;
}

asio::awaitable<absl::Status> GroupSync::Translate() {
  std::vector<GroupBoard::Question> questions = board_.Questions(NowMs());
  for (size_t begin = 0; begin < questions.size(); begin += kQuestionsMax) {
    const size_t end = std::min(questions.size(), begin + kQuestionsMax);
    std::vector<TranslationQuestion> asks;
    for (size_t i = begin; i < end; ++i) asks.push_back(std::move(questions[i].ask));
    absl::StatusOr<std::vector<TranslationAnswer>> answers =
        co_await parts_.translator->Translate(std::move(asks), kShardPatience);
    if (!answers.ok()) co_return answers.status();
    for (size_t i = begin; i < end; ++i) board_.TakeAnswer(*questions[i].item, (*answers)[i - begin], NowMs());
  }
  co_return absl::OkStatus();
}

// By a look of its own: what follows in CommitSome comes right behind another one.
asio::awaitable<absl::Status> GroupSync::WriteDownFirst(std::vector<std::string> groups) {
  std::erase_if(groups, [&](const std::string& group) { return !board_.HasFirst(group, NowMs()); });
  if (groups.empty()) co_return absl::OkStatus();
  for (std::vector<std::string>& chunk : Chunks(groups, kGroupsReadMax)) {
    kafka::GroupResults<kafka::GroupDescription> described = co_await target_.Describe(chunk, kPatience);
    kafka::GroupResults<kafka::GroupOffsets> offsets =
        co_await target_.FetchOffsets(chunk, /*require_stable=*/false, kPatience);
    for (const std::string& group : chunk) {
      absl::StatusOr<kafka::GroupDescription>& description = described.at(group);
      absl::StatusOr<kafka::GroupOffsets>& committed = offsets.at(group);
      const absl::Status status = description.ok() ? committed.status() : description.status();
      board_.SetTargetTrouble(group, status);
      if (!status.ok()) continue;
      const GroupLook look = {*std::move(description), *std::move(committed)};
      board_.WriteDownFirst(group, board_.Plan(group, look, NowMs()), NowMs());
    }
  }
  absl::Status held = co_await AwaitLock();
  if (!held.ok()) co_return held;
  co_return co_await WriteDown();
}

asio::awaitable<absl::Status> GroupSync::CommitAll(std::vector<std::string> groups) {
  absl::Status trouble;
  std::map<Connection*, std::pair<std::shared_ptr<Connection>, std::vector<std::string>>> by_coordinator;
  const Clock::time_point deadline = Clock::now() + kPatience;
  for (const std::string& group : groups) {
    // One patience for all of them: a cluster that does not answer does not answer a thousand times.
    absl::StatusOr<std::shared_ptr<Connection>> connection =
        trouble.ok() ? absl::UnavailableError("not asked") : trouble;
    if (trouble.ok() || Clock::now() < deadline)
      connection = co_await target_.Coordinator(group, std::max<Clock::duration>(deadline - Clock::now(), {}));
    if (connection.ok()) {
      auto& [open, its_groups] = by_coordinator[connection->get()];
      open = *connection;
      its_groups.push_back(group);
    } else {
      board_.SetTargetTrouble(group, connection.status());
      Keep(trouble, connection.status());
    }
  }
  for (auto& [key, entry] : by_coordinator) {
    for (std::vector<std::string>& chunk : Chunks(entry.second, kGroupsLookedAtMax)) {
      absl::Status held = co_await AwaitLock();
      if (!held.ok()) co_return held;
      absl::Status committed = co_await CommitSome(entry.first, chunk);
      Keep(trouble, committed);
      if (!committed.ok()) break;  // the rest of this coordinator's: next time
    }
  }
  co_return trouble;
}

asio::awaitable<absl::Status> GroupSync::LookAtSome(std::shared_ptr<Connection> connection,
                                                    std::vector<std::string> groups, std::vector<Looked>* looked) {
  absl::StatusOr<kafka::GroupAnswers<kafka::GroupDescription>> described =
      co_await kafka::DescribeGroupsOn(connection, groups);
  if (!described.ok()) co_return described.status();
  absl::StatusOr<kafka::GroupAnswers<kafka::GroupOffsets>> offsets =
      co_await kafka::FetchOffsetsOn(connection, groups, /*require_stable=*/false);
  if (!offsets.ok()) co_return offsets.status();
  for (const std::string& group : groups) {
    const auto description = described->find(group);
    const auto committed = offsets->find(group);
    absl::Status status = absl::UnavailableError(absl::StrCat("look at group ", group, ": no answer"));
    if (description != described->end() && committed != offsets->end()) {
      const int16_t error_code = description->second.error_code != kafka::kErrorNone ? description->second.error_code
                                                                                     : committed->second.error_code;
      status = kafka::ErrorStatus(error_code, absl::StrCat("look at group ", group, " on ", parts_.target->name()));
    }
    board_.SetTargetTrouble(group, status);
    if (!status.ok()) {
      target_.Forget(group);
      continue;
    }
    const GroupLook look = {std::move(description->second.value), std::move(committed->second.value)};
    Looked one;
    one.group = group;
    one.planned = board_.Plan(group, look, NowMs());
    // Not written down: the look before this one was not answered, or showed something else.
    std::erase_if(one.planned, [](const PlannedCommit& planned) { return planned.is_first; });
    if (!one.planned.empty()) looked->push_back(std::move(one));
  }
  co_return absl::OkStatus();
}

asio::awaitable<void> GroupSync::Send(std::shared_ptr<Connection> connection, Looked* looked) {
  std::vector<PlannedCommit>& planned = looked->planned;
  looked->sent_ms = NowMs();
  while (looked->sent < planned.size() && looked->refused.ok()) {
    std::vector<kafka::OffsetToCommit> offsets;
    size_t metadata_bytes = 0;
    while (looked->sent < planned.size() && offsets.size() < kCommitPartitionsMax &&
           metadata_bytes < kCommitMetadataBytesMax) {
      offsets.push_back(planned[looked->sent++].commit);
      metadata_bytes += offsets.back().metadata.value_or("").size();
    }
    absl::StatusOr<std::vector<kafka::RefusedCommit>> refused =
        co_await kafka::CommitOffsetsOn(connection, looked->group, std::move(offsets));
    if (!refused.ok()) {
      looked->refused = refused.status();
    } else {
      looked->refused->insert(looked->refused->end(), refused->begin(), refused->end());
    }
  }
  planned.resize(looked->sent);  // the rest was not tried
}

asio::awaitable<absl::Status> GroupSync::CommitSome(std::shared_ptr<Connection> connection,
                                                    std::vector<std::string> groups) {
  std::vector<Looked> looked;
  absl::Status status = co_await LookAtSome(connection, groups, &looked);
  if (!status.ok()) {
    for (const std::string& group : groups) {
      board_.SetTargetTrouble(group, status);
      target_.Forget(group);
    }
    co_return status;
  }
  std::vector<std::string> sent;
  for (Looked& one : looked) {
    if (!parts_.pulse->IsFresh(Clock::now(), kLockAgeMax)) break;
    co_await Send(connection, &one);
    sent.push_back(one.group);
    Keep(status, one.refused.status());
    if (!status.ok()) break;  // the connection is gone, or hangs
  }
  if (sent.empty()) co_return status;
  absl::StatusOr<kafka::GroupAnswers<kafka::GroupOffsets>> read_back = absl::UnavailableError("not read back");
  if (status.ok()) read_back = co_await kafka::FetchOffsetsOn(connection, sent, /*require_stable=*/false);
  Keep(status, read_back.status());
  // Also of those whose commit was not answered: Unavailable leaves it open.
  for (size_t i = 0; i < sent.size(); ++i) {
    std::optional<kafka::GroupOffsets> now;
    if (read_back.ok()) {
      const auto found = read_back->find(sent[i]);
      if (found != read_back->end() && found->second.error_code == kafka::kErrorNone) now = found->second.value;
    }
    board_.TakeCommitted(sent[i], looked[i].planned, looked[i].refused, now, looked[i].sent_ms);
    if (!now.has_value()) target_.Forget(sent[i]);
  }
  co_return status;
}

asio::awaitable<absl::Status> GroupSync::AwaitLock() {
  const Clock::time_point deadline = Clock::now() + kLockPatience;
  while (!parts_.pulse->IsFresh(Clock::now(), kLockAgeMax)) {
    if (Clock::now() >= deadline)
      co_return absl::UnavailableError(
          "the target's coordinator does not confirm at present that this process has the lock of the link; offsets of "
          "groups are committed again when it does");
    co_await kafka::SleepFor(kLockPollInterval);
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> GroupSync::WriteDown() {
  std::vector<LinkLog::Record> records = board_.ledger().TakeChanges();
  if (records.empty()) co_return absl::OkStatus();
  struct Pending {
    explicit Pending(asio::any_io_executor executor) : written(std::move(executor)) {}
    std::optional<absl::Status> status;
    kafka::Signal written;
  };
  auto pending = std::make_shared<Pending>(executor_);
  parts_.log->Write(std::move(records), [executor = executor_, pending](absl::Status status) {
    asio::post(executor, [pending, status = std::move(status)] {
      pending->status = status;
      pending->written.Notify();
    });
  });
  while (!pending->status.has_value()) co_await pending->written.Wait();
  if (absl::IsAborted(*pending->status)) *is_over_ = true;
  co_return *pending->status;
}

void GroupSync::WriteDownLater() {
  std::vector<LinkLog::Record> records = board_.ledger().TakeChanges();
  if (records.empty()) return;
  parts_.log->Write(std::move(records), [executor = executor_, is_over = is_over_](absl::Status status) {
    asio::post(executor, [is_over, status = std::move(status)] {
      if (absl::IsAborted(status)) *is_over = true;
    });
  });
}

void GroupSync::TellNews() {
  for (const std::string& sentence : board_.TakeNews()) LOG(WARNING) << sentence;
}

GroupsStatus GroupSync::Describe() const {
  GroupsStatus status;
  status.is_enabled = config_.sync_group_offsets;
  status.as_of_ms = NowMs();
  status.last_cycle_ms = last_cycle_ms_;
  status.interval_seconds = absl::ToInt64Seconds(config_.sync_group_offsets_interval);
  status.trouble = trouble_;
  status.excluded_by_default = {excluded_.begin(), excluded_.end()};
  status.groups = board_.Lines();
  return status;
}

}  // namespace replicator
