#include "kafka/wire/primitives.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace replicator::kafka {
namespace {

class EncodingTest : public testing::TestWithParam<Encoding> {};

INSTANTIATE_TEST_SUITE_P(Both, EncodingTest, testing::Values(Encoding::kClassic, Encoding::kFlexible));

Uuid CountingUuid() {
  Uuid uuid;
  for (size_t i = 0; i < uuid.size(); ++i) uuid[i] = static_cast<uint8_t>(i);
  return uuid;
}

std::string OneOfEach(Encoding encoding) {
  std::string out;
  Writer writer(&out, encoding);
  writer.WriteInt8(-2);
  writer.WriteInt16(-300);
  writer.WriteInt32(std::numeric_limits<int32_t>::min());
  writer.WriteInt64(std::numeric_limits<int64_t>::min() + 1);
  writer.WriteBool(true);
  writer.WriteUuid(CountingUuid());
  writer.WriteString("name");
  writer.WriteNullableString(std::nullopt);
  writer.WriteNullableString("");
  writer.WriteBytes(std::string("\0\xff", 2));
  writer.WriteNullableBytes(std::nullopt);
  writer.WriteArrayLength(3);
  for (int i = 0; i < 3; ++i) writer.WriteInt32(i);
  writer.WriteNullArray();
  writer.WriteVarint(-1);
  writer.WriteVarlong(std::numeric_limits<int64_t>::min());
  writer.WriteUnsignedVarint(300);
  writer.WriteNoTaggedFields();
  EXPECT_TRUE(writer.ok());
  return out;
}

// Reads what OneOfEach() wrote; expects the values only while the reader is fine.
absl::Status ReadOneOfEach(std::string_view bytes, Encoding encoding, bool expect_values) {
  Reader reader(bytes, encoding);
  const int8_t small = reader.ReadInt8();
  const int16_t medium = reader.ReadInt16();
  const int32_t large = reader.ReadInt32();
  const int64_t huge = reader.ReadInt64();
  const bool flag = reader.ReadBool();
  const Uuid uuid = reader.ReadUuid();
  const std::string_view name = reader.ReadString();
  const auto null_string = reader.ReadNullableString();
  const auto empty_string = reader.ReadNullableString();
  const std::string_view some_bytes = reader.ReadBytes();
  const auto null_bytes = reader.ReadNullableBytes();
  std::vector<int32_t> numbers(reader.ReadArrayLength(4));
  for (int32_t& number : numbers) number = reader.ReadInt32();
  const auto null_array = reader.ReadNullableArrayLength(4);
  const int32_t varint = reader.ReadVarint();
  const int64_t varlong = reader.ReadVarlong();
  const uint32_t unsigned_varint = reader.ReadUnsignedVarint();
  reader.SkipTaggedFields();
  if (expect_values) {
    EXPECT_EQ(small, -2);
    EXPECT_EQ(medium, -300);
    EXPECT_EQ(large, std::numeric_limits<int32_t>::min());
    EXPECT_EQ(huge, std::numeric_limits<int64_t>::min() + 1);
    EXPECT_TRUE(flag);
    EXPECT_EQ(uuid, CountingUuid());
    EXPECT_EQ(name, "name");
    EXPECT_EQ(null_string, std::nullopt);
    EXPECT_EQ(empty_string, "");
    EXPECT_EQ(some_bytes, std::string("\0\xff", 2));
    EXPECT_EQ(null_bytes, std::nullopt);
    EXPECT_EQ(numbers, (std::vector<int32_t>{0, 1, 2}));
    EXPECT_EQ(null_array, std::nullopt);
    EXPECT_EQ(varint, -1);
    EXPECT_EQ(varlong, std::numeric_limits<int64_t>::min());
    EXPECT_EQ(unsigned_varint, 300u);
  }
  return reader.Finish("test message");
}

TEST_P(EncodingTest, WhatWasWrittenIsRead) {
  const std::string bytes = OneOfEach(GetParam());
  EXPECT_EQ(ReadOneOfEach(bytes, GetParam(), /*expect_values=*/true), absl::OkStatus());
}

TEST_P(EncodingTest, EveryTruncationIsAnError) {
  const std::string bytes = OneOfEach(GetParam());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);  // A copy of its own, so that sanitizers see its end.
    EXPECT_FALSE(ReadOneOfEach(cut, GetParam(), /*expect_values=*/false).ok()) << size;
  }
}

TEST_P(EncodingTest, ALeftOverByteIsAnError) {
  const std::string bytes = OneOfEach(GetParam()) + "x";
  const absl::Status status = ReadOneOfEach(bytes, GetParam(), /*expect_values=*/true);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("1 of"), std::string::npos) << status;
}

TEST_P(EncodingTest, AnArrayLongerThanItsMessageIsAnErrorBeforeAnyAllocation) {
  std::string bytes;
  Writer writer(&bytes, GetParam());
  writer.WriteArrayLength(std::numeric_limits<int32_t>::max());
  bytes.append(40, '\0');
  Reader reader(bytes, GetParam());
  EXPECT_EQ(reader.ReadArrayLength(1), 0u);
  EXPECT_FALSE(reader.ok());
}

TEST_P(EncodingTest, AnArrayMustHaveRoomForItsElements) {
  std::string bytes;
  Writer(&bytes, GetParam()).WriteArrayLength(11);
  bytes.append(43, '\0');
  EXPECT_EQ(Reader(bytes, GetParam()).ReadArrayLength(4), 0u);
  bytes.append(1, '\0');
  EXPECT_EQ(Reader(bytes, GetParam()).ReadArrayLength(4), 11u);
}

TEST_P(EncodingTest, ANullWhereNoneIsAllowedIsAnError) {
  std::string null_string;
  Writer(&null_string, GetParam()).WriteNullableString(std::nullopt);
  Reader string_reader(null_string, GetParam());
  string_reader.ReadString();
  EXPECT_FALSE(string_reader.ok());

  std::string null_array;
  Writer(&null_array, GetParam()).WriteNullArray();
  Reader array_reader(null_array, GetParam());
  array_reader.ReadArrayLength(1);
  EXPECT_FALSE(array_reader.ok());
}

TEST(ReaderTest, NegativeLengthsBelowNullAreErrors) {
  Reader string_reader(std::string_view("\xff\xfe", 2), Encoding::kClassic);
  string_reader.ReadNullableString();
  EXPECT_FALSE(string_reader.ok());
  Reader bytes_reader(std::string_view("\xff\xff\xff\xfe", 4), Encoding::kClassic);
  bytes_reader.ReadNullableBytes();
  EXPECT_FALSE(bytes_reader.ok());
  Reader array_reader(std::string_view("\x80\x00\x00\x00", 4), Encoding::kClassic);
  array_reader.ReadNullableArrayLength(1);
  EXPECT_FALSE(array_reader.ok());
  Reader raw_reader("abc", Encoding::kClassic);
  raw_reader.ReadRaw(-1);
  EXPECT_FALSE(raw_reader.ok());
}

TEST(ReaderTest, TheFirstFailureStaysAndIsNamed) {
  Reader reader(std::string_view("\x00\x01\x02", 3), Encoding::kClassic);
  EXPECT_EQ(reader.ReadInt16(), 1);
  EXPECT_EQ(reader.ReadInt32(), 0);
  EXPECT_EQ(reader.ReadInt8(), 0) << "one byte is left, but the reader has failed";
  EXPECT_EQ(reader.remaining(), 0u);
  EXPECT_EQ(reader.Finish("Greeting v1").message(), "Greeting v1 is malformed: int32 at byte 2 of 3");
}

TEST(ReaderTest, VarintsOfKafkasOwnTestsAreRead) {
  // Values and bytes of org.apache.kafka.common.utils.ByteUtilsTest.
  const auto unsigned_varint = [](std::string_view bytes) {
    return Reader(bytes, Encoding::kClassic).ReadUnsignedVarint();
  };
  EXPECT_EQ(unsigned_varint("\x7f"), 127u);
  EXPECT_EQ(unsigned_varint("\x80\x01"), 128u);
  EXPECT_EQ(unsigned_varint("\xff\xff\xff\xff\x0f"), std::numeric_limits<uint32_t>::max());
  const auto varint = [](std::string_view bytes) { return Reader(bytes, Encoding::kClassic).ReadVarint(); };
  EXPECT_EQ(varint("\x01"), -1);
  EXPECT_EQ(varint("\x7e"), 63);
  EXPECT_EQ(varint("\x7f"), -64);
  EXPECT_EQ(varint("\xfe\xff\xff\xff\x0f"), std::numeric_limits<int32_t>::max());
  EXPECT_EQ(varint("\xff\xff\xff\xff\x0f"), std::numeric_limits<int32_t>::min());
}

TEST(ReaderTest, OverlongVarintsAreErrors) {
  Reader six_bytes("\x80\x80\x80\x80\x80\x01", Encoding::kClassic);
  six_bytes.ReadUnsignedVarint();
  EXPECT_FALSE(six_bytes.ok());
  Reader bits_beyond_32("\xff\xff\xff\xff\x1f", Encoding::kClassic);
  bits_beyond_32.ReadUnsignedVarint();
  EXPECT_FALSE(bits_beyond_32.ok());
  Reader bits_beyond_64("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", Encoding::kClassic);
  bits_beyond_64.ReadVarlong();
  EXPECT_FALSE(bits_beyond_64.ok());
}

TEST(ReaderTest, VarintsOfAnyValueAreReadBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; ++i) {
    const int64_t value = static_cast<int64_t>(random() >> (random() % 64));
    std::string bytes;
    Writer writer(&bytes, Encoding::kClassic);
    writer.WriteVarlong(-value);
    writer.WriteVarint(static_cast<int32_t>(value));
    writer.WriteUnsignedVarint(static_cast<uint32_t>(value));
    Reader reader(bytes, Encoding::kClassic);
    EXPECT_EQ(reader.ReadVarlong(), -value);
    EXPECT_EQ(reader.ReadVarint(), static_cast<int32_t>(value));
    EXPECT_EQ(reader.ReadUnsignedVarint(), static_cast<uint32_t>(value));
    EXPECT_EQ(reader.Finish("varints"), absl::OkStatus());
  }
}

TEST(ReaderTest, UnknownTaggedFieldsAreSkippedAndKnownOnesSeen) {
  // Two fields: tag 5 with an int16, tag 200 with three bytes nobody knows; then an int8.
  const std::string_view bytes("\x02\x05\x02\x00\x07\xc8\x01\x03xyz\x09", 12);
  Reader reader(bytes, Encoding::kFlexible);
  int16_t seen = 0;
  reader.ReadTaggedFields([&seen](uint32_t tag, Reader& value) {
    if (tag == 5) seen = value.ReadInt16();
  });
  EXPECT_EQ(seen, 7);
  EXPECT_EQ(reader.ReadInt8(), 9);
  EXPECT_EQ(reader.Finish("tags"), absl::OkStatus());
}

TEST(ReaderTest, ATaggedFieldThatEndsTooEarlyIsAnError) {
  Reader reader(std::string_view("\x01\x05\x01\x07", 4), Encoding::kFlexible);
  reader.ReadTaggedFields([](uint32_t, Reader& value) { value.ReadInt16(); });
  EXPECT_FALSE(reader.ok());
}

TEST(ReaderTest, MoreTaggedFieldsThanBytesEndAtOnce) {
  Reader reader(std::string_view("\xff\xff\xff\xff\x0f\x00\x00", 7), Encoding::kFlexible);
  reader.SkipTaggedFields();
  EXPECT_FALSE(reader.ok());
}

TEST(WriterTest, AStringThatItsLengthCannotExpressIsNotWritten) {
  std::string out;
  Writer writer(&out, Encoding::kClassic);
  writer.WriteString(std::string(kClassicStringBytesMax, 'x'));
  EXPECT_TRUE(writer.ok());
  out.clear();
  writer.WriteString(std::string(kClassicStringBytesMax + 1, 'x'));
  EXPECT_FALSE(writer.ok());
  EXPECT_TRUE(out.empty());
}

TEST(UuidTest, IsPrintedAsKafkaPrintsIt) {
  EXPECT_EQ(UuidText(kNoUuid), "AAAAAAAAAAAAAAAAAAAAAA");
  EXPECT_EQ(UuidText(CountingUuid()), "AAECAwQFBgcICQoLDA0ODw");
}

}  // namespace
}  // namespace replicator::kafka
