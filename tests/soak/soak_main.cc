// `./dev soak --minutes N --seed S`: the soak as a program. Exit code 0 when the copy was exact.
#include <gflags/gflags.h>
#include <glog/logging.h>

#include <iostream>

#include "tests/soak/soak.h"

DEFINE_int32(minutes, 30, "how long");
DEFINE_uint64(seed, 1, "of the sequence of faults");
DEFINE_int32(kills, 0, "go on until the replicator was killed this often");
DEFINE_double(records_per_second, 1000, "of each of the three producers");
DEFINE_int32(record_age_days, 0, "age of the records' times; old ones make brokers forget the producer");
DEFINE_string(
    target_compression, "",
    "the target's topics are made before with this compression.type, which is not the source's, and accepted");
DEFINE_string(source_version, "3.1.2", "of Kafka");
DEFINE_string(target_version, "4.3.1", "of Kafka");

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  google::InitGoogleLogging(argv[0]);
  FLAGS_logtostderr = true;
  replicator::tests::SoakOptions options;
  options.duration = absl::Minutes(FLAGS_minutes);
  options.seed = FLAGS_seed;
  options.kills_min = FLAGS_kills;
  options.records_per_second = FLAGS_records_per_second;
  options.record_age = absl::Hours(24) * FLAGS_record_age_days;
  options.target_compression = FLAGS_target_compression;
  options.source_version = FLAGS_source_version;
  options.target_version = FLAGS_target_version;
  absl::StatusOr<replicator::tests::SoakResult> result = replicator::tests::RunSoak(options);
  if (!result.ok()) {
    std::cerr << "soak: " << result.status() << std::endl;
    return 1;
  }
  for (const auto& [fault, count] : result->faults) std::cout << count << " x " << fault << "\n";
  std::cout << "seed " << options.seed << ": " << (result->equal ? "EXACT" : "NOT EXACT") << ": " << result->verdict
            << std::endl;
  return result->equal ? 0 : 1;
}
