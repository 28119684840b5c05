// K: whatever their state folders are, one process copies a link and the others wait, say for whom, and take over.
#include <gtest/gtest.h>
#include <signal.h>

#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/api_key.h"
#include "tests/scene/figures.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {
namespace {

constexpr int kPartitions = 6;
constexpr const char* kCopies = "new to this process";
constexpr const char* kWaits = "waiting for the lock of the link";

class StandbyTest : public SceneTest<OneToOne> {
 protected:
  void Begin(const std::string& topic) {
    topic_ = topic;
    ASSERT_NO_FATAL_FAILURE(CreateTopic(topic, kPartitions));
    LoadOptions load = scene_->Load(topic, kPartitions);
    load.codec = "lz4";
    load.linger_ms = 5;
    load.records_per_second = 3'000;
    ASSERT_NO_FATAL_FAILURE(StartProducer(load));
  }

  // A process on a machine of its own.
  std::unique_ptr<ReplicatorProcess> RunElsewhere(ReplicatorOptions* used = nullptr) {
    ReplicatorOptions options = scene_->Replicator(topic_);
    options.link = topic_;
    if (used != nullptr) *used = options;
    return Run(options);
  }

  void ExpectEqual(ReplicatorProcess& last) {
    ASSERT_OK(producer_->Stop().status());
    EXPECT_TRUE(scene_->Equal({topic_})) << last.LogTail();
    EXPECT_TRUE(StopsHealthy(last));
  }
};

TEST_F(StandbyTest, OfTwoStartedTogetherOneCopiesAndTheOtherTakesOver) {
  ASSERT_NO_FATAL_FAILURE(Begin("together"));
  std::unique_ptr<ReplicatorProcess> a = RunElsewhere();
  std::unique_ptr<ReplicatorProcess> b = RunElsewhere();
  ASSERT_TRUE(a != nullptr && b != nullptr);
  ASSERT_TRUE(Eventually("one is a standby", [&] { return a->LogHas("standby: ") || b->LogHas("standby: "); }))
      << a->Log() << b->Log();
  if (a->LogHas("standby: ")) std::swap(a, b);
  ASSERT_TRUE(a->WaitForLog(kCopies, kPatience)) << a->LogTail();
  EXPECT_FALSE(b->LogHas(kCopies));
  std::cout << b->LogLines("standby: ").front() << std::endl;
  ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, 3'000)) << a->LogTail();
  const absl::Time killed = absl::Now();
  ASSERT_OK(a->Kill9());
  ASSERT_TRUE(b->WaitForLog(kCopies, kPatience)) << b->LogTail();
  Figure("standby/kill-to-copying", absl::Now() - killed);
  ExpectEqual(*b);
}

TEST_F(StandbyTest, AStandbySaysForWhomItWaitsAndACleanStopHandsOver) {
  ASSERT_NO_FATAL_FAILURE(Begin("handed"));
  std::unique_ptr<ReplicatorProcess> a = RunElsewhere();
  ASSERT_NE(a, nullptr);
  ASSERT_TRUE(a->WaitForLog("has the lock of the link", kPatience)) << a->Log();
  ReplicatorOptions options;
  std::unique_ptr<ReplicatorProcess> b = RunElsewhere(&options);
  ASSERT_NE(b, nullptr);
  ASSERT_TRUE(b->WaitForLog("standby: ", kPatience)) << b->Log();
  WatchedLink standby(options);
  CommandOutput check;
  const auto finds_no_trouble = [&] {
    check = standby.Run({"status", "--check"});
    return check.code == 0;
  };
  EXPECT_TRUE(Eventually("--check finds no trouble", finds_no_trouble)) << check.text;
  std::cout << check.text << std::endl;
  EXPECT_TRUE(absl::StrContains(check.text, "a standby: ")) << check.text;
  EXPECT_TRUE(absl::StrContains(check.text, absl::StrCat("pid ", a->pid()))) << check.text;
  const CommandOutput resume = standby.Run({"resume", "--topic=" + topic_, "--partition=0"});
  EXPECT_NE(resume.code, 0) << resume.text;
  EXPECT_TRUE(absl::StrContains(resume.text, "is a standby: ")) << resume.text;
  const absl::Time stopping = absl::Now();
  EXPECT_TRUE(StopsHealthy(*a));
  ASSERT_TRUE(b->WaitForLog(kCopies, kPatience)) << b->LogTail();
  Figure("standby/sigterm-to-copying-of-the-next", absl::Now() - stopping);
  ExpectEqual(*b);
}

// It has batches in flight, misses that another one took over, and goes on.
TEST_F(StandbyTest, AProcessThatHungIsReplacedAndAddsNothingWhenItGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin("hung"));
  std::unique_ptr<ReplicatorProcess> a = RunElsewhere();
  ASSERT_NE(a, nullptr);
  ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, 3'000)) << a->LogTail();
  ASSERT_TRUE(a->WaitForLog("has the lock of the link", kPatience)) << a->Log();
  std::unique_ptr<ReplicatorProcess> b = RunElsewhere();
  ASSERT_NE(b, nullptr);
  ASSERT_TRUE(b->WaitForLog(kWaits, kPatience)) << b->Log();
  ASSERT_EQ(kill(a->pid(), SIGSTOP), 0);
  ASSERT_TRUE(b->WaitForLog(kCopies, kPatience)) << b->LogTail();
  const int64_t records = RecordsOrFail(scene_->TargetRecords(topic_));
  ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, records + 1'000)) << b->LogTail();
  ASSERT_EQ(kill(a->pid(), SIGCONT), 0);
  ASSERT_TRUE(a->WaitForLog("another process copies this link now", kPatience)) << a->LogTail();
  ASSERT_TRUE(a->WaitForLog("standby: ", kPatience)) << a->LogTail();
  EXPECT_TRUE(StopsHealthy(*a));
  ExpectEqual(*b);
}

// F: what another process has copied meanwhile is not read again to find the place behind it, nor counted as copied.
TEST_F(StandbyTest, AProcessThatHeldTheLinkBeforeReadsLittleOfWhatAnotherOneHasCopied) {
  constexpr int64_t kBefore = 1'000;
  constexpr int64_t kMeanwhile = 40'000;  // of 1,000 bytes
  constexpr int64_t kAfter = 100;
  topic_ = "again";
  ASSERT_NO_FATAL_FAILURE(Fill(topic_, 1, kBefore));
  ReplicatorOptions options;
  std::unique_ptr<ReplicatorProcess> a = RunElsewhere(&options);
  ASSERT_NE(a, nullptr);
  ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, kBefore)) << a->LogTail();
  EXPECT_TRUE(StopsHealthy(*a));
  std::unique_ptr<ReplicatorProcess> b = RunElsewhere();
  ASSERT_NE(b, nullptr);
  LoadOptions load = scene_->Load(topic_, 1);
  load.first_sequence = kBefore;
  load.records_total = kMeanwhile;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  ASSERT_TRUE(scene_->WaitForTargetRecords(topic_, kBefore + kMeanwhile)) << b->LogTail();
  EXPECT_TRUE(StopsHealthy(*b));

  load.first_sequence = kBefore + kMeanwhile;
  load.records_total = kAfter;
  ASSERT_NO_FATAL_FAILURE(WriteAll(load));
  const int64_t bytes_before = scene_->source_proxy(1).ResponseBytesForwarded(kFetch);
  a = Run(options);
  ASSERT_NE(a, nullptr);
  EXPECT_TRUE(scene_->Equal({topic_})) << a->LogTail();
  const int64_t bytes = scene_->source_proxy(1).ResponseBytesForwarded(kFetch) - bytes_before;
  EXPECT_LT(bytes, int64_t{8} << 20) << "of " << kMeanwhile * 1'000;
  EXPECT_TRUE(StopsHealthy(*a));
  EXPECT_TRUE(a->LogHas(absl::StrCat("stopped: ", kAfter, " records"))) << a->LogTail();
}

}  // namespace
}  // namespace replicator::tests
