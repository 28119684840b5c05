#include "tests/groups/group_deletion.h"

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "tests/cluster/rdkafka_handle.h"

namespace replicator::tests {
namespace {

constexpr int kTimeoutMs = 30'000;

using RdDeletion = std::unique_ptr<rd_kafka_DeleteGroup_t, RdDelete<rd_kafka_DeleteGroup_destroy>>;

}  // namespace

absl::Status DeleteGroup(const std::string& bootstrap_servers, const std::string& group) {
  absl::StatusOr<RdHandle> client = NewClient(RD_KAFKA_PRODUCER, bootstrap_servers, {});
  if (!client.ok()) return client.status();
  const RdDeletion deletion(rd_kafka_DeleteGroup_new(group.c_str()));
  rd_kafka_DeleteGroup_t* deletions[] = {deletion.get()};
  const RdQueue queue(rd_kafka_queue_new(client->get()));
  rd_kafka_DeleteGroups(client->get(), deletions, 1, /*options=*/nullptr, queue.get());
  const RdEvent event(rd_kafka_queue_poll(queue.get(), kTimeoutMs));
  if (event == nullptr) return absl::DeadlineExceededError("DeleteGroups was not answered");
  const absl::Status status =
      ToStatus(rd_kafka_event_error(event.get()), "DeleteGroups", rd_kafka_event_error_string(event.get()));
  if (!status.ok()) return status;
  size_t count = 0;
  const rd_kafka_group_result_t** results =
      rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event.get()), &count);
  return count == 1 ? ToStatus(rd_kafka_group_result_error(results[0]), "delete group " + group)
                    : absl::InternalError("DeleteGroups answered for another number of groups");
}

}  // namespace replicator::tests
