#include "tests/scene/copy_scene.h"

#include <glog/logging.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "tests/cluster/late.h"
#include "tests/cluster/test_deadline.h"
#include "tests/cluster/verdict.h"

namespace replicator::tests {
namespace {

// Looking takes the brokers' time as well as ours.
constexpr absl::Duration kLookInterval = absl::Milliseconds(100);

using Proxies = std::map<int, std::unique_ptr<FaultProxy>>;

// The proxies listen before what stands behind them exists, so that its ports need not be known.
absl::Status StartProxies(int brokers, std::map<int, int>& ports, Proxies& proxies) {
  for (int id = 1; id <= brokers; ++id) {
    absl::StatusOr<std::unique_ptr<FaultProxy>> proxy = FaultProxy::Start(static_cast<uint16_t>(FreePort()));
    if (!proxy.ok()) return proxy.status();
    ports[id] = (*proxy)->port();
    proxies[id] = *std::move(proxy);
  }
  return absl::OkStatus();
}

absl::Status StartProxies(KafkaClusterOptions& cluster, Proxies& clients, Proxies& controllers) {
  absl::Status status = StartProxies(cluster.brokers, cluster.advertised_ports, clients);
  if (!status.ok() || !cluster.controller.has_value()) return status;
  return StartProxies(cluster.brokers, cluster.controller_ports, controllers);
}

absl::Status Connect(KafkaCluster& cluster, Proxies& clients, Proxies& controllers) {
  absl::Status status;
  for (auto& [id, proxy] : clients)
    status.Update(proxy->SetUpstream("127.0.0.1", static_cast<uint16_t>(cluster.client_port(id))));
  for (auto& [id, proxy] : controllers)
    status.Update(proxy->SetUpstream("127.0.0.1", static_cast<uint16_t>(cluster.controller_port())));
  return status;
}

// By a new client each time: one that has seen brokers come and go may wait long for a leader that is gone.
absl::StatusOr<int64_t> RecordsNow(const KafkaCluster& cluster, const std::string& topic, absl::Duration patience) {
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> admin = ClusterAdmin::Create(cluster.direct_bootstrap_servers());
  if (!admin.ok()) return AsHarness(admin.status());
  (*admin)->set_patience(patience);
  absl::StatusOr<std::vector<OffsetRange>> ranges = (*admin)->Offsets(topic);
  if (!ranges.ok()) {
    LOG_EVERY_N(WARNING, 100) << ranges.status();
    return ranges.status();
  }
  return std::accumulate(ranges->begin(), ranges->end(), int64_t{0},
                         [](int64_t sum, const OffsetRange& range) { return sum + range.end - range.start; });
}

// A broker that has just started may not know its topics yet: "no such topic" is believed at the deadline only.
absl::StatusOr<int64_t> Records(const KafkaCluster& cluster, const std::string& topic, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  for (;;) {
    absl::StatusOr<int64_t> records = RecordsNow(cluster, topic, patience);
    if (!absl::IsNotFound(records.status()) || absl::Now() >= deadline) return records;
    absl::SleepFor(kLookInterval);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<CopyScene>> CopyScene::Start(SceneOptions options) {
  absl::Status status;
  for (int starts = 0; starts < KafkaCluster::kStartsMax; ++starts) {
    absl::StatusOr<std::unique_ptr<CopyScene>> scene = StartOnce(options);
    if (scene.ok()) return scene;
    status = scene.status();
    LOG(WARNING) << "start " << starts + 1 << " of a scene failed: " << status;
  }
  return AsHarness(status);
}

absl::StatusOr<std::unique_ptr<CopyScene>> CopyScene::StartOnce(SceneOptions options) {
  std::unique_ptr<CopyScene> scene(new CopyScene());
  absl::Status status;
  if (options.proxies) {
    status = StartProxies(options.source, scene->source_proxies_, scene->source_controller_proxies_);
    if (status.ok()) status = StartProxies(options.target, scene->target_proxies_, scene->target_controller_proxies_);
    if (!status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<KafkaCluster>> source = KafkaCluster::Create(options.source);
  if (!source.ok()) return source.status();
  scene->source_ = *std::move(source);
  absl::StatusOr<std::unique_ptr<KafkaCluster>> target = KafkaCluster::Create(options.target);
  if (!target.ok()) return target.status();
  scene->target_ = *std::move(target);
  status = Connect(*scene->source_, scene->source_proxies_, scene->source_controller_proxies_);
  if (status.ok()) status = Connect(*scene->target_, scene->target_proxies_, scene->target_controller_proxies_);
  if (status.ok()) status = scene->source_->StartAll();
  if (status.ok()) status = scene->target_->StartAll();
  if (status.ok()) status = scene->source_->WaitReady();
  if (status.ok()) status = scene->target_->WaitReady();
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> source_admin =
      ClusterAdmin::Create(scene->source_->direct_bootstrap_servers());
  if (!source_admin.ok()) return source_admin.status();
  scene->source_admin_ = *std::move(source_admin);
  absl::StatusOr<std::unique_ptr<ClusterAdmin>> target_admin =
      ClusterAdmin::Create(scene->target_->direct_bootstrap_servers());
  if (!target_admin.ok()) return target_admin.status();
  scene->target_admin_ = *std::move(target_admin);
  return scene;
}

ReplicatorOptions CopyScene::Replicator(const std::string& pattern) {
  const std::string dir = absl::StrCat(dir_.path(), "/", ++replicators_);
  // A link that never ran before begins at once; for the lock of one that did, a new state folder has to wait.
  const std::string link = replicators_ == 1 ? "new" : absl::StrCat("new", replicators_);
  std::filesystem::create_directories(dir);
  return {.source_bootstrap_servers = source_->bootstrap_servers(),
          .target_bootstrap_servers = target_->bootstrap_servers(),
          .topics = pattern,
          .replication_factor = std::min(3, static_cast<int>(target_->broker_ids().size())),
          .link = link,
          .dir = dir,
          .state_dir = dir + "/state"};
}

LoadOptions CopyScene::Load(const std::string& topic, int partitions) const {
  // Batches of a few records would be one round trip to all replicas each: no way to catch up with a busy machine.
  return {.bootstrap_servers = source_->direct_bootstrap_servers(),
          .topic = topic,
          .partitions = partitions,
          .linger_ms = 100,
          // A lone broker that restarts does not know its topics for a moment; that must not end the load.
          // And a transaction must outlive a broker that is away for a while.
          .client_properties = {{"topic.metadata.propagation.max.ms", "600000"}, {"transaction.timeout.ms", "300000"}}};
}

absl::StatusOr<int64_t> CopyScene::TargetRecords(const std::string& topic, absl::Duration patience) {
  return Records(*target_, topic, patience);
}

absl::StatusOr<int64_t> CopyScene::SourceRecords(const std::string& topic, absl::Duration patience) {
  return Records(*source_, topic, patience);
}

bool CopyScene::TargetHas(const std::string& topic, int64_t records) {
  return TargetRecords(topic, absl::ZeroDuration()).value_or(-1) >= records;
}

bool CopyScene::SourceHas(const std::string& topic, int64_t records) {
  return SourceRecords(topic, absl::ZeroDuration()).value_or(-1) >= records;
}

bool CopyScene::WaitForTargetRecords(const std::string& topic, int64_t records, absl::Duration timeout) {
  absl::StatusOr<int64_t> seen = absl::UnknownError("not asked");
  for (int64_t before = -1;;) {
    absl::Time next_look = absl::Now();
    const auto moves = [&] {
      if (absl::Now() < next_look) return false;
      next_look = absl::Now() + kLookInterval;
      seen = TargetRecords(topic, absl::ZeroDuration());
      return seen.value_or(-1) > before;
    };
    // What arrives slowly still arrives: the time is over when nothing has come for so long.
    if (!WaitFor(moves, timeout)) break;
    if (*seen >= records) return true;
    before = *seen;
  }
  NoteLate(absl::StrCat(topic, ": ", seen.ok() ? absl::StrCat(*seen) : seen.status().ToString(), " of ", records,
                        " records have arrived, and no more for ", absl::FormatDuration(timeout)));
  return false;
}

testing::AssertionResult CopyScene::Equal(const std::vector<std::string>& topics, bool gaps) {
  Verifier verifier({.source_bootstrap_servers = source_->direct_bootstrap_servers(),
                     .target_bootstrap_servers = target_->direct_bootstrap_servers(),
                     .topics = topics,
                     .compare_offsets = !gaps});
  absl::StatusOr<VerifyResult> result;
  if (gaps) {  // the ends of the two sides cannot be compared
    result = verifier.VerifyOnceEqual(kPatience);
  } else {
    for (const std::string& topic : topics) {
      WaitFor([&] { return SourceHas(topic, 1); }, kPatience);  // a broker that has just started may not know it
      const absl::StatusOr<int64_t> records = SourceRecords(topic);
      if (!records.ok()) return testing::AssertionFailure() << AsHarness(records.status());
      if (!WaitForTargetRecords(topic, *records)) return testing::AssertionFailure() << topic << " has not arrived";
    }
    result = verifier.Verify(kPatience);
  }
  if (!result.ok()) return testing::AssertionFailure() << result.status();
  if (result->equal && result->records > 0) return testing::AssertionSuccess();
  const std::string words = absl::StrCat(result->equal ? "nothing was compared: " : "", result->Summary());
  const bool only_late =
      gaps && !result->equal && result->duplicated + result->reordered + result->changed + result->foreign == 0;
  if (only_late) {
    NoteLate(words);
  } else {
    Wrong(words);
  }
  return testing::AssertionFailure() << words;
}

int64_t RecordsOrFail(const absl::StatusOr<int64_t>& records) {
  EXPECT_TRUE(records.ok()) << records.status();
  return records.value_or(-1);
}

testing::AssertionResult IsHealthy(ReplicatorProcess& replicator) {
  for (const char* trouble : {"quarantined (", "is not copied", "by retention before", "Check failed", "Sanitizer"}) {
    const std::vector<std::string> lines = replicator.LogLines(trouble);
    if (lines.empty()) continue;
    const std::string text = absl::StrJoin(lines, "\n");
    Wrong(absl::StrCat("the program is not healthy: ", text));
    return testing::AssertionFailure() << text << "\nlog:\n" << replicator.LogTail();
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult StopsHealthy(ReplicatorProcess& replicator, absl::Duration timeout) {
  absl::StatusOr<ExitStatus> ended = replicator.Stop(timeout);
  if (!ended.ok() && absl::Now() >= TestDeadline()) {  // it had no time to end
    Stalled(absl::StrCat("the test's time was over before the program had ended: ", ended.status().ToString()));
    return testing::AssertionFailure() << ended.status();
  }
  if (!ended.ok()) {
    Wrong(absl::StrCat("SIGTERM does not end the program: ", ended.status().ToString()));
    return testing::AssertionFailure() << ended.status();
  }
  testing::AssertionResult healthy = IsHealthy(replicator);
  if (!healthy) return healthy;
  if (!ended->ok()) {
    Wrong(absl::StrCat("the program has ended with ", ended->ToString(), " after SIGTERM"));
    return testing::AssertionFailure() << ended->ToString() << "\nlog:\n" << replicator.LogTail();
  }
  // A process that never copied does not say how many.
  if (replicator.PayloadBytesCopied().value_or(0) != 0) {
    return testing::AssertionFailure() << "payload was copied in user space\nlog:\n" << replicator.LogTail();
  }
  return testing::AssertionSuccess();
}

}  // namespace replicator::tests
