#include "kafka/client/errors.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace replicator::kafka {
namespace {

TEST(ErrorsTest, EveryCodeOfKafka43HasANameAndAMeaning) {
  EXPECT_EQ(AllErrors().size(), 135u);
  EXPECT_EQ(AllErrors().front().code, -1);
  EXPECT_EQ(AllErrors().back().code, 133);
  for (const ErrorInfo& error : AllErrors()) {
    EXPECT_EQ(FindError(error.code), &error);
    EXPECT_NE(std::string(error.name), "");
    EXPECT_NE(std::string(error.meaning), "");
  }
  EXPECT_EQ(ErrorText(6), "NOT_LEADER_OR_FOLLOWER (6): another broker leads the partition");
}

TEST(ErrorsTest, AnUnknownCodeIsNamedByItsNumber) {
  for (int code : {134, -2, 32767, -32768}) {
    EXPECT_EQ(FindError(static_cast<int16_t>(code)), nullptr);
    EXPECT_EQ(ErrorText(static_cast<int16_t>(code)), "unknown error (" + std::to_string(code) + ")");
  }
}

TEST(ErrorsTest, ProduceAnswersThatCanFollowAnAppendAreAmbiguous) {
  for (int16_t code : {6, 7, 20, 56, -1}) EXPECT_EQ(ClassifyProduceError(code), ProduceOutcome::kAmbiguous) << code;
}

TEST(ErrorsTest, ProduceAnswersThatNoBrokerGivesAreAmbiguousToo) {
  for (int16_t code : {1, 22, 70, 134, 999, -2}) {
    EXPECT_EQ(ClassifyProduceError(code), ProduceOutcome::kAmbiguous) << code;
  }
}

TEST(ErrorsTest, ProduceAnswersAreClassified) {
  EXPECT_EQ(ClassifyProduceError(0), ProduceOutcome::kAcknowledged);
  for (int16_t code : {3, 5, 9, 19}) {
    EXPECT_EQ(ClassifyProduceError(code), ProduceOutcome::kRetryAfterSettle) << code;
  }
  for (int16_t code : {2, 87}) EXPECT_EQ(ClassifyProduceError(code), ProduceOutcome::kRefusedBytes) << code;
  for (int16_t code : {45, 46}) EXPECT_EQ(ClassifyProduceError(code), ProduceOutcome::kReconcile) << code;
  EXPECT_EQ(ClassifyProduceError(59), ProduceOutcome::kUnknownProducerId);
  for (int16_t code : {10, 17, 18, 21, 29, 31, 32, 35, 42, 43, 44, 47, 49, 76, 90}) {
    EXPECT_EQ(ClassifyProduceError(code), ProduceOutcome::kFatal) << code;
  }
}

TEST(ErrorsTest, OnlyNoErrorIsAnAcknowledgement) {
  for (int code = std::numeric_limits<int16_t>::min(); code <= std::numeric_limits<int16_t>::max(); ++code) {
    EXPECT_EQ(ClassifyProduceError(static_cast<int16_t>(code)) == ProduceOutcome::kAcknowledged, code == 0) << code;
    EXPECT_EQ(ClassifyFetchError(static_cast<int16_t>(code)) == FetchOutcome::kOk, code == 0) << code;
  }
}

TEST(ErrorsTest, FetchAnswersAreClassified) {
  EXPECT_EQ(ClassifyFetchError(1), FetchOutcome::kOffsetOutOfRange);
  for (int16_t code : {3, 5, 6, 9, 56, 72, 74}) {
    EXPECT_EQ(ClassifyFetchError(code), FetchOutcome::kRefreshMetadata) << code;
  }
  for (int16_t code : {7, 75, 78, 89, -1, 999}) EXPECT_EQ(ClassifyFetchError(code), FetchOutcome::kRetry) << code;
  for (int16_t code : {70, 71, 106}) EXPECT_EQ(ClassifyFetchError(code), FetchOutcome::kResetFetchSession) << code;
  for (int16_t code : {100, 103}) EXPECT_EQ(ClassifyFetchError(code), FetchOutcome::kTopicIdChanged) << code;
  for (int16_t code : {2, 29, 35, 42, 76, 104}) EXPECT_EQ(ClassifyFetchError(code), FetchOutcome::kFatal) << code;
}

TEST(ErrorsTest, GroupAnswersAreClassified) {
  EXPECT_EQ(ClassifyGroupError(0), GroupOutcome::kOk);
  for (int16_t code : {27, 79}) EXPECT_EQ(ClassifyGroupError(code), GroupOutcome::kRejoin) << code;
  for (int16_t code : {22, 25}) EXPECT_EQ(ClassifyGroupError(code), GroupOutcome::kForgotten) << code;
  for (int16_t code : {14, 15, 16, 7, -1, 999}) {
    EXPECT_EQ(ClassifyGroupError(code), GroupOutcome::kFindCoordinator) << code;
  }
  EXPECT_EQ(ClassifyGroupError(82), GroupOutcome::kFenced);
  for (int16_t code : {23, 24, 26, 30, 31, 35, 58, 81}) {
    EXPECT_EQ(ClassifyGroupError(code), GroupOutcome::kFatal) << code;
  }
  EXPECT_EQ(ErrorStatus(30, "x").code(), absl::StatusCode::kPermissionDenied);
}

TEST(ErrorsTest, AnswersToRequestsAboutGroupsAreClassified) {
  EXPECT_EQ(ClassifyGroupAdminError(0), GroupAdminOutcome::kOk);
  for (int16_t code : {14, 15, 16, 7, -1, 999}) {
    EXPECT_EQ(ClassifyGroupAdminError(code), GroupAdminOutcome::kLookAgain) << code;
  }
  EXPECT_EQ(ClassifyGroupAdminError(88), GroupAdminOutcome::kUnstable);
  for (int16_t code : {22, 25, 27, 113}) {
    EXPECT_EQ(ClassifyGroupAdminError(code), GroupAdminOutcome::kHasMembers) << code;
  }
  EXPECT_EQ(ClassifyGroupAdminError(69), GroupAdminOutcome::kNotFound);
  for (int16_t code : {3, 12, 24, 28, 29, 30, 31, 35}) {
    EXPECT_EQ(ClassifyGroupAdminError(code), GroupAdminOutcome::kFatal) << code;
  }
}

TEST(ErrorsTest, AnswersToTransactionalProducersAreClassified) {
  EXPECT_EQ(ClassifyTransactionError(0), TransactionOutcome::kOk);
  for (int16_t code : {14, 19, 51, 55}) {
    EXPECT_EQ(ClassifyTransactionError(code), TransactionOutcome::kRetry) << code;
  }
  for (int16_t code : {3, 6, 7, 15, 16, 20, 56, -1, 999}) {
    EXPECT_EQ(ClassifyTransactionError(code), TransactionOutcome::kLookAgain) << code;
  }
  for (int16_t code : {45, 46, 48, 49, 59, 120}) {
    EXPECT_EQ(ClassifyTransactionError(code), TransactionOutcome::kNewProducer) << code;
  }
  for (int16_t code : {47, 90}) EXPECT_EQ(ClassifyTransactionError(code), TransactionOutcome::kFenced) << code;
  for (int16_t code : {10, 18, 29, 31, 35, 42, 50, 53}) {
    EXPECT_EQ(ClassifyTransactionError(code), TransactionOutcome::kFatal) << code;
    EXPECT_NE(RemedyFor(code), "") << code;
  }
  for (int16_t code : {2, 87}) EXPECT_EQ(ClassifyTransactionError(code), TransactionOutcome::kFatal) << code;
}

TEST(ErrorsTest, WhateverStopsAPartitionOrTheLinkTellsTheOperatorWhatToDo) {
  for (const ErrorInfo& error : AllErrors()) {
    const bool fatal = ClassifyProduceError(error.code) == ProduceOutcome::kFatal ||
                       ClassifyFetchError(error.code) == FetchOutcome::kFatal ||
                       ClassifyGroupError(error.code) == GroupOutcome::kFatal ||
                       ClassifyGroupError(error.code) == GroupOutcome::kFenced;
    if (!fatal) continue;
    EXPECT_GT(RemedyFor(error.code).size(), 20u) << error.name;
    EXPECT_TRUE(absl::EndsWith(RemedyFor(error.code), ".")) << error.name;
  }
}

TEST(ErrorsTest, AStatusNamesTheThingTheReasonAndTheRemedy) {
  EXPECT_EQ(ErrorStatus(0, "anything"), absl::OkStatus());
  const absl::Status denied = ErrorStatus(29, "produce to orders-3");
  EXPECT_EQ(denied.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(absl::StartsWith(denied.message(), "produce to orders-3: TOPIC_AUTHORIZATION_FAILED (29): ")) << denied;
  EXPECT_TRUE(absl::StrContains(denied.message(), ". Give replicator's user ")) << denied;
  EXPECT_EQ(ErrorStatus(5, "x").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorStatus(58, "x").code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ErrorStatus(36, "x").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ErrorStatus(40, "x").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorStatus(10, "x").code(), absl::StatusCode::kFailedPrecondition);
}

TEST(ErrorsTest, TheRemedyFollowsWhereThereIsOne) {
  EXPECT_EQ(ErrorAndRemedy(kErrorNotLeaderOrFollower), ErrorText(kErrorNotLeaderOrFollower));
  EXPECT_EQ(ErrorAndRemedy(kErrorMessageTooLarge),
            absl::StrCat(ErrorText(kErrorMessageTooLarge), ". ", RemedyFor(kErrorMessageTooLarge)));
}

TEST(ErrorsTest, OnlyWhatConcernsLeadershipShowsStaleMetadata) {
  for (int16_t code : {kErrorNotLeaderOrFollower, kErrorUnknownTopicOrPartition, kErrorFencedLeaderEpoch,
                       kErrorUnknownTopicId, kErrorKafkaStorageError, kErrorRequestTimedOut}) {
    EXPECT_TRUE(ShowsStaleMetadata(code)) << code;
  }
  for (int16_t code : {kErrorNone, kErrorNotEnoughReplicas, kErrorMessageTooLarge, kErrorTopicAuthorizationFailed,
                       kErrorOutOfOrderSequenceNumber, kErrorCorruptMessage, kErrorOffsetOutOfRange}) {
    EXPECT_FALSE(ShowsStaleMetadata(code)) << code;
  }
}

}  // namespace
}  // namespace replicator::kafka
