// A long copy between two real clusters on which everything is killed, stopped, cut and moved, again and again, while
// producers write; at its end the independent verifier compares every record. The same seed gives the same sequence of
// faults (their moments depend on the machine).
#ifndef REPLICATOR_TESTS_SOAK_SOAK_H_
#define REPLICATOR_TESTS_SOAK_SOAK_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace replicator::tests {

struct SoakOptions {
  absl::Duration duration = absl::Minutes(3);
  uint64_t seed = 1;
  // Goes on until the program was killed this often, even past `duration`.
  int kills_min = 20;
  // Of each of the three producers: plain, keyed and transactional (of which a third is aborted).
  double records_per_second = 1'000;
  // The records' times: 0 is now. Old ones make brokers forget the producer at each clean restart.
  absl::Duration record_age;
  // The target's topics are made before, compress anew with this codec (compression.type), and are accepted so. Empty:
  // the program makes them.
  std::string target_compression;
  std::string source_version = "3.1.2";
  std::string target_version = "4.3.1";
};

struct SoakResult {
  bool equal = false;
  std::string verdict;                // of the verifier, or what went wrong before
  std::map<std::string, int> faults;  // how often each kind struck
  int64_t records = 0;                // compared
  int64_t missing = 0;
  int64_t duplicated = 0;
  int64_t reordered = 0;
  int64_t changed = 0;
};

// Says on stdout what it does. Errors: the clusters cannot be run, not what the copy does wrong (SoakResult says that).
absl::StatusOr<SoakResult> RunSoak(const SoakOptions& options);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_SOAK_SOAK_H_
