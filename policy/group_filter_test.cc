#include "policy/group_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace replicator::policy {
namespace {

using ::testing::HasSubstr;

GroupFilter Make(GroupFilterOptions options) {
  absl::StatusOr<GroupFilter> filter = GroupFilter::Create(std::move(options));
  EXPECT_TRUE(filter.ok()) << filter.status();
  return *std::move(filter);
}

TEST(GroupFilterTest, TakesAllGroupsButThoseOfToolsByDefault) {
  const GroupFilter filter = Make({});
  const std::vector<std::pair<std::string, GroupDecision>> cases = {
      {"orders", GroupDecision::kSync},
      {"orders with spaces, and more", GroupDecision::kSync},
      {"my-connect-orders", GroupDecision::kSync},
      {"connect-orders-sink", GroupDecision::kExcludedByDefault},
      {"console-consumer-12345", GroupDecision::kExcludedByDefault},
      {"__internal", GroupDecision::kExcludedByDefault},
      {"replicator.old->new", GroupDecision::kNever},
      {"replicator.of-mine", GroupDecision::kSync},
  };
  for (const auto& [group, expected] : cases) EXPECT_EQ(filter.Decide(group), expected) << group;
}

TEST(GroupFilterTest, AFullNameWinsOverTheDefaultOfWhatIsExcluded) {
  const GroupFilter filter = Make({.groups = {".*", "connect-orders", R"(connect-a\.b)"}});
  EXPECT_EQ(filter.Decide("connect-orders"), GroupDecision::kSync);
  EXPECT_EQ(filter.Decide("connect-a.b"), GroupDecision::kSync);
  EXPECT_EQ(filter.Decide("connect-other"), GroupDecision::kExcludedByDefault);
}

TEST(GroupFilterTest, WhatTheFileExcludesIsExcluded) {
  const GroupFilter filter =
      Make({.groups = {"orders-.*", "orders-x"}, .groups_exclude = {"orders-x"}, .excludes_by_default = false});
  EXPECT_EQ(filter.Decide("orders-1"), GroupDecision::kSync);
  EXPECT_EQ(filter.Decide("orders-x"), GroupDecision::kExcluded);
  EXPECT_EQ(filter.Decide("connect-orders-1"), GroupDecision::kNotIncluded);
  EXPECT_EQ(Make({.groups_exclude = {}, .excludes_by_default = false}).Decide("connect-x"), GroupDecision::kSync);
}

TEST(GroupFilterTest, TheLineToAddDoesWhatItSays) {
  EXPECT_EQ(Make({}).LineToAdd({"connect-a", "connect-b"}), "groups = .*, connect-a, connect-b");
  EXPECT_EQ(Make({.groups = {R"(o\.x.*)", "connect-.*"}}).LineToAdd({"connect-a"}),
            R"(groups = o\\.x.*, connect-.*, connect-a)");
  EXPECT_EQ(Make({.groups = {".*", "connect-a"}}).Decide("connect-a"), GroupDecision::kSync);
}

TEST(GroupFilterTest, RefusesAPatternThatCannotBeRead) {
  EXPECT_THAT(std::string(GroupFilter::Create({.groups = {"(broken"}}).status().message()), HasSubstr("`(broken`"));
  EXPECT_THAT(std::string(GroupFilter::Create({.groups_exclude = {"(?!x).*"}}).status().message()),
              HasSubstr("`(?!x).*`"));
}

}  // namespace
}  // namespace replicator::policy
