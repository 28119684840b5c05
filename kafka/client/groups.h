// The consumer groups of one cluster, many at once: finds their coordinators, asks each for all of its groups together,
// asks again while something moves or loads, and gives up when the patience of the call is over.
//
// A commit is one try: after a failure nobody knows whether it was made, so only the caller can say what comes next.
//
// Belongs to the event loop of its ClusterClient, which nobody else uses meanwhile; one coroutine at a time.
#ifndef REPLICATOR_KAFKA_CLIENT_GROUPS_H_
#define REPLICATOR_KAFKA_CLIENT_GROUPS_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"
#include "kafka/client/group_requests.h"

namespace replicator::kafka {

// By group id, one for each that was asked for. Errors name the group and the cluster: Unavailable, what was said last
// when the patience was over; Unimplemented, the cluster does not serve it; the rest as ErrorStatus() has them.
template <typename Value>
using GroupResults = absl::flat_hash_map<std::string, absl::StatusOr<Value>>;

class Groups {
 public:
  // `cluster` must outlive this. Its name stands in errors.
  explicit Groups(ClusterClient& cluster) : cluster_(cluster) {}

  // Every group that any broker lists. All brokers that metadata shows must answer. A group whose coordinator moves in
  // this moment may be missing: Describe asks the coordinator itself.
  asio::awaitable<absl::StatusOr<std::vector<ListedGroup>>> List(Clock::duration patience);

  asio::awaitable<GroupResults<GroupDescription>> Describe(std::vector<std::string> group_ids,
                                                           Clock::duration patience);
  // With `require_stable`: waits for open transactions that have sent offsets, as long as the patience lasts.
  asio::awaitable<GroupResults<GroupOffsets>> FetchOffsets(std::vector<std::string> group_ids, bool require_stable,
                                                           Clock::duration patience);

  // A connection to the group's coordinator, for the requests of group_requests.h: to look and to commit back to back.
  asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> Coordinator(std::string group_id,
                                                                           Clock::duration patience);
  // Something that it said or did shows that another broker may be the coordinator by now.
  void Forget(const std::string& group_id) { coordinators_.erase(group_id); }

  // Members that are gone already count as removed.
  asio::awaitable<absl::Status> RemoveMembers(std::string group_id, std::vector<std::string> member_ids,
                                              Clock::duration patience);

 private:
  // Asks one broker for some groups. A plain function, so that nothing is captured.
  template <typename Value>
  using AskOn = asio::awaitable<absl::StatusOr<GroupAnswers<Value>>> (*)(std::shared_ptr<Connection>,
                                                                         std::vector<std::string>, bool);

  template <typename Value>
  asio::awaitable<GroupResults<Value>> AskAll(const char* doing, std::vector<std::string> group_ids, bool flag,
                                              AskOn<Value> ask, Clock::duration patience);
  template <typename Value>
  asio::awaitable<void> AskEach(const char* doing, bool flag, AskOn<Value> ask, std::vector<std::string>* pending,
                                GroupResults<Value>* results);
  asio::awaitable<absl::Status> Find(std::vector<std::string> group_ids,
                                     absl::flat_hash_map<std::string, absl::Status>* refused);
  asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> ConnectTo(int32_t node_id);
  asio::awaitable<absl::StatusOr<std::vector<ListedGroup>>> ListOnce();
  std::string Doing(const char* doing, const std::string& group_id) const;

  ClusterClient& cluster_;
  absl::flat_hash_map<std::string, int32_t> coordinators_;  // node ids, by group
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_GROUPS_H_
