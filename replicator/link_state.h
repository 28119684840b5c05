// What one link keeps in its state folder between runs: which two clusters it joins, at which isolation level it reads,
// and the producer that its batches carry. One small text file, `link.properties`, replaced atomically. Nothing secret.
//
// While a LinkState is open, a lock on the folder keeps a second process away from it.
#ifndef REPLICATOR_REPLICATOR_LINK_STATE_H_
#define REPLICATOR_REPLICATOR_LINK_STATE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/wire/fetch.h"
#include "replicator/partition.h"

namespace replicator {

struct LinkIdentity {
  std::string source_cluster_id;
  std::string target_cluster_id;
  kafka::IsolationLevel isolation_level = kafka::IsolationLevel::kReadCommitted;
  Producer producer;
};

// As isolation.level has it: "read_committed" or "read_uncommitted".
const char* IsolationName(kafka::IsolationLevel level);

class LinkState {
 public:
  // Makes the folder if it is missing and locks it. FailedPrecondition when another process has it.
  static absl::StatusOr<std::unique_ptr<LinkState>> Open(const std::string& folder);
  ~LinkState();
  LinkState(const LinkState&) = delete;
  LinkState& operator=(const LinkState&) = delete;

  // nullopt in a new folder. DataLoss, with the remedy, for a file that cannot be read back.
  absl::StatusOr<std::optional<LinkIdentity>> Load() const;
  // On disk (fsync) when it returns.
  absl::Status Save(const LinkIdentity& identity) const;

 private:
  LinkState(std::string folder, int lock_fd) : folder_(std::move(folder)), lock_fd_(lock_fd) {}
  std::string FileName() const;

  const std::string folder_;
  const int lock_fd_;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LINK_STATE_H_
