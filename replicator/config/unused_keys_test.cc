#include "replicator/config/unused_keys.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "replicator/config/known_keys.h"

namespace replicator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const FileShape kFile = {{"A", "B", "C"}, "A", "B"};

std::string RemarkOn(KeyRemark::Kind kind, const std::string& key, const std::string& value) {
  const KeyRemark remark = ExplainUnusedKey(kFile, key, value);
  EXPECT_EQ(remark.kind, kind) << key;
  EXPECT_THAT(remark.text, Not(HasSubstr("hidden")));
  return remark.text;
}

std::string WarningOn(const std::string& key, const std::string& value = "hidden") {
  return RemarkOn(KeyRemark::Kind::kWarning, key, value);
}

std::string InfoOn(const std::string& key, const std::string& value = "hidden") {
  return RemarkOn(KeyRemark::Kind::kInfo, key, value);
}

TEST(UnusedKeysTest, SaysWhatHasNothingToActOn) {
  EXPECT_EQ(InfoOn("offset.storage.replication.factor"), "there is no Connect worker here");
  EXPECT_THAT(InfoOn("dedicated.mode.enable.internal.rest", "true"), HasSubstr("no REST interface"));
  EXPECT_THAT(InfoOn("listeners.https.ssl.keystore.location"), HasSubstr("no REST interface"));
  EXPECT_THAT(InfoOn("ssl.client.auth"), HasSubstr("no REST interface"));
  EXPECT_THAT(InfoOn("B.producer.linger.ms"), HasSubstr("batches keep the size"));
  EXPECT_THAT(InfoOn("A->B.producer.override.acks"), HasSubstr("always written idempotently"));
  EXPECT_THAT(InfoOn("key.converter.schemas.enable"), HasSubstr("nothing is converted"));
  EXPECT_THAT(InfoOn("transforms.route.type"), HasSubstr("nothing is converted"));
  EXPECT_THAT(InfoOn("A.consumer.fetch.max.bytes"), HasSubstr("--buffer-bytes"));
  EXPECT_THAT(InfoOn("A->B.source.consumer.client.id"), HasSubstr("`replicator.A->B`"));
  EXPECT_THAT(InfoOn("A.admin.request.timeout.ms"), HasSubstr("fixed"));
  EXPECT_THAT(InfoOn("emit.heartbeats.interval.seconds"), HasSubstr("no heartbeats topic"));
  EXPECT_THAT(InfoOn("emit.checkpoints.interval.seconds"), HasSubstr("no checkpoints topic"));
  EXPECT_THAT(InfoOn("offset-syncs.topic.location"), HasSubstr("every offset is known exactly"));
  EXPECT_THAT(InfoOn("consumer.poll.timeout.ms"), HasSubstr("fixed"));
  EXPECT_THAT(InfoOn("bootstrap.servers"), HasSubstr("A and B have servers of their own"));
}

TEST(UnusedKeysTest, WarnsOfWhatIsNotDoneYet) {
  EXPECT_EQ(WarningOn("sync.topic.acls.enabled", "true"),
            "`sync.topic.acls.enabled` is not honoured: not yet: ACLs are not copied by this version");
  EXPECT_THAT(WarningOn("use.incremental.alter.configs"), HasSubstr("not yet: a topic gets the source's settings"));
  EXPECT_THAT(WarningOn("heartbeats.replication.enabled", "true"), HasSubstr("its name in full"));
  EXPECT_THAT(WarningOn("A.consumer.client.rack"), HasSubstr("another zone"));
  EXPECT_THAT(WarningOn("config.providers.file.param.secret"), HasSubstr("param.allowed.paths"));
}

TEST(UnusedKeysTest, SaysNothingWhereFalseAsksForWhatHappensAnyway) {
  for (const char* key : {"sync.topic.acls.enabled", "emit.heartbeats.enabled", "A->B.sync.topic.configs.enabled",
                          "dedicated.mode.enable.internal.rest"}) {
    EXPECT_EQ(ExplainUnusedKey(kFile, key, " False ").kind, KeyRemark::Kind::kNone) << key;
    EXPECT_NE(ExplainUnusedKey(kFile, key, "true").kind, KeyRemark::Kind::kNone) << key;
  }
  EXPECT_EQ(ExplainUnusedKey(kFile, "sync.topic.acls.interval.seconds", "false").kind, KeyRemark::Kind::kWarning);
}

TEST(UnusedKeysTest, NothingIsConsumedFromTheTargetOrProducedToTheSource) {
  EXPECT_THAT(InfoOn("B.consumer.isolation.level"), HasSubstr("nothing is consumed from the target"));
  EXPECT_THAT(InfoOn("A->B.target.consumer.isolation.level"), HasSubstr("nothing is consumed from the target"));
  EXPECT_THAT(InfoOn("A.producer.acks"), HasSubstr("nothing is produced to the source"));
}

TEST(UnusedKeysTest, TellsTheRightPlaceOfAKeyThatWouldBeHonouredThere) {
  EXPECT_THAT(WarningOn("consumer.isolation.level"),
              HasSubstr("no effect in this place: write A.consumer.isolation.level"));
  EXPECT_THAT(WarningOn("A.isolation.level"), HasSubstr("write A.consumer.isolation.level"));
  EXPECT_THAT(WarningOn("cluster.id"), HasSubstr("write A.cluster.id or B.cluster.id"));
  EXPECT_THAT(WarningOn("A.auto.offset.reset"), HasSubstr("write A.consumer.auto.offset.reset"));
  EXPECT_THAT(WarningOn("A.topics"), HasSubstr("write topics or A->B.topics"));
  EXPECT_THAT(WarningOn("A->B.clusters"), HasSubstr("write clusters"));
  EXPECT_THAT(WarningOn("enabled"), HasSubstr("write A->B.enabled"));
  EXPECT_THAT(WarningOn("A.consumer.replication.factor"), HasSubstr("write replication.factor or"));
}

TEST(UnusedKeysTest, SuggestsTheNearestKnownKey) {
  EXPECT_EQ(WarningOn("topic"), "`topic` is not honoured: unknown key, did you mean `topics`?");
  EXPECT_THAT(WarningOn("refresh.topic.enabled"), HasSubstr("did you mean `refresh.topics.enabled`?"));
  EXPECT_THAT(WarningOn("A->B.topics.exlude"), HasSubstr("did you mean `A->B.topics.exclude`?"));
  EXPECT_THAT(WarningOn("A.consumer.isolation.levl"), HasSubstr("did you mean `A.consumer.isolation.level`?"));
  EXPECT_THAT(WarningOn("task.max"), HasSubstr("did you mean `tasks.max`?"));
  EXPECT_EQ(WarningOn("something.quite.different"), "`something.quite.different` is not honoured: unknown key");
}

TEST(UnusedKeysTest, TellsAnUnknownClusterOrLinkFromAnUnknownKey) {
  EXPECT_EQ(
      WarningOn("D.topics"),
      "`D.topics` is not honoured: unknown key, `D` is neither one of the clusters A, B, C nor a link between them");
  EXPECT_THAT(WarningOn("A-B.topics"), HasSubstr("; did you mean `A->B.topics`?"));
  EXPECT_THAT(WarningOn("A->X.replication.factor"), HasSubstr("`A->X` is neither"));
  EXPECT_THAT(WarningOn("consumers.max.poll.records"), HasSubstr("did you mean `consumer.max.poll.records`?"));
}

TEST(UnusedKeysTest, PassesOverWhatBelongsToOtherLinksAndClusters) {
  EXPECT_EQ(InfoOn("B->A.topics"), "of the link B->A, and this process copies A->B");
  EXPECT_THAT(InfoOn("C.sasl.jaas.config"), HasSubstr("of the cluster C"));
  EXPECT_TRUE(BelongsElsewhere(kFile, "C.x"));
  EXPECT_FALSE(BelongsElsewhere(kFile, "A.x"));
  EXPECT_FALSE(BelongsElsewhere(kFile, "A->B.x"));
  EXPECT_FALSE(BelongsElsewhere(kFile, "x"));
}

TEST(UnusedKeysTest, RefusesOtherBrokersAndAProtocolInAPlaceThatNoClientLooksAt) {
  EXPECT_THAT(InfoOn("A.ssl.truststore.location"), HasSubstr("no security.protocol of this link"));
  EXPECT_EQ(ExplainUnusedKey(kFile, "A->B.security.protocol", "plaintext").kind, KeyRemark::Kind::kNone);
  EXPECT_THAT(RemarkOn(KeyRemark::Kind::kError, "A->B.security.protocol", "hidden"),
              AllOf(StartsWith("`A->B.security.protocol`"), HasSubstr("plaintext only")));
  EXPECT_THAT(RemarkOn(KeyRemark::Kind::kError, "A.consumer.bootstrap.servers", "hidden:1"),
              HasSubstr("write A.bootstrap.servers and B.bootstrap.servers"));
}

TEST(UnusedKeysTest, ShortensAndEscapesKeys) {
  EXPECT_EQ(WarningOn("a\nb"), "`a\\nb` is not honoured: unknown key");
  EXPECT_LT(WarningOn(std::string(100000, 'x')).size(), 300u);
}

TEST(KnownKeysTest, EachNameStandsThereOnceAndHasAReasonUnlessItIsHonoured) {
  for (const std::string& name : KnownKeyNames()) {
    int found = 0;
    for (const KnownKey* key : {FindLinkKey(name), FindClientKey(name)}) {
      if (key == nullptr || key->name != name) continue;
      ++found;
      EXPECT_EQ(key->reason.empty(), key->fate == KeyFate::kHonoured) << name;
    }
    EXPECT_GE(found, 1) << name;
  }
}

TEST(KnownKeysTest, TheLongestStartDecides) {
  EXPECT_EQ(FindLinkKey("admin.listeners.https.ssl.key.password")->name, "admin.listeners.*");
  EXPECT_EQ(FindLinkKey("listeners")->name, "listeners");
  EXPECT_EQ(FindLinkKey("config.storage."), nullptr);
  EXPECT_EQ(FindLinkKey("nothing"), nullptr);
}

}  // namespace
}  // namespace replicator
