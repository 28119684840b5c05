// Batches need bytes only to be told apart: a batch's slice begins at its content's number, in one buffer that lives as
// long as the process.
#ifndef REPLICATOR_TESTS_MODEL_CONTENT_H_
#define REPLICATOR_TESTS_MODEL_CONTENT_H_

#include <glog/logging.h>

#include "absl/types/span.h"
#include "kafka/net/buffer.h"
#include "tests/model/source_log.h"

namespace replicator::tests {

inline constexpr size_t kBatchBytes = 10;

inline kafka::Slice ContentSlice(int content) {
  constexpr size_t kSize = SourceLog::kContentsMax + kBatchBytes;
  static auto* const budget = new kafka::MemoryBudget(kSize);
  static auto* const buffer = [] {
    CHECK(budget->TryReserve(kSize));
    return new kafka::BufferRef(budget->Allocate(kSize, kSize));
  }();
  return kafka::Slice(*buffer, absl::Span<char>((*buffer)->data() + content, kBatchBytes));
}

inline int ContentOf(const kafka::Slice& slice) {
  static char* const begin = ContentSlice(0).bytes().data();
  return static_cast<int>(slice.bytes().data() - begin);
}

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_MODEL_CONTENT_H_
