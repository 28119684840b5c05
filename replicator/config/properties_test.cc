#include "replicator/config/properties.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Properties Parse(absl::string_view text) {
  absl::StatusOr<Properties> properties = Properties::Parse(text, "f");
  EXPECT_TRUE(properties.ok()) << properties.status();
  return properties.ok() ? *std::move(properties) : Properties();
}

std::vector<std::pair<std::string, std::string>> Pairs(absl::string_view text) {
  const Properties properties = Parse(text);
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Property& property : properties.entries()) pairs.emplace_back(property.key, property.value);
  return pairs;
}

TEST(PropertiesTest, SplitsAtEqualsColonOrWhiteSpace) {
  EXPECT_THAT(Pairs("a=1\nb:2\nc 3\nd\t4\ne = 5\nf : 6\n  g  7\n"),
              ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("c", "3"), Pair("d", "4"), Pair("e", "5"),
                          Pair("f", "6"), Pair("g", "7")));
}

TEST(PropertiesTest, TakesOneSeparatorOnlyAndKeepsTrailingBlanks) {
  EXPECT_THAT(Pairs("a==1\nb= :2\nc=3  \nd\ne=\n"),
              ElementsAre(Pair("a", "=1"), Pair("b", ":2"), Pair("c", "3  "), Pair("d", ""), Pair("e", "")));
}

TEST(PropertiesTest, KeepsArrowsInKeys) {
  EXPECT_THAT(Pairs("A->B.enabled = true\n"), ElementsAre(Pair("A->B.enabled", "true")));
}

TEST(PropertiesTest, PassesOverCommentsAndBlankLines) {
  EXPECT_THAT(Pairs("# a=1\n! b=2\n\n  \t\n   #c=3\nd=4 # no comment\n#e=5\\\nf=6"),
              ElementsAre(Pair("d", "4 # no comment"), Pair("f", "6")));
}

TEST(PropertiesTest, JoinsContinuedLines) {
  EXPECT_THAT(Pairs("a=1,\\\n   2,\\\r\n\t3\nb=x\\\\\nc=y\\\\\\\n z\nd=\\\n#1\n"),
              ElementsAre(Pair("a", "1,2,3"), Pair("b", "x\\"), Pair("c", "y\\z"), Pair("d", "#1")));
  EXPECT_THAT(Pairs("a=1\\"), ElementsAre(Pair("a", "1")));
  EXPECT_THAT(Pairs("a=1\\\n"), ElementsAre(Pair("a", "1")));
  EXPECT_THAT(Pairs("a=1\\\n\nb=2"), ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TEST(PropertiesTest, EndsLinesAtEachKindOfLineEnd) {
  const Properties properties = Parse("a=1\rb=2\r\nc=3\nd=4");
  EXPECT_EQ(properties.Find("b")->line, 2);
  EXPECT_EQ(properties.Find("c")->line, 3);
  EXPECT_EQ(properties.Find("d")->line, 4);
}

TEST(PropertiesTest, ReadsEscapes) {
  EXPECT_THAT(Pairs("a\\=b\\:c\\ d=\\t\\n\\r\\f\\q\\\\\n"), ElementsAre(Pair("a=b:c d", "\t\n\r\fq\\")));
  EXPECT_THAT(Pairs("a=\\u0041\\u00e9\\u20AC\\ud83d\\ude00\\ud83d\n"),
              ElementsAre(Pair("a", "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBF\xBD")));
}

TEST(PropertiesTest, ReadsBytesAsLatin1AsJavaDoes) {
  EXPECT_THAT(Pairs("a=\xE9\n"), ElementsAre(Pair("a", "\xC3\xA9")));
}

TEST(PropertiesTest, TakesQuotesAndSemicolonsWithABackslashAsGuidesWriteThem) {
  EXPECT_THAT(Pairs("a=ScramLoginModule required username=\\\"me\\\" password=\\\"p\\#\\!\\\"\\;\n"),
              ElementsAre(Pair("a", "ScramLoginModule required username=\"me\" password=\"p#!\";")));
}

TEST(PropertiesTest, ReadsUtf8WhenAsked) {
  const absl::StatusOr<Properties> properties =
      Properties::Parse("k\xC3\xA9=\\\xC3\xA9\\u00e9\n", "f", Encoding::kUtf8);
  ASSERT_TRUE(properties.ok()) << properties.status();
  EXPECT_EQ(properties->entries()[0].key, "k\xC3\xA9");
  EXPECT_EQ(properties->entries()[0].value, "\xC3\xA9\xC3\xA9");
}

TEST(PropertiesTest, RefusesAMalformedUnicodeEscapeWithItsLine) {
  for (const char* text : {"x=1\na=\\u12g4\n", "x=1\na=\\u123", "x=1\n\\u00=1"}) {
    const absl::StatusOr<Properties> properties = Properties::Parse(text, "mm2.properties");
    ASSERT_FALSE(properties.ok()) << text;
    EXPECT_THAT(std::string(properties.status().message()), HasSubstr("mm2.properties:2:"));
  }
}

TEST(PropertiesTest, LetsTheLastOfTwoEqualKeysCountAndWarnsWithBothLinesButWithoutValues) {
  const Properties properties = Parse("a=first\nb=2\na=second\n");
  EXPECT_EQ(properties.Find("a")->value, "second");
  EXPECT_EQ(properties.Where(*properties.Find("a")), "f:3");
  ASSERT_EQ(properties.warnings().size(), 1u);
  EXPECT_EQ(properties.warnings()[0], "f:3: a replaces the same key at line 1: delete one of the two");
}

TEST(PropertiesTest, GivesTheFirstLineOfAContinuedEntry) {
  const Properties properties = Parse("# x\n\na=1\\\n2\\\n3\nb=1\n");
  EXPECT_EQ(properties.Find("a")->line, 3);
  EXPECT_EQ(properties.Find("b")->line, 6);
  EXPECT_EQ(properties.Find("c"), nullptr);
}

TEST(PropertiesTest, AnEmptyFileHasNoEntries) {
  EXPECT_THAT(Pairs(""), IsEmpty());
  EXPECT_THAT(Pairs("\n\n# x"), IsEmpty());
}

TEST(PropertiesTest, LoadsAFileAndSaysWhyItCannot) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir());
  const std::string name = (folder / "properties_test.properties").string();
  std::ofstream(name) << "a=1\n";
  const absl::StatusOr<Properties> properties = Properties::Load(name);
  ASSERT_TRUE(properties.ok()) << properties.status();
  EXPECT_EQ(properties->Find("a")->value, "1");

  const absl::StatusOr<Properties> missing = Properties::Load((folder / "no-such-file").string());
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("No such file"));
  EXPECT_THAT(std::string(Properties::Load(folder.string()).status().message()), HasSubstr("is it a folder?"));

  std::ofstream(name) << std::string(kPropertiesBytesMax + 1, '#');
  EXPECT_THAT(std::string(Properties::Load(name).status().message()), HasSubstr("bytes: it is no properties file"));
  std::filesystem::remove(name);
}

TEST(IsSecretKeyTest, KnowsWhatMayHoldASecret) {
  for (const char* key : {"A.sasl.jaas.config", "ssl.keystore.password", "ssl.keystore.key", "A.ssl.key.Password",
                          "client.SECRET", "sasl.oauthbearer.token.endpoint.url", "basic.auth.credentials.source"}) {
    EXPECT_TRUE(IsSecretKey(key)) << key;
  }
  for (const char* key : {"topics", "A.bootstrap.servers", "replication.factor", "tasks.max"}) {
    EXPECT_FALSE(IsSecretKey(key)) << key;
  }
}

TEST(PropertiesTest, TellsHowToWriteWhatHasLostABackslash) {
  const absl::StatusOr<Properties> properties =
      Properties::Parse("a = x\\d+\\\\w\nb = \\\\d\nc = \\u0041\\:\\=\\#\\ \\t\nd = x\\.y\n", "f");
  ASSERT_TRUE(properties.ok()) << properties.status();
  EXPECT_EQ(properties->Find("a")->value, "xd+\\w");
  EXPECT_EQ(properties->Find("a")->with_lost_backslashes, "x\\\\d+\\\\w");
  EXPECT_EQ(properties->Find("b")->with_lost_backslashes, "");
  EXPECT_EQ(properties->Find("c")->with_lost_backslashes, "");
  EXPECT_EQ(properties->Find("d")->with_lost_backslashes, "x\\\\.y");
}

}  // namespace
}  // namespace replicator
