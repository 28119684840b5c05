// How clusters are addressed: several bootstrap addresses of which the first is dead, a host name, IPv6.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/scene/copy_scene.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 2;
constexpr int64_t kRecords = 300;

TEST(AddressesTest, ADeadFirstAddressAHostNameAndIpv6) {
  absl::StatusOr<std::unique_ptr<CopyScene>> started = CopyScene::Start({.target = {.version = "4.3.1", .brokers = 1}});
  ASSERT_TRUE(started.ok()) << started.status();
  CopyScene& scene = **started;
  // The source's broker is there for clients by IPv6 only, and tells them so.
  const std::string ipv6 = absl::StrCat("[::1]:", scene.source().client_port(1));
  const std::string listeners =
      absl::StrCat("INTERNAL://127.0.0.1:", scene.source().internal_port(1), ",CLIENT://", ipv6);
  ASSERT_OK(scene.source().AlterProperties(1, {{"listeners", listeners}, {"advertised.listeners", listeners}}));
  ASSERT_OK(scene.source().Restart(1));
  ASSERT_OK(scene.source_admin().CreateTopic({.name = "addressed", .partitions = kPartitions}));
  LoadOptions load = scene.Load("addressed", kPartitions);
  load.records_total = kRecords;
  absl::StatusOr<LoadCounts> written = WriteLoad(load, kPatience);
  ASSERT_TRUE(written.ok()) << written.status();

  ReplicatorOptions options = scene.Replicator("addressed");
  options.replication_factor = 1;
  options.source_bootstrap_servers = absl::StrCat("127.0.0.1:", FreePort(), ",", ipv6);
  options.target_bootstrap_servers =
      absl::StrCat("127.0.0.1:", FreePort(), ", localhost:", scene.target().client_port(1));
  absl::StatusOr<std::unique_ptr<ReplicatorProcess>> replicator = ReplicatorProcess::Start(options);
  ASSERT_TRUE(replicator.ok()) << replicator.status();
  EXPECT_TRUE(scene.Equal({"addressed"})) << (*replicator)->LogTail();
  EXPECT_TRUE(StopsHealthy(**replicator));
}

}  // namespace
}  // namespace replicator::tests
