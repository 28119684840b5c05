#include "replicator/serve/translation_json.h"

#include <glog/logging.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace replicator {
namespace {

using Json = nlohmann::ordered_json;
using offsets::TranslationKind;

constexpr std::pair<TranslationKind, const char*> kKinds[] = {{TranslationKind::kExact, "exact"},
                                                              {TranslationKind::kWait, "wait"},
                                                              {TranslationKind::kUnknown, "unknown"},
                                                              {TranslationKind::kNotCopied, "not_copied"}};

// The numbers of an answer that may not be known.
constexpr std::pair<const char*, int64_t TranslationAnswer::*> kNumbers[] = {
    {"translated", &TranslationAnswer::offset},
    {"position", &TranslationAnswer::position},
    {"target_end", &TranslationAnswer::target_end},
    {"source_log_start", &TranslationAnswer::source_log_start},
    {"target_log_start", &TranslationAnswer::target_log_start}};

Json JsonOf(const TranslationQuestion& question) {
  return {{"topic", question.source_topic},
          {"partition", question.partition},
          {"offset", question.offset},
          {"to_source", question.to_source}};
}

std::string Text(const char* name, Json items) {
  const Json out = {{"schema_version", kTranslationSchemaVersion}, {name, std::move(items)}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// The items of the list `name`; null of another schema version. Throws what nlohmann throws.
Json Items(const std::string& text, const char* name) {
  Json json = Json::parse(text);
  return json.at("schema_version").get<int>() == kTranslationSchemaVersion ? std::move(json.at(name)) : Json();
}

absl::Status AnotherVersion() {
  return absl::InvalidArgumentError(absl::StrCat(
      "the schema version of translations is another one; this program knows ", kTranslationSchemaVersion));
}

TranslationAnswer AnswerOf(const Json& json) {
  TranslationAnswer answer;
  answer.is_copied = json.at("is_copied").get<bool>();
  const std::string name = json.value("kind", "unknown");
  for (const auto& [kind, kind_name] : kKinds) {
    if (name == kind_name) answer.kind = kind;
  }
  answer.is_same_record = json.value("is_same_record", false);
  answer.is_quarantined = json.value("is_quarantined", false);
  for (const auto& [key, number] : kNumbers) answer.*number = json.value(key, int64_t{-1});
  return answer;
}

}  // namespace

std::string ToJson(absl::Span<const TranslationQuestion> questions) {
  Json items = Json::array();
  for (const TranslationQuestion& question : questions) items.push_back(JsonOf(question));
  return Text("questions", std::move(items));
}

std::string ToJson(absl::Span<const TranslationQuestion> questions, absl::Span<const TranslationAnswer> answers) {
  CHECK_EQ(questions.size(), answers.size());
  Json items = Json::array();
  for (size_t i = 0; i < answers.size(); ++i) {
    const TranslationAnswer& answer = answers[i];
    Json item = JsonOf(questions[i]);
    item["is_copied"] = answer.is_copied;
    if (answer.is_copied) {
      for (const auto& [kind, name] : kKinds) {
        if (answer.kind == kind) item["kind"] = name;
      }
      if (answer.kind == TranslationKind::kExact) item["is_same_record"] = answer.is_same_record;
      for (const auto& [key, number] : kNumbers) {
        if (answer.*number >= 0) item[key] = answer.*number;
      }
      item["is_quarantined"] = answer.is_quarantined;
    }
    items.push_back(std::move(item));
  }
  return Text("answers", std::move(items));
}

absl::StatusOr<std::vector<TranslationQuestion>> ParseTranslationQuestions(const std::string& text) {
  try {
    std::vector<TranslationQuestion> questions;
    const Json items = Items(text, "questions");
    if (items.is_null()) return AnotherVersion();
    for (const Json& item : items) {
      questions.push_back({item.at("topic").get<std::string>(), item.at("partition").get<int32_t>(),
                           item.at("offset").get<int64_t>(), item.value("to_source", false)});
    }
    return questions;
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("the body has to be like {\"schema_version\": 1, \"questions\": [{\"topic\": \"orders\", ",
                     "\"partition\": 0, \"offset\": 4711, \"to_source\": false}]}: ", error.what()));
  }
}

absl::StatusOr<std::vector<TranslationAnswer>> ParseTranslationAnswers(const std::string& text) {
  try {
    std::vector<TranslationAnswer> answers;
    const Json items = Items(text, "answers");
    if (items.is_null()) return AnotherVersion();
    for (const Json& item : items) answers.push_back(AnswerOf(item));
    return answers;
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("the process answers what this program does not know: ", error.what()));
  }
}

}  // namespace replicator
