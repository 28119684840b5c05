#include "replicator/config/client_settings.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator {
namespace {

using ::testing::ElementsAre;

TEST(ClientSettingKeysTest, TheSourcesConsumerLooksWhereMirrorMakerDoes) {
  EXPECT_THAT(ClientSettingKeys("A", "B", LinkSide::kSource, ClientRole::kConsumer, "isolation.level"),
              ElementsAre("A->B.source.consumer.isolation.level", "A.consumer.isolation.level",
                          "A->B.consumer.isolation.level"));
}

TEST(ClientSettingKeysTest, ConnectionSettingsAreAlsoTakenFromTheClusterAndTheFile) {
  EXPECT_THAT(ClientSettingKeys("A", "B", LinkSide::kSource, ClientRole::kConsumer, "ssl.protocol"),
              ElementsAre("A->B.source.consumer.ssl.protocol", "A.consumer.ssl.protocol", "A.ssl.protocol",
                          "ssl.protocol", "A->B.consumer.ssl.protocol", "A->B.source.cluster.ssl.protocol"));
}

TEST(ClientSettingKeysTest, TheTargetsAdminLooksOnTheTargetsSide) {
  EXPECT_THAT(ClientSettingKeys("A", "B", LinkSide::kTarget, ClientRole::kAdmin, "retries"),
              ElementsAre("A->B.target.admin.retries", "B.admin.retries", "A->B.admin.retries"));
}

TEST(ClientSettingKeysTest, RecordsAreWrittenByTheWorkersProducer) {
  EXPECT_THAT(ClientSettingKeys("A", "B", LinkSide::kTarget, ClientRole::kProducer, "acks"),
              ElementsAre("A->B.producer.override.acks", "B.producer.acks"));
  EXPECT_THAT(ClientSettingKeys("A", "B", LinkSide::kTarget, ClientRole::kProducer, "sasl.mechanism"),
              ElementsAre("A->B.producer.override.sasl.mechanism", "B.producer.sasl.mechanism", "B.sasl.mechanism",
                          "sasl.mechanism"));
}

TEST(ParseClientSettingTest, TakesSideAndRoleOffTheName) {
  const ClientSetting consumer = ParseClientSetting("source.consumer.fetch.min.bytes");
  EXPECT_EQ(consumer.side, LinkSide::kSource);
  EXPECT_EQ(consumer.role, ClientRole::kConsumer);
  EXPECT_EQ(consumer.name, "fetch.min.bytes");

  const ClientSetting cluster = ParseClientSetting("target.cluster.security.protocol");
  EXPECT_EQ(cluster.side, LinkSide::kTarget);
  EXPECT_FALSE(cluster.role.has_value());
  EXPECT_EQ(cluster.name, "security.protocol");

  const ClientSetting producer = ParseClientSetting("producer.override.acks");
  EXPECT_EQ(producer.role, ClientRole::kProducer);
  EXPECT_EQ(producer.name, "acks");

  const ClientSetting plain = ParseClientSetting("cluster.id");
  EXPECT_FALSE(plain.side.has_value());
  EXPECT_FALSE(plain.role.has_value());
  EXPECT_EQ(plain.name, "cluster.id");
}

}  // namespace
}  // namespace replicator
