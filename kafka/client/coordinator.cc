#include "kafka/client/coordinator.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/client/errors.h"
#include "kafka/wire/find_coordinator.h"

namespace replicator::kafka {
namespace {

// Answered from a broker's memory, unless it hangs.
constexpr Clock::duration kFindTimeout = std::chrono::seconds(3);

}  // namespace

GroupCoordinator::GroupCoordinator(std::string cluster_name, std::string group_id, std::vector<Endpoint> brokers,
                                   ConnectionOptions options)
    : cluster_name_(std::move(cluster_name)),
      group_id_(std::move(group_id)),
      options_(options),
      cluster_(cluster_name_, std::move(brokers), std::move(options)) {}

asio::awaitable<absl::Status> GroupCoordinator::Find() {
  FindCoordinatorRequest request;
  request.keys = {group_id_};
  absl::StatusOr<FindCoordinatorResponse> response = co_await cluster_.Ask(request, kFindTimeout);
  if (!response.ok()) {
    cluster_.TryAnotherBroker();
    co_return response.status();
  }
  const std::string doing = absl::StrCat("find the coordinator of group ", group_id_, " on ", cluster_name_);
  if (response->coordinators.size() != 1) co_return absl::UnavailableError(absl::StrCat(doing, ": no answer"));
  const FindCoordinatorResponse::Coordinator& found = response->coordinators.front();
  if (found.error_code != kErrorNone) co_return ErrorStatus(found.error_code, doing);
  if (found.port <= 0 || found.port > 65535) {
    co_return absl::UnavailableError(absl::StrCat(doing, ": the broker names the port ", found.port));
  }
  Endpoint endpoint = {found.host, static_cast<uint16_t>(found.port)};
  // The same broker keeps its lane, and with it the back-off that it may be in.
  if (lane_ == nullptr || !(endpoint == endpoint_)) lane_ = std::make_unique<Lane>(endpoint, options_);
  endpoint_ = std::move(endpoint);
  known_ = true;
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> GroupCoordinator::Get() {
  if (!known_) {
    absl::Status found = co_await Find();
    if (!found.ok()) co_return found;
  }
  absl::StatusOr<std::shared_ptr<Connection>> connection = co_await lane_->Get();
  if (!connection.ok()) Forget();
  co_return connection;
}

void GroupCoordinator::Close() {
  cluster_.Close();
  if (lane_ != nullptr) lane_->Close();
}

}  // namespace replicator::kafka
