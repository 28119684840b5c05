// Produce (key 0): record batches to a leader.
//
// The request is not one string but a scatter-gather list: ProduceRequestBuilder keeps the few framing
// bytes, and the batches are sent from wherever they lie (the buffers that they were fetched into).
#ifndef REPLICATOR_KAFKA_WIRE_PRODUCE_H_
#define REPLICATOR_KAFKA_WIRE_PRODUCE_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct ProduceResponse {
  // Why one record made the broker refuse its batch (v8, KIP-467).
  struct RecordError {
    int32_t record_index = -1;  // Within the batch.
    std::optional<std::string> message;
  };
  struct Partition {
    int32_t partition = -1;
    int16_t error_code = 0;
    int64_t base_offset = -1;         // Of the first record; -1 with most errors.
    int64_t log_append_time_ms = -1;  // -1 unless the topic is LogAppendTime.
    int64_t log_start_offset = -1;
    std::vector<RecordError> record_errors;    // v8
    std::optional<std::string> error_message;  // v8
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };

  std::vector<Topic> topics;
  int32_t throttle_time_ms = 0;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<ProduceResponse> Read(std::string_view body, int16_t version);
};

inline constexpr ApiSpec kProduceApi = {ApiKey::kProduce, "Produce", {7, 8}, /*version_flexible=*/9};

// The answer is sent when every in-sync replica has the batch. The only level that idempotence allows.
inline constexpr int16_t kAcksAll = -1;

// Builds one request at a time, and keeps its memory for the next one:
//   builder.Begin(...); builder.AddPartition(...); ...; writev(builder.Finish()).
// The list that Finish() returns, and the framing bytes in it, belong to the builder and last until the
// next Begin(); the batches stay the caller's and must last until the request has been written.
class ProduceRequestBuilder {
 public:
  // One writev takes at most IOV_MAX = 1024 pieces on Linux, and a partition is two: framing and batch.
  static constexpr size_t kPiecesMax = 1024;
  static constexpr size_t kPartitionsMax = kPiecesMax / 2;

  // Starts a request. timeout_ms: how long the leader waits for its replicas. `transactional_id`: of the producer whose
  // transactional batches it is going to have; nullopt for batches that are not.
  void Begin(int16_t version, int32_t correlation_id, std::string_view client_id, int16_t acks, int32_t timeout_ms,
             const std::optional<std::string>& transactional_id = std::nullopt);

  // Adds one batch. A topic's partitions must be added one after the other. False, and nothing added, if
  // the request is full: kPartitionsMax, or kRequestBytesMax unless it is the first batch, so that the
  // broker is the one to refuse a batch that no request can carry.
  // REQUIRES: `batch` is exactly one v2 batch; the partition is not yet in this request, since a broker
  // keeps only one of two batches for the same partition, without an error.
  bool AddPartition(std::string_view topic, int32_t partition, absl::Span<const char> batch);

  size_t partition_count() const { return batches_.size(); }
  // Bytes on the wire so far, the size field included.
  size_t request_bytes() const { return frame_.size() + batch_bytes_; }

  // Sets all counts and the size and returns the pieces in sending order. REQUIRES: partition_count() > 0.
  const std::vector<iovec>& Finish();

 private:
  // A batch goes between the framing bytes before and after `frame_end`.
  struct Batch {
    size_t frame_end;
    absl::Span<const char> bytes;
  };

  void BeginTopic(std::string_view topic);
  void CheckNotYetAdded(std::string_view topic, int32_t partition) const;

  std::string frame_;  // All framing bytes, one piece after the other.
  std::vector<Batch> batches_;
  std::vector<iovec> pieces_;
  size_t batch_bytes_ = 0;
  size_t topic_count_at_ = 0;      // Where in frame_ the number of topics stands.
  size_t partition_count_at_ = 0;  // The same for the partitions of the current topic.
  std::vector<std::string> topics_;
  std::vector<int32_t> topic_partitions_;  // Those of the current topic.
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_PRODUCE_H_
