// Decompresses the records of a batch in the framings that Kafka's producers use (org.apache.kafka.common.compress).
// Beside the data path only: where a place must be found by content. The output is a copy, bounded by the caller.
#ifndef REPLICATOR_KAFKA_BATCH_DECOMPRESS_H_
#define REPLICATOR_KAFKA_BATCH_DECOMPRESS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kafka/batch/record_batch.h"

namespace replicator::kafka {

// gzip: members as in RFC 1952, one after the other. snappy: the blocks of snappy-java ("xerial"), or one raw block, as
// librdkafka writes it. lz4, zstd: frames. InvalidArgument if `input` is not that, or ends too soon; ResourceExhausted
// if there would be more than `bytes_max` bytes: never more than that is allocated for the output.
absl::StatusOr<std::string> Decompress(Codec codec, std::string_view input, size_t bytes_max);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_BATCH_DECOMPRESS_H_
