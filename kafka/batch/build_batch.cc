#include "kafka/batch/build_batch.h"

#include <glog/logging.h>

#include <string_view>

#include "kafka/batch/crc32c.h"
#include "kafka/batch/record_batch.h"
#include "kafka/wire/big_endian.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {
namespace {

constexpr size_t kBatchLengthAt = 8;
constexpr size_t kCrcAt = 17;
constexpr size_t kAttributesAt = 21;
constexpr int16_t kTransactionalBit = 0x10;

void AppendField(const std::optional<std::string_view>& field, std::string& record) {
  Writer writer(&record, Encoding::kClassic);
  writer.WriteVarint(field.has_value() ? static_cast<int32_t>(field->size()) : -1);
  if (field.has_value()) record.append(*field);
}

// As records.h has it.
void AppendRecord(const NewRecord& record, int32_t offset_delta, std::string& batch) {
  std::string body;
  Writer writer(&body, Encoding::kClassic);
  writer.WriteInt8(0);     // attributes
  writer.WriteVarlong(0);  // timestamp delta
  writer.WriteVarint(offset_delta);
  AppendField(record.key, body);
  AppendField(record.value, body);
  writer.WriteVarint(0);  // headers
  Writer(&batch, Encoding::kClassic).WriteVarint(static_cast<int32_t>(body.size()));
  batch += body;
}

}  // namespace

std::string BuildBatch(absl::Span<const NewRecord> records, int64_t timestamp_ms, const BatchProducer& producer) {
  CHECK(!records.empty());
  const int32_t count = static_cast<int32_t>(records.size());
  std::string batch;
  Writer header(&batch, Encoding::kClassic);
  header.WriteInt64(0);   // base offset
  header.WriteInt32(0);   // batch length
  header.WriteInt32(-1);  // leader epoch
  header.WriteInt8(2);    // magic
  header.WriteInt32(0);   // crc
  header.WriteInt16(producer.is_transactional ? kTransactionalBit : 0);
  header.WriteInt32(count - 1);  // last offset delta
  header.WriteInt64(timestamp_ms);
  header.WriteInt64(timestamp_ms);
  header.WriteInt64(producer.id);
  header.WriteInt16(producer.epoch);
  header.WriteInt32(producer.base_sequence);
  header.WriteInt32(count);
  for (int32_t i = 0; i < count; ++i) AppendRecord(records[i], i, batch);
  StoreInt32(batch.data() + kBatchLengthAt, static_cast<int32_t>(batch.size() - kLogOverheadBytes));
  const uint32_t crc = Crc32c(absl::MakeConstSpan(batch).subspan(kAttributesAt));
  StoreInt32(batch.data() + kCrcAt, static_cast<int32_t>(crc));
  return batch;
}

}  // namespace replicator::kafka
