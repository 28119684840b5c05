#include "offsets/changelog_codec.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace replicator::offsets {
namespace {

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }

// docs/formats.md shows these.
TEST(ChangelogCodecTest, TheExampleOfTheDocs) {
  EXPECT_EQ(Hex(LoggedPartitionKey({"orders", 5})), "506f72646572730000000005");
  EXPECT_EQ(Hex(LoggedRunsKey({"orders", 5}, SourceOffset(4'000))), "526f726465727300000000050000000000000fa0");
  EXPECT_EQ(ChangelogPartitionOf(LoggedPartitionKey({"orders", 5})), 21);
  EXPECT_EQ(Hex(EncodeLoggedOwnership({.number = 3, .id = 0x1122334455667788, .flush = 300}, "host:1", 0)),
            "080311887766554433221118ac022206686f73743a31");
}

TEST(ChangelogCodecTest, KeysComeBackAsTheyWere) {
  for (const std::string& topic : {std::string("t"), std::string("a.b-c_d"), std::string(249, 'x')}) {
    EXPECT_EQ(*ParseLoggedTopicKey(LoggedTopicKey(topic)), topic);
    for (const int32_t partition : {0, 1, 0x7fffffff}) {
      const TopicPartition name = {topic, partition};
      EXPECT_EQ(*ParseLoggedPartitionKey(LoggedPartitionKey(name)), name);
      const absl::StatusOr<LoggedRunsKeyParts> runs = ParseLoggedRunsKey(LoggedRunsKey(name, SourceOffset(1LL << 40)));
      ASSERT_TRUE(runs.ok());
      EXPECT_EQ(runs->partition, name);
      EXPECT_EQ(runs->source_begin.value, 1LL << 40);
    }
  }
}

TEST(ChangelogCodecTest, WhatIsNoSuchKeyIsRefused) {
  for (std::string key : {"", "P", "Pt", "Q", "T", "R"}) {
    EXPECT_FALSE(ParseLoggedPartitionKey(key).ok()) << key;
    EXPECT_FALSE(ParseLoggedTopicKey(key).ok()) << key;
    EXPECT_FALSE(ParseLoggedRunsKey(key).ok()) << key;
  }
  const std::string key = LoggedPartitionKey({"orders", 5});
  for (size_t cut = 0; cut < key.size(); ++cut)
    EXPECT_FALSE(ParseLoggedPartitionKey(key.substr(0, cut)).ok()) << "cut to " << cut;
  EXPECT_FALSE(ParseLoggedPartitionKey(LoggedRunsKey({"orders", 5}, SourceOffset(7))).ok());
  EXPECT_FALSE(ParseLoggedPartitionKey(LoggedPartitionKey({"orders", -1})).ok());
}

TEST(ChangelogCodecTest, KeysLieInTheOrderOfTheirNumbers) {
  EXPECT_LT(LoggedPartitionKey({"orders", 5}), LoggedPartitionKey({"orders", 256}));
  EXPECT_LT(LoggedPartitionKey({"orders", 256}), LoggedPartitionKey({"orders2", 0}));
  EXPECT_LT(LoggedRunsKey({"orders", 5}, SourceOffset(255)), LoggedRunsKey({"orders", 5}, SourceOffset(256)));
}

TEST(ChangelogCodecTest, OnePartitionHoldsAllOfATopicPartitionAndAllOfAGroup) {
  std::set<int32_t> used;
  for (int32_t partition = 0; partition < 1'000; ++partition) {
    const TopicPartition name = {"orders", partition};
    const int32_t home = ChangelogPartitionOf(LoggedPartitionKey(name));
    EXPECT_GE(home, 0);
    EXPECT_LT(home, kChangelogPartitions);
    EXPECT_EQ(ChangelogPartitionOf(LoggedRunsKey(name, SourceOffset(partition))), home);
    used.insert(home);
  }
  EXPECT_EQ(used.size(), kChangelogPartitions) << "a thousand partitions reach all of them";
  using namespace std::string_literals;
  EXPECT_EQ(ChangelogPartitionOf("G\0\0\0\7billing"s), ChangelogPartitionOf("C\0\0\0\7billing"s));
  EXPECT_EQ(ChangelogPartitionOf("G\0\0\0\7billing"s), ChangelogPartitionOf("G\0\0\0\7billingorders"s));
  EXPECT_NE(ChangelogPartitionOf("G\0\0\0\7billing"s), ChangelogPartitionOf("G\0\0\0\6orders"s));
  for (const std::string& damaged : {"G"s, "G\0\0"s, "G\xff\xff\xff\xffx"s})
    EXPECT_GE(ChangelogPartitionOf(damaged), 0);
  for (const std::string& key : {LoggedLinkKey(), LoggedOwnershipKey(), LoggedTopicKey("orders"), LoggedStartKey(7)})
    EXPECT_EQ(ChangelogPartitionOf(key), 0) << key;
}

TEST(ChangelogCodecTest, ValuesComeBackAsTheyWere) {
  const LoggedLink link = {.name = "old->new",
                           .source_cluster_id = "AAA",
                           .target_cluster_id = "BBB",
                           .isolation_level = "read_committed",
                           .producer = {.id = 4'711, .epoch = 2}};
  EXPECT_EQ(*DecodeLoggedLink(EncodeLoggedLink(link)), link);
  const Ownership ownership = {.number = 3, .id = 0xfedcba9876543210, .flush = 12};
  EXPECT_EQ(*DecodeLoggedOwnership(EncodeLoggedOwnership(ownership, "host:1", 5)), ownership);
  const LoggedTopic topic = {.source_id = std::string(16, '\1'), .target_id = "", .target_name = "old.orders"};
  EXPECT_EQ(*DecodeLoggedTopic(EncodeLoggedTopic(topic)), topic);
  for (const std::string bytes : {"", "\xff\xff", "nonsense"}) {
    EXPECT_FALSE(DecodeLoggedLink(bytes).ok());
    EXPECT_FALSE(DecodeLoggedOwnership(bytes).ok());
    EXPECT_FALSE(DecodeLoggedTopic(bytes).ok());
  }
}

TEST(ChangelogCodecTest, ANewerSchemaIsRefusedAndNamed) {
  std::string bytes = EncodeLoggedLink({.name = "l"});
  bytes[1] = kChangelogSchemaVersion + 1;  // field 1 is the first two bytes
  const absl::Status status = DecodeLoggedLink(bytes).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("newer replicator"), absl::string_view::npos) << status;
}

struct CurrentCase {
  const char* what;
  StoredOwnership folder;
  Ownership logged;
  bool is_current;
};

TEST(OwnershipTest, AFolderCountsOnlyIfItKnowsAllThatTheChangelogDoes) {
  const CurrentCase cases[] = {
      {"a new folder", {}, {1, 7, 1}, false},
      {"its own last flush", {{1, 7, 5}, {}}, {1, 7, 5}, true},
      {"a flush that never arrived", {{1, 7, 6}, {}}, {1, 7, 5}, true},
      {"a power cut took the last states", {{1, 7, 4}, {}}, {1, 7, 5}, false},
      {"another process came after it", {{1, 7, 900}, {}}, {2, 8, 1}, false},
      {"another process made the same number", {{2, 7, 9}, {1, 3, 4}}, {2, 8, 1}, false},
      {"killed before its first flush", {{2, 7, 1}, {1, 3, 4}}, {1, 3, 4}, true},
      {"the owner before had gone on", {{2, 7, 1}, {1, 3, 4}}, {1, 3, 5}, false},
      {"an empty changelog says nothing", {{2, 7, 1}, {}}, {}, false},
  };
  for (const CurrentCase& each : cases)
    EXPECT_EQ(FolderIsCurrent(each.folder, each.logged), each.is_current) << each.what;
}

}  // namespace
}  // namespace replicator::offsets
