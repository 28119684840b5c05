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

std::string NoteOn(const std::string& key, const std::string& value = "hidden") {
  const KeyRemark remark = ExplainUnusedKey(kFile, key, value);
  EXPECT_EQ(remark.kind, KeyRemark::Kind::kNote) << key;
  EXPECT_THAT(remark.text, Not(HasSubstr("hidden")));
  return remark.text;
}

TEST(UnusedKeysTest, SaysWhatHasNothingToActOn) {
  EXPECT_EQ(NoteOn("offset.storage.replication.factor"),
            "`offset.storage.replication.factor` is not honoured: not applicable: there is no Connect worker here");
  EXPECT_THAT(NoteOn("dedicated.mode.enable.internal.rest", "true"), HasSubstr("no REST interface"));
  EXPECT_THAT(NoteOn("listeners.https.ssl.keystore.location"), HasSubstr("no REST interface"));
  EXPECT_THAT(NoteOn("B.producer.linger.ms"), HasSubstr("not applicable: batches keep the size"));
  EXPECT_THAT(NoteOn("A->B.producer.override.acks"), HasSubstr("always written idempotently"));
  EXPECT_THAT(NoteOn("key.converter.schemas.enable"), HasSubstr("nothing is converted"));
  EXPECT_THAT(NoteOn("A.consumer.fetch.max.bytes"), HasSubstr("--buffer-bytes"));
  EXPECT_THAT(NoteOn("A->B.source.consumer.client.id"), HasSubstr("`replicator.A->B`"));
  EXPECT_THAT(NoteOn("A.admin.request.timeout.ms"), HasSubstr("fixed"));
  EXPECT_THAT(NoteOn("emit.heartbeats.interval.seconds"), HasSubstr("no heartbeats topic"));
  EXPECT_THAT(NoteOn("offset-syncs.topic.location"), HasSubstr("every offset is known exactly"));
  EXPECT_THAT(NoteOn("consumer.poll.timeout.ms"), HasSubstr("not applicable: "));
}

TEST(UnusedKeysTest, SaysWhatIsNotDoneYet) {
  EXPECT_THAT(NoteOn("sync.topic.acls.enabled", "true"), HasSubstr("is not honoured: not yet: ACLs are not copied"));
  EXPECT_THAT(NoteOn("A->B.groups"), HasSubstr("not yet: offsets of consumer groups"));
  EXPECT_THAT(NoteOn("groups.blacklist"), HasSubstr("not yet: offsets of consumer groups"));
  EXPECT_THAT(NoteOn("emit.checkpoints.interval.seconds"), HasSubstr("not yet: "));
  EXPECT_THAT(NoteOn("use.incremental.alter.configs"), HasSubstr("not yet: a topic gets the source's settings"));
}

TEST(UnusedKeysTest, SaysNothingWhereFalseAsksForWhatHappensAnyway) {
  for (const char* key : {"sync.topic.acls.enabled", "sync.group.offsets.enabled", "emit.heartbeats.enabled",
                          "A->B.emit.checkpoints.enabled", "dedicated.mode.enable.internal.rest"}) {
    EXPECT_EQ(ExplainUnusedKey(kFile, key, " False ").kind, KeyRemark::Kind::kNone) << key;
    EXPECT_EQ(ExplainUnusedKey(kFile, key, "true").kind, KeyRemark::Kind::kNote) << key;
  }
  EXPECT_EQ(ExplainUnusedKey(kFile, "sync.topic.acls.interval.seconds", "false").kind, KeyRemark::Kind::kNote);
}

TEST(UnusedKeysTest, NothingIsConsumedFromTheTargetOrProducedToTheSource) {
  EXPECT_THAT(NoteOn("B.consumer.isolation.level"), HasSubstr("nothing is consumed from the target"));
  EXPECT_THAT(NoteOn("A->B.target.consumer.isolation.level"), HasSubstr("nothing is consumed from the target"));
  EXPECT_THAT(NoteOn("A.producer.acks"), HasSubstr("nothing is produced to the source"));
}

TEST(UnusedKeysTest, TellsTheRightPlaceOfAKeyThatWouldBeHonouredThere) {
  EXPECT_THAT(NoteOn("consumer.isolation.level"),
              HasSubstr("no effect in this place: write A.consumer.isolation.level"));
  EXPECT_THAT(NoteOn("A.isolation.level"), HasSubstr("write A.consumer.isolation.level"));
  EXPECT_THAT(NoteOn("cluster.id"), HasSubstr("write A.cluster.id or B.cluster.id"));
  EXPECT_THAT(NoteOn("bootstrap.servers"), HasSubstr("write A.bootstrap.servers or B.bootstrap.servers"));
  EXPECT_THAT(NoteOn("A.topics"), HasSubstr("write topics or A->B.topics"));
  EXPECT_THAT(NoteOn("A->B.clusters"), HasSubstr("write clusters"));
  EXPECT_THAT(NoteOn("enabled"), HasSubstr("write A->B.enabled"));
  EXPECT_THAT(NoteOn("A.consumer.replication.factor"), HasSubstr("write replication.factor or"));
}

TEST(UnusedKeysTest, SuggestsTheNearestKnownKey) {
  EXPECT_EQ(NoteOn("topic"), "`topic` is not honoured: unknown key, did you mean `topics`?");
  EXPECT_THAT(NoteOn("refresh.topic.enabled"), HasSubstr("did you mean `refresh.topics.enabled`?"));
  EXPECT_THAT(NoteOn("A->B.topics.exlude"), HasSubstr("did you mean `A->B.topics.exclude`?"));
  EXPECT_THAT(NoteOn("A.consumer.isolation.levl"), HasSubstr("did you mean `A.consumer.isolation.level`?"));
  EXPECT_THAT(NoteOn("task.max"), HasSubstr("did you mean `tasks.max`?"));
  EXPECT_EQ(NoteOn("something.quite.different"), "`something.quite.different` is not honoured: unknown key");
}

TEST(UnusedKeysTest, TellsAnUnknownClusterOrLinkFromAnUnknownKey) {
  EXPECT_EQ(
      NoteOn("D.topics"),
      "`D.topics` is not honoured: unknown key, `D` is neither one of the clusters A, B, C nor a link between them");
  EXPECT_THAT(NoteOn("A-B.topics"), HasSubstr("; did you mean `A->B.topics`?"));
  EXPECT_THAT(NoteOn("A->X.replication.factor"), HasSubstr("`A->X` is neither"));
  EXPECT_THAT(NoteOn("consumers.max.poll.records"), HasSubstr("did you mean `consumer.max.poll.records`?"));
}

TEST(UnusedKeysTest, PassesOverWhatBelongsToOtherLinksAndClusters) {
  EXPECT_EQ(NoteOn("B->A.topics"),
            "`B->A.topics` is not honoured: it belongs to the link B->A, and this process copies A->B");
  EXPECT_THAT(NoteOn("C.sasl.jaas.config"), HasSubstr("it belongs to the cluster C"));
  EXPECT_TRUE(BelongsElsewhere(kFile, "C.x"));
  EXPECT_FALSE(BelongsElsewhere(kFile, "A.x"));
  EXPECT_FALSE(BelongsElsewhere(kFile, "A->B.x"));
  EXPECT_FALSE(BelongsElsewhere(kFile, "x"));
}

TEST(UnusedKeysTest, RefusesTlsAndSaslAndOtherBrokers) {
  for (const char* key : {"A.ssl.truststore.location", "sasl.mechanism", "A->B.source.cluster.security.protocol"}) {
    const KeyRemark remark = ExplainUnusedKey(kFile, key, "hidden");
    EXPECT_EQ(remark.kind, KeyRemark::Kind::kError) << key;
    EXPECT_THAT(remark.text,
                AllOf(StartsWith(std::string("`") + key), HasSubstr("plaintext only"), Not(HasSubstr("hidden"))));
  }
  EXPECT_EQ(ExplainUnusedKey(kFile, "A.security.protocol", "plaintext").kind, KeyRemark::Kind::kNone);
  EXPECT_THAT(ExplainUnusedKey(kFile, "B.security.protocol", "SSL").text,
              HasSubstr("delete this key or write PLAINTEXT"));
  EXPECT_THAT(ExplainUnusedKey(kFile, "A.consumer.bootstrap.servers", "x:1").text,
              HasSubstr("write A.bootstrap.servers and B.bootstrap.servers"));
}

TEST(UnusedKeysTest, ShortensAndEscapesKeys) {
  EXPECT_EQ(NoteOn("a\nb"), "`a\\nb` is not honoured: unknown key");
  EXPECT_LT(NoteOn(std::string(100000, 'x')).size(), 300u);
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
