#include "offsets/store_codec.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "offsets/run_codec.h"
#include "offsets/store.pb.h"

namespace replicator::offsets {
namespace {

constexpr char kLinkLetter = 'L';
constexpr char kOwnershipLetter = 'O';
constexpr char kTopicLetter = 'T';
constexpr char kPartitionLetter = 'P';
constexpr char kChunkLetter = 'R';
constexpr size_t kPartitionKeyBytes = 1 + 4 + 4;
constexpr size_t kChunkKeyBytes = kPartitionKeyBytes + 8;

template <typename Number>
void PutBigEndian(std::string& out, Number number) {
  for (int shift = static_cast<int>(sizeof(Number) - 1) * 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(number >> shift & 0xff));
}

template <typename Number>
Number GetBigEndian(absl::string_view bytes) {
  Number number = 0;
  for (size_t i = 0; i < sizeof(Number); ++i)
    number = static_cast<Number>(number << 8 | static_cast<uint8_t>(bytes[i]));
  return number;
}

std::string PartitionKeyWith(char letter, PartitionKey key) {
  std::string bytes(1, letter);
  PutBigEndian(bytes, key.topic);
  PutBigEndian(bytes, static_cast<uint32_t>(key.partition));
  return bytes;
}

PartitionKey PartitionKeyAt(absl::string_view key) {
  return {GetBigEndian<uint32_t>(key.substr(1)), static_cast<int32_t>(GetBigEndian<uint32_t>(key.substr(5)))};
}

absl::Status NotA(const char* what) { return absl::InvalidArgumentError(absl::StrCat("not a ", what)); }

template <typename Message>
bool Parse(absl::string_view bytes, Message& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void SetProducer(const Producer& producer, stored::Producer* out) {
  out->set_id(producer.id);
  out->set_epoch(producer.epoch);
}

Producer ProducerOf(const stored::Producer& producer) {
  return {producer.id(), static_cast<int16_t>(producer.epoch())};
}

void SetIntents(const PartitionState& state, stored::Partition* out) {
  SourceOffset end = state.position;
  for (const Intent& intent : state.intents) {
    stored::Intent* stored = out->add_intents();
    stored->set_source_gap(intent.source_base - end);
    stored->set_record_count(intent.record_count);
    stored->set_trailing_gap(intent.source_end - (intent.source_base + intent.record_count));
    stored->set_content_crc(intent.content_crc);
    stored->set_codec(static_cast<uint32_t>(intent.codec));
    end = intent.source_end;
  }
}

absl::Status ReadIntents(const stored::Partition& from, PartitionState& state) {
  SourceOffset end = state.position;
  for (const stored::Intent& stored : from.intents()) {
    if (stored.source_gap() < 0 || stored.record_count() <= 0 || stored.trailing_gap() < 0)
      return NotA("partition's record: an intent makes no sense");
    Intent intent;
    intent.source_base = end + stored.source_gap();
    intent.record_count = stored.record_count();
    intent.source_end = intent.source_base + stored.record_count() + stored.trailing_gap();
    intent.content_crc = stored.content_crc();
    intent.codec = static_cast<kafka::Codec>(stored.codec());
    end = intent.source_end;
    state.intents.push_back(intent);
  }
  return absl::OkStatus();
}

}  // namespace

std::string LinkKey() { return std::string(1, kLinkLetter); }
std::string OwnershipKey() { return std::string(1, kOwnershipLetter); }
std::string TopicKey(absl::string_view name) { return absl::StrCat(std::string(1, kTopicLetter), name); }
std::string PartitionKeyBytes(PartitionKey key) { return PartitionKeyWith(kPartitionLetter, key); }

std::string ChunkKey(PartitionKey key, SourceOffset source_begin) {
  std::string bytes = PartitionKeyWith(kChunkLetter, key);
  PutBigEndian(bytes, static_cast<uint64_t>(source_begin.value));
  return bytes;
}

std::string EndOf(char letter) { return std::string(1, static_cast<char>(letter + 1)); }

absl::StatusOr<std::string> ParseTopicKey(absl::string_view key) {
  if (key.size() < 2 || key[0] != kTopicLetter) return NotA("topic's key");
  return std::string(key.substr(1));
}

absl::StatusOr<PartitionKey> ParsePartitionKey(absl::string_view key) {
  if (key.size() != kPartitionKeyBytes || key[0] != kPartitionLetter) return NotA("partition's key");
  return PartitionKeyAt(key);
}

absl::StatusOr<ChunkKeyParts> ParseChunkKey(absl::string_view key) {
  if (key.size() != kChunkKeyBytes || key[0] != kChunkLetter) return NotA("chunk's key");
  return ChunkKeyParts{PartitionKeyAt(key),
                       SourceOffset(static_cast<int64_t>(GetBigEndian<uint64_t>(key.substr(kPartitionKeyBytes))))};
}

std::string EncodeLink(const LinkRecord& link) {
  stored::Link out;
  out.set_schema_version(kSchemaVersion);
  out.set_source_cluster_id(link.source_cluster_id);
  out.set_target_cluster_id(link.target_cluster_id);
  out.set_isolation_level(link.isolation_level);
  SetProducer(link.producer, out.mutable_producer());
  out.set_instance_id(link.instance_id);
  out.set_lock_held_since_ms(link.lock_held_since_ms);
  return out.SerializeAsString();
}

absl::StatusOr<LinkRecord> DecodeLink(absl::string_view bytes) {
  stored::Link from;
  if (!Parse(bytes, from)) return NotA("link's record");
  if (from.schema_version() > kSchemaVersion) {
    return absl::FailedPreconditionError(absl::StrCat("it was written by a newer replicator (schema ",
                                                      from.schema_version(), ", this one knows ", kSchemaVersion,
                                                      "): use that version or a later one"));
  }
  if (from.schema_version() < kSchemaVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("it was written by an older replicator (schema ", from.schema_version(), ", this one knows ",
                     kSchemaVersion, "): move it away, and what was copied is recognised by its content"));
  }
  return LinkRecord{.source_cluster_id = from.source_cluster_id(),
                    .target_cluster_id = from.target_cluster_id(),
                    .isolation_level = from.isolation_level(),
                    .producer = ProducerOf(from.producer()),
                    .instance_id = from.instance_id(),
                    .lock_held_since_ms = from.lock_held_since_ms()};
}

namespace {

void SetOwnership(const Ownership& ownership, stored::Ownership* out) {
  out->set_number(ownership.number);
  out->set_id(ownership.id);
  out->set_flush(ownership.flush);
}

Ownership OwnershipOf(const stored::Ownership& from) {
  return {.number = from.number(), .id = from.id(), .flush = from.flush()};
}

}  // namespace

std::string EncodeOwnership(const StoredOwnership& ownership) {
  stored::StoredOwnership out;
  SetOwnership(ownership.own, out.mutable_own());
  SetOwnership(ownership.before, out.mutable_before());
  return out.SerializeAsString();
}

absl::StatusOr<StoredOwnership> DecodeOwnership(absl::string_view bytes) {
  stored::StoredOwnership from;
  if (!Parse(bytes, from)) return NotA("record of who writes the changelog");
  return StoredOwnership{OwnershipOf(from.own()), OwnershipOf(from.before())};
}

std::string EncodeTopic(const TopicRecord& topic) {
  stored::Topic out;
  out.set_number(topic.number);
  out.set_source_id(topic.source_id);
  out.set_target_id(topic.target_id);
  out.set_target_name(topic.target_name);
  return out.SerializeAsString();
}

absl::StatusOr<TopicRecord> DecodeTopic(absl::string_view bytes) {
  stored::Topic from;
  if (!Parse(bytes, from)) return NotA("topic's record");
  return TopicRecord{.number = from.number(),
                     .source_id = from.source_id(),
                     .target_id = from.target_id(),
                     .target_name = from.target_name()};
}

std::string EncodePartition(const PartitionState& state) {
  // Written all the time: the messages inside of it are kept.
  static thread_local stored::Partition out;
  out.Clear();
  out.mutable_tail_begin()->set_source(state.tail_begin.source.value);
  out.mutable_tail_begin()->set_target(state.tail_begin.target.value);
  out.set_has_chunks(state.has_chunks);
  out.set_position(state.position.value);
  out.set_target_end(state.target_end.value);
  for (const Era& era : state.eras) {
    stored::Era* stored = out.add_eras();
    stored->set_begin(era.begin.value);
    SetProducer(era.producer, stored->mutable_producer());
    stored->set_ordinal_minus_target(era.ordinal_minus_target);
  }
  SetIntents(state, &out);
  if (state.last_run.has_value()) {
    out.mutable_last_run()->set_source_base(state.last_run->source_base.value);
    out.mutable_last_run()->set_target_base(state.last_run->target_base.value);
    out.mutable_last_run()->set_count(state.last_run->count);
  }
  if (state.evidence.base_offset >= 0) {
    out.mutable_evidence()->set_base_offset(state.evidence.base_offset);
    out.mutable_evidence()->set_leader_epoch(state.evidence.leader_epoch);
    out.mutable_evidence()->set_record_count(state.evidence.record_count);
    out.mutable_evidence()->set_content_crc(state.evidence.content_crc);
  }
  out.set_records_lost(state.records_lost);
  out.set_lost_at_ms(state.lost_at_ms);
  out.set_is_compacted(state.is_compacted);
  out.set_resume_from(state.resume_from);
  out.set_current_at_ms(state.current_at_ms);
  out.set_source_log_start_max_plus_1(static_cast<uint64_t>(state.source_log_start_max + 1));
  out.set_position_epoch_plus_1(static_cast<uint32_t>(state.position_epoch + 1));
  if (state.quarantine.has_value()) {
    out.mutable_quarantine()->set_code(state.quarantine->code);
    out.mutable_quarantine()->set_reason(state.quarantine->reason);
    out.mutable_quarantine()->set_since_ms(state.quarantine->since_ms);
  }
  return out.SerializeAsString();
}

absl::StatusOr<PartitionState> DecodePartition(absl::string_view bytes) {
  stored::Partition from;
  if (!Parse(bytes, from)) return NotA("partition's record");
  PartitionState state;
  state.tail_begin = {SourceOffset(from.tail_begin().source()), TargetOffset(from.tail_begin().target())};
  state.has_chunks = from.has_chunks();
  state.position = SourceOffset(from.position());
  state.target_end = TargetOffset(from.target_end());
  for (const stored::Era& era : from.eras()) {
    state.eras.push_back({TargetOffset(era.begin()), ProducerOf(era.producer()), era.ordinal_minus_target()});
  }
  absl::Status intents = ReadIntents(from, state);
  if (!intents.ok()) return intents;
  if (from.has_last_run()) {
    const stored::Run& run = from.last_run();
    if (run.count() <= 0) return NotA("partition's record: its last run is empty");
    state.last_run = Run{SourceOffset(run.source_base()), TargetOffset(run.target_base()), run.count()};
  }
  if (from.has_evidence()) {
    state.evidence = {from.evidence().base_offset(), from.evidence().leader_epoch(), from.evidence().record_count(),
                      from.evidence().content_crc()};
  }
  state.records_lost = from.records_lost();
  state.lost_at_ms = from.lost_at_ms();
  state.is_compacted = from.is_compacted();
  state.resume_from = from.resume_from();
  state.current_at_ms = from.current_at_ms();
  state.source_log_start_max = static_cast<int64_t>(from.source_log_start_max_plus_1()) - 1;
  state.position_epoch = static_cast<int32_t>(from.position_epoch_plus_1()) - 1;
  // Not written by earlier versions; where nothing was skipped behind the last batch it is that one's.
  if (state.position_epoch < 0 && state.evidence.base_offset + state.evidence.record_count == state.position.value)
    state.position_epoch = state.evidence.leader_epoch;
  if (from.has_quarantine()) {
    state.quarantine =
        StoredQuarantine{from.quarantine().code(), from.quarantine().reason(), from.quarantine().since_ms()};
  }
  return state;
}

std::string EncodeChunk(const KnownRange& chunk) {
  stored::Chunk out;
  out.set_target_begin(chunk.begin.target.value);
  out.set_source_span(chunk.source_end - chunk.begin.source);
  out.set_runs(EncodeRuns(chunk.begin, chunk.runs));
  return out.SerializeAsString();
}

absl::StatusOr<KnownRange> DecodeChunk(SourceOffset source_begin, absl::string_view bytes) {
  stored::Chunk from;
  if (!Parse(bytes, from) || from.source_span() <= 0) return NotA("chunk of an offset map");
  KnownRange chunk = {.begin = {source_begin, TargetOffset(from.target_begin())},
                      .source_end = source_begin + from.source_span(),
                      .runs = {}};
  absl::StatusOr<std::vector<Run>> runs = DecodeRuns(chunk.begin, from.runs());
  if (!runs.ok()) return runs.status();
  TargetOffset target_end = chunk.begin.target;
  for (const Run& run : *runs) {
    if (run.target_base != target_end || run.source_end() > chunk.source_end)
      return NotA("chunk of an offset map: a run is not where it belongs");
    target_end = run.target_end();
  }
  chunk.runs = *std::move(runs);
  return chunk;
}

}  // namespace replicator::offsets
