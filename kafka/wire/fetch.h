// Fetch (key 1): record batches from a leader, with the positions that go with them. The hot path: parsing
// copies no payload, and FetchResponse reuses its vectors from one response to the next.
//
// Sessions (KIP-227): session_id 0 with session_epoch 0 opens one and names every partition; afterwards
// the id from the response with epochs 1, 2, ... (never wrapping to 0) names only those that changed, and
// a response holds only partitions with news. Epoch -1 means no session.
#ifndef REPLICATOR_KAFKA_WIRE_FETCH_H_
#define REPLICATOR_KAFKA_WIRE_FETCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

inline constexpr int32_t kNewFetchSessionId = 0;
inline constexpr int32_t kNewFetchSessionEpoch = 0;
inline constexpr int32_t kNoFetchSessionEpoch = -1;

enum class IsolationLevel : int8_t { kReadUncommitted = 0, kReadCommitted = 1 };

struct FetchResponse {
  // Named by `name` up to v12, by `id` from v13 on; the other one is empty.
  struct Topic {
    std::string_view name;
    Uuid id = kNoUuid;
  };
  // A transaction whose records, from first_offset up to its ABORT marker, must not be seen.
  struct AbortedTransaction {
    int64_t producer_id = -1;
    int64_t first_offset = -1;
  };
  struct Partition {
    size_t topic_index = 0;  // Into `topics`.
    int32_t partition = -1;
    int16_t error_code = 0;
    int64_t high_watermark = -1;
    int64_t last_stable_offset = -1;  // -1: not known.
    int64_t log_start_offset = -1;    // -1: not known.
    // v12+, when last_fetched_epoch shows that our log has left the leader's: the largest common epoch and
    // where it ends on the leader. -1: no divergence.
    int32_t diverging_epoch = -1;
    int64_t diverging_end_offset = -1;
    // v12+, with NOT_LEADER_OR_FOLLOWER or FENCED_LEADER_EPOCH; -1: not told.
    int32_t current_leader_id = -1;
    int32_t current_leader_epoch = -1;
    int32_t preferred_read_replica = -1;  // v11+. -1: fetch from the leader.
    size_t aborted_begin = 0;             // Into `aborted_transactions`; see AbortedOf().
    size_t aborted_count = 0;
    // Record batches as they lie in the log; the last one may be cut off. Empty if there are none.
    std::string_view records;
    size_t records_offset = 0;  // Where `records` begins in the body given to Parse().
  };

  int32_t throttle_time_ms = 0;
  int16_t error_code = 0;  // Of the whole request, mostly of the session.
  int32_t session_id = 0;
  std::vector<Topic> topics;
  std::vector<Partition> partitions;  // In the order of the response.
  std::vector<AbortedTransaction> aborted_transactions;

  absl::Span<const AbortedTransaction> AbortedOf(const Partition& partition) const {
    return absl::MakeConstSpan(aborted_transactions).subspan(partition.aborted_begin, partition.aborted_count);
  }

  // Replaces the content by that of `body` (what ResponseBody() gave), keeping the vectors' memory. All
  // views point into `body`. InvalidArgument if malformed; the content is then unspecified.
  absl::Status Parse(std::string_view body, int16_t version);
  static absl::StatusOr<FetchResponse> Read(std::string_view body, int16_t version);
};

struct FetchRequest {
  using Response = FetchResponse;
  static constexpr ApiSpec kApi = {ApiKey::kFetch, "Fetch", {7, 10, 13}, /*version_flexible=*/12};

  struct Partition {
    int32_t partition = -1;
    int32_t current_leader_epoch = -1;  // v9+. -1: not fenced.
    int64_t fetch_offset = 0;
    // v12+: epoch of the record before fetch_offset, -1 if there is none. Lets the leader tell a truncation.
    int32_t last_fetched_epoch = -1;
    int32_t partition_bytes_max = 1 << 20;
  };
  struct Topic {
    std::string name;
    Uuid id = kNoUuid;  // Needed from v13 on, where the name is not sent.
    std::vector<Partition> partitions;
  };
  struct ForgottenTopic {
    std::string name;
    Uuid id = kNoUuid;
    std::vector<int32_t> partitions;
  };

  int32_t max_wait_ms = 500;
  int32_t bytes_min = 1;
  int32_t bytes_max = 1 << 20;  // The first batch is sent whole even if larger (KIP-74).
  IsolationLevel isolation_level = IsolationLevel::kReadCommitted;
  int32_t session_id = kNewFetchSessionId;
  int32_t session_epoch = kNoFetchSessionEpoch;
  std::vector<Topic> topics;
  std::vector<ForgottenTopic> forgotten_topics;
  std::string rack_id;  // v11+ (KIP-392).

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_FETCH_H_
