#include "replicator/ownership/link_lock.h"

#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/wire/heartbeat.h"
#include "kafka/wire/leave_group.h"
#include "kafka/wire/sync_group.h"

namespace replicator {
namespace {

using kafka::Clock;
using kafka::Connection;
using kafka::GroupOutcome;

constexpr const char* kProtocolType = "replicator-link";
constexpr const char* kProtocol = "lock-1";

// A broker that hangs: well within the session, so that the coordinator's successor can be found before it ends.
constexpr Clock::duration kHeartbeatTimeout = std::chrono::seconds(3);
// The coordinator answers a join when all members have come, or their time is over, and for an empty group after
// group.initial.rebalance.delay.ms at least.
constexpr Clock::duration kJoinTimeout = std::chrono::seconds(30);
// The leader's assignment is waited for; when it has died, until its session ends, and so much longer.
constexpr Clock::duration kSyncGrace = std::chrono::seconds(5);
constexpr Clock::duration kLeaveTimeout = std::chrono::seconds(1);
constexpr Clock::duration kConnectTimeout = std::chrono::seconds(3);
constexpr double kTroubleLogSeconds = 30;
// Joins in a row without a wait between them: a group with several newcomers takes a few.
constexpr int kUnsettledMax = 5;

int32_t Milliseconds(Clock::duration duration) {
  return static_cast<int32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown host";
}

kafka::ConnectionOptions WithQuickConnect(kafka::ConnectionOptions options) {
  options.connect_timeout = std::min(options.connect_timeout, kConnectTimeout);
  return options;
}

std::string HolderText(const policy::LockGrant& grant) {
  if (grant.holder.empty()) return "nobody that this version understands holds the lock";
  return absl::StrCat(grant.holder, " holds the lock since ", policy::UtcText(grant.held_since_ms));
}

}  // namespace

LinkLock::LinkLock(asio::any_io_executor executor, LinkLockOptions options, OnEvent on_event)
    : options_(std::move(options)),
      on_event_(std::move(on_event)),
      coordinator_(options_.cluster_name, GroupId(options_.link), options_.brokers,
                   WithQuickConnect(options_.connection)),
      wake_(executor) {
  claim_.host = HostName();
  claim_.pid = getpid();
  claim_.started_ms = absl::ToUnixMillis(absl::Now());
  claim_.held_since_ms = seen_ms_ = options_.last_held_since_ms;
}

LinkLock::~LinkLock() { coordinator_.Close(); }

asio::awaitable<void> LinkLock::Run() {
  while (!ended_) {
    absl::Status status = joined_ ? co_await Beat() : co_await Join();
    if (ended_) break;
    reachable_ = status.ok();
    if (status.ok()) unsettled_ = joined_ ? 0 : unsettled_ + 1;
    if (status.ok() && unsettled_ <= kUnsettledMax) {
      backoff_.Reset();
      if (in_trouble_ && joined_ && standby_.has_value()) TellStandby();
      continue;
    }
    if (status.ok()) status = absl::UnavailableError("the group does not come to rest");
    LOG_EVERY_T(WARNING, kTroubleLogSeconds) << "lock of link " << options_.link << ": " << status.message()
                                             << (holds_ ? "; it stays ours meanwhile" : "") << "; trying again";
    if (!holds_) TellTrouble(status);
    co_await wake_.Wait(Clock::now() + backoff_.Next());
  }
  if (leave_) co_await Leave();
  coordinator_.Close();
}

void LinkLock::Stop(bool leave) {
  ended_ = true;
  leave_ = leave;
  wake_.Notify();
  std::shared_ptr<Connection> waiting = in_use_;
  if (waiting != nullptr) waiting->Close(absl::CancelledError("stopping"));
}

template <typename Request>
asio::awaitable<absl::StatusOr<typename Request::Response>> LinkLock::Exchange(std::shared_ptr<Connection> connection,
                                                                               Request request,
                                                                               Clock::duration timeout) {
  in_use_ = connection;
  asked_at_ = Clock::now();
  absl::StatusOr<typename Request::Response> response = co_await connection->Call(request, timeout);
  in_use_ = nullptr;
  if (response.ok()) {
    first_answer_ = answered_on_.lock() != connection;
    answered_on_ = connection;
  } else {
    coordinator_.Forget();
  }
  co_return response;
}

std::optional<std::string> LinkLock::InstanceId() const {
  if (!is_static_) return std::nullopt;
  return options_.instance_id;
}

bool LinkLock::UseStaticMembership(const Connection& connection) {
  if (options_.instance_id.empty()) return false;
  if (!static_refused_ && connection.versions().For(kafka::ApiKey::kJoinGroup) >= kafka::kJoinGroupStatic) return true;
  LOG_FIRST_N(WARNING, 1) << options_.cluster_name << " has no static group members (Kafka 2.3): after a kill, a "
                          << "process of link " << options_.link << " waits up to "
                          << Milliseconds(options_.session_timeout) / 1000 << " s for the session of the one before";
  return false;
}

kafka::JoinGroupRequest LinkLock::JoinRequest(bool is_static) const {
  kafka::JoinGroupRequest request;
  request.group_id = coordinator_.group_id();
  request.session_timeout_ms = Milliseconds(options_.session_timeout);
  request.rebalance_timeout_ms = Milliseconds(kRebalanceTimeout);
  request.member_id = member_id_;
  if (is_static) request.group_instance_id = options_.instance_id;
  request.protocol_type = kProtocolType;
  request.protocols = {{kProtocol, policy::WriteClaim(claim_)}};
  return request;
}

asio::awaitable<absl::Status> LinkLock::Join() {
  absl::StatusOr<std::shared_ptr<Connection>> got = co_await coordinator_.Get();
  if (!got.ok()) co_return Fail(got.status());
  std::shared_ptr<Connection> connection = *got;
  if (ended_) co_return absl::OkStatus();
  is_static_ = UseStaticMembership(*connection);
  kafka::JoinGroupRequest request = JoinRequest(is_static_);
  published_ms_ = claim_.held_since_ms;
  absl::StatusOr<kafka::JoinGroupResponse> response = co_await Exchange(connection, std::move(request), kJoinTimeout);
  if (!response.ok()) co_return response.status();
  // Brokers of 2.3 and later refuse an instance id while inter.broker.protocol.version is older.
  if (is_static_ && response->error_code == kafka::kErrorUnsupportedVersion) {
    static_refused_ = true;
    co_return absl::OkStatus();
  }
  if (response->error_code == kafka::kErrorMemberIdRequired) member_id_ = response->member_id;
  if (response->error_code != kafka::kErrorNone) co_return Judge(response->error_code, "join");
  member_id_ = response->member_id;
  generation_ = response->generation_id;
  kafka::JoinGroupResponse joined = *std::move(response);
  co_return co_await Sync(std::move(connection), std::move(joined));
}

asio::awaitable<absl::Status> LinkLock::Sync(std::shared_ptr<Connection> connection, kafka::JoinGroupResponse joined) {
  kafka::SyncGroupRequest request;
  request.group_id = coordinator_.group_id();
  request.generation_id = generation_;
  request.member_id = member_id_;
  request.group_instance_id = InstanceId();
  if (joined.leader == member_id_) {
    std::vector<policy::LockMember> members;
    for (kafka::JoinGroupResponse::Member& member : joined.members) {
      members.push_back({std::move(member.member_id), std::move(member.metadata)});
    }
    const int64_t now_ms = absl::ToUnixMillis(absl::Now());
    for (policy::LockMember& member : policy::AssignLock(members, now_ms, seen_ms_)) {
      request.assignments.push_back({std::move(member.member_id), std::move(member.text)});
    }
  }
  absl::StatusOr<kafka::SyncGroupResponse> response =
      co_await Exchange(std::move(connection), std::move(request), options_.session_timeout + kSyncGrace);
  if (!response.ok()) co_return response.status();
  if (response->error_code != kafka::kErrorNone) co_return Judge(response->error_code, "get the assignment of");
  co_return Apply(response->assignment);
}

absl::Status LinkLock::Apply(const std::string& assignment) {
  const std::optional<policy::LockGrant> grant = policy::ReadGrant(assignment);
  if (!grant.has_value()) {
    // Its leader did not know this member: it joined between the leader's join and the assignment.
    ++claim_.attempt;
    return absl::UnavailableError(absl::StrCat("the leader of group ", coordinator_.group_id(), " assigned nothing"));
  }
  joined_ = true;
  seen_ms_ = std::max(seen_ms_, grant->held_since_ms);
  next_beat_ = Clock::now() + (grant->holds ? kHeartbeatInterval : kStandbyHeartbeatInterval);
  if (!grant->holds) {
    if (holds_) Lose(HolderText(*grant));
    standby_ = *grant;
    TellStandby();
    return absl::OkStatus();
  }
  standby_.reset();
  standby_text_.clear();
  in_trouble_ = false;
  claim_.held_since_ms = grant->held_since_ms;
  // The group has to know, so that whoever leads it next lets the lock where it is: by joining once more.
  if (published_ms_ != claim_.held_since_ms) joined_ = false;
  if (!std::exchange(holds_, true)) Emit({LinkLockEvent::Kind::kHeld, "", grant->held_since_ms, absl::OkStatus()});
  Confirm();
  return absl::OkStatus();
}

asio::awaitable<absl::Status> LinkLock::Beat() {
  while (!ended_ && Clock::now() < next_beat_) co_await wake_.Wait(next_beat_);
  if (ended_) co_return absl::OkStatus();
  absl::StatusOr<std::shared_ptr<Connection>> got = co_await coordinator_.Get();
  if (!got.ok()) co_return Fail(got.status());
  std::shared_ptr<Connection> connection = *got;
  if (ended_) co_return absl::OkStatus();
  kafka::HeartbeatRequest request;
  request.group_id = coordinator_.group_id();
  request.generation_id = generation_;
  request.member_id = member_id_;
  request.group_instance_id = InstanceId();
  const Clock::time_point sent_at = Clock::now();
  absl::StatusOr<kafka::HeartbeatResponse> response =
      co_await Exchange(std::move(connection), std::move(request), kHeartbeatTimeout);
  if (!response.ok()) co_return response.status();
  next_beat_ = Clock::now() + (holds_ ? kHeartbeatInterval : kStandbyHeartbeatInterval);
  if (response->error_code != kafka::kErrorNone) co_return Judge(response->error_code, "keep the session in");
  confirmed_at_ = sent_at;
  Confirm();
  co_return absl::OkStatus();
}

absl::Status LinkLock::Judge(int16_t error_code, const char* doing) {
  const absl::Status why =
      kafka::ErrorStatus(error_code, absl::StrCat(doing, " group ", coordinator_.group_id(), " on ",
                                                  options_.cluster_name, " (the lock of the link)"));
  switch (kafka::ClassifyGroupError(error_code)) {
    case GroupOutcome::kOk:
      return absl::OkStatus();
    case GroupOutcome::kRejoin:
      joined_ = false;
      return absl::OkStatus();
    case GroupOutcome::kForgotten:
      joined_ = false;
      if (error_code == kafka::kErrorUnknownMemberId) member_id_.clear();
      if (holds_) Lose(absl::StrCat("the session with the coordinator has ended: ", kafka::ErrorText(error_code)));
      return absl::OkStatus();
    case GroupOutcome::kFindCoordinator:
      coordinator_.Forget();
      return absl::UnavailableError(why.message());
    case GroupOutcome::kFenced:
      // A new coordinator of a Kafka before 2.6.1 knows the member id from before our last start (KAFKA-10284): join
      // anew. Should another process have the instance id, then it is fenced, and does not come back in turn.
      if (first_answer_ && !member_id_.empty()) {
        joined_ = false;
        member_id_.clear();
        return absl::OkStatus();
      }
      if (holds_) Lose("another process with the same state folder's instance id has the lock");
      break;
    case GroupOutcome::kFatal:
      return Fail(why);
  }
  ended_ = true;
  Emit({LinkLockEvent::Kind::kFatal, "", 0, why});
  return why;
}

// What only the operator can help is told at once, but to a holder: the lock is not worth a copy that works.
absl::Status LinkLock::Fail(const absl::Status& why) {
  if (absl::IsUnavailable(why) || absl::IsDeadlineExceeded(why) || absl::IsDataLoss(why) || holds_) return why;
  ended_ = true;
  Emit({LinkLockEvent::Kind::kFatal, "", 0, why});
  return why;
}

void LinkLock::Confirm() {
  if (holds_ && options_.pulse != nullptr) options_.pulse->Confirm(asked_at_);
}

void LinkLock::Lose(const std::string& why) {
  holds_ = false;
  if (options_.pulse != nullptr) options_.pulse->Lose();
  Emit({LinkLockEvent::Kind::kLost, why, 0, absl::OkStatus()});
}

void LinkLock::TellStandby() {
  std::string text = HolderText(*standby_);
  if (!std::exchange(in_trouble_, false) && text == standby_text_) return;
  standby_text_ = text;
  Emit({LinkLockEvent::Kind::kStandby, std::move(text), 0, absl::OkStatus(), !standby_->holder.empty()});
}

void LinkLock::TellTrouble(const absl::Status& why) {
  in_trouble_ = true;
  const std::string last = standby_.has_value() ? absl::StrCat(" (heard last: ", HolderText(*standby_), ")") : "";
  Emit({LinkLockEvent::Kind::kTrouble, absl::StrCat(why.message(), last), 0, why});
}

void LinkLock::Emit(LinkLockEvent event) { on_event_(event); }

asio::awaitable<void> LinkLock::Leave() {
  if (member_id_.empty() || !reachable_) co_return;
  absl::StatusOr<std::shared_ptr<Connection>> got = co_await coordinator_.Get();
  if (!got.ok()) co_return;
  std::shared_ptr<Connection> connection = *got;
  if (holds_ && is_static_) {
    kafka::DescribeGroupsRequest describe;
    describe.group_ids = {coordinator_.group_id()};
    absl::StatusOr<kafka::DescribeGroupsResponse> now = co_await connection->Call(describe, kLeaveTimeout);
    if (!now.ok() || now->groups.empty() || now->groups[0].members.size() <= 1) co_return;
  }
  kafka::LeaveGroupRequest request;
  request.group_id = coordinator_.group_id();
  request.members = {{.member_id = member_id_}};
  absl::StatusOr<kafka::LeaveGroupResponse> response = co_await connection->Call(request, kLeaveTimeout);
  absl::Status left = response.ok()
                          ? kafka::ErrorStatus(response->FirstError(), absl::StrCat("leave group ", request.group_id))
                          : response.status();
  if (!left.ok()) LOG(INFO) << left.message() << "; the session ends by itself";
}

LinkLock::Occupants LinkLock::Read(const kafka::DescribeGroupsResponse::Group& group) const {
  Occupants occupants;
  for (const kafka::DescribeGroupsResponse::Member& member : group.members) {
    if (!options_.instance_id.empty() && member.group_instance_id == options_.instance_id) {
      if (occupants.kind == Occupants::Kind::kNone) occupants.kind = Occupants::Kind::kOnlyOurselves;
      continue;
    }
    const std::optional<policy::LockGrant> grant = policy::ReadGrant(member.assignment);
    const bool holder = grant.has_value() && grant->holds;
    if (occupants.kind == Occupants::Kind::kOthers && !holder) continue;
    occupants.kind = Occupants::Kind::kOthers;
    occupants.text = holder ? HolderText(*grant) : absl::StrCat("a process at ", member.client_host, " waits for it");
  }
  return occupants;
}

asio::awaitable<absl::StatusOr<LinkLock::Occupants>> LinkLock::AskOccupants(Clock::duration patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  kafka::DescribeGroupsRequest request;
  request.group_ids = {coordinator_.group_id()};
  const std::string doing = absl::StrCat("describe group ", coordinator_.group_id(), " on ", options_.cluster_name,
                                         " (the lock of the link)");
  kafka::Backoff backoff;
  for (;;) {
    absl::Status why;
    absl::StatusOr<std::shared_ptr<Connection>> got = co_await coordinator_.Get();
    if (got.ok()) {
      std::shared_ptr<Connection> connection = *got;
      absl::StatusOr<kafka::DescribeGroupsResponse> response =
          co_await Exchange(connection, request, kHeartbeatTimeout);
      why = response.status();
      if (response.ok() && response->groups.empty()) why = absl::UnavailableError(absl::StrCat(doing, ": no answer"));
      if (why.ok()) why = kafka::ErrorStatus(response->groups[0].error_code, doing);
      if (why.ok()) co_return Read(response->groups[0]);
      if (response.ok()) coordinator_.Forget();
    } else {
      why = got.status();
    }
    if (!absl::IsUnavailable(why)) co_return why;
    const Clock::duration wait = backoff.Next();
    if (Clock::now() + wait >= deadline) co_return why;
    co_await kafka::SleepFor(wait);
  }
}

}  // namespace replicator
