#include "kafka/client/coordinator_lookup.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kafka/client/pipeline.h"

namespace replicator::kafka {
namespace {

// Answered from a broker's memory, unless it hangs.
constexpr Clock::duration kFindTimeout = std::chrono::seconds(5);
constexpr size_t kKeysMax = 500;

}  // namespace

asio::awaitable<absl::StatusOr<FoundCoordinators>> FindCoordinators(std::shared_ptr<Connection> connection,
                                                                    CoordinatorType type,
                                                                    std::vector<std::string> keys) {
  if (!connection->versions().Serves(ApiKey::kFindCoordinator))
    co_return absl::UnimplementedError(
        absl::StrCat("broker ", connection->endpoint().ToString(), " does not serve FindCoordinator"));
  const size_t step = connection->versions().For(ApiKey::kFindCoordinator) >= kFindCoordinatorMany ? kKeysMax : 1;
  std::vector<FindCoordinatorRequest> requests;
  for (size_t at = 0; at < keys.size(); at += step) {
    const size_t end = std::min(keys.size(), at + step);
    requests.push_back({.type = type, .keys = {keys.begin() + at, keys.begin() + end}});
  }
  absl::StatusOr<std::vector<FindCoordinatorResponse>> responses =
      co_await CallMany(std::move(connection), std::move(requests), kFindTimeout);
  if (!responses.ok()) co_return responses.status();
  FoundCoordinators found;
  for (size_t i = 0; i < responses->size(); ++i) {
    for (FindCoordinatorResponse::Coordinator& one : (*responses)[i].coordinators) {
      found[step == 1 ? keys[i] : one.key] = {one.error_code, one.node_id};
    }
  }
  co_return found;
}

}  // namespace replicator::kafka
