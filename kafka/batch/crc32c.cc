#include "kafka/batch/crc32c.h"

#include <glog/logging.h>
#include <isa-l/crc.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace replicator::kafka {
namespace {

// Polynomials over GF(2) in the reflected order of CRC-32C: the highest bit is the coefficient of x^0.
constexpr uint32_t kPolynomial = 0x82F63B78;  // P without its x^32.
constexpr uint32_t kOne = 0x80000000;

constexpr uint32_t TimesX(uint32_t a) { return (a >> 1) ^ ((a & 1) != 0 ? kPolynomial : 0); }

constexpr uint32_t DividedByX(uint32_t a) {
  // TimesX sets the highest bit exactly when it subtracted P.
  return (a & kOne) != 0 ? ((a ^ kPolynomial) << 1) | 1 : a << 1;
}

// a * b mod P.
constexpr uint32_t Times(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = kOne; bit != 0; bit >>= 1) {
    product ^= (a & bit) != 0 ? b : 0;
    b = TimesX(b);
  }
  return product;
}

// One carry-less multiplication and one CRC instruction together give a * b * x^33 mod P: 32 because the
// CRC instruction multiplies by x^32, one more because the 63-bit product of two reflected 32-bit values
// stands one place off in 64 bits. So the factors below are stored divided by x^33.
constexpr int kSurplusPower = 33;

constexpr uint32_t SurplusDivisor() {
  uint32_t divisor = kOne;
  for (int i = 0; i < kSurplusPower; ++i) divisor = DividedByX(divisor);
  return divisor;
}
constexpr uint32_t SurplusFactor() {
  uint32_t factor = kOne;
  for (int i = 0; i < kSurplusPower; ++i) factor = TimesX(factor);
  return factor;
}

// kShift[k][b] = x^(8 * b * 256^k - 33) mod P, so that a shift by n bytes is one multiplication for each
// byte of n. Four levels reach 4 GiB, more than a batch's int32 length can say.
constexpr int kShiftLevels = 4;
using ShiftTable = std::array<std::array<uint32_t, 256>, kShiftLevels>;

constexpr ShiftTable MakeShiftTable() {
  ShiftTable table = {};
  uint32_t step = kOne;  // x^(8 * 256^k)
  for (int i = 0; i < 8; ++i) step = TimesX(step);
  for (std::array<uint32_t, 256>& level : table) {
    level[0] = SurplusDivisor();
    for (size_t b = 1; b < level.size(); ++b) level[b] = Times(level[b - 1], step);
    for (int i = 0; i < 8; ++i) step = Times(step, step);
  }
  return table;
}

constexpr ShiftTable kShift = MakeShiftTable();
static_assert(Times(SurplusDivisor(), SurplusFactor()) == kOne);

// ISA-L takes and gives the bare register: without the inversions at begin and end.
uint32_t Register(uint32_t start, const char* bytes, size_t size) {
  while (size > 0) {
    const size_t piece = std::min(size, size_t{std::numeric_limits<int>::max()});
    // ISA-L only reads the buffer; its signature lacks the const.
    start = crc32_iscsi(reinterpret_cast<unsigned char*>(const_cast<char*>(bytes)), static_cast<int>(piece), start);
    bytes += piece;
    size -= piece;
  }
  return start;
}

#if defined(__x86_64__)

bool CpuHasInstructions() { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"); }

__attribute__((target("sse4.2,pclmul"))) uint32_t ReplaceHeaderFast(uint32_t old_crc, const char* old_header,
                                                                    const char* new_header, size_t payload_bytes) {
  // The CRC of the difference, started at 0: the inversions cancel each other out.
  uint64_t difference = 0;
  for (size_t at = 0; at < kCrcHeaderBytes; at += sizeof(uint64_t)) {
    uint64_t old_word;
    uint64_t new_word;
    std::memcpy(&old_word, old_header + at, sizeof(old_word));
    std::memcpy(&new_word, new_header + at, sizeof(new_word));
    difference = _mm_crc32_u64(difference, old_word ^ new_word);
  }
  for (int level = 0; payload_bytes != 0; ++level, payload_bytes >>= 8) {
    const uint32_t factor = kShift[level][payload_bytes & 0xFF];
    const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(difference)),
                                                 _mm_cvtsi64_si128(static_cast<int64_t>(uint64_t{factor})), 0);
    difference = _mm_crc32_u64(0, static_cast<uint64_t>(_mm_cvtsi128_si64(product)));
  }
  return old_crc ^ static_cast<uint32_t>(difference);
}

#endif

}  // namespace

uint32_t Crc32cExtend(uint32_t crc_of_a, absl::Span<const char> b) { return ~Register(~crc_of_a, b.data(), b.size()); }

uint32_t Crc32c(absl::Span<const char> bytes) { return Crc32cExtend(0, bytes); }

uint32_t internal::Crc32cReplaceHeaderPortable(uint32_t old_crc, absl::Span<const char> old_header,
                                               absl::Span<const char> new_header, size_t payload_bytes) {
  char header_difference[kCrcHeaderBytes];
  for (size_t i = 0; i < kCrcHeaderBytes; ++i) {
    header_difference[i] = static_cast<char>(old_header[i] ^ new_header[i]);
  }
  uint32_t difference = Register(0, header_difference, kCrcHeaderBytes);
  for (int level = 0; payload_bytes != 0; ++level, payload_bytes >>= 8) {
    difference = Times(Times(difference, kShift[level][payload_bytes & 0xFF]), SurplusFactor());
  }
  return old_crc ^ difference;
}

uint32_t Crc32cReplaceHeader(uint32_t old_crc, absl::Span<const char> old_header, absl::Span<const char> new_header,
                             size_t payload_bytes) {
  DCHECK_EQ(old_header.size(), kCrcHeaderBytes);
  DCHECK_EQ(new_header.size(), kCrcHeaderBytes);
  CHECK_LE(payload_bytes, size_t{std::numeric_limits<uint32_t>::max()});
#if defined(__x86_64__)
  static const bool kCpuHasInstructions = CpuHasInstructions();
  if (kCpuHasInstructions) return ReplaceHeaderFast(old_crc, old_header.data(), new_header.data(), payload_bytes);
#endif
  return internal::Crc32cReplaceHeaderPortable(old_crc, old_header, new_header, payload_bytes);
}

}  // namespace replicator::kafka
