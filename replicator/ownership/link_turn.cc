#include "replicator/ownership/link_turn.h"

#include <glog/logging.h>

#include <asio/co_spawn.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/net/must_not_throw.h"
#include "replicator/ownership/link_topic.h"

namespace replicator {
namespace {

// For the coordinator of a cluster that has had no group yet; then the lock is waited for.
constexpr Clock::duration kOccupantsPatience = std::chrono::seconds(2);
// Of a holder, whose heartbeats are a second apart.
constexpr Clock::duration kHeartbeatPatience = std::chrono::seconds(5);
constexpr Clock::duration kHeartbeatPoll = std::chrono::milliseconds(100);

std::vector<kafka::Endpoint> BrokersOf(const kafka::ClusterMetadata& metadata) {
  std::vector<kafka::Endpoint> brokers;
  for (const auto& [id, endpoint] : metadata.brokers) brokers.push_back(endpoint);
  return brokers;
}

}  // namespace

LinkTurn::LinkTurn(asio::any_io_executor executor, const LinkConfig& config, kafka::ConnectionOptions connection,
                   kafka::ClusterClient& target, LinkMemory& memory, OnOver on_over, OnStandby on_standby)
    : config_(config),
      target_(target),
      memory_(memory),
      on_over_(std::move(on_over)),
      on_standby_(std::move(on_standby)),
      connection_(std::move(connection)),
      executor_(executor),
      decided_(executor) {}

LinkLockOptions LinkTurn::LockOptions() const {
  LinkLockOptions options;
  options.link = config_.Name();
  options.cluster_name = target_.name();
  options.brokers = BrokersOf(*target_.metadata());
  options.connection = connection_;
  options.instance_id = memory_.link()->instance_id;
  options.last_held_since_ms = memory_.link()->lock_held_since_ms;
  options.pulse = pulse_;
  return options;
}

asio::awaitable<bool> LinkTurn::MayBeginAtOnce() {
  if (memory_.link()->producer.id < 0) {
    const std::string topic = LinkTopic(config_.source.alias, config_.target.alias);
    absl::StatusOr<bool> claimed = co_await ClaimFirstStart(target_, topic, config_.replication_factor);
    if (!claimed.ok())
      LOG(WARNING) << "topic " << topic << ": " << claimed.status().message() << "; waiting for the lock";
    co_return claimed.value_or(false);
  }
  LinkLock asking(executor_, LockOptions(), [](const LinkLockEvent&) {});
  absl::StatusOr<LinkLock::Occupants> others = co_await asking.AskOccupants(kOccupantsPatience);
  co_return others.ok() && others->kind != LinkLock::Occupants::Kind::kOthers;
}

asio::awaitable<absl::Status> LinkTurn::Await() {
  may_copy_ = co_await MayBeginAtOnce();
  if (is_over_) co_return absl::CancelledError("stopped");
  LinkLockOptions options = LockOptions();
  // Who begins at once claims the lock by that: of all that join, the group gives it to the latest claim.
  if (may_copy_) options.last_held_since_ms = absl::ToUnixMillis(absl::Now());
  lock_ =
      std::make_unique<LinkLock>(executor_, std::move(options), [this](const LinkLockEvent& event) { OnEvent(event); });
  is_running_ = true;
  asio::co_spawn(executor_, lock_->Run(), [this](const std::exception_ptr& exception) {
    kafka::MustNotThrow()(exception);
    is_running_ = false;
    if (ended_) std::exchange(ended_, nullptr)();
  });
  if (!may_copy_) {
    const std::string waiting =
        absl::StrCat("waiting for the lock of the link: consumer group ", LinkLock::GroupId(config_.Name()));
    LOG(INFO) << waiting;
    on_standby_(waiting, /*is_known=*/false);
  }
  while (!may_copy_ && !is_over_) co_await decided_.Wait();
  if (!failure_.ok()) co_return failure_;
  co_return is_over_ ? absl::CancelledError("stopped") : absl::OkStatus();
}

void LinkTurn::AskIfStillOurs(std::function<void(bool)> told) {
  asio::co_spawn(executor_, IsStillOurs(), [told = std::move(told)](const std::exception_ptr& thrown, bool is_ours) {
    kafka::MustNotThrow()(thrown);
    told(is_ours);
  });
}

asio::awaitable<bool> LinkTurn::IsStillOurs() const {
  const Clock::time_point asked = Clock::now();
  while (!is_over_ && lock_ != nullptr && Clock::now() - asked < kHeartbeatPatience) {
    if (lock_->holds() && lock_->confirmed_at() >= asked) co_return true;
    co_await kafka::SleepFor(kHeartbeatPoll);
  }
  co_return false;
}

void LinkTurn::OnEvent(const LinkLockEvent& event) {
  switch (event.kind) {
    case LinkLockEvent::Kind::kHeld: {
      LOG(INFO) << "this process has the lock of the link";
      offsets::LinkRecord link = *memory_.link();
      link.lock_held_since_ms = event.held_since_ms;
      absl::Status kept = memory_.Remember(std::move(link));
      if (!kept.ok()) LOG(WARNING) << kept.message();  // a help for the next start only
      may_copy_ = true;
      decided_.Notify();
      return;
    }
    case LinkLockEvent::Kind::kStandby:
      LOG(INFO) << "standby: " << event.text;
      on_standby_(event.text, event.is_held);
      if (may_copy_) Over(absl::OkStatus());
      return;
    case LinkLockEvent::Kind::kTrouble:
      if (!may_copy_) on_standby_(event.text, /*is_known=*/false);
      return;
    case LinkLockEvent::Kind::kLost:
      LOG(WARNING) << "the lock of the link is lost: " << event.text;
      if (may_copy_) Over(absl::OkStatus());
      return;
    case LinkLockEvent::Kind::kFatal:
      Over(event.status);
      return;
  }
}

void LinkTurn::Over(absl::Status why) {
  if (std::exchange(is_over_, true)) return;
  failure_ = why;
  decided_.Notify();
  if (may_copy_) on_over_(std::move(why));
}

void LinkTurn::Stop(std::function<void()> ended) {
  is_over_ = true;
  decided_.Notify();
  if (!is_running_) return ended();
  ended_ = std::move(ended);
  lock_->Stop(/*leave=*/true);
}

}  // namespace replicator
