// How clusters are addressed: several bootstrap addresses of which the first is dead, a host name, IPv6.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/scene/scene_test.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 2;
constexpr int64_t kRecords = 300;

// The source is given other listeners, so no other test may have it.
struct Readdressed {
  static constexpr char kName[] = "3.1.2 x 1 by IPv6 to 4.3.1 x 1";
  static SceneOptions Options() { return {.source = {.version = "3.1.2"}, .target = {.version = "4.3.1"}}; }
};
class AddressesTest : public SceneTest<Readdressed> {};

TEST_F(AddressesTest, ADeadFirstAddressAHostNameAndIpv6) {
  // The source's broker is there for clients by IPv6 only, and tells them so.
  const std::string ipv6 = absl::StrCat("[::1]:", scene_->source().client_port(1));
  const std::string listeners =
      absl::StrCat("INTERNAL://127.0.0.1:", scene_->source().internal_port(1), ",CLIENT://", ipv6);
  ASSERT_OK(scene_->source().AlterProperties(1, {{"listeners", listeners}, {"advertised.listeners", listeners}}));
  ASSERT_OK(scene_->source().Restart(1));
  ASSERT_OK(scene_->source_admin().CreateTopic({.name = "addressed", .partitions = kPartitions}));
  LoadOptions load = scene_->Load("addressed", kPartitions);
  load.records_total = kRecords;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load));

  ReplicatorOptions options = scene_->Replicator("addressed");
  options.source_bootstrap_servers = absl::StrCat("127.0.0.1:", FreePort(), ",", ipv6);
  options.target_bootstrap_servers =
      absl::StrCat("127.0.0.1:", FreePort(), ", localhost:", scene_->target().client_port(1));
  const std::unique_ptr<ReplicatorProcess> replicator = Run(options);
  ASSERT_NE(replicator, nullptr);
  EXPECT_TRUE(scene_->Equal({"addressed"})) << replicator->LogTail();
  EXPECT_TRUE(StopsHealthy(*replicator));
}

}  // namespace
}  // namespace replicator::tests
