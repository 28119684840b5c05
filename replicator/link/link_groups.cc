#include "replicator/link/link_groups.h"

#include <glog/logging.h>

#include <chrono>
#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "replicator/link/client_options.h"

namespace replicator {

std::unique_ptr<GroupsLoop> StartGroups(const LinkConfig& config, const kafka::ClusterMetadata& source,
                                        const kafka::ClusterMetadata& target, const std::vector<Shard*>& shards,
                                        Changelog* log, std::shared_ptr<const LockPulse> pulse) {
  if (log == nullptr) {
    if (config.sync_group_offsets)
      LOG(WARNING) << "consumer groups are not kept in step: a process that keeps nothing cannot tell its own commits "
                      "from those of others";
    return nullptr;
  }
  GroupsLoop::Options options;
  options.config = &config;
  options.source = ClientOptions(config, kafka::BrokerUse::kConsume, source.cluster_id);
  options.target = ClientOptions(config, kafka::BrokerUse::kProduce, target.cluster_id);
  options.log = log;
  options.log_lag = [log] {
    const Changelog::Health health = log->health();
    const auto behind =
        health.behind_since.has_value() ? kafka::Clock::now() - *health.behind_since : kafka::Clock::duration::zero();
    return LogLag{std::chrono::duration<double>(behind).count(), health.trouble};
  };
  options.pulse = std::move(pulse);
  for (Shard* shard : shards) {
    options.shards.push_back(
        [shard](std::vector<TranslationQuestion> questions, std::function<void(std::vector<TranslationAnswer>)> done) {
          shard->Translate(std::move(questions), std::move(done));
        });
  }
  absl::StatusOr<std::unique_ptr<GroupsLoop>> loop = GroupsLoop::Start(std::move(options));
  if (loop.ok()) return *std::move(loop);
  LOG(ERROR) << "consumer groups are not kept in step: " << loop.status().message();
  return nullptr;
}

}  // namespace replicator
