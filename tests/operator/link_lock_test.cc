// The lock of a link on real brokers (K): who has it, who waits, and how it moves when processes and coordinators die.
// Each Locker stands for a process: an event loop of its own, with a LinkLock on it.
#include "replicator/ownership/link_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/barrier.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kafka/client/cluster.h"
#include "kafka/wire/describe_groups.h"
#include "kafka/wire/find_coordinator.h"
#include "policy/lock_assignment.h"
#include "replicator/ownership/link_topic.h"
#include "tests/cluster/eventually.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/late.h"
#include "tests/cluster/patience.h"
#include "tests/cluster/verdict.h"
#include "tests/scene/copy_scene.h"
#include "tests/scene/figures.h"
#include "tests/scene/run_to_end.h"

namespace replicator::tests {
namespace {

using Kind = LinkLockEvent::Kind;

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kHeld:
      return "held";
    case Kind::kStandby:
      return "a standby";
    case Kind::kTrouble:
      return "in trouble";
    case Kind::kLost:
      return "lost";
    case Kind::kFatal:
      return "at its end";
  }
  return "of an unknown kind";
}

const absl::Duration kSession = absl::FromChrono(LinkLockOptions().session_timeout);
// Longer than anything is waited for: what happens within kPatience did not wait for the session's end.
constexpr std::chrono::seconds kLongSession(150 * kSlowness);
// Nothing may happen for so long: a member that nobody keeps alive is gone by then.
const absl::Duration kSessionAndSome = kSession + absl::Seconds(6 * kSlowness);

std::vector<kafka::Endpoint> Brokers(const KafkaCluster& cluster) {
  return kafka::ParseEndpoints(absl::StrSplit(cluster.bootstrap_servers(), ',')).value();
}

kafka::ConnectionOptions Connection(const std::string& link) { return {.client_id = LinkLock::GroupId(link)}; }

LinkLockOptions Options(const KafkaCluster& cluster, const std::string& link, const std::string& instance_id) {
  LinkLockOptions options;
  options.link = link;
  options.cluster_name = "target cluster new";
  options.brokers = Brokers(cluster);
  options.connection = Connection(link);
  options.instance_id = instance_id;
  return options;
}

LinkLockOptions WithLongSession(LinkLockOptions options) {
  options.session_timeout = kLongSession;
  return options;
}

class Locker {
 public:
  explicit Locker(LinkLockOptions options) : started_(absl::Now()) {
    lock_ = std::make_unique<LinkLock>(io_.get_executor(), std::move(options),
                                       [this](const LinkLockEvent& event) { OnEvent(event); });
    asio::co_spawn(io_, lock_->Run(), [this](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
      ended_.Notify();
    });
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Locker() { Kill(); }

  // As kill -9: connections close, nothing is said.
  void Kill() {
    if (!thread_.joinable()) return;
    io_.stop();
    thread_.join();
    lock_.reset();
  }

  // As SIGTERM.
  testing::AssertionResult StopsCleanly() {
    asio::post(io_, [this] { lock_->Stop(/*leave=*/true); });
    if (ended_.WaitForNotificationWithTimeout(kPatience)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << NoteLate("the lock ends when it is stopped");
  }

  // As SIGSTOP, until `go_on`.
  void Freeze(absl::Notification& go_on) {
    asio::post(io_, [&go_on] { go_on.WaitForNotification(); });
  }

  // What must come in the end. The failure has a verdict.
  testing::AssertionResult Gets(Kind kind, int count = 1) {
    if (HasWithin(kPatience, kind, count)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << NoteLate(absl::StrCat("the lock says that it is ", NameOf(kind)));
  }

  // False at the deadline.
  bool HasWithin(absl::Duration timeout, Kind kind, int count = 1) {
    absl::MutexLock lock(&mutex_);
    const auto seen = [this, kind, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return std::count_if(events_.begin(), events_.end(),
                           [kind](const Seen& seen) { return seen.event.kind == kind; }) >= count;
    };
    return mutex_.AwaitWithTimeout(absl::Condition(&seen), timeout);
  }

  struct Seen {
    LinkLockEvent event;
    absl::Time at;
  };
  std::vector<Seen> events() {
    absl::MutexLock lock(&mutex_);
    return events_;
  }
  bool Had(Kind kind) { return HasWithin(absl::ZeroDuration(), kind); }
  // The last event of a kind. REQUIRES: Had(kind).
  Seen Last(Kind kind) {
    const std::vector<Seen> all = events();
    const auto last =
        std::find_if(all.rbegin(), all.rend(), [kind](const Seen& seen) { return seen.event.kind == kind; });
    return *last;
  }
  absl::Duration HeldAfter() { return Last(Kind::kHeld).at - started_; }
  int64_t held_since_ms() { return Last(Kind::kHeld).event.held_since_ms; }

 private:
  void OnEvent(const LinkLockEvent& event) {
    absl::MutexLock lock(&mutex_);
    events_.push_back({event, absl::Now()});
  }

  const absl::Time started_;
  asio::io_context io_{1};
  absl::Mutex mutex_;
  std::vector<Seen> events_ ABSL_GUARDED_BY(mutex_);
  absl::Notification ended_;
  std::unique_ptr<LinkLock> lock_;
  std::thread thread_;
};

LinkLock::Occupants Ask(LinkLockOptions options) {
  asio::io_context io(1);
  LinkLock lock(io.get_executor(), std::move(options), [](const LinkLockEvent&) {});
  absl::StatusOr<LinkLock::Occupants> occupants = RunToEnd(io, lock.AskOccupants(std::chrono::seconds(20)));
  EXPECT_TRUE(occupants.ok()) << AsHarness(occupants.status());
  return std::move(occupants).value_or(LinkLock::Occupants());
}

int CoordinatorOf(const KafkaCluster& cluster, const std::string& link) {
  asio::io_context io(1);
  kafka::ClusterClient client("target cluster new", Brokers(cluster), Connection(link));
  kafka::FindCoordinatorRequest request;
  request.keys = {LinkLock::GroupId(link)};
  const absl::StatusOr<kafka::FindCoordinatorResponse> response =
      RunToEnd(io, client.Ask(request, std::chrono::seconds(5)));
  if (!response.ok() || response->coordinators.size() != 1 || response->coordinators[0].error_code != 0) return -1;
  return response->coordinators[0].node_id;
}

// REQUIRES: a cluster of one broker. Of a rebalance under way too.
std::vector<kafka::DescribeGroupsResponse::Member> MembersOf(const KafkaCluster& cluster, const std::string& link) {
  asio::io_context io(1);
  kafka::ClusterClient client("target cluster new", Brokers(cluster), Connection(link));
  kafka::DescribeGroupsRequest request;
  request.group_ids = {LinkLock::GroupId(link)};
  absl::StatusOr<kafka::DescribeGroupsResponse> response = RunToEnd(io, client.Ask(request, std::chrono::seconds(5)));
  if (!response.ok() || response->groups.size() != 1) return {};
  return std::move(response->groups[0].members);
}

std::string FigureName(absl::string_view what) {
  return absl::StrCat("link-lock/", ::testing::UnitTest::GetInstance()->current_test_info()->name(), "/", what);
}

std::unique_ptr<KafkaCluster> StartCluster(const std::string& version, int brokers = 1, Properties properties = {}) {
  KafkaClusterOptions options;
  options.version = version;
  options.brokers = brokers;
  // As brokers have it by default: a new group's first member waits.
  options.properties = std::move(properties);
  options.properties.insert({"group.initial.rebalance.delay.ms", "3000"});
  absl::StatusOr<std::unique_ptr<KafkaCluster>> cluster = KafkaCluster::Launch(options);
  EXPECT_TRUE(cluster.ok()) << cluster.status();
  return std::move(cluster).value_or(nullptr);
}

class LinkLockTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = StartCluster("4.3.1").release(); }
  static void TearDownTestSuite() { delete std::exchange(cluster_, nullptr); }
  void SetUp() override { ASSERT_NE(cluster_, nullptr); }

  // Each test has a link of its own.
  std::string Link() const { return ::testing::UnitTest::GetInstance()->current_test_info()->name(); }
  LinkLockOptions Member(const std::string& instance_id) const { return Options(*cluster_, Link(), instance_id); }

  static KafkaCluster* cluster_;
};
KafkaCluster* LinkLockTest::cluster_ = nullptr;

TEST_F(LinkLockTest, KTheSecondSaysWhoHoldsItAndTakesOverWhenTheFirstIsKilled) {
  EXPECT_EQ(Ask(Member("a")).kind, LinkLock::Occupants::Kind::kNone);
  Locker first(Member("a"));
  ASSERT_TRUE(first.Gets(Kind::kHeld));
  Figure(FigureName("first-member-held"), first.HeldAfter());
  Locker second(Member("b"));
  ASSERT_TRUE(second.Gets(Kind::kStandby));
  const std::string text = second.Last(Kind::kStandby).event.text;
  EXPECT_TRUE(absl::StrContains(text, absl::StrCat("(pid ", getpid(), ", started 20"))) << text;
  EXPECT_TRUE(absl::StrContains(text, ") holds the lock since 20")) << text;
  const LinkLock::Occupants occupants = Ask(Member("c"));
  EXPECT_EQ(occupants.kind, LinkLock::Occupants::Kind::kOthers);
  EXPECT_EQ(occupants.text, text);

  first.Kill();
  const absl::Time killed = absl::Now();
  ASSERT_TRUE(second.Gets(Kind::kHeld));
  Figure(FigureName("take-over"), absl::Now() - killed);
}

// Else a leader that comes later would have to guess whose the lock is.
TEST_F(LinkLockTest, KTheHolderTellsTheGroupThatItHoldsTheLock) {
  Locker locker(Member("a"));
  ASSERT_TRUE(locker.Gets(Kind::kHeld));
  const auto published = [&] {
    const std::vector<kafka::DescribeGroupsResponse::Member> members = MembersOf(*cluster_, Link());
    if (members.size() != 1) return false;
    const std::optional<policy::LockClaim> claim = policy::ReadClaim(members[0].metadata);
    return claim.has_value() && claim->held_since_ms == locker.held_since_ms();
  };
  EXPECT_TRUE(Eventually("the holder's claim is published", published));
  for (const Kind kind : {Kind::kLost, Kind::kStandby, Kind::kFatal})
    EXPECT_FALSE(locker.Had(kind)) << "a rebalance takes nothing from the holder";
}

TEST_F(LinkLockTest, KACleanStopHandsTheLockToAStandbyAtOnce) {
  Locker first(WithLongSession(Member("a")));
  ASSERT_TRUE(first.Gets(Kind::kHeld));
  Locker second(WithLongSession(Member("b")));
  ASSERT_TRUE(second.Gets(Kind::kStandby));
  Locker third(WithLongSession(Member("")));
  ASSERT_TRUE(third.Gets(Kind::kStandby));
  const absl::Time stopped = absl::Now();
  EXPECT_TRUE(first.StopsCleanly());
  ASSERT_TRUE(second.Gets(Kind::kHeld)) << "it was started before the third";
  Figure(FigureName("take-over"), absl::Now() - stopped);
  ASSERT_TRUE(third.Gets(Kind::kStandby, 2)) << "it says who holds the lock now";
  EXPECT_FALSE(third.Had(Kind::kHeld));

  EXPECT_TRUE(second.StopsCleanly());
  ASSERT_TRUE(third.Gets(Kind::kHeld));
  EXPECT_TRUE(third.StopsCleanly());
  EXPECT_EQ(Ask(Member("c")).kind, LinkLock::Occupants::Kind::kNone) << "a dynamic member leaves";
}

// The holder hears of the newcomer by its next heartbeat only.
TEST_F(LinkLockTest, KACleanStopWhileAnotherOneJoinsHandsTheLockToIt) {
  Locker first(WithLongSession(Member("a")));
  ASSERT_TRUE(first.Gets(Kind::kHeld));
  Locker second(WithLongSession(Member("b")));
  ASSERT_TRUE(Eventually("both are members", [&] { return MembersOf(*cluster_, Link()).size() == 2; }));
  EXPECT_TRUE(first.StopsCleanly());
  ASSERT_TRUE(second.Gets(Kind::kHeld));
}

TEST_F(LinkLockTest, KAStaticHolderThatIsAloneStaysAMemberOverACleanStop) {
  Locker first(WithLongSession(Member("a")));
  ASSERT_TRUE(first.Gets(Kind::kHeld));
  EXPECT_TRUE(first.StopsCleanly());
  EXPECT_EQ(Ask(Member("a")).kind, LinkLock::Occupants::Kind::kOnlyOurselves);
  Locker again(WithLongSession(Member("a")));
  ASSERT_TRUE(again.Gets(Kind::kHeld));
  Figure(FigureName("held-again"), again.HeldAfter());
}

TEST_F(LinkLockTest, KOfTwoProcessesWithOneInstanceIdTheOlderOneIsToldToStop) {
  Locker older(WithLongSession(Member("a")));
  ASSERT_TRUE(older.Gets(Kind::kHeld));
  Locker newer(WithLongSession(Member("a")));
  ASSERT_TRUE(newer.Gets(Kind::kHeld));
  ASSERT_TRUE(older.Gets(Kind::kFatal));
  const absl::Status why = older.Last(Kind::kFatal).event.status;
  EXPECT_TRUE(absl::StrContains(why.message(), "FENCED_INSTANCE_ID (82)")) << why;
  EXPECT_TRUE(absl::StrContains(why.message(), "Run one process with each state folder")) << why;
  EXPECT_TRUE(older.Had(Kind::kLost));
  EXPECT_FALSE(newer.Had(Kind::kLost));
}

TEST_F(LinkLockTest, KAHolderThatHungForLongerThanItsSessionLosesTheLock) {
  Locker first(Member("a"));
  ASSERT_TRUE(first.Gets(Kind::kHeld));
  Locker second(Member("b"));
  ASSERT_TRUE(second.Gets(Kind::kStandby));
  absl::Notification go_on;
  first.Freeze(go_on);
  const testing::AssertionResult taken_over = second.Gets(Kind::kHeld);
  go_on.Notify();
  ASSERT_TRUE(taken_over);
  ASSERT_TRUE(first.Gets(Kind::kLost));
  ASSERT_TRUE(first.Gets(Kind::kStandby));
  EXPECT_FALSE(second.Had(Kind::kLost));
  EXPECT_GT(second.held_since_ms(), first.held_since_ms());
}

TEST_F(LinkLockTest, KOfTenProcessesAtTheSameMomentOneMayBeginAtOnce) {
  constexpr int kProcesses = 10;
  const std::string topic = LinkTopic("old", "new");
  absl::Barrier* barrier = new absl::Barrier(kProcesses);
  std::vector<absl::StatusOr<bool>> claims(kProcesses, absl::UnknownError("not asked"));
  std::vector<std::thread> threads;
  for (int i = 0; i < kProcesses; ++i) {
    threads.emplace_back([&, i] {
      asio::io_context io(1);
      kafka::ClusterClient client("target cluster new", Brokers(*cluster_), Connection("old->new"));
      const bool ready = RunToEnd(io, client.FetchMetadata()).ok();
      if (barrier->Block()) delete barrier;
      if (ready) claims[i] = RunToEnd(io, ClaimFirstStart(client, topic, /*replication_factor=*/3));
    });
  }
  for (std::thread& thread : threads) thread.join();
  int won = 0;
  for (const absl::StatusOr<bool>& claim : claims) {
    EXPECT_TRUE(claim.ok()) << claim.status();
    won += claim.ok() && *claim ? 1 : 0;
  }
  EXPECT_EQ(won, 1);
}

class LinkLockRestartTest : public ::testing::TestWithParam<std::string> {};

TEST_P(LinkLockRestartTest, KARestartHasItsLockBackAtOnce) {
  const std::unique_ptr<KafkaCluster> cluster = StartCluster(GetParam());
  ASSERT_NE(cluster, nullptr);
  const auto member = [&](const std::string& instance_id) {
    return WithLongSession(Options(*cluster, "old->new", instance_id));
  };
  auto first = std::make_unique<Locker>(member("a"));
  ASSERT_TRUE(first->Gets(Kind::kHeld));
  first.reset();
  const absl::Time asked = absl::Now();
  EXPECT_EQ(Ask(member("a")).kind, LinkLock::Occupants::Kind::kOnlyOurselves);
  Figure(FigureName("asked-who-is-there"), absl::Now() - asked);
  Locker alone(member("a"));
  ASSERT_TRUE(alone.Gets(Kind::kHeld));
  const int64_t since = alone.held_since_ms();

  Locker standby(member("b"));
  ASSERT_TRUE(standby.Gets(Kind::kStandby));
  alone.Kill();
  Locker watched(member("a"));
  ASSERT_TRUE(watched.Gets(Kind::kHeld));
  EXPECT_EQ(watched.held_since_ms(), since) << "the lock never changed hands";

  // Another one joins while the holder is down, and the group waits for it.
  watched.Kill();
  Locker newcomer(member("c"));
  ASSERT_TRUE(Eventually("all are members", [&] { return MembersOf(*cluster, "old->new").size() == 3; }));
  LinkLockOptions options = member("a");
  options.last_held_since_ms = since;
  Locker back(options);
  ASSERT_TRUE(back.Gets(Kind::kHeld));
  ASSERT_TRUE(newcomer.Gets(Kind::kStandby));
  EXPECT_EQ(back.held_since_ms(), since);
  EXPECT_FALSE(standby.Had(Kind::kHeld));
  EXPECT_FALSE(newcomer.Had(Kind::kHeld));
  Figure(FigureName("held-again-alone"), alone.HeldAfter());
  Figure(FigureName("held-again-with-a-standby"), watched.HeldAfter());
  Figure(FigureName("held-again-with-a-newcomer"), back.HeldAfter());

  EXPECT_TRUE(back.StopsCleanly());
  ASSERT_TRUE(standby.Gets(Kind::kHeld)) << "a static member leaves, too";
}

INSTANTIATE_TEST_SUITE_P(Versions, LinkLockRestartTest, ::testing::Values("2.8.2", "3.9.1", "4.3.1"),
                         [](const auto& info) {
                           return absl::StrReplaceAll(info.param, {{".", "_"}});
                         });

TEST(LinkLockOldTargetTest, KATargetWithoutStaticMembersWorksWithDynamicOnes) {
  const std::unique_ptr<KafkaCluster> cluster = StartCluster("2.1.1");
  ASSERT_NE(cluster, nullptr);
  Locker first(Options(*cluster, "old->new", "a"));
  ASSERT_TRUE(first.Gets(Kind::kHeld));
  Locker second(Options(*cluster, "old->new", "b"));
  ASSERT_TRUE(second.Gets(Kind::kStandby));
  first.Kill();
  LinkLockOptions options = WithLongSession(Options(*cluster, "old->new", "a"));
  options.last_held_since_ms = first.held_since_ms();
  Locker again(options);
  ASSERT_TRUE(again.Gets(Kind::kHeld));
  Figure(FigureName("held-again"), again.HeldAfter());
  EXPECT_FALSE(second.Had(Kind::kHeld));
  EXPECT_TRUE(again.StopsCleanly());
  ASSERT_TRUE(second.Gets(Kind::kHeld));
}

TEST(LinkLockOldTargetTest, WhatOnlyTheOperatorCanHelpEndsTheLockWithTheRemedy) {
  const std::unique_ptr<KafkaCluster> cluster = StartCluster("2.1.1", 1, {{"group.min.session.timeout.ms", "20000"}});
  ASSERT_NE(cluster, nullptr);
  Locker locker(Options(*cluster, "old->new", "a"));
  ASSERT_TRUE(locker.Gets(Kind::kFatal));
  const absl::Status why = locker.Last(Kind::kFatal).event.status;
  EXPECT_TRUE(absl::StrContains(why.message(), "join group replicator.old->new on target cluster new")) << why;
  EXPECT_TRUE(absl::StrContains(why.message(), "INVALID_SESSION_TIMEOUT (26)")) << why;
  EXPECT_TRUE(absl::StrContains(why.message(), "group.min.session.timeout.ms")) << why;
  EXPECT_FALSE(locker.Had(Kind::kHeld) || locker.Had(Kind::kStandby));
}

class LinkLockCoordinatorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_ = StartCluster("4.3.1", 3);
    ASSERT_NE(cluster_, nullptr);
    holder_ = std::make_unique<Locker>(Options(*cluster_, "old->new", "a"));
    ASSERT_TRUE(holder_->Gets(Kind::kHeld));
    standby_ = std::make_unique<Locker>(Options(*cluster_, "old->new", "b"));
    ASSERT_TRUE(standby_->Gets(Kind::kStandby));
    coordinator_ = CoordinatorOf(*cluster_, "old->new");
    ASSERT_GT(coordinator_, 0);
  }

  testing::AssertionResult CoordinatorMoved() {
    const auto moved = [this] {
      const int now = CoordinatorOf(*cluster_, "old->new");
      return now > 0 && now != coordinator_;
    };
    return Eventually("another broker coordinates the group", moved);
  }

  // Whether anybody copies is not known while nobody can be asked.
  void ExpectTheStandbySaysThatItCannotAsk() {
    EXPECT_TRUE(standby_->Gets(Kind::kTrouble));
    EXPECT_TRUE(standby_->Gets(Kind::kStandby, 2)) << "who holds the lock, once it can ask again";
    EXPECT_TRUE(standby_->Last(Kind::kStandby).event.is_held);
  }

  // For longer than a session lives that nobody keeps alive.
  void ExpectNoChangeForASession() {
    EXPECT_FALSE(standby_->HasWithin(kSessionAndSome, Kind::kHeld));
    EXPECT_FALSE(holder_->Had(Kind::kLost));
    EXPECT_FALSE(holder_->Had(Kind::kFatal));
  }

  // The lock still moves: at once, or when the session ends if the good-bye did not get through.
  void ExpectAlive() {
    EXPECT_TRUE(holder_->StopsCleanly());
    EXPECT_TRUE(standby_->Gets(Kind::kHeld));
  }

  std::unique_ptr<KafkaCluster> cluster_;
  std::unique_ptr<Locker> holder_;
  std::unique_ptr<Locker> standby_;
  int coordinator_ = -1;
};

TEST_F(LinkLockCoordinatorTest, KTheLockOutlivesACoordinatorThatHangs) {
  ASSERT_OK(cluster_->Stop(coordinator_));
  ASSERT_TRUE(CoordinatorMoved());
  ExpectTheStandbySaysThatItCannotAsk();
  ExpectNoChangeForASession();
  ASSERT_OK(cluster_->Continue(coordinator_));
  ASSERT_OK(cluster_->WaitReady());
  ExpectNoChangeForASession();
  ExpectAlive();
}

TEST_F(LinkLockCoordinatorTest, KTheLockOutlivesACoordinatorThatIsKilled) {
  ASSERT_OK(cluster_->Kill9(coordinator_));
  ASSERT_TRUE(CoordinatorMoved());
  ExpectTheStandbySaysThatItCannotAsk();
  ExpectNoChangeForASession();
  ASSERT_OK(cluster_->Start(coordinator_));
  ASSERT_OK(cluster_->WaitReady());
  ExpectNoChangeForASession();
  ExpectAlive();
}

}  // namespace
}  // namespace replicator::tests
