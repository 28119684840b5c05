// A group that is held: nobody goes on in it, its offsets stay, and it is as before when it is released.
#include <gtest/gtest.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/client/cluster.h"
#include "kafka/client/errors.h"
#include "kafka/client/group_hold.h"
#include "kafka/client/group_requests.h"
#include "kafka/client/groups.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/eventually.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/load.h"
#include "tests/groups/application.h"
#include "tests/scene/run_to_end.h"

namespace replicator::tests {
namespace {

using kafka::GroupDescription;
using kafka::HeldGroup;
using kafka::HoldKeeper;

constexpr kafka::Clock::duration kLong = std::chrono::seconds(120);
constexpr int kRecords = 600;

#define ASSERT_OK(expression)                    \
  do {                                           \
    const absl::Status assert_ok = (expression); \
    ASSERT_TRUE(assert_ok.ok()) << assert_ok;    \
  } while (false)

// Who holds, on the thread of the test.
class Holder {
 public:
  explicit Holder(const std::string& bootstrap_servers, const std::string& client_id = "replicator.a->b")
      : cluster_("source cluster a", kafka::ParseEndpoints(absl::StrSplit(bootstrap_servers, ',')).value(),
                 {.client_id = client_id}),
        groups_(cluster_),
        keeper_(groups_) {}
  ~Holder() { cluster_.Close(); }

  absl::StatusOr<HeldGroup> Hold(const std::string& group) { return Run(kafka::HoldGroup(groups_, group, kLong)); }
  absl::Status Release(const std::string& group) { return Run(kafka::ReleaseGroup(groups_, group, kLong)); }
  absl::StatusOr<GroupDescription> Describe(const std::string& group) {
    return Run(groups_.Describe({group}, kLong)).at(group);
  }
  bool IsEmpty(const std::string& group) {
    const absl::StatusOr<GroupDescription> description = Describe(group);
    return description.ok() && description->IsEmpty();
  }
  int64_t Sum(const std::string& group) {
    int64_t sum = 0;
    const auto offsets = Run(groups_.FetchOffsets({group}, /*require_stable=*/false, kLong)).at(group);
    if (offsets.ok()) {
      for (const auto& [partition, committed] : offsets->offsets) sum += committed.offset;
    }
    return sum;
  }
  // From outside of the group.
  int16_t Commit(const std::string& group, const std::string& topic) {
    const auto connection = Run(groups_.Coordinator(group, kLong)).value();
    const auto refused = Run(kafka::CommitOffsetsOn(connection, group, {{{topic, 0}, 1}})).value();
    return refused.empty() ? int16_t{kafka::kErrorNone} : refused[0].error_code;
  }
  HoldKeeper& keeper() { return keeper_; }
  void Beat() {
    Run([](HoldKeeper* keeper) -> asio::awaitable<bool> {
      co_await keeper->Beat();
      co_return true;
    }(&keeper_));
  }
  bool IsKept(const std::string& group) {
    const auto found = keeper_.kept().find(group);
    return found != keeper_.kept().end() && found->second.is_held;
  }

 private:
  template <typename T>
  T Run(asio::awaitable<T> coroutine) {
    return RunToEnd(io_, std::move(coroutine));
  }

  asio::io_context io_{1};
  kafka::ClusterClient cluster_;
  kafka::Groups groups_;
  HoldKeeper keeper_;
};

class HoldTest : public ::testing::TestWithParam<std::string> {
 protected:
  static void TearDownTestSuite() { clusters_.clear(); }

  void SetUp() override {
    std::unique_ptr<KafkaCluster>& cluster = clusters_[GetParam()];
    if (cluster == nullptr) {
      KafkaClusterOptions options;
      options.version = GetParam();
      // The longest sessions are refused, and a session that nobody keeps up ends soon.
      options.properties = {{"group.min.session.timeout.ms", "1000"}, {"group.max.session.timeout.ms", "7000"}};
      absl::StatusOr<std::unique_ptr<KafkaCluster>> launched = KafkaCluster::Launch(options);
      ASSERT_TRUE(launched.ok()) << launched.status();
      cluster = *std::move(launched);
    }
    cluster_ = cluster.get();
    topic_ = absl::StrReplaceAll(::testing::UnitTest::GetInstance()->current_test_info()->name(), {{"/", "-"}});
    group_ = "group-of-" + topic_;
  }

  // The topic with its records, and a group that has done some of them.
  void MakeGroup(const ClientProperties& properties = {}) {
    std::unique_ptr<ClusterAdmin> admin = ClusterAdmin::Create(servers()).value();
    ASSERT_OK(admin->CreateTopic({.name = topic_, .partitions = 2}));
    LoadOptions load;
    load.bootstrap_servers = servers();
    load.topic = topic_;
    load.partitions = 2;
    load.records_total = kRecords;
    load.value_bytes = 100;
    const absl::StatusOr<LoadCounts> counts = WriteLoad(load);
    ASSERT_TRUE(counts.ok()) << counts.status();
    std::unique_ptr<Application> application = StartApplication(properties);
    ASSERT_TRUE(Eventually("some are done", [&] { return application->count() >= 50; }));
    application.reset();
  }

  std::unique_ptr<Application> StartApplication(ClientProperties properties = {}) {
    if (!properties.contains("group.protocol")) properties["session.timeout.ms"] = "6000";
    properties["max.poll.interval.ms"] = "60000";
    return Application::Start(
               {.bootstrap_servers = servers(), .group = group_, .topic = topic_, .properties = properties})
        .value();
  }

  std::string servers() const { return cluster_->bootstrap_servers(); }

  static std::map<std::string, std::unique_ptr<KafkaCluster>> clusters_;
  KafkaCluster* cluster_ = nullptr;
  std::string topic_;
  std::string group_;
};

std::map<std::string, std::unique_ptr<KafkaCluster>> HoldTest::clusters_;

TEST_P(HoldTest, AConsumerThatComesBackReadsNothingUntilTheGroupIsReleased) {
  ASSERT_NO_FATAL_FAILURE(MakeGroup());
  Holder holder(servers());
  ASSERT_TRUE(Eventually("the group is empty", [&] { return holder.IsEmpty(group_); }));
  const int64_t done = holder.Sum(group_);
  const absl::StatusOr<HeldGroup> held = holder.Hold(group_);
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(held->session, std::chrono::seconds(6)) << "the longest of ours that the broker takes";
  EXPECT_TRUE(kafka::IsHeldBy(*holder.Describe(group_), "replicator.a->b"));
  EXPECT_EQ(kafka::ClassifyGroupAdminError(holder.Commit(group_, topic_)), kafka::GroupAdminOutcome::kHasMembers);
  holder.keeper().Keep(*held);

  std::unique_ptr<Application> back = StartApplication();
  ASSERT_TRUE(Eventually("it is refused", [&] {
    holder.Beat();
    return back->HasError("INCONSISTENT_GROUP_PROTOCOL");
  }));
  // Longer than a session: what it does meanwhile changes nothing.
  const absl::Time until = absl::Now() + absl::Seconds(8);
  ASSERT_TRUE(Eventually("eight seconds are over", [&] {
    holder.Beat();
    return absl::Now() > until;
  }));
  EXPECT_EQ(back->received(), 0u);
  EXPECT_TRUE(holder.IsKept(group_)) << holder.keeper().kept().at(group_).trouble;
  EXPECT_EQ(holder.Sum(group_), done);

  holder.keeper().Drop(group_);
  ASSERT_OK(holder.Release(group_));
  ASSERT_OK(holder.Release(group_));  // what is not held is released
  ASSERT_TRUE(Eventually("it goes on", [&] { return back->count() + done >= kRecords; }));
  EXPECT_EQ(back->count() + done, kRecords) << "nothing is done twice";
  back.reset();
  EXPECT_EQ(holder.Sum(group_), kRecords);
}

TEST_P(HoldTest, WhoeverComesWithTheSameClientIdTakesTheHoldAgain) {
  ASSERT_NO_FATAL_FAILURE(MakeGroup());
  auto first = std::make_unique<Holder>(servers());
  ASSERT_TRUE(Eventually("the group is empty", [&] { return first->IsEmpty(group_); }));
  const absl::StatusOr<HeldGroup> held = first->Hold(group_);
  ASSERT_TRUE(held.ok()) << held.status();
  first.reset();
  Holder second(servers());
  second.keeper().KeepAgain(group_);
  second.Beat();
  ASSERT_TRUE(second.IsKept(group_)) << second.keeper().kept().at(group_).trouble;
  EXPECT_EQ(second.keeper().kept().at(group_).held.member_id, held->member_id);

  Holder stranger(servers(), "replicator.a->c");
  const absl::StatusOr<HeldGroup> refused = stranger.Hold(group_);
  EXPECT_TRUE(absl::IsAlreadyExists(refused.status())) << refused.status();
  EXPECT_TRUE(absl::StrContains(refused.status().message(), "replicator.a->b")) << refused.status();
  EXPECT_TRUE(absl::IsAlreadyExists(stranger.Release(group_)));

  // Nobody keeps it up: the session ends, and the hold is taken again when somebody does.
  ASSERT_TRUE(Eventually("the session ends", [&] { return second.IsEmpty(group_); }));
  ASSERT_TRUE(Eventually("it is held again", [&] {
    second.Beat();
    return second.IsKept(group_) && kafka::IsHeldBy(*second.Describe(group_), "replicator.a->b");
  }));
  ASSERT_OK(second.Release(group_));
  EXPECT_TRUE(second.IsEmpty(group_));
}

TEST_P(HoldTest, AGroupWithMembersIsNotHeldAndNeitherIsOneThatIsNotThere) {
  ASSERT_NO_FATAL_FAILURE(MakeGroup());
  std::unique_ptr<Application> application = StartApplication({{"client.id", "the-app"}});
  Holder holder(servers());
  ASSERT_TRUE(Eventually("all is done", [&] { return !holder.IsEmpty(group_) && holder.Sum(group_) == kRecords; }));
  const absl::StatusOr<HeldGroup> held = holder.Hold(group_);
  EXPECT_TRUE(absl::IsFailedPrecondition(held.status())) << held.status();
  EXPECT_TRUE(absl::StrContains(held.status().message(), "the-app")) << held.status();
  ASSERT_OK(holder.Release(group_));
  EXPECT_FALSE(holder.IsEmpty(group_)) << "what is not ours is not touched";
  EXPECT_TRUE(application->errors().empty());
  EXPECT_TRUE(absl::IsNotFound(holder.Hold("no-such-group").status()));
}

INSTANTIATE_TEST_SUITE_P(Versions, HoldTest, ::testing::Values("2.1.1", "3.1.2", "4.3.1"), [](const auto& info) {
  return absl::StrReplaceAll(info.param, {{".", "_"}});
});

// An Empty group of the new protocol becomes a classic one by our join, and its consumers are refused as well.
class NewProtocolHoldTest : public HoldTest {};

TEST_P(NewProtocolHoldTest, AnEmptyGroupOfTheNewProtocolIsHeldToo) {
  const ClientProperties is_new = {{"group.protocol", "consumer"}};
  ASSERT_NO_FATAL_FAILURE(MakeGroup(is_new));
  Holder holder(servers());
  ASSERT_TRUE(Eventually("the group is empty", [&] { return holder.IsEmpty(group_); }));
  const int64_t done = holder.Sum(group_);
  const absl::StatusOr<HeldGroup> held = holder.Hold(group_);
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(holder.Sum(group_), done);
  holder.keeper().Keep(*held);
  // Its consumers are refused as well, which librdkafka keeps to itself.
  std::unique_ptr<Application> back = StartApplication(is_new);
  const absl::Time until = absl::Now() + absl::Seconds(10);
  ASSERT_TRUE(Eventually("ten seconds are over", [&] {
    holder.Beat();
    return absl::Now() > until;
  }));
  EXPECT_EQ(back->received(), 0u);
  EXPECT_TRUE(holder.IsKept(group_)) << holder.keeper().kept().at(group_).trouble;
  back.reset();
  ASSERT_OK(holder.Release(group_));
  EXPECT_EQ(holder.Sum(group_), done);
  back = StartApplication(is_new);
  ASSERT_TRUE(Eventually("it goes on", [&] { return back->count() + done >= kRecords; }));
  EXPECT_EQ(back->count() + done, kRecords) << "nothing is done twice";
}

INSTANTIATE_TEST_SUITE_P(Versions, NewProtocolHoldTest, ::testing::Values("4.3.1"), [](const auto& info) {
  return absl::StrReplaceAll(info.param, {{".", "_"}});
});

}  // namespace
}  // namespace replicator::tests
