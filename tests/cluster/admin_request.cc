#include "tests/cluster/admin_request.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/process.h"

namespace replicator::tests {
namespace {

// A Metadata request repeats while brokers come and go; one try takes at most this long.
constexpr absl::Duration kMetadataTry = ClusterAdmin::kMetadataTry;
// How long librdkafka may take beyond a request's own timeout to say so.
constexpr absl::Duration kAnswerGrace = absl::Seconds(5);

using RdOptions = std::unique_ptr<rd_kafka_AdminOptions_t, RdDelete<rd_kafka_AdminOptions_destroy>>;

}  // namespace

absl::StatusOr<RdEvent> Ask(rd_kafka_t* handle, rd_kafka_admin_op_t operation, absl::string_view what,
                            absl::FunctionRef<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)> send) {
  RdQueue queue(rd_kafka_queue_new(handle));
  RdOptions options(rd_kafka_AdminOptions_new(handle, operation));
  char error[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), ToMillis(ClusterAdmin::kRequestTimeout), error,
                                            sizeof(error));
  send(options.get(), queue.get());
  RdEvent event(rd_kafka_queue_poll(queue.get(), ToMillis(ClusterAdmin::kRequestTimeout + kAnswerGrace)));
  if (event == nullptr) return absl::DeadlineExceededError(absl::StrCat(what, ": no answer"));
  absl::Status status = ToStatus(rd_kafka_event_error(event.get()), what, rd_kafka_event_error_string(event.get()));
  if (!status.ok()) return status;
  return event;
}

absl::Status TopicError(const rd_kafka_topic_result_t** results, size_t count, absl::string_view what,
                        rd_kafka_resp_err_t tolerated) {
  for (size_t i = 0; i < count; ++i) {
    if (rd_kafka_topic_result_error(results[i]) == tolerated) continue;
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    absl::Status status = ToStatus(rd_kafka_topic_result_error(results[i]), what, text == nullptr ? "" : text);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status PartitionError(const rd_kafka_topic_partition_list_t* list, absl::string_view what) {
  for (int i = 0; i < list->cnt; ++i) {
    absl::Status status = ToStatus(list->elems[i].err, absl::StrCat(what, " partition ", list->elems[i].partition));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<RdMetadata> FetchMetadata(rd_kafka_t* handle, absl::Duration timeout) {
  const rd_kafka_metadata_t* metadata = nullptr;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  WaitFor(
      [&] {
        error = rd_kafka_metadata(handle, 1, nullptr, &metadata, ToMillis(std::min(timeout, kMetadataTry)));
        return error == RD_KAFKA_RESP_ERR_NO_ERROR;
      },
      timeout);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(error, "Metadata");
  return RdMetadata(metadata);
}

}  // namespace replicator::tests
