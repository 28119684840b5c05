#include "kafka/client/groups.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "kafka/client/coordinator_lookup.h"
#include "kafka/client/errors.h"
#include "kafka/net/lane.h"

namespace replicator::kafka {
namespace {

asio::awaitable<absl::StatusOr<GroupAnswers<GroupDescription>>> AskDescriptions(std::shared_ptr<Connection> connection,
                                                                                std::vector<std::string> ids, bool) {
  co_return co_await DescribeGroupsOn(std::move(connection), std::move(ids));
}

asio::awaitable<absl::StatusOr<GroupAnswers<GroupOffsets>>> AskOffsets(std::shared_ptr<Connection> connection,
                                                                       std::vector<std::string> ids,
                                                                       bool require_stable) {
  co_return co_await FetchOffsetsOn(std::move(connection), std::move(ids), require_stable);
}

// Asking again helps.
bool Passes(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsDataLoss(status);
}

// `error_code` is no success. Unavailable where asking again helps, whatever remedies there are.
absl::Status Judge(int16_t error_code, const std::string& what) {
  absl::Status status = ErrorStatus(error_code, what);
  switch (ClassifyGroupAdminError(error_code)) {
    case GroupAdminOutcome::kLookAgain:
    case GroupAdminOutcome::kUnstable:
      return absl::UnavailableError(status.message());
    case GroupAdminOutcome::kNotFound:
      return absl::NotFoundError(status.message());
    case GroupAdminOutcome::kHasMembers:
      return absl::FailedPreconditionError(status.message());
    case GroupAdminOutcome::kFatal:
      return absl::IsUnavailable(status) ? absl::FailedPreconditionError(status.message()) : status;
    case GroupAdminOutcome::kOk:
      break;
  }
  return status;
}

}  // namespace

std::string Groups::Doing(const char* doing, const std::string& group_id) const {
  return absl::StrCat(doing, " group ", group_id, " on ", cluster_.name());
}

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> Groups::ConnectTo(int32_t node_id) {
  if (cluster_.metadata() == nullptr || !cluster_.metadata()->brokers.contains(node_id)) {
    absl::StatusOr<MetadataSnapshot> fetched = co_await cluster_.FetchMetadata();
    if (!fetched.ok()) co_return fetched.status();
  }
  co_return co_await cluster_.Broker(node_id);
}

// Learns the coordinators of those that are not known. A Status is about all of them; `refused`, about some.
asio::awaitable<absl::Status> Groups::Find(std::vector<std::string> group_ids,
                                           absl::flat_hash_map<std::string, absl::Status>* refused) {
  std::erase_if(group_ids, [this](const std::string& id) { return coordinators_.contains(id); });
  if (group_ids.empty()) co_return absl::OkStatus();
  absl::StatusOr<std::shared_ptr<Connection>> connection = co_await cluster_.AnyBroker();
  if (!connection.ok()) co_return connection.status();
  absl::StatusOr<FoundCoordinators> found = co_await FindCoordinators(*connection, CoordinatorType::kGroup, group_ids);
  if (!found.ok()) {
    cluster_.TryAnotherBroker();
    co_return found.status();
  }
  for (const std::string& id : group_ids) {
    auto one = found->find(id);
    const int16_t error_code = one == found->end() ? int16_t{kErrorCoordinatorNotAvailable} : one->second.error_code;
    if (error_code == kErrorNone) {
      coordinators_[id] = one->second.node_id;
    } else {
      (*refused)[id] = Judge(error_code, Doing("find the coordinator of", id));
    }
  }
  co_return absl::OkStatus();
}

// One round: what is settled leaves `pending`; the rest has in `results` what was said last.
template <typename Value>
asio::awaitable<void> Groups::AskEach(const char* doing, bool flag, AskOn<Value> ask, std::vector<std::string>* pending,
                                      GroupResults<Value>* results) {
  absl::flat_hash_map<std::string, absl::Status> refused;
  absl::Status found = co_await Find(*pending, &refused);
  std::map<int32_t, std::vector<std::string>> by_coordinator;
  for (const std::string& id : *pending) {
    if (auto it = refused.find(id); it != refused.end()) {
      results->insert_or_assign(id, it->second);
    } else if (coordinators_.contains(id)) {
      by_coordinator[coordinators_[id]].push_back(id);
    } else {
      results->insert_or_assign(id, found);
    }
  }
  for (auto& [node_id, ids] : by_coordinator) {
    absl::StatusOr<GroupAnswers<Value>> answers = absl::UnavailableError("");
    absl::StatusOr<std::shared_ptr<Connection>> connection = co_await ConnectTo(node_id);
    if (connection.ok()) {
      answers = co_await ask(*connection, ids, flag);
    } else {
      answers = connection.status();
    }
    for (const std::string& id : ids) {
      const bool is_answered = answers.ok() && answers->contains(id);
      const int16_t error_code = is_answered ? (*answers)[id].error_code : int16_t{kErrorNone};
      if (is_answered && error_code == kErrorNone) {
        results->insert_or_assign(id, std::move((*answers)[id].value));
        continue;
      }
      const std::string what = Doing(doing, id);
      results->insert_or_assign(id, !answers.ok()  ? answers.status()
                                    : !is_answered ? absl::UnavailableError(absl::StrCat(what, ": no answer"))
                                                   : Judge(error_code, what));
      if (ClassifyGroupAdminError(error_code) != GroupAdminOutcome::kUnstable) Forget(id);
    }
  }
  std::erase_if(*pending, [&](const std::string& id) {
    const absl::StatusOr<Value>& result = results->at(id);
    return result.ok() || !Passes(result.status());
  });
}

template <typename Value>
asio::awaitable<GroupResults<Value>> Groups::AskAll(const char* doing, std::vector<std::string> group_ids, bool flag,
                                                    AskOn<Value> ask, Clock::duration patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  GroupResults<Value> results;
  std::sort(group_ids.begin(), group_ids.end());
  group_ids.erase(std::unique(group_ids.begin(), group_ids.end()), group_ids.end());
  Backoff backoff;
  for (;;) {
    co_await AskEach(doing, flag, ask, &group_ids, &results);
    const Clock::duration wait = backoff.Next();
    if (group_ids.empty() || Clock::now() + wait >= deadline) co_return results;
    co_await SleepFor(wait);
  }
}

asio::awaitable<GroupResults<GroupDescription>> Groups::Describe(std::vector<std::string> group_ids,
                                                                 Clock::duration patience) {
  co_return co_await AskAll<GroupDescription>("describe", std::move(group_ids), false, &AskDescriptions, patience);
}

asio::awaitable<GroupResults<GroupOffsets>> Groups::FetchOffsets(std::vector<std::string> group_ids,
                                                                 bool require_stable, Clock::duration patience) {
  co_return co_await AskAll<GroupOffsets>("read the offsets of", std::move(group_ids), require_stable, &AskOffsets,
                                          patience);
}

asio::awaitable<absl::StatusOr<std::vector<ListedGroup>>> Groups::ListOnce() {
  absl::StatusOr<MetadataSnapshot> metadata = co_await cluster_.FetchMetadata();
  if (!metadata.ok()) co_return metadata.status();
  const MetadataSnapshot snapshot = *metadata;
  std::vector<ListedGroup> all;
  absl::flat_hash_set<std::string> seen;
  for (const auto& [node_id, endpoint] : snapshot->brokers) {
    const int32_t id = node_id;
    absl::StatusOr<std::shared_ptr<Connection>> connection = co_await cluster_.Broker(id);
    if (!connection.ok()) co_return connection.status();
    absl::StatusOr<GroupAnswer<std::vector<ListedGroup>>> listed = co_await ListGroupsOn(*connection);
    if (!listed.ok()) co_return listed.status();
    if (listed->error_code != kErrorNone)
      co_return Judge(listed->error_code, absl::StrCat("list the groups of ", cluster_.name()));
    for (ListedGroup& group : listed->value) {
      if (seen.insert(group.group_id).second) all.push_back(std::move(group));
    }
  }
  co_return all;
}

asio::awaitable<absl::StatusOr<std::vector<ListedGroup>>> Groups::List(Clock::duration patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  Backoff backoff;
  for (;;) {
    absl::StatusOr<std::vector<ListedGroup>> listed = co_await ListOnce();
    const Clock::duration wait = backoff.Next();
    if (listed.ok() || !Passes(listed.status()) || Clock::now() + wait >= deadline) co_return listed;
    co_await SleepFor(wait);
  }
}

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> Groups::Coordinator(std::string group_id,
                                                                                 Clock::duration patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  Backoff backoff;
  for (;;) {
    absl::flat_hash_map<std::string, absl::Status> refused;
    absl::Status why = co_await Find({group_id}, &refused);
    if (auto it = refused.find(group_id); it != refused.end()) why = it->second;
    if (why.ok()) {
      absl::StatusOr<std::shared_ptr<Connection>> connection = co_await ConnectTo(coordinators_[group_id]);
      if (connection.ok()) co_return connection;
      why = connection.status();
      Forget(group_id);
    }
    const Clock::duration wait = backoff.Next();
    if (!Passes(why) || Clock::now() + wait >= deadline) co_return why;
    co_await SleepFor(wait);
  }
}

asio::awaitable<absl::Status> Groups::RemoveMembers(std::string group_id, std::vector<std::string> member_ids,
                                                    Clock::duration patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  Backoff backoff;
  for (;;) {
    absl::StatusOr<std::shared_ptr<Connection>> connection = co_await Coordinator(group_id, deadline - Clock::now());
    if (!connection.ok()) co_return connection.status();
    absl::StatusOr<int16_t> removed = co_await RemoveMembersOn(*connection, group_id, member_ids);
    if (removed.ok() && *removed == kErrorNone) co_return absl::OkStatus();
    absl::Status why = removed.ok() ? Judge(*removed, Doing("remove members from", group_id)) : removed.status();
    Forget(group_id);
    const Clock::duration wait = backoff.Next();
    if (!Passes(why) || Clock::now() + wait >= deadline) co_return why;
    co_await SleepFor(wait);
  }
}

}  // namespace replicator::kafka
