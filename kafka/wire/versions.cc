#include "kafka/wire/versions.h"

#include <glog/logging.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kafka/wire/add_partitions_to_txn.h"
#include "kafka/wire/consumer_group_describe.h"
#include "kafka/wire/create_partitions.h"
#include "kafka/wire/create_topics.h"
#include "kafka/wire/describe_configs.h"
#include "kafka/wire/describe_groups.h"
#include "kafka/wire/describe_producers.h"
#include "kafka/wire/end_txn.h"
#include "kafka/wire/fetch.h"
#include "kafka/wire/find_coordinator.h"
#include "kafka/wire/heartbeat.h"
#include "kafka/wire/init_producer_id.h"
#include "kafka/wire/join_group.h"
#include "kafka/wire/leave_group.h"
#include "kafka/wire/list_groups.h"
#include "kafka/wire/list_offsets.h"
#include "kafka/wire/metadata.h"
#include "kafka/wire/offset_commit.h"
#include "kafka/wire/offset_fetch.h"
#include "kafka/wire/offset_for_leader_epoch.h"
#include "kafka/wire/produce.h"
#include "kafka/wire/sync_group.h"

namespace replicator::kafka {

const std::array<ApiSpec, kApiCount> kAllApis = {
    kProduceApi,
    FetchRequest::kApi,
    ListOffsetsRequest::kApi,
    MetadataRequest::kApi,
    ApiVersionsRequest::kApi,
    CreateTopicsRequest::kApi,
    InitProducerIdRequest::kApi,
    OffsetForLeaderEpochRequest::kApi,
    DescribeConfigsRequest::kApi,
    CreatePartitionsRequest::kApi,
    FindCoordinatorRequest::kApi,
    JoinGroupRequest::kApi,
    SyncGroupRequest::kApi,
    HeartbeatRequest::kApi,
    LeaveGroupRequest::kApi,
    DescribeGroupsRequest::kApi,
    DescribeProducersRequest::kApi,
    ListGroupsRequest::kApi,
    ConsumerGroupDescribeRequest::kApi,
    OffsetFetchRequest::kApi,
    OffsetCommitRequest::kApi,
    AddPartitionsToTxnRequest::kApi,
    EndTxnRequest::kApi,
};

namespace {

constexpr int16_t kFetchByTopicId = 13;

std::string OurVersions(const ApiSpec& api) {
  std::string versions;
  for (int16_t version = 0; version <= api.versions.highest(); ++version) {
    if (api.Speaks(version)) absl::StrAppend(&versions, versions.empty() ? "v" : " or v", version);
  }
  return versions;
}

const ApiVersionsResponse::Range* FindRange(const ApiVersionsResponse& response, const ApiSpec& api) {
  for (const ApiVersionsResponse::Range& range : response.apis) {
    if (range.api_key == static_cast<int16_t>(api.key)) return &range;
  }
  return nullptr;
}

// The highest of our versions below `limit` that the broker serves; -1: none.
int16_t Highest(const ApiSpec& api, const ApiVersionsResponse::Range* range, int16_t limit) {
  if (range == nullptr) return -1;
  for (int16_t version = std::min<int16_t>(range->version_max, limit - 1); version >= range->version_min; --version) {
    if (api.Speaks(version)) return version;
  }
  return -1;
}

std::string Misfit(const ApiSpec& api, const ApiVersionsResponse::Range* range) {
  const std::string theirs =
      range == nullptr ? "not served" : absl::StrCat("v", range->version_min, " to v", range->version_max);
  return absl::StrCat(api.name, " (broker: ", theirs, "; needed: ", OurVersions(api), ")");
}

// Asking where an epoch ends, whose transaction is open and who is in a group of the new kind helps where it is served;
// all else is needed of every broker, but for what only a producer needs: it writes, creates topics, holds the link's
// lock and commits for groups. A source whose groups cannot be asked for can still be copied.
bool IsNeeded(ApiKey api, BrokerUse use) {
  switch (api) {
    case ApiKey::kOffsetForLeaderEpoch:
    case ApiKey::kDescribeProducers:
    case ApiKey::kConsumerGroupDescribe:
      return false;
    case ApiKey::kProduce:
    case ApiKey::kInitProducerId:
    case ApiKey::kCreateTopics:
    case ApiKey::kCreatePartitions:
    case ApiKey::kFindCoordinator:
    case ApiKey::kJoinGroup:
    case ApiKey::kSyncGroup:
    case ApiKey::kHeartbeat:
    case ApiKey::kLeaveGroup:
    case ApiKey::kDescribeGroups:
    case ApiKey::kListGroups:
    case ApiKey::kOffsetFetch:
    case ApiKey::kOffsetCommit:
    case ApiKey::kAddPartitionsToTxn:
    case ApiKey::kEndTxn:
      return use == BrokerUse::kProduce;
    case ApiKey::kFetch:
    case ApiKey::kListOffsets:
    case ApiKey::kMetadata:
    case ApiKey::kApiVersions:
    case ApiKey::kDescribeConfigs:
      return true;
  }
  return true;
}

}  // namespace

absl::StatusOr<NegotiatedVersions> NegotiatedVersions::Choose(const ApiVersionsResponse& response, BrokerUse use) {
  if (response.error_code != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the broker refused the ApiVersions request with error ", response.error_code));
  }
  NegotiatedVersions negotiated;
  std::vector<std::string> misfits;
  for (size_t i = 0; i < kAllApis.size(); ++i) {
    const ApiSpec& api = kAllApis[i];
    const ApiVersionsResponse::Range* range = FindRange(response, api);
    negotiated.versions_[i] = Highest(api, range, api.versions.highest() + 1);
    if (api.key == ApiKey::kFetch) negotiated.fetch_by_name_ = Highest(api, range, kFetchByTopicId);
    const bool lacking = negotiated.versions_[i] < 0 || (api.key == ApiKey::kFetch && negotiated.fetch_by_name_ < 0);
    if (lacking && IsNeeded(api.key, use)) misfits.push_back(Misfit(api, range));
  }
  if (misfits.empty()) return negotiated;
  return absl::FailedPreconditionError(absl::StrCat(
      "no common protocol version for ", absl::StrJoin(misfits, "; "), ". ",
      use == BrokerUse::kConsume ? "A source has to be Kafka 1.1 or newer" : "A target has to be Kafka 2.1 or newer"));
}

size_t NegotiatedVersions::IndexOf(ApiKey api) {
  for (size_t i = 0; i < kAllApis.size(); ++i) {
    if (kAllApis[i].key == api) return i;
  }
  LOG(FATAL) << "API " << static_cast<int16_t>(api) << " is not in kAllApis";
}

int16_t NegotiatedVersions::For(ApiKey api) const {
  const size_t index = IndexOf(api);
  CHECK_GE(versions_[index], 0) << kAllApis[index].name << " is not served by this broker";
  return versions_[index];
}

}  // namespace replicator::kafka
