#include "replicator/ownership/link_topic.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"

namespace replicator {
namespace {

TEST(LinkTopicTest, TheTopicIsNamedAfterTheLinkAndInternal) {
  EXPECT_EQ(LinkTopic("old", "new"), "replicator-link.old-to-new.internal");
  EXPECT_EQ(LinkTopic("dc-1.east", "dc_2"), "replicator-link.dc-1.east-to-dc_2.internal");
}

TEST(LinkTopicTest, WhatATopicMayNotBeCalledIsReplacedAndKeptApart) {
  const std::string one = LinkTopic("a b", "c");
  const std::string other = LinkTopic("a/b", "c");
  EXPECT_TRUE(absl::StartsWith(one, "replicator-link.a_b-to-c.")) << one;
  EXPECT_TRUE(absl::EndsWith(one, ".internal")) << one;
  EXPECT_NE(one, other);
  EXPECT_NE(one, LinkTopic("a_b", "c"));
}

TEST(LinkTopicTest, ALongNameIsCutAndKeptApart) {
  const std::string one = LinkTopic(std::string(300, 'x') + "1", "c");
  const std::string other = LinkTopic(std::string(300, 'x') + "2", "c");
  EXPECT_EQ(one.size(), 249u);
  EXPECT_TRUE(absl::EndsWith(one, ".internal")) << one;
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace replicator
