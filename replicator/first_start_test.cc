#include "replicator/first_start.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"

namespace replicator {
namespace {

TEST(FirstStartTest, TheTopicIsNamedAfterTheLinkAndInternal) {
  EXPECT_EQ(FirstStartTopic("old", "new"), "replicator-link.old-to-new.internal");
  EXPECT_EQ(FirstStartTopic("dc-1.east", "dc_2"), "replicator-link.dc-1.east-to-dc_2.internal");
}

TEST(FirstStartTest, WhatATopicMayNotBeCalledIsReplacedAndKeptApart) {
  const std::string one = FirstStartTopic("a b", "c");
  const std::string other = FirstStartTopic("a/b", "c");
  EXPECT_TRUE(absl::StartsWith(one, "replicator-link.a_b-to-c.")) << one;
  EXPECT_TRUE(absl::EndsWith(one, ".internal")) << one;
  EXPECT_NE(one, other);
  EXPECT_NE(one, FirstStartTopic("a_b", "c"));
}

TEST(FirstStartTest, ALongNameIsCutAndKeptApart) {
  const std::string one = FirstStartTopic(std::string(300, 'x') + "1", "c");
  const std::string other = FirstStartTopic(std::string(300, 'x') + "2", "c");
  EXPECT_EQ(one.size(), 249u);
  EXPECT_TRUE(absl::EndsWith(one, ".internal")) << one;
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace replicator
