// CRC-32C (Castagnoli), the checksum of v2 record batches, and its repair after a change of the batch
// header that does not read the payload. Pure functions, any thread.
#ifndef REPLICATOR_KAFKA_BATCH_CRC32C_H_
#define REPLICATOR_KAFKA_BATCH_CRC32C_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace replicator::kafka {

// CRC-32C of `bytes`, as iSCSI and Kafka have it (RFC 3720 B.4): "123456789" gives 0xE3069283.
uint32_t Crc32c(absl::Span<const char> bytes);

// CRC-32C of a followed by b, given that of a.
uint32_t Crc32cExtend(uint32_t crc_of_a, absl::Span<const char> b);

// The part of a batch header that its checksum covers: bytes 21..60, attributes to record count.
inline constexpr size_t kCrcHeaderBytes = 40;

// The CRC-32C of new_header + payload, given `old_crc`, that of old_header + payload. The payload's
// content does not matter, only its length: a CRC is linear, so
//   new = old ^ shift(crc(old_header) ^ crc(new_header), payload_bytes)
// where shift(c, n) = c * x^(8n) mod P. Takes about as long for a byte as for a gigabyte, some 20 ns.
// A checksum that was wrong for the old header is wrong for the new one: damage stays detectable.
// REQUIRES: both headers are kCrcHeaderBytes long.
uint32_t Crc32cReplaceHeader(uint32_t old_crc, absl::Span<const char> old_header, absl::Span<const char> new_header,
                             size_t payload_bytes);

namespace internal {
// The same without special CPU instructions; what Crc32cReplaceHeader runs where they are missing.
uint32_t Crc32cReplaceHeaderPortable(uint32_t old_crc, absl::Span<const char> old_header,
                                     absl::Span<const char> new_header, size_t payload_bytes);
}  // namespace internal

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_BATCH_CRC32C_H_
