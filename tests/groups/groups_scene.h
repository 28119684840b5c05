// What the tests of groups that are kept in step have in common: a link whose file asks for it, positions of all kinds
// at the source, and a judge that shares nothing with the program: it reads both sides with librdkafka and compares the
// records that a consumer would see next.
#ifndef REPLICATOR_TESTS_GROUPS_GROUPS_SCENE_H_
#define REPLICATOR_TESTS_GROUPS_GROUPS_SCENE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/scene/scene_test.h"
#include "tests/scene/watched_link.h"

namespace replicator::tests {

// All records of a topic that a reader of committed records sees: by partition, in the order of their offsets, each
// with a digest of all that it holds.
using TopicRecords = std::vector<std::vector<std::pair<int64_t, uint64_t>>>;
absl::StatusOr<TopicRecords> ReadTopic(ClusterAdmin& admin, const std::string& servers, const std::string& topic);

class GroupsScene : public SceneFixture {
 protected:
  using SceneFixture::SceneFixture;

  static constexpr int kPartitions = 6;

  // A topic of so many partitions with its load, and without the head that retention has taken.
  void MakeTopic(const std::string& topic, int64_t records, bool with_aborts = false, int64_t head = 0);
  void AddRecords(const std::string& topic, int64_t records, bool with_aborts = false);

  // topic_ with group_, whose commits are in step at 100 in its first two partitions.
  void BeginWithOneGroup(const std::string& topic);
  // What is committed for `group` on the target.
  std::map<int, int64_t> OnTarget(const std::string& group, const std::string& topic);
  std::map<int, int64_t> OnTarget() { return OnTarget(group_, topic_); }

  // The program copies what matches `topics`, and keeps `groups` in step.
  void StartLink(const std::string& topics, const std::string& groups, int interval_seconds = 1);
  void RestartAfterKill();

  // Positions of every kind for `group` in a topic of the source, as the topic is now: `kind` chooses.
  static constexpr int kKinds = 7;
  std::map<int, int64_t> Positions(const std::string& topic, int kind);
  void CommitAtSource(const std::string& group, const std::string& topic, const std::map<int, int64_t>& offsets);

  // `status --groups --json`; an object without members while it cannot be got.
  nlohmann::json GroupsStatus();
  // Its line of one group; an object without members if there is none.
  nlohmann::json LineOf(const std::string& group);
  std::string StateOf(const std::string& group);
  testing::AssertionResult ReachesState(const std::string& group, const std::string& state);
  // All groups, and with all of their partitions.
  testing::AssertionResult AllInStep(int groups);

  // The test of that name: so many groups in three topics, which are plain, without their head, and with aborted
  // transactions; the program is killed three times.
  void ExpectEveryPositionIsExact(const std::string& prefix, int groups);

  // For each group the next record is the same on both sides, in each partition for which it has a commit at the
  // source. Returns how many partitions that were.
  int ExpectExact(const std::string& topic, const std::vector<std::string>& groups);

  std::unique_ptr<WatchedLink> link_;
  std::string group_;
  std::mt19937 random_{20261130};

 private:
  std::map<std::string, int64_t> next_sequence_;
  int batch_bytes_max_ = 4096;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_GROUPS_GROUPS_SCENE_H_
