#include "kafka/client/group_requests.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "kafka/client/errors.h"
#include "kafka/client/pipeline.h"
#include "kafka/wire/consumer_group_describe.h"
#include "kafka/wire/describe_groups.h"
#include "kafka/wire/leave_group.h"
#include "kafka/wire/list_groups.h"
#include "kafka/wire/offset_commit.h"
#include "kafka/wire/offset_fetch.h"

namespace replicator::kafka {
namespace {

// Reads of the coordinator's memory; a commit waits for the replicas of its log.
constexpr Clock::duration kAskTimeout = std::chrono::seconds(10);
// A group of hundreds of members, each with its metadata and assignment, makes some MB.
constexpr size_t kDescribedMax = 50;
// A hundred groups of a hundred partitions each make half a MB.
constexpr size_t kFetchedMax = 100;

constexpr char kStateDead[] = "Dead";
constexpr char kTypeClassic[] = "classic";
constexpr char kTypeConsumer[] = "consumer";

absl::Status NotServed(const Connection& connection, const char* api) {
  return absl::UnimplementedError(absl::StrCat("broker ", connection.endpoint().ToString(), " does not serve ", api));
}

std::vector<std::vector<std::string>> Chunks(const std::vector<std::string>& ids, size_t chunk) {
  std::vector<std::vector<std::string>> chunks;
  for (size_t at = 0; at < ids.size(); at += chunk)
    chunks.emplace_back(ids.begin() + at, ids.begin() + std::min(ids.size(), at + chunk));
  return chunks;
}

GroupDescription ToDescription(DescribeGroupsResponse::Group group) {
  GroupDescription description;
  description.kind = GroupKind::kClassic;
  description.state = std::move(group.state);
  description.protocol_type = std::move(group.protocol_type);
  for (DescribeGroupsResponse::Member& member : group.members) {
    description.members.push_back({std::move(member.member_id), std::move(member.group_instance_id),
                                   std::move(member.client_id), std::move(member.client_host),
                                   std::move(member.metadata)});
  }
  return description;
}

GroupDescription ToDescription(ConsumerGroupDescribeResponse::Group group) {
  GroupDescription description;
  description.kind = GroupKind::kConsumer;
  description.type = kTypeConsumer;
  description.state = std::move(group.state);
  for (ConsumerGroupDescribeResponse::Member& member : group.members) {
    description.members.push_back({std::move(member.member_id), std::move(member.instance_id),
                                   std::move(member.client_id), std::move(member.client_host), ""});
  }
  return description;
}

asio::awaitable<absl::Status> DescribeClassic(std::shared_ptr<Connection> connection, std::vector<std::string> ids,
                                              GroupAnswers<GroupDescription>* answers) {
  std::vector<DescribeGroupsRequest> requests;
  for (std::vector<std::string>& chunk : Chunks(ids, kDescribedMax)) requests.push_back({std::move(chunk)});
  absl::StatusOr<std::vector<DescribeGroupsResponse>> responses =
      co_await CallMany(std::move(connection), std::move(requests), kAskTimeout);
  if (!responses.ok()) co_return responses.status();
  for (DescribeGroupsResponse& response : *responses) {
    for (DescribeGroupsResponse::Group& group : response.groups) {
      std::string id = group.group_id;
      const int16_t error_code = group.error_code;
      (*answers)[std::move(id)] = {error_code, ToDescription(std::move(group))};
    }
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> DescribeConsumer(std::shared_ptr<Connection> connection, std::vector<std::string> ids,
                                               GroupAnswers<GroupDescription>* answers) {
  std::vector<ConsumerGroupDescribeRequest> requests;
  for (std::vector<std::string>& chunk : Chunks(ids, kDescribedMax)) requests.push_back({std::move(chunk)});
  absl::StatusOr<std::vector<ConsumerGroupDescribeResponse>> responses =
      co_await CallMany(std::move(connection), std::move(requests), kAskTimeout);
  if (!responses.ok()) co_return responses.status();
  for (ConsumerGroupDescribeResponse& response : *responses) {
    for (ConsumerGroupDescribeResponse::Group& group : response.groups) {
      std::string id = group.group_id;
      const int16_t error_code = group.error_code;
      (*answers)[std::move(id)] = {error_code, ToDescription(std::move(group))};
    }
  }
  co_return absl::OkStatus();
}

// What a group that DescribeGroups calls Dead is, as the coordinator lists it. True: to be asked for as a consumer
// group.
bool SettleDead(const ListedGroup* listed, bool serves_consumer, GroupAnswer<GroupDescription>& answer) {
  answer.value = {};
  if (listed == nullptr) return false;
  if (listed->type == kTypeConsumer && serves_consumer) return true;
  if (listed->type.empty() || listed->type == kTypeClassic) {
    answer.error_code = kErrorCoordinatorLoadInProgress;
    return false;
  }
  answer.value.kind = GroupKind::kOther;
  answer.value.type = listed->type;
  answer.value.state = listed->state;
  return false;
}

GroupOffsets ToOffsets(const OffsetFetchResponse::Group& group, bool is_stable) {
  GroupOffsets offsets;
  offsets.is_stable = is_stable;
  for (const OffsetFetchResponse::Topic& topic : group.topics) {
    for (const OffsetFetchResponse::Partition& partition : topic.partitions) {
      if (partition.error_code == kErrorNone && partition.offset < 0) continue;
      offsets.offsets[{topic.name, partition.partition}] = {partition.offset, partition.leader_epoch,
                                                            partition.metadata, partition.error_code};
    }
  }
  return offsets;
}

bool IsUnstable(const GroupOffsets& offsets) {
  return std::any_of(offsets.offsets.begin(), offsets.offsets.end(),
                     [](const auto& entry) { return entry.second.error_code == kErrorUnstableOffsetCommit; });
}

OffsetCommitRequest ToRequest(std::string group_id, std::vector<OffsetToCommit> offsets) {
  std::sort(offsets.begin(), offsets.end(),
            [](const OffsetToCommit& a, const OffsetToCommit& b) { return a.partition < b.partition; });
  OffsetCommitRequest request;
  request.group_id = std::move(group_id);
  for (OffsetToCommit& one : offsets) {
    if (request.topics.empty() || request.topics.back().name != one.partition.topic)
      request.topics.push_back({one.partition.topic, {}});
    request.topics.back().partitions.push_back({one.partition.partition, one.offset, std::move(one.metadata)});
  }
  return request;
}

}  // namespace

asio::awaitable<absl::StatusOr<GroupAnswer<std::vector<ListedGroup>>>> ListGroupsOn(
    std::shared_ptr<Connection> connection) {
  if (!connection->versions().Serves(ApiKey::kListGroups)) co_return NotServed(*connection, "ListGroups");
  const ListGroupsRequest request;
  absl::StatusOr<ListGroupsResponse> response = co_await connection->Call(request, kAskTimeout);
  if (!response.ok()) co_return response.status();
  GroupAnswer<std::vector<ListedGroup>> answer;
  answer.error_code = response->error_code;
  for (ListGroupsResponse::Group& group : response->groups) {
    answer.value.push_back(
        {std::move(group.group_id), std::move(group.protocol_type), std::move(group.state), std::move(group.type)});
  }
  co_return answer;
}

asio::awaitable<absl::StatusOr<GroupAnswers<GroupDescription>>> DescribeGroupsOn(std::shared_ptr<Connection> connection,
                                                                                 std::vector<std::string> group_ids) {
  if (!connection->versions().Serves(ApiKey::kDescribeGroups)) co_return NotServed(*connection, "DescribeGroups");
  GroupAnswers<GroupDescription> answers;
  absl::Status described = co_await DescribeClassic(connection, std::move(group_ids), &answers);
  if (!described.ok()) co_return described;
  std::vector<std::string> dead;
  for (const auto& [id, answer] : answers) {
    if (answer.error_code == kErrorNone && answer.value.state == kStateDead) dead.push_back(id);
  }
  if (dead.empty()) co_return answers;

  absl::StatusOr<GroupAnswer<std::vector<ListedGroup>>> listed = co_await ListGroupsOn(connection);
  if (!listed.ok()) co_return listed.status();
  absl::flat_hash_map<std::string, const ListedGroup*> by_id;
  for (const ListedGroup& group : listed->value) by_id[group.group_id] = &group;
  const bool serves_consumer = connection->versions().Serves(ApiKey::kConsumerGroupDescribe);
  std::vector<std::string> consumers;
  for (const std::string& id : dead) {
    GroupAnswer<GroupDescription>& answer = answers[id];
    auto found = by_id.find(id);
    if (listed->error_code != kErrorNone) {
      answer.error_code = listed->error_code;
    } else if (SettleDead(found == by_id.end() ? nullptr : found->second, serves_consumer, answer)) {
      consumers.push_back(id);
    }
  }
  if (consumers.empty()) co_return answers;
  described = co_await DescribeConsumer(connection, std::move(consumers), &answers);
  if (!described.ok()) co_return described;
  co_return answers;
}

asio::awaitable<absl::StatusOr<GroupAnswers<GroupOffsets>>> FetchOffsetsOn(std::shared_ptr<Connection> connection,
                                                                           std::vector<std::string> group_ids,
                                                                           bool require_stable) {
  if (!connection->versions().Serves(ApiKey::kOffsetFetch)) co_return NotServed(*connection, "OffsetFetch");
  const int16_t version = connection->versions().For(ApiKey::kOffsetFetch);
  const size_t chunk_size = version >= kOffsetFetchMany ? kFetchedMax : 1;
  const std::vector<std::vector<std::string>> chunks = Chunks(group_ids, chunk_size);
  std::vector<OffsetFetchRequest> requests;
  for (const std::vector<std::string>& chunk : chunks)
    requests.push_back({.group_ids = chunk, .require_stable = require_stable});
  absl::StatusOr<std::vector<OffsetFetchResponse>> responses =
      co_await CallMany(std::move(connection), std::move(requests), kAskTimeout);
  if (!responses.ok()) co_return responses.status();
  const bool is_stable = require_stable && version >= kOffsetFetchStable;
  GroupAnswers<GroupOffsets> answers;
  for (size_t i = 0; i < responses->size(); ++i) {
    for (const OffsetFetchResponse::Group& group : (*responses)[i].groups) {
      GroupAnswer<GroupOffsets>& answer = answers[chunk_size == 1 ? chunks[i].front() : group.group_id];
      answer = {group.error_code, ToOffsets(group, is_stable)};
      if (answer.error_code == kErrorNone && IsUnstable(answer.value)) answer.error_code = kErrorUnstableOffsetCommit;
    }
  }
  co_return answers;
}

asio::awaitable<absl::StatusOr<std::vector<RefusedCommit>>> CommitAsMemberOn(std::shared_ptr<Connection> connection,
                                                                             std::string group_id,
                                                                             std::string member_id,
                                                                             int32_t generation_id,
                                                                             std::vector<OffsetToCommit> offsets) {
  if (!connection->versions().Serves(ApiKey::kOffsetCommit)) co_return NotServed(*connection, "OffsetCommit");
  const size_t count = offsets.size();
  OffsetCommitRequest request = ToRequest(std::move(group_id), std::move(offsets));
  request.member_id = std::move(member_id);
  request.generation_id = generation_id;
  absl::StatusOr<OffsetCommitResponse> response = co_await connection->Call(request, kAskTimeout);
  if (!response.ok()) co_return response.status();
  std::vector<RefusedCommit> refused;
  size_t answered = 0;
  for (const OffsetCommitResponse::Topic& topic : response->topics) {
    for (const OffsetCommitResponse::Partition& partition : topic.partitions) {
      ++answered;
      if (partition.error_code != kErrorNone)
        refused.push_back({{topic.name, partition.partition}, partition.error_code});
    }
  }
  if (answered != count)
    co_return absl::UnavailableError(absl::StrCat("commit for group ", request.group_id, ": ", count,
                                                  " partitions were sent, and ", answered, " answered for"));
  co_return refused;
}

asio::awaitable<absl::StatusOr<std::vector<RefusedCommit>>> CommitOffsetsOn(std::shared_ptr<Connection> connection,
                                                                            std::string group_id,
                                                                            std::vector<OffsetToCommit> offsets) {
  co_return co_await CommitAsMemberOn(std::move(connection), std::move(group_id), "", -1, std::move(offsets));
}

asio::awaitable<absl::StatusOr<int16_t>> RemoveMembersOn(std::shared_ptr<Connection> connection, std::string group_id,
                                                         std::vector<std::string> member_ids) {
  if (!connection->versions().Serves(ApiKey::kLeaveGroup)) co_return NotServed(*connection, "LeaveGroup");
  const bool at_once = connection->versions().For(ApiKey::kLeaveGroup) >= kLeaveGroupMany;
  std::vector<LeaveGroupRequest> requests;
  for (std::string& member_id : member_ids) {
    if (requests.empty() || !at_once) requests.push_back({.group_id = group_id, .members = {}});
    requests.back().members.push_back({.member_id = std::move(member_id), .group_instance_id = std::nullopt});
  }
  absl::StatusOr<std::vector<LeaveGroupResponse>> responses =
      co_await CallMany(std::move(connection), std::move(requests), kAskTimeout);
  if (!responses.ok()) co_return responses.status();
  for (const LeaveGroupResponse& response : *responses) {
    if (response.error_code != kErrorNone && response.error_code != kErrorUnknownMemberId)
      co_return response.error_code;
    for (const LeaveGroupResponse::Member& member : response.members) {
      if (member.error_code != kErrorNone && member.error_code != kErrorUnknownMemberId) co_return member.error_code;
    }
  }
  co_return int16_t{kErrorNone};
}

}  // namespace replicator::kafka
