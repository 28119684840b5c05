#include "kafka/client/errors.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace replicator::kafka {
namespace {

constexpr ErrorInfo kErrorTable[] = {
    {-1, "UNKNOWN_SERVER_ERROR", "the broker met an error that it has no code for; its log tells more"},
    {0, "NONE", "success"},
    {1, "OFFSET_OUT_OF_RANGE", "the offset lies outside of the partition's log"},
    {2, "CORRUPT_MESSAGE", "a batch failed its checksum, or has a null key in a compacted topic"},
    {3, "UNKNOWN_TOPIC_OR_PARTITION", "this broker does not host the topic or partition"},
    {4, "INVALID_FETCH_SIZE", "the fetch size is invalid"},
    {5, "LEADER_NOT_AVAILABLE", "the partition has no leader at present"},
    {6, "NOT_LEADER_OR_FOLLOWER", "another broker leads the partition"},
    {7, "REQUEST_TIMED_OUT", "the replicas did not answer the leader in time"},
    {8, "BROKER_NOT_AVAILABLE", "the broker is not available"},
    {9, "REPLICA_NOT_AVAILABLE", "the replica is not available on this broker"},
    {10, "MESSAGE_TOO_LARGE", "the batch is larger than the broker or topic accepts"},
    {11, "STALE_CONTROLLER_EPOCH", "the controller moved to another broker"},
    {12, "OFFSET_METADATA_TOO_LARGE", "the metadata of a committed offset is too large"},
    {13, "NETWORK_EXCEPTION", "the connection broke before the answer came"},
    {14, "COORDINATOR_LOAD_IN_PROGRESS", "the coordinator is still loading"},
    {15, "COORDINATOR_NOT_AVAILABLE", "the coordinator is not available"},
    {16, "NOT_COORDINATOR", "another broker is the coordinator"},
    {17, "INVALID_TOPIC_EXCEPTION", "the topic's name is invalid, or the topic is internal"},
    {18, "RECORD_LIST_TOO_LARGE", "the batch is larger than a log segment"},
    {19, "NOT_ENOUGH_REPLICAS", "fewer in-sync replicas than min.insync.replicas; nothing was written"},
    {20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "written, but to fewer in-sync replicas than min.insync.replicas"},
    {21, "INVALID_REQUIRED_ACKS", "the acks value is invalid"},
    {22, "ILLEGAL_GENERATION", "the group generation is over"},
    {23, "INCONSISTENT_GROUP_PROTOCOL", "the member's protocols do not fit the group's"},
    {24, "INVALID_GROUP_ID", "the group id is invalid"},
    {25, "UNKNOWN_MEMBER_ID", "the coordinator does not know the member"},
    {26, "INVALID_SESSION_TIMEOUT", "the session timeout is outside of the broker's range"},
    {27, "REBALANCE_IN_PROGRESS", "the group is rebalancing"},
    {28, "INVALID_COMMIT_OFFSET_SIZE", "the offset commit is too large"},
    {29, "TOPIC_AUTHORIZATION_FAILED", "no permission for the topic"},
    {30, "GROUP_AUTHORIZATION_FAILED", "no permission for the group"},
    {31, "CLUSTER_AUTHORIZATION_FAILED", "no permission for the cluster"},
    {32, "INVALID_TIMESTAMP", "a record's timestamp is outside of the accepted range"},
    {33, "UNSUPPORTED_SASL_MECHANISM", "the broker does not offer the SASL mechanism"},
    {34, "ILLEGAL_SASL_STATE", "the request does not fit the state of the SASL handshake"},
    {35, "UNSUPPORTED_VERSION", "the broker does not serve this version of the API"},
    {36, "TOPIC_ALREADY_EXISTS", "the topic exists already"},
    {37, "INVALID_PARTITIONS", "the number of partitions is invalid"},
    {38, "INVALID_REPLICATION_FACTOR", "the replication factor is below 1 or above the number of brokers"},
    {39, "INVALID_REPLICA_ASSIGNMENT", "the replica assignment is invalid"},
    {40, "INVALID_CONFIG", "a config key or value is invalid"},
    {41, "NOT_CONTROLLER", "another broker is the controller"},
    {42, "INVALID_REQUEST", "the broker finds the request malformed; its log tells more"},
    {43, "UNSUPPORTED_FOR_MESSAGE_FORMAT", "the topic's record format on the broker is too old for the request"},
    {44, "POLICY_VIOLATION", "a policy of the cluster forbids it"},
    {45, "OUT_OF_ORDER_SEQUENCE_NUMBER", "the sequence is not the next one of this producer id"},
    {46, "DUPLICATE_SEQUENCE_NUMBER", "the sequence lies before those that the broker remembers"},
    {47, "INVALID_PRODUCER_EPOCH", "the producer id was taken over with a higher epoch"},
    {48, "INVALID_TXN_STATE", "the transaction is in another state"},
    {49, "INVALID_PRODUCER_ID_MAPPING", "the producer id does not belong to the transactional id"},
    {50, "INVALID_TRANSACTION_TIMEOUT", "the transaction timeout is above the broker's maximum"},
    {51, "CONCURRENT_TRANSACTIONS", "another operation on the transaction is under way"},
    {52, "TRANSACTION_COORDINATOR_FENCED", "the transaction coordinator has been replaced"},
    {53, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "no permission for the transactional id"},
    {54, "SECURITY_DISABLED", "the cluster has no authorizer"},
    {55, "OPERATION_NOT_ATTEMPTED", "not tried, because another part of the request failed"},
    {56, "KAFKA_STORAGE_ERROR", "the broker cannot use the disk of the log"},
    {57, "LOG_DIR_NOT_FOUND", "the broker has no such log directory"},
    {58, "SASL_AUTHENTICATION_FAILED", "the login failed"},
    {59, "UNKNOWN_PRODUCER_ID", "the broker has forgotten the producer id"},
    {60, "REASSIGNMENT_IN_PROGRESS", "a partition reassignment is under way"},
    {61, "DELEGATION_TOKEN_AUTH_DISABLED", "delegation tokens are disabled"},
    {62, "DELEGATION_TOKEN_NOT_FOUND", "the delegation token does not exist"},
    {63, "DELEGATION_TOKEN_OWNER_MISMATCH", "the delegation token has another owner"},
    {64, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", "delegation tokens cannot be asked for on this connection"},
    {65, "DELEGATION_TOKEN_AUTHORIZATION_FAILED", "no permission for the delegation token"},
    {66, "DELEGATION_TOKEN_EXPIRED", "the delegation token has expired"},
    {67, "INVALID_PRINCIPAL_TYPE", "the principal type is invalid"},
    {68, "NON_EMPTY_GROUP", "the group is not empty"},
    {69, "GROUP_ID_NOT_FOUND", "the group does not exist"},
    {70, "FETCH_SESSION_ID_NOT_FOUND", "the broker has dropped the fetch session"},
    {71, "INVALID_FETCH_SESSION_EPOCH", "the fetch session's epoch is not the next one"},
    {72, "LISTENER_NOT_FOUND", "the leader has no listener of the name that metadata was asked on"},
    {73, "TOPIC_DELETION_DISABLED", "deleting topics is disabled"},
    {74, "FENCED_LEADER_EPOCH", "the leader epoch in the request is over"},
    {75, "UNKNOWN_LEADER_EPOCH", "the broker has not yet heard of the leader epoch in the request"},
    {76, "UNSUPPORTED_COMPRESSION_TYPE", "the codec cannot be used with this version of the API"},
    {77, "STALE_BROKER_EPOCH", "the broker has registered anew"},
    {78, "OFFSET_NOT_AVAILABLE", "a new leader does not know its high watermark yet"},
    {79, "MEMBER_ID_REQUIRED", "the member must join again with the id that it was given"},
    {80, "PREFERRED_LEADER_NOT_AVAILABLE", "the preferred leader is not available"},
    {81, "GROUP_MAX_SIZE_REACHED", "the group is full"},
    {82, "FENCED_INSTANCE_ID", "another member joined with the same static id"},
    {83, "ELIGIBLE_LEADERS_NOT_AVAILABLE", "no replica that may lead is available"},
    {84, "ELECTION_NOT_NEEDED", "no election is needed"},
    {85, "NO_REASSIGNMENT_IN_PROGRESS", "no partition reassignment is under way"},
    {86, "GROUP_SUBSCRIBED_TO_TOPIC", "the group is subscribed to the topic"},
    {87, "INVALID_RECORD", "a record failed the broker's validation"},
    {88, "UNSTABLE_OFFSET_COMMIT", "a transactional offset commit is still pending"},
    {89, "THROTTLING_QUOTA_EXCEEDED", "a quota is exceeded"},
    {90, "PRODUCER_FENCED", "a newer producer has the same transactional id"},
    {91, "RESOURCE_NOT_FOUND", "the resource does not exist"},
    {92, "DUPLICATE_RESOURCE", "the request names a resource twice"},
    {93, "UNACCEPTABLE_CREDENTIAL", "the credential is not acceptable"},
    {94, "INCONSISTENT_VOTER_SET", "sender or recipient is not one of the expected voters"},
    {95, "INVALID_UPDATE_VERSION", "the update version is invalid"},
    {96, "FEATURE_UPDATE_FAILED", "finalized features could not be updated"},
    {97, "PRINCIPAL_DESERIALIZATION_FAILURE", "the controller could not read the forwarded principal"},
    {98, "SNAPSHOT_NOT_FOUND", "the snapshot does not exist"},
    {99, "POSITION_OUT_OF_RANGE", "the position lies outside of the snapshot"},
    {100, "UNKNOWN_TOPIC_ID", "this broker does not host a topic with this id"},
    {101, "DUPLICATE_BROKER_REGISTRATION", "the broker id is in use"},
    {102, "BROKER_ID_NOT_REGISTERED", "the broker id is not registered"},
    {103, "INCONSISTENT_TOPIC_ID", "the log belongs to a topic with another id"},
    {104, "INCONSISTENT_CLUSTER_ID", "the broker belongs to another cluster"},
    {105, "TRANSACTIONAL_ID_NOT_FOUND", "the transactional id does not exist"},
    {106, "FETCH_SESSION_TOPIC_ID_ERROR", "the fetch session mixes topics with and without ids"},
    {107, "INELIGIBLE_REPLICA", "a replica may not join the in-sync set"},
    {108, "NEW_LEADER_ELECTED", "the leader changed with the update"},
    {109, "OFFSET_MOVED_TO_TIERED_STORAGE", "the offset lies in tiered storage"},
    {110, "FENCED_MEMBER_EPOCH", "the member's epoch is over"},
    {111, "UNRELEASED_INSTANCE_ID", "another member still holds the static id"},
    {112, "UNSUPPORTED_ASSIGNOR", "the group does not know the assignor"},
    {113, "STALE_MEMBER_EPOCH", "the member's epoch is behind"},
    {114, "MISMATCHED_ENDPOINT_TYPE", "the request went to the wrong kind of endpoint"},
    {115, "UNSUPPORTED_ENDPOINT_TYPE", "the kind of endpoint is not supported"},
    {116, "UNKNOWN_CONTROLLER_ID", "the controller id is not known"},
    {117, "UNKNOWN_SUBSCRIPTION_ID", "the telemetry subscription is not known"},
    {118, "TELEMETRY_TOO_LARGE", "the telemetry is too large"},
    {119, "INVALID_REGISTRATION", "the broker's registration is invalid"},
    {120, "TRANSACTION_ABORTABLE", "the transaction must be aborted"},
    {121, "INVALID_RECORD_STATE", "the record cannot be acknowledged in its state"},
    {122, "SHARE_SESSION_NOT_FOUND", "the share session does not exist"},
    {123, "INVALID_SHARE_SESSION_EPOCH", "the share session's epoch is not the next one"},
    {124, "FENCED_STATE_EPOCH", "the share group's state epoch is over"},
    {125, "INVALID_VOTER_KEY", "the voter key is not the replica's"},
    {126, "DUPLICATE_VOTER", "the voter is already one"},
    {127, "VOTER_NOT_FOUND", "the voter does not exist"},
    {128, "INVALID_REGULAR_EXPRESSION", "the regular expression is invalid"},
    {129, "REBOOTSTRAP_REQUIRED", "the client's metadata is too old to go on from"},
    {130, "STREAMS_INVALID_TOPOLOGY", "the streams topology is invalid"},
    {131, "STREAMS_INVALID_TOPOLOGY_EPOCH", "the streams topology epoch is invalid"},
    {132, "STREAMS_TOPOLOGY_FENCED", "the streams topology epoch is over"},
    {133, "SHARE_SESSION_LIMIT_REACHED", "there are too many share sessions"},
};

// The codes are contiguous, so that the index follows from the code.
constexpr int16_t kFirstCode = kErrorTable[0].code;
constexpr bool TableIsContiguous() {
  int16_t code = kFirstCode;
  for (const ErrorInfo& error : kErrorTable) {
    if (error.code != code++) return false;
  }
  return true;
}
static_assert(TableIsContiguous());

// Versions, logins and permissions: the same for every request.
std::string_view AccessRemedy(int16_t code) {
  switch (code) {
    case kErrorTopicAuthorizationFailed:
      return "Give replicator's user READ and DESCRIBE on the topic at the source, WRITE, CREATE and DESCRIBE at the "
             "target; it is tried again by itself.";
    case kErrorClusterAuthorizationFailed:
      return "Give replicator's user IDEMPOTENT_WRITE (needed before Kafka 2.8) and CREATE on the target's cluster "
             "resource; it is tried again by itself.";
    case kErrorGroupAuthorizationFailed:
      return "Give replicator's user READ on the group at the target (it covers DESCRIBE).";
    case kErrorTransactionalIdAuthorizationFailed:
      return "Give replicator's user WRITE and DESCRIBE on its transactional ids at the target; it is tried again by "
             "itself.";
    case kErrorUnsupportedSaslMechanism:
      return "Set sasl.mechanism to one that the broker's sasl.enabled.mechanisms lists for this listener.";
    case kErrorIllegalSaslState:
      return "Check that security.protocol fits the listener that bootstrap.servers names.";
    case kErrorSaslAuthenticationFailed:
      return "Check user, password and sasl.mechanism for this cluster.";
    case kErrorUnsupportedVersion:
      return "Use brokers of Kafka 1.1 or later at the source, of 2.1 or later at the target; while a cluster is being "
             "upgraded, resume when it is done.";
    case kErrorSecurityDisabled:
      return "The cluster has no authorizer; set authorizer.class.name on its brokers, or switch off the copying of "
             "ACLs.";
    case kErrorInconsistentClusterId:
      return "Another cluster answers at this address: correct bootstrap.servers.";
    default:
      return "";
  }
}

// Being a member of a group on the target.
std::string_view GroupRemedy(int16_t code) {
  switch (code) {
    case kErrorInconsistentGroupProtocol:
      return "Something else uses this group id on the target: stop it, or wait until its members are gone.";
    case kErrorInvalidGroupId:
      return "Rename the clusters in the properties file: the group id is made of their aliases.";
    case kErrorInvalidSessionTimeout:
      return "Let 10000 lie between group.min.session.timeout.ms and group.max.session.timeout.ms of the target's "
             "brokers.";
    case kErrorOffsetMetadataTooLarge:
      return "Raise offset.metadata.max.bytes of the brokers to at least that of the other cluster.";
    case kErrorInvalidCommitOffsetSize:
      return "Raise message.max.bytes of the brokers, or segment.bytes of __consumer_offsets: the group's offsets do "
             "not "
             "fit into one batch.";
    case kErrorInvalidTransactionTimeout:
      return "Let transaction.max.timeout.ms of the target's brokers be 10000 or more.";
    case kErrorGroupMaxSizeReached:
      return "Raise group.max.size of the target's brokers, or start fewer processes for this link.";
    case kErrorFencedInstanceId:
      return "Run one process with each state folder: another one was started with a copy of this one's.";
    default:
      return AccessRemedy(code);
  }
}

// Creating and configuring topics on the target.
std::string_view TopicRemedy(int16_t code) {
  switch (code) {
    case kErrorInvalidTopic:
      return "Exclude this topic: it is internal on the target, or its name is not allowed there.";
    case kErrorInvalidPartitions:
    case kErrorInvalidReplicaAssignment:
      return "Create the topic on the target by hand with the source's number of partitions: it is looked for again "
             "every refresh.topics.interval.seconds, and at a start.";
    case kErrorInvalidReplicationFactor:
      return "Set replication.factor to at most the number of the target's brokers, or add brokers.";
    case kErrorInvalidConfig:
      return "The target does not accept one of the topic's configs: create it there by hand, or exclude it.";
    case kErrorPolicyViolation:
      return "A policy of the target (create.topic.policy.class.name or alter.config.policy.class.name) forbids it: "
             "create the topic there as the policy wants it: it is looked for again every "
             "refresh.topics.interval.seconds, and at a start.";
    default:
      return GroupRemedy(code);
  }
}

}  // namespace

absl::Span<const ErrorInfo> AllErrors() { return kErrorTable; }

const ErrorInfo* FindError(int16_t code) {
  const int index = code - kFirstCode;
  if (index < 0 || static_cast<size_t>(index) >= std::size(kErrorTable)) return nullptr;
  return &kErrorTable[index];
}

std::string ErrorText(int16_t code) {
  const ErrorInfo* error = FindError(code);
  if (error == nullptr) return absl::StrCat("unknown error (", code, ")");
  return absl::StrCat(error->name, " (", code, "): ", error->meaning);
}

ProduceOutcome ClassifyProduceError(int16_t code) {
  switch (code) {
    case kErrorNone:
      return ProduceOutcome::kAcknowledged;

    // These can come after the leader's own append, while it waits for its replicas (DelayedProduce): it
    // lost leadership (6), ran out of time (7), lost replicas (20), lost its disk (56).
    case kErrorNotLeaderOrFollower:
    case kErrorRequestTimedOut:
    case kErrorNotEnoughReplicasAfterAppend:
    case kErrorKafkaStorageError:
    // Any exception without a code of its own, whenever it was thrown.
    case kErrorUnknownServer:
      return ProduceOutcome::kAmbiguous;

    // The request was looked at and turned away; it may pass later. 3, 5, 9: the broker does not host the partition
    // (any more, or yet). 19: too few replicas in sync, checked before the append. Settle first all the same: it costs
    // one round trip, and 3 can also come after the append, when the topic was deleted meanwhile.
    case kErrorUnknownTopicOrPartition:
    case kErrorLeaderNotAvailable:
    case kErrorReplicaNotAvailable:
    case kErrorNotEnoughReplicas:
      return ProduceOutcome::kRetryAfterSettle;

    // LogValidator looked at the batch. 2: the checksum is wrong. 87: a record is. Brokers before 2.4 answer 2 to
    // both, also to a record without a key for a compacted topic (KIP-467).
    case kErrorCorruptMessage:
    case kErrorInvalidRecord:
      return ProduceOutcome::kRefusedBytes;

    // ProducerStateManager compared our sequence with its own, and appended nothing.
    case kErrorOutOfOrderSequenceNumber:
    case kErrorDuplicateSequenceNumber:
      return ProduceOutcome::kReconcile;

    // Only brokers before 2.5 refuse a first sequence other than 0; later ones accept any.
    case kErrorUnknownProducerId:
      return ProduceOutcome::kUnknownProducerId;

    // The batch itself: too large (10, 18), or refused by LogValidator (32, 43, 76).
    case kErrorMessageTooLarge:
    case kErrorRecordListTooLarge:
    case kErrorInvalidTimestamp:
    case kErrorUnsupportedForMessageFormat:
    case kErrorUnsupportedCompressionType:
    // The topic or the request cannot be right: 17 is an internal topic, the others a client that the
    // broker does not understand.
    case kErrorInvalidTopic:
    case kErrorInvalidRequiredAcks:
    case kErrorUnsupportedVersion:
    case kErrorInvalidRequest:
    case kErrorPolicyViolation:
    // Permissions, checked before anything else.
    case kErrorTopicAuthorizationFailed:
    case kErrorClusterAuthorizationFailed:
    case kErrorTransactionalIdAuthorizationFailed:
    case kErrorIllegalSaslState:
    case kErrorSaslAuthenticationFailed:
    // Someone else produces with our producer id: one writer too many.
    case kErrorInvalidProducerEpoch:
    case kErrorInvalidTxnState:
    case kErrorInvalidProducerIdMapping:
    case kErrorProducerFenced:
      return ProduceOutcome::kFatal;

    // A code that no broker gives to Produce, or that this table does not know: nothing proves that it
    // came before the append.
    default:
      return ProduceOutcome::kAmbiguous;
  }
}

FetchOutcome ClassifyFetchError(int16_t code) {
  switch (code) {
    case kErrorNone:
      return FetchOutcome::kOk;

    // Leadership moved, is about to, or the leader's disk failed, which makes the controller move it.
    case kErrorUnknownTopicOrPartition:
    case kErrorLeaderNotAvailable:
    case kErrorNotLeaderOrFollower:
    case kErrorReplicaNotAvailable:
    case kErrorKafkaStorageError:
    case kErrorListenerNotFound:
    case kErrorFencedLeaderEpoch:
      return FetchOutcome::kRefreshMetadata;

    // The broker forgot the session or counts differently (70, 71), or cannot use it since the topic's ids
    // came or went (106, while a cluster is upgraded).
    case kErrorFetchSessionIdNotFound:
    case kErrorInvalidFetchSessionEpoch:
    case kErrorFetchSessionTopicIdError:
      return FetchOutcome::kResetFetchSession;

    case kErrorOffsetOutOfRange:
      return FetchOutcome::kOffsetOutOfRange;

    // Also while the broker has not yet heard of a new topic, so it needs fresh metadata to tell.
    case kErrorUnknownTopicId:
    case kErrorInconsistentTopicId:
      return FetchOutcome::kTopicIdChanged;

    // The source's log is damaged where it lies; the broker finds it out each time.
    case kErrorCorruptMessage:
    // The request cannot be right for this broker.
    case kErrorInvalidFetchSize:
    case kErrorInvalidTopic:
    case kErrorUnsupportedVersion:
    case kErrorInvalidRequest:
    case kErrorUnsupportedForMessageFormat:
    case kErrorUnsupportedCompressionType:
    // Permissions and login.
    case kErrorTopicAuthorizationFailed:
    case kErrorClusterAuthorizationFailed:
    case kErrorIllegalSaslState:
    case kErrorSaslAuthenticationFailed:
    // Another cluster answers at this address.
    case kErrorInconsistentClusterId:
    // Only followers are told so; a consumer is served from the tier.
    case kErrorOffsetMovedToTieredStorage:
      return FetchOutcome::kFatal;

    // 7, 8, 13, 75, 78, 89, -1: the broker is busy or behind. Anything unknown: a read can be repeated.
    default:
      return FetchOutcome::kRetry;
  }
}

bool ShowsStaleMetadata(int16_t code) {
  const FetchOutcome outcome = ClassifyFetchError(code);
  return outcome == FetchOutcome::kRefreshMetadata || outcome == FetchOutcome::kTopicIdChanged ||
         code == kErrorUnknownLeaderEpoch || code == kErrorRequestTimedOut;
}

GroupOutcome ClassifyGroupError(int16_t code) {
  switch (code) {
    case kErrorNone:
      return GroupOutcome::kOk;

    // 79: KIP-394 has a new dynamic member join twice, so that a lost answer leaves no member behind.
    case kErrorRebalanceInProgress:
    case kErrorMemberIdRequired:
      return GroupOutcome::kRejoin;

    case kErrorIllegalGeneration:
    case kErrorUnknownMemberId:
      return GroupOutcome::kForgotten;

    case kErrorFencedInstanceId:
      return GroupOutcome::kFenced;

    // The group cannot be used like this.
    case kErrorInconsistentGroupProtocol:
    case kErrorInvalidGroupId:
    case kErrorInvalidSessionTimeout:
    case kErrorGroupMaxSizeReached:
    // Permissions, login and versions.
    case kErrorGroupAuthorizationFailed:
    case kErrorClusterAuthorizationFailed:
    case kErrorTopicAuthorizationFailed:
    case kErrorIllegalSaslState:
    case kErrorSaslAuthenticationFailed:
    case kErrorUnsupportedVersion:
    case kErrorInvalidRequest:
      return GroupOutcome::kFatal;

    // 14, 15, 16, 7, 56, -1: the coordinator is busy, moving, or cannot write its log. Anything unknown: asking again
    // has no effect beyond the membership.
    default:
      return GroupOutcome::kFindCoordinator;
  }
}

GroupAdminOutcome ClassifyGroupAdminError(int16_t code) {
  switch (code) {
    case kErrorNone:
      return GroupAdminOutcome::kOk;

    case kErrorUnstableOffsetCommit:
      return GroupAdminOutcome::kUnstable;

    // A commit with no member id and generation -1 while there are members: 25 by most versions, 22 by some of the old
    // coordinator; 27 while they rebalance; 110 and 113 of a group of the new protocol.
    case kErrorUnknownMemberId:
    case kErrorIllegalGeneration:
    case kErrorRebalanceInProgress:
    case kErrorFencedMemberEpoch:
    case kErrorStaleMemberEpoch:
      return GroupAdminOutcome::kHasMembers;

    case kErrorGroupIdNotFound:
      return GroupAdminOutcome::kNotFound;

    // The offsets or the request cannot be taken. 3: the topic does not exist.
    case kErrorUnknownTopicOrPartition:
    case kErrorOffsetMetadataTooLarge:
    case kErrorInvalidCommitOffsetSize:
    case kErrorInvalidGroupId:
    case kErrorInvalidRequest:
    case kErrorUnsupportedVersion:
    // Permissions and login.
    case kErrorTopicAuthorizationFailed:
    case kErrorGroupAuthorizationFailed:
    case kErrorClusterAuthorizationFailed:
    case kErrorIllegalSaslState:
    case kErrorSaslAuthenticationFailed:
      return GroupAdminOutcome::kFatal;

    // 14, 15, 16, 7, 56, -1: the coordinator is busy, moving, or cannot write its log; 15 and 16 also come after a
    // commit was appended that too few replicas have got. Anything unknown: asking again changes nothing.
    default:
      return GroupAdminOutcome::kLookAgain;
  }
}

TransactionOutcome ClassifyTransactionError(int16_t code) {
  switch (code) {
    case kErrorNone:
      return TransactionOutcome::kOk;

    // 51: the transaction before is being ended. 55: another partition of the request has the error that counts. 14:
    // the coordinator loads its log. 19: too few replicas in sync; brokers from 3.6 on say so, too, while they ask the
    // coordinator whether the partition is in the transaction (KIP-890).
    case kErrorConcurrentTransactions:
    case kErrorOperationNotAttempted:
    case kErrorCoordinatorLoadInProgress:
    case kErrorNotEnoughReplicas:
      return TransactionOutcome::kRetry;

    // Kafka up to 2.6, and later ones to the versions that we speak, say 47 where 90 is meant.
    case kErrorInvalidProducerEpoch:
    case kErrorProducerFenced:
      return TransactionOutcome::kFenced;

    // The coordinator or the leader knows another state than we do: the id was idle for transactional.id.expiration.ms
    // (49, 59), the transaction is not the one that we think (48, 120), batches are missing (45, 46).
    case kErrorInvalidProducerIdMapping:
    case kErrorUnknownProducerId:
    case kErrorInvalidTxnState:
    case kErrorTransactionAbortable:
    case kErrorOutOfOrderSequenceNumber:
    case kErrorDuplicateSequenceNumber:
      return TransactionOutcome::kNewProducer;

    case kErrorInvalidTransactionTimeout:
      return TransactionOutcome::kFatal;

    // What no producer can help (a record, the topic, permissions, versions); all else is a matter of where and when.
    default: {
      const ProduceOutcome outcome = ClassifyProduceError(code);
      const bool is_fatal = outcome == ProduceOutcome::kFatal || outcome == ProduceOutcome::kRefusedBytes;
      return is_fatal ? TransactionOutcome::kFatal : TransactionOutcome::kLookAgain;
    }
  }
}

std::string_view RemedyFor(int16_t code) {
  switch (code) {
    case kErrorCorruptMessage:
      return "Check the disk and the log of the partition's leader, move leadership to a healthy replica, then resume.";
    case kErrorInvalidFetchSize:
    case kErrorInvalidRequest:
    case kErrorInvalidRequiredAcks:
      return "Read the broker's log for the reason; a proxy between replicator and broker must pass Kafka's bytes "
             "unchanged.";
    case kErrorMessageTooLarge:
      return "Raise max.message.bytes of the target topic (and message.max.bytes and replica.fetch.max.bytes of its "
             "brokers) to the source's value, then resume.";
    case kErrorRecordListTooLarge:
      return "Raise segment.bytes of the target topic above the batch's size, then resume.";
    case kErrorInvalidTimestamp:
      return "Set message.timestamp.type=CreateTime and widen message.timestamp.before.max.ms and "
             "message.timestamp.after.max.ms (message.timestamp.difference.max.ms before Kafka 3.6) of the target "
             "topic, then resume.";
    case kErrorUnsupportedForMessageFormat:
      return "Set message.format.version (log.message.format.version on the broker) of the topic to 0.11.0 or later.";
    case kErrorInvalidProducerEpoch:
    case kErrorInvalidTxnState:
    case kErrorInvalidProducerIdMapping:
    case kErrorProducerFenced:
      return "Another process writes with this link's producer id: stop it, make sure that only one deployment runs "
             "this link, then resume.";
    case kErrorUnsupportedCompressionType:
      return "The broker does not know the batch's codec: upgrade it to Kafka 2.1 or later, or set "
             "inter.broker.protocol.version to its own version.";
    case kErrorOffsetMovedToTieredStorage:
      return "Let the source serve tiered data to consumers: check remote.log.storage.system.enable on its brokers.";
    default:
      return TopicRemedy(code);
  }
}

std::string ErrorAndRemedy(int16_t code) {
  const std::string_view remedy = RemedyFor(code);
  return absl::StrCat(ErrorText(code), remedy.empty() ? "" : ". ", remedy);
}

absl::Status ErrorStatus(int16_t code, std::string_view what) {
  if (code == kErrorNone) return absl::OkStatus();
  const std::string_view remedy = RemedyFor(code);
  const std::string text = absl::StrCat(what, ": ", ErrorAndRemedy(code));
  switch (code) {
    case kErrorTopicAuthorizationFailed:
    case kErrorGroupAuthorizationFailed:
    case kErrorClusterAuthorizationFailed:
    case kErrorTransactionalIdAuthorizationFailed:
      return absl::PermissionDeniedError(text);
    case kErrorUnsupportedSaslMechanism:
    case kErrorIllegalSaslState:
    case kErrorSaslAuthenticationFailed:
      return absl::UnauthenticatedError(text);
    case kErrorTopicAlreadyExists:
      return absl::AlreadyExistsError(text);
    case kErrorInvalidPartitions:
    case kErrorInvalidReplicationFactor:
    case kErrorInvalidReplicaAssignment:
    case kErrorInvalidConfig:
      return absl::InvalidArgumentError(text);
    default:
      return remedy.empty() ? absl::UnavailableError(text) : absl::FailedPreconditionError(text);
  }
}

}  // namespace replicator::kafka
