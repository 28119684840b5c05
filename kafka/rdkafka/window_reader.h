// Reads records around offsets with librdkafka: the second opinion on a copy, which shares no code with it. This folder
// is the only one of the program that includes librdkafka, and none of its headers shows it.
//
// Reads committed records alone and joins no consumer group, so it leaves no trace on the cluster. Blocks; one thread
// at a time.
#ifndef REPLICATOR_KAFKA_RDKAFKA_WINDOW_READER_H_
#define REPLICATOR_KAFKA_RDKAFKA_WINDOW_READER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kafka/rdkafka/record_window.h"

namespace replicator::kafka {

struct WindowReaderOptions {
  std::string cluster_name;       // "source cluster old", in errors
  std::string bootstrap_servers;  // "host:port,..."
  std::string client_id;
  // librdkafka's properties for security. Never logged.
  std::map<std::string, std::string> properties;
  size_t records_max = 32;            // on each side of an offset
  size_t bytes_max = 4u << 20;        // of a window; one record more may come
  int64_t back_offsets_max = 65'536;  // how far before an offset a record is looked for
};

struct WindowQuestion {
  std::string topic;
  int32_t partition = -1;
  int64_t offset = -1;
};

class WindowReader {
 public:
  // InvalidArgument for properties that librdkafka refuses; names them, not their values.
  static absl::StatusOr<std::unique_ptr<WindowReader>> Open(WindowReaderOptions options);
  virtual ~WindowReader() = default;

  // In the order of the questions. DeadlineExceeded: not all of it could be read in time; PermissionDenied, NotFound
  // name the partition.
  virtual absl::StatusOr<std::vector<RecordWindow>> Read(const std::vector<WindowQuestion>& questions,
                                                         absl::Duration patience) = 0;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_RDKAFKA_WINDOW_READER_H_
