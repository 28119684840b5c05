#include "replicator/copy/fetch_session.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace replicator {
namespace {

using Key = std::pair<std::string, int32_t>;

// What a broker has of a session, after KIP-227: it adds and updates what a request names, then forgets.
class BrokerSession {
 public:
  void Take(const kafka::FetchRequest& request) {
    if (request.session_epoch == kafka::kNewFetchSessionEpoch) partitions_.clear();
    for (const kafka::FetchRequest::Topic& topic : request.topics) {
      for (const kafka::FetchRequest::Partition& partition : topic.partitions) {
        partitions_[{topic.name, partition.partition}] = partition.fetch_offset;
      }
    }
    for (const kafka::FetchRequest::ForgottenTopic& topic : request.forgotten_topics) {
      for (int32_t partition : topic.partitions) partitions_.erase({topic.name, partition});
    }
  }
  const std::map<Key, int64_t>& partitions() const { return partitions_; }

 private:
  std::map<Key, int64_t> partitions_;
};

class FetchSessionTest : public ::testing::Test {
 protected:
  Stream& Add(const std::string& topic, int32_t partition, int64_t position) {
    Assignment assignment;
    assignment.source_topic = topic;
    assignment.target_topic = topic;
    assignment.partition = partition;
    streams_.push_back(std::make_unique<Stream>(assignment, Partition::Options()));
    streams_.back()->partition.Begin(SourceOffset(position), TargetOffset(0), Ordinal(0));
    session_.Include(*streams_.back());
    return *streams_.back();
  }

  kafka::FetchRequest Exchange(int32_t answered_session = 7) {
    kafka::FetchRequest request;
    session_.Fill(request);
    broker_.Take(request);
    now_ += std::chrono::seconds(1);
    session_.OnAnswer(answered_session, now_);
    return request;
  }

  static size_t Named(const kafka::FetchRequest& request) {
    size_t count = 0;
    for (const kafka::FetchRequest::Topic& topic : request.topics) count += topic.partitions.size();
    return count;
  }

  // Of the last answer.
  Clock::time_point now_ = Clock::time_point() + std::chrono::hours(1);
  FetchSession session_;
  BrokerSession broker_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

TEST_F(FetchSessionTest, APartitionIsAskedForWithTheEpochOfWhatLiesBelow) {
  Stream& stream = Add("a", 0, 10);
  Exchange();
  stream.partition.SkipTo(SourceOffset(12), /*leader_epoch=*/4);
  session_.Include(stream);
  kafka::FetchRequest request = Exchange();
  ASSERT_EQ(Named(request), 1u);
  EXPECT_EQ(request.topics[0].partitions[0].fetch_offset, 12);
  EXPECT_EQ(request.topics[0].partitions[0].last_fetched_epoch, 4);
}

TEST_F(FetchSessionTest, OnlyWhatChangedIsNamedAgain) {
  Add("a", 0, 10);
  Stream& moved = Add("a", 1, 20);
  Add("b", 0, 30);
  kafka::FetchRequest first = Exchange();
  EXPECT_EQ(first.session_id, 0);
  EXPECT_EQ(first.session_epoch, 0);
  EXPECT_EQ(Named(first), 3u);
  EXPECT_EQ(first.topics.size(), 2u);

  moved.partition.SkipTo(SourceOffset(25));
  session_.Include(moved);
  kafka::FetchRequest second = Exchange();
  EXPECT_EQ(second.session_id, 7);
  EXPECT_EQ(second.session_epoch, 1);
  EXPECT_EQ(Named(second), 1u);
  EXPECT_EQ(second.topics[0].partitions[0].fetch_offset, 25);
  EXPECT_EQ(broker_.partitions(), (std::map<Key, int64_t>{{{"a", 0}, 10}, {{"a", 1}, 25}, {{"b", 0}, 30}}));

  kafka::FetchRequest third = Exchange();
  EXPECT_EQ(third.session_epoch, 2);
  EXPECT_EQ(Named(third), 0u);
}

TEST_F(FetchSessionTest, ANewLeaderEpochIsNews) {
  Stream& stream = Add("a", 0, 10);
  Exchange();
  stream.source_leader = {.broker = 1, .epoch = 4, .fence = 4};
  session_.Include(stream);
  kafka::FetchRequest request = Exchange();
  ASSERT_EQ(Named(request), 1u);
  EXPECT_EQ(request.topics[0].partitions[0].current_leader_epoch, 4);
}

TEST_F(FetchSessionTest, AnEpochThatMayBeOverIsNotSent) {
  Stream& stream = Add("a", 0, 10);
  stream.source_leader = {.broker = 1, .epoch = 4};
  session_.Include(stream);
  EXPECT_EQ(Exchange().topics[0].partitions[0].current_leader_epoch, -1);
}

TEST_F(FetchSessionTest, WhatIsExcludedIsForgottenOnceAndKeepsTheOthersInPlace) {
  Stream& a = Add("a", 0, 10);
  Stream& b = Add("b", 0, 20);
  Add("c", 0, 30);
  Exchange();
  session_.Exclude(a);
  session_.Exclude(a);
  EXPECT_EQ(session_.size(), 2u);
  kafka::FetchRequest request = Exchange();
  EXPECT_EQ(request.forgotten_topics.size(), 1u);
  EXPECT_EQ(broker_.partitions(), (std::map<Key, int64_t>{{{"b", 0}, 20}, {{"c", 0}, 30}}));
  EXPECT_TRUE(Exchange().forgotten_topics.empty());
  session_.Exclude(b);
  Exchange();
  EXPECT_EQ(broker_.partitions(), (std::map<Key, int64_t>{{{"c", 0}, 30}}));
}

TEST_F(FetchSessionTest, WhatComesBackBeforeTheNextRequestIsNotForgotten) {
  Stream& a = Add("a", 0, 10);
  Add("b", 0, 20);
  Exchange();
  session_.Exclude(a);
  a.partition.SkipTo(SourceOffset(15));
  session_.Include(a);
  EXPECT_TRUE(Exchange().forgotten_topics.empty());
  EXPECT_EQ(broker_.partitions(), (std::map<Key, int64_t>{{{"a", 0}, 15}, {{"b", 0}, 20}}));
}

TEST_F(FetchSessionTest, WhatLeavesBeforeItWasEverNamedNeedsNoForgetting) {
  Add("a", 0, 10);
  Exchange();
  Stream& late = Add("b", 0, 20);
  session_.Exclude(late);
  kafka::FetchRequest request = Exchange();
  EXPECT_EQ(Named(request), 0u);
  EXPECT_TRUE(request.forgotten_topics.empty());
}

TEST_F(FetchSessionTest, AfterAResetEverythingIsNamedInANewSession) {
  Stream& a = Add("a", 0, 10);
  Add("b", 0, 20);
  Exchange();
  session_.Exclude(a);
  session_.Reset();
  kafka::FetchRequest request = Exchange(9);
  EXPECT_EQ(request.session_id, 0);
  EXPECT_EQ(request.session_epoch, 0);
  EXPECT_EQ(broker_.partitions(), (std::map<Key, int64_t>{{{"b", 0}, 20}}));
  EXPECT_EQ(Exchange(9).session_epoch, 1);
}

TEST_F(FetchSessionTest, ABrokerThatGrantsNoSessionIsToldEverythingEachTime) {
  Add("a", 0, 10);
  Add("b", 0, 20);
  for (int i = 0; i < 3; ++i) {
    kafka::FetchRequest request = Exchange(0);
    EXPECT_EQ(request.session_id, 0);
    EXPECT_EQ(request.session_epoch, 0);
    EXPECT_EQ(Named(request), 2u);
  }
}

// Else a broker without sessions would serve the first partitions alone while they have a backlog.
TEST_F(FetchSessionTest, FullRequestsBeginWithAnotherPartitionEachTime) {
  for (int partition = 0; partition < 3; ++partition) Add("a", partition, 10);
  std::vector<int32_t> firsts;
  for (int i = 0; i < 3; ++i) firsts.push_back(Exchange(0).topics.front().partitions.front().partition);
  EXPECT_EQ(firsts, (std::vector<int32_t>{0, 1, 2}));
}

TEST_F(FetchSessionTest, AnAnswerIsNewsOfEveryPartitionThatTheBrokerKnows) {
  Stream& known = Add("orders", 0, 5);
  Stream& refused = Add("orders", 1, 5);
  EXPECT_EQ(session_.HeardAt(known), std::nullopt);
  Exchange();
  EXPECT_EQ(session_.HeardAt(known), now_);
  const Clock::time_point first = now_;
  refused.source_error = "TOPIC_AUTHORIZATION_FAILED";
  Stream& outside = Add("orders", 2, 5);
  session_.Exclude(outside);
  Exchange();
  EXPECT_GT(now_, first);
  EXPECT_EQ(session_.HeardAt(known), now_) << "it stood still, and was not named";
  EXPECT_EQ(session_.HeardAt(refused), std::nullopt);
  EXPECT_EQ(session_.HeardAt(outside), std::nullopt);
  session_.Reset();
  EXPECT_EQ(session_.HeardAt(known), std::nullopt) << "another broker may answer next";
}

}  // namespace
}  // namespace replicator
