#include "replicator/link/cluster_pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "kafka/client/errors.h"

namespace replicator {
namespace {

using ::testing::HasSubstr;

constexpr kafka::Uuid kId = {1};
constexpr kafka::Uuid kOtherId = {2};

kafka::ClusterMetadata Cluster(const std::string& id, const std::string& host,
                               const std::map<std::string, kafka::Uuid>& topics = {}) {
  kafka::ClusterMetadata metadata;
  metadata.cluster_id = id;
  metadata.brokers[1] = {host, 9092};
  for (const auto& [name, topic_id] : topics) metadata.topics[name].id = topic_id;
  return metadata;
}

Sides Compare(const kafka::ClusterMetadata& source, const kafka::ClusterMetadata& target) {
  return CompareSides(source, target).sides;
}

TEST(ClusterPairTest, OtherIdsAreOtherClusters) {
  EXPECT_EQ(Compare(Cluster("x", "a"), Cluster("y", "a")), Sides::kTwoClusters);
}

TEST(ClusterPairTest, OneAddressIsOneCluster) {
  const SidesVerdict verdict = CompareSides(Cluster("x", "a", {{"t", kId}}), Cluster("x", "a", {{"t", kOtherId}}));
  EXPECT_EQ(verdict.sides, Sides::kOneCluster);
  EXPECT_THAT(verdict.why, HasSubstr("a:9092"));
}

TEST(ClusterPairTest, TopicIdsTell) {
  EXPECT_EQ(Compare(Cluster("x", "a", {{"t", kId}}), Cluster("x", "b", {{"t", kId}})), Sides::kOneCluster);
  EXPECT_EQ(Compare(Cluster("x", "a", {{"t", kId}}), Cluster("x", "b", {{"t", kOtherId}})), Sides::kTwoClusters);
  EXPECT_EQ(Compare(Cluster("x", "a", {{"s", kId}, {"t", kId}}), Cluster("x", "b", {{"s", kOtherId}, {"t", kId}})),
            Sides::kOneCluster);
}

TEST(ClusterPairTest, OtherAddressesAloneDoNotTell) {
  EXPECT_EQ(Compare(Cluster("x", "a"), Cluster("x", "b")), Sides::kNotTold);
  EXPECT_EQ(Compare(Cluster("x", "a", {{"t", kId}}), Cluster("x", "b", {{"u", kOtherId}})), Sides::kNotTold);
  EXPECT_EQ(Compare(Cluster("x", "a", {{"t", kafka::kNoUuid}}), Cluster("x", "b", {{"t", kafka::kNoUuid}})),
            Sides::kNotTold);
}

SidesVerdict Judge(int16_t error_code, kafka::Uuid at_source, kafka::Uuid on_target, Sides so_far = Sides::kNotTold) {
  kafka::MetadataResponse::Topic topic;
  topic.name = "link";
  topic.error_code = error_code;
  topic.id = at_source;
  return JudgeLinkTopic(topic, on_target, {so_far, "so far"});
}

TEST(ClusterPairTest, TheLinksTopicIsOnTheTargetAlone) {
  EXPECT_EQ(Judge(kafka::kErrorUnknownTopicOrPartition, kafka::kNoUuid, kId).sides, Sides::kTwoClusters);
  EXPECT_EQ(Judge(kafka::kErrorNone, kOtherId, kId).sides, Sides::kTwoClusters);
  EXPECT_EQ(Judge(kafka::kErrorNone, kId, kId).sides, Sides::kOneCluster);
  EXPECT_EQ(Judge(kafka::kErrorNone, kafka::kNoUuid, kafka::kNoUuid).sides, Sides::kOneCluster);
  EXPECT_EQ(Judge(kafka::kErrorLeaderNotAvailable, kId, kId, Sides::kTwoClusters).sides, Sides::kOneCluster);
}

TEST(ClusterPairTest, AUserWhoMayNotKnowIsToldWhichRightIsMissing) {
  const SidesVerdict verdict = Judge(kafka::kErrorTopicAuthorizationFailed, kafka::kNoUuid, kId);
  EXPECT_EQ(verdict.sides, Sides::kNotTold);
  EXPECT_THAT(verdict.why, HasSubstr("DESCRIBE"));
  EXPECT_EQ(Judge(kafka::kErrorTopicAuthorizationFailed, kafka::kNoUuid, kId, Sides::kTwoClusters).sides,
            Sides::kTwoClusters);
}

}  // namespace
}  // namespace replicator
