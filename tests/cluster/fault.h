// What a FaultProxy does to chosen requests: the faults, the rules that choose, and the ledger that applies the rules
// to each request and counts. No I/O here.
#ifndef REPLICATOR_TESTS_CLUSTER_FAULT_H_
#define REPLICATOR_TESTS_CLUSTER_FAULT_H_

#include <cstdint>
#include <deque>
#include <limits>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace replicator::tests {

// Stands for every API key in a rule. Kafka's own keys begin at 0 (Produce).
inline constexpr int16_t kAnyApi = -1;

// What happens to one request or to its response. Made by the functions below, which say when it counts as a hit.
struct Fault {
  enum class Kind {
    kPass,
    kSwallowResponse,
    kSwallowResponseThenCut,
    kCutBeforeForward,
    kCutAfterForward,
    kCutThenForwardLate,
    kDelayResponse,
    kTruncateResponse,
    kPatchResponse,
  };

  // Changes nothing: the rule only counts. Hit: the response has been written to the client.
  static Fault Pass();

  // The broker does the work and answers, the client never hears; later responses on the connection go on.
  // Hit: the whole response has been read from the broker.
  static Fault SwallowResponse();

  // The same, then the client's connection is closed. Hit: as above, the connection closes right after.
  static Fault SwallowResponseThenCut();

  // The request never reaches the broker; the client's connection is closed. Requests that were forwarded before it
  // on that connection still arrive, their answers are lost. Hit: the connection is closed.
  static Fault CutBeforeForward();

  // The whole request is written to the broker and the client's connection is closed at once, without waiting for the
  // answer. Hit: the connection is closed; the broker may not have read the request yet, but will.
  static Fault CutAfterForward();

  // The client's connection is closed first and the request reaches the broker `delay` later: bytes that a closed
  // connection leaves behind. Requests up to 64 MiB; a larger one is cut before forwarding.
  // Hit: the request has been written to the broker.
  static Fault CutThenForwardLate(absl::Duration delay);

  // The response, and with it all that follow on this connection, waits for `delay` (at most an hour).
  // Hit: the response has begun to arrive and the wait begins.
  static Fault DelayResponse(absl::Duration delay);

  // The first `bytes` bytes of the response frame (its length prefix included), then the end of the connection. A frame
  // that is not longer than `bytes` passes whole before the end. Hit: the bytes have been written.
  static Fault TruncateResponse(int64_t bytes);

  // The response's length prefix says `length`, the bytes after it are unchanged. Hit: the frame has been written, or
  // as much of it as the client takes.
  static Fault GarbleLength(int32_t length);

  // Overwrites bytes of the response from `offset` on; 0 is the first byte after the length prefix, thus 0..3 is the
  // correlation id; a negative offset counts from the frame's end. What falls outside of the frame is dropped.
  // Hit: as of GarbleLength.
  static Fault OverwriteBody(int64_t offset, absl::string_view bytes);

  // As OverwriteBody, but by exclusive or: a mask without zero bytes surely changes what was there.
  static Fault FlipBody(int64_t offset, absl::string_view mask);

  // Applies the part of the patch that falls into `chunk`, which begins at `position` of a frame of `frame_bytes`
  // bytes.
  void PatchChunk(int64_t frame_bytes, int64_t position, absl::Span<char> chunk) const;

  Kind kind = Kind::kPass;
  absl::Duration delay;
  int64_t bytes_max = std::numeric_limits<int64_t>::max();  // Of the response frame, what reaches the client.
  int64_t patch_offset = 0;  // Within the frame, length prefix included; from the frame's end if patch_from_end.
  bool patch_from_end = false;
  bool patch_flips = false;  // Exclusive or instead of overwriting.
  std::string patch;
};

// Which requests a fault strikes. Every request is shown to all rules in the order in which they were armed; each one
// counts it, the first one that is due takes it.
struct FaultRule {
  // Where `skip` counts from.
  enum class Origin { kArmed, kProxyStart };

  int16_t api_key = kAnyApi;
  std::string client_id_prefix;    // Empty: any client, other brokers' replica fetchers too.
  int64_t skip = 0;                // So many matching requests pass first.
  int64_t times = 1;               // So many are struck after that.
  Origin origin = Origin::kArmed;  // kProxyStart counts by API key alone, whatever the client id.
  Fault fault;
};

using RuleId = int64_t;

// The fault that one request has drawn. Rule 0 is "none".
struct Strike {
  RuleId rule_id = 0;
  Fault fault;
};

// Rules and counters, shared by the threads of a test and the proxy's loop: every method may be called from any thread.
class FaultLedger {
 public:
  // At most 10,000 rules in a ledger's life, removed ones included.
  RuleId Arm(FaultRule rule) ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(RuleId rule_id) ABSL_LOCKS_EXCLUDED(mutex_);

  // Shows one request to all rules; the first that is due takes it.
  Strike Take(int16_t api_key, absl::string_view client_id) ABSL_LOCKS_EXCLUDED(mutex_);

  void Hit(const Strike& strike) ABSL_LOCKS_EXCLUDED(mutex_);
  bool WaitForHits(RuleId rule_id, int64_t hits, absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t Hits(RuleId rule_id) ABSL_LOCKS_EXCLUDED(mutex_);

  void CountRequest(int16_t api_key) ABSL_LOCKS_EXCLUDED(mutex_);
  void CountResponse(int16_t api_key, int64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t RequestsForwarded(int16_t api_key) ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t ResponsesForwarded(int16_t api_key) ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t ResponseBytesForwarded(int16_t api_key) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Armed {
    RuleId rule_id = 0;
    FaultRule rule;
    int64_t seen = 0;    // Matching requests, those under `skip` included.
    int64_t struck = 0;  // Of these, how many drew the fault.
  };
  // By API key, so at most 65,536 entries. kAnyApi holds the sum.
  using Counters = absl::flat_hash_map<int16_t, int64_t>;

  static void Add(Counters& counters, int16_t api_key, int64_t count = 1);
  static int64_t Count(const Counters& counters, int16_t api_key);
  int64_t HitsLocked(RuleId rule_id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  absl::CondVar hit_;
  std::deque<Armed> armed_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<RuleId, int64_t> hits_ ABSL_GUARDED_BY(mutex_);
  Counters requests_seen_ ABSL_GUARDED_BY(mutex_);
  Counters requests_forwarded_ ABSL_GUARDED_BY(mutex_);
  Counters responses_forwarded_ ABSL_GUARDED_BY(mutex_);
  Counters response_bytes_forwarded_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_FAULT_H_
