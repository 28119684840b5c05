#include "policy/batch_plan.h"

#include <limits>

#include "absl/strings/str_cat.h"

namespace replicator::policy {
namespace {

constexpr int8_t kMagicV2 = 2;
constexpr int8_t kCodecLast = 4;  // zstd

BatchPlan Skip(BatchReason reason) { return {BatchAction::kSkip, reason, ""}; }

BatchPlan Refuse(BatchReason reason, const BatchFacts& batch, absl::string_view why) {
  return {BatchAction::kRefuse, reason, absl::StrCat("the batch at source offset ", batch.base_offset, " ", why)};
}

// What helps with a batch that cannot pass.
std::string LeaveItOut(const BatchFacts& batch) {
  return absl::StrCat(". Exclude the topic, or leave this batch out: resume with --from=",
                      batch.base_offset + batch.last_offset_delta + 1);
}

// Ok (kRaw) when the header can be trusted with arithmetic.
BatchPlan CheckHeader(const BatchFacts& batch) {
  if (batch.magic == 0 || batch.magic == 1) {
    return Refuse(
        BatchReason::kOldFormat, batch,
        absl::StrCat("has record format v", static_cast<int>(batch.magic),
                     ", which Produce requests of today cannot carry: it would have to be re-encoded. Exclude the "
                     "topic"));
  }
  if (batch.magic != kMagicV2) {
    return Refuse(BatchReason::kUnknownFormat, batch,
                  absl::StrCat("has the unknown record format v", static_cast<int>(batch.magic)));
  }
  if (batch.codec < 0 || batch.codec > kCodecLast) {
    return Refuse(BatchReason::kUnknownFormat, batch,
                  absl::StrCat("has the unknown compression type ", static_cast<int>(batch.codec)));
  }
  const int64_t base_offset_max = std::numeric_limits<int64_t>::max() - std::numeric_limits<int32_t>::max();
  if (batch.base_offset < 0 || batch.base_offset > base_offset_max || batch.last_offset_delta < 0 ||
      batch.record_count < 0 || int64_t{batch.record_count} > int64_t{batch.last_offset_delta} + 1) {
    return Refuse(BatchReason::kMalformed, batch,
                  absl::StrCat("says that it holds ", batch.record_count, " records in ",
                               int64_t{batch.last_offset_delta} + 1, " offsets, which cannot be"));
  }
  return {};
}

// Reasons for which the target would refuse or change a batch that is to be copied.
BatchPlan CheckRaw(const BatchFacts& batch, const BatchContext& context) {
  if (batch.base_offset < context.wanted_offset) {
    return Refuse(BatchReason::kStartsEarly, batch,
                  absl::StrCat("begins before the wanted offset ", context.wanted_offset,
                               " (the source's DeleteRecords, or a resume, points into it): its first records would "
                               "have to be cut off. To leave out the rest of it, resume with --from=",
                               batch.base_offset + batch.last_offset_delta + 1));
  }
  const int64_t offsets = int64_t{batch.last_offset_delta} + 1;
  if (batch.record_count != offsets) {
    return Refuse(BatchReason::kHoles, batch,
                  absl::StrCat("was compacted: ", batch.record_count, " records are left of ", offsets,
                               " offsets, and the target accepts no holes in a batch", LeaveItOut(batch)));
  }
  if (batch.is_log_append_time) {
    return Refuse(
        BatchReason::kLogAppendTime, batch,
        absl::StrCat("carries LogAppendTime, which no producer may send: its records' times would have to be written "
                     "into it",
                     LeaveItOut(batch)));
  }
  return {};
}

}  // namespace

BatchPlan PlanBatch(const BatchFacts& batch, const BatchContext& context) {
  BatchPlan header = CheckHeader(batch);
  if (header.action != BatchAction::kRaw) return header;
  if (batch.base_offset + batch.last_offset_delta < context.wanted_offset) return Skip(BatchReason::kBeforeWanted);
  if (batch.is_control || context.transaction == TransactionDecision::kSkipMarker) return Skip(BatchReason::kControl);
  if (context.transaction == TransactionDecision::kSkipAborted) return Skip(BatchReason::kAborted);
  if (batch.record_count == 0) return Skip(BatchReason::kEmpty);
  return CheckRaw(batch, context);
}

absl::string_view Name(BatchReason reason) {
  switch (reason) {
    case BatchReason::kNone:
      return "none";
    case BatchReason::kControl:
      return "control";
    case BatchReason::kAborted:
      return "aborted";
    case BatchReason::kEmpty:
      return "empty";
    case BatchReason::kBeforeWanted:
      return "before-wanted-offset";
    case BatchReason::kOldFormat:
      return "old-record-format";
    case BatchReason::kUnknownFormat:
      return "unknown-record-format";
    case BatchReason::kMalformed:
      return "malformed-batch";
    case BatchReason::kStartsEarly:
      return "starts-before-wanted-offset";
    case BatchReason::kHoles:
      return "compacted-holes";
    case BatchReason::kLogAppendTime:
      return "log-append-time";
  }
  return "unknown";
}

}  // namespace replicator::policy
