// Status and resume on a state folder without a process, and the socket beside it.
#include "replicator/status/stored_status.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "offsets/store.h"
#include "replicator/serve/local_server.h"

namespace replicator {
namespace {

class StoredStatusTest : public ::testing::Test {
 protected:
  StoredStatusTest()
      : folder_((std::filesystem::path(::testing::TempDir()) /
                 ::testing::UnitTest::GetInstance()->current_test_info()->name())
                    .string()) {
    std::filesystem::remove_all(folder_);
  }
  ~StoredStatusTest() override { std::filesystem::remove_all(folder_); }

  void Fill() {
    auto store = offsets::Store::Open({.folder = folder_});
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->SaveLink({.source_cluster_id = "s", .target_cluster_id = "t"}, true).ok());
    ASSERT_TRUE(
        (*store)->SaveTopics({{"orders", {.number = 7, .target_name = "old.orders"}}}, /*must_sync=*/true).ok());
    offsets::PartitionState copying;
    copying.eras = {{TargetOffset(0), {40, 0}, 0}};
    copying.position = SourceOffset(100);
    copying.target_end = TargetOffset(90);
    offsets::PartitionState stopped = copying;
    stopped.quarantine = {"foreign-write", "somebody else writes", 1'700'000'000'000};
    offsets::PartitionState never_begun;
    never_begun.quarantine = {"target-not-ours", "not ours", 1'700'000'000'000};
    absl::Notification written;
    (*store)->Write({{{7, 0}, copying}, {{7, 1}, stopped}, {{7, 3}, never_begun}}, [&] { written.Notify(); });
    written.WaitForNotification();
  }

  offsets::PartitionState Stored(int32_t partition) {
    auto store = offsets::Store::Open({.folder = folder_, .read_only = true});
    return (*store)->LoadPartitions(10)->at({7, partition});
  }

  const std::string folder_;
};

TEST_F(StoredStatusTest, ShowsWhereEachPartitionStoodLast) {
  EXPECT_TRUE(absl::IsNotFound(ReadStoredStatus(folder_).status()));
  ASSERT_NO_FATAL_FAILURE(Fill());
  const absl::StatusOr<LinkStatus> status = ReadStoredStatus(folder_);
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_FALSE(status->is_running);
  EXPECT_GT(status->as_of_ms, 1'700'000'000'000);
  EXPECT_EQ(status->source_cluster_id, "s");
  ASSERT_EQ(status->partitions.size(), 3);
  EXPECT_EQ(status->partitions[0].target_topic, "old.orders");
  EXPECT_EQ(status->partitions[0].copied_to, 100);
  EXPECT_EQ(status->partitions[0].target_end, 90);
  EXPECT_EQ(status->partitions[0].state, CopyState::kStopped);
  EXPECT_EQ(status->partitions[1].state, CopyState::kQuarantined);
  EXPECT_EQ(status->partitions[1].quarantine->since_ms, 1'700'000'000'000);
  EXPECT_EQ(status->partitions[1].quarantine->remedy,
            "replicator resume --topic=orders --partition=1 --from=100 --state-dir=" + folder_);
}

TEST_F(StoredStatusTest, ResumeIsStoredForTheNextProcess) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  absl::StatusOr<ResumePlan> plan = ResumeInStore(folder_, {.topic = "orders", .partition = 1, .from = "60"});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->needs_yes);
  EXPECT_TRUE(absl::StrContains(plan->text, "at most 40 records")) << plan->text;
  EXPECT_EQ(Stored(1).resume_from, "") << "not without a yes";
  ASSERT_TRUE(
      ResumeInStore(folder_, {.topic = "orders", .partition = 1, .from = "60", .yes = true, .dry_run = true}).ok());
  EXPECT_EQ(Stored(1).resume_from, "") << "nor in a dry run";
  ASSERT_TRUE(ResumeInStore(folder_, {.topic = "orders", .partition = 1, .from = "60", .yes = true}).ok());
  EXPECT_EQ(Stored(1).resume_from, "60");
  EXPECT_TRUE(Stored(1).quarantine.has_value()) << "until the process has resumed it";
  ASSERT_TRUE(ResumeInStore(folder_, {.topic = "orders", .partition = 1}).ok());
  EXPECT_EQ(Stored(1).resume_from, "") << "the operator has changed his mind";
}

TEST_F(StoredStatusTest, OneThatNeverBeganIsNowhereAndMayComeTwice) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  const PartitionStatus status = ReadStoredStatus(folder_)->partitions[2];
  EXPECT_EQ(status.copied_to, std::nullopt);
  EXPECT_EQ(status.quarantine->remedy, "replicator resume --topic=orders --partition=3 --state-dir=" + folder_);
  absl::StatusOr<ResumePlan> plan = ResumeInStore(folder_, {.topic = "orders", .partition = 3, .from = "60"});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->needs_yes);
  EXPECT_TRUE(absl::StrContains(plan->text, "is taken as copied")) << plan->text;
  EXPECT_FALSE(absl::StrContains(plan->text, "LOST")) << plan->text;
}

TEST_F(StoredStatusTest, WhereItStandsOnlyTakesTheQuarantineAway) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  ASSERT_TRUE(ResumeInStore(folder_, {.topic = "orders", .partition = 1}).ok());
  const offsets::PartitionState state = Stored(1);
  EXPECT_FALSE(state.quarantine.has_value());
  EXPECT_EQ(state.resume_from, "");
  EXPECT_EQ(state.position, SourceOffset(100));
  EXPECT_EQ(state.eras.size(), 1);
}

TEST_F(StoredStatusTest, ResumeRefusesWhatIsNotQuarantinedOrNotThere) {
  EXPECT_TRUE(absl::IsNotFound(ResumeInStore(folder_, {.topic = "orders", .partition = 1}).status()));
  EXPECT_FALSE(std::filesystem::exists(folder_)) << "a folder that was mistyped is not made";
  ASSERT_NO_FATAL_FAILURE(Fill());
  EXPECT_TRUE(absl::IsFailedPrecondition(ResumeInStore(folder_, {.topic = "orders", .partition = 0}).status()));
  EXPECT_TRUE(absl::IsNotFound(ResumeInStore(folder_, {.topic = "orders", .partition = 2}).status()));
  EXPECT_TRUE(absl::IsNotFound(ResumeInStore(folder_, {.topic = "payments", .partition = 1}).status()));
}

std::vector<HttpRoute> Routes() {
  return {{"GET", "/hello",
           [](const std::string&) {
             return HttpAnswer{200, "world"};
           }},
          {"POST", "/echo", [](const std::string& body) {
             return HttpAnswer{409, body};
           }}};
}

TEST_F(StoredStatusTest, TheSocketIsForThisUserAloneAndGoneAtTheEnd) {
  const std::string folder = folder_ + "/" + std::string(120, 'x');  // longer than a Unix socket's address
  std::filesystem::create_directories(folder);
  EXPECT_TRUE(absl::IsNotFound(CallLocal(folder, "socket", "GET", "/hello", "").status()));
  auto server = LocalServer::Start(folder, "socket", Routes());
  ASSERT_TRUE(server.ok()) << server.status();
  struct stat facts = {};
  ASSERT_EQ(stat((folder + "/socket").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600);
  const absl::StatusOr<HttpAnswer> hello = CallLocal(folder, "socket", "GET", "/hello", "");
  ASSERT_TRUE(hello.ok()) << hello.status();
  EXPECT_EQ(hello->body, "world");
  EXPECT_EQ(CallLocal(folder, "socket", "POST", "/echo", "{}")->code, 409);
  EXPECT_EQ(CallLocal(folder, "socket", "POST", "/echo", std::string(100'000, 'x'))->code, 413);
  EXPECT_EQ(CallLocal(folder, "socket", "GET", "/other", "")->code, 404);
  server->reset();
  EXPECT_FALSE(std::filesystem::exists(folder + "/socket"));
}

// Without root's power to pass by the rights of files, for the thread that makes one; a user has none.
class AsAnotherUser {
 public:
  AsAnotherUser() {
    syscall(SYS_capget, &header_, before_);
    __user_cap_data_struct without[2] = {before_[0], before_[1]};
    without[0].effective &= ~((1U << CAP_DAC_OVERRIDE) | (1U << CAP_DAC_READ_SEARCH));
    EXPECT_EQ(syscall(SYS_capset, &header_, without), 0);
  }
  ~AsAnotherUser() { EXPECT_EQ(syscall(SYS_capset, &header_, before_), 0); }

 private:
  __user_cap_header_struct header_ = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct before_[2] = {};
};

void ExpectNoRight(const absl::Status& status) {
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "run the command as the user ")) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "or with sudo")) << status;
}

TEST_F(StoredStatusTest, WhoMayNotLookIsNotToldThatNothingIsThere) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  auto server = LocalServer::Start(folder_, "socket", Routes());
  ASSERT_TRUE(server.ok()) << server.status();
  std::filesystem::permissions(folder_ + "/socket", std::filesystem::perms::none);
  {
    AsAnotherUser another;
    ExpectNoRight(CallLocal(folder_, "socket", "GET", "/hello", "").status());
  }
  std::filesystem::permissions(folder_, std::filesystem::perms::none);
  {
    AsAnotherUser another;
    ExpectNoRight(CallLocal(folder_, "socket", "GET", "/hello", "").status());
    ExpectNoRight(ReadStoredStatus(folder_).status());
    ExpectNoRight(ResumeInStore(folder_, {.topic = "orders", .partition = 1}).status());
  }
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
}

TEST_F(StoredStatusTest, ASocketThatWasLeftBehindIsReplaced) {
  std::filesystem::create_directories(folder_);
  auto dead = LocalServer::Start(folder_, "socket", Routes());
  ASSERT_TRUE(dead.ok()) << dead.status();
  std::filesystem::rename(folder_ + "/socket", folder_ + "/left");
  dead->reset();
  std::filesystem::rename(folder_ + "/left", folder_ + "/socket");
  EXPECT_TRUE(absl::IsNotFound(CallLocal(folder_, "socket", "GET", "/hello", "").status()));
  auto server = LocalServer::Start(folder_, "socket", Routes());
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_TRUE(CallLocal(folder_, "socket", "GET", "/hello", "").ok());
}

}  // namespace
}  // namespace replicator
