#include "replicator/link_memory.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr kafka::Uuid kFirstId = {1};
constexpr kafka::Uuid kSecondId = {2};

class LinkMemoryTest : public ::testing::Test {
 protected:
  LinkMemoryTest()
      : folder_(testing::TempDir() + "/link-memory-" + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
  }
  ~LinkMemoryTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<LinkMemory> Open() {
    absl::StatusOr<std::unique_ptr<LinkMemory>> memory = LinkMemory::Open(folder_);
    EXPECT_TRUE(memory.ok()) << memory.status();
    return memory.ok() ? *std::move(memory) : nullptr;
  }

  static offsets::LinkRecord Link() {
    offsets::LinkRecord link;
    link.source_cluster_id = "from";
    link.target_cluster_id = "to";
    link.isolation_level = "read_committed";
    return link;
  }

  static Assignment OrdersWith(kafka::Uuid source_id, const std::string& target = "orders") {
    Assignment assignment;
    assignment.source_topic = "orders";
    assignment.target_topic = target;
    assignment.partition = 3;
    assignment.source_topic_id = source_id;
    return assignment;
  }

  const std::string folder_;
};

TEST_F(LinkMemoryTest, ANewFolderBelongsToTheLinkFromThenOn) {
  std::string instance_id;
  {
    std::unique_ptr<LinkMemory> memory = Open();
    EXPECT_FALSE(memory->link().has_value());
    ASSERT_TRUE(memory->Recognise(Link(), "mm2.properties").ok());
    instance_id = memory->link()->instance_id;
    EXPECT_NE(instance_id, "");
    EXPECT_EQ(memory->link()->producer.id, -1);
  }
  std::unique_ptr<LinkMemory> memory = Open();
  ASSERT_TRUE(memory->Recognise(Link(), "mm2.properties").ok());
  EXPECT_EQ(memory->link()->instance_id, instance_id);
}

// G
TEST_F(LinkMemoryTest, OtherClustersAndAnotherIsolationLevelAreRefused) {
  std::unique_ptr<LinkMemory> memory = Open();
  ASSERT_TRUE(memory->Recognise(Link(), "mm2.properties").ok());
  offsets::LinkRecord other = Link();
  other.source_cluster_id = "elsewhere";
  const absl::Status clusters = memory->Recognise(other, "mm2.properties");
  EXPECT_EQ(clusters.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(clusters.message()), AllOf(HasSubstr("from cluster from to to"), HasSubstr("--state-dir")));
  other = Link();
  other.isolation_level = "read_uncommitted";
  const absl::Status level = memory->Recognise(other, "mm2.properties");
  EXPECT_EQ(level.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(level.message()), HasSubstr("isolation.level=read_committed"));
}

// G: a topic that was made anew while nobody looked shows by the id that was copied first.
TEST_F(LinkMemoryTest, ATopicKeepsItsNumberAndTheIdThatWasCopiedFirst) {
  offsets::PartitionKey key;
  {
    std::unique_ptr<LinkMemory> memory = Open();
    std::vector<Assignment> first = {OrdersWith(kafka::kNoUuid)};
    ASSERT_TRUE(memory->Complete(first).ok());
    key = first[0].key;
    EXPECT_EQ(key.partition, 3);
    EXPECT_EQ(first[0].stored, nullptr);
    std::vector<Assignment> upgraded = {OrdersWith(kFirstId)};  // the brokers have ids now
    ASSERT_TRUE(memory->Complete(upgraded).ok());
    auto written = std::make_shared<absl::Notification>();
    offsets::PartitionState state;
    state.position = SourceOffset(77);
    memory->store()->Write({{key, state}}, [written] { written->Notify(); });
    ASSERT_TRUE(written->WaitForNotificationWithTimeout(absl::Seconds(10)));
  }
  std::unique_ptr<LinkMemory> memory = Open();
  std::vector<Assignment> again = {OrdersWith(kSecondId)};
  ASSERT_TRUE(memory->Complete(again).ok());
  EXPECT_EQ(again[0].key, key);
  EXPECT_EQ(again[0].source_topic_id, kFirstId);
  ASSERT_NE(again[0].stored, nullptr);
  EXPECT_EQ(again[0].stored->position, SourceOffset(77));
}

TEST_F(LinkMemoryTest, ATopicThatWasCopiedIntoAnotherNameIsLeftOut) {
  std::unique_ptr<LinkMemory> memory = Open();
  std::vector<Assignment> assignments = {OrdersWith(kFirstId)};
  ASSERT_TRUE(memory->Complete(assignments).ok());
  assignments = {OrdersWith(kFirstId, "old.orders")};
  ASSERT_TRUE(memory->Complete(assignments).ok());
  EXPECT_TRUE(assignments.empty());
}

}  // namespace
}  // namespace replicator
