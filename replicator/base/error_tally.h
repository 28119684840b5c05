// The errors of one answer from a broker, one log line for each kind: when a broker stops leading a thousand
// partitions, its next answer has the same error a thousand times.
#ifndef REPLICATOR_REPLICATOR_BASE_ERROR_TALLY_H_
#define REPLICATOR_REPLICATOR_BASE_ERROR_TALLY_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace replicator {

class ErrorTally {
 public:
  // `partition`: the name of one that has `error`.
  void Add(std::string_view partition, std::string_view error);

  // Logs "orders-7: ERROR", or "orders-7 and 41 more partitions: ERROR", for each error since the last call.
  void Log();

 private:
  struct Entry {
    std::string example;
    int64_t partitions = 0;
  };
  std::map<std::string, Entry, std::less<>> errors_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_BASE_ERROR_TALLY_H_
