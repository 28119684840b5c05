#include "replicator/serve/link_service.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kafka/net/steady_event.h"
#include "replicator/copy/rate_limiter.h"
#include "replicator/serve/local_server.h"
#include "replicator/serve/translation_json.h"

namespace replicator {
namespace {

constexpr std::chrono::minutes kPatience(1);

class LinkServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/link-service-" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Shard::Options options;
    options.buffer_bytes_max = 8 << 20;
    options.source.limit = &limit_;
    options.target_limit = &limit_;
    shard_ = std::make_unique<Shard>(std::move(options), [](Side) {});
    shard_->Start();
    ASSERT_NO_FATAL_FAILURE(StartService());
  }

  // One that would wait for a shard for longer than any test lasts.
  void StartService() {
    LinkService::Options options;
    options.folder = folder_;
    options.describe_timeout = std::chrono::hours(1);
    service_ = std::make_unique<LinkService>(std::move(options));
    ASSERT_TRUE(service_->Start().ok());
    service_->SetShards({shard_.get()});
  }

  void TearDown() override {
    service_.reset();
    shard_->Stop(Clock::duration::zero());
    EXPECT_TRUE(shard_->Join(Clock::now() + kPatience));
  }

  absl::StatusOr<HttpAnswer> AskStatus() const { return CallLocal(folder_, kSocketName, "GET", "/status", ""); }

  std::string folder_;
  RateLimiter limit_{0};
  std::unique_ptr<Shard> shard_;
  std::unique_ptr<LinkService> service_;
};

TEST_F(LinkServiceTest, ItsShardsAreAsked) {
  const absl::StatusOr<HttpAnswer> answer = AskStatus();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->code, 200) << answer->body;
}

TEST_F(LinkServiceTest, ItsShardsTellWhereOffsetsLie) {
  const std::vector<TranslationQuestion> questions = {{.source_topic = "a", .partition = 0, .offset = 5},
                                                      {.source_topic = "b", .partition = 0, .offset = 5}};
  Assignment assignment;
  assignment.source_topic = assignment.target_topic = "a";
  assignment.partition = 0;
  shard_->Assign({assignment});
  absl::StatusOr<HttpAnswer> answer = CallLocal(folder_, kSocketName, "POST", "/offsets/translate", ToJson(questions));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->code, 200) << answer->body;
  const absl::StatusOr<std::vector<TranslationAnswer>> told = ParseTranslationAnswers(answer->body);
  ASSERT_TRUE(told.ok()) << told.status();
  ASSERT_EQ(told->size(), 2u);
  EXPECT_TRUE((*told)[0].is_copied);
  EXPECT_EQ((*told)[0].position, -1) << "it has not begun";
  EXPECT_FALSE((*told)[1].is_copied);
  answer = CallLocal(folder_, kSocketName, "POST", "/offsets/translate", "what?");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->code, 400);
}

// At the end of a link its control loop goes on for a moment, and may find out something just then.
TEST_F(LinkServiceTest, WhatIsSetAfterTheStopTellsNobodyAndHarmsNothing) {
  service_->Stop();
  service_->SetTopicsTrouble("the source does not answer");
  service_->SetStandby("another process copies", /*is_known=*/true);
  service_->SetLeftOut({{"orders", "it has another number of partitions"}}, {});
  EXPECT_EQ(AskStatus().status().code(), absl::StatusCode::kNotFound);
  service_->Stop();
}

TEST_F(LinkServiceTest, AStopDoesNotWaitForAShardThatIsStuck) {
  const auto stuck = std::make_shared<kafka::SteadyEvent>();
  const auto release = std::make_shared<kafka::SteadyEvent>();  // the shard's thread may still be in it at the end
  shard_->Describe([stuck, release](const std::vector<PartitionStatus>&) {
    stuck->Notify();
    release->WaitUntil(Clock::now() + std::chrono::hours(1));
  });
  ASSERT_TRUE(stuck->WaitUntil(Clock::now() + kPatience));
  // A stop may come before the question does. Then the next question gets more of a start.
  int code = 0;
  for (std::chrono::milliseconds start(1); code == 0 && start < kPatience; start *= 2) {
    if (service_ == nullptr) StartService();
    std::thread client([&] {
      const absl::StatusOr<HttpAnswer> answer = AskStatus();
      if (answer.ok()) code = answer->code;
    });
    std::this_thread::sleep_for(start);
    service_->Stop();  // the shard is stuck until after this
    client.join();
    service_.reset();
  }
  release->Notify();
  EXPECT_EQ(code, 409);
}

}  // namespace
}  // namespace replicator
