// Prints golden_frames.h: frames and record batches as Kafka's own Java classes write them, so that the
// tests beside them compare our bytes with Kafka's and not with our reading of its schemas.
//   java -cp 'LIBS/*' GoldenFrames.java > golden_frames.h      (LIBS: the libs folder of Kafka 4.3.1)
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.requests.RequestHeader;

public class GoldenFrames {
  static final int CORRELATION_ID = 0x01020304;
  static final Uuid TOPIC_ID = new Uuid(0x1112131415161718L, 0x2122232425262728L);

  static void print(String name, ByteBuffer bytes) {
    StringBuilder out = new StringBuilder("inline constexpr std::string_view " + name + " =");
    byte[] all = MessageUtil.byteBufferToArray(bytes.duplicate());
    for (int i = 0; i < all.length; i++) {
      if (i % 48 == 0) out.append(i == 0 ? "\n    \"" : "\"\n    \"");
      out.append(String.format("%02x", all[i]));
    }
    System.out.println(out + "\";");
  }

  static ByteBuffer join(boolean withSize, ByteBuffer... parts) {
    int size = 0;
    for (ByteBuffer part : parts) size += part.remaining();
    ByteBuffer all = ByteBuffer.allocate(size + 4);
    if (withSize) all.putInt(size);
    for (ByteBuffer part : parts) all.put(part.duplicate());
    return all.flip();
  }

  static void request(ApiMessage data, int version) {
    ApiKeys key = ApiKeys.forId(data.apiKey());
    RequestHeader header = new RequestHeader(key, (short) version, "golden", CORRELATION_ID);
    print("k" + key.messageType.name + "RequestV" + version,
        join(true, MessageUtil.toByteBufferAccessor(header.data(), header.headerVersion()).buffer(),
            MessageUtil.toByteBufferAccessor(data, (short) version).buffer()));
  }

  static void response(ApiMessage data, int version) {
    ApiKeys key = ApiKeys.forId(data.apiKey());
    ResponseHeaderData header = new ResponseHeaderData().setCorrelationId(CORRELATION_ID);
    print("k" + key.messageType.name + "ResponseV" + version,
        join(false, MessageUtil.toByteBufferAccessor(header, key.responseHeaderVersion((short) version)).buffer(),
            MessageUtil.toByteBufferAccessor(data, (short) version).buffer()));
  }

  static SimpleRecord[] records() {
    SimpleRecord[] records = new SimpleRecord[5];
    for (int i = 0; i < records.length; i++) {
      records[i] = new SimpleRecord(1700000000000L + i, ("key" + i).getBytes(), "the quick brown fox ".repeat(8).getBytes());
    }
    return records;
  }

  static MemoryRecords batch(Compression compression, boolean transactional) {
    return transactional
        ? MemoryRecords.withTransactionalRecords(1000L, compression, 77L, (short) 3, 40, 9, records())
        : MemoryRecords.withIdempotentRecords(1000L, compression, 77L, (short) 3, 40, 9, records());
  }

  static void batches() {
    print("kBatchNone", batch(Compression.NONE, false).buffer());
    print("kBatchGzip", batch(Compression.gzip().build(), false).buffer());
    print("kBatchSnappy", batch(Compression.snappy().build(), false).buffer());
    print("kBatchLz4", batch(Compression.lz4().build(), false).buffer());
    print("kBatchZstd", batch(Compression.zstd().build(), false).buffer());
    print("kBatchTransactional", batch(Compression.lz4().build(), true).buffer());
    print("kBatchNotIdempotent", MemoryRecords.withRecords(5L, Compression.NONE, records()).buffer());
    MemoryRecordsBuilder appended = MemoryRecords.builder(ByteBuffer.allocate(2048), (byte) 2, Compression.NONE,
        TimestampType.LOG_APPEND_TIME, 5L, 1700000009000L);
    for (SimpleRecord record : records()) appended.append(record);
    print("kBatchLogAppendTime", appended.build().buffer());
    print("kBatchAbortMarker", MemoryRecords.withEndTransactionMarker(1005L, 1700000000005L, 9, 77L, (short) 3,
        new EndTransactionMarker(ControlRecordType.ABORT, 12)).buffer());
    print("kBatchCommitMarker", MemoryRecords.withEndTransactionMarker(1005L, 1700000000005L, 9, 77L, (short) 3,
        new EndTransactionMarker(ControlRecordType.COMMIT, 12)).buffer());
    print("kBatchLeaderChange", MemoryRecords.withLeaderChangeMessage(1005L, 1700000000005L, 9, ByteBuffer.allocate(512),
        new LeaderChangeMessage().setLeaderId(1)).buffer());
    // What the log cleaner leaves: holes and a delete horizon.
    MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1024), (byte) 2, Compression.NONE,
        TimestampType.CREATE_TIME, 1000L, -1L, 77L, (short) 3, 40, true, false, 9);
    builder.appendWithOffset(1001L, records()[1]);
    builder.appendWithOffset(1004L, records()[4]);
    print("kBatchHoles", builder.build().buffer());
    builder = new MemoryRecordsBuilder(new org.apache.kafka.common.utils.ByteBufferOutputStream(1024), (byte) 2, Compression.NONE,
        TimestampType.CREATE_TIME, 1000L, -1L, 77L, (short) 3, 40, true, false, 9, 1024, 1800000000000L);
    builder.appendWithOffset(1000L, new SimpleRecord(1700000000000L, "key".getBytes(), null));
    print("kBatchDeleteHorizon", builder.build().buffer());
    print("kMessageMagic1", oldMessage());
  }

  // Written by hand: Kafka 4 no longer writes magic 1.
  static ByteBuffer oldMessage() {
    ByteBuffer message = ByteBuffer.allocate(64);
    message.putLong(1000L).putInt(4 + 1 + 1 + 8 + 4 + 3 + 4 + 5);
    int crcAt = message.position();
    message.putInt(0).put((byte) 1).put((byte) 0).putLong(1700000000000L);
    message.putInt(3).put("key".getBytes()).putInt(5).put("value".getBytes());
    java.util.zip.CRC32 crc = new java.util.zip.CRC32();
    crc.update(message.array(), crcAt + 4, message.position() - crcAt - 4);
    message.putInt(crcAt, (int) crc.getValue());
    return message.flip();
  }

  static void metadata(int version) {
    request(new MetadataRequestData().setAllowAutoTopicCreation(false).setTopics(List.of(
        new MetadataRequestData.MetadataRequestTopic().setName("orders"),
        new MetadataRequestData.MetadataRequestTopic().setName("payments"))), version);
    MetadataResponseData data = new MetadataResponseData().setThrottleTimeMs(7).setClusterId("cluster-id").setControllerId(2);
    data.brokers().add(new MetadataResponseData.MetadataResponseBroker().setNodeId(1).setHost("one.example").setPort(9092).setRack("r1"));
    data.brokers().add(new MetadataResponseData.MetadataResponseBroker().setNodeId(2).setHost("two.example").setPort(9093));
    data.topics().add(new MetadataResponseData.MetadataResponseTopic().setName("orders").setTopicId(TOPIC_ID).setPartitions(List.of(
        new MetadataResponseData.MetadataResponsePartition().setPartitionIndex(0).setLeaderId(1).setLeaderEpoch(5)
            .setReplicaNodes(List.of(1, 2)).setIsrNodes(List.of(1)).setOfflineReplicas(List.of(2)),
        new MetadataResponseData.MetadataResponsePartition().setErrorCode((short) 5).setPartitionIndex(1).setLeaderId(-1).setLeaderEpoch(6)
            .setReplicaNodes(List.of(2)))));
    data.topics().add(new MetadataResponseData.MetadataResponseTopic().setErrorCode((short) 3).setName("payments").setIsInternal(true));
    response(data, version);
  }

  static void fetch(int version) {
    FetchRequestData request = new FetchRequestData().setMaxWaitMs(500).setMinBytes(1).setMaxBytes(8 << 20).setIsolationLevel((byte) 1)
        .setSessionId(99).setSessionEpoch(3);
    FetchRequestData.FetchPartition partition = new FetchRequestData.FetchPartition().setPartition(2).setCurrentLeaderEpoch(9)
        .setFetchOffset(1000L).setPartitionMaxBytes(1 << 20);
    FetchRequestData.FetchTopic topic = new FetchRequestData.FetchTopic().setPartitions(List.of(partition));
    FetchRequestData.ForgottenTopic forgotten = new FetchRequestData.ForgottenTopic().setPartitions(List.of(4, 5));
    FetchResponseData.FetchableTopicResponse answered = new FetchResponseData.FetchableTopicResponse();
    FetchResponseData.PartitionData full = new FetchResponseData.PartitionData().setPartitionIndex(2).setHighWatermark(1010L)
        .setLastStableOffset(1006L).setLogStartOffset(10L).setRecords(batch(Compression.lz4().build(), true))
        .setAbortedTransactions(List.of(new FetchResponseData.AbortedTransaction().setProducerId(77L).setFirstOffset(1000L),
            new FetchResponseData.AbortedTransaction().setProducerId(78L).setFirstOffset(1003L)));
    FetchResponseData.PartitionData failed = new FetchResponseData.PartitionData().setPartitionIndex(3).setErrorCode((short) 74)
        .setHighWatermark(-1L).setRecords(null);
    if (version >= 12) {
      request.setRackId("r1");
      partition.setLastFetchedEpoch(8);
      full.setPreferredReadReplica(4);
      failed.setDivergingEpoch(new FetchResponseData.EpochEndOffset().setEpoch(7).setEndOffset(900L));
      failed.setCurrentLeader(new FetchResponseData.LeaderIdAndEpoch().setLeaderId(2).setLeaderEpoch(11));
      failed.setSnapshotId(new FetchResponseData.SnapshotId().setEpoch(1).setEndOffset(2L));
    }
    if (version >= 13) {
      topic.setTopicId(TOPIC_ID);
      forgotten.setTopicId(TOPIC_ID);
      answered.setTopicId(TOPIC_ID);
    } else {
      topic.setTopic("orders");
      forgotten.setTopic("orders");
      answered.setTopic("orders");
    }
    request(request.setTopics(List.of(topic)).setForgottenTopicsData(List.of(forgotten)), version);
    response(new FetchResponseData().setThrottleTimeMs(7).setSessionId(99).setResponses(List.of(answered.setPartitions(List.of(full, failed)))),
        version);
  }

  static void produce(int version) {
    ProduceRequestData request = new ProduceRequestData().setAcks((short) -1).setTimeoutMs(30000);
    ProduceRequestData.TopicProduceData orders = new ProduceRequestData.TopicProduceData().setName("orders");
    orders.partitionData().add(new ProduceRequestData.PartitionProduceData().setIndex(2).setRecords(batch(Compression.NONE, false)));
    orders.partitionData().add(new ProduceRequestData.PartitionProduceData().setIndex(0).setRecords(batch(Compression.lz4().build(), false)));
    ProduceRequestData.TopicProduceData payments = new ProduceRequestData.TopicProduceData().setName("payments");
    payments.partitionData().add(new ProduceRequestData.PartitionProduceData().setIndex(7).setRecords(batch(Compression.zstd().build(), false)));
    request.topicData().add(orders);
    request.topicData().add(payments);
    request(request, version);
    ProduceResponseData.TopicProduceResponse answered = new ProduceResponseData.TopicProduceResponse().setName("orders");
    answered.partitionResponses().add(new ProduceResponseData.PartitionProduceResponse().setIndex(2).setBaseOffset(4000L).setLogStartOffset(17L));
    answered.partitionResponses().add(new ProduceResponseData.PartitionProduceResponse().setIndex(0).setErrorCode((short) 87).setBaseOffset(-1L)
        .setRecordErrors(List.of(new ProduceResponseData.BatchIndexAndErrorMessage().setBatchIndex(3).setBatchIndexErrorMessage("no key")))
        .setErrorMessage("one record is invalid"));
    ProduceResponseData data = new ProduceResponseData().setThrottleTimeMs(7);
    data.responses().add(answered);
    response(data, version);
  }

  static void listOffsets(int version) {
    request(new ListOffsetsRequestData().setReplicaId(-2).setIsolationLevel((byte) 0).setTopics(List.of(
        new ListOffsetsRequestData.ListOffsetsTopic().setName("orders").setPartitions(List.of(
            new ListOffsetsRequestData.ListOffsetsPartition().setPartitionIndex(2).setCurrentLeaderEpoch(9).setTimestamp(-1L))))), version);
    ListOffsetsResponseData.ListOffsetsPartitionResponse partition = new ListOffsetsResponseData.ListOffsetsPartitionResponse()
        .setPartitionIndex(2).setOffset(1010L);
    if (version >= 4) partition.setLeaderEpoch(9);
    response(new ListOffsetsResponseData().setThrottleTimeMs(7).setTopics(List.of(
        new ListOffsetsResponseData.ListOffsetsTopicResponse().setName("orders").setPartitions(List.of(partition)))), version);
  }

  static void smallOnes() {
    request(new ApiVersionsRequestData(), 0);
    ApiVersionsResponseData versions = new ApiVersionsResponseData();
    versions.apiKeys().add(new ApiVersionsResponseData.ApiVersion().setApiKey((short) 1).setMinVersion((short) 4).setMaxVersion((short) 18));
    versions.apiKeys().add(new ApiVersionsResponseData.ApiVersion().setApiKey((short) 18).setMinVersion((short) 0).setMaxVersion((short) 4));
    response(versions, 0);

    request(new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(Integer.MAX_VALUE), 1);
    response(new InitProducerIdResponseData().setThrottleTimeMs(7).setProducerId(77L).setProducerEpoch((short) 3), 1);

    OffsetForLeaderEpochRequestData epochs = new OffsetForLeaderEpochRequestData();
    epochs.topics().add(new OffsetForLeaderEpochRequestData.OffsetForLeaderTopic().setTopic("orders").setPartitions(List.of(
        new OffsetForLeaderEpochRequestData.OffsetForLeaderPartition().setPartition(2).setCurrentLeaderEpoch(9).setLeaderEpoch(8))));
    request(epochs, 2);
    OffsetForLeaderEpochResponseData ends = new OffsetForLeaderEpochResponseData().setThrottleTimeMs(7);
    ends.topics().add(new OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResult().setTopic("orders").setPartitions(List.of(
        new OffsetForLeaderEpochResponseData.EpochEndOffset().setPartition(2).setLeaderEpoch(8).setEndOffset(950L))));
    response(ends, 2);
  }

  static void topics() {
    CreateTopicsRequestData.CreatableTopic orders = new CreateTopicsRequestData.CreatableTopic().setName("orders").setNumPartitions(12)
        .setReplicationFactor((short) 3);
    orders.configs().add(new CreateTopicsRequestData.CreatableTopicConfig().setName("cleanup.policy").setValue("compact"));
    orders.configs().add(new CreateTopicsRequestData.CreatableTopicConfig().setName("retention.ms").setValue(null));
    CreateTopicsRequestData.CreatableTopic placed = new CreateTopicsRequestData.CreatableTopic().setName("placed").setNumPartitions(-1)
        .setReplicationFactor((short) -1);
    placed.assignments().add(new CreateTopicsRequestData.CreatableReplicaAssignment().setPartitionIndex(0).setBrokerIds(List.of(1, 2)));
    CreateTopicsRequestData create = new CreateTopicsRequestData().setTimeoutMs(20000).setValidateOnly(true);
    create.topics().add(orders);
    create.topics().add(placed);
    request(create, 2);
    request(create, 4);
    CreateTopicsResponseData created = new CreateTopicsResponseData().setThrottleTimeMs(7);
    created.topics().add(new CreateTopicsResponseData.CreatableTopicResult().setName("orders").setErrorMessage(null));
    created.topics().add(new CreateTopicsResponseData.CreatableTopicResult().setName("placed").setErrorCode((short) 38)
        .setErrorMessage("too few brokers"));
    response(created, 2);
    response(created, 4);

    request(new DescribeConfigsRequestData().setResources(List.of(
        new DescribeConfigsRequestData.DescribeConfigsResource().setResourceType((byte) 2).setResourceName("orders").setConfigurationKeys(null),
        new DescribeConfigsRequestData.DescribeConfigsResource().setResourceType((byte) 4).setResourceName("1")
            .setConfigurationKeys(List.of("log.retention.ms")))), 1);
    response(new DescribeConfigsResponseData().setThrottleTimeMs(7).setResults(List.of(
        new DescribeConfigsResponseData.DescribeConfigsResult().setErrorMessage(null).setResourceType((byte) 2).setResourceName("orders")
            .setConfigs(List.of(
                new DescribeConfigsResponseData.DescribeConfigsResourceResult().setName("cleanup.policy").setValue("compact")
                    .setConfigSource((byte) 1),
                new DescribeConfigsResponseData.DescribeConfigsResourceResult().setName("secret").setValue(null).setReadOnly(true)
                    .setConfigSource((byte) 4).setIsSensitive(true).setSynonyms(List.of(
                        new DescribeConfigsResponseData.DescribeConfigsSynonym().setName("synonym").setValue("x").setSource((byte) 5))))),
        new DescribeConfigsResponseData.DescribeConfigsResult().setErrorCode((short) 29).setErrorMessage("denied").setResourceType((byte) 4)
            .setResourceName("1"))), 1);
  }

  static void partitions() {
    CreatePartitionsRequestData create = new CreatePartitionsRequestData().setTimeoutMs(20000).setValidateOnly(true);
    create.topics().add(new CreatePartitionsRequestData.CreatePartitionsTopic().setName("orders").setCount(24).setAssignments(null));
    request(create, 1);
    response(new CreatePartitionsResponseData().setThrottleTimeMs(7).setResults(List.of(
        new CreatePartitionsResponseData.CreatePartitionsTopicResult().setName("orders").setErrorMessage(null),
        new CreatePartitionsResponseData.CreatePartitionsTopicResult().setName("placed").setErrorCode((short) 37)
            .setErrorMessage("has more already"))), 1);
  }

  static void groups() {
    for (int version : new int[] {1, 2, 4}) findCoordinator(version);
    for (int version : new int[] {1, 2, 3}) leaveGroup(version);
    joinGroup(2);
    joinGroup(3);
    joinGroup(5);
    syncGroup(1);
    syncGroup(2);
    syncGroup(3);
    heartbeat(1);
    heartbeat(2);
    heartbeat(3);
    for (int version : new int[] {1, 2, 4}) describeGroups(version);
    for (int version : new int[] {1, 4, 5}) listGroups(version);
    consumerGroupDescribe();
    for (int version : new int[] {3, 7, 8}) offsetFetch(version);
    for (int version : new int[] {3, 6}) offsetCommit(version);
  }

  static void findCoordinator(int version) {
    if (version < 4) {
      request(new FindCoordinatorRequestData().setKey("group").setKeyType((byte) 0), version);
      response(new FindCoordinatorResponseData().setThrottleTimeMs(7).setErrorCode((short) 15).setErrorMessage("not yet").setNodeId(2)
          .setHost("two.example").setPort(9093), version);
      return;
    }
    request(new FindCoordinatorRequestData().setKeyType((byte) 1).setCoordinatorKeys(List.of("one", "two")), version);
    response(new FindCoordinatorResponseData().setThrottleTimeMs(7).setCoordinators(List.of(
        new FindCoordinatorResponseData.Coordinator().setKey("one").setErrorCode((short) 15).setErrorMessage("not yet").setNodeId(-1)
            .setHost("").setPort(-1),
        new FindCoordinatorResponseData.Coordinator().setKey("two").setErrorMessage(null).setNodeId(2).setHost("two.example")
            .setPort(9093))), version);
  }

  static void leaveGroup(int version) {
    if (version < 3) {
      request(new LeaveGroupRequestData().setGroupId("group").setMemberId("member"), version);
      response(new LeaveGroupResponseData().setThrottleTimeMs(7).setErrorCode((short) 25), version);
      return;
    }
    request(new LeaveGroupRequestData().setGroupId("group").setMembers(List.of(
        new LeaveGroupRequestData.MemberIdentity().setMemberId("member"),
        new LeaveGroupRequestData.MemberIdentity().setMemberId("").setGroupInstanceId("instance"))), version);
    response(new LeaveGroupResponseData().setThrottleTimeMs(7).setMembers(List.of(
        new LeaveGroupResponseData.MemberResponse().setMemberId("member").setGroupInstanceId(null),
        new LeaveGroupResponseData.MemberResponse().setMemberId("").setGroupInstanceId("instance").setErrorCode((short) 25))), version);
  }

  static void listGroups(int version) {
    request(new ListGroupsRequestData(), version);
    ListGroupsResponseData.ListedGroup one = new ListGroupsResponseData.ListedGroup().setGroupId("group").setProtocolType("consumer");
    ListGroupsResponseData.ListedGroup two = new ListGroupsResponseData.ListedGroup().setGroupId("other").setProtocolType("");
    if (version >= 4) {
      one.setGroupState("Stable");
      two.setGroupState("Empty");
    }
    if (version >= 5) {
      one.setGroupType("consumer");
      two.setGroupType("classic");
    }
    response(new ListGroupsResponseData().setThrottleTimeMs(7).setErrorCode((short) 14).setGroups(List.of(one, two)), version);
  }

  static void consumerGroupDescribe() {
    request(new ConsumerGroupDescribeRequestData().setGroupIds(List.of("group", "other")), 0);
    ConsumerGroupDescribeResponseData.Assignment assignment = new ConsumerGroupDescribeResponseData.Assignment().setTopicPartitions(List.of(
        new ConsumerGroupDescribeResponseData.TopicPartitions().setTopicId(TOPIC_ID).setTopicName("orders").setPartitions(List.of(1, 2))));
    ConsumerGroupDescribeResponseData.Member by_name = new ConsumerGroupDescribeResponseData.Member().setMemberId("member")
        .setInstanceId("instance").setRackId("r1").setMemberEpoch(3).setClientId("client").setClientHost("/10.0.0.1")
        .setSubscribedTopicNames(List.of("orders", "payments")).setAssignment(assignment).setTargetAssignment(assignment);
    ConsumerGroupDescribeResponseData.Member by_regex = new ConsumerGroupDescribeResponseData.Member().setMemberId("second")
        .setMemberEpoch(4).setClientId("client").setClientHost("/10.0.0.2").setSubscribedTopicRegex("o.*");
    response(new ConsumerGroupDescribeResponseData().setThrottleTimeMs(7).setGroups(List.of(
        new ConsumerGroupDescribeResponseData.DescribedGroup().setGroupId("group").setGroupState("Reconciling").setGroupEpoch(5)
            .setAssignmentEpoch(6).setAssignorName("uniform").setMembers(List.of(by_name, by_regex)),
        new ConsumerGroupDescribeResponseData.DescribedGroup().setGroupId("other").setErrorCode((short) 69)
            .setErrorMessage("not a consumer group"))), 0);
  }

  static void offsetFetch(int version) {
    if (version < 8) {
      OffsetFetchRequestData data = new OffsetFetchRequestData().setGroupId("group").setTopics(null);
      if (version >= 7) data.setRequireStable(true);
      request(data, version);
      OffsetFetchResponseData.OffsetFetchResponsePartition committed = new OffsetFetchResponseData.OffsetFetchResponsePartition()
          .setPartitionIndex(2).setCommittedOffset(0L).setMetadata("note");
      if (version >= 5) committed.setCommittedLeaderEpoch(9);
      response(new OffsetFetchResponseData().setThrottleTimeMs(7).setErrorCode((short) 16).setTopics(List.of(
          new OffsetFetchResponseData.OffsetFetchResponseTopic().setName("orders").setPartitions(List.of(committed,
              new OffsetFetchResponseData.OffsetFetchResponsePartition().setPartitionIndex(3).setCommittedOffset(-1L).setMetadata(null)
                  .setErrorCode((short) 88))))), version);
      return;
    }
    request(new OffsetFetchRequestData().setRequireStable(true).setGroups(List.of(
        new OffsetFetchRequestData.OffsetFetchRequestGroup().setGroupId("group").setTopics(null),
        new OffsetFetchRequestData.OffsetFetchRequestGroup().setGroupId("other").setTopics(null))), version);
    response(new OffsetFetchResponseData().setThrottleTimeMs(7).setGroups(List.of(
        new OffsetFetchResponseData.OffsetFetchResponseGroup().setGroupId("group").setTopics(List.of(
            new OffsetFetchResponseData.OffsetFetchResponseTopics().setName("orders").setPartitions(List.of(
                new OffsetFetchResponseData.OffsetFetchResponsePartitions().setPartitionIndex(2).setCommittedOffset(0L)
                    .setCommittedLeaderEpoch(9).setMetadata("note"),
                new OffsetFetchResponseData.OffsetFetchResponsePartitions().setPartitionIndex(3).setCommittedOffset(-1L).setMetadata(null)
                    .setErrorCode((short) 88))))),
        new OffsetFetchResponseData.OffsetFetchResponseGroup().setGroupId("other").setErrorCode((short) 30))), version);
  }

  static void offsetCommit(int version) {
    request(new OffsetCommitRequestData().setGroupId("group").setTopics(List.of(
        new OffsetCommitRequestData.OffsetCommitRequestTopic().setName("orders").setPartitions(List.of(
            new OffsetCommitRequestData.OffsetCommitRequestPartition().setPartitionIndex(2).setCommittedOffset(0L).setCommittedMetadata("note"),
            new OffsetCommitRequestData.OffsetCommitRequestPartition().setPartitionIndex(3).setCommittedOffset(41L)
                .setCommittedMetadata(null))))), version);
    response(new OffsetCommitResponseData().setThrottleTimeMs(7).setTopics(List.of(
        new OffsetCommitResponseData.OffsetCommitResponseTopic().setName("orders").setPartitions(List.of(
            new OffsetCommitResponseData.OffsetCommitResponsePartition().setPartitionIndex(2),
            new OffsetCommitResponseData.OffsetCommitResponsePartition().setPartitionIndex(3).setErrorCode((short) 25))))), version);
  }

  static void transactions() {
    print("kInitProducerIdRequestV1Transactional", join(true,
        MessageUtil.toByteBufferAccessor(new RequestHeader(ApiKeys.INIT_PRODUCER_ID, (short) 1, "golden", CORRELATION_ID).data(), (short) 1).buffer(),
        MessageUtil.toByteBufferAccessor(new InitProducerIdRequestData().setTransactionalId("txn").setTransactionTimeoutMs(10000), (short) 1)
            .buffer()));
    AddPartitionsToTxnRequestData add = new AddPartitionsToTxnRequestData().setV3AndBelowTransactionalId("txn").setV3AndBelowProducerId(77L)
        .setV3AndBelowProducerEpoch((short) 3);
    add.v3AndBelowTopics().add(new AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic().setName("orders").setPartitions(List.of(2, 3)));
    add.v3AndBelowTopics().add(new AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic().setName("payments").setPartitions(List.of(0)));
    request(add, 1);
    AddPartitionsToTxnResponseData.AddPartitionsToTxnTopicResult orders =
        new AddPartitionsToTxnResponseData.AddPartitionsToTxnTopicResult().setName("orders");
    orders.resultsByPartition().add(new AddPartitionsToTxnResponseData.AddPartitionsToTxnPartitionResult().setPartitionIndex(2)
        .setPartitionErrorCode((short) 55));
    orders.resultsByPartition().add(new AddPartitionsToTxnResponseData.AddPartitionsToTxnPartitionResult().setPartitionIndex(3)
        .setPartitionErrorCode((short) 47));
    AddPartitionsToTxnResponseData added = new AddPartitionsToTxnResponseData().setThrottleTimeMs(7);
    added.resultsByTopicV3AndBelow().add(orders);
    response(added, 1);
    request(new EndTxnRequestData().setTransactionalId("txn").setProducerId(77L).setProducerEpoch((short) 3).setCommitted(true), 1);
    response(new EndTxnResponseData().setThrottleTimeMs(7).setErrorCode((short) 51), 1);
    ProduceRequestData produce = new ProduceRequestData().setTransactionalId("txn").setAcks((short) -1).setTimeoutMs(30000);
    ProduceRequestData.TopicProduceData topic = new ProduceRequestData.TopicProduceData().setName("orders");
    topic.partitionData().add(new ProduceRequestData.PartitionProduceData().setIndex(2).setRecords(batch(Compression.NONE, true)));
    produce.topicData().add(topic);
    print("kProduceRequestV8Transactional", join(true,
        MessageUtil.toByteBufferAccessor(new RequestHeader(ApiKeys.PRODUCE, (short) 8, "golden", CORRELATION_ID).data(), (short) 1).buffer(),
        MessageUtil.toByteBufferAccessor(produce, (short) 8).buffer()));
    print("kBatchTransactionalNone", batch(Compression.NONE, true).buffer());
  }

  static void joinGroup(int version) {
    JoinGroupRequestData join = new JoinGroupRequestData().setGroupId("group").setSessionTimeoutMs(10000).setRebalanceTimeoutMs(5000)
        .setMemberId("member").setProtocolType("type");
    join.protocols().add(new JoinGroupRequestData.JoinGroupRequestProtocol().setName("protocol").setMetadata("metadata".getBytes()));
    JoinGroupResponseData.JoinGroupResponseMember member = new JoinGroupResponseData.JoinGroupResponseMember().setMemberId("member")
        .setMetadata("metadata".getBytes());
    if (version >= 5) {
      join.setGroupInstanceId("instance");
      member.setGroupInstanceId("instance");
    }
    request(join, version);
    response(new JoinGroupResponseData().setThrottleTimeMs(7).setGenerationId(9).setProtocolName("protocol").setLeader("other")
        .setMemberId("member").setMembers(List.of(member,
            new JoinGroupResponseData.JoinGroupResponseMember().setMemberId("other").setMetadata(new byte[0]))), version);
  }

  static void syncGroup(int version) {
    SyncGroupRequestData sync = new SyncGroupRequestData().setGroupId("group").setGenerationId(7).setMemberId("member").setAssignments(List.of(
        new SyncGroupRequestData.SyncGroupRequestAssignment().setMemberId("member").setAssignment("mine".getBytes()),
        new SyncGroupRequestData.SyncGroupRequestAssignment().setMemberId("other").setAssignment("yours".getBytes())));
    if (version >= 3) sync.setGroupInstanceId("instance");
    request(sync, version);
    response(new SyncGroupResponseData().setThrottleTimeMs(7).setErrorCode((short) 27).setAssignment("mine".getBytes()), version);
  }

  static void heartbeat(int version) {
    HeartbeatRequestData heartbeat = new HeartbeatRequestData().setGroupId("group").setGenerationId(7).setMemberId("member");
    if (version >= 3) heartbeat.setGroupInstanceId("instance");
    request(heartbeat, version);
    response(new HeartbeatResponseData().setThrottleTimeMs(7).setErrorCode((short) 82), version);
  }

  static void describeGroups(int version) {
    request(new DescribeGroupsRequestData().setGroups(List.of("group", "other")), version);
    DescribeGroupsResponseData.DescribedGroupMember member = new DescribeGroupsResponseData.DescribedGroupMember().setMemberId("member")
        .setClientId("client").setClientHost("/10.0.0.1").setMemberMetadata("metadata".getBytes()).setMemberAssignment("mine".getBytes());
    if (version >= 4) member.setGroupInstanceId("instance");
    response(new DescribeGroupsResponseData().setThrottleTimeMs(7).setGroups(List.of(
        new DescribeGroupsResponseData.DescribedGroup().setGroupId("group").setGroupState("Stable").setProtocolType("type")
            .setProtocolData("protocol").setMembers(List.of(member)),
        new DescribeGroupsResponseData.DescribedGroup().setGroupId("other").setErrorCode((short) 30))), version);
  }

  static void describeProducers() {
    request(new DescribeProducersRequestData().setTopics(List.of(
        new DescribeProducersRequestData.TopicRequest().setName("orders").setPartitionIndexes(List.of(0, 3)),
        new DescribeProducersRequestData.TopicRequest().setName("payments").setPartitionIndexes(List.of(1)))), 0);
    DescribeProducersResponseData.ProducerState open = new DescribeProducersResponseData.ProducerState().setProducerId(4711)
        .setProducerEpoch(2).setLastSequence(5).setLastTimestamp(1700000000000L).setCoordinatorEpoch(1).setCurrentTxnStartOffset(1234);
    DescribeProducersResponseData.ProducerState idle = new DescribeProducersResponseData.ProducerState().setProducerId(4712)
        .setProducerEpoch(0).setLastSequence(9).setLastTimestamp(1700000000001L).setCoordinatorEpoch(-1);
    response(new DescribeProducersResponseData().setThrottleTimeMs(7).setTopics(List.of(
        new DescribeProducersResponseData.TopicResponse().setName("orders").setPartitions(List.of(
            new DescribeProducersResponseData.PartitionResponse().setPartitionIndex(3).setActiveProducers(List.of(open, idle)))),
        new DescribeProducersResponseData.TopicResponse().setName("payments").setPartitions(List.of(
            new DescribeProducersResponseData.PartitionResponse().setPartitionIndex(1).setErrorCode((short) 29)
                .setErrorMessage("no"))))), 0);
  }

  public static void main(String[] arguments) {
    System.out.println("// Printed by GoldenFrames.java, which says what it is. Hexadecimal; a request with its size field, a\n"
        + "// response from its correlation id on.\n"
        + "#ifndef REPLICATOR_KAFKA_WIRE_TESTDATA_GOLDEN_FRAMES_H_\n#define REPLICATOR_KAFKA_WIRE_TESTDATA_GOLDEN_FRAMES_H_\n\n"
        + "// clang-format off\n#include <string_view>\n\nnamespace replicator::kafka::golden {\n");
    for (int version : new int[] {5, 7, 9, 10}) metadata(version);
    for (int version : new int[] {7, 10, 13}) fetch(version);
    for (int version : new int[] {7, 8}) produce(version);
    for (int version : new int[] {2, 4}) listOffsets(version);
    smallOnes();
    partitions();
    topics();
    groups();
    describeProducers();
    transactions();
    batches();
    System.out.println("\n}  // namespace replicator::kafka::golden\n\n#endif  // REPLICATOR_KAFKA_WIRE_TESTDATA_GOLDEN_FRAMES_H_");
  }
}
