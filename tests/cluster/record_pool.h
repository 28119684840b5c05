// Makes the values that the load generator writes: quickly (a copy and a few patched digits) and with the
// compressibility of real events.
#ifndef REPLICATOR_TESTS_CLUSTER_RECORD_POOL_H_
#define REPLICATOR_TESTS_CLUSTER_RECORD_POOL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace replicator::tests {

// A well-mixed 64-bit function of x (the finalizer of SplitMix64, Steele et al. 2014).
uint64_t Mix64(uint64_t x);

// Not thread-safe.
class RecordPool {
 public:
  // JSON documents like order events, or random bytes. `value_bytes` is the size of each value and at least 32.
  static RecordPool Json(int value_bytes, uint64_t seed);
  static RecordPool Random(int value_bytes, uint64_t seed);

  // The value of the record with this sequence. Valid until the next call.
  absl::string_view Value(int64_t sequence);

 private:
  RecordPool(bool json, int value_bytes, uint64_t seed) : json_(json), value_bytes_(value_bytes), seed_(seed) {}

  bool json_;
  int value_bytes_;
  uint64_t seed_;
  int64_t templates_count_ = 0;  // JSON: documents in pool_, each of value_bytes_.
  std::string pool_;
  std::string value_;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_RECORD_POOL_H_
