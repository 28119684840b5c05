#include "kafka/client/request_steps.h"

#include <algorithm>
#include <utility>

namespace replicator::kafka {
namespace {

// Of a topic without its partitions.
int32_t RecordsBeside(const CreateTopicsRequest::Topic& topic) {
  return 1 + static_cast<int32_t>(topic.configs.size());
}

}  // namespace

std::vector<std::vector<CreateTopicsRequest::Topic>> CreateSteps(std::vector<CreateTopicsRequest::Topic> topics,
                                                                 int32_t records_max) {
  std::vector<std::vector<CreateTopicsRequest::Topic>> steps;
  int32_t room = 0;
  for (CreateTopicsRequest::Topic& topic : topics) {
    const int32_t partitions_max = std::max<int32_t>(1, records_max - RecordsBeside(topic));
    topic.partition_count = std::min(topic.partition_count, partitions_max);
    const int32_t records = RecordsBeside(topic) + std::max<int32_t>(1, topic.partition_count);
    if (steps.empty() || records > room) {
      steps.emplace_back();
      room = records_max;
    }
    room -= records;
    steps.back().push_back(std::move(topic));
  }
  return steps;
}

std::vector<std::vector<CreatePartitionsRequest::Topic>> GrowSteps(std::vector<TopicGrowth> topics,
                                                                   int32_t records_max) {
  std::vector<std::vector<CreatePartitionsRequest::Topic>> steps;
  int32_t room = 0;
  for (TopicGrowth& topic : topics) {
    while (topic.partitions < topic.partitions_wanted) {
      if (steps.empty() || room == 0) {
        steps.emplace_back();
        room = records_max;
      }
      const int32_t added = std::min(room, topic.partitions_wanted - topic.partitions);
      topic.partitions += added;
      room -= added;
      steps.back().push_back({topic.name, topic.partitions});
      // What is left of this topic belongs to the next request: a controller takes a topic once.
      if (topic.partitions < topic.partitions_wanted) room = 0;
    }
  }
  return steps;
}

}  // namespace replicator::kafka
