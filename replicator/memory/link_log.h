// Where the parts of a link leave what must outlive this process and this machine: consumer groups and what was
// committed for them, cutovers. Records are kept by key; the last value counts. The link's changelog on the target is
// one (changelog.h); tests have their own.
#ifndef REPLICATOR_REPLICATOR_MEMORY_LINK_LOG_H_
#define REPLICATOR_REPLICATOR_MEMORY_LINK_LOG_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace replicator {

class LinkLog {
 public:
  virtual ~LinkLog() = default;

  struct Record {
    std::string key;                   // begins with the letter of its kind (docs/formats.md)
    std::optional<std::string> value;  // nullopt: forget it
  };

  // What was there when this process's turn began, by key: the records whose keys begin with `kind`. From any thread;
  // always the same, whatever was written since.
  virtual std::map<std::string, std::string> Restored(char kind) const = 0;

  // From any thread. Of two calls with the same key the later one counts. `done` is called once, on the log's thread:
  // OK when all of `records` are durable, in one transaction; Aborted when another process has the link now. It is
  // never Unavailable: a write is tried again until one of the two.
  virtual void Write(std::vector<Record> records, std::function<void(absl::Status)> done) = 0;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_MEMORY_LINK_LOG_H_
