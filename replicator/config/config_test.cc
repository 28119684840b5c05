#include "replicator/config/config.h"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/replication_factor.h"
#include "replicator/config/bootstrap_servers.h"

namespace replicator {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
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
  EXPECT_THAT(config.notes, IsEmpty());
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
  EXPECT_THAT(config.notes, IsEmpty());
}

TEST(ConfigTest, LetsTheLinksKeyWinAndSaysWhichKeyHasNoEffect) {
  const LinkConfig config = WithLink("replication.factor = 1\nA->B.replication.factor = 3\n");
  EXPECT_EQ(config.replication_factor, 3);
  EXPECT_THAT(config.notes, ElementsAre("mm2.properties:5: replication.factor has no effect: "
                                        "A->B.replication.factor at line 6 takes its place"));
}

TEST(ConfigTest, LeavesTheReplicationFactorToTheTarget) {
  EXPECT_EQ(WithLink("replication.factor = -1\n").replication_factor, policy::kTargetsOwnFactor);
}

TEST(ConfigTest, KnowsWhetherTheFileSaysWhatIsExcluded) {
  EXPECT_FALSE(WithLink("").has_topics_exclude);
  EXPECT_TRUE(WithLink("topics.exclude = x\n").has_topics_exclude);
  EXPECT_TRUE(WithLink("topics.blacklist = x\n").has_topics_exclude);
}

TEST(ConfigTest, ReadsTheOldNameOfTheExcludesUnlessTheNewOneIsThere) {
  EXPECT_EQ(WithLink("topics.blacklist = x\n").topic_filter.Decide("x"), TopicDecision::kExcluded);
  const LinkConfig both = WithLink("A->B.topics.blacklist = x\ntopics.exclude = y\n");
  EXPECT_EQ(both.topic_filter.Decide("x"), TopicDecision::kCopy);
  EXPECT_EQ(both.topic_filter.Decide("y"), TopicDecision::kExcluded);
  EXPECT_THAT(both.notes, ElementsAre(HasSubstr("A->B.topics.blacklist has no effect")));
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
  EXPECT_THAT(own.notes, IsEmpty());
  EXPECT_FALSE(WithLink("config.properties.exclude =\n").config_properties_exclude.Matches("min.insync.replicas"));
  const LinkConfig both = WithLink("config.properties.blacklist = x\nA->B.config.properties.exclude = y\n");
  EXPECT_FALSE(both.config_properties_exclude.Matches("x"));
  EXPECT_TRUE(both.config_properties_exclude.Matches("y"));
  EXPECT_THAT(both.notes, ElementsAre(HasSubstr("config.properties.blacklist has no effect")));
  EXPECT_THAT(ErrorWithLink("config.properties.exclude = (\n"),
              HasSubstr("mm2.properties:5: config.properties.exclude: the pattern `(`"));
}

TEST(ConfigTest, UsesTheSeparatorInNamesAndForMirrorMakersOwnTopics) {
  const LinkConfig config = WithLink("replication.policy.separator = _ \n");
  EXPECT_EQ(*config.replication_policy.TargetTopic("orders"), "A_orders");
  EXPECT_EQ(config.topic_filter.Decide("A_heartbeats"), TopicDecision::kInternal);
  EXPECT_TRUE(config.replication_policy.IsCycle("B_orders"));
}

TEST(ConfigTest, NamesEveryOtherKeyOnceWithItsLineAndReasonAndNeverItsValue) {
  const LinkConfig config = WithLink(
      "offset.lag.max = 12345\n"
      "A.consumer.fetch.max.bytes = 12345\n"
      "sync.topic.configs.enabled = 12345\n"
      "topic = 12345\n"
      "A->B.groups = 12345\n");
  EXPECT_THAT(
      config.notes,
      ElementsAre(StartsWith("mm2.properties:5: `offset.lag.max` is not honoured: not applicable: "),
                  StartsWith("mm2.properties:6: `A.consumer.fetch.max.bytes` is not honoured: not applicable: "),
                  StartsWith("mm2.properties:7: `sync.topic.configs.enabled` is not honoured: not yet: "),
                  "mm2.properties:8: `topic` is not honoured: unknown key, did you mean `topics`?",
                  StartsWith("mm2.properties:9: `A->B.groups` is not honoured: not yet: ")));
  for (const std::string& note : config.notes) EXPECT_THAT(note, Not(HasSubstr("12345")));
}

TEST(ConfigTest, CountsTheNotesAboveABound) {
  std::string many;
  for (int i = 0; i < kConfigNotesMax + 7; ++i) many += "zzz" + std::to_string(i) + " = 1\n";
  const LinkConfig config = WithLink(many);
  ASSERT_EQ(config.notes.size(), static_cast<size_t>(kConfigNotesMax) + 1);
  EXPECT_EQ(config.notes.back(), "mm2.properties: 7 more keys are not honoured");
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
  EXPECT_THAT(both.notes, ElementsAre("mm2.properties:6: A->B.consumer.isolation.level has no effect: "
                                      "A.consumer.isolation.level at line 5 takes its place"));
  EXPECT_EQ(ReadGood(base + "A.consumer.isolation.level = read_committed\n"
                            "A->B.source.consumer.isolation.level = read_uncommitted\n")
                .isolation_level,
            kafka::IsolationLevel::kReadUncommitted);
}

TEST(ConfigTest, SaysThatRecordsOfAbortedTransactionsAreLeftOutWhenTheFileIsSilent) {
  EXPECT_THAT(ReadGood(kLink).notes,
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
  EXPECT_THAT(config.notes, IsEmpty());
  EXPECT_EQ(WithLink("").source.cluster_id, "");
}

TEST(ConfigTest, RefusesAnEmptyClusterId) {
  EXPECT_THAT(ErrorWithLink("A.cluster.id = \n"), HasSubstr("mm2.properties:5: A.cluster.id is empty: write"));
}

TEST(ConfigTest, RefusesTheSameClusterIdOnBothSides) {
  EXPECT_THAT(ErrorWithLink("A.cluster.id = x\nB.cluster.id = x\n"),
              HasSubstr("mm2.properties:6: B.cluster.id is the same as A.cluster.id"));
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
  EXPECT_THAT(config.notes,
              ElementsAre(AllOf(HasSubstr(":5: "), HasSubstr("the cluster A.east"), Not(HasSubstr("hidden"))),
                          AllOf(HasSubstr(":6: "), HasSubstr("the link B->A")),
                          AllOf(HasSubstr(":8: "), HasSubstr("the cluster A.east"))));
}

TEST(ConfigTest, WarnsOfKeysThatStandTwice) {
  const LinkConfig config = WithLink("tasks.max = 2\ntasks.max = 3\n");
  EXPECT_EQ(config.tasks_max, 3);
  EXPECT_THAT(config.notes,
              ElementsAre("mm2.properties:6: tasks.max replaces the same key at line 5: delete one of the two"));
}

TEST(ConfigTest, DoesNotStartLessProtectedThanTheFileSays) {
  for (const char* line : {"security.protocol = SASL_SSL", "A.security.protocol = SSL", "B.sasl.mechanism = hidden",
                           "A.ssl.truststore.password = hidden", "A.consumer.sasl.jaas.config = hidden",
                           "sasl.jaas.config = hidden", "A->B.source.cluster.security.protocol = SASL_PLAINTEXT",
                           "A->B.producer.ssl.key.password = hidden", "B.security.protocol = "}) {
    const std::string error = ErrorWithLink(std::string(line) + "\n");
    EXPECT_THAT(error, HasSubstr("mm2.properties:5: `" + std::string(line).substr(0, std::string(line).find(" = "))));
    EXPECT_THAT(error, HasSubstr("plaintext only"));
    EXPECT_THAT(error, Not(HasSubstr("hidden")));
  }
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
  EXPECT_THAT(config.notes, IsEmpty());
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
  EXPECT_THAT(WithLink("groups = ${file:/no/such/file:x}\nC.x = ${env:CONFIG_TEST_UNSET}\n").notes,
              ElementsAre(HasSubstr("`groups` is not honoured: not yet"), HasSubstr("`C.x` is not honoured: unknown")));
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
  EXPECT_THAT(config->notes, SizeIs(11));
  EXPECT_THAT(config->notes, Each(AnyOf(HasSubstr("not applicable: "), HasSubstr("not yet: "))));
}

TEST(ConfigTest, TakesTheGuidesFileThatWasAppendedTwice) {
  const absl::StatusOr<std::string> once = ReadSmallFile("replicator/config/testdata/charmed_kafka_guide.properties");
  ASSERT_TRUE(once.ok()) << once.status();
  const LinkConfig config = ReadGood(*once + *once + "tasks.max=8\n");
  EXPECT_EQ(config.tasks_max, 8);
  EXPECT_EQ(config.source.bootstrap_servers.size(), 2u);
  EXPECT_THAT(config.notes, Contains(HasSubstr("tasks.max replaces the same key at line")).Times(2));
}

TEST(ConfigTest, ReportsAllErrorsAtOnceButBounded) {
  EXPECT_THAT(ErrorWithLink("tasks.max = x\nreplication.factor = y\n"),
              AllOf(HasSubstr("mm2.properties:5:"), HasSubstr("mm2.properties:6:")));
  std::string many = kLink;
  for (int i = 0; i < 100; ++i) many += "A.ssl.x" + std::to_string(i) + " = 1\n";
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
