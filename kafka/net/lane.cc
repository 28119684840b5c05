#include "kafka/net/lane.h"

#include <algorithm>

namespace replicator::kafka {
namespace {

// A connection that lived this long was a good one: the next loss starts the back-off from its shortest wait.
constexpr Clock::duration kGoodLife = std::chrono::seconds(5);

Clock::duration Spread(Clock::duration wait, absl::BitGen& random) {
  return Clock::duration(static_cast<int64_t>(wait.count() * absl::Uniform(random, 0.8, 1.2)));
}

}  // namespace

Clock::duration Backoff::Next() {
  const Clock::duration wait = next_;
  next_ = std::min(next_ * 2, kMax);
  return Spread(wait, random_);
}

Clock::duration Backoff::After(int failures, absl::BitGen& random) {
  if (failures <= 0) return Clock::duration::zero();
  const int doublings = std::min(failures - 1, 10);
  return Spread(std::min(kMin * (1 << doublings), kMax), random);
}

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> Lane::Get() {
  if (connection_ != nullptr && !connection_->closed()) co_return connection_;
  const Clock::time_point now = Clock::now();
  if (now - not_before_ > kGoodLife) backoff_.Reset();
  if (now < not_before_) co_await SleepFor(not_before_ - now);
  if (closed_) co_return absl::CancelledError("stopping");
  not_before_ = Clock::now() + backoff_.Next();
  Endpoint endpoint = endpoint_;
  ConnectionOptions options = options_;
  absl::StatusOr<std::shared_ptr<Connection>> opened = co_await Connection::Open(endpoint, options);
  if (!opened.ok()) co_return opened.status();
  if (closed_) {
    (*opened)->Close(absl::CancelledError("stopping"));
    co_return absl::CancelledError("stopping");
  }
  connection_ = *opened;
  co_return connection_;
}

void Lane::Close() {
  closed_ = true;
  if (connection_ != nullptr) connection_->Close(absl::CancelledError("stopping"));
}

}  // namespace replicator::kafka
