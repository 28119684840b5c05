#include "kafka/client/request_steps.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator::kafka {
namespace {

CreateTopicsRequest::Topic Topic(std::string name, int32_t partitions, int configs) {
  CreateTopicsRequest::Topic topic;
  topic.name = std::move(name);
  topic.partition_count = partitions;
  for (int i = 0; i < configs; ++i) topic.configs.push_back({absl::StrCat("setting.", i), "1"});
  return topic;
}

int64_t Records(const std::vector<CreateTopicsRequest::Topic>& request) {
  int64_t records = 0;
  for (const auto& topic : request) records += 1 + topic.partition_count + static_cast<int64_t>(topic.configs.size());
  return records;
}

TEST(RequestStepsTest, NoRequestCreatesMoreThanTheLimit) {
  std::vector<CreateTopicsRequest::Topic> topics;
  for (int i = 0; i < 105; ++i) topics.push_back(Topic(absl::StrCat("t", i), 100, 15));
  const auto steps = CreateSteps(topics);
  size_t next = 0;
  for (const auto& request : steps) {
    EXPECT_LE(Records(request), kMetadataRecordsMax);
    for (const auto& topic : request) {
      EXPECT_EQ(topic.name, topics[next++].name);
      EXPECT_EQ(topic.partition_count, 100);
    }
  }
  EXPECT_EQ(next, topics.size());
  EXPECT_EQ(steps.size(), 7u);  // 17 of 116 records each
}

TEST(RequestStepsTest, ALargeTopicBeginsWithWhatOneRequestTakes) {
  const auto steps = CreateSteps({Topic("small", 1, 0), Topic("large", 5'000, 9), Topic("next", 3, 0)});
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[1].at(0).name, "large");
  EXPECT_EQ(steps[1].at(0).partition_count, 1'990);
  EXPECT_EQ(steps[2].at(0).partition_count, 3);
}

TEST(RequestStepsTest, ATopicWithoutRoomForAPartitionGetsOne) {
  const auto steps = CreateSteps({Topic("a", 7, 30)}, /*records_max=*/20);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].at(0).partition_count, 1);
}

TEST(RequestStepsTest, NothingToDoTakesNoRequest) {
  EXPECT_TRUE(CreateSteps({}).empty());
  EXPECT_TRUE(GrowSteps({{"a", 4, 4}, {"b", 5, 4}}).empty());
}

TEST(RequestStepsTest, GrowthTakesEachTopicOnceInARequestUpToTheLimit) {
  const auto steps = GrowSteps({{"a", 1'990, 5'000}, {"b", 1, 3}, {"c", 0, 2'000}});
  std::map<std::string, int32_t> partitions = {{"a", 1'990}, {"b", 1}, {"c", 0}};
  for (const auto& request : steps) {
    int64_t added = 0;
    std::set<std::string> names;
    for (const auto& topic : request) {
      EXPECT_TRUE(names.insert(topic.name).second) << topic.name;
      EXPECT_GT(topic.partition_count, partitions[topic.name]);
      added += topic.partition_count - partitions[topic.name];
      partitions[topic.name] = topic.partition_count;
    }
    EXPECT_LE(added, kMetadataRecordsMax);
  }
  EXPECT_EQ(partitions["a"], 5'000);
  EXPECT_EQ(partitions["b"], 3);
  EXPECT_EQ(partitions["c"], 2'000);
  EXPECT_EQ(steps.size(), 3u);
}

}  // namespace
}  // namespace replicator::kafka
