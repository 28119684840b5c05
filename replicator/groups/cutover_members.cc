// Steps 2 and what belongs to it: until nobody is left in the group at the source.
#include <glog/logging.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "replicator/groups/cutover.h"

namespace replicator {
namespace {

using kafka::Clock;

constexpr Clock::duration kPatience = std::chrono::seconds(30);
constexpr Clock::duration kPollInterval = std::chrono::milliseconds(200);
// Brokers let a group become Empty within this when its last members were removed.
constexpr Clock::duration kEvictedPatience = std::chrono::seconds(10);
// Commits of a group without members must have stood still for that long.
constexpr Clock::duration kStillness = std::chrono::seconds(60);

}  // namespace

// Members that are named are removed when no others are left: before, the group cannot be taken anyway, and who was
// removed would be back by then.
asio::awaitable<GroupCutover::Stop> GroupCutover::AwaitEmpty() {
  std::set<std::string> evicted;
  Clock::time_point deadline = deadline_;
  for (;;) {
    const Stop active = JudgeEmpty(view_);
    if (!active.has_value()) co_return std::nullopt;
    if (active->code != ExitCode::kGroupActive) co_return active;
    std::vector<std::string> to_evict;
    for (const std::string& member_id : ToEvict(view_.source, request_)) {
      if (!evicted.contains(member_id)) to_evict.push_back(member_id);
    }
    // At least once, and those that came back for as long as there is time.
    if (!to_evict.empty() && (evicted.empty() || Clock::now() < deadline)) {
      tell_(2, absl::StrCat("removing ", to_evict.size(), " members that are named"));
      if (evicted.empty()) deadline = std::max(deadline, Clock::now() + kEvictedPatience);
      LOG(INFO) << "group " << group_ << ": removing its members: " << kafka::MembersText(view_.source.members);
      evicted.insert(to_evict.begin(), to_evict.end());
      absl::Status removed = co_await source_.RemoveMembers(group_, std::move(to_evict), kPatience);
      if (!removed.ok()) co_return CutoverStopOf(removed);
    } else if (Clock::now() >= deadline) {
      co_return active;
    } else {
      tell_(2, absl::StrCat("waiting until it is empty: ", kafka::MembersText(view_.source.members)));
      co_await kafka::SleepFor(kPollInterval);
    }
    const std::vector<std::string> ids = {group_};
    kafka::GroupResults<kafka::GroupDescription> described = co_await source_.Describe(ids, kPatience);
    if (!described.at(group_).ok()) co_return CutoverStopOf(described.at(group_).status());
    view_.source = *described.at(group_);
  }
}

// A group that only ever committed from outside has no members that could be seen to be gone.
asio::awaitable<GroupCutover::Stop> GroupCutover::AwaitStillness() {
  if (view_.is_held_by_us || view_.source.HasHadMembers()) co_return std::nullopt;
  if (!request_.yes)
    co_return CutoverStop{ExitCode::kBlocked,
                          "it never had members: its consumers assign partitions to themselves, and whether they are "
                          "stopped cannot be seen. Stop them, and write --yes; it is moved when its commits have stood "
                          "still for 60 s"};
  const Clock::time_point still = Clock::now() + kStillness;
  while (Clock::now() < still) {
    tell_(2, "watching whether its commits stand still for 60 s");
    absl::StatusOr<bool> is_same = co_await IsSourceUnchanged();
    if (!is_same.ok()) co_return CutoverStopOf(is_same.status());
    if (!*is_same)
      co_return CutoverStop{ExitCode::kGroupActive, "its commits at the source move: stop its consumers first"};
    co_await kafka::SleepFor(std::min<Clock::duration>(std::chrono::seconds(5), still - Clock::now()));
  }
  co_return std::nullopt;
}

}  // namespace replicator
