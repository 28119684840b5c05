// The steps of the raw path, one by one: what a batch costs in user space between the receive and the send.
//
// A whole pass of one batch is ParseFetchResponse + IterateBatches + PatchBatch + BuildProduceRequest, each divided by
// the batches that it works on ("per_batch" in the output). FullCrc is what repairing the checksum without touching the
// payload saves.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "kafka/crc32c.h"
#include "kafka/record_batch.h"
#include "kafka/wire/big_endian.h"
#include "kafka/wire/fetch.h"
#include "kafka/wire/primitives.h"
#include "kafka/wire/produce.h"

namespace replicator::bench {
namespace {

using kafka::FetchRequest;
using kafka::FetchResponse;

constexpr int32_t kRecordsPerBatch = 100;
constexpr int64_t kProducerId = 4711;
constexpr int32_t kReplicationTimeoutMs = 5000;

constexpr size_t kCrcAt = 17;
constexpr size_t kCrcCoversFrom = 21;

// One v2 batch of `bytes` bytes, lz4 by its header; what follows the header is no record, which nothing here looks at.
// The layout is that of kafka/record_batch.h.
std::string MakeBatch(size_t bytes, int64_t base_offset) {
  std::string batch(bytes, '\0');
  for (size_t i = kafka::kBatchHeaderBytes; i < bytes; ++i) batch[i] = static_cast<char>(i * 2654435761u >> 13);
  char* const at = batch.data();
  kafka::StoreInt64(at, base_offset);
  kafka::StoreInt32(at + 8, static_cast<int32_t>(bytes - kafka::kLogOverheadBytes));
  at[16] = 2;
  kafka::StoreInt16(at + 21, static_cast<int16_t>(kafka::Codec::kLz4));
  kafka::StoreInt32(at + 23, kRecordsPerBatch - 1);
  kafka::StoreInt64(at + 43, 1000);
  kafka::StoreInt32(at + 57, kRecordsPerBatch);
  const uint32_t crc = kafka::Crc32c(absl::MakeConstSpan(batch).subspan(kCrcCoversFrom));
  kafka::StoreInt32(at + kCrcAt, static_cast<int32_t>(crc));
  return batch;
}

std::string MakeRecords(size_t batch_bytes, int batches) {
  std::string records;
  for (int i = 0; i < batches; ++i) records += MakeBatch(batch_bytes, int64_t{i} * kRecordsPerBatch);
  return records;
}

// The body of a Fetch v13 answer: one topic, `partitions` partitions with the same records.
std::string MakeFetchResponse(int partitions, std::string_view records) {
  std::string body;
  kafka::Writer writer(&body, kafka::Encoding::kFlexible);
  writer.WriteInt32(0);  // throttle time
  writer.WriteInt16(0);  // error
  writer.WriteInt32(0);  // session
  writer.WriteArrayLength(1);
  writer.WriteUuid({1, 2, 3});
  writer.WriteArrayLength(static_cast<size_t>(partitions));
  for (int32_t partition = 0; partition < partitions; ++partition) {
    writer.WriteInt32(partition);
    writer.WriteInt16(0);
    writer.WriteInt64(1'000'000);  // high watermark
    writer.WriteInt64(1'000'000);  // last stable offset
    writer.WriteInt64(0);          // log start
    writer.WriteNullArray();       // aborted transactions
    writer.WriteInt32(-1);         // preferred read replica
    writer.WriteBytes(records);
    writer.WriteNoTaggedFields();
  }
  writer.WriteNoTaggedFields();
  writer.WriteNoTaggedFields();
  return body;
}

// Shows the time per batch beside that of the whole iteration.
void CountBatches(benchmark::State& state, int64_t batches_per_iteration) {
  state.counters["per_batch"] = benchmark::Counter(static_cast<double>(state.iterations() * batches_per_iteration),
                                                   benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// Header patch and CRC repair; the argument is the size of the batch.
void PatchBatch(benchmark::State& state) {
  std::string bytes = MakeBatch(static_cast<size_t>(state.range(0)), 0);
  kafka::RecordBatchView batch(absl::MakeSpan(bytes));
  int32_t sequence = 0;
  for (auto _ : state) {
    batch.PatchForProduce(kProducerId, 0, sequence);
    sequence = (sequence + kRecordsPerBatch) & 0x7fffffff;
    benchmark::DoNotOptimize(bytes.data());
    benchmark::ClobberMemory();
  }
  if (!batch.CrcMatches()) state.SkipWithError("the repaired CRC is wrong");
  CountBatches(state, 1);
}
BENCHMARK(PatchBatch)->RangeMultiplier(8)->Range(128, 1 << 20);

// What it would cost to compute the checksum anew.
void FullCrc(benchmark::State& state) {
  const std::string bytes = MakeBatch(static_cast<size_t>(state.range(0)), 0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(kafka::Crc32c(absl::MakeConstSpan(bytes).subspan(kCrcCoversFrom)));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
  CountBatches(state, 1);
}
BENCHMARK(FullCrc)->RangeMultiplier(8)->Range(128, 1 << 20);

// Finding and checking the batches of 1 MiB of one partition's records.
void IterateBatches(benchmark::State& state) {
  const size_t batch_bytes = static_cast<size_t>(state.range(0));
  const int batches = static_cast<int>((size_t{1} << 20) / batch_bytes);
  std::string records = MakeRecords(batch_bytes, batches);
  for (auto _ : state) {
    absl::Span<char> rest = absl::MakeSpan(records);
    int found = 0;
    for (kafka::NextBatchResult next = kafka::NextBatch(rest); next.kind == kafka::BatchKind::kBatch;
         next = kafka::NextBatch(rest)) {
      const kafka::RecordBatchView batch(next.bytes);
      if (!batch.Validate().ok()) state.SkipWithError("a batch is not valid");
      rest.remove_prefix(next.bytes.size());
      ++found;
    }
    if (found != batches) state.SkipWithError("batches are missing");
  }
  CountBatches(state, batches);
}
BENCHMARK(IterateBatches)->RangeMultiplier(8)->Range(128, 1 << 17);

// The framing of an answer with so many partitions of one batch of 16 KiB each.
void ParseFetchResponse(benchmark::State& state) {
  const int partitions = static_cast<int>(state.range(0));
  const std::string body = MakeFetchResponse(partitions, MakeRecords(16 << 10, 1));
  FetchResponse response;
  for (auto _ : state) {
    if (!response.Parse(body, FetchRequest::kApi.versions.highest()).ok())
      state.SkipWithError("the answer is malformed");
    benchmark::DoNotOptimize(response.partitions.data());
  }
  CountBatches(state, partitions);
}
BENCHMARK(ParseFetchResponse)->RangeMultiplier(8)->Range(1, 512);

// A scatter-gather Produce request of so many partitions with one batch each.
void BuildProduceRequest(benchmark::State& state) {
  const int partitions = static_cast<int>(state.range(0));
  const std::string batch = MakeBatch(16 << 10, 0);
  kafka::ProduceRequestBuilder builder;
  int32_t correlation_id = 0;
  for (auto _ : state) {
    builder.Begin(kafka::kProduceApi.versions.highest(), correlation_id++, "replicator.bench", kafka::kAcksAll,
                  kReplicationTimeoutMs);
    for (int32_t partition = 0; partition < partitions; ++partition) {
      if (!builder.AddPartition("a-topic-with-a-usual-name", partition, batch))
        state.SkipWithError("the request is full");
    }
    benchmark::DoNotOptimize(builder.Finish().data());
  }
  CountBatches(state, partitions);
}
BENCHMARK(BuildProduceRequest)->RangeMultiplier(8)->Range(1, 512);

}  // namespace
}  // namespace replicator::bench

BENCHMARK_MAIN();
