// Cuts what is to be created into requests that a controller takes. A KRaft controller refuses a request that would
// write more than 10,000 metadata records, and holds up all others while it writes them: a topic is one record, each
// of its partitions and each of its settings another one (org.apache.kafka.controller.QuorumController,
// ReplicationControlManager).
//
// Pure functions, any thread.
#ifndef REPLICATOR_KAFKA_CLIENT_REQUEST_STEPS_H_
#define REPLICATOR_KAFKA_CLIENT_REQUEST_STEPS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/wire/create_partitions.h"
#include "kafka/wire/create_topics.h"

namespace replicator::kafka {

// Of one request. Far below the limit, so that the controller has time for others in between.
inline constexpr int32_t kMetadataRecordsMax = 2'000;

// Topics in their order. One that is too large for a request of its own stands there with fewer partitions; the rest
// is to be added once it is made (GrowSteps).
std::vector<std::vector<CreateTopicsRequest::Topic>> CreateSteps(std::vector<CreateTopicsRequest::Topic> topics,
                                                                 int32_t records_max = kMetadataRecordsMax);

struct TopicGrowth {
  std::string name;
  int32_t partitions = 0;         // that it has
  int32_t partitions_wanted = 0;  // in all
};

// Each topic at most once in a request, and each request adds to what those before it have added.
std::vector<std::vector<CreatePartitionsRequest::Topic>> GrowSteps(std::vector<TopicGrowth> topics,
                                                                   int32_t records_max = kMetadataRecordsMax);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_REQUEST_STEPS_H_
