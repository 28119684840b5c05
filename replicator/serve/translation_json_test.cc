#include "replicator/serve/translation_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace replicator {
namespace {

using offsets::TranslationKind;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(TranslationJsonTest, QuestionsAreReadAsTheyWereWritten) {
  const std::vector<TranslationQuestion> questions = {{"orders", 3, 4711, false}, {"orders", 0, 0, true}};
  const auto read = ParseTranslationQuestions(ToJson(questions));
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].source_topic, "orders");
  EXPECT_EQ((*read)[0].partition, 3);
  EXPECT_EQ((*read)[0].offset, 4711);
  EXPECT_FALSE((*read)[0].to_source);
  EXPECT_TRUE((*read)[1].to_source);
}

TEST(TranslationJsonTest, AnswersAreReadAsTheyWereWrittenAndSayNothingThatIsNotKnown) {
  const TranslationAnswer exact = {.kind = TranslationKind::kExact,
                                   .offset = 0,
                                   .is_same_record = true,
                                   .position = 10,
                                   .source_log_start = 0,
                                   .target_log_start = 0,
                                   .target_end = 9};
  TranslationAnswer elsewhere;
  elsewhere.is_copied = false;
  TranslationAnswer waits = {.kind = TranslationKind::kWait, .position = 10, .is_quarantined = true};
  const std::vector<TranslationAnswer> answers = {exact, elsewhere, waits, {.kind = TranslationKind::kNotCopied}, {}};
  const std::vector<TranslationQuestion> questions(answers.size(), {"orders", 0, 5, false});
  const std::string text = ToJson(questions, answers);
  const auto read = ParseTranslationAnswers(text);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, answers);
  EXPECT_THAT(text, HasSubstr("\"kind\": \"not_copied\""));
  EXPECT_THAT(text, Not(HasSubstr("-1")));
}

TEST(TranslationJsonTest, AnotherTextIsRefused) {
  for (const char* text : {"", "[]", "{}", R"({"schema_version": 2, "questions": [], "answers": []})",
                           R"({"schema_version": 1, "questions": [{}], "answers": [{}]})"}) {
    EXPECT_EQ(ParseTranslationQuestions(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(ParseTranslationAnswers(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace replicator
