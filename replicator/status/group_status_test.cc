#include "replicator/status/group_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace replicator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

GroupsStatus Sample() {
  GroupsStatus status;
  status.is_enabled = true;
  status.as_of_ms = 1'000'000;
  status.last_cycle_ms = 970'000;
  status.interval_seconds = 60;
  status.excluded_by_default = {"connect-a"};
  status.groups = {
      {.group = "a", .state = GroupState::kInStep, .partitions = 6, .in_step = 6},
      {.group = "billing",
       .state = GroupState::kLeftAlone,
       .partitions = 3,
       .since_ms = 1000,
       .why = "left alone from now on"},
      {.group = "c", .state = GroupState::kWaiting, .partitions = 4, .in_step = 3, .why = "t-1: the copy"},
      {.group = "s", .state = GroupState::kNotMoved, .why = "a group of type share"},
  };
  return status;
}

TEST(GroupStatusTest, EachGroupHasALineTheWorstFirst) {
  const std::string text = GroupsText(Sample(), 1'000'000);
  EXPECT_THAT(text, HasSubstr("consumer groups: 1 of 4 in step, 1 waiting, 1 not moved, 1 left alone\n"));
  EXPECT_THAT(text, HasSubstr("looked at every 1 min 0 s, the last time 30 s ago"));
  EXPECT_THAT(text, HasSubstr("billing  left alone   0 of 3     left alone from now on (since 1970-01-01 00:00:01"));
  EXPECT_THAT(text, HasSubstr("c        waiting      3 of 4     t-1: the copy\n"));
  EXPECT_THAT(text, HasSubstr("\na        in step      6 of 6\n"));
  EXPECT_THAT(text, HasSubstr("groups.exclude: connect-a"));
  EXPECT_LT(text.find("billing"), text.find("\nc  "));
  EXPECT_LT(text.find("\nc  "), text.find("\na  "));
}

TEST(GroupStatusTest, WhatHindersAllStandsInTheSummary) {
  GroupsStatus status = Sample();
  status.trouble = "the lock cannot be confirmed";
  EXPECT_THAT(GroupsSummary(status), HasSubstr("1 left alone; the lock cannot be confirmed"));
  EXPECT_THAT(GroupsSummary({}), HasSubstr("sync.group.offsets.enabled is not true"));
  EXPECT_THAT(GroupsText({}, 0), Not(HasSubstr("GROUP ")));
}

TEST(GroupStatusTest, TheJsonReadsBack) {
  const GroupsStatus status = Sample();
  const absl::StatusOr<GroupsStatus> read = ParseGroupsStatus(ToJson(status));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->groups, status.groups);
  EXPECT_EQ(read->excluded_by_default, status.excluded_by_default);
  EXPECT_EQ(read->last_cycle_ms, status.last_cycle_ms);
  EXPECT_EQ(GroupsText(*read, 5), GroupsText(status, 5));
  EXPECT_FALSE(ParseGroupsStatus("{}").ok());
  EXPECT_FALSE(ParseGroupsStatus("{\"schema_version\": 2, \"enabled\": true, \"groups\": []}").ok());
  EXPECT_FALSE(ParseGroupsStatus("x").ok());
}

}  // namespace
}  // namespace replicator
