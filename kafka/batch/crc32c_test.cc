#include "kafka/batch/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace replicator::kafka {
namespace {

std::string RandomBytes(std::mt19937_64& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// Bit by bit, from the definition.
uint32_t SlowCrc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
  }
  return ~crc;
}

// The header repair in both implementations.
uint32_t Replace(uint32_t old_crc, const std::string& old_header, const std::string& new_header, size_t bytes) {
  const uint32_t fast = Crc32cReplaceHeader(old_crc, old_header, new_header, bytes);
  EXPECT_EQ(fast, internal::Crc32cReplaceHeaderPortable(old_crc, old_header, new_header, bytes));
  return fast;
}

TEST(Crc32cTest, KnownValuesAreMet) {
  EXPECT_EQ(Crc32c(std::string_view("")), 0u);
  EXPECT_EQ(Crc32c(std::string_view("123456789")), 0xE3069283u);
  // RFC 3720 B.4
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62A8AB43u);
}

TEST(Crc32cTest, AnyBytesGiveWhatTheDefinitionSays) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 200; ++i) {
    const std::string bytes = RandomBytes(random, random() % 5000);
    EXPECT_EQ(Crc32c(bytes), SlowCrc32c(bytes));
    const size_t cut = bytes.empty() ? 0 : random() % bytes.size();
    EXPECT_EQ(Crc32cExtend(Crc32c(bytes.substr(0, cut)), bytes.substr(cut)), Crc32c(bytes));
  }
}

TEST(Crc32cTest, AReplacedHeaderGivesTheSameAsAFullRecomputation) {
  std::mt19937_64 random(4);
  std::vector<size_t> sizes = {0,   1,   2,     3,     7,     8,       255,     256,          257,
                               511, 512, 65535, 65536, 65537, 1 << 20, 3 << 20, (1 << 24) + 1};
  for (int i = 0; i < 300; ++i) sizes.push_back(random() % (1 + (1u << (random() % 21))));
  const std::string payload = RandomBytes(random, (1 << 24) + 1);
  for (const size_t size : sizes) {
    const std::string old_header = RandomBytes(random, kCrcHeaderBytes);
    const std::string new_header = RandomBytes(random, kCrcHeaderBytes);
    const std::string_view body = std::string_view(payload).substr(0, size);
    const uint32_t old_crc = Crc32cExtend(Crc32c(old_header), body);
    EXPECT_EQ(Replace(old_crc, old_header, new_header, size), Crc32cExtend(Crc32c(new_header), body)) << size;
  }
}

TEST(Crc32cTest, TheLargestLengthsFollowFromSmallerOnes) {
  // Shifting by a + b is shifting by a, then by b: which needs no buffer of gigabytes. A header that ends
  // in its own difference and zeros plays the payload.
  std::mt19937_64 random(5);
  const std::string zeros(kCrcHeaderBytes, '\0');
  for (int i = 0; i < 100; ++i) {
    const size_t a = random() % (size_t{1} << 31);
    const size_t b = random() % (size_t{1} << 31);
    const std::string header = RandomBytes(random, kCrcHeaderBytes);
    const uint32_t shifted_by_a = Replace(0, zeros, header, a);
    // The bare CRC value c as the difference of two headers: c placed in the last four bytes has, after
    // its own 32 places, the value c * x^32; so it counts as shifted by four bytes more.
    std::string last_four = zeros;
    for (int byte = 0; byte < 4; ++byte) {
      last_four[kCrcHeaderBytes - 4 + byte] = static_cast<char>(shifted_by_a >> (8 * byte));
    }
    EXPECT_EQ(Replace(0, zeros, last_four, b), Replace(0, zeros, header, a + b + 4));
  }
}

TEST(Crc32cTest, AWrongChecksumStaysWrong) {
  std::mt19937_64 random(6);
  const std::string old_header = RandomBytes(random, kCrcHeaderBytes);
  const std::string new_header = RandomBytes(random, kCrcHeaderBytes);
  const std::string payload = RandomBytes(random, 1000);
  const uint32_t wrong = Crc32cExtend(Crc32c(old_header), payload) ^ 0x00010000;
  EXPECT_NE(Replace(wrong, old_header, new_header, payload.size()), Crc32cExtend(Crc32c(new_header), payload));
}

}  // namespace
}  // namespace replicator::kafka
