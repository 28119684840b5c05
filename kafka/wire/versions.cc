#include "kafka/wire/versions.h"

#include <glog/logging.h>

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kafka/wire/create_topics.h"
#include "kafka/wire/describe_configs.h"
#include "kafka/wire/fetch.h"
#include "kafka/wire/init_producer_id.h"
#include "kafka/wire/list_offsets.h"
#include "kafka/wire/metadata.h"
#include "kafka/wire/offset_for_leader_epoch.h"
#include "kafka/wire/produce.h"

namespace replicator::kafka {

const std::array<ApiSpec, 9> kAllApis = {
    kProduceApi,
    FetchRequest::kApi,
    ListOffsetsRequest::kApi,
    MetadataRequest::kApi,
    ApiVersionsRequest::kApi,
    CreateTopicsRequest::kApi,
    InitProducerIdRequest::kApi,
    OffsetForLeaderEpochRequest::kApi,
    DescribeConfigsRequest::kApi,
};

namespace {

std::string OurRange(const ApiSpec& api) {
  if (api.version_low == api.version_high) return absl::StrCat("v", api.version_low);
  return absl::StrCat("v", api.version_low, " or v", api.version_high);
}

// Appends to `misfits` if there is no common version.
int16_t ChooseOne(const ApiSpec& api, const ApiVersionsResponse& response, std::string* misfits) {
  const auto range =
      std::find_if(response.apis.begin(), response.apis.end(), [&api](const ApiVersionsResponse::Range& candidate) {
        return candidate.api_key == static_cast<int16_t>(api.key);
      });
  const char* separator = misfits->empty() ? "" : "; ";
  if (range == response.apis.end()) {
    absl::StrAppend(misfits, separator, api.name, " (broker: not served; needed: ", OurRange(api), ")");
    return -1;
  }
  for (int16_t version : {api.version_high, api.version_low}) {
    if (range->version_min <= version && version <= range->version_max) return version;
  }
  absl::StrAppend(misfits, separator, api.name, " (broker: v", range->version_min, " to v", range->version_max,
                  "; needed: ", OurRange(api), ")");
  return -1;
}

}  // namespace

absl::StatusOr<NegotiatedVersions> NegotiatedVersions::Choose(const ApiVersionsResponse& response) {
  if (response.error_code != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the broker refused the ApiVersions request with error ", response.error_code));
  }
  NegotiatedVersions negotiated;
  std::string misfits;
  for (size_t i = 0; i < kAllApis.size(); ++i) {
    negotiated.versions_[i] = ChooseOne(kAllApis[i], response, &misfits);
  }
  if (!misfits.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("no common protocol version for ", misfits,
                                                      ". Brokers from Kafka 2.1 on serve all that is needed"));
  }
  return negotiated;
}

int16_t NegotiatedVersions::For(ApiKey api) const {
  for (size_t i = 0; i < kAllApis.size(); ++i) {
    if (kAllApis[i].key == api) return versions_[i];
  }
  LOG(FATAL) << "API " << static_cast<int16_t>(api) << " is not in kAllApis";
}

}  // namespace replicator::kafka
