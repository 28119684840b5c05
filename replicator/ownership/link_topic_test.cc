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

TEST(LinkTopicTest, ATopicThatWouldForgetIsNamedWithTheRemedy) {
  EXPECT_TRUE(JudgeLinkTopicSettings("t", 64, "compact").ok());
  EXPECT_TRUE(JudgeLinkTopicSettings("t", 64, std::nullopt).ok()) << "the target does not tell";
  for (const char* policy : {"delete", "compact,delete", ""}) {
    const absl::Status judged = JudgeLinkTopicSettings("t", 64, policy);
    EXPECT_EQ(judged.code(), absl::StatusCode::kFailedPrecondition) << policy;
    EXPECT_TRUE(absl::StrContains(judged.message(), "--add-config cleanup.policy=compact")) << judged;
  }
  for (const int partitions : {0, 1, 63, 65}) {
    const absl::Status judged = JudgeLinkTopicSettings("t", partitions, "compact");
    EXPECT_EQ(judged.code(), absl::StatusCode::kFailedPrecondition) << partitions;
    EXPECT_TRUE(absl::StrContains(judged.message(), "must have 64")) << judged;
  }
}

}  // namespace
}  // namespace replicator
