// What the protocol client asks about groups, and its transactional producer, against real brokers of the oldest target
// and of the newest; librdkafka is the second opinion.
#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "kafka/client/cluster.h"
#include "kafka/client/errors.h"
#include "kafka/client/group_requests.h"
#include "kafka/client/groups.h"
#include "kafka/client/transactional_producer.h"
#include "kafka/wire/describe_groups.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/eventually.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/record_stream.h"
#include "tests/groups/group_member.h"
#include "tests/scene/run_to_end.h"

namespace replicator::tests {
namespace {

using kafka::GroupDescription;
using kafka::GroupKind;
using kafka::GroupOffsets;
using State = kafka::TransactionalProducer::State;

constexpr kafka::Clock::duration kLong = std::chrono::seconds(120);
constexpr int kPartitions = 3;

#define ASSERT_OK(expression)                    \
  do {                                           \
    const absl::Status assert_ok = (expression); \
    ASSERT_TRUE(assert_ok.ok()) << assert_ok;    \
  } while (false)

// The client under test, on the thread of the test.
class Client {
 public:
  explicit Client(const std::string& bootstrap_servers)
      : cluster_("cluster", kafka::ParseEndpoints(absl::StrSplit(bootstrap_servers, ',')).value(),
                 {.client_id = "groups-test"}),
        groups_(cluster_) {}
  ~Client() { cluster_.Close(); }

  template <typename T>
  T Run(asio::awaitable<T> coroutine) {
    return RunToEnd(io_, std::move(coroutine));
  }

  absl::StatusOr<GroupDescription> Describe(const std::string& group) {
    return Run(groups_.Describe({group}, kLong)).at(group);
  }
  absl::StatusOr<GroupOffsets> Offsets(const std::string& group, kafka::Clock::duration patience = kLong) {
    return Run(groups_.FetchOffsets({group}, /*require_stable=*/true, patience)).at(group);
  }
  std::shared_ptr<kafka::Connection> Coordinator(const std::string& group) {
    return Run(groups_.Coordinator(group, kLong)).value();
  }
  std::vector<kafka::RefusedCommit> Commit(const std::string& group, std::vector<kafka::OffsetToCommit> offsets) {
    return Run(kafka::CommitOffsetsOn(Coordinator(group), group, std::move(offsets))).value();
  }
  std::optional<kafka::ListedGroup> Listed(const std::string& group) {
    const std::vector<kafka::ListedGroup> all = Run(groups_.List(kLong)).value();
    for (const kafka::ListedGroup& listed : all) {
      if (listed.group_id == group) return listed;
    }
    return std::nullopt;
  }

  kafka::ClusterClient& cluster() { return cluster_; }
  kafka::Groups& groups() { return groups_; }

 private:
  asio::io_context io_{1};
  kafka::ClusterClient cluster_;
  kafka::Groups groups_;
};

class Producer {
 public:
  Producer(const std::string& bootstrap_servers, const std::string& id,
           kafka::Clock::duration timeout = std::chrono::seconds(30))
      : client_(bootstrap_servers), producer_(client_.cluster(), id, timeout) {}

  absl::Status Init() { return client_.Run(producer_.Init(kLong)); }
  // One record for each partition that is named.
  absl::Status Produce(const std::string& topic, const std::vector<int>& partitions, const std::string& value) {
    std::vector<kafka::TransactionalProducer::PartitionRecords> batches;
    for (int partition : partitions) batches.push_back({topic, partition, {{"key", value}}});
    return client_.Run(producer_.Produce(std::move(batches), kLong));
  }
  absl::Status End(bool commit) { return client_.Run(producer_.End(commit, kLong)); }
  State state() const { return producer_.state(); }

 private:
  Client client_;
  kafka::TransactionalProducer producer_;
};

// One broker of each version, for all tests of this file: each has a topic and groups of its own.
class GroupClientTest : public ::testing::TestWithParam<std::string> {
 protected:
  static void TearDownTestSuite() { clusters_.clear(); }

  void SetUp() override {
    std::unique_ptr<KafkaCluster>& cluster = clusters_[GetParam()];
    if (cluster == nullptr) {
      KafkaClusterOptions options;
      options.version = GetParam();
      options.properties = {{"transaction.abort.timed.out.transaction.cleanup.interval.ms", "500"}};
      absl::StatusOr<std::unique_ptr<KafkaCluster>> launched = KafkaCluster::Launch(options);
      ASSERT_TRUE(launched.ok()) << launched.status();
      cluster = *std::move(launched);
    }
    cluster_ = cluster.get();
    admin_ = ClusterAdmin::Create(cluster_->bootstrap_servers()).value();
    topic_ = absl::StrReplaceAll(::testing::UnitTest::GetInstance()->current_test_info()->name(), {{"/", "-"}});
    group_ = "group-of-" + topic_;
    ASSERT_OK(admin_->CreateTopic({.name = topic_, .partitions = kPartitions}));
  }

  bool IsNew() const { return GetParam() != "2.1.1"; }
  std::string servers() const { return cluster_->bootstrap_servers(); }

  std::map<std::pair<std::string, int>, int64_t> OffsetsOf(const GroupOffsets& offsets) const {
    std::map<std::pair<std::string, int>, int64_t> values;
    for (const auto& [partition, committed] : offsets.offsets) {
      EXPECT_EQ(committed.error_code, 0);
      values[{partition.topic, partition.partition}] = committed.offset;
    }
    return values;
  }

  // The values that a reader of committed records sees in a partition.
  std::vector<std::string> Committed(int partition) {
    const int64_t end = admin_->Offsets(topic_, /*read_committed=*/true)->at(partition).end;
    std::vector<std::string> values;
    std::unique_ptr<RecordStream> stream =
        RecordStream::Open({.bootstrap_servers = servers(),
                            .read_committed = true,
                            .ranges = {{.topic = topic_, .partition = partition, .start = 0, .end = end}}})
            .value();
    EXPECT_TRUE(Eventually("the partition is read", [&] {
      const absl::Status polled = stream->Poll(absl::Milliseconds(100), [&](size_t, const rd_kafka_message_t& message) {
        values.emplace_back(static_cast<const char*>(message.payload), message.len);
      });
      EXPECT_TRUE(polled.ok()) << polled;
      return stream->all_finished() || stream->at_end(0);
    }));
    return values;
  }

  static std::map<std::string, std::unique_ptr<KafkaCluster>> clusters_;
  KafkaCluster* cluster_ = nullptr;
  std::unique_ptr<ClusterAdmin> admin_;
  std::string topic_;
  std::string group_;
};

std::map<std::string, std::unique_ptr<KafkaCluster>> GroupClientTest::clusters_;

// What Kafka 2.1 has not: static members, the new protocol.
class NewGroupClientTest : public GroupClientTest {};

TEST_P(GroupClientTest, WhatOthersCommitIsReadExactly) {
  ASSERT_OK(admin_->CommitGroupOffsets(group_, topic_, {{0, 0}, {2, 4711}}));
  Client client(servers());
  const absl::StatusOr<GroupOffsets> offsets = client.Offsets(group_);
  ASSERT_TRUE(offsets.ok()) << offsets.status();
  EXPECT_EQ(OffsetsOf(*offsets),
            (std::map<std::pair<std::string, int>, int64_t>{{{topic_, 0}, 0}, {{topic_, 2}, 4711}}));
  EXPECT_EQ(offsets->is_stable, IsNew());

  const std::string absent = absl::StrCat(group_, "-absent");
  const absl::StatusOr<GroupOffsets> none = client.Offsets(absent);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_TRUE(none->offsets.empty());
  const absl::StatusOr<GroupDescription> description = client.Describe(absent);
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(description->kind, GroupKind::kAbsent);
  EXPECT_FALSE(client.Listed(absent).has_value());
}

TEST_P(GroupClientTest, ManyGroupsAreAskedAtOnce) {
  Client client(servers());
  std::vector<std::string> groups;
  for (int i = 0; i < 120; ++i) {
    groups.push_back(absl::StrCat(group_, "-", i));
    EXPECT_TRUE(client.Commit(groups.back(), {{{topic_, i % kPartitions}, i}}).empty());
  }
  const auto offsets = client.Run(client.groups().FetchOffsets(groups, true, kLong));
  const auto descriptions = client.Run(client.groups().Describe(groups, kLong));
  ASSERT_EQ(offsets.size(), groups.size());
  ASSERT_EQ(descriptions.size(), groups.size());
  for (int i = 0; i < 120; ++i) {
    ASSERT_TRUE(offsets.at(groups[i]).ok()) << offsets.at(groups[i]).status();
    EXPECT_EQ(OffsetsOf(*offsets.at(groups[i])),
              (std::map<std::pair<std::string, int>, int64_t>{{{topic_, i % kPartitions}, i}}));
    ASSERT_TRUE(descriptions.at(groups[i]).ok()) << descriptions.at(groups[i]).status();
    EXPECT_EQ(descriptions.at(groups[i])->state, "Empty");
  }
}

TEST_P(GroupClientTest, OurCommitsAreReadByOthersAndLeaveNoTraceOfAMember) {
  Client client(servers());
  EXPECT_TRUE(client.Commit(group_, {{{topic_, 1}, 17, "a note"}, {{topic_, 0}, 0}}).empty());
  const absl::StatusOr<std::map<int, int64_t>> seen = admin_->GroupOffsets(group_, topic_);
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(*seen, (std::map<int, int64_t>{{0, 0}, {1, 17}}));
  const absl::StatusOr<GroupOffsets> offsets = client.Offsets(group_);
  ASSERT_TRUE(offsets.ok()) << offsets.status();
  const kafka::CommittedOffset committed = offsets->offsets.at({topic_, 1});
  EXPECT_EQ(committed.metadata, "a note");
  EXPECT_EQ(committed.leader_epoch, -1);

  const absl::StatusOr<GroupDescription> description = client.Describe(group_);
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(description->kind, GroupKind::kClassic);
  EXPECT_TRUE(description->IsEmpty());
  EXPECT_FALSE(description->HasHadMembers()) << description->protocol_type;
  const std::optional<kafka::ListedGroup> listed = client.Listed(group_);
  ASSERT_TRUE(listed.has_value());
  EXPECT_EQ(listed->protocol_type, "");
  EXPECT_EQ(listed->state, IsNew() ? "Empty" : "");
  EXPECT_EQ(listed->type, IsNew() ? "classic" : "");
  const std::vector<kafka::RefusedCommit> refused =
      client.Commit(group_, {{{"no-such-topic", 0}, 1}, {{topic_, 0}, 1}});
  ASSERT_EQ(refused.size(), 1u) << "one partition's error is its own";
  EXPECT_EQ(refused[0].partition.topic, "no-such-topic");
  EXPECT_EQ(kafka::ClassifyGroupAdminError(refused[0].error_code), kafka::GroupAdminOutcome::kFatal);
}

TEST_P(GroupClientTest, WhileThereAreMembersNobodyElseCommits) {
  Client client(servers());
  EXPECT_TRUE(client.Commit(group_, {{{topic_, 0}, 5}}).empty());
  auto member = GroupMember::Join(servers(), group_, topic_);
  ASSERT_TRUE(member.ok()) << member.status();
  absl::StatusOr<GroupDescription> description = absl::UnknownError("");
  ASSERT_TRUE(Eventually("the member is seen", [&] {
    description = client.Describe(group_);
    return description.ok() && description->state == "Stable" && description->members.size() == 1;
  }));
  EXPECT_EQ(description->kind, GroupKind::kClassic);
  EXPECT_EQ(description->protocol_type, "consumer");
  EXPECT_FALSE(description->IsEmpty());
  EXPECT_NE(description->members[0].member_id, "");
  EXPECT_TRUE(absl::StrContains(description->members[0].metadata, topic_)) << "its subscription";
  const std::vector<kafka::RefusedCommit> refused = client.Commit(group_, {{{topic_, 0}, 6}});
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(kafka::ClassifyGroupAdminError(refused[0].error_code), kafka::GroupAdminOutcome::kHasMembers)
      << refused[0].error_code;
  EXPECT_EQ(client.Offsets(group_)->offsets.at({topic_, 0}).offset, 5);

  member->reset();
  ASSERT_TRUE(Eventually("the group is empty", [&] {
    description = client.Describe(group_);
    return description.ok() && description->IsEmpty();
  }));
  EXPECT_TRUE(description->HasHadMembers()) << "it keeps its protocol type";
  EXPECT_TRUE(client.Commit(group_, {{{topic_, 0}, 6}}).empty());
}

TEST_P(NewGroupClientTest, MembersAreRemovedStaticOnesToo) {
  Client client(servers());
  {
    auto one = GroupMember::Join(servers(), group_, topic_, {{"group.instance.id", "one"}});
    auto two = GroupMember::Join(servers(), group_, topic_, {{"group.instance.id", "two"}});
    ASSERT_TRUE(one.ok() && two.ok()) << one.status() << two.status();
    ASSERT_TRUE(Eventually("both are seen", [&] {
      const absl::StatusOr<GroupDescription> description = client.Describe(group_);
      return description.ok() && description->state == "Stable" && description->members.size() == 2;
    }));
  }  // static members do not leave
  const absl::StatusOr<GroupDescription> description = client.Describe(group_);
  ASSERT_TRUE(description.ok()) << description.status();
  ASSERT_EQ(description->members.size(), 2u);
  EXPECT_TRUE(description->members[0].instance_id.has_value());
  const std::vector<std::string> ids = {description->members[0].member_id, description->members[1].member_id};
  ASSERT_OK(client.Run(client.groups().RemoveMembers(group_, ids, kLong)));
  ASSERT_TRUE(Eventually("the group is empty", [&] {
    const absl::StatusOr<GroupDescription> now = client.Describe(group_);
    return now.ok() && now->IsEmpty();
  }));
  EXPECT_TRUE(client.Run(client.groups().RemoveMembers(group_, ids, kLong)).ok()) << "who is gone is removed";
}

TEST_P(GroupClientTest, AnOpenTransactionHoldsBackAGroupsOffsets) {
  Client client(servers());
  ASSERT_OK(admin_->CommitGroupOffsets(group_, topic_, {{0, 5}}));
  auto open = OpenTransaction::Send(servers(), group_, topic_, 0, 9);
  ASSERT_TRUE(open.ok()) << open.status();
  const absl::StatusOr<GroupOffsets> offsets = client.Offsets(group_, std::chrono::milliseconds(200));
  if (IsNew()) {
    EXPECT_TRUE(absl::IsUnavailable(offsets.status())) << offsets.status();
    EXPECT_TRUE(absl::StrContains(offsets.status().message(), "UNSTABLE_OFFSET_COMMIT")) << offsets.status();
  } else {
    ASSERT_TRUE(offsets.ok()) << offsets.status();
    EXPECT_FALSE(offsets->is_stable) << "a broker that cannot tell says so";
    EXPECT_EQ(offsets->offsets.at({topic_, 0}).offset, 5);
  }
  ASSERT_OK((*open)->Commit());
  EXPECT_TRUE(Eventually("the offset of the transaction is read", [&] {
    const absl::StatusOr<GroupOffsets> now = client.Offsets(group_);
    return now.ok() && now->offsets.at({topic_, 0}).offset == 9;
  }));
}

TEST_P(NewGroupClientTest, ALiveGroupOfTheNewProtocolIsToldFromAnAbsentOne) {
  Client client(servers());
  auto member = GroupMember::Join(servers(), group_, topic_, {{"group.protocol", "consumer"}});
  ASSERT_TRUE(member.ok()) << member.status();
  absl::StatusOr<GroupDescription> description = absl::UnknownError("");
  ASSERT_TRUE(Eventually("the member is seen", [&] {
    description = client.Describe(group_);
    return description.ok() && description->state == "Stable" && description->members.size() == 1;
  }));
  EXPECT_EQ(description->kind, GroupKind::kConsumer);
  EXPECT_FALSE(description->IsEmpty());
  EXPECT_EQ(client.Listed(group_)->type, "consumer");

  // What DescribeGroups says of it by itself.
  const kafka::DescribeGroupsRequest request{.group_ids = {group_}};
  const auto plain = client.Run(client.Coordinator(group_)->Call(request, kLong));
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->groups.at(0).state, "Dead");
  EXPECT_EQ(plain->groups.at(0).error_code, 0);
  EXPECT_TRUE(plain->groups.at(0).members.empty());

  const std::vector<kafka::RefusedCommit> refused = client.Commit(group_, {{{topic_, 0}, 6}});
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(kafka::ClassifyGroupAdminError(refused[0].error_code), kafka::GroupAdminOutcome::kHasMembers)
      << refused[0].error_code;

  member->reset();
  ASSERT_TRUE(Eventually("the group is empty", [&] {
    description = client.Describe(group_);
    return description.ok() && description->IsEmpty();
  }));
  EXPECT_EQ(description->kind, GroupKind::kConsumer);
  EXPECT_TRUE(description->HasHadMembers());
  EXPECT_TRUE(client.Commit(group_, {{{topic_, 0}, 6}}).empty()) << "an empty one takes it";
  EXPECT_EQ(client.Offsets(group_)->offsets.at({topic_, 0}).offset, 6);
}

TEST_P(GroupClientTest, ACoordinatorThatIsAwayIsWaitedFor) {
  Client client(servers());
  EXPECT_TRUE(client.Commit(group_, {{{topic_, 0}, 5}}).empty());
  ASSERT_OK(cluster_->Kill9(1));
  const absl::StatusOr<GroupOffsets> away = client.Offsets(group_, std::chrono::milliseconds(300));
  EXPECT_TRUE(absl::IsUnavailable(away.status())) << away.status();
  ASSERT_OK(cluster_->Start(1));
  const absl::StatusOr<GroupOffsets> back = client.Offsets(group_);
  ASSERT_OK(cluster_->WaitReady());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->offsets.at({topic_, 0}).offset, 5);
}

TEST_P(GroupClientTest, ATransactionIsSeenWhenItIsCommitted) {
  Producer producer(servers(), topic_);
  ASSERT_OK(producer.Init());
  ASSERT_OK(producer.Produce(topic_, {0, 1}, "one"));
  ASSERT_OK(producer.Produce(topic_, {1, 2}, "two"));
  EXPECT_EQ(producer.state(), State::kOpen);
  for (int partition = 0; partition < kPartitions; ++partition) {
    EXPECT_EQ(admin_->Offsets(topic_, /*read_committed=*/true)->at(partition).end, 0) << partition;
  }
  ASSERT_OK(producer.End(/*commit=*/true));
  EXPECT_EQ(producer.state(), State::kReady);
  EXPECT_TRUE(Eventually("the transaction is seen", [&] {
    return Committed(0) == std::vector<std::string>{"one"} && Committed(1) == std::vector<std::string>{"one", "two"} &&
           Committed(2) == std::vector<std::string>{"two"};
  }));
}

TEST_P(GroupClientTest, TransactionsFollowOnEachOtherAndAbortedOnesAreNotSeen) {
  Producer producer(servers(), topic_);
  ASSERT_OK(producer.Init());
  ASSERT_OK(producer.End(/*commit=*/true));  // nothing is open
  std::vector<std::string> want;
  for (int i = 0; i < 12; ++i) {
    ASSERT_OK(producer.Produce(topic_, {0}, absl::StrCat(i)));
    const bool commit = i % 3 != 1;
    ASSERT_OK(producer.End(commit));
    if (commit) want.push_back(absl::StrCat(i));
  }
  EXPECT_TRUE(Eventually("all are seen", [&] { return Committed(0) == want; }));
  EXPECT_EQ(Committed(0), want);
}

TEST_P(GroupClientTest, AnOlderProducerIsFencedAndItsTransactionAborted) {
  Producer older(servers(), topic_);
  ASSERT_OK(older.Init());
  ASSERT_OK(older.Produce(topic_, {0}, "of the older one"));
  Producer newer(servers(), topic_);
  ASSERT_OK(newer.Init());

  EXPECT_TRUE(absl::IsAborted(older.Produce(topic_, {0}, "too late")));
  EXPECT_EQ(older.state(), State::kFenced);
  ASSERT_OK(newer.Produce(topic_, {0}, "of the newer one"));
  ASSERT_OK(newer.End(/*commit=*/true));
  EXPECT_TRUE(Eventually("the newer one's is seen",
                         [&] { return Committed(0) == std::vector<std::string>{"of the newer one"}; }));

  // The older one's turn again, if it asks for it.
  ASSERT_OK(older.Init());
  ASSERT_OK(older.Produce(topic_, {1}, "again"));
  ASSERT_OK(older.End(/*commit=*/true));
  EXPECT_TRUE(absl::IsAborted(newer.Produce(topic_, {1}, "too late")));
}

TEST_P(GroupClientTest, AFencedProducerCannotCommit) {
  Producer older(servers(), topic_);
  ASSERT_OK(older.Init());
  ASSERT_OK(older.Produce(topic_, {0}, "of the older one"));
  Producer newer(servers(), topic_);
  ASSERT_OK(newer.Init());
  EXPECT_TRUE(absl::IsAborted(older.End(/*commit=*/true)));
  EXPECT_EQ(older.state(), State::kFenced);
  EXPECT_TRUE(Eventually("the transaction has ended",
                         [&] { return admin_->Offsets(topic_, /*read_committed=*/true)->at(0).end == 2; }));
  EXPECT_EQ(Committed(0), std::vector<std::string>());
}

TEST_P(GroupClientTest, ATransactionThatTakesTooLongIsAborted) {
  Producer producer(servers(), topic_, std::chrono::seconds(1));
  ASSERT_OK(producer.Init());
  ASSERT_OK(producer.Produce(topic_, {0}, "too slow"));
  ASSERT_TRUE(Eventually("the coordinator aborts it",
                         [&] { return admin_->Offsets(topic_, /*read_committed=*/true)->at(0).end == 2; }));
  EXPECT_TRUE(absl::IsAborted(producer.End(/*commit=*/true)));
  EXPECT_EQ(producer.state(), State::kFenced);
  ASSERT_OK(producer.Init());
  ASSERT_OK(producer.Produce(topic_, {0}, "in time"));
  ASSERT_OK(producer.End(/*commit=*/true));
  EXPECT_TRUE(
      Eventually("only the second is seen", [&] { return Committed(0) == std::vector<std::string>{"in time"}; }));
}

TEST_P(GroupClientTest, ABrokerThatIsAwayLosesNothingOfATransaction) {
  Producer producer(servers(), topic_, std::chrono::seconds(300));
  ASSERT_OK(producer.Init());
  ASSERT_OK(producer.Produce(topic_, {0, 1}, "before"));
  ASSERT_OK(cluster_->Kill9(1));
  ASSERT_OK(cluster_->Start(1));
  absl::Status produced = producer.Produce(topic_, {0, 2}, "after");
  if (produced.ok()) produced = producer.End(/*commit=*/true);
  ASSERT_OK(cluster_->WaitReady());
  ASSERT_OK(produced);
  EXPECT_TRUE(Eventually("all is seen", [&] {
    return Committed(0) == std::vector<std::string>{"before", "after"} &&
           Committed(1) == std::vector<std::string>{"before"} && Committed(2) == std::vector<std::string>{"after"};
  }));
}

std::string NameOf(const ::testing::TestParamInfo<std::string>& info) {
  return absl::StrCat("V", absl::StrReplaceAll(info.param, {{".", "_"}}));
}

INSTANTIATE_TEST_SUITE_P(Versions, GroupClientTest, ::testing::Values("2.1.1", "4.3.1"), NameOf);
INSTANTIATE_TEST_SUITE_P(Versions, NewGroupClientTest, ::testing::Values("4.3.1"), NameOf);

}  // namespace
}  // namespace replicator::tests
