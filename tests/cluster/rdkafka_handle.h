// Owning pointers, error conversion and client creation over librdkafka's C API, for the .cc files of this folder. No
// public header of the folder includes this one.
#ifndef REPLICATOR_TESTS_CLUSTER_RDKAFKA_HANDLE_H_
#define REPLICATOR_TESTS_CLUSTER_RDKAFKA_HANDLE_H_

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace replicator::tests {

template <auto kDestroy>
struct RdDelete {
  template <typename T>
  void operator()(T* object) const {
    kDestroy(object);
  }
};

// rd_kafka_destroy often takes a second: a broker thread that still counts references when it is told to end looks
// again only after its longest block. So it runs in a thread of its own; the process waits for all of them when it
// exits. REQUIRES: topics, queues and messages of the handle are destroyed. No callback runs any more.
void DestroyInBackground(rd_kafka_t* handle);

using RdHandle = std::unique_ptr<rd_kafka_t, RdDelete<DestroyInBackground>>;
using RdQueue = std::unique_ptr<rd_kafka_queue_t, RdDelete<rd_kafka_queue_destroy>>;
using RdEvent = std::unique_ptr<rd_kafka_event_t, RdDelete<rd_kafka_event_destroy>>;
using RdMessage = std::unique_ptr<rd_kafka_message_t, RdDelete<rd_kafka_message_destroy>>;
using RdPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t, RdDelete<rd_kafka_topic_partition_list_destroy>>;
using RdError = std::unique_ptr<rd_kafka_error_t, RdDelete<rd_kafka_error_destroy>>;

using ClientProperties = std::map<std::string, std::string>;

// OK for NO_ERROR; else a status whose code follows the error (NotFound, AlreadyExists, DeadlineExceeded, ...) and
// whose text is `what`, the error's name and `detail`.
absl::Status ToStatus(rd_kafka_resp_err_t error, absl::string_view what, absl::string_view detail = "");
absl::Status ToStatus(const rd_kafka_error_t* error, absl::string_view what);

// A client whose log lines are dropped and which reconnects quickly. `properties` override. InvalidArgument if
// librdkafka refuses one of them.
absl::StatusOr<RdHandle> NewClient(rd_kafka_type_t type, const std::string& bootstrap_servers,
                                   const ClientProperties& properties);
// The same from a conf that the caller has given callbacks; takes `conf`.
absl::StatusOr<RdHandle> NewClient(rd_kafka_type_t type, rd_kafka_conf_t* conf, const std::string& bootstrap_servers,
                                   const ClientProperties& properties);

// librdkafka takes int milliseconds.
int ToMillis(absl::Duration duration);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_RDKAFKA_HANDLE_H_
