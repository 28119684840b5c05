#include "kafka/batch/records.h"

#include <limits>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kafka/batch/decompress.h"

namespace replicator::kafka {
namespace {

constexpr int kVarintBytesMax = 5;
constexpr int kVarlongBytesMax = 10;

// Reads forward; once something is missing or cannot be, everything reads as 0 and ok() is false.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  std::string_view ReadBytes(int64_t count) {
    if (count < 0 || static_cast<uint64_t>(count) > rest_.size()) return Fail();
    const std::string_view bytes = rest_.substr(0, static_cast<size_t>(count));
    rest_.remove_prefix(static_cast<size_t>(count));
    return bytes;
  }

  // A length that may be -1, and the bytes.
  std::optional<std::string_view> ReadNullable() {
    const int64_t length = ReadVarint();
    if (length == -1) return std::nullopt;
    return ReadBytes(length);
  }

  int64_t ReadVarint() {
    const int64_t value = ReadZigzag(kVarintBytesMax);
    if (value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max()) return value;
    Fail();
    return 0;
  }
  int64_t ReadVarlong() { return ReadZigzag(kVarlongBytesMax); }

 private:
  std::string_view Fail() {
    ok_ = false;
    rest_ = {};
    return {};
  }

  int64_t ReadZigzag(int bytes_max) {
    uint64_t raw = 0;
    for (int i = 0; i < bytes_max && !rest_.empty(); ++i) {
      const uint8_t byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      raw |= uint64_t{byte & 0x7FU} << (7 * i);
      if ((byte & 0x80) == 0) return static_cast<int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
    }
    Fail();
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

absl::Status Malformed(const RecordBatchView& batch, int32_t index) {
  return absl::InvalidArgumentError(
      absl::StrCat("record ", index, " of the batch at offset ", batch.base_offset(), " is damaged"));
}

void ReadHeaders(Cursor& cursor, std::vector<RecordHeader>& headers) {
  headers.clear();
  const int64_t count = cursor.ReadVarint();
  if (count < 0) cursor.ReadBytes(-1);
  // Each takes bytes, so a huge count ends with them.
  for (int64_t i = 0; i < count && cursor.ok(); ++i) {
    RecordHeader header;
    header.name = cursor.ReadBytes(cursor.ReadVarint());
    header.value = cursor.ReadNullable();
    if (cursor.ok()) headers.push_back(header);
  }
}

// One record, from behind its length on. False if it is damaged.
bool ReadRecord(const RecordBatchView& batch, std::string_view bytes, Record& record) {
  Cursor cursor(bytes);
  cursor.ReadBytes(1);  // attributes: none is defined
  const int64_t timestamp_delta = cursor.ReadVarlong();
  const int64_t offset_delta = cursor.ReadVarint();
  record.key = cursor.ReadNullable();
  record.value = cursor.ReadNullable();
  ReadHeaders(cursor, record.headers);
  if (!cursor.ok() || !cursor.at_end()) return false;
  if (offset_delta < 0 || offset_delta > batch.last_offset_delta()) return false;
  const int64_t offset = batch.base_offset() + offset_delta;
  if (offset <= record.offset) return false;
  record.offset = offset;
  if (batch.timestamp_type() == TimestampType::kLogAppendTime) {
    record.timestamp_ms = batch.max_timestamp_ms();
    return true;
  }
  return !__builtin_add_overflow(batch.base_timestamp_ms(), timestamp_delta, &record.timestamp_ms);
}

}  // namespace

absl::Status VisitRecords(const RecordBatchView& batch, absl::FunctionRef<void(const Record&)> visit) {
  if (batch.record_count() == 0) return absl::OkStatus();
  std::string_view payload(batch.payload().data(), batch.payload().size());
  std::string decompressed;
  if (batch.codec() != Codec::kNone) {
    absl::StatusOr<std::string> records = Decompress(batch.codec(), payload, kRecordsBytesMax);
    if (!records.ok()) return records.status();
    decompressed = *std::move(records);
    payload = decompressed;
  }
  Cursor cursor(payload);
  Record record;
  for (int32_t i = 0; i < batch.record_count(); ++i) {
    const std::string_view bytes = cursor.ReadBytes(cursor.ReadVarint());
    if (!cursor.ok() || !ReadRecord(batch, bytes, record)) return Malformed(batch, i);
    visit(record);
  }
  if (!cursor.at_end()) return Malformed(batch, batch.record_count());
  return absl::OkStatus();
}

}  // namespace replicator::kafka
