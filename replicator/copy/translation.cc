#include "replicator/copy/translation.h"

#include <algorithm>

namespace replicator {
namespace {

using offsets::SourceOffset;
using offsets::TargetOffset;
using offsets::TranslationKind;

}  // namespace

TranslationAnswer Translated(int64_t offset, bool to_source, absl::Span<const offsets::KnownRange> known,
                             TranslationAnswer facts) {
  TranslationAnswer answer = facts;
  answer.kind = TranslationKind::kUnknown;
  answer.offset = -1;
  answer.is_same_record = false;
  if (offset < 0) return answer;
  // A log start that is not known deletes nothing.
  const offsets::LogStarts starts = {SourceOffset(std::max<int64_t>(facts.source_log_start, 0)),
                                     TargetOffset(std::max<int64_t>(facts.target_log_start, 0))};
  int64_t translated = -1;
  if (to_source) {
    const offsets::ToSource found = TranslateToSource(known, TargetOffset(offset), starts);
    answer.kind = found.kind;
    answer.is_same_record = found.is_same_record;
    translated = found.source.value;
  } else {
    const offsets::ToTarget found = TranslateToTarget(known, SourceOffset(offset), starts);
    answer.kind = found.kind;
    answer.is_same_record = found.is_same_record;
    translated = found.target.value;
  }
  // Whether the source has records there is what its log start tells.
  if (answer.kind == TranslationKind::kNotCopied && facts.source_log_start < 0) answer.kind = TranslationKind::kUnknown;
  if (answer.kind == TranslationKind::kExact) answer.offset = translated;
  return answer;
}

}  // namespace replicator
