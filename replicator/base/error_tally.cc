#include "replicator/base/error_tally.h"

#include <glog/logging.h>

#include "absl/strings/str_cat.h"

namespace replicator {

void ErrorTally::Add(std::string_view partition, std::string_view error) {
  auto found = errors_.find(error);
  if (found == errors_.end()) found = errors_.emplace(error, Entry{std::string(partition)}).first;
  ++found->second.partitions;
}

void ErrorTally::Log() {
  for (const auto& [error, entry] : errors_) {
    const int64_t more = entry.partitions - 1;
    const char* noun = more == 1 ? " more partition" : " more partitions";
    LOG(WARNING) << entry.example << (more > 0 ? absl::StrCat(" and ", more, noun) : "") << ": " << error;
  }
  errors_.clear();
}

}  // namespace replicator
