// The steps of the raw path, one by one: what a batch costs in user space between the receive and the send.
//
// A whole pass of one batch is ParseFetchResponse + IterateBatches + PatchBatch + BuildProduceRequest, each divided by
// the batches that it works on ("per_batch" in the output). FullCrc is what repairing the checksum without touching the
// payload saves. Beside that way, StoreIntents: what a shard's states cost, once per Fetch response.
#include <benchmark/benchmark.h>
#include <glog/logging.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/types/span.h"
#include "kafka/batch/crc32c.h"
#include "kafka/batch/record_batch.h"
#include "kafka/wire/big_endian.h"
#include "kafka/wire/fetch.h"
#include "kafka/wire/primitives.h"
#include "kafka/wire/produce.h"
#include "offsets/store.h"
#include "tests/cluster/process.h"

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
// The layout is that of kafka/batch/record_batch.h.
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

offsets::PartitionState MakeState(int64_t offset, int batches) {
  offsets::PartitionState state;
  state.position = offsets::SourceOffset(offset);
  state.target_end = offsets::TargetOffset(offset);
  state.eras = {{offsets::TargetOffset(0), {kProducerId, 0}, 0}};
  for (int i = 0; i < batches; ++i) {
    const offsets::SourceOffset base(offset + int64_t{i} * kRecordsPerBatch);
    state.intents.push_back(
        {base, base + kRecordsPerBatch, kRecordsPerBatch, static_cast<uint32_t>(base.value * 2654435761)});
  }
  state.last_run = offsets::Run{offsets::SourceOffset(0), offsets::TargetOffset(0), offset + 1};
  state.evidence = {offset, 1, kRecordsPerBatch, 4711};
  return state;
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

// What a shard stores after a Fetch response: one state per partition, eight batches named by each. CPU time of the
// whole process, so with the hand-over to the store's thread. `cold`: as in a copy, where batches have passed through
// the caches since the write before.
void StoreIntents(benchmark::State& state) {
  const auto partitions = static_cast<int32_t>(state.range(0));
  const bool is_cold = state.range(1) != 0;
  constexpr int kBatches = 8;
  constexpr size_t kPassedBytes = 8 << 20;
  const tests::TempDir folder("store-benchmark");
  absl::StatusOr<std::unique_ptr<offsets::Store>> store = offsets::Store::Open({.folder = folder.path()});
  CHECK(store.ok()) << store.status();
  std::vector<char> passed(is_cold ? kPassedBytes : 0);
  int64_t offset = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<offsets::PartitionWrite> writes;
    for (int32_t partition = 0; partition < partitions; ++partition)
      writes.push_back({{1, partition}, MakeState(offset, kBatches)});
    offset += int64_t{kBatches} * kRecordsPerBatch;
    std::fill(passed.begin(), passed.end(), static_cast<char>(offset));
    absl::Notification stored;
    state.ResumeTiming();
    (*store)->Write(std::move(writes), [&] { stored.Notify(); });
    stored.WaitForNotification();
  }
}
BENCHMARK(StoreIntents)->ArgsProduct({{1, 12, 100}, {0, 1}})->ArgNames({"partitions", "cold"})->MeasureProcessCPUTime();

// What every start and end of the program pays for its store: of a new folder, or of one that a hundred partitions have
// written to. CPU time of the whole process.
void OpenStore(benchmark::State& state) {
  const bool is_new = state.range(0) == 0;
  const tests::TempDir folder("store-benchmark");
  if (!is_new) {
    absl::StatusOr<std::unique_ptr<offsets::Store>> store = offsets::Store::Open({.folder = folder.path()});
    CHECK(store.ok()) << store.status();
    std::vector<offsets::PartitionWrite> writes;
    for (int32_t partition = 0; partition < 100; ++partition) writes.push_back({{1, partition}, MakeState(0, 1)});
    (*store)->Write(std::move(writes), [] {});
  }
  int opened = 0;
  for (auto _ : state) {
    const std::string path = is_new ? absl::StrCat(folder.path(), "/", ++opened) : folder.path();
    absl::StatusOr<std::unique_ptr<offsets::Store>> store = offsets::Store::Open({.folder = path});
    CHECK(store.ok()) << store.status();
    CHECK((*store)->LoadPartitions(1).ok());
  }
}
BENCHMARK(OpenStore)->Arg(0)->Arg(1)->ArgName("old")->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace replicator::bench

BENCHMARK_MAIN();
