// Strong types for the three number lines of a replicated partition, so that a source offset cannot be passed where a
// target offset is wanted. Plain values; any thread.
#ifndef REPLICATOR_OFFSETS_OFFSETS_H_
#define REPLICATOR_OFFSETS_OFFSETS_H_

#include <compare>
#include <cstdint>
#include <ostream>

namespace replicator::offsets {

template <typename Line>
struct Offset {
  int64_t value = 0;

  constexpr Offset() = default;
  constexpr explicit Offset(int64_t v) : value(v) {}
  constexpr auto operator<=>(const Offset&) const = default;
  constexpr Offset operator+(int64_t records) const { return Offset(value + records); }
  constexpr int64_t operator-(Offset other) const { return value - other.value; }
  constexpr Offset& operator+=(int64_t records) {
    value += records;
    return *this;
  }
};

template <typename Line>
std::ostream& operator<<(std::ostream& out, Offset<Line> offset) {
  return out << offset.value;
}

// An offset in the source partition's log.
using SourceOffset = Offset<struct SourceLine>;
// An offset in the target partition's log.
using TargetOffset = Offset<struct TargetLine>;
// How many records of the source partition were replicated before this one. Kept apart from the target offset: the
// producer's sequence counts records, while offsets can also be taken by markers.
using Ordinal = Offset<struct OrdinalLine>;

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_OFFSETS_H_
