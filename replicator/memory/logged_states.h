// What a state folder knows of topics and partitions, as records of the link's changelog, and back. The folder numbers
// its topics; the changelog names them.
#ifndef REPLICATOR_REPLICATOR_MEMORY_LOGGED_STATES_H_
#define REPLICATOR_REPLICATOR_MEMORY_LOGGED_STATES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "offsets/store.h"
#include "replicator/memory/link_log.h"

namespace replicator {

LinkLog::Record LoggedRecordOf(const std::string& name, const offsets::TopicRecord& topic);

// A store that knows what the changelog's `records` say. Topics of `known` keep their numbers, since a number is never
// given to another topic; others get some from `next` on. InvalidArgument for records that cannot be read.
absl::StatusOr<offsets::StoreContent> ToStoreContent(const std::map<std::string, std::string>& records,
                                                     const std::map<std::string, offsets::TopicRecord>& known,
                                                     uint32_t next);

// Adds what `store` knows. From any thread. Intents are left out: what is under way is the folder's to settle.
absl::Status ToLogged(const offsets::Store& store, std::vector<LinkLog::Record>& records);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_MEMORY_LOGGED_STATES_H_
