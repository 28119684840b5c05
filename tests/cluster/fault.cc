#include "tests/cluster/fault.h"

#include <glog/logging.h>

#include <utility>

#include "absl/strings/match.h"

namespace replicator::tests {
namespace {

constexpr int64_t kLengthBytes = 4;
constexpr size_t kRulesMax = 10'000;

std::string StoreInt32(int32_t value) {
  const auto v = static_cast<uint32_t>(value);
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8), static_cast<char>(v)};
}

Fault PatchAt(int64_t offset, absl::string_view bytes, bool flips) {
  Fault fault{.kind = Fault::Kind::kPatchResponse};
  fault.patch_from_end = offset < 0;
  fault.patch_offset = offset < 0 ? offset : offset + kLengthBytes;
  fault.patch_flips = flips;
  fault.patch = std::string(bytes);
  return fault;
}

}  // namespace

Fault Fault::Pass() { return {}; }

Fault Fault::SwallowResponse() { return {.kind = Kind::kSwallowResponse, .bytes_max = 0}; }

Fault Fault::SwallowResponseThenCut() { return {.kind = Kind::kSwallowResponseThenCut, .bytes_max = 0}; }

Fault Fault::CutBeforeForward() { return {.kind = Kind::kCutBeforeForward}; }

Fault Fault::CutAfterForward() {
  // The answer can come before the cut is made: it is dropped then too.
  return {.kind = Kind::kCutAfterForward, .bytes_max = 0};
}

Fault Fault::CutThenForwardLate(absl::Duration delay) { return {.kind = Kind::kCutThenForwardLate, .delay = delay}; }

Fault Fault::DelayResponse(absl::Duration delay) { return {.kind = Kind::kDelayResponse, .delay = delay}; }

Fault Fault::TruncateResponse(int64_t bytes) { return {.kind = Kind::kTruncateResponse, .bytes_max = bytes}; }

Fault Fault::GarbleLength(int32_t length) { return {.kind = Kind::kPatchResponse, .patch = StoreInt32(length)}; }

Fault Fault::OverwriteBody(int64_t offset, absl::string_view bytes) { return PatchAt(offset, bytes, /*flips=*/false); }

Fault Fault::FlipBody(int64_t offset, absl::string_view mask) { return PatchAt(offset, mask, /*flips=*/true); }

void Fault::PatchChunk(int64_t frame_bytes, int64_t position, absl::Span<char> chunk) const {
  const int64_t start = (patch_from_end ? frame_bytes : 0) + patch_offset - position;
  for (size_t i = 0; i < patch.size(); ++i) {
    const int64_t at = start + static_cast<int64_t>(i);
    if (at < 0 || at >= static_cast<int64_t>(chunk.size())) continue;
    chunk[at] = patch_flips ? static_cast<char>(chunk[at] ^ patch[i]) : patch[i];
  }
}

RuleId FaultLedger::Arm(FaultRule rule) {
  absl::MutexLock lock(&mutex_);
  CHECK_LT(hits_.size(), kRulesMax) << "too many rules for one proxy";
  const RuleId rule_id = static_cast<RuleId>(hits_.size()) + 1;
  const bool from_start = rule.origin == FaultRule::Origin::kProxyStart;
  const int64_t seen = from_start ? Count(requests_seen_, rule.api_key) : 0;
  hits_[rule_id] = 0;
  armed_.push_back({rule_id, std::move(rule), seen, 0});
  return rule_id;
}

void FaultLedger::Remove(RuleId rule_id) {
  absl::MutexLock lock(&mutex_);
  std::erase_if(armed_, [rule_id](const Armed& armed) { return armed.rule_id == rule_id; });
}

Strike FaultLedger::Take(int16_t api_key, absl::string_view client_id) {
  absl::MutexLock lock(&mutex_);
  Add(requests_seen_, api_key);
  Strike strike;
  for (Armed& armed : armed_) {
    const FaultRule& rule = armed.rule;
    if (rule.api_key != kAnyApi && rule.api_key != api_key) continue;
    if (!absl::StartsWith(client_id, rule.client_id_prefix)) continue;
    const bool due = ++armed.seen > rule.skip && armed.struck < rule.times;
    if (!due || strike.rule_id != 0) continue;
    ++armed.struck;
    strike = {armed.rule_id, rule.fault};
  }
  return strike;
}

void FaultLedger::Hit(const Strike& strike) {
  if (strike.rule_id == 0) return;
  absl::MutexLock lock(&mutex_);
  ++hits_[strike.rule_id];
  hit_.SignalAll();
}

bool FaultLedger::WaitForHits(RuleId rule_id, int64_t hits, absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  while (HitsLocked(rule_id) < hits) {
    if (hit_.WaitWithDeadline(&mutex_, deadline)) break;
  }
  return HitsLocked(rule_id) >= hits;
}

int64_t FaultLedger::Hits(RuleId rule_id) {
  absl::MutexLock lock(&mutex_);
  return HitsLocked(rule_id);
}

void FaultLedger::CountRequest(int16_t api_key) {
  absl::MutexLock lock(&mutex_);
  Add(requests_forwarded_, api_key);
}

void FaultLedger::CountResponse(int16_t api_key, int64_t bytes) {
  absl::MutexLock lock(&mutex_);
  Add(responses_forwarded_, api_key);
  Add(response_bytes_forwarded_, api_key, bytes);
}

int64_t FaultLedger::RequestsForwarded(int16_t api_key) {
  absl::MutexLock lock(&mutex_);
  return Count(requests_forwarded_, api_key);
}

int64_t FaultLedger::ResponsesForwarded(int16_t api_key) {
  absl::MutexLock lock(&mutex_);
  return Count(responses_forwarded_, api_key);
}

int64_t FaultLedger::ResponseBytesForwarded(int16_t api_key) {
  absl::MutexLock lock(&mutex_);
  return Count(response_bytes_forwarded_, api_key);
}

void FaultLedger::Add(Counters& counters, int16_t api_key, int64_t count) {
  if (api_key != kAnyApi) counters[api_key] += count;
  counters[kAnyApi] += count;
}

int64_t FaultLedger::Count(const Counters& counters, int16_t api_key) {
  const auto found = counters.find(api_key);
  return found == counters.end() ? 0 : found->second;
}

int64_t FaultLedger::HitsLocked(RuleId rule_id) const {
  const auto found = hits_.find(rule_id);
  return found == hits_.end() ? 0 : found->second;
}

}  // namespace replicator::tests
