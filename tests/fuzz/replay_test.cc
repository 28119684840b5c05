// The fuzzers' entry functions as an ordinary, bounded and repeatable test: valid frames, changed at random
// by a generator with fixed seeds.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "kafka/batch/record_batch.h"
#include "kafka/wire/big_endian.h"
#include "kafka/wire/testdata/golden_frames.h"
#include "tests/fuzz/entry.h"

namespace replicator::tests {
namespace {

namespace golden = kafka::golden;

#ifdef REPLICATOR_SANITIZER
constexpr int kMutations = 20'000;
#else
constexpr int kMutations = 200'000;
#endif

// The value that a damaged length or count has most often: small, huge, negative, or one off.
constexpr uint32_t kTelling[] = {0,      1,      2,          0x7F,       0x80,       0xFF,       0x7FFF,
                                 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0x00FFFFFF};

void SetTellingValue(std::string& bytes, std::mt19937_64& random) {
  const size_t width = size_t{1} << (random() % 3);
  const size_t at = random() % bytes.size();
  const uint32_t value = kTelling[random() % std::size(kTelling)];
  for (size_t i = 0; i < width && at + i < bytes.size(); ++i) {
    bytes[at + i] = static_cast<char>(value >> (8 * (width - 1 - i)));
  }
}

std::string Mutated(std::string bytes, std::mt19937_64& random) {
  for (uint64_t changes = 1 + random() % 4; changes > 0 && !bytes.empty(); --changes) {
    const size_t at = random() % bytes.size();
    switch (random() % 6) {
      case 0:
        bytes[at] ^= static_cast<char>(1 << (random() % 8));
        break;
      case 1:
        bytes[at] = static_cast<char>(random());
        break;
      case 2:
        SetTellingValue(bytes, random);
        break;
      case 3:
        bytes.resize(at);
        break;
      case 4:
        bytes.erase(at, random() % 8);
        break;
      case 5:
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 64));
        break;
    }
  }
  return bytes;
}

TEST(FuzzReplayTest, DamagedResponsesNeverCrashAParser) {
  // In the order of the parsers in entry.cc.
  const std::string_view frames[] = {
      golden::kApiVersionsResponseV0,      golden::kMetadataResponseV5,
      golden::kMetadataResponseV7,         golden::kMetadataResponseV9,
      golden::kMetadataResponseV10,        golden::kFetchResponseV7,
      golden::kFetchResponseV10,           golden::kFetchResponseV13,
      golden::kProduceResponseV7,          golden::kProduceResponseV8,
      golden::kInitProducerIdResponseV1,   golden::kListOffsetsResponseV2,
      golden::kListOffsetsResponseV4,      golden::kOffsetForLeaderEpochResponseV2,
      golden::kCreatePartitionsResponseV1, golden::kCreateTopicsResponseV2,
      golden::kDescribeConfigsResponseV1,  golden::kFindCoordinatorResponseV2,
      golden::kJoinGroupResponseV3,        golden::kJoinGroupResponseV5,
      golden::kSyncGroupResponseV2,        golden::kSyncGroupResponseV3,
      golden::kHeartbeatResponseV2,        golden::kHeartbeatResponseV3,
      golden::kLeaveGroupResponseV2,       golden::kDescribeGroupsResponseV2,
      golden::kDescribeGroupsResponseV4,   golden::kDescribeProducersResponseV0,
      golden::kFindCoordinatorResponseV1,  golden::kFindCoordinatorResponseV4,
      golden::kJoinGroupResponseV2,        golden::kSyncGroupResponseV1,
      golden::kHeartbeatResponseV1,        golden::kLeaveGroupResponseV1,
      golden::kLeaveGroupResponseV3,       golden::kDescribeGroupsResponseV1,
      golden::kListGroupsResponseV1,       golden::kListGroupsResponseV4,
      golden::kListGroupsResponseV5,       golden::kConsumerGroupDescribeResponseV0,
      golden::kOffsetFetchResponseV3,      golden::kOffsetFetchResponseV7,
      golden::kOffsetFetchResponseV8,      golden::kOffsetCommitResponseV3,
      golden::kOffsetCommitResponseV6,     golden::kAddPartitionsToTxnResponseV1,
      golden::kEndTxnResponseV1,
  };
  ASSERT_EQ(std::size(frames), kResponseParserCount);
  std::mt19937_64 random(7);
  for (int i = 0; i < kMutations; ++i) {
    const size_t parser = random() % kResponseParserCount;
    FuzzResponse(static_cast<char>(parser) + Mutated(absl::HexStringToBytes(frames[parser]), random));
  }
}

TEST(FuzzReplayTest, DamagedBatchesNeverCrashTheWalk) {
  const std::string_view batches[] = {
      golden::kBatchNone,          golden::kBatchGzip,          golden::kBatchLz4,          golden::kBatchTransactional,
      golden::kBatchAbortMarker,   golden::kBatchCommitMarker,  golden::kBatchLeaderChange, golden::kBatchHoles,
      golden::kBatchDeleteHorizon, golden::kBatchLogAppendTime, golden::kMessageMagic1,
  };
  std::mt19937_64 random(8);
  for (int i = 0; i < kMutations; ++i) {
    std::string records;
    for (uint64_t count = 1 + random() % 3; count > 0; --count) {
      records += absl::HexStringToBytes(batches[random() % std::size(batches)]);
    }
    FuzzRecordBatches(Mutated(std::move(records), random));
  }
}

TEST(FuzzReplayTest, DamagedRecordsNeverCrashTheirReader) {
  const std::string_view batches[] = {golden::kBatchNone,          golden::kBatchGzip,         golden::kBatchSnappy,
                                      golden::kBatchLz4,           golden::kBatchZstd,         golden::kBatchHoles,
                                      golden::kBatchDeleteHorizon, golden::kBatchLogAppendTime};
  std::mt19937_64 random(10);
  for (int i = 0; i < kMutations; ++i) {
    const std::string batch = absl::HexStringToBytes(batches[random() % std::size(batches)]);
    // Mostly with a header that lets the records be looked at.
    const size_t header = random() % 8 == 0 ? 0 : kafka::kBatchHeaderBytes;
    std::string records = Mutated(batch.substr(header), random);
    std::string whole = batch.substr(0, header) + records;
    if (header > 0) kafka::StoreInt32(whole.data() + 8, static_cast<int32_t>(whole.size() - kafka::kLogOverheadBytes));
    FuzzRecords(whole);
  }
}

TEST(FuzzReplayTest, DamagedPropertiesFilesNeverCrashTheReader) {
  const std::string file =
      "clusters = A, B\nA.bootstrap.servers = a:1,\\\n  [::1]:2\nB.bootstrap.servers=b:1\nA->B.enabled:true\n"
      "topics = a.*, b$\ntopics.exclude = \\u0063[0-9]{2}\nreplication.factor 3\nA.cluster.id=x\n# no\n! no\r\n"
      "A.consumer.isolation.level=read_committed\nB.producer.acks=all\nC.topics=x\ntopic=\\\"y\\;\xE4\n"
      "replication.policy.class=org.apache.kafka.connect.mirror.IdentityReplicationPolicy\ntasks.max=2\n";
  std::mt19937_64 random(9);
  for (int i = 0; i < kMutations / 40; ++i) FuzzProperties(Mutated(file, random));
}

}  // namespace
}  // namespace replicator::tests
