#include "kafka/wire/primitives.h"

#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace replicator::kafka {
namespace {

constexpr int kLeb128PayloadBits = 7;
constexpr uint8_t kLeb128More = 0x80;

}  // namespace

std::string UuidText(const Uuid& uuid) {
  return absl::WebSafeBase64Escape(std::string_view(reinterpret_cast<const char*>(uuid.data()), uuid.size()));
}

void Reader::Fail(const char* what) {
  if (failed_ != nullptr) return;
  failed_ = what;
  failed_at_ = position();
  next_ = end_;
}

Uuid Reader::ReadUuid() {
  Uuid uuid = kNoUuid;
  const char* at = Take(uuid.size(), "uuid");
  if (at != nullptr) std::memcpy(uuid.data(), at, uuid.size());
  return uuid;
}

uint64_t Reader::ReadLeb128(int bits, const char* what) {
  uint64_t value = 0;
  for (int shift = 0; shift < bits; shift += kLeb128PayloadBits) {
    const char* at = Take(1, what);
    if (at == nullptr) return 0;
    const uint8_t byte = static_cast<uint8_t>(*at);
    const uint64_t payload = byte & ~kLeb128More;
    const int bits_left = bits - shift;
    if (bits_left < kLeb128PayloadBits && (payload >> bits_left) != 0) break;
    value |= payload << shift;
    if ((byte & kLeb128More) == 0) return value;
  }
  Fail(what);
  return 0;
}

uint32_t Reader::ReadUnsignedVarint() { return static_cast<uint32_t>(ReadLeb128(32, "unsigned varint")); }

int32_t Reader::ReadVarint() {
  const uint32_t zigzag = static_cast<uint32_t>(ReadLeb128(32, "varint"));
  return static_cast<int32_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
}

int64_t Reader::ReadVarlong() {
  const uint64_t zigzag = ReadLeb128(64, "varlong");
  return static_cast<int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
}

std::string_view Reader::ReadRaw(int64_t length) {
  return TakeSized(length < 0 ? std::numeric_limits<int64_t>::max() : length, "bytes").value_or(std::string_view());
}

// length -1 is null, anything below is malformed.
std::optional<std::string_view> Reader::TakeSized(int64_t length, const char* what) {
  if (length == -1) return std::nullopt;
  if (length < 0 || static_cast<uint64_t>(length) > remaining()) {
    Fail(what);
    return std::nullopt;
  }
  return std::string_view(Take(static_cast<size_t>(length), what), static_cast<size_t>(length));
}

std::optional<std::string_view> Reader::ReadNullableString() {
  // A compact length is stored plus one, so that 0 is null (KIP-482).
  const int64_t length =
      encoding_ == Encoding::kFlexible ? static_cast<int64_t>(ReadUnsignedVarint()) - 1 : int64_t{ReadInt16()};
  if (!ok()) return std::nullopt;
  return TakeSized(length, "string");
}

std::string_view Reader::ReadString() {
  const std::optional<std::string_view> value = ReadNullableString();
  if (!value.has_value()) Fail("string that must not be null");
  return value.value_or(std::string_view());
}

std::optional<std::string_view> Reader::ReadNullableBytes() {
  const int64_t length =
      encoding_ == Encoding::kFlexible ? static_cast<int64_t>(ReadUnsignedVarint()) - 1 : int64_t{ReadInt32()};
  if (!ok()) return std::nullopt;
  return TakeSized(length, "bytes");
}

std::string_view Reader::ReadBytes() {
  const std::optional<std::string_view> value = ReadNullableBytes();
  if (!value.has_value()) Fail("bytes that must not be null");
  return value.value_or(std::string_view());
}

std::optional<size_t> Reader::ReadNullableArrayLength(size_t element_bytes_min) {
  const int64_t count =
      encoding_ == Encoding::kFlexible ? static_cast<int64_t>(ReadUnsignedVarint()) - 1 : int64_t{ReadInt32()};
  if (!ok() || count == -1) return std::nullopt;
  if (count < 0 || static_cast<uint64_t>(count) > remaining() / element_bytes_min) {
    Fail("array length");
    return std::nullopt;
  }
  return static_cast<size_t>(count);
}

size_t Reader::ReadArrayLength(size_t element_bytes_min) {
  const std::optional<size_t> count = ReadNullableArrayLength(element_bytes_min);
  if (!count.has_value()) Fail("array that must not be null");
  return count.value_or(0);
}

absl::Status Reader::Finish(std::string_view message) const {
  const size_t size = static_cast<size_t>(end_ - begin_);
  if (!ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(message, " is malformed: ", failed_, " at byte ", failed_at_, " of ", size));
  }
  if (remaining() != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(message, " is malformed: ", remaining(), " of ", size, " bytes left over"));
  }
  return absl::OkStatus();
}

void Writer::WriteLeb128(uint64_t value) {
  while (value >= kLeb128More) {
    out_->push_back(static_cast<char>(value | kLeb128More));
    value >>= kLeb128PayloadBits;
  }
  out_->push_back(static_cast<char>(value));
}

void Writer::WriteUnsignedVarint(uint32_t value) { WriteLeb128(value); }

void Writer::WriteVarint(int32_t value) {
  WriteLeb128((static_cast<uint32_t>(value) << 1) ^ static_cast<uint32_t>(value >> 31));
}

void Writer::WriteVarlong(int64_t value) {
  WriteLeb128((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}

void Writer::WriteLength(int64_t length, bool short_length) {
  if (encoding_ == Encoding::kFlexible) {
    WriteUnsignedVarint(static_cast<uint32_t>(length + 1));
  } else if (short_length) {
    WriteInt16(static_cast<int16_t>(length));
  } else {
    WriteInt32(static_cast<int32_t>(length));
  }
}

void Writer::WriteString(std::string_view value) {
  const size_t bytes_max =
      encoding_ == Encoding::kClassic ? kClassicStringBytesMax : size_t{std::numeric_limits<int32_t>::max()};
  if (value.size() > bytes_max) {
    ok_ = false;
    return;
  }
  WriteLength(static_cast<int64_t>(value.size()), /*short_length=*/true);
  out_->append(value);
}

void Writer::WriteNullableString(const std::optional<std::string>& value) {
  if (value.has_value()) {
    WriteString(*value);
  } else {
    WriteLength(-1, /*short_length=*/true);
  }
}

void Writer::WriteBytes(std::string_view value) {
  if (value.size() > size_t{std::numeric_limits<int32_t>::max()}) {
    ok_ = false;
    return;
  }
  WriteLength(static_cast<int64_t>(value.size()), /*short_length=*/false);
  out_->append(value);
}

void Writer::WriteNullableBytes(const std::optional<std::string>& value) {
  if (value.has_value()) {
    WriteBytes(*value);
  } else {
    WriteLength(-1, /*short_length=*/false);
  }
}

void Writer::WriteArrayLength(size_t count) {
  if (count > size_t{std::numeric_limits<int32_t>::max()}) {
    ok_ = false;
    return;
  }
  WriteLength(static_cast<int64_t>(count), /*short_length=*/false);
}

void Writer::WriteNullArray() { WriteLength(-1, /*short_length=*/false); }

}  // namespace replicator::kafka
