// Questions where offsets lie, and their answers, as JSON: what goes over a link's socket (POST /offsets/translate),
// and what scripts read. Pure functions, any thread.
#ifndef REPLICATOR_REPLICATOR_SERVE_TRANSLATION_JSON_H_
#define REPLICATOR_REPLICATOR_SERVE_TRANSLATION_JSON_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "replicator/copy/translation.h"

namespace replicator {

// Raised when a field goes away or changes its meaning.
inline constexpr int kTranslationSchemaVersion = 1;

std::string ToJson(absl::Span<const TranslationQuestion> questions);
// Each answer names its question. What is not known is left out. REQUIRES: as many answers as questions.
std::string ToJson(absl::Span<const TranslationQuestion> questions, absl::Span<const TranslationAnswer> answers);

// InvalidArgument for another text, or another schema version.
absl::StatusOr<std::vector<TranslationQuestion>> ParseTranslationQuestions(const std::string& text);
absl::StatusOr<std::vector<TranslationAnswer>> ParseTranslationAnswers(const std::string& text);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_SERVE_TRANSLATION_JSON_H_
