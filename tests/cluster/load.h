// A load generator on librdkafka: fills a topic from a thread of its own with records whose content tells their place.
//
// Record n of a run (n = first_sequence, first_sequence + 1, ...) goes to partition n % partitions. Its value holds n
// (the member "seq" of a JSON document, the first 8 bytes of random ones), so every record of a run differs and any
// mix-up shows in the content. The same options and seed write the same keys, values and headers. Deliveries are
// counted when the broker has acknowledged them (for transactions: when they are committed).
#ifndef REPLICATOR_TESTS_CLUSTER_LOAD_H_
#define REPLICATOR_TESTS_CLUSTER_LOAD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace replicator::tests {

enum class RecordShape {
  kJson,    // Text like an order event; lz4 shrinks it about 2.3 to 1, zstd 3.9 to 1.
  kRandom,  // Bytes that no codec shrinks.
};

struct LoadOptions {
  std::string bootstrap_servers;
  std::string topic;  // Must exist.
  int partitions = 1;

  // Records to write; 0: until Stop(). With transactions of which some are aborted: committed and aborted ones
  // together.
  int64_t records_total = 0;
  // Records per second; 0: as fast as it goes.
  double records_per_second = 0;
  int64_t first_sequence = 0;
  uint64_t seed = 1;

  RecordShape shape = RecordShape::kJson;
  // Bytes of a value. At least kValueBytesMin.
  int value_bytes = 1000;
  // none, gzip, snappy, lz4, zstd.
  std::string codec = "none";
  // Number of different keys in each partition; 0: null keys. -1: every record its own key.
  int64_t keys = -1;
  // Every n-th record is a tombstone (null value); 0: none. Needs keys.
  int tombstone_every = 0;
  // Headers per record. Of each three one has text, one an empty and one a null value.
  int headers = 0;

  // Milliseconds since 1970 of the record with sequence 0, and the step from each to the next; base -1: the time of
  // sending. (Old timestamps: a topic with the default retention loses them at the broker's next retention check.)
  int64_t timestamp_base_ms = -1;
  int64_t timestamp_step_ms = 1;

  // librdkafka's batch.size and linger.ms.
  int batch_bytes_max = 131072;
  int linger_ms = 5;

  // Transactions of this many records; 0: none. A share of them (0 ... 1) is written to the log and then aborted; the
  // records of an aborted transaction are not written again. A run ends when the markers of its transactions are in the
  // log, so that read_committed sees all of it.
  int records_per_transaction = 0;
  double abort_share = 0;

  // librdkafka properties of the caller, set last.
  std::map<std::string, std::string> client_properties;
};

inline constexpr int kValueBytesMin = 32;

// What has been acknowledged (and, in transactions, committed). Records that librdkafka gave up (its
// broker had just started, and knew no topic yet) are not in it, and not an error.
struct LoadCounts {
  std::vector<int64_t> partition_records;  // Index is the partition.
  std::vector<int64_t> partition_bytes;    // Keys and values, uncompressed.
  int64_t records = 0;
  int64_t bytes = 0;
  int64_t records_aborted = 0;
  // Sequence of the next record: the `first_sequence` of a run that goes on where this one ended.
  int64_t next_sequence = 0;
};

class LoadGenerator {
 public:
  // Starts the thread. Producers are idempotent with acks=all. InvalidArgument for options that librdkafka refuses.
  static absl::StatusOr<std::unique_ptr<LoadGenerator>> Start(const LoadOptions& options);

  // Stops writing at once; what is not delivered yet is given up.
  ~LoadGenerator();
  LoadGenerator(const LoadGenerator&) = delete;
  LoadGenerator& operator=(const LoadGenerator&) = delete;

  // Ends the run: nothing new is written, what is under way is delivered. Returns the counts, or the first delivery
  // error. A second call returns the same.
  absl::StatusOr<LoadCounts> Stop();

  // Waits until records_total are written and acknowledged. DeadlineExceeded if that takes longer (the run goes on).
  absl::StatusOr<LoadCounts> Wait(absl::Duration timeout);

  // What is acknowledged so far. Any thread.
  LoadCounts counts() const;

 private:
  class Impl;
  explicit LoadGenerator(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

// Start and Wait in one: writes records_total records.
absl::StatusOr<LoadCounts> WriteLoad(const LoadOptions& options, absl::Duration timeout = absl::Minutes(3));

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_LOAD_H_
