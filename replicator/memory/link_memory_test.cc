#include "replicator/memory/link_memory.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "offsets/unreliable_files.h"
#include "replicator/base/exit_code.h"

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

// A topic that was only looked at is not one that this link has copied.
TEST_F(LinkMemoryTest, ATopicHasBegunOnceAPartitionOfItHas) {
  for (const bool has_begun : {false, true}) {
    std::unique_ptr<LinkMemory> memory = Open();
    ASSERT_NE(memory, nullptr);
    std::vector<Assignment> assignments = {OrdersWith(kFirstId)};
    ASSERT_TRUE(memory->Complete(assignments).ok());
    EXPECT_FALSE(memory->HasBegun("orders"));
    offsets::PartitionWrite write;
    write.key = assignments[0].key;
    if (has_begun) write.state.eras = {{offsets::TargetOffset(0), {.id = 7, .epoch = 0}, 0}};
    absl::Notification stored;
    memory->store()->Write({write}, [&] { stored.Notify(); });
    stored.WaitForNotification();
    memory->Close();
    EXPECT_EQ(Open()->HasBegun("orders"), has_begun);
  }
  EXPECT_FALSE(Open()->HasBegun("payments"));
}

// Exit codes tell scripts whether to look at a cluster or at this machine.
TEST_F(LinkMemoryTest, AFolderThatCannotBeUsedIsNotAnUnreachableCluster) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ + "/store") << "not a folder";
  absl::Status unusable = LinkMemory::Open(folder_).status();
  EXPECT_EQ(ExitCodeFor(unusable), ExitCode::kBlocked) << unusable;
  EXPECT_THAT(std::string(unusable.message()), HasSubstr("Check the disk's space and the folder's rights"));
  std::filesystem::remove_all(folder_);
  ASSERT_TRUE(Open()->Remember(Link()).ok());
  std::ofstream(folder_ + "/store/CURRENT") << "MANIFEST-of-another\n";
  absl::Status damaged = LinkMemory::Open(folder_).status();
  EXPECT_EQ(ExitCodeFor(damaged), ExitCode::kBlocked) << damaged;
}

TEST_F(LinkMemoryTest, WithoutAStoreNothingOutlivesTheProcess) {
  for (int life = 0; life < 2; ++life) {
    absl::StatusOr<std::unique_ptr<LinkMemory>> memory = LinkMemory::WithoutStore(folder_);
    ASSERT_TRUE(memory.ok()) << memory.status();
    EXPECT_EQ((*memory)->store(), nullptr);
    EXPECT_FALSE((*memory)->link().has_value());
    ASSERT_TRUE((*memory)->Recognise(Link(), "file").ok());
    EXPECT_FALSE((*memory)->link()->instance_id.empty());
    std::vector<Assignment> assignments = {OrdersWith(life == 0 ? kFirstId : kSecondId)};
    ASSERT_TRUE((*memory)->Complete(assignments).ok());
    EXPECT_EQ(assignments[0].source_topic_id, life == 0 ? kFirstId : kSecondId);
    EXPECT_TRUE((*memory)->Accept(assignments[0]).ok());
  }
}

TEST_F(LinkMemoryTest, TheTopicsOfAFolderCanBeReadWhileAProcessHasIt) {
  absl::StatusOr<std::map<std::string, offsets::TopicRecord>> topics = LinkMemory::TopicsIn(folder_);
  ASSERT_TRUE(topics.ok()) << topics.status();
  EXPECT_TRUE(topics->empty());
  EXPECT_FALSE(std::filesystem::exists(folder_)) << "nothing is made";
  std::unique_ptr<LinkMemory> memory = Open();
  ASSERT_TRUE(memory->Recognise(Link(), "mm2.properties").ok());
  std::vector<Assignment> assignments = {OrdersWith(kFirstId)};
  ASSERT_TRUE(memory->Complete(assignments).ok());
  topics = LinkMemory::TopicsIn(folder_);
  ASSERT_TRUE(topics.ok()) << topics.status();
  EXPECT_TRUE(topics->contains("orders"));
  EXPECT_EQ(topics->size(), 1u);
}

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
    ASSERT_TRUE(written->WaitForNotificationWithTimeout(absl::Minutes(1)));
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
  EXPECT_TRUE(memory->refused().empty());
  assignments = {OrdersWith(kFirstId, "old.orders")};
  ASSERT_TRUE(memory->Complete(assignments).ok());
  EXPECT_TRUE(assignments.empty());
  ASSERT_TRUE(memory->refused().contains("orders"));
  EXPECT_THAT(memory->refused().at("orders"),
              AllOf(HasSubstr("copied into orders so far"), HasSubstr("asks for old.orders")));
}

// A topic that was found while the disk was full is copied once it is not, and keeps its number.
TEST_F(LinkMemoryTest, WhatCouldNotBeSavedIsSavedWhenItIsBroughtAgain) {
  offsets::UnreliableFiles files;
  absl::StatusOr<std::unique_ptr<LinkMemory>> memory = LinkMemory::Open(folder_, files.env());
  ASSERT_TRUE(memory.ok()) << memory.status();
  ASSERT_TRUE((*memory)->Recognise(Link(), "mm2.properties").ok());
  std::vector<Assignment> assignments = {OrdersWith(kFirstId)};
  files.FailWrites(rocksdb::IOStatus::NoSpace("full"));
  EXPECT_EQ((*memory)->Complete(assignments).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_EQ(assignments.size(), 1u);
  files.FailWrites(rocksdb::IOStatus::OK());
  const absl::Status saved = (*memory)->Complete(assignments);
  ASSERT_TRUE(saved.ok()) << saved;
  const offsets::PartitionKey key = assignments.front().key;
  memory->reset();
  memory = LinkMemory::Open(folder_);
  ASSERT_TRUE(memory.ok()) << memory.status();
  ASSERT_TRUE((*memory)->topics().contains("orders"));
  EXPECT_EQ((*memory)->topics().at("orders").number, key.topic);
}

}  // namespace
}  // namespace replicator
