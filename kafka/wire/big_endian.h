// Loads and stores of Kafka's big-endian integers at any address. The caller has checked the bounds.
#ifndef REPLICATOR_KAFKA_WIRE_BIG_ENDIAN_H_
#define REPLICATOR_KAFKA_WIRE_BIG_ENDIAN_H_

#include <cstdint>
#include <cstring>

namespace replicator::kafka {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the swaps below assume a little-endian machine");

inline int16_t LoadInt16(const char* at) {
  uint16_t value;
  std::memcpy(&value, at, sizeof(value));
  return static_cast<int16_t>(__builtin_bswap16(value));
}
inline int32_t LoadInt32(const char* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  return static_cast<int32_t>(__builtin_bswap32(value));
}
inline int64_t LoadInt64(const char* at) {
  uint64_t value;
  std::memcpy(&value, at, sizeof(value));
  return static_cast<int64_t>(__builtin_bswap64(value));
}
inline void StoreInt16(char* at, int16_t value) {
  const uint16_t swapped = __builtin_bswap16(static_cast<uint16_t>(value));
  std::memcpy(at, &swapped, sizeof(swapped));
}
inline void StoreInt32(char* at, int32_t value) {
  const uint32_t swapped = __builtin_bswap32(static_cast<uint32_t>(value));
  std::memcpy(at, &swapped, sizeof(swapped));
}
inline void StoreInt64(char* at, int64_t value) {
  const uint64_t swapped = __builtin_bswap64(static_cast<uint64_t>(value));
  std::memcpy(at, &swapped, sizeof(swapped));
}

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_BIG_ENDIAN_H_
