// Makes a record batch of a few records of our own: what a link writes beside the data path.
#ifndef REPLICATOR_KAFKA_BATCH_BUILD_BATCH_H_
#define REPLICATOR_KAFKA_BATCH_BUILD_BATCH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/types/span.h"

namespace replicator::kafka {

struct NewRecord {
  std::string key;
  std::optional<std::string> value;  // nullopt: a tombstone
};

// Who sends a batch, as its header says.
struct BatchProducer {
  int64_t id = -1;  // -1: nobody whose sequences count
  int16_t epoch = -1;
  int32_t base_sequence = -1;
  bool is_transactional = false;
};

// An uncompressed v2 batch of these records, without headers, all with the same time. Layout: record_batch.h,
// records.h. REQUIRES: `records` is not empty.
std::string BuildBatch(absl::Span<const NewRecord> records, int64_t timestamp_ms, const BatchProducer& producer);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_BATCH_BUILD_BATCH_H_
