#include "replicator/copy/translation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace replicator {
namespace {

using offsets::SourceOffset;
using offsets::TargetOffset;
using offsets::TranslationKind;

// The copy began at source offset 100; 110 and 111 are markers.
std::vector<offsets::KnownRange> Known() {
  return {{{SourceOffset(100), TargetOffset(0)},
           SourceOffset(120),
           {{SourceOffset(100), TargetOffset(0), 10}, {SourceOffset(112), TargetOffset(10), 8}}}};
}

struct Case {
  std::string name;
  int64_t offset;
  bool to_source;
  int64_t source_log_start;
  int64_t target_log_start;
  TranslationKind kind;
  int64_t translated;
  bool is_same_record;
};

TEST(TranslationTest, IsWhatTheMapSaysAsFarAsLogStartsAreKnown) {
  const std::vector<Case> cases = {
      {"a record", 105, false, 100, 0, TranslationKind::kExact, 5, true},
      {"a gap", 111, false, 100, 0, TranslationKind::kExact, 10, false},
      {"the position", 120, false, 100, 0, TranslationKind::kExact, 18, false},
      {"beyond it", 121, false, 100, 0, TranslationKind::kWait, -1, false},
      {"deleted by the source", 50, false, 100, 0, TranslationKind::kExact, 0, false},
      {"never copied", 50, false, 40, 0, TranslationKind::kNotCopied, -1, false},
      {"deleted or never copied", 50, false, -1, 0, TranslationKind::kUnknown, -1, false},
      {"deleted by the target", 105, false, 100, 7, TranslationKind::kExact, 7, false},
      {"deleted by the target or not", 105, false, 100, -1, TranslationKind::kExact, 5, true},
      {"no offset", -1, false, 100, 0, TranslationKind::kUnknown, -1, false},
      {"back", 12, true, 100, 0, TranslationKind::kExact, 114, true},
      {"back to what the source has deleted", 2, true, 105, 0, TranslationKind::kExact, 105, false},
      {"back, deleted or not", 2, true, -1, 0, TranslationKind::kExact, 102, true},
      {"back to what only the target has", 19, true, 100, 0, TranslationKind::kWait, -1, false},
  };
  for (const Case& c : cases) {
    TranslationAnswer facts;
    facts.position = 120;
    facts.target_end = 18;
    facts.is_quarantined = true;
    facts.source_log_start = c.source_log_start;
    facts.target_log_start = c.target_log_start;
    const TranslationAnswer answer = Translated(c.offset, c.to_source, Known(), facts);
    TranslationAnswer expected = facts;
    expected.kind = c.kind;
    expected.offset = c.translated;
    expected.is_same_record = c.is_same_record;
    EXPECT_EQ(answer, expected) << c.name << ": " << static_cast<int>(answer.kind) << " " << answer.offset;
  }
}

TEST(TranslationTest, WithoutAPlaceNothingIsKnown) {
  const TranslationAnswer answer = Translated(0, false, {}, {});
  EXPECT_EQ(answer, TranslationAnswer{});
}

}  // namespace
}  // namespace replicator
