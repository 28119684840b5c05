// The keys of the file about consumer groups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "replicator/config/config.h"
#include "replicator/config/properties.h"

namespace replicator {
namespace {

using policy::GroupDecision;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// What is under test begins at line 5.
absl::StatusOr<LinkConfig> Read(const std::string& more) {
  const std::string text =
      "clusters = A, B\nA.bootstrap.servers = a:9092\nB.bootstrap.servers = b:9092\nA->B.enabled = true\n" + more +
      "\nA.consumer.isolation.level = read_committed\n";
  absl::StatusOr<Properties> properties = Properties::Parse(text, "mm2.properties");
  if (!properties.ok()) return properties.status();
  return ReadLinkConfig(*properties);
}

LinkConfig WithLink(const std::string& more) {
  absl::StatusOr<LinkConfig> config = Read(more);
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *std::move(config) : LinkConfig();
}

std::string ErrorWithLink(const std::string& more) { return std::string(Read(more).status().message()); }

TEST(ConfigGroupsTest, KeepsGroupsInStepWhenTheFileAsksForIt) {
  EXPECT_FALSE(WithLink("").sync_group_offsets) << "MirrorMaker's default";
  const LinkConfig defaults = WithLink("sync.group.offsets.enabled = true\n");
  EXPECT_TRUE(defaults.sync_group_offsets);
  EXPECT_EQ(defaults.sync_group_offsets_interval, absl::Seconds(60));
  EXPECT_TRUE(defaults.refresh_groups_enabled);
  EXPECT_EQ(defaults.refresh_groups_interval, absl::Seconds(600));
  EXPECT_EQ(defaults.group_filter.Decide("orders"), GroupDecision::kSync);
  EXPECT_EQ(defaults.group_filter.Decide("connect-orders"), GroupDecision::kExcludedByDefault);
  EXPECT_THAT(defaults.warnings, IsEmpty());

  const LinkConfig config = WithLink(
      "sync.group.offsets.enabled = false\n"
      "A->B.sync.group.offsets.enabled = true\n"
      "A->B.groups = orders-.*\n"
      "groups.blacklist = orders-old\n"
      "emit.checkpoints.enabled = true\n"
      "sync.group.offsets.interval.seconds = 5\n"
      "refresh.groups.enabled = false\n"
      "refresh.groups.interval.seconds = 7\n"
      "group.filter.class = org.apache.kafka.connect.mirror.DefaultGroupFilter\n");
  EXPECT_TRUE(config.sync_group_offsets);
  EXPECT_EQ(config.sync_group_offsets_interval, absl::Seconds(5));
  EXPECT_FALSE(config.refresh_groups_enabled);
  EXPECT_EQ(config.refresh_groups_interval, absl::Seconds(7));
  EXPECT_EQ(config.group_filter.Decide("orders-1"), GroupDecision::kSync);
  EXPECT_EQ(config.group_filter.Decide("orders-old"), GroupDecision::kExcluded);
  EXPECT_EQ(config.group_filter.Decide("payments"), GroupDecision::kNotIncluded);
}

TEST(ConfigGroupsTest, KeysOfGroupsHaveNoEffectUnlessTheyAreKeptInStep) {
  const LinkConfig config = WithLink("groups = (?!x).*\nA->B.groups.exclude = ${file:/no/such/file:x}\n");
  EXPECT_FALSE(config.sync_group_offsets);
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_THAT(config.infos, Contains("mm2.properties: keys that have no effect unless sync.group.offsets.enabled=true: "
                                     "`groups` (line 5), `A->B.groups.exclude` (line 6)"));
  const LinkConfig without = WithLink("sync.group.offsets.enabled = true\nemit.checkpoints.enabled = false\n");
  EXPECT_FALSE(without.sync_group_offsets) << "as in MirrorMaker";
  EXPECT_THAT(without.warnings, ElementsAre(AllOf(StartsWith("mm2.properties:5: sync.group.offsets.enabled has no"),
                                                  HasSubstr("emit.checkpoints.enabled is false"))));
}

TEST(ConfigGroupsTest, RefusesWhatIsWrongWithGroupsThatAreKeptInStep) {
  const std::string on = "sync.group.offsets.enabled = true\n";
  EXPECT_THAT(ErrorWithLink(on + "groups = (?!x).*\n"), HasSubstr("mm2.properties:6: groups: the pattern `(?!x).*`"));
  EXPECT_THAT(ErrorWithLink(on + "groups.exclude = (\n"), HasSubstr("mm2.properties:6: groups.exclude: "));
  EXPECT_THAT(ErrorWithLink(on + "group.filter.class = com.example.Filter\n"), HasSubstr("groups and groups.exclude"));
  EXPECT_THAT(ErrorWithLink(on + "sync.group.offsets.interval.seconds = 0\n"), HasSubstr("interval.seconds=60"));
  EXPECT_THAT(ErrorWithLink(on + "refresh.groups.interval.seconds = 0\n"), HasSubstr("refresh.groups.enabled=false"));
  EXPECT_THAT(ErrorWithLink("sync.group.offsets.enabled = yes\n"),
              HasSubstr("write sync.group.offsets.enabled=true or"));
}

}  // namespace
}  // namespace replicator
