#include "replicator/groups/target_retention.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kafka/client/errors.h"
#include "kafka/wire/describe_configs.h"

namespace replicator {
namespace {

constexpr char kKey[] = "offsets.retention.minutes";
constexpr kafka::Clock::duration kTimeout = std::chrono::seconds(10);

absl::StatusOr<int64_t> MinutesIn(const kafka::DescribeConfigsResponse& response, const std::string& what) {
  for (const kafka::DescribeConfigsResponse::Resource& resource : response.resources) {
    const absl::Status status = kafka::ErrorStatus(resource.error_code, what);
    if (!status.ok()) return status;
    for (const kafka::DescribeConfigsResponse::Config& config : resource.configs) {
      int64_t minutes = 0;
      if (config.name == kKey && absl::SimpleAtoi(config.value.value_or(""), &minutes) && minutes > 0) return minutes;
    }
  }
  return absl::FailedPreconditionError(absl::StrCat(what, ": it does not tell"));
}

}  // namespace

asio::awaitable<absl::StatusOr<int64_t>> AskOffsetsRetentionMs(kafka::ClusterClient& cluster) {
  const kafka::MetadataSnapshot metadata = cluster.metadata();
  std::optional<int64_t> same;
  for (const auto& [id, endpoint] : metadata->brokers) {
    const int32_t broker_id = id;
    const std::string what = absl::StrCat("read ", kKey, " of broker ", broker_id, " of ", cluster.name());
    absl::StatusOr<std::shared_ptr<kafka::Connection>> connection = co_await cluster.Broker(broker_id);
    if (!connection.ok()) co_return connection.status();
    std::shared_ptr<kafka::Connection> broker = *connection;
    kafka::DescribeConfigsRequest request;
    request.resources.push_back({.type = kafka::ConfigResourceType::kBroker,
                                 .name = absl::StrCat(broker_id),
                                 .keys = std::vector<std::string>{kKey}});
    absl::StatusOr<kafka::DescribeConfigsResponse> response = co_await broker->Call(request, kTimeout);
    if (!response.ok()) co_return response.status();
    const absl::StatusOr<int64_t> minutes = MinutesIn(*response, what);
    if (!minutes.ok()) co_return minutes.status();
    if (same.has_value() && *same != *minutes)
      co_return absl::FailedPreconditionError(
          absl::StrCat("brokers of ", cluster.name(), " differ in ", kKey, ": ", *same, " and ", *minutes));
    same = *minutes;
  }
  if (!same.has_value()) co_return absl::UnavailableError(absl::StrCat(cluster.name(), " shows no brokers"));
  co_return *same * 60 * 1000;
}

}  // namespace replicator
