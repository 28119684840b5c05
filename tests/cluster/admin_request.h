// One admin request to a cluster and the errors of its answer, for the .cc files of this folder.
#ifndef REPLICATOR_TESTS_CLUSTER_ADMIN_REQUEST_H_
#define REPLICATOR_TESTS_CLUSTER_ADMIN_REQUEST_H_

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/cluster/rdkafka_handle.h"

namespace replicator::tests {

using RdMetadata = std::unique_ptr<const rd_kafka_metadata_t, RdDelete<rd_kafka_metadata_destroy>>;

// Sends one admin request and returns its answer, or the error of the request as a whole.
absl::StatusOr<RdEvent> Ask(rd_kafka_t* handle, rd_kafka_admin_op_t operation, absl::string_view what,
                            absl::FunctionRef<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)> send);

// The error of the first of the topics in a result that has one, but for `tolerated`.
absl::Status TopicError(const rd_kafka_topic_result_t** results, size_t count, absl::string_view what,
                        rd_kafka_resp_err_t tolerated = RD_KAFKA_RESP_ERR_NO_ERROR);

// The error of the first partition that has one.
absl::Status PartitionError(const rd_kafka_topic_partition_list_t* list, absl::string_view what);

// Metadata of all topics: asking for one topic could create it. Asks again until `timeout`.
absl::StatusOr<RdMetadata> FetchMetadata(rd_kafka_t* handle, absl::Duration timeout);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_ADMIN_REQUEST_H_
