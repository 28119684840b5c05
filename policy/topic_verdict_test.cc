#include "policy/topic_verdict.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator::policy {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TopicVerdictTest : public ::testing::Test {
 protected:
  TopicVerdictTest() {
    source_ = {{"cleanup.policy", {"delete", false}},
               {"delete.retention.ms", {"86400000", false}},
               {"retention.ms", {"-1", true}},
               {"retention.bytes", {"-1", false}}};
    target_ = source_;
    sides_.source_topic = "orders";
    sides_.target_topic = "eu.orders";
    sides_.source = &source_;
    sides_.target = &target_;
    sides_.source_partitions = sides_.target_partitions = 6;
  }

  TopicVerdict Judge() { return JudgeTopic(sides_); }
  void SetTarget(const char* name, const char* value) { target_[name] = {value, true}; }

  SettingValues source_;
  SettingValues target_;
  TopicSides sides_;
};

TEST_F(TopicVerdictTest, EqualSidesAreCopied) {
  const TopicVerdict verdict = Judge();
  EXPECT_EQ(verdict.stop, "");
  EXPECT_EQ(verdict.alarm, "");
  EXPECT_THAT(verdict.remarks, IsEmpty());
  EXPECT_FALSE(verdict.is_compacted);
  EXPECT_EQ(verdict.tombstones_kept_ms, std::nullopt);
}

TEST_F(TopicVerdictTest, WhatDeletesStopsATopicBeforeItsFirstBatch) {
  SetTarget("retention.ms", "60000");
  SetTarget("compression.type", "gzip");
  const TopicVerdict verdict = Judge();
  EXPECT_THAT(
      verdict.stop,
      AllOf(HasSubstr("retention.ms is 60000 on the target and -1 at the source"), HasSubstr("compression.type"),
            HasSubstr("--entity-name eu.orders --add-config compression.type=producer,retention.ms=-1"),
            HasSubstr("--accept-target-settings=orders")));
  EXPECT_EQ(verdict.alarm, "");
}

TEST_F(TopicVerdictTest, WhatDeletesIsAnAlarmOnATopicThatIsBeingCopied) {
  sides_.is_begun = true;
  SetTarget("retention.ms", "60000");
  const TopicVerdict verdict = Judge();
  EXPECT_EQ(verdict.stop, "");
  EXPECT_THAT(verdict.alarm, HasSubstr("retention.ms is 60000"));
}

TEST_F(TopicVerdictTest, WhatWouldChangeFurtherRecordsStopsATopicThatIsBeingCopied) {
  sides_.is_begun = true;
  SetTarget("message.timestamp.type", "LogAppendTime");
  EXPECT_THAT(Judge().stop, HasSubstr("LogAppendTime"));
  SetTarget("message.timestamp.type", "CreateTime");
  SetTarget("cleanup.policy", "compact");
  EXPECT_THAT(Judge().stop, HasSubstr("cleanup.policy is compact"));
}

TEST_F(TopicVerdictTest, WhatTheOperatorAcceptsIsARemark) {
  sides_.is_accepted = true;
  sides_.target_partitions = 12;
  SetTarget("retention.ms", "60000");
  SetTarget("message.timestamp.type", "LogAppendTime");
  const TopicVerdict verdict = Judge();
  EXPECT_EQ(verdict.stop, "");
  EXPECT_EQ(verdict.alarm, "");
  EXPECT_TRUE(verdict.replaces_times);
  EXPECT_THAT(verdict.remarks,
              ElementsAre(HasSubstr("accepted: the target topic eu.orders has 12"),
                          HasSubstr("accepted: message.timestamp.type"), HasSubstr("accepted: retention.ms")));
}

TEST_F(TopicVerdictTest, WhatRefusesIsARemark) {
  SetTarget("message.timestamp.after.max.ms", "3600000");
  const TopicVerdict verdict = Judge();
  EXPECT_EQ(verdict.stop + verdict.alarm, "");
  EXPECT_THAT(verdict.remarks, ElementsAre(HasSubstr("further in the future")));
}

TEST_F(TopicVerdictTest, MorePartitionsThanTheSourceAreAnAlarm) {
  sides_.target_partitions = 12;
  const TopicVerdict verdict = Judge();
  EXPECT_EQ(verdict.stop, "");
  EXPECT_THAT(verdict.alarm, HasSubstr("has 12 partitions, the source 6"));
}

TEST_F(TopicVerdictTest, ASideThatDoesNotTellCountsAsCompacted) {
  sides_.source = nullptr;
  sides_.source_error = "TOPIC_AUTHORIZATION_FAILED";
  TopicVerdict verdict = Judge();
  EXPECT_TRUE(verdict.is_compacted);
  EXPECT_EQ(verdict.stop, "");
  EXPECT_THAT(verdict.alarm,
              HasSubstr("source does not tell the settings of topic orders (TOPIC_AUTHORIZATION_FAILED)"));
  sides_.source = &source_;
  sides_.target = nullptr;
  sides_.target_error = "TOPIC_AUTHORIZATION_FAILED";
  verdict = Judge();
  EXPECT_TRUE(verdict.is_compacted);
  EXPECT_THAT(verdict.stop, HasSubstr("target does not tell the settings of topic eu.orders"));
  sides_.is_begun = true;
  verdict = Judge();
  EXPECT_EQ(verdict.stop, "");
  EXPECT_THAT(verdict.alarm, HasSubstr("target does not tell"));
}

TEST_F(TopicVerdictTest, WhatIsAcceptedMayReplaceTimesWhereTheTargetDoesNotTell) {
  sides_.target = nullptr;
  EXPECT_FALSE(Judge().replaces_times);
  sides_.is_accepted = true;
  EXPECT_TRUE(Judge().replaces_times);
  EXPECT_TRUE(Judge().is_told);
}

TEST_F(TopicVerdictTest, AnEarlierStopIsLiftedOnlyByWhatWasTold) {
  sides_.is_begun = true;
  EXPECT_TRUE(Judge().is_told);
  sides_.source = nullptr;
  EXPECT_TRUE(Judge().is_told) << "a target that does not compact is harmless whatever the source has";
  SetTarget("cleanup.policy", "compact");
  EXPECT_FALSE(Judge().is_told);
  sides_.source = &source_;
  EXPECT_TRUE(Judge().is_told);
  sides_.target = nullptr;
  EXPECT_FALSE(Judge().is_told);
  sides_.target = &target_;
  sides_.is_made = true;
  EXPECT_FALSE(Judge().is_told) << "nothing was compared";
}

TEST_F(TopicVerdictTest, EitherSideMayBeCompacted) {
  source_["cleanup.policy"].value = "compact";
  source_["retention.ms"].value = "5";
  EXPECT_TRUE(Judge().is_compacted);
  EXPECT_EQ(Judge().tombstones_kept_ms, 86400000);
  source_["cleanup.policy"].value = "delete";
  SetTarget("cleanup.policy", "compact,delete");
  EXPECT_TRUE(Judge().is_compacted);
}

TEST_F(TopicVerdictTest, APolicyOnWhichTheSourcesBrokersDisagreeIsUnknown) {
  source_["cleanup.policy"].value = "";  // what both "compact" and "delete" do
  sides_.source_brokers_disagree = true;
  sides_.is_begun = true;
  for (const char* policy : {"delete", "compact"}) {
    SetTarget("cleanup.policy", policy);
    SetTarget("retention.ms", "60000");
    const TopicVerdict verdict = Judge();
    EXPECT_EQ(verdict.stop, "");
    EXPECT_THAT(verdict.alarm, HasSubstr("brokers disagree on its cleanup.policy"));
    EXPECT_THAT(verdict.alarm, Not(HasSubstr("--add-config")));
    EXPECT_TRUE(verdict.is_compacted);
    EXPECT_EQ(verdict.is_told, policy == absl::string_view("delete"));
  }
}

TEST_F(TopicVerdictTest, ATopicWithAPolicyOfItsOwnDoesNotMindItsBrokers) {
  source_["cleanup.policy"] = {"delete", true};
  sides_.source_brokers_disagree = true;
  sides_.is_begun = true;
  SetTarget("cleanup.policy", "compact");
  const TopicVerdict verdict = Judge();
  EXPECT_THAT(verdict.stop, HasSubstr("cleanup.policy is compact"));
  EXPECT_EQ(verdict.alarm, "");
}

TEST_F(TopicVerdictTest, WhatWasMadeAMomentAgoIsNotCompared) {
  sides_.is_made = true;
  SetTarget("retention.ms", "1");
  EXPECT_EQ(Judge().stop, "");
}

}  // namespace
}  // namespace replicator::policy
