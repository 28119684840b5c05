// ConsumerGroupDescribe (key 69): who is in a group of the new consumer protocol (KIP-848), which DescribeGroups calls
// Dead. To be asked of its coordinator. A group that is of another type, or that does not exist, has the error
// GROUP_ID_NOT_FOUND.
// Source: ConsumerGroupDescribeRequest.json of Kafka 4.3; GroupMetadataManager.consumerGroupDescribe.
#ifndef REPLICATOR_KAFKA_WIRE_CONSUMER_GROUP_DESCRIBE_H_
#define REPLICATOR_KAFKA_WIRE_CONSUMER_GROUP_DESCRIBE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct ConsumerGroupDescribeResponse {
  struct Member {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;  // As Java prints it: "/10.0.0.1".
    std::vector<std::string> subscribed_topics;
    std::string subscribed_regex;  // Empty: none.
  };
  struct Group {
    int16_t error_code = 0;
    std::optional<std::string> error_message;
    std::string group_id;
    std::string state;  // Empty, Assigning, Reconciling, Stable, Dead
    std::vector<Member> members;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Group> groups;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<ConsumerGroupDescribeResponse> Read(std::string_view body, int16_t version);
};

struct ConsumerGroupDescribeRequest {
  using Response = ConsumerGroupDescribeResponse;
  static constexpr ApiSpec kApi = {
      ApiKey::kConsumerGroupDescribe, "ConsumerGroupDescribe", {0}, /*version_flexible=*/0};

  std::vector<std::string> group_ids;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_CONSUMER_GROUP_DESCRIBE_H_
