#include "offsets/stored_chunks.h"

#include <rocksdb/iterator.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"

namespace replicator::offsets {
namespace {

// The chunk of `key` where `at` stands; NotFound when that is none.
absl::StatusOr<KnownRange> ChunkAt(const rocksdb::Iterator& at, PartitionKey key) {
  if (!at.Valid()) return absl::NotFoundError("no chunk");
  const absl::StatusOr<ChunkKeyParts> parts = ParseChunkKey(at.key().ToStringView());
  if (!parts.ok() || parts->partition != key) return absl::NotFoundError("no chunk");
  return DecodeChunk(parts->source_begin, at.value().ToStringView());
}

// Puts `at` to the last chunk that begins at or below `offset` of the target. Chunks ascend on both sides, so that one
// is found by halves of the source's offsets.
void SeekTarget(rocksdb::Iterator& at, PartitionKey key, TargetOffset offset) {
  SourceOffset low(0);  // what begins below is not searched
  SourceOffset high = kBehindAllChunks;
  while (low < high) {
    const SourceOffset middle = low + (high - low) / 2;
    at.SeekForPrev(ChunkKey(key, middle));
    absl::StatusOr<KnownRange> chunk = ChunkAt(at, key);
    if (chunk.ok() && chunk->begin.target > offset) {
      high = chunk->begin.source;
      continue;
    }
    // All up to `middle` begin low enough.
    if (!chunk.ok()) {
      at.Seek(ChunkKey(key, SourceOffset(0)));
    } else {
      low = std::max(low, chunk->begin.source);
      at.Next();
    }
    chunk = ChunkAt(at, key);
    if (!chunk.ok() || chunk->begin.target > offset || chunk->begin.source >= high) break;
    low = chunk->begin.source;
  }
  at.SeekForPrev(ChunkKey(key, low));
}

}  // namespace

std::vector<KnownRange> ChunksAround(rocksdb::Iterator& at, const ChunkQuestion& question) {
  std::vector<KnownRange> chunks;
  if (question.by_target) {
    SeekTarget(at, question.key, TargetOffset(question.offset));
  } else {
    at.SeekForPrev(ChunkKey(question.key, SourceOffset(question.offset)));
  }
  absl::StatusOr<KnownRange> chunk = ChunkAt(at, question.key);
  if (chunk.ok()) {
    chunks.push_back(*std::move(chunk));
    at.Next();
  } else if (absl::IsNotFound(chunk.status())) {
    at.Seek(ChunkKey(question.key, SourceOffset(0)));
  }
  chunk = ChunkAt(at, question.key);
  if (chunk.ok()) chunks.push_back(*std::move(chunk));
  return chunks;
}

SourceOffset EndOfChunksBelow(rocksdb::Iterator& at, PartitionKey key, const LogStarts& below) {
  SourceOffset end(0);
  for (at.Seek(ChunkKey(key, SourceOffset(0))); at.Valid(); at.Next()) {
    const absl::StatusOr<KnownRange> chunk = ChunkAt(at, key);
    if (!chunk.ok() || chunk->source_end > below.source || chunk->target_end() > below.target) break;
    end = chunk->source_end;
  }
  return end;
}

absl::Status LoadChunks(rocksdb::Iterator& at, PartitionKey key, size_t chunks_max, PartitionState& state) {
  std::vector<KnownRange>& chunks = state.map.chunks;
  MapBegin end = state.tail_begin;
  at.SeekForPrev(ChunkKey(key, kBehindAllChunks));
  for (; at.Valid() && chunks.size() < chunks_max; at.Prev()) {
    absl::StatusOr<KnownRange> chunk = ChunkAt(at, key);
    if (absl::IsNotFound(chunk.status())) break;
    if (!chunk.ok()) return chunk.status();
    if (chunk->source_end > end.source || chunk->target_end() > end.target)
      return absl::InvalidArgumentError("a chunk of an offset map reaches into the one behind");
    end = chunk->begin;
    chunks.push_back(*std::move(chunk));
  }
  state.older_chunks_omitted = !absl::IsNotFound(ChunkAt(at, key).status());
  std::reverse(chunks.begin(), chunks.end());
  return absl::OkStatus();
}

}  // namespace replicator::offsets
