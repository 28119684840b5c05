// The field types of the Kafka protocol: bounds-checked reading and appending writing, big-endian.
//
// What each API looks like is in the sibling files; here are only the types that they are built of
// (Kafka's protocol guide, "Protocol Primitive Types"; KIP-482 for the compact ones and tagged fields).
// A message is "classic" (int16/int32 lengths) or, from some version of its API on, "flexible" (varint
// lengths, tagged fields at the end of each struct). Reader and Writer know which and choose the length
// encoding themselves, so that the code of an API reads like its schema.
//
// Ownership: Reader and everything it returns as a string_view point into the caller's bytes. Writer
// appends to the caller's string. Threading: none of it is shared; use one per message.
#ifndef REPLICATOR_KAFKA_WIRE_PRIMITIVES_H_
#define REPLICATOR_KAFKA_WIRE_PRIMITIVES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "kafka/wire/big_endian.h"

namespace replicator::kafka {

// A topic id (KIP-516). All zeros means "none".
using Uuid = std::array<uint8_t, 16>;
inline constexpr Uuid kNoUuid = {};

// As Kafka's own tools print a topic id: URL-safe base64 without padding, 22 characters.
std::string UuidText(const Uuid& uuid);

enum class Encoding : uint8_t { kClassic, kFlexible };

// The longest string of the classic encoding, in bytes (its length is an int16).
inline constexpr size_t kClassicStringBytesMax = 32767;

// Reads fields one after the other. The first malformed field makes the reader fail for good: from then
// on every read gives zero, null or empty, remaining() is 0, and status() names the first failure. So a
// parser reads a whole struct and asks once, but must not loop on a count without looking at ok().
class Reader {
 public:
  Reader(std::string_view bytes, Encoding encoding)
      : begin_(bytes.data()), next_(bytes.data()), end_(bytes.data() + bytes.size()), encoding_(encoding) {}

  int8_t ReadInt8() {
    const char* at = Take(1, "int8");
    return at == nullptr ? int8_t{0} : static_cast<int8_t>(*at);
  }
  int16_t ReadInt16() {
    const char* at = Take(2, "int16");
    return at == nullptr ? int16_t{0} : LoadInt16(at);
  }
  int32_t ReadInt32() {
    const char* at = Take(4, "int32");
    return at == nullptr ? int32_t{0} : LoadInt32(at);
  }
  int64_t ReadInt64() {
    const char* at = Take(8, "int64");
    return at == nullptr ? int64_t{0} : LoadInt64(at);
  }
  // Any value but 0 is true, as Kafka's own reader has it.
  bool ReadBool() { return ReadInt8() != 0; }
  Uuid ReadUuid();

  // LEB128, at most 5 bytes; more, or bits beyond the 32nd, are malformed.
  uint32_t ReadUnsignedVarint();
  // Zigzag over LEB128, as inside of records: 32 bits in at most 5, 64 bits in at most 10 bytes.
  int32_t ReadVarint();
  int64_t ReadVarlong();

  // Length in the encoding of the message. A null is malformed for the first, nullopt for the second.
  std::string_view ReadString();
  std::optional<std::string_view> ReadNullableString();
  // Bytes and records have one layout: an int32 (classic) or varint length, then the bytes.
  std::string_view ReadBytes();
  std::optional<std::string_view> ReadNullableBytes();
  // `length` bytes as they are. A negative length is malformed.
  std::string_view ReadRaw(int64_t length);

  // Number of elements. The count is malformed unless count * element_bytes_min bytes remain, so memory
  // reserved for it is bounded by the size of the message. element_bytes_min: the least that one element
  // takes on the wire, at least 1. A null array is malformed for the first, nullopt for the second.
  size_t ReadArrayLength(size_t element_bytes_min);
  std::optional<size_t> ReadNullableArrayLength(size_t element_bytes_min);

  // At the end of a struct: nothing in a classic message. Calls on_field(tag, Reader& value) for each
  // tagged field; what on_field leaves unread is skipped, so unknown tags need no code (KIP-482).
  template <typename OnField>
  void ReadTaggedFields(OnField on_field) {
    if (encoding_ == Encoding::kClassic) return;
    for (uint32_t left = ReadUnsignedVarint(); left > 0 && ok(); --left) {
      const uint32_t tag = ReadUnsignedVarint();
      const std::string_view bytes = ReadRaw(ReadUnsignedVarint());
      if (!ok()) return;
      Reader value(bytes, encoding_);
      on_field(tag, value);
      if (!value.ok()) Fail("tagged field");
    }
  }
  void SkipTaggedFields() {
    ReadTaggedFields([](uint32_t, Reader&) {});
  }

  bool ok() const { return failed_ == nullptr; }
  size_t remaining() const { return static_cast<size_t>(end_ - next_); }
  // Bytes read so far; where the next field begins.
  size_t position() const { return static_cast<size_t>(next_ - begin_); }
  // Makes the reader fail because a value makes no sense. `what` must outlive the reader (a literal).
  void Fail(const char* what);

  // OK if every field was read and no byte is left. Else InvalidArgument, naming `message`, the field
  // type and its place. A left-over byte is an error: we ask for a version, so we know its every field.
  absl::Status Finish(std::string_view message) const;

 private:
  // The next `count` bytes, or nullptr (and failed) if fewer remain.
  const char* Take(size_t count, const char* what) {
    if (count > remaining()) {
      Fail(what);
      return nullptr;
    }
    const char* at = next_;
    next_ += count;
    return at;
  }
  uint64_t ReadLeb128(int bits, const char* what);
  std::optional<std::string_view> TakeSized(int64_t length, const char* what);

  const char* begin_;
  const char* next_;
  const char* end_;
  Encoding encoding_;
  const char* failed_ = nullptr;  // What was being read when it failed.
  size_t failed_at_ = 0;
};

// A copy that outlives the message.
inline std::optional<std::string> OwnedString(std::optional<std::string_view> value) {
  if (!value.has_value()) return std::nullopt;
  return std::string(*value);
}

// Appends fields to a string. Writing cannot fail but for a value that its length field cannot express:
// that one is left out, and ok() is false from then on.
class Writer {
 public:
  Writer(std::string* out, Encoding encoding) : out_(out), encoding_(encoding) {}

  void WriteInt8(int8_t value) { out_->push_back(static_cast<char>(value)); }
  void WriteInt16(int16_t value) {
    char bytes[2];
    StoreInt16(bytes, value);
    out_->append(bytes, sizeof(bytes));
  }
  void WriteInt32(int32_t value) {
    char bytes[4];
    StoreInt32(bytes, value);
    out_->append(bytes, sizeof(bytes));
  }
  void WriteInt64(int64_t value) {
    char bytes[8];
    StoreInt64(bytes, value);
    out_->append(bytes, sizeof(bytes));
  }
  void WriteBool(bool value) { WriteInt8(value ? 1 : 0); }
  void WriteUuid(const Uuid& uuid) { out_->append(reinterpret_cast<const char*>(uuid.data()), uuid.size()); }
  void WriteUnsignedVarint(uint32_t value);
  void WriteVarint(int32_t value);
  void WriteVarlong(int64_t value);
  void WriteString(std::string_view value);
  void WriteNullableString(const std::optional<std::string>& value);
  void WriteBytes(std::string_view value);
  void WriteNullableBytes(const std::optional<std::string>& value);
  void WriteArrayLength(size_t count);
  void WriteNullArray();
  // The end of a struct: no tagged field is ever sent. Nothing in a classic message.
  void WriteNoTaggedFields() {
    if (encoding_ == Encoding::kFlexible) out_->push_back(0);
  }

  bool ok() const { return ok_; }
  Encoding encoding() const { return encoding_; }

 private:
  void WriteLeb128(uint64_t value);
  // A length, or -1 for null; int16 or int32 when classic.
  void WriteLength(int64_t length, bool short_length);

  std::string* out_;
  Encoding encoding_;
  bool ok_ = true;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_PRIMITIVES_H_
