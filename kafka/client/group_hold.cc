#include "kafka/client/group_hold.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/client/errors.h"
#include "kafka/client/pipeline.h"
#include "kafka/net/lane.h"
#include "kafka/wire/heartbeat.h"
#include "kafka/wire/join_group.h"
#include "kafka/wire/sync_group.h"

namespace replicator::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// The longest that brokers take by default is among these: 30 minutes, and 5 before Kafka 2.3.
constexpr Clock::duration kSessions[] = {minutes(30), minutes(5), minutes(1), seconds(30), seconds(10), seconds(6)};
// A member of ours that joins and never comes back holds up the next one for no longer.
constexpr Clock::duration kRebalanceTimeout = seconds(10);
// Longer than brokers hold up the first member of a group.
constexpr Clock::duration kJoinTimeout = seconds(60);
constexpr Clock::duration kAskTimeout = seconds(10);
// Of a session; so two heartbeats may be lost.
constexpr int kBeatsPerSession = 3;
constexpr Clock::duration kAgainInterval = seconds(5);
constexpr char kProtocol[] = "hold";
constexpr size_t kMembersNamedMax = 5;

bool Passes(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsDataLoss(status);
}

int32_t Milliseconds(Clock::duration duration) {
  return static_cast<int32_t>(std::chrono::duration_cast<milliseconds>(duration).count());
}

std::string Doing(const char* doing, const std::string& group_id, const Connection& connection) {
  return absl::StrCat(doing, " group ", group_id, " (coordinator ", connection.endpoint().ToString(), ")");
}

// What the broker says of one group, as an error where it says one. Unavailable: asking again helps.
absl::StatusOr<GroupDescription> Read(absl::StatusOr<GroupAnswers<GroupDescription>> answers,
                                      const std::string& group_id, const std::string& doing) {
  if (!answers.ok()) return answers.status();
  const auto found = answers->find(group_id);
  if (found == answers->end()) return absl::UnavailableError(absl::StrCat(doing, ": no answer"));
  const int16_t error_code = found->second.error_code;
  if (error_code == kErrorNone) return std::move(found->second.value);
  absl::Status status = ErrorStatus(error_code, doing);
  if (ClassifyGroupAdminError(error_code) == GroupAdminOutcome::kLookAgain)
    return absl::UnavailableError(status.message());
  return status;
}

absl::Status HeldByAnother(const std::string& group_id, const GroupDescription& group) {
  return absl::AlreadyExistsError(absl::StrCat("group ", group_id, " is held by ", MembersText(group.members),
                                               ": another link is moving it, or has moved it. Release it there first"));
}

// OK: it may be joined, with the id of the member that holds it for us already, if there is one.
absl::StatusOr<std::string> MemberToBe(const std::string& group_id, const GroupDescription& group,
                                       const std::string& client_id) {
  if (group.kind == GroupKind::kAbsent)
    return absl::NotFoundError(absl::StrCat("group ", group_id, " does not exist (any more)"));
  if (IsHeldBy(group, client_id)) return group.members[0].member_id;
  if (IsHeld(group)) return HeldByAnother(group_id, group);
  if (group.kind == GroupKind::kOther)
    return absl::FailedPreconditionError(
        absl::StrCat("group ", group_id, " is of type ", group.type, ", which cannot be held"));
  if (!group.IsEmpty())
    return absl::FailedPreconditionError(absl::StrCat(
        "group ", group_id, " is ", group.state,
        group.members.empty() ? "" : absl::StrCat(", its members: ", MembersText(group.members)), ". Stop them first"));
  return "";
}

struct Attempt {
  std::string member_id;
  size_t session = 0;  // of kSessions
};

JoinGroupRequest ToRequest(const std::string& group_id, const Attempt& attempt) {
  JoinGroupRequest request;
  request.group_id = group_id;
  request.session_timeout_ms = Milliseconds(kSessions[attempt.session]);
  request.rebalance_timeout_ms = Milliseconds(kRebalanceTimeout);
  request.member_id = attempt.member_id;
  request.protocol_type = kHoldProtocolType;
  request.protocols = {{kProtocol, ""}};
  return request;
}

absl::Status Refused(int16_t error_code, const std::string& doing) {
  absl::Status status = ErrorStatus(error_code, doing);
  // Who was it: the next look tells.
  if (error_code == kErrorInconsistentGroupProtocol) return absl::UnavailableError(status.message());
  switch (ClassifyGroupError(error_code)) {
    case GroupOutcome::kFatal:
    case GroupOutcome::kFenced:
      return absl::IsUnavailable(status) ? absl::FailedPreconditionError(status.message()) : status;
    default:
      return absl::UnavailableError(status.message());
  }
}

// One try: Unavailable, look again.
asio::awaitable<absl::StatusOr<HeldGroup>> JoinAndSync(std::shared_ptr<Connection> connection, std::string group_id,
                                                       Attempt* attempt) {
  for (;;) {
    const JoinGroupRequest request = ToRequest(group_id, *attempt);
    absl::StatusOr<JoinGroupResponse> joined = co_await connection->Call(request, kJoinTimeout);
    if (!joined.ok()) co_return joined.status();
    if (joined->error_code == kErrorMemberIdRequired && attempt->member_id.empty() && !joined->member_id.empty()) {
      attempt->member_id = joined->member_id;
      continue;
    }
    if (joined->error_code == kErrorInvalidSessionTimeout && attempt->session + 1 < std::size(kSessions)) {
      ++attempt->session;
      continue;
    }
    if (joined->error_code != kErrorNone) co_return Refused(joined->error_code, Doing("join", group_id, *connection));
    SyncGroupRequest sync;
    sync.group_id = group_id;
    sync.generation_id = joined->generation_id;
    sync.member_id = joined->member_id;
    if (joined->leader == joined->member_id) {
      for (const JoinGroupResponse::Member& member : joined->members)
        sync.assignments.push_back({member.member_id, ""});
    }
    absl::StatusOr<SyncGroupResponse> synced = co_await connection->Call(sync, kAskTimeout);
    if (!synced.ok()) co_return synced.status();
    if (synced->error_code != kErrorNone) co_return Refused(synced->error_code, Doing("join", group_id, *connection));
    co_return HeldGroup{group_id, joined->member_id, joined->generation_id, kSessions[attempt->session]};
  }
}

asio::awaitable<absl::StatusOr<HeldGroup>> HoldOnce(Groups& groups, std::string group_id, Clock::duration patience) {
  absl::StatusOr<std::shared_ptr<Connection>> connection = co_await groups.Coordinator(group_id, patience);
  if (!connection.ok()) co_return connection.status();
  std::shared_ptr<Connection> open = *connection;
  std::vector<std::string> ids = {group_id};
  absl::StatusOr<GroupAnswers<GroupDescription>> described = co_await DescribeGroupsOn(open, ids);
  absl::StatusOr<GroupDescription> group = Read(std::move(described), group_id, Doing("look at", group_id, *open));
  if (!group.ok()) co_return group.status();
  absl::StatusOr<std::string> member = MemberToBe(group_id, *group, open->options().client_id);
  if (!member.ok()) co_return member.status();
  Attempt attempt;
  attempt.member_id = *std::move(member);
  absl::StatusOr<HeldGroup> held = co_await JoinAndSync(open, group_id, &attempt);
  co_return held;
}

asio::awaitable<absl::Status> ReleaseOnce(Groups& groups, std::string group_id, Clock::duration patience) {
  absl::StatusOr<std::shared_ptr<Connection>> connection = co_await groups.Coordinator(group_id, patience);
  if (!connection.ok()) co_return connection.status();
  std::shared_ptr<Connection> open = *connection;
  std::vector<std::string> ids = {group_id};
  absl::StatusOr<GroupAnswers<GroupDescription>> described = co_await DescribeGroupsOn(open, ids);
  const std::string doing = Doing("release", group_id, *open);
  absl::StatusOr<GroupDescription> group = Read(std::move(described), group_id, doing);
  if (!group.ok()) co_return group.status();
  if (!IsHeld(*group)) co_return absl::OkStatus();
  if (!IsHeldBy(*group, open->options().client_id)) co_return HeldByAnother(group_id, *group);
  std::vector<std::string> members = {group->members[0].member_id};
  absl::StatusOr<int16_t> removed = co_await RemoveMembersOn(open, group_id, std::move(members));
  if (!removed.ok()) co_return removed.status();
  co_return *removed == kErrorNone ? absl::OkStatus() : Refused(*removed, doing);
}

}  // namespace

bool IsHeld(const GroupDescription& group) {
  return group.kind == GroupKind::kClassic && group.protocol_type == kHoldProtocolType && !group.members.empty();
}

bool IsHeldBy(const GroupDescription& group, const std::string& client_id) {
  return IsHeld(group) && group.members.size() == 1 && group.members[0].client_id == client_id;
}

std::string MembersText(const std::vector<GroupMember>& members) {
  std::string text;
  for (size_t i = 0; i < members.size() && i < kMembersNamedMax; ++i) {
    const GroupMember& member = members[i];
    absl::StrAppend(&text, i == 0 ? "" : "; ", "client ", member.client_id, " at ", member.client_host,
                    member.instance_id.has_value() ? absl::StrCat(", instance ", *member.instance_id) : "");
  }
  if (members.size() > kMembersNamedMax) absl::StrAppend(&text, "; and ", members.size() - kMembersNamedMax, " more");
  return text;
}

asio::awaitable<absl::StatusOr<HeldGroup>> HoldGroup(Groups& groups, std::string group_id, Clock::duration patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  Backoff backoff;
  for (;;) {
    absl::StatusOr<HeldGroup> held = co_await HoldOnce(groups, group_id, deadline - Clock::now());
    if (held.ok() || !Passes(held.status())) co_return held;
    groups.Forget(group_id);
    const Clock::duration wait = backoff.Next();
    if (Clock::now() + wait >= deadline) co_return absl::UnavailableError(held.status().message());
    co_await SleepFor(wait);
  }
}

asio::awaitable<absl::Status> ReleaseGroup(Groups& groups, std::string group_id, Clock::duration patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  Backoff backoff;
  for (;;) {
    absl::Status released = co_await ReleaseOnce(groups, group_id, deadline - Clock::now());
    if (released.ok() || !Passes(released)) co_return released;
    groups.Forget(group_id);
    const Clock::duration wait = backoff.Next();
    if (Clock::now() + wait >= deadline) co_return absl::UnavailableError(released.message());
    co_await SleepFor(wait);
  }
}

void HoldKeeper::Keep(HeldGroup held) {
  std::string group_id = held.group_id;
  const Clock::time_point due = Clock::now() + held.session / kBeatsPerSession;
  Kept& kept = kept_[std::move(group_id)];
  // Both, a cutover and a round of Beat, have taken it, and this one came first.
  const bool is_older =
      kept.is_held && kept.held.member_id == held.member_id && kept.held.generation_id > held.generation_id;
  if (!is_older) kept = {std::move(held), true, "", due};
}

void HoldKeeper::KeepAgain(const std::string& group_id) {
  Kept& kept = kept_[group_id];
  kept.held.group_id = group_id;
  kept.is_held = false;
  kept.trouble = "not taken again yet";
  kept.due = Clock::now();
}

Clock::time_point HoldKeeper::due() const {
  Clock::time_point due = Clock::time_point::max();
  for (const auto& [group_id, kept] : kept_) due = std::min(due, kept.due);
  return due;
}

asio::awaitable<absl::Status> HoldKeeper::TakeAgain(std::string group_id) {
  absl::StatusOr<HeldGroup> held = co_await HoldGroup(groups_, group_id, Clock::duration::zero());
  const auto found = kept_.find(group_id);
  if (found == kept_.end()) {
    // Dropped meanwhile: its release may have come before our join.
    if (!held.ok()) co_return absl::OkStatus();
    absl::Status released = co_await ReleaseGroup(groups_, group_id, std::chrono::seconds(10));
    co_return released;
  }
  if (held.ok()) {
    Keep(*std::move(held));
    co_return absl::OkStatus();
  }
  found->second.trouble = held.status().message();
  found->second.due = Clock::now() + kAgainInterval;
  co_return Passes(held.status()) ? held.status() : absl::OkStatus();
}

void HoldKeeper::TakeAnswer(const std::string& group_id, int16_t error_code) {
  const auto found = kept_.find(group_id);
  if (found == kept_.end()) return;
  Kept& kept = found->second;
  if (error_code == kErrorNone) {
    kept.trouble.clear();
    kept.due = Clock::now() + kept.held.session / kBeatsPerSession;
    return;
  }
  kept.trouble = ErrorText(error_code);
  kept.due = Clock::now() + kAgainInterval;
  switch (ClassifyGroupError(error_code)) {
    case GroupOutcome::kRejoin:
    case GroupOutcome::kForgotten:
    case GroupOutcome::kFenced:
      kept.is_held = false;
      kept.due = Clock::now();
      break;
    default:
      groups_.Forget(group_id);
  }
}

asio::awaitable<absl::Status> HoldKeeper::BeatOn(std::shared_ptr<Connection> connection,
                                                 std::vector<std::string> group_ids) {
  std::vector<HeartbeatRequest> requests;
  std::vector<std::string> asked;
  for (const std::string& group_id : group_ids) {
    const auto found = kept_.find(group_id);
    if (found == kept_.end() || !found->second.is_held) continue;
    const HeldGroup& held = found->second.held;
    requests.push_back({.group_id = group_id, .generation_id = held.generation_id, .member_id = held.member_id});
    asked.push_back(group_id);
  }
  absl::StatusOr<std::vector<HeartbeatResponse>> responses =
      co_await CallMany(std::move(connection), std::move(requests), kAskTimeout);
  for (size_t i = 0; i < asked.size(); ++i) {
    if (responses.ok()) {
      TakeAnswer(asked[i], (*responses)[i].error_code);
      continue;
    }
    groups_.Forget(asked[i]);
    if (const auto found = kept_.find(asked[i]); found != kept_.end()) {
      found->second.trouble = responses.status().message();
      found->second.due = Clock::now() + kAgainInterval;
    }
  }
  co_return responses.status();
}

asio::awaitable<void> HoldKeeper::Beat() {
  const Clock::time_point now = Clock::now();
  std::vector<std::string> to_beat;
  std::vector<std::string> to_take;
  for (const auto& [group_id, kept] : kept_) {
    if (kept.due <= now) (kept.is_held ? to_beat : to_take).push_back(group_id);
  }
  absl::Status trouble;
  std::map<Connection*, std::pair<std::shared_ptr<Connection>, std::vector<std::string>>> by_coordinator;
  for (const std::string& group_id : to_beat) {
    absl::StatusOr<std::shared_ptr<Connection>> connection = trouble;
    if (trouble.ok()) connection = co_await groups_.Coordinator(group_id, Clock::duration::zero());
    if (connection.ok()) {
      auto& [open, ids] = by_coordinator[connection->get()];
      open = *connection;
      ids.push_back(group_id);
      continue;
    }
    // A cluster that does not answer once does not answer a thousand times.
    trouble = connection.status();
    if (const auto found = kept_.find(group_id); found != kept_.end()) {
      found->second.trouble = trouble.message();
      found->second.due = Clock::now() + kAgainInterval;
    }
  }
  for (auto& [key, entry] : by_coordinator) {
    std::shared_ptr<Connection> connection = entry.first;
    absl::Status beaten = co_await BeatOn(std::move(connection), entry.second);
    trouble.Update(beaten);
  }
  // Those whose session has ended just now, too.
  for (const auto& [group_id, kept] : kept_) {
    const bool is_due = !kept.is_held && kept.due <= Clock::now();
    if (is_due && std::find(to_take.begin(), to_take.end(), group_id) == to_take.end()) to_take.push_back(group_id);
  }
  absl::Status untaken;
  for (const std::string& group_id : to_take) {
    if (!kept_.contains(group_id)) continue;
    if (untaken.ok()) {
      absl::Status taken = co_await TakeAgain(group_id);
      untaken.Update(taken);
    } else if (const auto found = kept_.find(group_id); found != kept_.end()) {
      found->second.trouble = untaken.message();
      found->second.due = Clock::now() + kAgainInterval;
    }
  }
}

}  // namespace replicator::kafka
