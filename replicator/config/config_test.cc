#include "replicator/config/config.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/replication_factor.h"
#include "replicator/config/bootstrap_servers.h"
#include "replicator/config/key_lookup.h"

namespace replicator {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

using policy::TopicDecision;

// Lines 1 to 4 of most tests' files.
constexpr char kLink[] =
    "clusters = A, B\n"
    "A.bootstrap.servers = a1:9092, a2:9092\n"
    "B.bootstrap.servers = b1:9092\n"
    "A->B.enabled = true\n";
// Behind the others, so that the note on its absence does not stand in each expectation.
constexpr char kIsolation[] = "\nA.consumer.isolation.level = read_committed\n";

absl::StatusOr<LinkConfig> Read(const std::string& text) {
  absl::StatusOr<Properties> properties = Properties::Parse(text, "mm2.properties");
  if (!properties.ok()) return properties.status();
  return ReadLinkConfig(*properties);
}

LinkConfig ReadGood(const std::string& text) {
  absl::StatusOr<LinkConfig> config = Read(text);
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *std::move(config) : LinkConfig();
}

LinkConfig WithLink(const std::string& more) { return ReadGood(kLink + more + kIsolation); }

std::string ErrorOf(const std::string& text) {
  absl::StatusOr<LinkConfig> config = Read(text);
  EXPECT_FALSE(config.ok());
  return config.ok() ? "" : std::string(config.status().message());
}

std::string ErrorWithLink(const std::string& more) { return ErrorOf(kLink + more); }

TEST(ConfigTest, ReadsALinkWithMirrorMakersDefaults) {
  const LinkConfig config = WithLink("");
  EXPECT_EQ(config.Name(), "A->B");
  EXPECT_EQ(config.source.alias, "A");
  EXPECT_EQ(config.target.alias, "B");
  EXPECT_THAT(config.source.bootstrap_servers, ElementsAre("a1:9092", "a2:9092"));
  EXPECT_THAT(config.target.bootstrap_servers, ElementsAre("b1:9092"));
  EXPECT_EQ(config.replication_factor, 2);
  EXPECT_EQ(config.tasks_max, 1);
  EXPECT_TRUE(config.refresh_topics_enabled);
  EXPECT_EQ(config.refresh_topics_interval, absl::Seconds(600));
  EXPECT_EQ(*config.replication_policy.TargetTopic("orders"), "A.orders");
  EXPECT_EQ(config.topic_filter.Decide("orders"), TopicDecision::kCopy);
  EXPECT_EQ(config.topic_filter.Decide("x.internal"), TopicDecision::kExcluded);
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(ConfigTest, ReadsEveryHonouredKey) {
  const LinkConfig config = WithLink(
      "topics = orders.*, users\n"
      "topics.exclude = orders-test\n"
      "replication.factor = 3\n"
      "replication.policy.class = org.apache.kafka.connect.mirror.IdentityReplicationPolicy\n"
      "tasks.max = 7\n"
      "refresh.topics.enabled = false\n"
      "refresh.topics.interval.seconds = 30\n"
      "topic.filter.class = org.apache.kafka.connect.mirror.DefaultTopicFilter\n"
      "security.protocol = PLAINTEXT\n"
      "A.security.protocol = plaintext\n"
      "B->A.enabled = false\n");
  EXPECT_EQ(config.topic_filter.Decide("orders-live"), TopicDecision::kCopy);
  EXPECT_EQ(config.topic_filter.Decide("orders-test"), TopicDecision::kExcluded);
  EXPECT_EQ(config.topic_filter.Decide("payments"), TopicDecision::kNotIncluded);
  EXPECT_EQ(config.replication_factor, 3);
  EXPECT_EQ(config.tasks_max, 7);
  EXPECT_FALSE(config.refresh_topics_enabled);
  EXPECT_EQ(config.refresh_topics_interval, absl::Seconds(30));
  EXPECT_EQ(*config.replication_policy.TargetTopic("orders"), "orders");
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(ConfigTest, LetsTheLinksKeyWinAndSaysWhichKeyHasNoEffect) {
  const LinkConfig config = WithLink("replication.factor = 1\nA->B.replication.factor = 3\n");
  EXPECT_EQ(config.replication_factor, 3);
  EXPECT_THAT(config.warnings, ElementsAre("mm2.properties:5: replication.factor has no effect: "
                                           "A->B.replication.factor at line 6 takes its place"));
}

TEST(ConfigTest, LeavesTheReplicationFactorToTheTarget) {
  EXPECT_EQ(WithLink("replication.factor = -1\n").replication_factor, policy::kTargetsOwnFactor);
}

TEST(ConfigTest, KnowsWhetherTheFileSaysWhatIsExcluded) {
  EXPECT_TRUE(WithLink("").topic_filter.options().excludes_by_default);
  EXPECT_FALSE(WithLink("topics.exclude = x\n").topic_filter.options().excludes_by_default);
  EXPECT_FALSE(WithLink("topics.blacklist = x\n").topic_filter.options().excludes_by_default);
}

TEST(ConfigTest, ReadsTheOldNameOfTheExcludesUnlessTheNewOneIsThere) {
  EXPECT_EQ(WithLink("topics.blacklist = x\n").topic_filter.Decide("x"), TopicDecision::kExcluded);
  const LinkConfig both = WithLink("A->B.topics.blacklist = x\ntopics.exclude = y\n");
  EXPECT_EQ(both.topic_filter.Decide("x"), TopicDecision::kCopy);
  EXPECT_EQ(both.topic_filter.Decide("y"), TopicDecision::kExcluded);
  EXPECT_THAT(both.warnings, ElementsAre(HasSubstr("A->B.topics.blacklist has no effect")));
}

TEST(ConfigTest, KnowsWhichTopicSettingsTheFileKeepsFromTheTarget) {
  const LinkConfig silent = WithLink("");
  EXPECT_FALSE(silent.has_config_properties_exclude);
  EXPECT_TRUE(silent.config_properties_exclude.Matches("min.insync.replicas"));
  EXPECT_FALSE(silent.config_properties_exclude.Matches("retention.ms"));
  const LinkConfig own = WithLink("config.properties.exclude = retention\\\\..*, segment.bytes\n");
  EXPECT_TRUE(own.has_config_properties_exclude);
  EXPECT_TRUE(own.config_properties_exclude.Matches("retention.ms"));
  EXPECT_FALSE(own.config_properties_exclude.Matches("min.insync.replicas"));
  EXPECT_THAT(own.warnings, IsEmpty());
  EXPECT_FALSE(WithLink("config.properties.exclude =\n").config_properties_exclude.Matches("min.insync.replicas"));
  const LinkConfig both = WithLink("config.properties.blacklist = x\nA->B.config.properties.exclude = y\n");
  EXPECT_FALSE(both.config_properties_exclude.Matches("x"));
  EXPECT_TRUE(both.config_properties_exclude.Matches("y"));
  EXPECT_THAT(both.warnings, ElementsAre(HasSubstr("config.properties.blacklist has no effect")));
  EXPECT_THAT(ErrorWithLink("config.properties.exclude = (\n"),
              HasSubstr("mm2.properties:5: config.properties.exclude: the pattern `(`"));
}

TEST(ConfigTest, UsesTheSeparatorInNamesAndForMirrorMakersOwnTopics) {
  const LinkConfig config = WithLink("replication.policy.separator = _ \n");
  EXPECT_EQ(*config.replication_policy.TargetTopic("orders"), "A_orders");
  EXPECT_EQ(config.topic_filter.Decide("A_heartbeats"), TopicDecision::kInternal);
  EXPECT_EQ(config.topic_filter.Decide("A_checkpoints_internal"), TopicDecision::kInternal);
  EXPECT_TRUE(config.replication_policy.IsCycle("B_orders"));
}

TEST(ConfigTest, WarnsOfEachUnknownOrUndoneKeyAndNamesThoseWithoutEffectInOneLine) {
  const LinkConfig config = WithLink(
      "offset.lag.max = 12345\n"
      "A.consumer.fetch.max.bytes = 12345\n"
      "sync.topic.configs.enabled = 12345\n"
      "topic = 12345\n"
      "A->B.sync.topic.acls.enabled = 12345\n"
      "offset-syncs.topic.location = 12345\n"
      "A.consumer.client.rack = 12345\n");
  EXPECT_THAT(config.warnings,
              ElementsAre(StartsWith("mm2.properties:7: `sync.topic.configs.enabled` is not honoured: not yet: "),
                          "mm2.properties:8: `topic` is not honoured: unknown key, did you mean `topics`?",
                          StartsWith("mm2.properties:9: `A->B.sync.topic.acls.enabled` is not honoured: not yet: "),
                          AllOf(StartsWith("mm2.properties:11: `A.consumer.client.rack` is not honoured: not yet: "),
                                HasSubstr("another zone"))));
  EXPECT_THAT(config.infos,
              Contains("mm2.properties: keys that have no effect here: `offset.lag.max` (line 5), "
                       "`offset-syncs.topic.location` (line 10): every offset is known exactly, so no offset-syncs "
                       "topic is written; `A.consumer.fetch.max.bytes` (line 6): --buffer-bytes sets how much is "
                       "fetched at once"));
  for (const std::string& line : config.warnings) EXPECT_THAT(line, Not(HasSubstr("12345")));
  for (const std::string& line : config.infos) EXPECT_THAT(line, Not(HasSubstr("12345")));
}

TEST(ConfigTest, SaysInOneLineWhatMirrorMakerDoesByDefaultAndThisVersionDoesNot) {
  EXPECT_THAT(WithLink("").infos,
              ElementsAre(AllOf(HasSubstr("this version does not"), HasSubstr("(emit.checkpoints.enabled)"),
                                HasSubstr("(sync.topic.configs.enabled)"), HasSubstr("(sync.topic.acls.enabled)"),
                                HasSubstr("(emit.heartbeats.enabled)"))));
  EXPECT_THAT(WithLink("sync.topic.acls.enabled = false\nA->B.emit.checkpoints.enabled = False\n").infos,
              ElementsAre(AllOf(HasSubstr("(sync.topic.configs.enabled)"), Not(HasSubstr("acls")),
                                Not(HasSubstr("checkpoints")))));
  EXPECT_THAT(WithLink("sync.topic.acls.enabled=false\nemit.checkpoints.enabled=false\nemit.heartbeats.enabled=false\n"
                       "heartbeats.replication.enabled=false\nsync.topic.configs.enabled=false\n")
                  .infos,
              IsEmpty());
}

TEST(ConfigTest, CountsTheKeysAboveABound) {
  std::string many;
  for (int i = 0; i < kConfigKeysToldMax + 7; ++i) many += "zzz" + std::to_string(i) + " = 1\n";
  const LinkConfig config = WithLink(many);
  ASSERT_EQ(config.warnings.size(), static_cast<size_t>(kConfigKeysToldMax) + 1);
  EXPECT_EQ(config.warnings.back(), "mm2.properties: 7 more keys are not honoured");
}

TEST(ConfigTest, ReadsTheIsolationLevelWhereMirrorMakersSourceConsumerDoes) {
  EXPECT_EQ(ReadGood(kLink).isolation_level, kafka::IsolationLevel::kReadCommitted);
  const std::string base = kLink;
  EXPECT_EQ(ReadGood(base + "A.consumer.isolation.level = read_uncommitted\n").isolation_level,
            kafka::IsolationLevel::kReadUncommitted);
  EXPECT_EQ(ReadGood(base + "A->B.consumer.isolation.level = read_uncommitted\n").isolation_level,
            kafka::IsolationLevel::kReadUncommitted);
  const LinkConfig both = ReadGood(base +
                                   "A.consumer.isolation.level = read_committed\n"
                                   "A->B.consumer.isolation.level = read_uncommitted\n");
  EXPECT_EQ(both.isolation_level, kafka::IsolationLevel::kReadCommitted);
  EXPECT_THAT(both.warnings, ElementsAre("mm2.properties:6: A->B.consumer.isolation.level has no effect: "
                                         "A.consumer.isolation.level at line 5 takes its place"));
  EXPECT_EQ(ReadGood(base + "A.consumer.isolation.level = read_committed\n"
                            "A->B.source.consumer.isolation.level = read_uncommitted\n")
                .isolation_level,
            kafka::IsolationLevel::kReadUncommitted);
}

TEST(ConfigTest, SaysThatRecordsOfAbortedTransactionsAreLeftOutWhenTheFileIsSilent) {
  EXPECT_THAT(ReadGood(kLink).warnings,
              ElementsAre(AllOf(StartsWith("mm2.properties: A.consumer.isolation.level is not there"),
                                HasSubstr("MirrorMaker would copy the records of aborted transactions"),
                                HasSubstr("A.consumer.isolation.level=read_uncommitted"))));
}

TEST(ConfigTest, RefusesABadIsolationLevel) {
  EXPECT_THAT(ErrorWithLink("A.consumer.isolation.level = READ_COMMITTED\n"),
              AllOf(HasSubstr("mm2.properties:5: A.consumer.isolation.level is `READ_COMMITTED`"),
                    HasSubstr("write A.consumer.isolation.level=read_committed or")));
}

TEST(ConfigTest, PinsClusterIds) {
  const LinkConfig config = WithLink("A.cluster.id = aaa \nB.cluster.id = bbb\n");
  EXPECT_EQ(config.source.cluster_id, "aaa");
  EXPECT_EQ(config.target.cluster_id, "bbb");
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_EQ(WithLink("").source.cluster_id, "");
}

TEST(ConfigTest, RefusesAnEmptyClusterId) {
  EXPECT_THAT(ErrorWithLink("A.cluster.id = \n"), HasSubstr("mm2.properties:5: A.cluster.id is empty: write"));
}

TEST(ConfigTest, TakesOneClusterIdForBothSides) {
  const LinkConfig config = WithLink("A.cluster.id = x\nB.cluster.id = x\n");
  EXPECT_EQ(config.source.cluster_id, config.target.cluster_id);
}

TEST(ConfigTest, TellsKeysOfOtherLinksAndClustersFromItsOwn) {
  const LinkConfig config = ReadGood(
      "clusters = A, B, A.east\n"
      "A.bootstrap.servers = a:1\nB.bootstrap.servers = b:1\nA->B.enabled = true\n"
      "A.east.sasl.jaas.config = hidden\n"
      "B->A.topics = x\n"
      "A->A.east.enabled = false\n"
      "A.east.bootstrap.servers = $PASSED_OVER\n"
      "A.consumer.isolation.level = read_committed\n");
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_THAT(
      config.infos,
      Contains(AllOf(HasSubstr("`A.east.sasl.jaas.config` (line 5), `A.east.bootstrap.servers` (line 8): of the "
                               "cluster A.east, and this process copies A->B"),
                     HasSubstr("`B->A.topics` (line 6): of the link B->A"), Not(HasSubstr("hidden")))));
}

TEST(ConfigTest, WarnsOfKeysThatStandTwice) {
  const LinkConfig config = WithLink("tasks.max = 2\ntasks.max = 3\n");
  EXPECT_EQ(config.tasks_max, 3);
  EXPECT_THAT(config.warnings,
              ElementsAre("mm2.properties:6: tasks.max replaces the same key at line 5: delete one of the two"));
}

TEST(ConfigTest, DoesNotStartLessProtectedThanTheFileSays) {
  for (const char* line :
       {"security.protocol = SASL_SSL", "A.security.protocol = SSL", "B.security.protocol = SASL_PLAINTEXT",
        "A.consumer.security.protocol = SSL", "A->B.source.cluster.security.protocol = SASL_PLAINTEXT",
        "A->B.security.protocol = SSL", "B.security.protocol = "}) {
    const std::string error = ErrorWithLink(std::string(line) + "\n");
    EXPECT_THAT(error, HasSubstr("mm2.properties:5: `" + std::string(line).substr(0, std::string(line).find(" = "))));
    EXPECT_THAT(error, HasSubstr("plaintext only"));
  }
  // One side alone is plaintext.
  EXPECT_THAT(ErrorWithLink("security.protocol = SSL\nA.security.protocol = PLAINTEXT\n"),
              HasSubstr("mm2.properties:5: `security.protocol` asks"));
}

TEST(ConfigTest, TakesSettingsOfTlsAndSaslThatNoProtocolUses) {
  const LinkConfig config = WithLink(
      "ssl.client.auth = required\nB.sasl.mechanism = hidden\nA.ssl.truststore.password = hidden\n"
      "A.consumer.sasl.jaas.config = hidden\nsecurity.protocol = SSL\nA.security.protocol = PLAINTEXT\n"
      "B.security.protocol = PLAINTEXT\n");
  EXPECT_THAT(config.infos, Contains(AllOf(HasSubstr("`ssl.client.auth` (line 5): there is no Connect worker"),
                                           HasSubstr("`B.sasl.mechanism` (line 6), `A.ssl.truststore.password` (line "
                                                     "7), `A.consumer.sasl.jaas.config` (line 8): no "
                                                     "security.protocol of this link asks for TLS or SASL"),
                                           Not(HasSubstr("hidden")))));
  EXPECT_THAT(config.warnings, ElementsAre("mm2.properties:9: security.protocol has no effect: A.security.protocol at "
                                           "line 10 takes its place"));
}

TEST(ConfigTest, RefusesWhatWouldMakeOtherRecordsBytesOrNames) {
  for (const char* key : {"transforms", "A->B.transforms", "predicates"}) {
    EXPECT_THAT(ErrorWithLink(std::string(key) + " = route\n"),
                AllOf(StartsWith("mm2.properties:5: " + std::string(key)), HasSubstr("copied here as they are")));
    EXPECT_THAT(WithLink(std::string(key) + " =\n").warnings, IsEmpty());
  }
  for (const char* key : {"key.converter", "A->B.value.converter", "B.header.converter"}) {
    EXPECT_THAT(ErrorWithLink(std::string(key) + " = org.apache.kafka.connect.json.JsonConverter\n"),
                AllOf(StartsWith("mm2.properties:5: " + std::string(key)), HasSubstr("other bytes")));
    EXPECT_THAT(WithLink(std::string(key) + " = org.apache.kafka.connect.converters.ByteArrayConverter\n").warnings,
                IsEmpty());
  }
  // MirrorMaker gives the target's worker nothing of the source.
  EXPECT_THAT(WithLink("A.key.converter = x\n").infos, Contains(HasSubstr("`A.key.converter` (line 5)")));
}

TEST(ConfigTest, ReadsWhereTheFirstStartBegins) {
  EXPECT_FALSE(WithLink("").begins_at_end);
  EXPECT_FALSE(WithLink("A.consumer.auto.offset.reset = earliest\n").begins_at_end);
  EXPECT_TRUE(WithLink("A.consumer.auto.offset.reset = latest\n").begins_at_end);
  EXPECT_TRUE(WithLink("A->B.consumer.auto.offset.reset = latest\n").begins_at_end);
  for (const char* value : {"none", "by_duration:PT1H", ""}) {
    EXPECT_THAT(ErrorWithLink("A.consumer.auto.offset.reset = " + std::string(value) + "\n"),
                AllOf(HasSubstr("mm2.properties:5: A.consumer.auto.offset.reset is `"),
                      HasSubstr("write A.consumer.auto.offset.reset=earliest or")));
  }
  // Not where MirrorMaker's consumer looks.
  const LinkConfig elsewhere = WithLink("auto.offset.reset = latest\n");
  EXPECT_FALSE(elsewhere.begins_at_end);
  EXPECT_THAT(elsewhere.warnings, ElementsAre(HasSubstr("write A.consumer.auto.offset.reset")));
}

TEST(ConfigTest, NamesAPatternThatHasLostItsBackslash) {
  const LinkConfig config = WithLink("topics = .*\\d+.*, a\\\\.b\n");
  EXPECT_THAT(config.warnings, ElementsAre(AllOf(HasSubstr("mm2.properties:5: topics has lost a backslash"),
                                                 HasSubstr("read as `.*d+.*, a\\.b`"),
                                                 HasSubstr("write: topics = .*\\\\d+.*, a\\\\.b"))));
  EXPECT_EQ(config.topic_filter.Decide("dog"), TopicDecision::kCopy);
  EXPECT_EQ(config.topic_filter.Decide("a1"), TopicDecision::kNotIncluded);
  EXPECT_THAT(WithLink("topics.exclude = .*[\\-\\.]x\nconfig.properties.exclude = a\\.b\n").warnings, SizeIs(2));
  EXPECT_THAT(WithLink("topics = .*\\\\d+.*, a\\:b, \\\n   c\n").warnings, IsEmpty());
}

TEST(ConfigTest, TakesTheServersOfTheWholeFileWhereAClusterHasNone) {
  const std::string file = "clusters=A,B\nA->B.enabled=true\nbootstrap.servers=all:1\n";
  const LinkConfig config = ReadGood(file + "B.bootstrap.servers=b:1\n" + kIsolation);
  EXPECT_THAT(config.source.bootstrap_servers, ElementsAre("all:1"));
  EXPECT_THAT(config.infos, Contains(HasSubstr("A.bootstrap.servers is not there: bootstrap.servers at line 3")));
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_THAT(ErrorOf(file), AllOf(HasSubstr("mm2.properties:3: bootstrap.servers would name both clusters"),
                                   HasSubstr("write A.bootstrap.servers="), HasSubstr("write B.bootstrap.servers=")));
  EXPECT_THAT(WithLink("bootstrap.servers = x:1\n").infos, Contains(HasSubstr("servers of their own")));
}

TEST(ConfigTest, FindsTheStateFolderByTheAliasesAlone) {
  ::unsetenv("CONFIG_TEST_UNSET");
  const std::string file = ::testing::TempDir() + "/state_dir.properties";
  std::ofstream(file) << "clusters = A, B\nA.bootstrap.servers = ${env:CONFIG_TEST_UNSET}\nA->B.enabled = true\n"
                         "tasks.max = none\nsecurity.protocol = SSL\n";
  EXPECT_FALSE(LoadLinkConfig(file).ok());
  const absl::StatusOr<std::string> folder = LoadDefaultStateDir(file);
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ(*folder, "replicator-state/A-to-B");
  std::ofstream(file) << "clusters = A, B\n";
  EXPECT_THAT(std::string(LoadDefaultStateDir(file).status().message()), HasSubstr("write A->B.enabled=true"));
}

TEST(ConfigTest, RefusesBrokersThatItWouldNotConnectTo) {
  EXPECT_THAT(ErrorWithLink("A->B.source.cluster.bootstrap.servers = c:9092\n"),
              HasSubstr("write A.bootstrap.servers"));
  EXPECT_THAT(ErrorWithLink("A.consumer.bootstrap.servers = c:9092\n"), HasSubstr("write A.bootstrap.servers"));
}

TEST(ConfigTest, SaysWhatIsMissing) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("mm2.properties: clusters is missing"));
  EXPECT_THAT(ErrorOf("clusters = A\n"), HasSubstr("mm2.properties:1: clusters has to name two clusters"));
  EXPECT_THAT(ErrorOf("clusters = A,A\n"), HasSubstr("two clusters"));
  EXPECT_THAT(ErrorOf("clusters = A, B\n"),
              AllOf(HasSubstr("mm2.properties:1:"), HasSubstr("write A->B.enabled=true")));
  EXPECT_THAT(ErrorOf("clusters = A, B\nA->B.enabled=false\n"), HasSubstr("no link between"));
  EXPECT_THAT(ErrorOf("clusters=A,B\nA->B.enabled=true\n"),
              AllOf(HasSubstr("A.bootstrap.servers is missing: write A.bootstrap.servers=host1:9092"),
                    HasSubstr("B.bootstrap.servers is missing")));
}

TEST(ConfigTest, RefusesServersThatNameNoBrokerWithTheLine) {
  EXPECT_THAT(ErrorOf("clusters=A,B\nA->B.enabled=true\nA.bootstrap.servers=a\nB.bootstrap.servers=b:1\n"),
              HasSubstr("mm2.properties:3: A.bootstrap.servers names `a`, which has no port: "
                        "write A.bootstrap.servers=host1:9092,host2:9092"));
}

TEST(ConfigTest, PointsAtTheLineOfAMissingKeysTypo) {
  EXPECT_THAT(ErrorOf("cluster = A, B\n"), HasSubstr("clusters=A, B (line 1 has `cluster`)"));
  EXPECT_THAT(ErrorOf("clusters = A, B\nA-B.enabled = true\n"),
              HasSubstr("write A->B.enabled=true (line 2 has `A-B.enabled`)"));
  EXPECT_THAT(ErrorOf("clusters=A,B\nA->B.enabled=true\nA.bootstrap.server=a:1\nB.bootstrap.servers=b:1\n"),
              HasSubstr("A.bootstrap.servers=host1:9092,host2:9092 (line 3 has `A.bootstrap.server`)"));
}

TEST(ConfigTest, SaysThatBlanksAroundTheArrowEndTheKey) {
  EXPECT_THAT(ErrorOf("clusters = A, B\nA -> B.enabled = true\n"),
              AllOf(HasSubstr("mm2.properties:2: a key ends at a blank, so this sets the key `A`"),
                    HasSubstr("write A->ALIAS.enabled=true")));
}

TEST(ConfigTest, RefusesTwoEnabledLinksAndTellsHowToRunBoth) {
  const std::string error = ErrorWithLink("B->A.enabled = TRUE\n");
  EXPECT_THAT(error, HasSubstr("mm2.properties:5: B->A.enabled is true, but so is A->B.enabled at line 4"));
  EXPECT_THAT(error, HasSubstr("one process for each"));
}

TEST(ConfigTest, RefusesBothWaysWithOneNameAsALoop) {
  const std::string identity = "replication.policy.class = org.apache.kafka.connect.mirror.IdentityReplicationPolicy\n";
  for (const std::string& policy : {identity, "A->B." + identity, "B->A." + identity}) {
    EXPECT_THAT(ErrorWithLink("B->A.enabled = true\n" + policy),
                AllOf(HasSubstr("mm2.properties:5: B->A.enabled is true, but so is A->B.enabled at line 4"),
                      HasSubstr("would be copied back again, without end"), HasSubstr("Write B->A.enabled=false"),
                      Not(HasSubstr("one process for each"))));
  }
  EXPECT_THAT(ErrorOf("clusters=A,B,C\nA->B.enabled=true\nA->C.enabled=true\n" + identity),
              HasSubstr("one process for each"));
}

TEST(ConfigTest, RefusesBadNumbersAndBooleansWithTheLineAndWhatToWrite) {
  for (const char* value : {"two", "0", "-2", "40000", "3.5", "", "99999999999999999999"}) {
    const std::string error = ErrorWithLink("replication.factor = " + std::string(value) + "\n");
    EXPECT_THAT(error,
                AllOf(HasSubstr("mm2.properties:5: replication.factor is `"), HasSubstr("write replication.factor=3")));
  }
  EXPECT_THAT(ErrorWithLink("tasks.max = x\n"), HasSubstr("mm2.properties:5: tasks.max is `x`"));
  EXPECT_THAT(ErrorWithLink("refresh.topics.interval.seconds = 0\n"), HasSubstr("refresh.topics.enabled=false"));
  EXPECT_THAT(ErrorWithLink("refresh.topics.enabled = yes\n"), HasSubstr("write refresh.topics.enabled=true or"));
  EXPECT_THAT(ErrorOf("clusters=A,B\nA->B.enabled=yes\n"), HasSubstr("mm2.properties:2: A->B.enabled is `yes`"));
}

TEST(ConfigTest, RefusesBadPatternsWithTheLine) {
  EXPECT_THAT(ErrorWithLink("topics = fine, (broken\n"), HasSubstr("mm2.properties:5: topics: the pattern `(broken`"));
  EXPECT_THAT(ErrorWithLink("topics.exclude = (?!x).*\n"),
              HasSubstr("mm2.properties:5: topics.exclude: the pattern `(?!x).*`"));
}

TEST(ConfigTest, RefusesClassesOfTheOperatorsOwn) {
  EXPECT_THAT(ErrorWithLink("replication.policy.class = com.example.Policy\n"),
              AllOf(HasSubstr("mm2.properties:5:"), HasSubstr("IdentityReplicationPolicy to keep topic names")));
  EXPECT_THAT(ErrorWithLink("topic.filter.class = com.example.Filter\n"), HasSubstr("topics and topics.exclude"));
  EXPECT_THAT(ErrorWithLink("config.property.filter.class = com.example.Filter\n"),
              AllOf(HasSubstr("mm2.properties:5:"), HasSubstr("in config.properties.exclude")));
}

TEST(ConfigTest, RefusesNamesThatNoTopicCanHave) {
  EXPECT_THAT(ErrorWithLink("replication.policy.separator = /\n"), HasSubstr("cannot be a part of a topic name"));
  EXPECT_THAT(ErrorWithLink("replication.policy.separator =\n"), HasSubstr("is empty"));
  const LinkConfig keeps_names = WithLink(
      "replication.policy.separator =\n"
      "replication.policy.class = org.apache.kafka.connect.mirror.IdentityReplicationPolicy\n");
  EXPECT_EQ(*keeps_names.replication_policy.TargetTopic("orders"), "orders");
  EXPECT_EQ(keeps_names.topic_filter.Decide("interninternal"), TopicDecision::kCopy);
  EXPECT_THAT(keeps_names.infos, Contains(HasSubstr("replication.policy.separator at line 5 is empty")));
}

TEST(ConfigTest, TakesValuesFromConfigProviders) {
  ::setenv("CONFIG_TEST_SERVERS", "c:1,d:2", /*overwrite=*/1);
  ::setenv("CONFIG_TEST_TRUE", "true", /*overwrite=*/1);
  const LinkConfig config = ReadGood(
      "clusters=A,B\nA.bootstrap.servers=${env:CONFIG_TEST_SERVERS}\nB.bootstrap.servers=${vars:CONFIG_TEST_SERVERS}\n"
      "A->B.enabled=${env:CONFIG_TEST_TRUE}\nA.consumer.isolation.level=read_committed\n"
      "config.providers=vars\n"
      "config.providers.vars.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider\n");
  EXPECT_THAT(config.source.bootstrap_servers, ElementsAre("c:1", "d:2"));
  EXPECT_THAT(config.target.bootstrap_servers, ElementsAre("c:1", "d:2"));
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(ConfigTest, SaysWithTheLineWhichVariableIsNotSet) {
  ::unsetenv("CONFIG_TEST_UNSET");
  EXPECT_THAT(ErrorWithLink("replication.factor = ${env:CONFIG_TEST_UNSET}\n"),
              AllOf(HasSubstr("mm2.properties:5: `replication.factor` "), HasSubstr("`CONFIG_TEST_UNSET`")));
}

TEST(ConfigTest, ShowsNothingThatAConfigProviderFound) {
  ::setenv("CONFIG_TEST_SECRET", "hid den(", /*overwrite=*/1);
  for (const char* key : {"replication.factor", "refresh.topics.enabled", "topics", "topics.exclude",
                          "replication.policy.class", "A.consumer.isolation.level", "A->B.tasks.max"}) {
    EXPECT_THAT(
        ErrorWithLink(std::string(key) + " = ${env:CONFIG_TEST_SECRET}\n"),
        AllOf(HasSubstr(std::string("mm2.properties:5: ") + key), HasSubstr("not shown"), Not(HasSubstr("hid den"))));
  }
  EXPECT_THAT(ErrorOf("clusters=A,B\nA->B.enabled=true\nB.bootstrap.servers=b:1\n"
                      "A.bootstrap.servers=${env:CONFIG_TEST_SECRET}\n"),
              AllOf(HasSubstr("mm2.properties:4: A.bootstrap.servers"), Not(HasSubstr("hid den"))));
}

TEST(ConfigTest, RefusesShellVariablesWithTheLine) {
  EXPECT_THAT(ErrorOf("clusters=old,new\nold->new.enabled=true\nold.bootstrap.servers=$OLD_SERVERS\n"
                      "new.bootstrap.servers=n:1\nold.sasl.jaas.config=$OLD_SASL_JAAS_CONFIG\n"),
              AllOf(HasSubstr("mm2.properties:3: `old.bootstrap.servers` holds `$OLD_SERVERS`"),
                    HasSubstr("mm2.properties:5: `old.sasl.jaas.config` reads like a shell variable")));
  EXPECT_EQ(WithLink("topics = orders-.*$\n").topic_filter.Decide("orders-1"), TopicDecision::kCopy);
}

TEST(ConfigTest, DoesNotLookUpWhatHasNoEffect) {
  EXPECT_THAT(
      WithLink("A.consumer.client.rack = ${file:/no/such/file:x}\nC.x = ${env:CONFIG_TEST_UNSET}\n").warnings,
      ElementsAre(HasSubstr("client.rack` is not honoured: not yet"), HasSubstr("`C.x` is not honoured: unknown")));
}

TEST(ConfigTest, TakesTheFileOfTheCharmedKafkaGuideWithEachKeyExplained) {
  const absl::StatusOr<LinkConfig> config = LoadLinkConfig("replicator/config/testdata/charmed_kafka_guide.properties");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->Name(), "old->new");
  EXPECT_EQ(config->source.bootstrap_servers.size(), 2u);
  EXPECT_EQ(config->target.bootstrap_servers.size(), 3u);
  EXPECT_EQ(config->tasks_max, 3);
  EXPECT_EQ(config->replication_factor, 2);
  EXPECT_EQ(config->refresh_topics_interval, absl::Seconds(5));
  EXPECT_EQ(config->isolation_level, kafka::IsolationLevel::kReadCommitted);
  EXPECT_EQ(*config->replication_policy.TargetTopic("orders"), "orders");
  EXPECT_EQ(config->topic_filter.Decide("orders"), TopicDecision::kCopy);
  EXPECT_TRUE(config->sync_group_offsets);
  EXPECT_EQ(config->sync_group_offsets_interval, absl::Seconds(5));
  EXPECT_THAT(config->warnings, ElementsAre(AllOf(HasSubstr("sync.topic.configs.enabled"), HasSubstr("not yet: "))));
  EXPECT_THAT(config->infos, Contains(AllOf(HasSubstr("new.producer.acks"), HasSubstr("old.producer.acks"))));
}

TEST(ConfigTest, TakesTheGuidesFileThatWasAppendedTwice) {
  const absl::StatusOr<std::string> once = ReadSmallFile("replicator/config/testdata/charmed_kafka_guide.properties");
  ASSERT_TRUE(once.ok()) << once.status();
  const LinkConfig config = ReadGood(*once + *once + "tasks.max=8\n");
  EXPECT_EQ(config.tasks_max, 8);
  EXPECT_EQ(config.source.bootstrap_servers.size(), 2u);
  EXPECT_THAT(config.warnings, Contains(HasSubstr("tasks.max replaces the same key at line")).Times(2));
}

TEST(ConfigTest, ReportsAllErrorsAtOnceButBounded) {
  EXPECT_THAT(ErrorWithLink("tasks.max = x\nreplication.factor = y\n"),
              AllOf(HasSubstr("mm2.properties:5:"), HasSubstr("mm2.properties:6:")));
  std::string many = kLink;
  for (int i = 0; i < 100; ++i) many += "x" + std::to_string(i) + " = $X\n";
  const std::string error = ErrorOf(many);
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), kConfigErrorsMax - 1);
}

TEST(BootstrapServersTest, ReadsHostsAsKafkaDoes) {
  EXPECT_THAT(*ParseBootstrapServers(" a:1 , b.example.com:65535,PLAINTEXT://c:3,[::1]:4,, 10.0.0.1:5"),
              ElementsAre("a:1", "b.example.com:65535", "c:3", "[::1]:4", "10.0.0.1:5"));
}

TEST(BootstrapServersTest, RefusesWhatNamesNoBroker) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "is empty"},  {" , ", "is empty"},  {"host", "no port"},    {"[::1]", "no port"},
      {"host:", "port"}, {"host:0", "port"},   {"host:65536", "port"}, {"host:+1", "port"},
      {":9092", "host"}, {"::1:9092", "host"}, {"ho st:9092", "host"}, {"SASL_SSL://h:1", "plaintext only"},
  };
  for (const auto& [value, expected] : cases) {
    const auto servers = ParseBootstrapServers(value);
    ASSERT_FALSE(servers.ok()) << value;
    EXPECT_THAT(std::string(servers.status().message()), HasSubstr(expected)) << value;
  }
}

}  // namespace
}  // namespace replicator
