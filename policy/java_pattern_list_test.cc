#include "policy/java_pattern_list.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator::policy {
namespace {

using ::testing::HasSubstr;

bool Matches(const std::vector<std::string>& patterns, absl::string_view name) {
  absl::StatusOr<JavaPatternList> list = JavaPatternList::Compile(patterns);
  EXPECT_TRUE(list.ok()) << list.status();
  return list.ok() && list->Matches(name);
}

TEST(JavaPatternListTest, MatchesTheWholeNameOnly) {
  EXPECT_TRUE(Matches({"orders"}, "orders"));
  EXPECT_FALSE(Matches({"orders"}, "orders2"));
  EXPECT_FALSE(Matches({"orders"}, "my-orders"));
  EXPECT_TRUE(Matches({"orders.*"}, "orders2"));
  EXPECT_FALSE(Matches({"a|ab"}, "abc"));
  EXPECT_TRUE(Matches({"a|ab"}, "ab"));
}

TEST(JavaPatternListTest, AnyElementMayMatchAndNoneMatchesNothing) {
  EXPECT_TRUE(Matches({"a", "b.*"}, "bcd"));
  EXPECT_FALSE(Matches({"a", "b"}, "c"));
  EXPECT_FALSE(Matches({}, "a"));
  EXPECT_FALSE(Matches({}, ""));
}

TEST(JavaPatternListTest, JoinsElementsAsJavaDoesSoThatAGroupMaySpanThem) {
  EXPECT_TRUE(Matches({"(a", "b)c"}, "bc"));
  EXPECT_FALSE(Matches({"(a", "b)c"}, "a"));
}

TEST(JavaPatternListTest, ReadsJavaSpellings) {
  EXPECT_TRUE(Matches({R"(.*[\-\.]internal)"}, "x-internal"));
  EXPECT_FALSE(Matches({R"(.*[\-\.]internal)"}, "xinternal"));
  EXPECT_TRUE(Matches({R"(\Qa.b\E.*)"}, "a.bc"));
  EXPECT_FALSE(Matches({R"(\Qa.b\E.*)"}, "axbc"));
  EXPECT_TRUE(Matches({R"([\Qa.\E]+)"}, "a.a"));
  EXPECT_TRUE(Matches({"(?<year>[0-9]{4})-(?i)LOG"}, "2020-log"));
  EXPECT_TRUE(Matches({"[]a]+"}, "a]"));
  EXPECT_TRUE(Matches({R"(a\_b)"}, "a_b"));
  EXPECT_TRUE(Matches({R"(x\{1)"}, "x{1"));
  EXPECT_TRUE(Matches({"x{2}"}, "xx"));
  EXPECT_TRUE(Matches({R"(\p{Lu}[\p{Lu}]\x{41})"}, "XYA"));
}

TEST(JavaPatternListTest, RefusesWhatItWouldReadDifferentlyNamingThePatternAndTheRemedy) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"(?!x).*", "topics.exclude"},
      {"(?<!x)y", "topics.exclude"},
      {"(?=x)y", "look-around"},
      {"(?<=x)y", "look-around"},
      {"(?>a|ab)c", "(?:"},
      {"(?P<n>a)", "(?<name>"},
      {"[a-z&&[^q]]", "character class"},
      {"[a&&b]", "&&"},
      {"[[:alpha:]]", "union"},
      {"(a)\\1", "back reference"},
      {"\\01", "octal"},
      {".(?i){1,2}", "repeats nothing"},
      {".(?-i)*", "repeats nothing"},
      {"a{1", "comma"},
      {"a{,2}", "comma"},
      {"a{2}+", "possessive"},
      {"a*+", "is not supported"},
      {"\\p{Alpha}", "is not supported"},
      {"\\Z", "is not supported"},
      {"\\C", "\\C"},
      {"a\\", "backslash"},
      {"[a", "without its"},
      {"(a", "is not supported"},
      {"*", "is not supported"},
  };
  for (const auto& [pattern, expected] : cases) {
    absl::StatusOr<JavaPatternList> list = JavaPatternList::Compile({"fine", pattern});
    ASSERT_FALSE(list.ok()) << pattern;
    EXPECT_THAT(std::string(list.status().message()), HasSubstr(pattern));
    EXPECT_THAT(std::string(list.status().message()), HasSubstr(expected));
  }
}

TEST(JavaPatternListTest, TakesTimeLinearInTheName) { EXPECT_FALSE(Matches({"(a*)*b"}, std::string(249, 'a'))); }

}  // namespace
}  // namespace replicator::policy
