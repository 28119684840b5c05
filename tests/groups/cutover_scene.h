// What the tests of cutovers have in common: a topic with a running producer, an application that commits
// synchronously, and a judge of what it has done on both clusters together.
#ifndef REPLICATOR_TESTS_GROUPS_CUTOVER_SCENE_H_
#define REPLICATOR_TESTS_GROUPS_CUTOVER_SCENE_H_

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tests/groups/application.h"
#include "tests/groups/groups_scene.h"

namespace replicator::tests {

class CutoverScene : public GroupsScene {
 protected:
  using GroupsScene::GroupsScene;

  // topic_ with so many records, and a link that copies it; no group yet.
  void Begin(const std::string& topic, int64_t records = 2'000, bool keeps_in_step = true);

  enum class Where : uint8_t { kSource, kTarget };
  std::unique_ptr<Application> StartApplication(Where where, const std::string& group,
                                                ClientProperties properties = {});
  // The application does at least so many records there, and ends; appended to done_.
  void Work(Where where, const std::string& group, size_t records);
  // It does all that the producer has written, and ends.
  void WorkToTheEnd(Where where, const std::string& group);
  // What was done on both sides since Begin: each record of the topic once.
  void ExpectEachOnce();
  void Take(const Application& application);

  // The test of that name: three groups of one topic are cut over at random moments while its producer writes.
  void ExpectCutoversUnderLoad(const std::string& topic, bool with_aborts);

  // `replicator cutover ARGUMENTS`.
  CommandOutput Cutover(std::vector<std::string> arguments, absl::Duration timeout = WatchedLink::kCommandTimeout);
  void ExpectCutover(const std::string& group, std::vector<std::string> arguments = {});
  // The line of a group; an object without members if there is none.
  nlohmann::json CutoverOf(const std::string& group);
  std::string PhaseOf(const std::string& group);

  std::vector<uint64_t> done_;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_GROUPS_CUTOVER_SCENE_H_
