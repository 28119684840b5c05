// Each request, byte for byte against what Kafka's own client writes.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "kafka/wire/api_versions.h"
#include "kafka/wire/big_endian.h"
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

TEST(RequestsTest, ApiVersionsIsAsKafkaWritesIt) {
  EXPECT_EQ(Hex(ApiVersionsRequest(), 0), golden::kApiVersionsRequestV0);
}

TEST(RequestsTest, MetadataIsAsKafkaWritesIt) {
  MetadataRequest request;
  request.topics = {"orders", "payments"};
  EXPECT_EQ(Hex(request, 5), golden::kMetadataRequestV5);
  EXPECT_EQ(Hex(request, 7), golden::kMetadataRequestV7);
  EXPECT_EQ(Hex(request, 9), golden::kMetadataRequestV9);
  EXPECT_EQ(Hex(request, 10), golden::kMetadataRequestV10);
}

TEST(RequestsTest, MetadataOfAllTopicsIsANullArrayAndNeverCreatesOne) {
  const std::string none_created_v7 = "ffffffff00";
  EXPECT_TRUE(absl::StrContains(Hex(MetadataRequest(), 7), none_created_v7));
  const std::string v10 = Hex(MetadataRequest(), 10);
  EXPECT_EQ(v10.substr(v10.size() - 10), "0000000000") << "null array, three booleans, no tags";
}

FetchRequest GoldenFetch() {
  FetchRequest request;
  request.max_wait_ms = 500;
  request.bytes_min = 1;
  request.bytes_max = 8 << 20;
  request.isolation_level = IsolationLevel::kReadCommitted;
  request.session_id = 99;
  request.session_epoch = 3;
  FetchRequest::Partition partition;
  partition.partition = 2;
  partition.current_leader_epoch = 9;
  partition.fetch_offset = 1000;
  partition.last_fetched_epoch = 8;
  partition.partition_bytes_max = 1 << 20;
  request.topics = {{"orders", kGoldenTopicId, {partition}}};
  request.forgotten_topics = {{"orders", kGoldenTopicId, {4, 5}}};
  request.rack_id = "r1";
  return request;
}

TEST(RequestsTest, FetchIsAsKafkaWritesIt) {
  EXPECT_EQ(Hex(GoldenFetch(), 7), golden::kFetchRequestV7);
  EXPECT_EQ(Hex(GoldenFetch(), 10), golden::kFetchRequestV10);
  EXPECT_EQ(Hex(GoldenFetch(), 13), golden::kFetchRequestV13);
}

TEST(RequestsTest, InitProducerIdIsAsKafkaWritesIt) {
  EXPECT_EQ(Hex(InitProducerIdRequest(), 1), golden::kInitProducerIdRequestV1);
}

TEST(RequestsTest, ListOffsetsIsAsKafkaWritesIt) {
  ListOffsetsRequest request(kDebugReplicaId);
  request.topics = {{"orders", {{.partition = 2, .current_leader_epoch = 9, .timestamp = kLatestTimestamp}}}};
  EXPECT_EQ(Hex(request, 2), golden::kListOffsetsRequestV2);
  EXPECT_EQ(Hex(request, 4), golden::kListOffsetsRequestV4);
}

TEST(RequestsTest, OffsetForLeaderEpochIsAsKafkaWritesIt) {
  OffsetForLeaderEpochRequest request;
  request.topics = {{"orders", {{.partition = 2, .current_leader_epoch = 9, .leader_epoch = 8}}}};
  EXPECT_EQ(Hex(request, 2), golden::kOffsetForLeaderEpochRequestV2);
}

TEST(RequestsTest, CreatePartitionsIsAsKafkaWritesIt) {
  CreatePartitionsRequest request;
  request.timeout_ms = 20000;
  request.validate_only = true;
  request.topics.push_back({"orders", 24});
  EXPECT_EQ(Hex(request, 1), golden::kCreatePartitionsRequestV1);
}

TEST(RequestsTest, CreateTopicsIsAsKafkaWritesIt) {
  CreateTopicsRequest request;
  request.timeout_ms = 20000;
  request.validate_only = true;
  CreateTopicsRequest::Topic& orders = request.topics.emplace_back();
  orders.name = "orders";
  orders.partition_count = 12;
  orders.replication_factor = 3;
  orders.configs = {{"cleanup.policy", "compact"}, {"retention.ms", std::nullopt}};
  CreateTopicsRequest::Topic& placed = request.topics.emplace_back();
  placed.name = "placed";
  placed.assignments = {{0, {1, 2}}};
  EXPECT_EQ(Hex(request, 2), golden::kCreateTopicsRequestV2);
  EXPECT_EQ(Hex(request, 4), golden::kCreateTopicsRequestV4);
}

TEST(RequestsTest, DescribeConfigsIsAsKafkaWritesIt) {
  DescribeConfigsRequest request;
  request.resources.push_back({ConfigResourceType::kTopic, "orders", std::nullopt});
  request.resources.push_back({ConfigResourceType::kBroker, "1", std::vector<std::string>{"log.retention.ms"}});
  EXPECT_EQ(Hex(request, 1), golden::kDescribeConfigsRequestV1);
}

TEST(RequestsTest, DescribeProducersIsAsKafkaWritesIt) {
  DescribeProducersRequest request;
  request.topics = {{"orders", {0, 3}}, {"payments", {1}}};
  EXPECT_EQ(Hex(request, 0), golden::kDescribeProducersRequestV0);
}

TEST(RequestsTest, AValueTooLongForTheProtocolIsAnErrorAndNoCrash) {
  CreateTopicsRequest request;
  request.topics.emplace_back().configs = {{"key", std::string(kClassicStringBytesMax + 1, 'x')}};
  EXPECT_EQ(EncodeRequest(request, 2, 1, kGoldenClientId).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(RequestsTest, ALongClientIdIsCut) {
  const absl::StatusOr<std::string> frame =
      EncodeRequest(InitProducerIdRequest(), 1, 1, std::string(kClassicStringBytesMax + 10, 'x'));
  ASSERT_TRUE(frame.ok()) << frame.status();
  EXPECT_EQ(LoadInt32(frame->data()), static_cast<int32_t>(frame->size() - kFrameSizeBytes));
}

class ProduceRequestTest : public testing::Test {
 protected:
  std::string Gather(const std::vector<iovec>& pieces) {
    std::string all;
    for (const iovec& piece : pieces) all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    return all;
  }

  ProduceRequestBuilder builder_;
  const std::string none_ = absl::HexStringToBytes(golden::kBatchNone);
  const std::string lz4_ = absl::HexStringToBytes(golden::kBatchLz4);
  const std::string zstd_ = absl::HexStringToBytes(golden::kBatchZstd);
};

TEST_F(ProduceRequestTest, IsAsKafkaWritesItAndTheBatchesStayWhereTheyAre) {
  for (int16_t version : {int16_t{7}, int16_t{8}, int16_t{7}}) {
    builder_.Begin(version, kGoldenCorrelationId, kGoldenClientId, kAcksAll, 30000);
    ASSERT_TRUE(builder_.AddPartition("orders", 2, none_));
    ASSERT_TRUE(builder_.AddPartition("orders", 0, lz4_));
    ASSERT_TRUE(builder_.AddPartition("payments", 7, zstd_));
    const size_t request_bytes = builder_.request_bytes();
    const std::vector<iovec>& pieces = builder_.Finish();
    ASSERT_EQ(pieces.size(), 6u);
    EXPECT_EQ(pieces[1].iov_base, none_.data());
    EXPECT_EQ(pieces[5].iov_base, zstd_.data());
    const std::string frame = Gather(pieces);
    EXPECT_EQ(frame.size(), request_bytes);
    EXPECT_EQ(absl::BytesToHexString(frame), version == 7 ? golden::kProduceRequestV7 : golden::kProduceRequestV8);
  }
}

TEST_F(ProduceRequestTest, IsFullWhenOneWritevCannotTakeMore) {
  builder_.Begin(8, kGoldenCorrelationId, kGoldenClientId, kAcksAll, 30000);
  for (size_t i = 0; i < ProduceRequestBuilder::kPartitionsMax; ++i) {
    ASSERT_TRUE(builder_.AddPartition("orders", static_cast<int32_t>(i), lz4_)) << i;
  }
  EXPECT_FALSE(builder_.AddPartition("orders", 100000, lz4_));
  EXPECT_EQ(builder_.partition_count(), ProduceRequestBuilder::kPartitionsMax);
  const std::vector<iovec>& pieces = builder_.Finish();
  EXPECT_EQ(pieces.size(), ProduceRequestBuilder::kPiecesMax);
  EXPECT_EQ(LoadInt32(Gather(pieces).data()), static_cast<int32_t>(builder_.request_bytes() - kFrameSizeBytes));
}

TEST_F(ProduceRequestTest, IsFullAtTheLargestRequestButTakesOneLargerBatchAlone) {
  const std::string large(kRequestBytesMax / 2, 'x');
  builder_.Begin(8, kGoldenCorrelationId, kGoldenClientId, kAcksAll, 30000);
  EXPECT_TRUE(builder_.AddPartition("orders", 0, large));
  EXPECT_FALSE(builder_.AddPartition("orders", 1, large));
  EXPECT_TRUE(builder_.AddPartition("orders", 1, lz4_));
  const std::string larger(kRequestBytesMax + 1, 'x');
  builder_.Begin(8, kGoldenCorrelationId, kGoldenClientId, kAcksAll, 30000);
  EXPECT_TRUE(builder_.AddPartition("orders", 0, larger));
}

TEST_F(ProduceRequestTest, APartitionTwiceDies) {
  builder_.Begin(8, kGoldenCorrelationId, kGoldenClientId, kAcksAll, 30000);
  ASSERT_TRUE(builder_.AddPartition("orders", 2, lz4_));
  EXPECT_DEATH(builder_.AddPartition("orders", 2, lz4_), "twice");
  ASSERT_TRUE(builder_.AddPartition("payments", 2, lz4_));
  EXPECT_DEATH(builder_.AddPartition("orders", 3, lz4_), "one after the other");
}

}  // namespace
}  // namespace replicator::kafka
