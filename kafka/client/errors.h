// Kafka's error codes: their names, and the one place that decides what each means for a replicator.
//
// Codes travel as int16_t, since a broker newer than this table may send any. Pure functions, any thread.
// Source: org.apache.kafka.common.protocol.Errors of Kafka 4.3; where a code can arise, from the broker's
// ReplicaManager, Partition, UnifiedLog and DelayedProduce.
#ifndef REPLICATOR_KAFKA_CLIENT_ERRORS_H_
#define REPLICATOR_KAFKA_CLIENT_ERRORS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace replicator::kafka {

// The codes that our code has an opinion about. kErrorTable (errors.cc) names all.
enum ErrorCode : int16_t {
  kErrorUnknownServer = -1,
  kErrorNone = 0,
  kErrorOffsetOutOfRange = 1,
  kErrorCorruptMessage = 2,
  kErrorUnknownTopicOrPartition = 3,
  kErrorInvalidFetchSize = 4,
  kErrorLeaderNotAvailable = 5,
  kErrorNotLeaderOrFollower = 6,
  kErrorRequestTimedOut = 7,
  kErrorBrokerNotAvailable = 8,
  kErrorReplicaNotAvailable = 9,
  kErrorMessageTooLarge = 10,
  kErrorOffsetMetadataTooLarge = 12,
  kErrorNetworkException = 13,
  kErrorCoordinatorLoadInProgress = 14,
  kErrorCoordinatorNotAvailable = 15,
  kErrorNotCoordinator = 16,
  kErrorInvalidTopic = 17,
  kErrorRecordListTooLarge = 18,
  kErrorNotEnoughReplicas = 19,
  kErrorNotEnoughReplicasAfterAppend = 20,
  kErrorInvalidRequiredAcks = 21,
  kErrorIllegalGeneration = 22,
  kErrorInconsistentGroupProtocol = 23,
  kErrorInvalidGroupId = 24,
  kErrorUnknownMemberId = 25,
  kErrorInvalidSessionTimeout = 26,
  kErrorRebalanceInProgress = 27,
  kErrorInvalidCommitOffsetSize = 28,
  kErrorTopicAuthorizationFailed = 29,
  kErrorGroupAuthorizationFailed = 30,
  kErrorClusterAuthorizationFailed = 31,
  kErrorInvalidTimestamp = 32,
  kErrorUnsupportedSaslMechanism = 33,
  kErrorIllegalSaslState = 34,
  kErrorUnsupportedVersion = 35,
  kErrorTopicAlreadyExists = 36,
  kErrorInvalidPartitions = 37,
  kErrorInvalidReplicationFactor = 38,
  kErrorInvalidReplicaAssignment = 39,
  kErrorInvalidConfig = 40,
  kErrorNotController = 41,
  kErrorInvalidRequest = 42,
  kErrorUnsupportedForMessageFormat = 43,
  kErrorPolicyViolation = 44,
  kErrorOutOfOrderSequenceNumber = 45,
  kErrorDuplicateSequenceNumber = 46,
  kErrorInvalidProducerEpoch = 47,
  kErrorInvalidTxnState = 48,
  kErrorInvalidProducerIdMapping = 49,
  kErrorInvalidTransactionTimeout = 50,
  kErrorConcurrentTransactions = 51,
  kErrorTransactionCoordinatorFenced = 52,
  kErrorTransactionalIdAuthorizationFailed = 53,
  kErrorSecurityDisabled = 54,
  kErrorOperationNotAttempted = 55,
  kErrorKafkaStorageError = 56,
  kErrorSaslAuthenticationFailed = 58,
  kErrorUnknownProducerId = 59,
  kErrorGroupIdNotFound = 69,
  kErrorFetchSessionIdNotFound = 70,
  kErrorInvalidFetchSessionEpoch = 71,
  kErrorListenerNotFound = 72,
  kErrorFencedLeaderEpoch = 74,
  kErrorUnknownLeaderEpoch = 75,
  kErrorUnsupportedCompressionType = 76,
  kErrorOffsetNotAvailable = 78,
  kErrorMemberIdRequired = 79,
  kErrorGroupMaxSizeReached = 81,
  kErrorFencedInstanceId = 82,
  kErrorInvalidRecord = 87,
  kErrorUnstableOffsetCommit = 88,
  kErrorThrottlingQuotaExceeded = 89,
  kErrorProducerFenced = 90,
  kErrorUnknownTopicId = 100,
  kErrorInconsistentTopicId = 103,
  kErrorInconsistentClusterId = 104,
  kErrorFetchSessionTopicIdError = 106,
  kErrorOffsetMovedToTieredStorage = 109,
  kErrorFencedMemberEpoch = 110,
  kErrorStaleMemberEpoch = 113,
  kErrorTransactionAbortable = 120,
};

struct ErrorInfo {
  int16_t code;
  const char* name;     // As brokers and their logs write it.
  const char* meaning;  // One short clause.
};

// Every code known to Kafka 4.3, in ascending order.
absl::Span<const ErrorInfo> AllErrors();

// nullptr for a code that Kafka 4.3 does not know.
const ErrorInfo* FindError(int16_t code);

// "NOT_LEADER_OR_FOLLOWER (6): another broker leads the partition"; "unknown error (777)" for an unknown code.
std::string ErrorText(int16_t code);

// What a partition's answer to Produce says about its one batch in flight. Only an answer to a batch that
// this process built may be given to ClassifyProduceError.
enum class ProduceOutcome : uint8_t {
  kAcknowledged,      // Appended and replicated; base_offset still has to be checked.
  kAmbiguous,         // May have been appended: ask the target where it stands before anything else.
  kRetryAfterSettle,  // Refused before the append for a reason that passes: refresh, back off, settle, send again.
  kReconcile,         // The sequence is not the one the broker expects: find out who is wrong, never send blindly.
  kRefusedBytes,      // Refused before the append for what the batch's bytes are: perhaps they were damaged on the way.
  kUnknownProducerId,  // Brokers up to 2.4 forgot our producer id: a new id, its ordinal counted from the log end.
  kFatal,              // Refused, and will be refused again: stop this partition, with RemedyFor().
};
ProduceOutcome ClassifyProduceError(int16_t code);

// What a partition's answer to Fetch, ListOffsets or OffsetForLeaderEpoch asks for, or the top-level code
// of a Fetch answer. Reading has no effect at the broker, so asking again is always safe.
enum class FetchOutcome : uint8_t {
  kOk,
  kRefreshMetadata,    // Another broker leads: new metadata, then ask that one.
  kRetry,              // Passes by itself: back off, ask the same broker again.
  kResetFetchSession,  // The broker lost the fetch session: open a new one, nothing else is wrong.
  kOffsetOutOfRange,   // Truncation or retention: confirm by ListOffsets on the leader.
  kTopicIdChanged,     // The id is not (or no longer) that of the topic: perhaps deleted and created anew.
  kFatal,              // Will fail again: stop this partition, with RemedyFor().
};
FetchOutcome ClassifyFetchError(int16_t code);

// Whether the answer shows that a broker's metadata, by which it was asked, may be out of date: another broker leads,
// the topic was recreated, or (7) the leader cannot reach its replicas, as one that others have deposed meanwhile.
bool ShowsStaleMetadata(int16_t code);

// What a group's coordinator, or a broker that was asked for it, asks of a member.
enum class GroupOutcome : uint8_t {
  kOk,
  kRejoin,           // The group rebalances, or has given a member id to join with: join again at once.
  kForgotten,        // The session or the generation is over: whatever was assigned is no longer ours.
  kFindCoordinator,  // It moves, loads, or is not there: look for it again. The membership may well go on.
  kFenced,           // Another process has joined with our instance id.
  kFatal,            // Will fail again: with RemedyFor().
};
GroupOutcome ClassifyGroupError(int16_t code);

// What a coordinator says to a request about a group from outside of it: to describe it, to read or set its offsets, to
// remove members.
enum class GroupAdminOutcome : uint8_t {
  kOk,
  kLookAgain,  // It moves, loads, or is not there: look for it and ask again. A commit may have been made all the same.
  kUnstable,   // A transaction that has sent offsets is not ended yet: ask again later.
  kHasMembers,  // The group has members, and only they may commit. Nothing was changed.
  kNotFound,    // There is no such group, or it is of another type.
  kFatal,       // Will fail again: with RemedyFor() where there is one. Nothing was changed.
};
GroupAdminOutcome ClassifyGroupAdminError(int16_t code);

// What a transactional producer is told: by the coordinator of its id (InitProducerId, AddPartitionsToTxn, EndTxn), or
// by a partition's leader (Produce). Each of its requests can be sent again: sequences and states are compared.
enum class TransactionOutcome : uint8_t {
  kOk,
  kRetry,        // Something else is under way: back off, ask the same broker again.
  kLookAgain,    // Another broker may be the coordinator, or lead, by now: look, ask again.
  kNewProducer,  // The transaction is lost: begin anew with InitProducerId.
  kFenced,       // Another producer has the id, or the coordinator has aborted a transaction that took too long.
  kFatal,        // Will fail again: with RemedyFor().
};
TransactionOutcome ClassifyTransactionError(int16_t code);

// One sentence for the operator: what to do about it. Empty for a code with which no classifier gives kFatal
// and which no other request of ours can end with.
std::string_view RemedyFor(int16_t code);
// ErrorText, and behind it the remedy if there is one.
std::string ErrorAndRemedy(int16_t code);

// OK for kErrorNone. Else ErrorText and remedy behind `what` ("produce to orders-3"), as PermissionDenied,
// Unauthenticated, AlreadyExists, InvalidArgument or FailedPrecondition where only the operator can help,
// else Unavailable.
absl::Status ErrorStatus(int16_t code, std::string_view what);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_ERRORS_H_
