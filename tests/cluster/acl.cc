#include "tests/cluster/acl.h"

#include <librdkafka/rdkafka.h>

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/rdkafka_handle.h"

namespace replicator::tests {
namespace {

constexpr char kEverybody[] = "User:*";
constexpr char kAnyHost[] = "*";

using RdAcl = std::unique_ptr<rd_kafka_AclBinding_t, RdDelete<rd_kafka_AclBinding_destroy>>;

rd_kafka_AclOperation_t RdOperation(AclOperation operation) {
  switch (operation) {
    case AclOperation::kRead:
      return RD_KAFKA_ACL_OPERATION_READ;
    case AclOperation::kWrite:
      return RD_KAFKA_ACL_OPERATION_WRITE;
    case AclOperation::kDescribe:
      return RD_KAFKA_ACL_OPERATION_DESCRIBE;
    case AclOperation::kDescribeConfigs:
      return RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS;
  }
  return RD_KAFKA_ACL_OPERATION_UNKNOWN;
}

// Sends one request and gives its result event to `read`.
absl::Status Ask(const std::string& bootstrap_servers, absl::FunctionRef<void(rd_kafka_t*, rd_kafka_queue_t*)> send,
                 absl::FunctionRef<absl::Status(rd_kafka_event_t*)> read) {
  absl::StatusOr<RdHandle> client = NewClient(RD_KAFKA_PRODUCER, bootstrap_servers, {});
  if (!client.ok()) return client.status();
  RdQueue queue(rd_kafka_queue_new(client->get()));
  send(client->get(), queue.get());
  RdEvent event(rd_kafka_queue_poll(queue.get(), ToMillis(ClusterAdmin::kRequestTimeout)));
  if (event == nullptr) return absl::DeadlineExceededError("ACLs: no answer");
  absl::Status status = ToStatus(rd_kafka_event_error(event.get()), "ACLs", rd_kafka_event_error_string(event.get()));
  return status.ok() ? read(event.get()) : status;
}

}  // namespace

absl::Status Deny(const std::string& bootstrap_servers, AclResource resource, const std::string& name,
                  AclOperation operation) {
  char error[256] = "";
  const rd_kafka_ResourceType_t type =
      resource == AclResource::kTopic ? RD_KAFKA_RESOURCE_TOPIC : RD_KAFKA_RESOURCE_GROUP;
  const auto acl = [&](rd_kafka_AclOperation_t of, rd_kafka_AclPermissionType_t permission) {
    return RdAcl(rd_kafka_AclBinding_new(type, name.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL, kEverybody, kAnyHost,
                                         of, permission, error, sizeof(error)));
  };
  // Once a topic or group has an ACL, what none of them allows is refused.
  const RdAcl allowed = acl(RD_KAFKA_ACL_OPERATION_ALL, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW);
  const RdAcl denied = acl(RdOperation(operation), RD_KAFKA_ACL_PERMISSION_TYPE_DENY);
  if (allowed == nullptr || denied == nullptr) return absl::InvalidArgumentError(absl::StrCat("ACLs: ", error));
  rd_kafka_AclBinding_t* acls[] = {allowed.get(), denied.get()};
  return Ask(
      bootstrap_servers,
      [&](rd_kafka_t* client, rd_kafka_queue_t* queue) { rd_kafka_CreateAcls(client, acls, 2, nullptr, queue); },
      [](rd_kafka_event_t* event) {
        size_t count = 0;
        const rd_kafka_acl_result_t** results =
            rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &count);
        absl::Status status;
        for (size_t i = 0; i < count; ++i) status.Update(ToStatus(rd_kafka_acl_result_error(results[i]), "CreateAcls"));
        return status;
      });
}

absl::Status RemoveAcls(const std::string& bootstrap_servers, const std::string& topic) {
  char error[256] = "";
  const RdAcl filter(rd_kafka_AclBindingFilter_new(
      RD_KAFKA_RESOURCE_TOPIC, topic.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL, nullptr, nullptr,
      RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, error, sizeof(error)));
  if (filter == nullptr) return absl::InvalidArgumentError(absl::StrCat("ACLs: ", error));
  rd_kafka_AclBindingFilter_t* filters[] = {filter.get()};
  return Ask(
      bootstrap_servers,
      [&](rd_kafka_t* client, rd_kafka_queue_t* queue) { rd_kafka_DeleteAcls(client, filters, 1, nullptr, queue); },
      [](rd_kafka_event_t* event) {
        size_t count = 0;
        const rd_kafka_DeleteAcls_result_response_t** responses =
            rd_kafka_DeleteAcls_result_responses(rd_kafka_event_DeleteAcls_result(event), &count);
        absl::Status status;
        for (size_t i = 0; i < count; ++i)
          status.Update(ToStatus(rd_kafka_DeleteAcls_result_response_error(responses[i]), "DeleteAcls"));
        return status;
      });
}

}  // namespace replicator::tests
