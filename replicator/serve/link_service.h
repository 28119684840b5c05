// What a running link tells and takes over the socket of its state folder: GET /status, GET /groups, POST /resume, POST
// /offsets/translate, GET and POST /cutover. Handlers run on the server's threads, post to the shards' loops and
// collect what they say.
#ifndef REPLICATOR_REPLICATOR_SERVE_LINK_SERVICE_H_
#define REPLICATOR_REPLICATOR_SERVE_LINK_SERVICE_H_

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "offsets/store.h"
#include "replicator/copy/shard.h"
#include "replicator/groups/groups_loop.h"
#include "replicator/memory/changelog.h"
#include "replicator/serve/local_server.h"
#include "replicator/status/group_status.h"
#include "replicator/status/link_status.h"

namespace replicator {

// In the state folder.
inline constexpr char kSocketName[] = "socket";

// The body of POST /resume, and of its answer.
std::string ResumeJson(const ResumeRequest& request);
struct ResumeAnswer {
  bool done = false;  // false: it needs a yes
  std::string text;
};
absl::StatusOr<ResumeAnswer> ParseResumeAnswer(const HttpAnswer& answer);
// What an answer says that is not 200.
absl::Status ErrorIn(const HttpAnswer& answer);

// What handlers wait for: an answer of a shard, which may come after the service is gone.
struct ShardAnswers {
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;  // nobody waits any more. Guarded by mutex, as the answers are
};

class LinkService {
 public:
  struct Options {
    std::string folder;
    LinkStatus link;  // its names; the rest is filled in when asked
    const offsets::Store* store = nullptr;
    // A loop that is busy answers within milliseconds; one that has ended, never.
    std::chrono::seconds describe_timeout{5};
  };

  explicit LinkService(Options options) : options_(std::move(options)) {}
  ~LinkService() { Stop(); }

  // FailedPrecondition: nobody can ask; the copy does not need it.
  absl::Status Start();
  // Answers what is being asked with an error, unless it can be answered at once; nobody can ask any more. What is set
  // after that tells nobody.
  void Stop();
  // From any thread, while this process waits: who copies, or, if nobody `is_known` to copy, what is waited for.
  void SetStandby(std::string text, bool is_known) ABSL_LOCKS_EXCLUDED(mutex_);
  // From any thread: this process copies now. `groups`: null when nothing can be kept of them. All outlive the service.
  void SetShards(std::vector<Shard*> shards, GroupsLoop* groups = nullptr) ABSL_LOCKS_EXCLUDED(mutex_);
  // From any thread: what the link keeps on the target. Outlives the service.
  void SetChangelog(const Changelog* changelog) ABSL_LOCKS_EXCLUDED(mutex_);
  // From any thread: the topics that are left out, and why.
  void SetLeftOut(std::map<std::string, std::string> left_out, std::vector<std::string> by_rule)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // From any thread: the topics that were copied and are deleted at the source, in words.
  void SetEnded(std::map<std::string, std::string> ended) ABSL_LOCKS_EXCLUDED(mutex_);
  // From any thread: the topics that are copied although something is wrong, and what.
  void SetAlarms(std::map<std::string, std::string> alarms) ABSL_LOCKS_EXCLUDED(mutex_);
  // From any thread: why topics cannot be looked for at present; empty when they can.
  void SetTopicsTrouble(std::string trouble) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  HttpAnswer Status() ABSL_LOCKS_EXCLUDED(mutex_);
  HttpAnswer Groups() ABSL_LOCKS_EXCLUDED(mutex_);
  HttpAnswer Resume(const std::string& body) ABSL_LOCKS_EXCLUDED(mutex_);
  HttpAnswer Translate(const std::string& body) ABSL_LOCKS_EXCLUDED(mutex_);
  // The shards, and what to say when there is none.
  std::pair<std::vector<Shard*>, absl::Status> ShardsOrWhyNone() ABSL_LOCKS_EXCLUDED(mutex_);
  HttpAnswer Cutovers() ABSL_LOCKS_EXCLUDED(mutex_);
  HttpAnswer Cutover(const std::string& body) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<GroupsLoop*> TheGroups() ABSL_LOCKS_EXCLUDED(mutex_);

  const Options options_;
  const std::shared_ptr<ShardAnswers> answers_ = std::make_shared<ShardAnswers>();
  absl::Mutex mutex_;
  std::vector<Shard*> shards_ ABSL_GUARDED_BY(mutex_);
  const Changelog* changelog_ ABSL_GUARDED_BY(mutex_) = nullptr;
  GroupsLoop* groups_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::string standby_ ABSL_GUARDED_BY(mutex_);
  std::string waiting_ ABSL_GUARDED_BY(mutex_);
  std::string topics_trouble_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> left_out_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> ended_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> left_out_by_rule_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> alarms_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<LocalServer> server_;  // last: its threads use the rest
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_SERVE_LINK_SERVICE_H_
