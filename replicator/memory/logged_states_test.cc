#include "replicator/memory/logged_states.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "absl/synchronization/notification.h"
#include "offsets/changelog_codec.h"

namespace replicator {
namespace {

using offsets::PartitionState;
using offsets::SourceOffset;
using offsets::TargetOffset;

class LoggedStatesTest : public testing::Test {
 protected:
  std::unique_ptr<offsets::Store> OpenNew(const std::string& name) {
    const std::string folder =
        testing::TempDir() + "/" + testing::UnitTest::GetInstance()->current_test_info()->name() + "-" + name;
    std::filesystem::remove_all(folder);
    return *offsets::Store::Open({.folder = folder});
  }

  static void Write(offsets::Store& store, offsets::PartitionKey key, const PartitionState& state) {
    absl::Notification stored;
    store.Write({{key, state}}, [&] { stored.Notify(); });
    stored.WaitForNotification();
  }

  static PartitionState Some(int64_t position) {
    PartitionState state;
    state.position = SourceOffset(position);
    state.target_end = TargetOffset(position - 10);
    state.eras = {{TargetOffset(0), {.id = 4'000, .epoch = 0}, 0}};
    state.tail_begin = {SourceOffset(20), TargetOffset(15)};
    state.has_chunks = true;
    state.map.chunks = {{{SourceOffset(0), TargetOffset(0)},
                         SourceOffset(20),
                         {{SourceOffset(0), TargetOffset(0), 10}, {SourceOffset(12), TargetOffset(10), 5}}}};
    return state;
  }

  static std::map<std::string, std::string> AsTopic(const std::vector<LinkLog::Record>& records) {
    std::map<std::string, std::string> topic;
    for (const LinkLog::Record& record : records) topic[record.key] = record.value.value();
    return topic;
  }
};

TEST_F(LoggedStatesTest, AnotherFolderGetsAllButWhatIsUnderWay) {
  const std::unique_ptr<offsets::Store> from = OpenNew("from");
  ASSERT_TRUE(from->SaveTopics({{"orders", {.number = 7, .source_id = std::string(16, 'a'), .target_name = "o"}},
                                {"users", {.number = 2, .target_name = "u"}}},
                               /*must_sync=*/false)
                  .ok());
  PartitionState state = Some(100);
  state.intents = {{SourceOffset(100), SourceOffset(101), 1, 5}};
  Write(*from, {7, 3}, state);
  Write(*from, {2, 0}, Some(50));
  std::vector<LinkLog::Record> records;
  ASSERT_TRUE(ToLogged(*from, records).ok());
  EXPECT_EQ(records.size(), 2u + 2u + 2u);

  // It knows one of the topics under another number, and a partition that nobody else knows.
  const std::unique_ptr<offsets::Store> to = OpenNew("to");
  const std::map<std::string, offsets::TopicRecord> known = {{"users", {.number = 4, .target_name = "u"}}};
  ASSERT_TRUE(to->SaveTopics(known, /*must_sync=*/false).ok());
  Write(*to, {4, 9}, Some(1'000));
  const absl::StatusOr<offsets::StoreContent> content = ToStoreContent(AsTopic(records), known, /*next=*/5);
  ASSERT_TRUE(content.ok()) << content.status();
  ASSERT_TRUE(to->Replace(*content).ok());
  const auto topics = to->LoadTopics();
  ASSERT_TRUE(topics.ok());
  ASSERT_EQ(topics->size(), 2u);
  EXPECT_EQ(topics->at("users").number, 4u) << "a number is never given to another topic";
  EXPECT_EQ(topics->at("orders").number, 5u);
  EXPECT_EQ(topics->at("orders").source_id, std::string(16, 'a'));
  EXPECT_EQ(topics->at("orders").target_name, "o");
  const auto partitions = to->LoadPartitions(100);
  ASSERT_TRUE(partitions.ok());
  ASSERT_EQ(partitions->size(), 2u) << "what only this folder knew is gone";
  const PartitionState& orders = partitions->at({5, 3});
  EXPECT_EQ(orders.position, SourceOffset(100));
  EXPECT_EQ(orders.eras, state.eras);
  EXPECT_EQ(orders.map.chunks, state.map.chunks);
  EXPECT_TRUE(orders.intents.empty());
  EXPECT_EQ(partitions->at({4, 0}).position, SourceOffset(50));

  // Nothing is different then.
  std::vector<LinkLog::Record> again;
  ASSERT_TRUE(ToLogged(*to, again).ok());
  EXPECT_EQ(AsTopic(again), AsTopic(records));
}

TEST_F(LoggedStatesTest, WhatCannotBeReadReplacesNothing) {
  const std::string topic = offsets::LoggedTopicKey("orders");
  const std::string good = offsets::EncodeLoggedTopic({.source_id = "", .target_id = "", .target_name = "o"});
  for (const std::map<std::string, std::string>& records : std::vector<std::map<std::string, std::string>>{
           {{topic, "nonsense"}},
           {{topic, good}, {offsets::LoggedPartitionKey({"orders", 0}), "\xff\xff"}},
           {{topic, good}, {"Pzzz", ""}},
           {{topic, good}, {"Rzzz", ""}},
           {{offsets::LoggedPartitionKey({"orders", 0}), ""}},
       })
    EXPECT_FALSE(ToStoreContent(records, {}, 1).ok());
}

}  // namespace
}  // namespace replicator
