// The numbers of Kafka's requests, for the rules of a FaultProxy.
#ifndef REPLICATOR_TESTS_CLUSTER_API_KEY_H_
#define REPLICATOR_TESTS_CLUSTER_API_KEY_H_

#include <cstdint>

namespace replicator::tests {

enum ApiKey : int16_t {
  kProduce = 0,
  kFetch = 1,
  kListOffsets = 2,
  kMetadata = 3,
  kApiVersions = 18,
  kCreateTopics = 19,
  kInitProducerId = 22,
  kDescribeConfigs = 32,
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_API_KEY_H_
