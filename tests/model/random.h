// The model test's source of chance: small, fast, and the same on every machine, so that a seed replays a run.
#ifndef REPLICATOR_TESTS_MODEL_RANDOM_H_
#define REPLICATOR_TESTS_MODEL_RANDOM_H_

#include <cstdint>

namespace replicator::tests {

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 0x2545f4914f6cdd1du) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  // 0 ... n - 1. REQUIRES: 0 < n < 2^32.
  int Below(int n) { return static_cast<int>(((Next() >> 32) * static_cast<uint64_t>(n)) >> 32); }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_MODEL_RANDOM_H_
