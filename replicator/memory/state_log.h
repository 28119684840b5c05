// Where the states of partitions go beside the state folder: into the link's changelog (changelog.h).
#ifndef REPLICATOR_REPLICATOR_MEMORY_STATE_LOG_H_
#define REPLICATOR_REPLICATOR_MEMORY_STATE_LOG_H_

#include <functional>
#include <vector>

#include "offsets/changelog_codec.h"
#include "offsets/partition_state.h"

namespace replicator {

struct NotedState {
  offsets::TopicPartition partition;  // by the topic's name at the source
  offsets::PartitionState state;
};

// From any thread.
class StateLog {
 public:
  virtual ~StateLog() = default;
  // These have been handed to the store. They are written within seconds, without their intents; of one
  // partition only the last.
  virtual void NoteStates(std::vector<NotedState> states) = 0;
  // Writes at once what was noted. `done` is called once, on any thread: when it is durable, and in any case within
  // some seconds: nobody waits for a target that does not answer.
  virtual void FlushStates(std::function<void()> done) = 0;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_MEMORY_STATE_LOG_H_
