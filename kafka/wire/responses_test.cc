// Each response as Kafka's own classes write it: every field is found, every truncation is an error, and
// damaged bytes give an error or a value, never a crash.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "kafka/wire/api_versions.h"
#include "kafka/wire/create_partitions.h"
#include "kafka/wire/create_topics.h"
#include "kafka/wire/describe_configs.h"
#include "kafka/wire/describe_producers.h"
#include "kafka/wire/fetch.h"
#include "kafka/wire/frame_testing.h"
#include "kafka/wire/init_producer_id.h"
#include "kafka/wire/list_offsets.h"
#include "kafka/wire/metadata.h"
#include "kafka/wire/offset_for_leader_epoch.h"
#include "kafka/wire/produce.h"
#include "kafka/wire/testdata/golden_frames.h"

namespace replicator::kafka {
namespace {

TEST(ResponsesTest, ApiVersionsIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kApiVersionsResponseV0);
  const auto response = ReadGolden<ApiVersionsResponse>(ApiVersionsRequest::kApi, 0, frame);
  ASSERT_EQ(response.apis.size(), 2u);
  EXPECT_EQ(response.apis[0].api_key, 1);
  EXPECT_EQ(response.apis[0].version_min, 4);
  EXPECT_EQ(response.apis[0].version_max, 18);
  EXPECT_EQ(response.apis[1].api_key, 18);
}

void CheckMetadata(std::string_view hex, int16_t version, const Uuid& topic_id) {
  const std::string frame = absl::HexStringToBytes(hex);
  const auto response = ReadGolden<MetadataResponse>(MetadataRequest::kApi, version, frame);
  EXPECT_EQ(response.throttle_time_ms, 7);
  EXPECT_EQ(response.cluster_id, "cluster-id");
  EXPECT_EQ(response.controller_id, 2);
  EXPECT_EQ(response.leader_epochs_are_current, version >= 9);
  ASSERT_EQ(response.brokers.size(), 2u);
  EXPECT_EQ(response.brokers[0].rack, "r1");
  EXPECT_EQ(response.brokers[1].node_id, 2);
  EXPECT_EQ(response.brokers[1].host, "two.example");
  EXPECT_EQ(response.brokers[1].port, 9093);
  EXPECT_EQ(response.brokers[1].rack, std::nullopt);
  ASSERT_EQ(response.topics.size(), 2u);
  const MetadataResponse::Topic& orders = response.topics[0];
  EXPECT_EQ(orders.name, "orders");
  EXPECT_EQ(orders.id, topic_id);
  EXPECT_FALSE(orders.is_internal);
  ASSERT_EQ(orders.partitions.size(), 2u);
  EXPECT_EQ(orders.partitions[0].leader_id, 1);
  EXPECT_EQ(orders.partitions[0].leader_epoch, version >= 7 ? 5 : -1);
  EXPECT_EQ(orders.partitions[0].replicas, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(orders.partitions[0].in_sync_replicas, (std::vector<int32_t>{1}));
  EXPECT_EQ(orders.partitions[0].offline_replicas, (std::vector<int32_t>{2}));
  EXPECT_EQ(orders.partitions[1].error_code, 5);
  EXPECT_EQ(orders.partitions[1].partition, 1);
  EXPECT_EQ(orders.partitions[1].leader_id, -1);
  EXPECT_EQ(response.topics[1].error_code, 3);
  EXPECT_TRUE(response.topics[1].is_internal);
}

TEST(ResponsesTest, MetadataIsRead) {
  CheckMetadata(golden::kMetadataResponseV5, 5, kNoUuid);
  CheckMetadata(golden::kMetadataResponseV7, 7, kNoUuid);
  CheckMetadata(golden::kMetadataResponseV9, 9, kNoUuid);
  CheckMetadata(golden::kMetadataResponseV10, 10, kGoldenTopicId);
}

void CheckFetchCommon(const FetchResponse& response, std::string_view body) {
  EXPECT_EQ(response.throttle_time_ms, 7);
  EXPECT_EQ(response.error_code, 0);
  EXPECT_EQ(response.session_id, 99);
  ASSERT_EQ(response.topics.size(), 1u);
  ASSERT_EQ(response.partitions.size(), 2u);
  const FetchResponse::Partition& full = response.partitions[0];
  EXPECT_EQ(full.topic_index, 0u);
  EXPECT_EQ(full.partition, 2);
  EXPECT_EQ(full.high_watermark, 1010);
  EXPECT_EQ(full.last_stable_offset, 1006);
  EXPECT_EQ(full.log_start_offset, 10);
  EXPECT_EQ(full.diverging_epoch, -1);
  EXPECT_EQ(response.aborted_transactions.size(), 2u) << "nothing may be left of the response before";
  ASSERT_EQ(response.AbortedOf(full).size(), 2u);
  EXPECT_EQ(response.AbortedOf(full)[1].producer_id, 78);
  EXPECT_EQ(response.AbortedOf(full)[1].first_offset, 1003);
  EXPECT_EQ(absl::BytesToHexString(full.records), golden::kBatchTransactional);
  EXPECT_EQ(full.records.data(), body.data() + full.records_offset) << "payload must not be copied";
  const FetchResponse::Partition& failed = response.partitions[1];
  EXPECT_EQ(failed.partition, 3);
  EXPECT_EQ(failed.error_code, 74);
  EXPECT_TRUE(failed.records.empty());
  EXPECT_TRUE(response.AbortedOf(failed).empty());
}

TEST(ResponsesTest, FetchIsReadInPlaceAndItsMemoryReused) {
  FetchResponse response;
  for (int round = 0; round < 2; ++round) {
    const std::string v7 = absl::HexStringToBytes(golden::kFetchResponseV7);
    const std::string_view body7 = *ResponseBody(FetchRequest::kApi, 7, v7);
    ASSERT_EQ(response.Parse(body7, 7), absl::OkStatus());
    CheckFetchCommon(response, body7);

    const std::string v10 = absl::HexStringToBytes(golden::kFetchResponseV10);
    const std::string_view body10 = *ResponseBody(FetchRequest::kApi, 10, v10);
    ASSERT_EQ(response.Parse(body10, 10), absl::OkStatus());
    CheckFetchCommon(response, body10);
    EXPECT_EQ(response.topics[0].name, "orders");
    EXPECT_EQ(response.partitions[0].preferred_read_replica, -1);

    const std::string v13 = absl::HexStringToBytes(golden::kFetchResponseV13);
    const std::string_view body13 = *ResponseBody(FetchRequest::kApi, 13, v13);
    ASSERT_EQ(response.Parse(body13, 13), absl::OkStatus());
    CheckFetchCommon(response, body13);
    EXPECT_EQ(response.topics[0].id, kGoldenTopicId);
    EXPECT_EQ(response.partitions[0].preferred_read_replica, 4);
    EXPECT_EQ(response.partitions[1].diverging_epoch, 7);
    EXPECT_EQ(response.partitions[1].diverging_end_offset, 900);
    EXPECT_EQ(response.partitions[1].current_leader_id, 2);
    EXPECT_EQ(response.partitions[1].current_leader_epoch, 11);
  }
}

TEST(ResponsesTest, ProduceIsRead) {
  for (int16_t version : {int16_t{7}, int16_t{8}}) {
    const std::string frame =
        absl::HexStringToBytes(version == 7 ? golden::kProduceResponseV7 : golden::kProduceResponseV8);
    const auto response = ReadGolden<ProduceResponse>(kProduceApi, version, frame);
    EXPECT_EQ(response.throttle_time_ms, 7);
    ASSERT_EQ(response.topics.size(), 1u);
    EXPECT_EQ(response.topics[0].name, "orders");
    ASSERT_EQ(response.topics[0].partitions.size(), 2u);
    const ProduceResponse::Partition& appended = response.topics[0].partitions[0];
    EXPECT_EQ(appended.partition, 2);
    EXPECT_EQ(appended.error_code, 0);
    EXPECT_EQ(appended.base_offset, 4000);
    EXPECT_EQ(appended.log_append_time_ms, -1);
    EXPECT_EQ(appended.log_start_offset, 17);
    const ProduceResponse::Partition& refused = response.topics[0].partitions[1];
    EXPECT_EQ(refused.error_code, 87);
    EXPECT_EQ(refused.base_offset, -1);
    if (version < 8) continue;
    ASSERT_EQ(refused.record_errors.size(), 1u);
    EXPECT_EQ(refused.record_errors[0].record_index, 3);
    EXPECT_EQ(refused.record_errors[0].message, "no key");
    EXPECT_EQ(refused.error_message, "one record is invalid");
  }
}

TEST(ResponsesTest, InitProducerIdIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kInitProducerIdResponseV1);
  const auto response = ReadGolden<InitProducerIdResponse>(InitProducerIdRequest::kApi, 1, frame);
  EXPECT_EQ(response.error_code, 0);
  EXPECT_EQ(response.producer_id, 77);
  EXPECT_EQ(response.producer_epoch, 3);
}

TEST(ResponsesTest, ListOffsetsIsRead) {
  for (int16_t version : {int16_t{2}, int16_t{4}}) {
    const std::string frame =
        absl::HexStringToBytes(version == 2 ? golden::kListOffsetsResponseV2 : golden::kListOffsetsResponseV4);
    const auto response = ReadGolden<ListOffsetsResponse>(ListOffsetsRequest::kApi, version, frame);
    ASSERT_EQ(response.topics.size(), 1u);
    ASSERT_EQ(response.topics[0].partitions.size(), 1u);
    const ListOffsetsResponse::Partition& partition = response.topics[0].partitions[0];
    EXPECT_EQ(partition.partition, 2);
    EXPECT_EQ(partition.timestamp, -1);
    EXPECT_EQ(partition.offset, 1010);
    EXPECT_EQ(partition.leader_epoch, version == 2 ? -1 : 9);
  }
}

TEST(ResponsesTest, OffsetForLeaderEpochIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kOffsetForLeaderEpochResponseV2);
  const auto response = ReadGolden<OffsetForLeaderEpochResponse>(OffsetForLeaderEpochRequest::kApi, 2, frame);
  ASSERT_EQ(response.topics.size(), 1u);
  ASSERT_EQ(response.topics[0].partitions.size(), 1u);
  EXPECT_EQ(response.topics[0].partitions[0].partition, 2);
  EXPECT_EQ(response.topics[0].partitions[0].leader_epoch, 8);
  EXPECT_EQ(response.topics[0].partitions[0].end_offset, 950);
}

TEST(ResponsesTest, CreatePartitionsIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kCreatePartitionsResponseV1);
  const auto response = ReadGolden<CreatePartitionsResponse>(CreatePartitionsRequest::kApi, 1, frame);
  ASSERT_EQ(response.topics.size(), 2u);
  EXPECT_EQ(response.topics[0].name, "orders");
  EXPECT_EQ(response.topics[0].error_code, 0);
  EXPECT_EQ(response.topics[1].error_code, 37);
  EXPECT_EQ(response.topics[1].error_message, "has more already");
}

TEST(ResponsesTest, CreateTopicsIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kCreateTopicsResponseV2);
  const auto response = ReadGolden<CreateTopicsResponse>(CreateTopicsRequest::kApi, 2, frame);
  ASSERT_EQ(response.topics.size(), 2u);
  EXPECT_EQ(response.topics[0].name, "orders");
  EXPECT_EQ(response.topics[0].error_message, std::nullopt);
  EXPECT_EQ(response.topics[1].error_code, 38);
  EXPECT_EQ(response.topics[1].error_message, "too few brokers");
}

TEST(ResponsesTest, DescribeConfigsIsRead) {
  const std::string frame = absl::HexStringToBytes(golden::kDescribeConfigsResponseV1);
  const auto response = ReadGolden<DescribeConfigsResponse>(DescribeConfigsRequest::kApi, 1, frame);
  ASSERT_EQ(response.resources.size(), 2u);
  const DescribeConfigsResponse::Resource& orders = response.resources[0];
  EXPECT_EQ(orders.type, ConfigResourceType::kTopic);
  EXPECT_EQ(orders.name, "orders");
  ASSERT_EQ(orders.configs.size(), 2u);
  EXPECT_EQ(orders.configs[0].name, "cleanup.policy");
  EXPECT_EQ(orders.configs[0].value, "compact");
  EXPECT_EQ(orders.configs[0].source, ConfigSource::kTopic);
  EXPECT_EQ(orders.configs[1].value, std::nullopt);
  EXPECT_TRUE(orders.configs[1].read_only);
  EXPECT_TRUE(orders.configs[1].is_sensitive);
  EXPECT_EQ(orders.configs[1].source, ConfigSource::kStaticBroker);
  EXPECT_EQ(response.resources[1].error_code, 29);
  EXPECT_EQ(response.resources[1].error_message, "denied");
  EXPECT_EQ(response.resources[1].type, ConfigResourceType::kBroker);
}

TEST(ResponsesTest, DescribeProducersIsRead) {
  const auto response = ReadGolden<DescribeProducersResponse>(
      DescribeProducersRequest::kApi, 0, absl::HexStringToBytes(golden::kDescribeProducersResponseV0));
  EXPECT_EQ(response.throttle_time_ms, 7);
  ASSERT_EQ(response.partitions.size(), 2u);
  const DescribeProducersResponse::Partition& orders = response.partitions[0];
  EXPECT_EQ(orders.topic, "orders");
  EXPECT_EQ(orders.partition, 3);
  EXPECT_EQ(orders.error_code, 0);
  ASSERT_EQ(orders.producers.size(), 2u);
  EXPECT_EQ(orders.producers[0].id, 4711);
  EXPECT_EQ(orders.producers[0].epoch, 2);
  EXPECT_EQ(orders.producers[0].last_timestamp_ms, 1700000000000);
  EXPECT_EQ(orders.producers[0].transaction_start, 1234);
  EXPECT_EQ(orders.producers[1].transaction_start, -1);
  EXPECT_EQ(response.partitions[1].topic, "payments");
  EXPECT_EQ(response.partitions[1].error_code, 29);
  EXPECT_TRUE(response.partitions[1].producers.empty());
}

std::vector<DamageCase> AllResponses() {
  return {
      Damage<ApiVersionsResponse>(ApiVersionsRequest::kApi, 0, golden::kApiVersionsResponseV0),
      Damage<MetadataResponse>(MetadataRequest::kApi, 5, golden::kMetadataResponseV5),
      Damage<MetadataResponse>(MetadataRequest::kApi, 7, golden::kMetadataResponseV7),
      Damage<MetadataResponse>(MetadataRequest::kApi, 9, golden::kMetadataResponseV9),
      Damage<MetadataResponse>(MetadataRequest::kApi, 10, golden::kMetadataResponseV10),
      Damage<FetchResponse>(FetchRequest::kApi, 7, golden::kFetchResponseV7),
      Damage<FetchResponse>(FetchRequest::kApi, 10, golden::kFetchResponseV10),
      Damage<FetchResponse>(FetchRequest::kApi, 13, golden::kFetchResponseV13),
      Damage<ProduceResponse>(kProduceApi, 7, golden::kProduceResponseV7),
      Damage<ProduceResponse>(kProduceApi, 8, golden::kProduceResponseV8),
      Damage<InitProducerIdResponse>(InitProducerIdRequest::kApi, 1, golden::kInitProducerIdResponseV1),
      Damage<ListOffsetsResponse>(ListOffsetsRequest::kApi, 2, golden::kListOffsetsResponseV2),
      Damage<ListOffsetsResponse>(ListOffsetsRequest::kApi, 4, golden::kListOffsetsResponseV4),
      Damage<OffsetForLeaderEpochResponse>(OffsetForLeaderEpochRequest::kApi, 2,
                                           golden::kOffsetForLeaderEpochResponseV2),
      Damage<CreatePartitionsResponse>(CreatePartitionsRequest::kApi, 1, golden::kCreatePartitionsResponseV1),
      Damage<CreateTopicsResponse>(CreateTopicsRequest::kApi, 2, golden::kCreateTopicsResponseV2),
      Damage<CreateTopicsResponse>(CreateTopicsRequest::kApi, 4, golden::kCreateTopicsResponseV4),
      Damage<DescribeConfigsResponse>(DescribeConfigsRequest::kApi, 1, golden::kDescribeConfigsResponseV1),
      Damage<DescribeProducersResponse>(DescribeProducersRequest::kApi, 0, golden::kDescribeProducersResponseV0),
  };
}

TEST(ResponsesTest, EveryTruncationAndEveryLeftOverByteIsAnError) { ExpectEveryTruncationIsAnError(AllResponses()); }

TEST(ResponsesTest, RandomBytesNeverCrash) { ExpectRandomBytesNeverCrash(AllResponses()); }

}  // namespace
}  // namespace replicator::kafka
