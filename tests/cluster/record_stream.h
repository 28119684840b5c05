// Reads ranges of partitions of one cluster with librdkafka and hands each record to a visitor. No consumer group is
// involved, so reading leaves no trace on the cluster.
#ifndef REPLICATOR_TESTS_CLUSTER_RECORD_STREAM_H_
#define REPLICATOR_TESTS_CLUSTER_RECORD_STREAM_H_

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/cluster/rdkafka_handle.h"

namespace replicator::tests {

struct StreamRange {
  std::string topic;
  int partition = 0;
  int64_t start = 0;
  int64_t end = INT64_MAX;  // First offset that is not read any more.
};

struct StreamOptions {
  std::string bootstrap_servers;
  bool read_committed = false;
  std::vector<StreamRange> ranges;
  ClientProperties client_properties;
};

// One thread uses a stream.
class RecordStream {
 public:
  static absl::StatusOr<std::unique_ptr<RecordStream>> Open(const StreamOptions& options);
  ~RecordStream();
  RecordStream(const RecordStream&) = delete;
  RecordStream& operator=(const RecordStream&) = delete;

  // Waits up to `timeout` for records and visits those that came: (index of the range, record). The record is valid
  // during the call only. Errors: a partition cannot be read (its start is out of range, no right to it). What heals by
  // itself is no error, a topic that a broker does not know yet among it: whoever reads has a deadline.
  absl::Status Poll(absl::Duration timeout, absl::FunctionRef<void(size_t, const rd_kafka_message_t&)> visit);

  // The range is read to its end, or was ended by Finish.
  bool finished(size_t range) const { return states_[range].finished; }
  // Nothing more was in the partition when it was last asked.
  bool at_end(size_t range) const { return states_[range].at_end; }
  bool all_finished() const { return unfinished_ == 0; }

  // Stops reading a range.
  void Finish(size_t range);

 private:
  struct State {
    rd_kafka_topic_t* topic = nullptr;
    bool consuming = false;
    bool finished = false;
    bool at_end = false;
  };
  // Ranges of one topic by partition.
  struct Topic {
    rd_kafka_topic_t* handle = nullptr;
    std::vector<int64_t> range_of_partition;
  };

  explicit RecordStream(const StreamOptions& options) : options_(options) {}
  absl::Status Start();
  absl::Status StartRange(size_t range);
  Topic* FindTopic(const std::string& name);
  absl::Status Visit(const rd_kafka_message_t& message,
                     absl::FunctionRef<void(size_t, const rd_kafka_message_t&)> visit);

  const StreamOptions options_;
  RdHandle handle_;
  RdQueue queue_;
  std::vector<std::unique_ptr<Topic>> topics_;
  std::vector<State> states_;
  size_t unfinished_ = 0;
};

// 64 bits over key, value, headers and, if asked, timestamp with its type and offset. Equal records have equal digests
// within one process.
uint64_t RecordDigest(const rd_kafka_message_t& message, bool with_timestamp, bool with_offset);

// The fields by which two records differ, in words: "key and value"; empty if they are equal.
std::string DifferingFields(const rd_kafka_message_t& a, const rd_kafka_message_t& b, bool with_timestamp);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_RECORD_STREAM_H_
